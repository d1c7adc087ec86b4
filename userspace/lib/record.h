/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records: the values of one attribute set.
 *
 * A record is what a message, an object of a configuration file, a row of a
 * table and an object of JSON have in common. Values are addressed by the
 * attribute's number (QKDNF_A_PEER_ID and so on); what was not set is absent.
 */
#ifndef QN_RECORD_H
#define QN_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec.h"

struct qn_rec;

/* One value; which member holds it follows from the attribute's type. */
union qn_val {
	uint64_t u;
	int64_t s;
	struct {
		uint8_t *data; /* strings have a NUL that len does not count */
		uint32_t len;
	} b;
	struct qn_rec *nest; /* a list by next, if the attribute is multi */
};

/**
 * struct qn_rec - a record
 * @set: its attribute set
 * @present: which values are there, bit by attribute number
 * @next: for lists; nobody but the list's owner touches it
 * @mark: for the list's owner
 * @line: where it stands in a configuration file, or 0
 * @v: the values by attribute number
 */
struct qn_rec {
	const struct qn_set *set;
	uint64_t present;
	struct qn_rec *next;
	unsigned int mark;
	unsigned int line;
	union qn_val v[];
};

struct qn_rec *qn_rec_new(const struct qn_set *set);
struct qn_rec *qn_rec_copy(const struct qn_rec *rec);
void qn_rec_free(struct qn_rec *rec);
void qn_rec_list_free(struct qn_rec *list);
/* Reverse a list in place, as one that was built from its head needs. */
struct qn_rec *qn_rec_list_reverse(struct qn_rec *list);

static inline bool qn_has(const struct qn_rec *rec, unsigned int attr)
{
	return rec && (rec->present & QN_BIT(attr));
}

/* An integer (or flag: 1), or @otherwise if it is absent. */
uint64_t qn_get(const struct qn_rec *rec, unsigned int attr, uint64_t otherwise);
/* A string, or "" if it is absent. */
const char *qn_get_str(const struct qn_rec *rec, unsigned int attr);
/* Octets of a binary, NULL if it is absent. */
const uint8_t *qn_get_bin(const struct qn_rec *rec, unsigned int attr, size_t *len);
/* A nest, NULL if it is absent. */
const struct qn_rec *qn_get_nest(const struct qn_rec *rec, unsigned int attr);

void qn_set(struct qn_rec *rec, unsigned int attr, uint64_t value);
void qn_set_str(struct qn_rec *rec, unsigned int attr, const char *text);
void qn_set_bin(struct qn_rec *rec, unsigned int attr, const void *data, size_t len);
/* Takes @nest over; a multi attribute gets it added at its end. */
void qn_set_nest(struct qn_rec *rec, unsigned int attr, struct qn_rec *nest);
void qn_unset(struct qn_rec *rec, unsigned int attr);

/* Are the values of an attribute equal? Two absent ones are. */
bool qn_rec_equal(const struct qn_rec *a, const struct qn_rec *b, unsigned int attr);

/* The number of the attribute with a name ('_' and '-' are one), or 0. */
unsigned int qn_set_find(const struct qn_set *set, const char *name);
/* The name of a value, NULL if it has none. */
const char *qn_enum_name(const struct qn_enum *e, uint64_t value);
/* The value of a name, -1 if there is none. */
int64_t qn_enum_value(const struct qn_enum *e, const char *name);

#endif
