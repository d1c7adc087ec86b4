// SPDX-License-Identifier: GPL-2.0-or-later
/* The desired state on disk. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desired.h"

#define FILE_NAME "desired-state"
#define FIRST	  "# qkdnfd: desired state "
#define FILE_MAX  (16 << 20)

static int parse(struct qf_desired *d, char *all, size_t size, const char *path,
		 struct qn_error *err)
{
	char *end, *number = all + strlen(FIRST);

	if (!strncmp(all, FIRST, strlen(FIRST)) && *number >= '1' && *number <= '9') {
		errno = 0;
		d->number = strtoull(number, &end, 10);
		if (!errno && *end == '\n') {
			end++;
			d->len = size - (size_t)(end - all);
			d->text = qn_alloc(d->len + 1);
			memcpy(d->text, end, d->len);
			return 0;
		}
	}
	d->number = 0;
	return qn_fail(err,
		       "%s does not begin with '" FIRST
		       "NUMBER': put that line back, or take the file away and apply the state anew",
		       path);
}

int qf_desired_load(struct qf_desired *desired, const char *directory, struct qn_error *err)
{
	char *path = qn_asprintf("%s/%s", directory, FILE_NAME), *all = NULL;
	FILE *file = fopen(path, "re");
	size_t size;
	int ret = -1;

	memset(desired, 0, sizeof(*desired));
	if (!file) {
		ret = errno == ENOENT ? 0 : qn_fail_errno(err, errno, "cannot read %s", path);
		goto out;
	}
	all = qn_alloc(FILE_MAX + 2);
	size = fread(all, 1, FILE_MAX + 1, file);
	if (ferror(file))
		qn_fail_errno(err, errno, "cannot read %s", path);
	else if (size > FILE_MAX)
		qn_fail(err, "%s is larger than %d MiB", path, FILE_MAX >> 20);
	else
		ret = parse(desired, all, size, path, err);
	fclose(file);
out:
	free(all);
	free(path);
	return ret;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t done = write(fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		data += done;
		len -= (size_t)done;
	}
	return 0;
}

int qf_desired_save(const struct qf_desired *desired, const char *directory, struct qn_error *err)
{
	char first[sizeof(FIRST) + 24];
	int dir, fd = -1, ret = -1;

	snprintf(first, sizeof(first), FIRST "%" PRIu64 "\n", desired->number);
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		fd = openat(dir, FILE_NAME ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && !write_all(fd, first, strlen(first)) &&
	    !write_all(fd, desired->text, desired->len) && !fsync(fd) &&
	    !renameat(dir, FILE_NAME ".new", dir, FILE_NAME) && !fsync(dir))
		ret = 0;
	else
		qn_fail_errno(err, errno, "cannot write %s/%s", directory, FILE_NAME);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return ret;
}

void qf_desired_free(struct qf_desired *desired)
{
	free(desired->text);
	memset(desired, 0, sizeof(*desired));
}
