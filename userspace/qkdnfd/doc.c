// SPDX-License-Identifier: GPL-2.0-or-later
/* Documents from text. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "doc.h"

#define YEAR_10000 INT64_C(253402300800) /* in seconds since 1970 */

const struct qf_limits qf_limits_message = {
	.octets = 256 * 1024,
	.depth = 16,
	.values = 8192,
};

/*
 * Brackets, and commas plus opening brackets, which are at least as many as
 * there are values but for the outermost. What is in strings does not count. It
 * need not be JSON yet.
 */
static int survey(const char *text, size_t len, const struct qf_limits *limits,
		  struct qf_problem *problem)
{
	unsigned int depth = 0, values = 0;
	bool string = false;
	size_t i;

	for (i = 0; i < len; i++) {
		char c = text[i];

		if (string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				string = false;
			continue;
		}
		if (c == '"') {
			string = true;
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth)
			depth--;
		else if (c != ',')
			continue;
		if (depth > limits->depth)
			return qf_problem(problem, QF_MALFORMED,
					  "objects and arrays more than %u deep", limits->depth);
		if (c != '}' && c != ']' && ++values > limits->values)
			return qf_problem(problem, QF_TOO_LARGE, "more than %u values",
					  limits->values);
	}
	return 0;
}

static const char *explain(enum json_error_code code)
{
	switch (code) {
	case json_error_duplicate_key:
		return "the same member twice";
	case json_error_invalid_utf8:
		return "not UTF-8";
	case json_error_premature_end_of_input:
		return "it ends too early";
	case json_error_end_of_input_expected:
		return "something follows the document";
	case json_error_numeric_overflow:
		return "a number that is too large";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "a character 0 in a string";
	case json_error_out_of_memory:
		return "out of memory";
	default:
		return "not JSON";
	}
}

json_t *qf_doc_parse(const char *text, size_t len, const struct qf_limits *limits,
		     struct qf_problem *problem)
{
	json_error_t error;
	json_t *value;

	if (len > limits->octets) {
		qf_problem(problem, QF_TOO_LARGE, "a document of more than %zu octets",
			   limits->octets);
		return NULL;
	}
	if (survey(text, len, limits, problem))
		return NULL;
	value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!value)
		qf_problem(problem, QF_MALFORMED, "line %d, column %d: %s", error.line,
			   error.column, explain(json_error_code(&error)));
	return value;
}

static int digits(const char **at, unsigned int count, int *value)
{
	*value = 0;
	for (; count; count--, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		*value = *value * 10 + (**at - '0');
	}
	return 0;
}

static int expect(const char **at, char c)
{
	return *(*at)++ == c ? 0 : -1;
}

int qf_time_parse(const char *text, int64_t *usec)
{
	struct tm tm = { 0 }, back;
	int64_t fraction = 0, unit = QF_SECOND;
	const char *at = text;
	int year, month;
	time_t seconds;

	/* Each step reads on only if the one before did not meet the end. */
	if (digits(&at, 4, &year) || expect(&at, '-') || digits(&at, 2, &month) ||
	    expect(&at, '-') || digits(&at, 2, &tm.tm_mday) || expect(&at, 'T') ||
	    digits(&at, 2, &tm.tm_hour) || expect(&at, ':') || digits(&at, 2, &tm.tm_min) ||
	    expect(&at, ':') || digits(&at, 2, &tm.tm_sec))
		return -1;
	if (*at == '.') {
		at++;
		do {
			if (*at < '0' || *at > '9' || unit == 1)
				return -1;
			unit /= 10;
			fraction += (*at - '0') * unit;
		} while (*++at != 'Z');
	}
	if (strcmp(at, "Z") || year < 1970)
		return -1;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	back = tm;
	seconds = timegm(&back);
	/* What is out of range comes back as another date; there are no leap seconds. */
	if (back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday || back.tm_hour != tm.tm_hour ||
	    back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec)
		return -1;
	*usec = seconds * QF_SECOND + fraction;
	return 0;
}

int qf_time_format(char text[QF_TIME_TEXT], int64_t usec)
{
	time_t seconds = usec / QF_SECOND;
	size_t used;
	struct tm tm;

	if (usec < 0 || seconds >= YEAR_10000 || !gmtime_r(&seconds, &tm))
		return -1;
	used = strftime(text, QF_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	if (usec % QF_SECOND)
		snprintf(text + used, QF_TIME_TEXT - used, ".%06dZ", (int)(usec % QF_SECOND));
	else
		snprintf(text + used, QF_TIME_TEXT - used, "Z");
	return 0;
}
