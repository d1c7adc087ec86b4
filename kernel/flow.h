/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows: the remote streams that cross a link, and what each may use of it.
 *
 * A flow is (egress peer, origin, destination). Its share of the egress link is
 * max-min fair by weight, worked out anew each HELLO period; it travels to the
 * origin in the allowed rate of acknowledgements, and relays police to it.
 */
#ifndef _QN_FLOW_H
#define _QN_FLOW_H

#include <linux/list.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "bucket.h"
#include "cursor.h"
#include "ingress.h"
#include "maxmin.h"
#include "wire.h"

struct qn_node;
struct qn_peer;

struct qn_flow_key {
	u64 peer;		/* egress */
	u64 origin;
	u64 destination;
};

/**
 * struct qn_flow - soft state: made by the first frame, gone after silence
 */
struct qn_flow {
	struct qn_flow_key key;
	struct rhash_head hash;
	struct list_head list;		/* of the node */
	u64 serial;			/* place in it: cursor.h */
	struct list_head by_link;	/* of the egress, under its lock and RCU */
	bool gone;			/* off the lists, under the same lock */
	struct list_head by_ingress;	/* of the neighbour that brought it */
	struct qn_ingress *ingress;	/* both under the lock of the node's flows */

	/* What the last period ended with. */
	u32 rate;			/* measured, key octets/s */
	u32 allowed;			/* QN_RATE_UNLIMITED: not contended */
	u32 demand;
	struct qn_usage use;		/* share-out only */

	/* Written by frames. */
	spinlock_t lock;		/* octets, bucket */
	u16 weight;
	u32 contract;			/* label inside this network */
	u32 elsewhere;			/* allowed on the rest of the path */
	unsigned long elsewhere_at;	/* jiffies */
	u64 octets;			/* since the last period */
	struct qn_bucket bucket;	/* while not unlimited */
	unsigned long last;		/* jiffies of the last frame */
	struct rcu_head rcu;
};

/**
 * struct qn_link - the flows that leave to one peer
 */
struct qn_link {
	u64 peer;
	struct rhash_head hash;
	spinlock_t lock;		/* BH: flows, count, dead */
	struct list_head flows;
	u32 count;
	bool dead;			/* the peer goes away: no new flows */

	/* Share-out only, or read without a lock. */
	bool short_of;			/* key: streams are held to their share */
	u32 unit;			/* then: a new one's, by unit of weight */
	u32 wanted;			/* octets/s that streams miss here */
	struct qn_gain gain;		/* what the own lane gains */
	u64 shared_ms;			/* when it was shared out last */
	struct rcu_head rcu;
};

/**
 * struct qn_flows - all flows of a node
 */
struct qn_flows {
	struct rhashtable table;
	struct rhashtable links;
	struct rhashtable ingresses;	/* under the lock */
	spinlock_t lock;		/* BH: ingresses, list and count; innermost */
	struct list_head list;
	u32 count;
};

/*
 * A stream may send a quarter more than it is allowed, and half a second's
 * worth at once: it hears of a lower rate a round trip late, and paces itself
 * by another clock.
 */
static inline u64 qn_flow_police_rate(u32 allowed)
{
	return (u64)allowed + allowed / 4;
}

static inline u64 qn_flow_police_burst(u32 allowed)
{
	return allowed / 2 + 16 * QN_CHUNK;
}

int qn_flows_init(struct qn_node *node);
void qn_flows_exit(struct qn_node *node);
void qn_flows_forget_peer(struct qn_node *node, struct qn_peer *peer);
int qn_flows_walk(struct qn_node *node, struct qn_cursor *cursor,
		  int (*tell)(struct qn_flow *flow, void *data), void *data);

/* Datapath, under rcu_read_lock() with BH off. */
bool qn_flow_admit(struct qn_peer *egress, const struct qn_frame *f, u32 len,
		   struct qn_peer *ingress);
u32 qn_flow_allow(struct qn_peer *from, u64 generator, u64 far_end, u32 rate);

/* Under rcu_read_lock(). */
struct qn_link *qn_link_find(struct qn_flows *fs, u64 peer);
void qn_flow_remove(struct qn_flows *fs, struct qn_link *l, struct qn_flow *f);

/* Once each HELLO period: share.c. */
void qn_flow_share_out(struct qn_peer *egress);
u32 qn_flow_wanted(struct qn_peer *egress);

#endif /* _QN_FLOW_H */
