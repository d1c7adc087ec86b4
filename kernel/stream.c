// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key streams: filling, and the two ways to spend: allocate and claim.
 *
 * The ring is indexed by segment index; a slot is replaced only under the lane
 * lock and read under RCU. Segments that leave it are wiped first (winning the
 * bits that nobody has) and freed after a grace period, so a range that a
 * reader holds stays what it was.
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mem.h"
#include "ring.h"

/* The part of the small lane's segment that only control frames may take. */
#define RESERVE_MAX	4096

/**
 * qn_stream_at - find a segment under the lane lock
 * @s: the stream
 * @index: segment index
 */
struct qn_segment *qn_stream_at(struct qn_stream *s, u64 index)
{
	struct qn_segment *seg = qn_ring_locked(s, index);

	return seg && seg->index == index ? seg : NULL;
}

/**
 * qn_stream_segment - find a segment
 * @s: stream
 * @index: its index
 *
 * Context: under rcu_read_lock(). Return: the segment, or NULL.
 */
struct qn_segment *qn_stream_segment(struct qn_stream *s, u64 index)
{
	struct qn_segment *seg = rcu_dereference(*qn_ring_slot(s, index));

	return seg && seg->index == index ? seg : NULL;
}

static void wipe_work(struct work_struct *work);

/**
 * qn_stream_new - an empty, unpaired stream
 * @p: shape; @p->mem and @p->wq must outlive the stream
 *
 * Context: process. Return: the stream, or NULL without memory.
 */
struct qn_stream *qn_stream_new(const struct qn_stream_params *p)
{
	u32 slots = roundup_pow_of_two(2 * p->max_segs);
	struct qn_stream *s;

	s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return NULL;
	s->ring = kvcalloc(slots, sizeof(*s->ring), GFP_KERNEL_ACCOUNT);
	if (!s->ring) {
		kfree(s);
		return NULL;
	}
	s->ring_mask = slots - 1;
	s->shift = p->shift;
	s->lane = p->lane;
	s->remote = p->remote;
	s->max_segs = p->max_segs;
	s->reserve = min_t(u32, RESERVE_MAX, (1u << p->shift) / 4);
	s->mem = p->mem;
	s->wq = p->wq;
	if (!p->remote) {
		s->granted = kvcalloc(slots, sizeof(*s->granted),
				      GFP_KERNEL_ACCOUNT);
		if (!s->granted) {
			kvfree(s->ring);
			kfree(s);
			return NULL;
		}
	}
	spin_lock_init(&s->lock);
	mutex_init(&s->fill_lock);
	mutex_init(&s->wipe_lock);
	INIT_WORK(&s->wipe, wipe_work);
	INIT_LIST_HEAD(&s->ready);
	INIT_LIST_HEAD(&s->spare);
	INIT_LIST_HEAD(&s->doomed);
	return s;
}

/* Take a segment out of ring, list and cursor, so that nobody new finds it. */
static void detach_locked(struct qn_stream *s, struct qn_segment *seg)
{
	int lane;

	lockdep_assert_held(&s->lock);
	rcu_assign_pointer(*qn_ring_slot(s, seg->index), NULL);
	for (lane = 0; lane < __QN_LANES; lane++)
		if (rcu_access_pointer(s->cur[lane]) == seg)
			rcu_assign_pointer(s->cur[lane], NULL);
	if (!list_empty(&seg->ready)) {
		list_del_init(&seg->ready);
		WRITE_ONCE(s->ready_count, s->ready_count - 1);
	}
	s->count--;
	if (test_bit(QN_SEG_OWN, &seg->flags))
		WRITE_ONCE(s->let_go, s->let_go + 1);
}

/* Wipe what nobody has spent; whoever found it before may still use his range. */
static void dispose(struct qn_stream *s, struct qn_segment *seg)
{
	atomic64_add(qn_segment_wipe(seg), &s->erased);
	qn_segment_free_rcu(seg);
}

/**
 * qn_stream_drop_locked - erase one segment and forget it
 * @s: the stream
 * @seg: the segment
 *
 * Context: under the lane lock.
 */
void qn_stream_drop_locked(struct qn_stream *s, struct qn_segment *seg)
{
	detach_locked(s, seg);
	dispose(s, seg);
}

