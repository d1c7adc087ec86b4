/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of libqkdnf as qkdnfctl uses it: no kernel module is needed. */
#ifndef CTL_TEST_H
#define CTL_TEST_H

#include <stdbool.h>

#include "base.h"
#include "conf.h"
#include "model.h"
#include "plan.h"
#include "tunnel.h"
#include "xfrm.h"

/* Begin a test; its verdict is printed when the next one begins. */
void test_begin(const char *name);
/* The test has failed; only the first reason is told. */
void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define CHECK(c)	((c) ? (void)0 : test_fail(__FILE__, __LINE__, "%s", #c))
#define CHECK_STR(got, want)						\
	do {								\
		const char *got_ = (got), *want_ = (want);		\
		if (strcmp(got_, want_))				\
			test_fail(__FILE__, __LINE__, "got '%s', expected '%s'", got_, want_); \
	} while (0)
/* Does text hold a part? */
#define CHECK_HAS(got, part)						\
	do {								\
		const char *got_ = (got), *part_ = (part);		\
		if (!strstr(got_, part_))				\
			test_fail(__FILE__, __LINE__, "'%s' has no '%s'", got_, part_); \
	} while (0)

/* Read a configuration from a string: 0, or -1 with words that name it "conf". */
int conf_from(struct qn_conf *conf, const char *yaml, struct qn_error *err);
/* The lines of a plan, as qkdnfctl prints them; the caller frees. */
char *plan_lines(const struct qn_plan *plan);

/*
 * A namespace's worth of kernel: does what the netlink specification says of a
 * request, defaults and refusals with it.
 */
int kernel_step(struct qn_model *kernel, const struct qn_step *step, struct qn_error *err);

void test_text(void);
void test_codec(void);
void test_output(void);
void test_conf(void);
void test_plan(void);
void test_random_plans(void);

#endif
