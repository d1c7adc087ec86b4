// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/overflow.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "hops.h"
#include "limits.h"

#define HOPS_MIN	8

/* node->lock, which the callers hold, is not known in this room. */
static struct qn_hop_array *array_of(struct qn_hop_pairs *pairs)
{
	return rcu_dereference_protected(pairs->array, true);
}

static struct hlist_head *bucket_of(struct qn_hop_pairs *pairs,
				    const struct qn_peer *via,
				    const struct qn_peer *backup)
{
	return &pairs->by_peers[hash_long((long)via ^ hash_long((long)backup, BITS_PER_LONG),
					  QN_HOPS_BITS)];
}

static int array_grow(struct qn_hop_pairs *pairs, u32 size)
{
	struct qn_hop_array *old = array_of(pairs), *new;

	new = kvzalloc(struct_size(new, pair, size), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	new->size = size;
	if (old)
		memcpy(new->pair, old->pair, old->size * sizeof(old->pair[0]));
	rcu_assign_pointer(pairs->array, new);
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

/**
 * qn_hops_init - no pairs yet
 * @pairs: to be set up
 *
 * Context: process, may sleep. Return: 0 or -ENOMEM.
 */
int qn_hops_init(struct qn_hop_pairs *pairs)
{
	ida_init(&pairs->ids);
	return array_grow(pairs, HOPS_MIN);
}

/**
 * qn_hops_exit - free what qn_hops_init() made
 * @pairs: all of its pairs were put
 *
 * Context: process; no reader is left.
 */
void qn_hops_exit(struct qn_hop_pairs *pairs)
{
	kvfree(array_of(pairs));
	ida_destroy(&pairs->ids);
}

/**
 * qn_hops_get - the pair of these two neighbours, made if there is none
 * @pairs: pairs of the node
 * @via: the neighbour
 * @backup: its backup, or NULL
 *
 * It stays until qn_hops_put(), which does nothing while a route is on its list.
 *
 * Context: process, may sleep. Return: it, or ERR_PTR of -ENOMEM or -ENOSPC.
 */
struct qn_hops *qn_hops_get(struct qn_hop_pairs *pairs, struct qn_peer *via,
			    struct qn_peer *backup)
{
	struct hlist_head *bucket = bucket_of(pairs, via, backup);
	struct qn_hop_pair *pair;
	struct qn_hops *hops;
	int index, err;

	hlist_for_each_entry(hops, bucket, by_peers)
		if (hops->via == via && hops->backup == backup)
			return hops;
	hops = kzalloc(sizeof(*hops), GFP_KERNEL_ACCOUNT);
	if (!hops)
		return ERR_PTR(-ENOMEM);
	index = ida_alloc_max(&pairs->ids, QN_ROUTES_MAX - 1, GFP_KERNEL);
	if (index < 0) {
		kfree(hops);
		return ERR_PTR(index);
	}
	if (index >= array_of(pairs)->size) {
		err = array_grow(pairs, array_of(pairs)->size * 2);
		if (err) {
			ida_free(&pairs->ids, index);
			kfree(hops);
			return ERR_PTR(err);
		}
	}
	hops->index = index;
	hops->via = via;
	hops->backup = backup;
	hlist_add_head(&hops->by_peers, bucket);
	/* Before a route names it: whoever sees the route's word sees this. */
	pair = &array_of(pairs)->pair[index];
	rcu_assign_pointer(pair->via, via);
	rcu_assign_pointer(pair->backup, backup);
	return hops;
}

/**
 * qn_hops_put - free a pair that no route uses any more
 * @pairs: pairs of the node
 * @hops: the pair; readers that saw a route with it look again
 *
 * Context: process.
 */
void qn_hops_put(struct qn_hop_pairs *pairs, struct qn_hops *hops)
{
	struct qn_hop_pair *pair = &array_of(pairs)->pair[hops->index];

	if (!hlist_empty(&hops->routes))
		return;
	RCU_INIT_POINTER(pair->via, NULL);
	RCU_INIT_POINTER(pair->backup, NULL);
	ida_free(&pairs->ids, hops->index);
	hlist_del(&hops->by_peers);
	kfree(hops);
}

/**
 * qn_hops_lose_backup - the backup of a pair goes away
 * @pairs: pairs of the node
 * @hops: the pair
 *
 * Another pair of the same neighbour without a backup may be there; that does no
 * harm.
 *
 * Context: process.
 */
void qn_hops_lose_backup(struct qn_hop_pairs *pairs, struct qn_hops *hops)
{
	RCU_INIT_POINTER(array_of(pairs)->pair[hops->index].backup, NULL);
	hops->backup = NULL;
	hlist_del(&hops->by_peers);
	hlist_add_head(&hops->by_peers, bucket_of(pairs, hops->via, NULL));
}
