// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon tells people. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base.h"
#include "log.h"

static const char *process = "";
static bool journal;

void qf_log_open(const char *role)
{
	process = role;
	journal = getenv("JOURNAL_STREAM") && !isatty(STDERR_FILENO);
}

static const char *word(int level)
{
	switch (level) {
	case LOG_ERR:
		return "error: ";
	case LOG_WARNING:
		return "warning: ";
	}
	return "";
}

void qf_log(int level, const char *fmt, ...)
{
	char line[1200];
	size_t used, i;
	va_list ap;
	int len;

	if (journal)
		len = snprintf(line, sizeof(line), "<%d>%s: %s", level, process, word(level));
	else
		len = snprintf(line, sizeof(line), "qkdnfd[%s]: %s", process, word(level));
	used = (size_t)len;
	va_start(ap, fmt);
	len = vsnprintf(line + used, sizeof(line) - used - 1, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	used += (size_t)len;
	if (used > sizeof(line) - 2)
		used = sizeof(line) - 2;
	for (i = 0; i < used; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[used++] = '\n';
	/* One write, so that lines of both processes do not mix. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}
