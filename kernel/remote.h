/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Remote streams: key agreed with a node that is not adjacent, by relay.
 *
 * Two halves: the generator makes segments of the own lane (generator.c), the
 * assembly takes those of the other end's (assembly.c).
 */
#ifndef _QN_REMOTE_H
#define _QN_REMOTE_H

#include <linux/bits.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "limits.h"
#include "share_key.h"
#include "wire.h"

struct qn_peer;
struct qn_rx;
struct qn_segment;

/*
 * Indexes of a remote stream end here, which is far beyond what its life can
 * reach, and half of it is left above any barrier. A far end takes no segment so
 * far beyond those that it has: as much as a year of giving up can make.
 */
#define QN_REMOTE_INDEX_MAX	BIT_ULL(44)
#define QN_REMOTE_AHEAD		BIT_ULL(24)

/* Chunks of the largest segment: 67. */
#define QN_CHUNK_WORDS	2

struct qn_chunk_map {
	u64 word[QN_CHUNK_WORDS];
};

/* struct qn_out - a segment that the generator has under way */
struct qn_out {
	u64 index;
	struct qn_segment *seg;		/* NULL: the slot is free */
	u8 *share_key[QN_SHARES_MAX];	/* shares > 1: what each route carried */
	struct qn_chunk_map sent[QN_SHARES_MAX];
	struct qn_chunk_map acked[QN_SHARES_MAX];
	unsigned long at;		/* jiffies of the last (re)transmission */
	u32 fresh;			/* chunks sent for the first time */
	u32 again;			/* where a repetition stopped */
	u8 tries;
};

/* struct qn_in - a segment that is arriving */
struct qn_in {
	u64 index;
	struct qn_segment *seg;		/* NULL: the slot is free */
	struct qn_chunk_map got[QN_SHARES_MAX];
	u32 missing;			/* chunk shares */
	unsigned long at;		/* jiffies of the last chunk */
	bool touched;			/* since the last ACK */
	bool writing;			/* whole, being confirmed */
};

struct qn_remote_probe {
	u64 incarnation, echo, barrier;
	unsigned long at;
	bool valid;
};

/*
 * struct qn_remote - both halves of a remote stream
 *
 * @lock is BH; it nests inside nothing and outside peer->lock and the stream's.
 */
struct qn_remote {
	struct qn_peer *peer;
	spinlock_t lock;		/* BH; all below */
	u8 shares;
	u8 scheme;			/* enum qkdnf_scheme */
	u16 weight;
	u64 max_rate;			/* key octets/s, 0: none */

	/* Pairing: what each route said last. */
	struct qn_remote_probe heard[QN_SHARES_MAX];
	unsigned long paired_at;
	unsigned long heard_at;		/* last frame in the pairing */

	/* Generator. */
	struct qn_out out[QN_WINDOW_SEGS];
	struct qn_share_keys share_keys;	/* has a lock of its own */
	u64 next;			/* index of the next own segment */
	u32 window;			/* segments that may be under way now */
	bool filling;
	u8 state;			/* enum qkdnf_relay_state */
	u8 nak;				/* enum qn_nak_code, 0 none */
	u64 nak_node;
	unsigned long paused_until;	/* jiffies, valid if paused */
	u32 pause_ms;
	bool paused;
	u32 rate[QN_SHARES_MAX];	/* allowed, by each route */
	u64 tokens;
	u64 tokens_at_ns;
	u64 sent, retransmits, confirmed, given_up, mismatched;
	u32 let_go_told;		/* own segments gone, when last told */
	unsigned long done_at;

	/* Assembly. */
	struct qn_in in[QN_ASSEMBLY_SEGS];
	u64 ingress[QN_SHARES_MAX];	/* neighbour that brought the last frame */
	u64 in_top;			/* 1 + highest segment confirmed */
	u64 confirm[QN_ACK_ENTRIES_MAX / 2];	/* to be told in the next ACK */
	u32 confirms;
	u32 unacked;			/* frames since the last ACK */
	unsigned long ack_at;
	u64 chunks, duplicates, confirmed_in;
	u64 far_time, far_local;	/* newest probe time, for the echo */
};

static inline bool qn_map_test(const struct qn_chunk_map *m, u32 i)
{
	return m->word[i / 64] >> (i % 64) & 1;
}

static inline void qn_map_set(struct qn_chunk_map *m, u32 i)
{
	m->word[i / 64] |= 1ULL << (i % 64);
}

struct qn_remote *qn_remote_new(struct qn_peer *peer, u8 shares, u8 scheme,
				u16 weight, u64 max_rate);
void qn_remote_free(struct qn_remote *r);
u32 qn_remote_tick(struct qn_peer *peer);
void qn_remote_forget(struct qn_remote *r);

/* From the relay, in softirq under RCU, the frame verified and bound. */
bool qn_remote_probe_rx(struct qn_rx *rx);
void qn_remote_chunk_rx(struct qn_rx *rx);
void qn_remote_ack_rx(struct qn_rx *rx, u32 rate);
void qn_remote_nak_rx(struct qn_rx *rx);

/* Between the halves and the common part. */
void qn_remote_tag(struct qn_remote *r, struct qn_segment *seg, bool own,
		   u8 *tag);
u32 qn_generator_run(struct qn_remote *r);
void qn_generator_forget(struct qn_remote *r);
void qn_assembly_forget(struct qn_remote *r);
u32 qn_assembly_run(struct qn_remote *r);
void qn_remote_heard(struct qn_remote *r);

#endif /* _QN_REMOTE_H */
