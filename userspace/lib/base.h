/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors and memory. */
#ifndef QN_BASE_H
#define QN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QN_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/**
 * struct qn_error - what went wrong, for a person
 * @code: positive errno where one applies, else 0
 * @text: one line that says what to do about it, without a full stop
 */
struct qn_error {
	int code;
	char text[512];
};

/* Fill in an error. Both return -1, so that callers can return them. */
int qn_fail(struct qn_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int qn_fail_errno(struct qn_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "WHAT: " before the text of an error. Returns -1. */
int qn_fail_prefix(struct qn_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Zeroed memory. A command that finds none has nothing better to do than to
 * say so and end.
 */
void *qn_alloc(size_t size);
void *qn_realloc(void *old, size_t size);
char *qn_strdup(const char *text);
char *qn_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
