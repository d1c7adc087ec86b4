/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Next hops: a neighbour and its backup, once for all routes that lead there.
 *
 * A node has many routes and few ways out. A route so names its pair of next hops
 * by a small index, and the pairs that are in use stay in the nearest cache.
 *
 * Everything but reading an array is under node->lock.
 */
#ifndef _QN_HOPS_H
#define _QN_HOPS_H

#include <linux/idr.h>
#include <linux/list.h>
#include <linux/types.h>

struct qn_peer;

#define QN_HOPS_BITS	10

struct qn_hop_pair {
	struct qn_peer __rcu *via;
	struct qn_peer __rcu *backup;
};

struct qn_hop_array {
	struct rcu_head rcu;
	u32 size;
	struct qn_hop_pair pair[];
};

/**
 * struct qn_hops - one pair, as configuration sees it
 */
struct qn_hops {
	struct qn_peer *via;
	struct qn_peer *backup;		/* or NULL */
	struct hlist_head routes;	/* that lead there */
	struct hlist_node by_peers;
	u32 index;
};

struct qn_hop_pairs {
	struct qn_hop_array __rcu *array;
	struct ida ids;
	struct hlist_head by_peers[1 << QN_HOPS_BITS];
};

int qn_hops_init(struct qn_hop_pairs *pairs);
void qn_hops_exit(struct qn_hop_pairs *pairs);
struct qn_hops *qn_hops_get(struct qn_hop_pairs *pairs, struct qn_peer *via,
			    struct qn_peer *backup);
void qn_hops_put(struct qn_hop_pairs *pairs, struct qn_hops *hops);
void qn_hops_lose_backup(struct qn_hop_pairs *pairs, struct qn_hops *hops);

#endif /* _QN_HOPS_H */
