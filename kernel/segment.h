/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A segment: 2^shift octets of a key stream, and who has used which of them.
 *
 * Life: created with every claim bit set and no key; filled (bits cleared);
 * allocated from by its owner, or claimed by the other end (bits set again,
 * octets erased by whoever set them); dropped (what is left is won and
 * erased), freed after a grace period. A range handed out stays valid until
 * rcu_read_unlock().
 */
#ifndef _QN_SEGMENT_H
#define _QN_SEGMENT_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/prefetch.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "limits.h"

struct qn_mem;

enum qn_segment_flags {
	QN_SEG_OWN,		/* this end may allocate from it */
	QN_SEG_WHOLE,		/* filled to the last octet */
	QN_SEG_SHOWN,		/* whole at the other end too, or confirmed */
	QN_SEG_GRANTED,		/* was ours, is the other end's */
	QN_SEG_ADOPTED,		/* was the other end's, is ours */
	QN_SEG_TOLD,		/* the other end's: it knows that it is held here */
	QN_SEG_SUPPLY,		/* serves applications only */
	QN_SEG_ASSEMBLY,	/* relayed, not whole or not confirmed */
};

/* What an end counts on, so that it is not given up for newer key. */
#define QN_SEG_PINNED	(BIT(QN_SEG_SHOWN) | BIT(QN_SEG_TOLD) | \
			 BIT(QN_SEG_GRANTED) | BIT(QN_SEG_SUPPLY))

/* Cursor values above any offset: nothing can be allocated. */
#define QN_CURSOR_CLOSED	((s64)BIT_ULL(40))
#define QN_CURSOR_GRANTED	((s64)BIT_ULL(41))

struct qn_segment {
	u64 index;
	atomic64_t cursor;	/* next octet to allocate, or QN_CURSOR_* */
	u8 *data;
	unsigned long flags;
	unsigned long done_at;	/* jiffies | 1 when its owner marked it done */
	u32 filled;		/* octets; under the stream's fill lock */
	u8 shift;
	u8 start;		/* first octet that may be allocated */
	u8 tag[QN_TAG_OCTETS];	/* confirmation of a relayed segment */
	struct list_head ready;	/* under the stream's lane lock */
	struct qn_mem *mem;
	struct rcu_head rcu;
	atomic64_t claim[];	/* a bit per granule, a word per 1024 octets */
};

/*
 * struct qn_range - octets of a segment that a caller may read and must erase
 *
 * Valid under the rcu_read_lock() that was held when it was made.
 */
struct qn_range {
	struct qn_segment *seg;
	u8 *key;		/* first octet */
	u64 offset;		/* in the stream */
	u32 at;			/* in the segment */
	u32 len;		/* whole granules */
};

/**
 * qn_prefetch - have octets fetched from memory while other work is done
 * @p: first octet; need not be valid
 * @len: octets
 */
static inline void qn_prefetch(const u8 *p, u32 len)
{
	const u8 *end = p + len;

	for (; p < end; p += L1_CACHE_BYTES)
		prefetch(p);
}

static inline u32 qn_segment_size(const struct qn_segment *seg)
{
	return 1u << seg->shift;
}

struct qn_segment *qn_segment_new(u64 index, u8 shift, u8 start,
				  struct qn_mem *mem, gfp_t gfp);
bool qn_segment_affordable(u8 shift, const struct qn_mem *mem);
void qn_segment_free(struct qn_segment *seg);
void qn_segment_free_rcu(struct qn_segment *seg);

u32 qn_segment_open(struct qn_segment *seg, u32 at, u32 len);
bool qn_segment_is_open(const struct qn_segment *seg, u32 at, u32 len);
u32 qn_segment_held(const struct qn_segment *seg);
bool qn_segment_take(struct qn_segment *seg, u32 len, u32 align, u32 limit,
		     u32 *at);
u32 qn_segment_claim(struct qn_segment *seg, u32 at, u32 len, bool *whole);
void qn_segment_close(struct qn_segment *seg);
u32 qn_segment_wipe(struct qn_segment *seg);
bool qn_segment_grant(struct qn_segment *seg);

#endif /* _QN_SEGMENT_H */
