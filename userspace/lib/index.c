// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding records of a list by what names them. */
#include <stdlib.h>
#include <string.h>

#include <linux/qkdnf.h>

#include "base.h"
#include "index.h"

const uint8_t qn_names_peer[] = { QKDNF_A_PEER_ID, 0 };
const uint8_t qn_names_source[] = { QKDNF_A_SOURCE_PEER, 0 };
const uint8_t qn_names_route[] = { QKDNF_A_ROUTE_DESTINATION, QKDNF_A_ROUTE_PROVIDER_WIDE,
				   QKDNF_A_ROUTE_SHARE, 0 };
const uint8_t qn_names_contract[] = { QKDNF_A_CONTRACT_PEER, QKDNF_A_CONTRACT_ID,
				      QKDNF_A_CONTRACT_DIRECTION, 0 };
const uint8_t qn_names_binding[] = { QKDNF_A_BINDING_REQID, 0 };

/* Mixing as in splitmix64: node ids differ in few bits. */
static size_t hash(const struct qn_index *index, const struct qn_rec *rec)
{
	uint64_t h = 0;
	size_t i;

	for (i = 0; index->attrs[i]; i++) {
		h += qn_get(rec, index->attrs[i], UINT64_MAX) + 0x9e3779b97f4a7c15ULL;
		h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ULL;
		h = (h ^ (h >> 27)) * 0x94d049bb133111ebULL;
		h ^= h >> 31;
	}
	return (size_t)h & index->mask;
}

static bool same(const struct qn_index *index, const struct qn_rec *a, const struct qn_rec *b)
{
	size_t i;

	for (i = 0; index->attrs[i]; i++)
		if (!qn_rec_equal(a, b, index->attrs[i]))
			return false;
	return true;
}

/* The slot that has a record of this name, or where one would go. */
static size_t slot_of(const struct qn_index *index, const struct qn_rec *like)
{
	size_t slot = hash(index, like);

	while (index->slots[slot] && !same(index, index->slots[slot], like))
		slot = (slot + 1) & index->mask;
	return slot;
}

void qn_index_make(struct qn_index *index, struct qn_rec *list, const uint8_t *attrs)
{
	size_t count = 0, size = 8, i;
	struct qn_rec *rec;

	memset(index, 0, sizeof(*index));
	for (i = 0; i < QN_INDEX_ATTRS && attrs[i]; i++)
		index->attrs[i] = attrs[i];
	for (rec = list; rec; rec = rec->next)
		count++;
	while (size < 2 * count)
		size *= 2;
	index->mask = size - 1;
	index->slots = qn_alloc(size * sizeof(*index->slots));
	for (rec = list; rec; rec = rec->next) {
		size_t slot = slot_of(index, rec);

		if (!index->slots[slot])
			index->slots[slot] = rec;
	}
}

void qn_index_free(struct qn_index *index)
{
	free(index->slots);
	index->slots = NULL;
}

struct qn_rec *qn_index_find(const struct qn_index *index, const struct qn_rec *like)
{
	return index->slots[slot_of(index, like)];
}
