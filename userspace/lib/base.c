// SPDX-License-Identifier: GPL-2.0-or-later
/* Errors and memory. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

int qn_fail(struct qn_error *err, const char *fmt, ...)
{
	va_list ap;

	err->code = 0;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

int qn_fail_errno(struct qn_error *err, int code, const char *fmt, ...)
{
	size_t used;
	va_list ap;

	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(code));
	return -1;
}

int qn_fail_prefix(struct qn_error *err, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	size_t used;
	va_list ap;

	memcpy(text, err->text, sizeof(text));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", text);
	return -1;
}

static void *checked(void *p)
{
	if (!p) {
		fputs("error: out of memory\n", stderr);
		_Exit(1);
	}
	return p;
}

void *qn_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *qn_realloc(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1));
}

char *qn_strdup(const char *text)
{
	return checked(strdup(text));
}

char *qn_asprintf(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	return checked(len < 0 ? NULL : text);
}
