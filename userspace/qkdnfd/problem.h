/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Problems: what is answered to a partner who asked for something that cannot
 * be (RFC 9457, application/problem+json).
 *
 * Nothing here keeps state: any thread.
 */
#ifndef QF_PROBLEM_H
#define QF_PROBLEM_H

#include <jansson.h>

#include "base.h"

#define QF_PROBLEM_MEDIA "application/problem+json"

/* What may go wrong, as the type of a problem names it. */
enum qf_problem_kind {
	QF_NO_PROBLEM,
	QF_MALFORMED,	    /* 400: not what this message has to look like */
	QF_BAD_SIGNATURE,   /* 400: a signature or its header is not good */
	QF_UNAUTHENTICATED, /* 401: certificate missing or not good */
	QF_FORBIDDEN,	    /* 403: known, and not allowed */
	QF_NOT_FOUND,	    /* 404: there is none, or not for the one who asks */
	QF_METHOD,	    /* 405: not with this method */
	QF_TIMEOUT,	    /* 408: the request did not come in time */
	QF_CONFLICT,	    /* 409: not in this state */
	QF_GONE,	    /* 410: too late: it was, and is no more */
	QF_STALE,	    /* 412: another revision than the one named */
	QF_TOO_LARGE,	    /* 413: more than is taken */
	QF_MEDIA,	    /* 415: not this media type */
	QF_REPEATED,	    /* 422: the identifier was used for something else */
	QF_REFUSED,	    /* 422: understood, and not acceptable */
	QF_REVISION_NEEDED, /* 428: say which revision (If-Match) */
	QF_TOO_MANY,	    /* 429: more often than is taken */
	QF_INTERNAL,	    /* 500: our fault */
	QF_UNAVAILABLE,	    /* 503: not now: try again */
	QF_PROBLEM_KINDS,
};

/**
 * struct qf_problem - what went wrong, for whoever asked
 * @kind: enum qf_problem_kind, QF_NO_PROBLEM while there is none
 * @detail: what to do about it, one line of UTF-8 without a full stop
 * @pointer: JSON pointer (RFC 6901) to the member at fault; "" is the whole
 *	document
 * @has_pointer: there is one
 */
struct qf_problem {
	enum qf_problem_kind kind;
	char detail[256];
	char pointer[256];
	bool has_pointer;
};

/* Fill in a problem. Both return -1, so that callers can return them. */
int qf_problem(struct qf_problem *problem, enum qf_problem_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int qf_problem_at(struct qf_problem *problem, enum qf_problem_kind kind, const char *pointer,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The status code of HTTP. */
int qf_problem_status(const struct qf_problem *problem);

/**
 * qf_problem_json() - the document of a problem
 * @problem: any but QF_NO_PROBLEM
 *
 * Return: an object with type, title, status, detail and, if there is one,
 * pointer; the caller's.
 */
json_t *qf_problem_json(const struct qf_problem *problem);

/**
 * qf_problem_read() - what a partner answered
 * @problem: filled in, whatever came
 * @status: status code of HTTP that the answer had, 400 to 599
 * @text: body of the answer, which may be anything
 * @len: octets of @text
 *
 * The status code decides the kind; a type that fits it makes it more exact.
 * The detail is the partner's word: it is cut to length, and control
 * characters are taken out, before anybody sees it.
 */
void qf_problem_read(struct qf_problem *problem, int status, const char *text, size_t len);

/* The same in one line for an operator: "DETAIL (at POINTER)". Returns -1. */
int qf_problem_error(const struct qf_problem *problem, struct qn_error *err);

#endif
