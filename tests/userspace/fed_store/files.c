// SPDX-License-Identifier: GPL-2.0-or-later
/* What only a file can meet: no room, a wrong file, no right to it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fed_store_test.h"

struct big {
	size_t size;
	int64_t id;
	struct desk *desk;
};

/* Many rows, so that it fails in the middle. */
static int add_big(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct big *big = arg;
	char *octets = qn_alloc(4096);
	size_t at;
	int ret = 0;

	for (at = 0; at < big->size && !ret; at += 4096)
		ret = qf_do(txn, err, "INSERT INTO item (id, name, data) VALUES ($1, $2, $3)",
			    qf_i(big->id + at), qf_s("big"), qf_b(octets, 4096)) != 1;
	free(octets);
	return ret ? -1 : 0;
}

static void big_done(void *arg, int result, const struct qn_error *err)
{
	struct big *big = arg;

	CHECK(result == -1);
	big->desk->error = *err;
	big->desk->done++;
}

/*
 * A job that finds no room is refused, those beside it in the same commit are not,
 * nothing of it remains, and when there is room again it is done.
 */
static void no_room(struct desk *desk, size_t size, void (*make_room)(void))
{
	struct big big = { .size = size, .id = 1 << 20, .desk = desk };
	struct qn_error err = { 0 };
	unsigned int i;

	for (i = 0; i < 20; i++)
		submit_item(desk, i, "before");
	qf_store_submit(desk->store, add_big, big_done, &big);
	for (; i < 40; i++)
		submit_item(desk, i, "after");
	desk_wait(desk, 41);
	CHECK(desk->good == 40);
	CHECK_OK(desk->error.code == QF_STORE_FULL, desk->error);
	CHECK_HAS(desk->error.text, "no room");
	CHECK(count_rows(desk->store, COUNT_ITEMS) == 40);
	CHECK(desk->state == -1);
	make_room();
	CHECK_OK(!qf_store_run(desk->store, add_big, &big, &err), err);
	CHECK(count_rows(desk->store, COUNT_ITEMS) == 40 + (int64_t)size / 4096);
}

/* --- in a child of its own, which tells by its exit status ---------------------------- */

static void in_child(void (*body)(const char *directory))
{
	const char *directory = fresh_directory();
	int status, ends[2];
	char text[1024];
	pid_t child;
	ssize_t n;

	if (pipe(ends))
		return;
	fflush(stdout);
	child = fork();
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		body(directory);
		/* Prints the verdict into the pipe. */
		test_begin(NULL, NULL);
		fflush(stdout);
		_exit(0);
	}
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	close(ends[0]);
	waitpid(child, &status, 0);
	text[strcspn(text, "\n")] = 0;
	if (strncmp(text, "ok ", 3) || !WIFEXITED(status) || WEXITSTATUS(status))
		test_fail(__FILE__, __LINE__, "the child said '%s', status %d", text, status);
}

static void lift_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void limited(const char *directory)
{
	char *uri = qn_asprintf("sqlite:%s/db", directory);
	struct rlimit limit;
	struct desk desk;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = 2 << 20;
	setrlimit(RLIMIT_FSIZE, &limit);
	if (desk_open(&desk, uri)) {
		no_room(&desk, 8 << 20, lift_limit);
		desk_close(&desk);
	}
	free(uri);
}

static char mounted[64];

static void grow(void)
{
	CHECK(!mount("none", mounted, "tmpfs", MS_REMOUNT, "size=64m"));
}

static void small_disk(const char *directory)
{
	char *uri = qn_asprintf("sqlite:%s/db", directory);
	struct desk desk;

	snprintf(mounted, sizeof(mounted), "%s", directory);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", directory, "tmpfs", 0, "size=2m")) {
		test_fail(__FILE__, __LINE__, "tmpfs: %s", strerror(errno));
	} else if (desk_open(&desk, uri)) {
		no_room(&desk, 8 << 20, grow);
		desk_close(&desk);
	}
	free(uri);
}

/* A disk so full that not even the tables fit. */
static void no_disk(const char *directory)
{
	char *uri = qn_asprintf("sqlite:%s/db", directory);
	struct qf_store *store;
	struct rlimit limit;
	struct qn_error err;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &limit);
	CHECK(qf_store_open(&store, uri, &test_schema, NULL, &err) == -1);
	CHECK_OK(err.code == QF_STORE_FULL, err);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	CHECK_OK(!qf_store_open(&store, uri, &test_schema, NULL, &err), err);
	if (!test_failed())
		qf_store_close(store);
	free(uri);
}

static bool refused(const char *uri, struct qn_error *err)
{
	struct qf_store *store;

	memset(err, 0, sizeof(*err));
	if (qf_store_open(&store, uri, &test_schema, NULL, err))
		return true;
	qf_store_close(store);
	return false;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
}

static void wrong_files(void)
{
	const char *directory = fresh_directory();
	char *path = qn_asprintf("%s/text", directory), *uri = qn_asprintf("sqlite:%s", path);
	char *nowhere = qn_asprintf("sqlite:%s/no/such/db", directory);
	char *mode = qn_asprintf("%s/db", directory), *good = qn_asprintf("sqlite:%s", mode);
	struct qn_error err;
	struct stat st;

	write_file(path, "this is a letter, long enough to be read for the head of a database file, "
			 "and it goes on for a while, as letters do.\n");
	CHECK(refused(uri, &err));
	CHECK_HAS(err.text, "not a database");
	CHECK(refused(nowhere, &err));
	CHECK_HAS(err.text, "No such file");
	CHECK(refused("sqlite:relative", &err));
	CHECK_HAS(err.text, "absolute path");
	CHECK(refused("sqlite::memory:", &err));
	CHECK(refused("mysql://host/db", &err));
	CHECK_HAS(err.text, "say sqlite:/PATH or postgresql://");
	CHECK(refused("postgresql://user:secret@[::1/x", &err));
	CHECK(!strstr(err.text, "secret"));
	/* Nobody else reads it. */
	CHECK(!refused(good, &err) && !stat(mode, &st) && (st.st_mode & 0777) == 0600);
	free(path);
	free(uri);
	free(nowhere);
	free(mode);
	free(good);
}

void test_files(void)
{
	pid_t child;
	int status = -1;

	test_begin("sqlite", "wrong-files");
	wrong_files();
	test_begin("sqlite", "file-limit");
	in_child(limited);
	test_begin("sqlite", "no-room-for-tables");
	in_child(no_disk);
	/* Mounting takes root, or a name space in which one is it. */
	child = fork();
	if (!child)
		_exit(unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) ? 1 : 0);
	waitpid(child, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return;
	test_begin("sqlite", "disk-full");
	child = fork();
	if (!child) {
		if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS))
			_exit(1);
		in_child(small_disk);
		_exit(test_failed() ? 2 : 0);
	}
	waitpid(child, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		test_fail(__FILE__, __LINE__, "disk full: status %d", status);
}
