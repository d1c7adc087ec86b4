/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding records of a list by what names them; lists have 100,000 routes. */
#ifndef QN_INDEX_H
#define QN_INDEX_H

#include <stddef.h>

#include "record.h"

#define QN_INDEX_ATTRS 4

/**
 * struct qn_index - a hash table over a list, which must not change meanwhile
 * @slots: records, with open addressing
 * @mask: number of slots less one
 * @attrs: attributes that name a record, ending with 0; integers or flags
 */
struct qn_index {
	struct qn_rec **slots;
	size_t mask;
	uint8_t attrs[QN_INDEX_ATTRS + 1];
};

/* Of records with one name the first one is found. */
void qn_index_make(struct qn_index *index, struct qn_rec *list, const uint8_t *attrs);
void qn_index_free(struct qn_index *index);
/* The record that is named as @like, or NULL. */
struct qn_rec *qn_index_find(const struct qn_index *index, const struct qn_rec *like);

/* What names the objects of family qkdnf. */
extern const uint8_t qn_names_peer[], qn_names_source[], qn_names_route[], qn_names_contract[],
	qn_names_binding[];

#endif
