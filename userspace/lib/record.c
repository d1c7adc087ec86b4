// SPDX-License-Identifier: GPL-2.0-or-later
/* Records: the values of one attribute set. */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "record.h"

static bool has_octets(const struct qn_attr *attr)
{
	return attr->type == QN_STRING || attr->type == QN_BINARY;
}

struct qn_rec *qn_rec_new(const struct qn_set *set)
{
	struct qn_rec *rec;

	rec = qn_alloc(sizeof(*rec) + (set->max + 1) * sizeof(rec->v[0]));
	rec->set = set;
	return rec;
}

static struct qn_rec *copy_list(const struct qn_rec *list)
{
	struct qn_rec *head = NULL, **tail = &head;

	for (; list; list = list->next) {
		*tail = qn_rec_copy(list);
		tail = &(*tail)->next;
	}
	return head;
}

struct qn_rec *qn_rec_copy(const struct qn_rec *rec)
{
	struct qn_rec *copy = qn_rec_new(rec->set);
	unsigned int i;

	copy->line = rec->line;
	for (i = 1; i <= rec->set->max; i++) {
		const struct qn_attr *attr = &rec->set->attrs[i];

		if (!qn_has(rec, i))
			continue;
		if (has_octets(attr))
			qn_set_bin(copy, i, rec->v[i].b.data, rec->v[i].b.len);
		else if (attr->type == QN_NEST)
			copy->v[i].nest = copy_list(rec->v[i].nest);
		else
			copy->v[i] = rec->v[i];
		copy->present |= QN_BIT(i);
	}
	return copy;
}

void qn_rec_free(struct qn_rec *rec)
{
	unsigned int i;

	if (!rec)
		return;
	for (i = 1; i <= rec->set->max; i++)
		qn_unset(rec, i);
	free(rec);
}

void qn_rec_list_free(struct qn_rec *list)
{
	struct qn_rec *next;

	for (; list; list = next) {
		next = list->next;
		qn_rec_free(list);
	}
}

struct qn_rec *qn_rec_list_reverse(struct qn_rec *list)
{
	struct qn_rec *done = NULL, *next;

	for (; list; list = next) {
		next = list->next;
		list->next = done;
		done = list;
	}
	return done;
}

uint64_t qn_get(const struct qn_rec *rec, unsigned int attr, uint64_t otherwise)
{
	return qn_has(rec, attr) ? rec->v[attr].u : otherwise;
}

const char *qn_get_str(const struct qn_rec *rec, unsigned int attr)
{
	return qn_has(rec, attr) ? (const char *)rec->v[attr].b.data : "";
}

const uint8_t *qn_get_bin(const struct qn_rec *rec, unsigned int attr, size_t *len)
{
	if (!qn_has(rec, attr)) {
		*len = 0;
		return NULL;
	}
	*len = rec->v[attr].b.len;
	return rec->v[attr].b.data;
}

const struct qn_rec *qn_get_nest(const struct qn_rec *rec, unsigned int attr)
{
	return qn_has(rec, attr) ? rec->v[attr].nest : NULL;
}

void qn_set(struct qn_rec *rec, unsigned int attr, uint64_t value)
{
	rec->v[attr].u = value;
	rec->present |= QN_BIT(attr);
}

void qn_set_bin(struct qn_rec *rec, unsigned int attr, const void *data, size_t len)
{
	uint8_t *copy = qn_alloc(len + 1);

	if (len)
		memcpy(copy, data, len);
	qn_unset(rec, attr);
	rec->v[attr].b.data = copy;
	rec->v[attr].b.len = len;
	rec->present |= QN_BIT(attr);
}

void qn_set_str(struct qn_rec *rec, unsigned int attr, const char *text)
{
	qn_set_bin(rec, attr, text, strlen(text));
}

void qn_set_nest(struct qn_rec *rec, unsigned int attr, struct qn_rec *nest)
{
	struct qn_rec **tail;

	if (!rec->set->attrs[attr].multi)
		qn_unset(rec, attr);
	if (!qn_has(rec, attr))
		rec->v[attr].nest = NULL;
	for (tail = &rec->v[attr].nest; *tail; tail = &(*tail)->next)
		;
	*tail = nest;
	rec->present |= QN_BIT(attr);
}

void qn_unset(struct qn_rec *rec, unsigned int attr)
{
	const struct qn_attr *def = &rec->set->attrs[attr];

	if (!qn_has(rec, attr))
		return;
	if (has_octets(def)) {
		/* A seed may have been here. */
		explicit_bzero(rec->v[attr].b.data, rec->v[attr].b.len);
		free(rec->v[attr].b.data);
	} else if (def->type == QN_NEST) {
		qn_rec_list_free(rec->v[attr].nest);
	}
	rec->present &= ~QN_BIT(attr);
}

static bool lists_equal(const struct qn_rec *a, const struct qn_rec *b)
{
	unsigned int i;

	for (; a && b; a = a->next, b = b->next)
		for (i = 1; i <= a->set->max; i++)
			if (!qn_rec_equal(a, b, i))
				return false;
	return !a && !b;
}

bool qn_rec_equal(const struct qn_rec *a, const struct qn_rec *b, unsigned int attr)
{
	const struct qn_attr *def = &a->set->attrs[attr];

	if (qn_has(a, attr) != qn_has(b, attr))
		return false;
	if (!qn_has(a, attr))
		return true;
	if (has_octets(def))
		return a->v[attr].b.len == b->v[attr].b.len &&
		       !memcmp(a->v[attr].b.data, b->v[attr].b.data, a->v[attr].b.len);
	if (def->type == QN_NEST)
		return lists_equal(a->v[attr].nest, b->v[attr].nest);
	return a->v[attr].u == b->v[attr].u;
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(*a == '-' && *b == '_') && !(*a == '_' && *b == '-'))
			return false;
	return *a == *b;
}

unsigned int qn_set_find(const struct qn_set *set, const char *name)
{
	unsigned int i;

	for (i = 1; i <= set->max; i++)
		if (set->attrs[i].name && same_name(set->attrs[i].name, name))
			return i;
	return 0;
}

const char *qn_enum_name(const struct qn_enum *e, uint64_t value)
{
	return value < e->count ? e->names[value] : NULL;
}

int64_t qn_enum_value(const struct qn_enum *e, const char *name)
{
	unsigned int i;

	for (i = 0; i < e->count; i++)
		if (same_name(e->names[i], name))
			return i;
	return -1;
}
