// SPDX-License-Identifier: GPL-2.0-or-later
/* Problems (RFC 9457). */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doc.h"
#include "problem.h"
#include "utf8.h"

/* A name of ours: it need not lead anywhere (RFC 9457, 3.1.1). */
#define TYPE "urn:qkdnf:problem:"

static const struct {
	int status;
	const char *name;
	const char *title;
} kinds[QF_PROBLEM_KINDS] = {
	[QF_NO_PROBLEM] = { 500, "internal", "An error on this side" },
	[QF_MALFORMED] = { 400, "malformed", "The document is not what it has to be" },
	[QF_BAD_SIGNATURE] = { 400, "bad-signature", "The signature is not good" },
	[QF_UNAUTHENTICATED] = { 401, "unauthenticated", "The certificate is not good" },
	[QF_FORBIDDEN] = { 403, "forbidden", "Not allowed" },
	[QF_NOT_FOUND] = { 404, "not-found", "There is none" },
	[QF_METHOD] = { 405, "method", "Not with this method" },
	[QF_TIMEOUT] = { 408, "timeout", "The request took too long" },
	[QF_CONFLICT] = { 409, "conflict", "Not in this state" },
	[QF_GONE] = { 410, "gone", "Too late" },
	[QF_STALE] = { 412, "stale", "Another revision is current" },
	[QF_TOO_LARGE] = { 413, "too-large", "Too large" },
	[QF_MEDIA] = { 415, "media", "Not this media type" },
	[QF_REPEATED] = { 422, "repeated", "The identifier was used for something else" },
	[QF_REFUSED] = { 422, "refused", "Not acceptable" },
	[QF_REVISION_NEEDED] = { 428, "revision-needed", "Which revision?" },
	[QF_TOO_MANY] = { 429, "too-many", "Too many requests" },
	[QF_INTERNAL] = { 500, "internal", "An error on this side" },
	[QF_UNAVAILABLE] = { 503, "unavailable", "Not now" },
};

/* What strangers sent may be part of the text: it is cleaned, and cut at whole characters. */
static void set(struct qf_problem *problem, enum qf_problem_kind kind, const char *fmt, va_list ap)
{
	char text[1024];

	memset(problem, 0, sizeof(*problem));
	problem->kind = kind;
	vsnprintf(text, sizeof(text), fmt, ap);
	qf_utf8_clean(problem->detail, sizeof(problem->detail), text, strlen(text));
}

int qf_problem(struct qf_problem *problem, enum qf_problem_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(problem, kind, fmt, ap);
	va_end(ap);
	return -1;
}

int qf_problem_at(struct qf_problem *problem, enum qf_problem_kind kind, const char *pointer,
		  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(problem, kind, fmt, ap);
	va_end(ap);
	problem->has_pointer = true;
	qf_utf8_clean(problem->pointer, sizeof(problem->pointer), pointer, strlen(pointer));
	return -1;
}

int qf_problem_status(const struct qf_problem *problem)
{
	return kinds[problem->kind].status;
}

json_t *qf_problem_json(const struct qf_problem *problem)
{
	char type[64];
	json_t *object;

	snprintf(type, sizeof(type), TYPE "%s", kinds[problem->kind].name);
	object = json_pack("{s:s, s:s, s:i, s:s}", "type", type, "title",
			   kinds[problem->kind].title, "status", kinds[problem->kind].status,
			   "detail", problem->detail);
	if (problem->has_pointer)
		json_object_set_new(object, "pointer", json_string(problem->pointer));
	return object;
}

/* Partners of later versions have types and statuses that are not known here. */
static enum qf_problem_kind kind_of(int status, const char *type)
{
	enum qf_problem_kind kind, found = QF_NO_PROBLEM;

	for (kind = QF_MALFORMED; kind < QF_PROBLEM_KINDS; kind++) {
		if (kinds[kind].status != status)
			continue;
		if (type && !strncmp(type, TYPE, strlen(TYPE)) &&
		    !strcmp(type + strlen(TYPE), kinds[kind].name))
			return kind;
		if (!found || status == 422)
			found = kind;
	}
	if (found)
		return found;
	return status >= 500 ? QF_UNAVAILABLE : QF_REFUSED;
}

void qf_problem_read(struct qf_problem *problem, int status, const char *text, size_t len)
{
	static const struct qf_limits limits = { .octets = 16384, .depth = 4, .values = 64 };
	const char *type = NULL, *detail = NULL, *pointer = NULL;
	struct qf_problem ignored;
	json_t *object = qf_doc_parse(text, len, &limits, &ignored);

	memset(problem, 0, sizeof(*problem));
	if (json_is_object(object)) {
		type = json_string_value(json_object_get(object, "type"));
		detail = json_string_value(json_object_get(object, "detail"));
		if (!detail)
			detail = json_string_value(json_object_get(object, "title"));
		pointer = json_string_value(json_object_get(object, "pointer"));
	}
	problem->kind = kind_of(status, type);
	if (detail)
		qf_utf8_clean(problem->detail, sizeof(problem->detail), detail, strlen(detail));
	else
		snprintf(problem->detail, sizeof(problem->detail),
			 "status %d without a word of explanation", status);
	if (pointer) {
		problem->has_pointer = true;
		qf_utf8_clean(problem->pointer, sizeof(problem->pointer), pointer, strlen(pointer));
	}
	json_decref(object);
}

int qf_problem_error(const struct qf_problem *problem, struct qn_error *err)
{
	if (problem->has_pointer && problem->pointer[0])
		return qn_fail(err, "%s (at %s)", problem->detail, problem->pointer);
	return qn_fail(err, "%s", problem->detail);
}
