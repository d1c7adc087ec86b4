/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts of tests of the federation daemon's parts: one program, one file. */
#ifndef FED_TEST_H
#define FED_TEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *test_name;
static char test_why[1024];
static int test_status;

__attribute__((format(printf, 3, 4))) static inline void test_fail(const char *file, int line,
								   const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char text[900], *c;
	va_list ap;

	if (*test_why)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (c = text; *c; c++) {
		if (*c == '\n')
			*c = '|';
	}
	snprintf(test_why, sizeof(test_why), "%s:%d: %s", base ? base + 1 : file, line, text);
}

static inline void test_run(const char *name, void (*run)(void))
{
	const char *only = getenv("T");

	if (only && !strstr(name, only))
		return;
	test_name = name;
	*test_why = 0;
	run();
	if (*test_why) {
		printf("not ok fed-%s - %s\n", name, test_why);
		test_status = 1;
	} else {
		printf("ok fed-%s\n", name);
	}
	fflush(stdout);
}

#define CHECK(c) ((c) ? (void)0 : test_fail(__FILE__, __LINE__, "%s", #c))
/* Leave the test: what follows would make no sense. */
#define REQUIRE(c)							\
	do {								\
		if (!(c)) {						\
			test_fail(__FILE__, __LINE__, "%s", #c);	\
			return;						\
		}							\
	} while (0)
#define CHECK_STR(got, want)						\
	do {								\
		const char *got_ = (got), *want_ = (want);		\
		if (!got_ || strcmp(got_, want_))			\
			test_fail(__FILE__, __LINE__, "got '%s', expected '%s'",	\
				  got_ ? got_ : "nothing", want_);	\
	} while (0)
/* Does text hold a part? */
#define CHECK_HAS(got, part)						\
	do {								\
		const char *got_ = (got), *part_ = (part);		\
		if (!strstr(got_, part_))				\
			test_fail(__FILE__, __LINE__, "'%s' has no '%s'", got_, part_); \
	} while (0)

#endif
