// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of libqkdnf: verdicts, and what the parts share. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl_test.h"

static const char *running;
static char failure[1024];
static int status;

static void verdict(void)
{
	if (!running)
		return;
	if (*failure) {
		printf("not ok ctl-%s - %s\n", running, failure);
		status = 1;
	} else {
		printf("ok ctl-%s\n", running);
	}
	fflush(stdout);
}

void test_begin(const char *name)
{
	verdict();
	running = name;
	*failure = 0;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char text[900], *c;
	va_list ap;

	if (*failure)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (c = text; *c; c++)
		if (*c == '\n')
			*c = '|';
	snprintf(failure, sizeof(failure), "%s:%d: %s", base ? base + 1 : file, line, text);
}

int conf_from(struct qn_conf *conf, const char *yaml, struct qn_error *err)
{
	char path[] = "/tmp/qkdnf-test-XXXXXX";
	int fd = mkstemp(path), ret;
	char *at;

	if (fd < 0 || write(fd, yaml, strlen(yaml)) != (ssize_t)strlen(yaml)) {
		perror(path);
		exit(1);
	}
	close(fd);
	ret = qn_conf_read(conf, path, err);
	unlink(path);
	/* The name is another one each time. */
	at = ret ? strstr(err->text, path) : NULL;
	if (at) {
		memmove(at + 4, at + strlen(path), strlen(at + strlen(path)) + 1);
		memcpy(at, "conf", 4);
	}
	return ret;
}

char *plan_lines(const struct qn_plan *plan)
{
	const struct qn_step *step;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	for (step = plan->steps; step; step = step->next)
		fprintf(file, "%c %s\n", step->sign, step->text);
	fclose(file);
	return text;
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_begin("spec-tables");
	/* The tables are what the specifications say today. */
	CHECK(!system("../../userspace/lib/gen-spec.py --check"));
	test_text();
	test_codec();
	test_output();
	test_conf();
	test_plan();
	test_random_plans();
	verdict();
	return status;
}