/**
 * qn_stream_doom_locked - forget one segment, and have it erased soon
 * @s: the stream
 * @seg: the segment
 *
 * For where many may go at once: a store of 64 MiB takes longer to wipe than
 * softirq may take. Nobody finds it any more and nothing is allocated from it;
 * its key counts as held, and its memory as used, until the work has erased it.
 *
 * Context: under the lane lock.
 */
void qn_stream_doom_locked(struct qn_stream *s, struct qn_segment *seg)
{
	detach_locked(s, seg);
	qn_segment_close(seg);
	list_add_tail(&seg->ready, &s->doomed);
	queue_work(s->wq, &s->wipe);
}

static void doom_below_locked(struct qn_stream *s, u64 index)
{
	struct qn_segment *seg;
	u32 i;

	lockdep_assert_held(&s->lock);
	qn_ring_for_each(s, i, seg)
		if (seg->index < index)
			qn_stream_doom_locked(s, seg);
}

/**
 * qn_stream_wipe_doomed - erase what was taken out of the ring to be erased
 * @s: the stream
 *
 * Context: process, may sleep. When it returns, what was doomed before is erased,
 * whoever was at it.
 */
void qn_stream_wipe_doomed(struct qn_stream *s)
{
	struct qn_segment *seg;

	mutex_lock(&s->wipe_lock);
	for (;;) {
		spin_lock_bh(&s->lock);
		seg = list_first_entry_or_null(&s->doomed, struct qn_segment,
					       ready);
		spin_unlock_bh(&s->lock);
		if (!seg)
			break;
		/* It stays on the list meanwhile, so that the books see it. */
		atomic64_add(qn_segment_wipe(seg), &s->erased);
		spin_lock_bh(&s->lock);
		list_del_init(&seg->ready);
		spin_unlock_bh(&s->lock);
		qn_segment_free_rcu(seg);
		cond_resched();
	}
	mutex_unlock(&s->wipe_lock);
}

static void wipe_work(struct work_struct *work)
{
	qn_stream_wipe_doomed(container_of(work, struct qn_stream, wipe));
}

/**
 * qn_stream_make_ready - an own segment may be allocated from now on
 * @s: the stream
 * @seg: the segment
 *
 * Context: under the lane lock.
 */
void qn_stream_make_ready(struct qn_stream *s, struct qn_segment *seg)
{
	struct qn_segment *at;

	lockdep_assert_held(&s->lock);
	set_bit(QN_SEG_SHOWN, &seg->flags);
	/* Mostly the newest: look from the end for its place. */
	list_for_each_entry_reverse(at, &s->ready, ready)
		if (at->index < seg->index)
			break;
	list_add(&seg->ready, &at->ready);
	WRITE_ONCE(s->ready_count, s->ready_count + 1);
	atomic64_add(qn_segment_size(seg) - seg->start, &s->gained);
}

/**
 * qn_stream_free - wipe and free a stream
 *
 * @s: stream; may be NULL
 *
 * Nobody can reach it any more: a grace period has passed since the last way to
 * it was taken away. Context: process.
 */
void qn_stream_free(struct qn_stream *s)
{
	struct qn_segment *seg, *tmp;

	if (!s)
		return;
	spin_lock_bh(&s->lock);
	doom_below_locked(s, U64_MAX);
	spin_unlock_bh(&s->lock);
	cancel_work_sync(&s->wipe);
	qn_stream_wipe_doomed(s);
	spin_lock_bh(&s->lock);
	list_for_each_entry_safe(seg, tmp, &s->spare, ready) {
		list_del_init(&seg->ready);
		qn_segment_free(seg);
	}
	spin_unlock_bh(&s->lock);
	mutex_destroy(&s->wipe_lock);
	mutex_destroy(&s->fill_lock);
	kvfree(s->granted);
	kvfree(s->ring);
	kfree(s);
}

/**
 * qn_stream_drop - erase a segment and forget it
 * @s: the stream
 * @index: segment index
 */
void qn_stream_drop(struct qn_stream *s, u64 index)
{
	struct qn_segment *seg;

	spin_lock_bh(&s->lock);
	seg = qn_stream_at(s, index);
	if (seg)
		qn_stream_drop_locked(s, seg);
	spin_unlock_bh(&s->lock);
}

