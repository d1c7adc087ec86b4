/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reading and writing documents have in common; for doc-*.c alone. */
#ifndef QF_DOC_VALUE_H
#define QF_DOC_VALUE_H

#include "doc.h"

/* Where in a document: members from the outermost on, for the pointer of a problem. */
struct qf_place {
	const struct qf_place *above;
	const char *member; /* NULL: an element */
	size_t index;
};

/* A problem at a place. Returns -1. */
int qf_doc_fail(struct qf_problem *problem, const struct qf_place *place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Is the text what the field wants? @most: octets that fit. */
int qf_doc_text(const struct qf_field *field, const char *text, size_t len, size_t most,
		const struct qf_place *place, struct qf_problem *problem);
/* Is the number? */
int qf_doc_number(const struct qf_field *field, int64_t number, const struct qf_place *place,
		  struct qf_problem *problem);
/* Are there too few or too many of them? */
int qf_doc_elements(const struct qf_field *field, size_t count, const struct qf_place *place,
		    struct qf_problem *problem);

#endif
