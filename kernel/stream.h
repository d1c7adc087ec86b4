/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A key stream: octets that two nodes hold identically, each used once.
 *
 * One ring of segments, one allocating function, one claiming function. Who
 * fills it (a QKD link, a process, the relay) and who drains it (frames,
 * applications) is not known here.
 */
#ifndef _QN_STREAM_H
#define _QN_STREAM_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "segment.h"

struct qn_mem;

/* enum qn_alloc - what an allocation is for */
enum qn_alloc {
	QN_ALLOC_DATA,		/* leaves the reserve alone */
	QN_ALLOC_CONTROL,	/* may take the reserve */
	QN_ALLOC_HELLO,		/* ... and a segment that is not shown yet */
};

enum { QN_LANE_SMALL, QN_LANE_BULK, __QN_LANES };

/*
 * struct qn_books - invariant 9: in = spent + held + erased, in octets
 */
struct qn_books {
	u64 in;
	u64 spent;
	u64 held;
	u64 erased;
	/* Outside the balance: delivered by the source, never opened. */
	u64 refused;		/* below the barrier, repeated, or no room */
};

struct qn_stream {
	/* Read on the datapath. */
	struct qn_segment __rcu **ring;
	u32 ring_mask;
	u8 shift;
	u8 lane;		/* parity of the segments born to this end */
	bool remote;
	bool paired;		/* allocate and claim only while set */
	bool stopped;		/* suspend: no allocation, no filling */
	u64 floor;		/* the pairing's barrier: nothing below exists */
	struct qn_segment __rcu *cur[__QN_LANES];

	/* Lane lock: the ready list, cur[], ring slots, flags of segments. */
	spinlock_t lock;
	struct list_head ready;	/* own, whole, shown; ascending index */
	u32 ready_count;
	u32 count;		/* segments in the ring */
	u32 let_go;		/* own segments that left it */
	u32 max_segs;
	u32 reserve;		/* octets of a small segment kept for control */
	u64 top;		/* 1 + highest index ever held, even in part */
	u64 unshown_hint;
	u64 *granted;		/* answers to GRANTs, by slot */

	/* Filling: one filler at a time. */
	struct mutex fill_lock;
	u64 fill_next;		/* octet offset behind the last fill; remote: own lane */
	bool short_of_memory;	/* the budget, not max_segs, stopped a fill */
	bool no_memory;		/* the kernel had none, though the budget has room */

	struct list_head spare;	/* segments for softirq to assemble in */
	u32 spare_count;

	/* Out of the ring, their key still to be erased; under the lane lock. */
	struct list_head doomed;
	struct work_struct wipe;
	struct workqueue_struct *wq;
	struct mutex wipe_lock;	/* one eraser at a time */

	atomic64_t in, spent, erased, refused;
	atomic64_t gained;	/* octets that became allocatable, less granted */
	struct qn_mem *mem;
};

struct qn_stream_params {
	u8 shift;
	u8 lane;
	bool remote;
	u32 max_segs;
	struct qn_mem *mem;
	struct workqueue_struct *wq;	/* erases what a pairing leaves behind */
};

struct qn_stream *qn_stream_new(const struct qn_stream_params *p);
void qn_stream_free(struct qn_stream *s);

/* Filling. */
int qn_stream_fill(struct qn_stream *s, u64 offset, const u8 *key, u32 len);
void qn_stream_spares(struct qn_stream *s, u32 want);
struct qn_segment *qn_stream_assemble(struct qn_stream *s, u64 index, bool own);
void qn_stream_publish(struct qn_stream *s, struct qn_segment *seg);
void qn_stream_drop(struct qn_stream *s, u64 index);

/* Spending: the caller holds rcu_read_lock() until the range is erased. */
int qn_stream_alloc(struct qn_stream *s, u32 len, enum qn_alloc how,
		    struct qn_range *r);
int qn_stream_alloc_newest(struct qn_stream *s, u64 below, u32 len,
			   struct qn_range *r);
int qn_stream_peek(struct qn_stream *s, u64 offset, u32 len, bool unpaired,
		   struct qn_range *r);
bool qn_stream_claim(struct qn_stream *s, struct qn_range *r);
void qn_range_erase(struct qn_range *r);

/* Pairing. */
void qn_stream_unpair(struct qn_stream *s);
void qn_stream_pair(struct qn_stream *s, u64 barrier);
void qn_stream_halt(struct qn_stream *s);
void qn_stream_stop(struct qn_stream *s);
void qn_stream_start(struct qn_stream *s);

/* Under the lane lock. */
struct qn_segment *qn_stream_at(struct qn_stream *s, u64 index);
void qn_stream_make_ready(struct qn_stream *s, struct qn_segment *seg);
void qn_stream_drop_locked(struct qn_stream *s, struct qn_segment *seg);
void qn_stream_doom_locked(struct qn_stream *s, struct qn_segment *seg);

/* What the ends show each other. */
u32 qn_stream_window(struct qn_stream *s, u64 next, u64 *base, u64 *horizon,
		     u8 *held, u8 *done);
void qn_stream_shown(struct qn_stream *s, u64 base, u64 horizon, u32 bits,
		     const u8 *held, const u8 *done, unsigned long now);
bool qn_stream_expire(struct qn_stream *s, unsigned long now, unsigned long grace);
u32 qn_stream_grant(struct qn_stream *s, u32 want, u64 *index);
bool qn_stream_adopt(struct qn_stream *s, u64 index);

/* Supply. */
struct qn_segment *qn_stream_supply_own(struct qn_stream *s);
bool qn_stream_supply_other(struct qn_stream *s, u64 index);
int qn_stream_supply_range(struct qn_stream *s, u64 offset, u32 len,
			   struct qn_range *r);
void qn_stream_supply_erase(struct qn_stream *s, u64 offset, u32 len);

struct qn_segment *qn_stream_segment(struct qn_stream *s, u64 index);
u64 qn_stream_level(struct qn_stream *s);
u64 qn_stream_level_other(struct qn_stream *s);
void qn_stream_books(struct qn_stream *s, struct qn_books *b);

/**
 * qn_stream_reach - how many segments behind the newest an owner spends from
 * @s: stream
 *
 * The other end holds them for the whole ring; the quarter between is the time
 * that frames and HELLOs under way have.
 */
static inline u32 qn_stream_reach(const struct qn_stream *s)
{
	return (s->ring_mask + 1) / 4 * 3;
}

static inline u64 qn_stream_index(const struct qn_stream *s, u64 offset)
{
	return offset >> s->shift;
}

#endif /* _QN_STREAM_H */
