/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A peer: another node with which this node shares a key stream.
 */
#ifndef _QN_PEER_H
#define _QN_PEER_H

#include <linux/in6.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/dst_cache.h>

#include "mem.h"
#include "node.h"
#include "wire.h"

struct qn_hash;
struct qn_remote;
struct qn_source;
struct qn_stream;
struct qn_supply;
struct qn_tunnel;

struct qn_endpoint {
	u8 family;			/* AF_INET, AF_INET6, or 0: none */
	__be16 port;
	union {
		__be32 addr4;
		struct in6_addr addr6;
	};
	union {				/* zero: what routing chooses */
		__be32 local4;
		struct in6_addr local6;
	};
};

/*
 * struct qn_pairing - the meeting of two incarnations; under the peer's lock
 *
 * docs/protocol.md section 5.1 has the rules; pairing.c the reasons.
 */
struct qn_pairing {
	u64 own;			/* incarnation of this end */
	u64 other;			/* accepted incarnation, or 0 */
	u64 frozen;			/* own barrier for (own, other) */
	u64 stated;			/* barrier that the other end stated */
	u64 barrier;			/* of the pairing, when made */
	u64 accepted;			/* 1 + segment of the last acceptance */
	unsigned long at;		/* jiffies of the next probe */
	u32 backoff;			/* milliseconds */
	bool has_stated;
	bool made;
	bool heard;			/* a frame under the pairing came */
	bool has_probe;
	u8 repeats;			/* of the stored probe */
	u64 walk;			/* the last older segment tried */
	u8 *probe;			/* stored octets of the last probe */
};

struct qn_peer {
	u64 id;
	struct rhash_head hash;
	struct qn_node *node;
	struct qn_stream *stream;
	struct qn_endpoint end;
	struct dst_cache dst;
	struct qn_mem mem;
	bool remote;
	bool border;
	bool dead;
	bool up;			/* heard within QN_SILENT_PERIODS */
	bool computational;
	u8 shift;
	u32 hello_ms;

	/* Hash keys of bulk frames from and to it; set under the lock. */
	struct qn_hash __rcu *hash_in;
	struct qn_hash __rcu *hash_out;

	spinlock_t lock;		/* BH; pairing and the fields below */
	struct qn_pairing pairing;
	unsigned long heard_at;		/* jiffies of the last verified frame */
	unsigned long hello_at;		/* jiffies of the next HELLO */
	u32 period;			/* ms between own HELLOs now */
	u32 other_period;
	u64 hello_time;			/* newest transmit time taken, us */
	u64 hello_local;		/* when it came, us */
	u32 rtt_us;
	u32 income;			/* octets/s delivered, smoothed */
	u32 lane_income;		/* octets/s that the own lane gains */
	u32 other_lane_income;
	u64 income_last, lane_last;
	unsigned long income_at;
	struct qn_hash *hash_named;	/* own, not held at the other end yet */
	u8 hash_names;			/* HELLOs that named it */
	u8 hash_patience;		/* ... and may, before another is taken */
	bool hash_wanted;		/* remote: bulk frames are to be sent */
	bool hello_owed;		/* remote: a key that was named is held */
	u64 other_level;		/* as its HELLO said */
	u16 other_want;
	u16 want;
	unsigned long nak_at;
	u16 nak_tokens, probe_tokens, pass_tokens;
	unsigned long probe_at, pass_at;	/* relayed PROBEs from, to it */
	atomic_t ack_credit;		/* relayed ACKs that may go to this peer */
	u32 tag_failures;		/* since the last event */
	bool level_low, level_empty;

	struct delayed_work tick;
	struct list_head grants;	/* waiting for their answer */
	struct qn_remote *remote_half;	/* remote peers: generator, assembly */
	struct qn_source *source;	/* link peers; under node->lock */
	struct qn_supply __rcu *supply;
	struct qn_tunnel __rcu *tunnel;	/* tunnel.c */
	bool key_wanted;		/* a consumer waits for this lane */
	u64 pool_max, low, high;	/* octets */
	struct list_head list;		/* node->peer_list */
	u64 serial;			/* place in it: cursor.h */
	struct rcu_head rcu;
	char name[32];
	atomic64_t counter[__QN_C_MAX];
};

static inline void qn_count(struct qn_peer *peer, enum qn_counter c)
{
	atomic64_inc(&peer->counter[c]);
}

static inline void qn_count_add(struct qn_peer *peer, enum qn_counter c, u64 n)
{
	atomic64_add(n, &peer->counter[c]);
}

/**
 * qn_peer_usable - may relayed frames be sent to this neighbour now?
 * @peer: a link peer
 *
 * It was heard lately and holds the hash key that tags RELAY frames.
 */
static inline bool qn_peer_usable(const struct qn_peer *peer)
{
	return READ_ONCE(peer->up) && READ_ONCE(peer->pairing.made) &&
	       rcu_access_pointer(peer->hash_out);
}

/*
 * Rooms above hook into the peer's tick: called in process context about when
 * they asked. Return: milliseconds to the next call, at most.
 */
typedef u32 (*qn_tick_fn)(struct qn_peer *peer);
void qn_peer_on_tick(qn_tick_fn fn);

struct qn_peer *qn_peer_find(struct qn_node *node, u64 id);
void qn_peer_kick(struct qn_peer *peer, u32 ms);
int qn_peer_table_init(struct qn_node *node);
void qn_peer_table_exit(struct qn_node *node);
int qn_peer_insert(struct qn_peer *peer);
void qn_peer_unhash(struct qn_peer *peer);
struct qn_peer *qn_peer_alloc(struct qn_node *node, u64 id);
void qn_peer_release(struct qn_peer *peer);

#endif /* _QN_PEER_H */
