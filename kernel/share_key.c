// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers for share keys. See share_key.h.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mem.h"
#include "share_key.h"

/**
 * qn_share_keys_init - no buffers yet
 * @k: the buffers of a stream
 * @shift: log2 of the octets of its segments
 * @mem: budget that pays; must outlive them
 */
void qn_share_keys_init(struct qn_share_keys *k, u8 shift, struct qn_mem *mem)
{
	spin_lock_init(&k->lock);
	k->mem = mem;
	k->shift = shift;
	k->total = 0;
	k->spares = 0;
}

static bool make(struct qn_share_keys *k)
{
	long size = 1L << k->shift;
	struct mem_cgroup *before;
	u8 *key;

	if (!qn_mem_charge(k->mem, size))
		return false;
	before = qn_mem_enter(k->mem);
	key = kvzalloc(size, GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	qn_mem_leave(k->mem, before);
	if (!key) {
		qn_mem_uncharge(k->mem, size, NULL);
		return false;
	}
	spin_lock_bh(&k->lock);
	k->spare[k->spares++] = key;
	k->total++;
	spin_unlock_bh(&k->lock);
	return true;
}

static bool unmake(struct qn_share_keys *k)
{
	u8 *key = NULL;

	spin_lock_bh(&k->lock);
	if (k->spares) {
		key = k->spare[--k->spares];
		k->total--;
	}
	spin_unlock_bh(&k->lock);
	if (!key)
		return false;
	kvfree(key);
	qn_mem_uncharge(k->mem, 1L << k->shift, NULL);
	return true;
}

/**
 * qn_share_keys_want - have so many buffers, used and spare
 * @k: the buffers of a stream
 * @want: how many; what is more and not in use is freed, and what budget or memory
 *	have no room for is done without
 *
 * Context: process, may sleep; one caller at a time.
 */
void qn_share_keys_want(struct qn_share_keys *k, u32 want)
{
	want = min_t(u32, want, ARRAY_SIZE(k->spare));
	while (READ_ONCE(k->total) < want)
		if (!make(k))
			return;
	while (READ_ONCE(k->total) > want)
		if (!unmake(k))
			return;
}

/**
 * qn_share_key_get - take a buffer into use
 * @k: the buffers of a stream
 *
 * Context: any. Return: as many zeros as a segment has octets, or NULL: none spare.
 */
u8 *qn_share_key_get(struct qn_share_keys *k)
{
	u8 *key = NULL;

	spin_lock_bh(&k->lock);
	if (k->spares)
		key = k->spare[--k->spares];
	spin_unlock_bh(&k->lock);
	return key;
}

/**
 * qn_share_key_put - erase a buffer and make it spare again
 * @k: the buffers of a stream
 * @key: from qn_share_key_get()
 *
 * Context: any.
 */
void qn_share_key_put(struct qn_share_keys *k, u8 *key)
{
	memzero_explicit(key, 1UL << k->shift);
	spin_lock_bh(&k->lock);
	k->spare[k->spares++] = key;
	spin_unlock_bh(&k->lock);
}
