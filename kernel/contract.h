/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contracts: what one provider carries for another, enforced and metered at
 * the gateways of a border. design: relay, contracts.
 */
#ifndef _QN_CONTRACT_H
#define _QN_CONTRACT_H

#include <linux/list.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/types.h>

#include "bucket.h"
#include "wire.h"

struct qn_node;
struct qn_peer;
struct qn_meter;

struct qn_contract_key {
	u64 peer;		/* node id of the link peer across the border */
	u32 id;
	u32 out;		/* 0: we carry (direction in), 1: they carry */
};

/** struct qn_contract_terms - what can be changed while it lives */
struct qn_contract_terms {
	u64 source, destination;
	bool source_wide, destination_wide;
	u32 out_id;
	u64 rate, burst;	/* octets of key per second, octets */
	u64 volume;		/* octets, 0: no limit */
	u64 expiry;		/* Unix seconds, 0: never */
	u16 weight;		/* cap, 0: none */
};

/**
 * struct qn_contract_parties - who an outgoing contract is for, as looked up
 */
struct qn_contract_parties {
	u64 peer;
	u64 source, destination;
	u32 source_wide, destination_wide;
};

/**
 * struct qn_contract - a contract, its bucket and its meters
 *
 * What @lock covers changes with frames. The meters of the side that carries
 * (in) count from when the contract was made; its readings count from @base,
 * where its own incarnation began. The side that sends (out) adds up readings
 * over the carrier's incarnations: peer_accepted = past + reading - skip.
 */
struct qn_contract {
	struct qn_contract_key key;
	struct rhash_head hash;
	struct rhlist_head by_parties;	/* out only */
	struct qn_contract_parties parties;
	struct list_head list;		/* all of the node */
	u64 serial;			/* place in it: cursor.h */
	struct list_head by_peer;	/* of the border: under its lock */

	spinlock_t lock;		/* BH: all below */
	bool dead;			/* taken away: carries nothing more */
	u8 told;			/* refusals that an event told, by kind */
	struct qn_contract_terms terms;
	struct qn_bucket bucket;
	u64 metered;			/* accepted (in) or sent (out), octets */
	u64 base;			/* in: metered when @incarnation began */
	u64 peer_accepted;		/* out: by the readings taken */
	u64 past;			/* out: by earlier incarnations */
	u64 skip;			/* out: of before this contract's life */
	u64 reading;			/* out: last one taken, as it came */
	u64 incarnation;		/* readings count from; in: own */
	u32 mark, peer_mark;
	u64 mark_metered, mark_peer_accepted;
	u64 refused_rate, refused_volume, refused_expired, refused_mismatch;
	struct qn_meter *meter;
	struct rcu_head rcu;
};

/**
 * struct qn_border - the contracts with one peer
 */
struct qn_border {
	u64 peer;
	struct rhash_head hash;
	spinlock_t lock;		/* BH: the lists; a contract's lock inside */
	struct list_head in;		/* next to be read out first */
	struct list_head out;
	struct rcu_head rcu;
};

int qn_contracts_init(struct qn_node *node);
void qn_contracts_exit(struct qn_node *node);

/* Configuration, under node->lock. */
int qn_contract_add(struct qn_node *node, const struct qn_contract_key *key,
		    const struct qn_contract_terms *terms);
int qn_contract_set(struct qn_node *node, const struct qn_contract_key *key,
		    const struct qn_contract_terms *terms);
int qn_contract_del(struct qn_node *node, const struct qn_contract_key *key);
int qn_contract_mark(struct qn_node *node, const struct qn_contract_key *key,
		     u32 mark);
void qn_contracts_forget_peer(struct qn_node *node, struct qn_peer *peer);
u32 qn_contracts_count(struct qn_node *node);
struct list_head *qn_contracts_list(struct qn_node *node);

/* Under rcu_read_lock() or node->lock. */
struct qn_contract *qn_contract_find(struct qn_node *node,
				     const struct qn_contract_key *key);
struct qn_contract *qn_contract_find_for(struct qn_peer *egress, u64 origin,
					 u64 destination);
struct qn_border *qn_border_find(struct qn_node *node, u64 peer);

/* Under the contract's lock. */
void qn_contract_rebase(struct qn_contract *c, u64 own);

static inline bool qn_contract_expired(const struct qn_contract *c)
{
	u64 expiry = READ_ONCE(c->terms.expiry);

	return expiry && ktime_get_real_seconds() >= expiry;
}

/* Datapath, under rcu_read_lock(), in softirq or process context with BH off. */
int qn_contract_accept(struct qn_peer *ingress, const struct qn_frame *f,
		       u32 *label, u16 *weight);
int qn_contract_label(struct qn_peer *egress, const struct qn_frame *f,
		      u32 *label);
void qn_contract_sent(struct qn_peer *egress, const struct qn_frame *f,
		      u32 label);

/* HELLO, in the same contexts: readings of what we accepted, and theirs. */
u32 qn_contract_readings(struct qn_peer *peer, struct qn_wire_reading *r,
			 u32 max);
void qn_contract_heard(struct qn_peer *peer, const struct qn_wire_reading *r,
		       u32 n, u64 incarnation);

#endif /* _QN_CONTRACT_H */