static bool range_claim(struct qn_stream *s, struct qn_range *r)
{
	bool whole;
	u32 won;

	won = qn_segment_claim(r->seg, r->at, r->len, &whole);
	atomic64_add(won, whole ? &s->spent : &s->erased);
	return whole;
}

static void range_set(struct qn_range *r, struct qn_segment *seg, u32 at, u32 len)
{
	r->seg = seg;
	r->key = seg->data + at;
	r->offset = (seg->index << seg->shift) + at;
	r->at = at;
	r->len = len;
}

/*
 * Key comes from memory, not from a cache: what the next frame will take is
 * fetched while this one is sealed.
 */
static void prefetch_next(const struct qn_range *r)
{
	u32 end = r->at + r->len;

	if (end + r->len <= qn_segment_size(r->seg))
		qn_prefetch(r->seg->data + end, r->len);
}

/*
 * What falls out of the ring's reach is erased. Small ranges take long to use a
 * segment up, on a fast link longer than it may last.
 */
static bool ageing(struct qn_stream *s, const struct qn_segment *seg)
{
	return !s->remote && seg->index + qn_stream_reach(s) / 2 <=
			     READ_ONCE(s->fill_next) >> s->shift;
}

/*
 * Make another segment the lane's current one. The last one ready is control's
 * unless the small lane's segment still has the reserve.
 */
static bool advance(struct qn_stream *s, int lane, enum qn_alloc how,
		    struct qn_segment *spent)
{
	struct qn_segment *cur, *next, *small;
	bool ok = false;

	spin_lock_bh(&s->lock);
	cur = rcu_dereference_protected(s->cur[lane], lockdep_is_held(&s->lock));
	if (cur != spent) {
		ok = true;	/* somebody else has advanced it */
		goto out;
	}
	if (!s->paired || s->stopped)
		goto out;
	next = list_first_entry_or_null(&s->ready, struct qn_segment, ready);
	if (!next)
		goto out;
	small = rcu_dereference_protected(s->cur[QN_LANE_SMALL],
					  lockdep_is_held(&s->lock));
	if (how == QN_ALLOC_DATA && s->ready_count == 1) {
		if (lane == QN_LANE_SMALL || !small ||
		    atomic64_read(&small->cursor) + s->reserve >
			    qn_segment_size(small))
			goto out;
	}
	list_del_init(&next->ready);
	WRITE_ONCE(s->ready_count, s->ready_count - 1);
	/* Bulk uses up what small ranges have left of one that would be lost. */
	if (lane == QN_LANE_BULK && small && ageing(s, small)) {
		rcu_assign_pointer(s->cur[QN_LANE_SMALL], next);
		next = small;
	}
	rcu_assign_pointer(s->cur[lane], next);
	if (cur)
		qn_stream_drop_locked(s, cur);
	ok = true;
out:
	spin_unlock_bh(&s->lock);
	return ok;
}

/* A HELLO may go out before anything was shown: it is what shows. */
static bool alloc_unshown(struct qn_stream *s, u32 len, struct qn_range *r)
{
	struct qn_segment *seg, *best, *first;
	u32 i, at;

	spin_lock_bh(&s->lock);
	best = NULL;
	first = NULL;
	qn_ring_for_each(s, i, seg) {
		if (!test_bit(QN_SEG_OWN, &seg->flags) ||
		    !test_bit(QN_SEG_WHOLE, &seg->flags) ||
		    test_bit(QN_SEG_SHOWN, &seg->flags) ||
		    test_bit(QN_SEG_SUPPLY, &seg->flags))
			continue;
		if (!first || seg->index < first->index)
			first = seg;
		if (seg->index >= s->unshown_hint &&
		    (!best || seg->index < best->index))
			best = seg;
	}
	if (!best)
		best = first;
	/* Another one each time: the other end may have a hole in this. */
	if (best)
		s->unshown_hint = best->index + 1;
	spin_unlock_bh(&s->lock);

	if (!best || !qn_segment_take(best, len, QN_GRANULE,
				      qn_segment_size(best), &at))
		return false;
	range_set(r, best, at, len);
	return range_claim(s, r);
}

