// SPDX-License-Identifier: GPL-2.0-or-later
/* What members of documents may be. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doc-value.h"
#include "utf8.h"

#define POINTER_OCTETS sizeof(((struct qf_problem *)0)->pointer)

/* RFC 6901: ~ and / of a name are spelt ~0 and ~1. What is too long ends early. */
static size_t pointer(char *text, size_t used, const struct qf_place *place)
{
	char part[POINTER_OCTETS];
	const char *from = part;

	if (!place)
		return used;
	used = pointer(text, used, place->above);
	if (place->member)
		from = place->member;
	else
		snprintf(part, sizeof(part), "%zu", place->index);
	if (used + 1 < POINTER_OCTETS)
		text[used++] = '/';
	for (; *from && used + 2 < POINTER_OCTETS; from++) {
		if (*from == '~' || *from == '/') {
			text[used++] = '~';
			text[used++] = *from == '~' ? '0' : '1';
		} else {
			text[used++] = *from;
		}
	}
	return used;
}

int qf_doc_fail(struct qf_problem *problem, const struct qf_place *place, const char *fmt, ...)
{
	char at[POINTER_OCTETS], text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	at[pointer(at, 0, place)] = 0;
	return qf_problem_at(problem, QF_MALFORMED, at, "%s", text);
}

static bool belongs(uint8_t alphabet, int32_t c)
{
	bool digit = c >= '0' && c <= '9';
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

	switch (alphabet) {
	case QF_ASCII:
		return c > ' ' && c < 0x7f;
	case QF_ID:
		return digit || letter || c == '-' || c == '.' || c == '_' || c == ':';
	case QF_B64:
		return digit || letter || c == '-' || c == '_';
	case QF_HEX:
		return digit || (c >= 'a' && c <= 'f');
	default:
		return !qf_utf8_tricky(c);
	}
}

static const char *const made_of[] = {
	[QF_TEXT] = "text without control characters",
	[QF_ASCII] = "printable ASCII without spaces",
	[QF_ID] = "letters, digits, - . _ and :",
	[QF_B64] = "letters, digits, - and _",
	[QF_HEX] = "digits and a to f",
};

int qf_doc_text(const struct qf_field *field, const char *text, size_t len, size_t most,
		const struct qf_place *place, struct qf_problem *problem)
{
	size_t least = field->min < 0 ? 0 : field->min ? (size_t)field->min : 1;
	const char *at = text, *end = text + len;

	if (len < least)
		return qf_doc_fail(problem, place, "at least %zu octets", least);
	if (len > most)
		return qf_doc_fail(problem, place, "at most %zu octets", most);
	while (at < end) {
		if (!belongs(field->alphabet, qf_utf8_next(&at, end)))
			return qf_doc_fail(problem, place, "made of %s", made_of[field->alphabet]);
	}
	return 0;
}

int qf_doc_number(const struct qf_field *field, int64_t number, const struct qf_place *place,
		  struct qf_problem *problem)
{
	int64_t most = field->max ? field->max : INT64_MAX;

	if (number < field->min || number > most)
		return qf_doc_fail(problem, place, "a number from %" PRId64 " to %" PRId64,
				   field->min, most);
	return 0;
}

int qf_doc_elements(const struct qf_field *field, size_t count, const struct qf_place *place,
		    struct qf_problem *problem)
{
	if (count < (size_t)field->min)
		return qf_doc_fail(problem, place, "at least %zu elements", (size_t)field->min);
	if (count > (size_t)field->max)
		return qf_doc_fail(problem, place, "at most %zu elements", (size_t)field->max);
	return 0;
}
