// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much a stream holds, and invariant 9: in = spent + held + erased.
 */
#include <linux/bitops.h>
#include <linux/sched.h>

#include "ring.h"

/**
 * qn_stream_level - octets that this end can allocate now
 * @s: the stream
 */
u64 qn_stream_level(struct qn_stream *s)
{
	struct qn_segment *seg;
	u64 level = 0;
	s64 cursor;
	int lane;

	spin_lock_bh(&s->lock);
	list_for_each_entry(seg, &s->ready, ready)
		level += qn_segment_size(seg) - atomic64_read(&seg->cursor);
	for (lane = 0; lane < __QN_LANES; lane++) {
		seg = rcu_dereference_protected(s->cur[lane],
						lockdep_is_held(&s->lock));
		if (!seg)
			continue;
		cursor = atomic64_read(&seg->cursor);
		if (cursor < qn_segment_size(seg))
			level += qn_segment_size(seg) - cursor;
	}
	spin_unlock_bh(&s->lock);
	return level;
}

/* A store may be large: claim bits of no more segments under one hold of the lock. */
#define LOOK_AT		64

static void breathe_locked(struct qn_stream *s, u32 *looked)
{
	if (++*looked % LOOK_AT)
		return;
	spin_unlock_bh(&s->lock);
	cond_resched();
	spin_lock_bh(&s->lock);
}

/**
 * qn_stream_level_other - octets held here that the other end may spend
 * @s: the stream
 *
 * Context: process, may sleep.
 */
u64 qn_stream_level_other(struct qn_stream *s)
{
	struct qn_segment *seg;
	u32 i, looked = 0;
	u64 level = 0;

	spin_lock_bh(&s->lock);
	qn_ring_for_each(s, i, seg) {
		if (test_bit(QN_SEG_OWN, &seg->flags) ||
		    !test_bit(QN_SEG_WHOLE, &seg->flags) ||
		    test_bit(QN_SEG_SUPPLY, &seg->flags))
			continue;
		level += qn_segment_held(seg);
		breathe_locked(s, &looked);
	}
	spin_unlock_bh(&s->lock);
	return level;
}

/* One look at the books. Return: nothing moved meanwhile, and they balance. */
static bool look_at_books(struct qn_stream *s, struct qn_books *b)
{
	struct qn_segment *seg;
	u32 i, looked = 0;
	bool still;

	/* What is held is in the ring then. */
	qn_stream_wipe_doomed(s);
	spin_lock_bh(&s->lock);
	b->held = 0;
	b->in = atomic64_read(&s->in);
	b->spent = atomic64_read(&s->spent);
	b->erased = atomic64_read(&s->erased);
	smp_rmb();	/* counters before bits ... */
	qn_ring_for_each(s, i, seg) {
		b->held += qn_segment_held(seg);
		breathe_locked(s, &looked);
	}
	smp_rmb();	/* ... and bits before counters again */
	still = b->in == atomic64_read(&s->in) &&
		b->spent == atomic64_read(&s->spent) &&
		b->erased == atomic64_read(&s->erased) &&
		list_empty(&s->doomed);
	spin_unlock_bh(&s->lock);
	return still && b->in == b->spent + b->held + b->erased;
}

/**
 * qn_stream_books - octets in, spent, held, erased
 * @s: the stream
 * @b: out
 *
 * Held is counted from the claim bits, not derived, so that the balance is a
 * check. Under traffic the counters move while the bits are counted: the count
 * is repeated until they did not, and given up after some tries.
 *
 * Context: process, may sleep.
 */
void qn_stream_books(struct qn_stream *s, struct qn_books *b)
{
	int tries = 16;

	while (!look_at_books(s, b) && --tries)
		cond_resched();
	b->refused = atomic64_read(&s->refused);
}
