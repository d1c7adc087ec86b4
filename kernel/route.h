/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Routes: which neighbour a relayed frame goes to, and which neighbour may
 * bring one from there.
 */
#ifndef _QN_ROUTE_H
#define _QN_ROUTE_H

#include <linux/list.h>
#include <linux/rhashtable.h>
#include <linux/types.h>

struct qn_node;
struct qn_peer;

#define QN_SHARE_ANY	0xff

struct qn_route_key {
	u64 destination;	/* node part 0 if wide */
	u8 share;		/* or QN_SHARE_ANY */
	u8 wide;
	u8 zero[6];
};

/**
 * struct qn_route - where frames to a destination go
 *
 * @active says which hop frames of one share took last. The frames themselves
 * bring it up to date, without a lock.
 */
struct qn_route {
	struct qn_route_key key;
	struct rhash_head hash;
	struct qn_peer __rcu *via;
	struct qn_peer __rcu *backup;
	int active;			/* enum qkdnf_route_active */
	atomic_t switched;
	unsigned long dry;		/* jiffies | 1: @via is out of key until */
	struct hlist_node by_via;	/* under node->lock, as what follows */
	struct hlist_node by_backup;
	struct list_head list;		/* all of the node, for dumps */
	u64 serial;			/* place in it: cursor.h */
	struct rcu_head rcu;
};

int qn_routes_init(struct qn_node *node);
void qn_routes_exit(struct qn_node *node);

/* Configuration, under node->lock. */
int qn_route_add(struct qn_node *node, const struct qn_route_key *key,
		 struct qn_peer *via, struct qn_peer *backup, bool create,
		 bool replace);
int qn_route_del(struct qn_node *node, const struct qn_route_key *key);
void qn_routes_forget_peer(struct qn_node *node, struct qn_peer *peer);
u32 qn_routes_count(struct qn_node *node);
struct list_head *qn_routes_list(struct qn_node *node);

/* Datapath, under rcu_read_lock(). */
struct qn_route *qn_route_find(struct qn_node *node, u64 destination, u8 share);
struct qn_peer *qn_route_next(struct qn_node *node, u64 destination, u8 share,
			      u8 shares, const struct qn_peer *not_to);
struct qn_peer *qn_route_other(struct qn_node *node, u64 destination, u8 share,
			       u8 shares, const struct qn_peer *tried);
bool qn_route_from(struct qn_node *node, u64 far_end, u8 share, u8 shares,
		   const struct qn_peer *ingress);

#endif /* _QN_ROUTE_H */