/**
 * qn_stream_alloc - allocate octets of this end's lane: the one function
 * @s: stream
 * @len: octets, 1 to 1,024; rounded up to whole granules
 * @how: may it take the reserve?
 * @r: out; the caller erases it after use
 *
 * Ranges of 1,024 octets are aligned to 1,024, so that one claim word is one
 * frame; smaller ones come from another segment. No lock while the lane's
 * current segment lasts.
 *
 * Context: softirq or process, under rcu_read_lock() until the range is erased.
 * Return: 0; -ENOBUFS: no key; -EINVAL: no octets, or more than 1,024.
 */
int qn_stream_alloc(struct qn_stream *s, u32 len, enum qn_alloc how,
		    struct qn_range *r)
{
	u32 n = (len + QN_GRANULE - 1) & ~(QN_GRANULE - 1), align, limit, at;
	int lane = n == QN_WORD_OCTETS ? QN_LANE_BULK : QN_LANE_SMALL;
	struct qn_segment *seg;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "key range outside RCU");
	/* What no segment can give would use up one after the other. */
	if (WARN_ON_ONCE(!len || len > QN_ALLOC_MAX))
		return -EINVAL;
	if (!READ_ONCE(s->paired) || READ_ONCE(s->stopped))
		return -ENOBUFS;
	align = lane == QN_LANE_BULK ? QN_WORD_OCTETS : QN_GRANULE;
	for (;;) {
		seg = rcu_dereference(s->cur[lane]);
		if (seg) {
			limit = qn_segment_size(seg);
			if (how == QN_ALLOC_DATA && lane == QN_LANE_SMALL &&
			    !READ_ONCE(s->ready_count))
				limit -= s->reserve;
			if (qn_segment_take(seg, n, align, limit, &at)) {
				range_set(r, seg, at, n);
				if (range_claim(s, r)) {
					prefetch_next(r);
					return 0;
				}
				continue;	/* an eraser was first */
			}
			if (limit != qn_segment_size(seg)) {
				if (!READ_ONCE(s->ready_count))
					return -ENOBUFS;
				continue;	/* no longer the reserve */
			}
		}
		if (!advance(s, lane, how, seg))
			break;
	}
	if (how == QN_ALLOC_HELLO && alloc_unshown(s, n, r))
		return 0;
	return -ENOBUFS;
}

/**
 * qn_stream_alloc_newest - octets of the newest whole own segment, for a PROBE
 * @s: stream, paired or not
 * @below: only segments below this index
 * @len: octets
 * @r: out
 *
 * Context: as qn_stream_alloc(). Return: 0 or -ENOBUFS.
 */
int qn_stream_alloc_newest(struct qn_stream *s, u64 below, u32 len,
			   struct qn_range *r)
{
	u32 n = (len + QN_GRANULE - 1) & ~(QN_GRANULE - 1), i, at;
	struct qn_segment *seg, *newest;

	for (;;) {
		newest = NULL;
		spin_lock_bh(&s->lock);
		qn_ring_for_each(s, i, seg)
			if (test_bit(QN_SEG_OWN, &seg->flags) &&
			    test_bit(QN_SEG_WHOLE, &seg->flags) &&
			    seg->index < below &&
			    atomic64_read(&seg->cursor) + n <=
				    qn_segment_size(seg) &&
			    (!newest || seg->index > newest->index))
				newest = seg;
		spin_unlock_bh(&s->lock);
		if (!newest || READ_ONCE(s->stopped))
			return -ENOBUFS;
		if (!qn_segment_take(newest, n, QN_GRANULE,
				     qn_segment_size(newest), &at))
			continue;
		range_set(r, newest, at, n);
		if (range_claim(s, r))
			return 0;
	}
}

/**
 * qn_stream_peek - look at the range that a frame names, before verifying it
 * @s: stream shared with the frame's sender
 * @offset: as in the frame
 * @len: octets, whole granules
 * @unpaired: a PROBE: it is what makes a pairing
 * @r: out
 *
 * Nothing is changed. The range can be lost to an eraser or a duplicate until
 * qn_stream_claim() wins it, so what was verified counts only after that.
 *
 * Context: under rcu_read_lock() until the range is erased or given up.
 * Return: 0; -ENOENT: not held; -EPERM: the sender does not own the segment;
 * -EALREADY: spent, erased or never filled; -EINVAL: crosses segments.
 */
