/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Routes: where frames to a destination go. Which of a route's two hops a frame
 * takes is for nexthop.h.
 */
#ifndef _QN_ROUTE_H
#define _QN_ROUTE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/types.h>

#include "hops.h"
#include "route_table.h"

struct qn_node;
struct qn_peer;

struct qn_route_key {
	u64 destination;	/* node part 0 if wide */
	u8 share;		/* or QN_SHARE_ANY */
	u8 wide;
};

/**
 * struct qn_route - what configuration knows of a route, and its rare turns
 *
 * The datapath finds what it needs in the table and comes here only when the hop
 * that frames take changes.
 */
struct qn_route {
	struct qn_route_key key;
	int active;			/* enum qkdnf_route_active, of one-share frames */
	atomic_t switched;
	unsigned long dry;		/* jiffies | 1: the hop is out of key until */
	struct qn_hops *hops;		/* under node->lock, as what follows */
	struct hlist_node by_hops;
	struct list_head list;		/* all of the node, for dumps */
	u64 serial;			/* place in it: cursor.h */
	struct rcu_head rcu;
};

/**
 * struct qn_way - what the datapath learns from a look-up
 *
 * Both hops are valid until rcu_read_unlock().
 */
struct qn_way {
	struct qn_peer *via;
	struct qn_peer *backup;		/* or NULL */
	u32 word;			/* of the route, see route_table.h */
	bool dry;			/* @via was out of key a moment ago */
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
bool qn_route_way(struct qn_node *node, u64 destination, u8 share,
		  struct qn_way *way);
struct qn_route *qn_route_find(struct qn_node *node, u64 destination, u8 share);
struct qn_route *qn_route_note(struct qn_node *node, u64 destination, u8 share,
			       const struct qn_way *way, int active, bool dry);

#endif /* _QN_ROUTE_H */