int qn_stream_peek(struct qn_stream *s, u64 offset, u32 len, bool unpaired,
		   struct qn_range *r)
{
	u32 at = offset & ((1u << s->shift) - 1);
	struct qn_segment *seg;

	if (len > (1u << s->shift) - at)
		return -EINVAL;
	if ((!unpaired && !READ_ONCE(s->paired)) || READ_ONCE(s->stopped))
		return -ENOENT;
	seg = qn_stream_segment(s, offset >> s->shift);
	if (!seg)
		return -ENOENT;
	if (test_bit(QN_SEG_OWN, &seg->flags) ||
	    test_bit(QN_SEG_SUPPLY, &seg->flags))
		return -EPERM;
	if (!qn_segment_is_open(seg, at, len))
		return -EALREADY;
	range_set(r, seg, at, len);
	/* Its use is still to come: the tag is looked at first. */
	qn_prefetch(r->key, len);
	return 0;
}

/**
 * qn_stream_claim - win the range of a frame whose tag was right
 * @s: the stream
 * @r: the remote stream
 *
 * Return: true if all of it was won; the caller erases it after use. Else
 * the frame is dropped, and what was won has been erased.
 */
bool qn_stream_claim(struct qn_stream *s, struct qn_range *r)
{
	return range_claim(s, r);
}

/**
 * qn_range_erase - erase a range that was allocated or claimed
 * @r: the remote stream
 */
void qn_range_erase(struct qn_range *r)
{
	memzero_explicit(r->key, r->len);
}

/**
 * qn_stream_unpair - drop the pairing: nothing is allocated or claimed any more
 * @s: the stream
 *
 * What is held stays, for PROBEs to be keyed with. Context: any.
 */
void qn_stream_unpair(struct qn_stream *s)
{
	struct qn_segment *seg;
	int lane;
	u32 i;

	spin_lock_bh(&s->lock);
	WRITE_ONCE(s->paired, false);
	for (lane = 0; lane < __QN_LANES; lane++)
		rcu_assign_pointer(s->cur[lane], NULL);
	qn_ring_for_each(s, i, seg) {
		clear_bit(QN_SEG_SHOWN, &seg->flags);
		clear_bit(QN_SEG_TOLD, &seg->flags);
		if (!list_empty(&seg->ready))
			list_del_init(&seg->ready);
	}
	WRITE_ONCE(s->ready_count, 0);
	spin_unlock_bh(&s->lock);
}

/**
 * qn_stream_pair - make the pairing: erase and refuse everything below @barrier
 * @s: the stream
 * @barrier: lowest segment index of the pairing
 *
 * The stream is unpaired. An earlier barrier stands as far as anything was ever
 * held here, so nothing that was erased comes back; but an end that once stated
 * one far too high does not close the stream for its next life, too.
 *
 * Context: any. What lies below is out of reach when this returns, and erased
 * by the stream's work soon after.
 */
void qn_stream_pair(struct qn_stream *s, u64 barrier)
{
	spin_lock_bh(&s->lock);
	WRITE_ONCE(s->floor, max(barrier, min(s->floor, s->top)));
	doom_below_locked(s, barrier);
	WRITE_ONCE(s->paired, true);
	spin_unlock_bh(&s->lock);
}

/**
 * qn_stream_halt - stop allocation and filling
 * @s: the stream
 *
 * Context: any.
 */
void qn_stream_halt(struct qn_stream *s)
{
	qn_stream_unpair(s);
	spin_lock_bh(&s->lock);
	WRITE_ONCE(s->stopped, true);
	spin_unlock_bh(&s->lock);
}

/**
 * qn_stream_stop - before suspend: stop allocation and filling, erase everything
 * @s: the stream
 *
 * Context: process; may sleep. All is erased when this returns, also what a
 * pairing had left to the work.
 */
void qn_stream_stop(struct qn_stream *s)
{
	qn_stream_halt(s);
	spin_lock_bh(&s->lock);
	doom_below_locked(s, U64_MAX);
	spin_unlock_bh(&s->lock);
	qn_stream_wipe_doomed(s);
}

/**
 * qn_stream_start - after resume: take key again, in a new incarnation
 * @s: the stream
 */
void qn_stream_start(struct qn_stream *s)
{
	spin_lock_bh(&s->lock);
	WRITE_ONCE(s->stopped, false);
	spin_unlock_bh(&s->lock);
}
