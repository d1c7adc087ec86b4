// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the two ends of a stream show each other: segments held and done,
 * segments granted, segments set aside for applications.
 *
 * All of it is written so that a late or repeated message changes nothing: held
 * becomes shown once, done is for ever, a grant has one answer.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "ring.h"

/* The lane's current segment stays in the ring after its last octet. */
static bool used_up(const struct qn_segment *seg)
{
	return test_bit(QN_SEG_OWN, &seg->flags) &&
	       atomic64_read(&seg->cursor) == qn_segment_size(seg);
}

/*
 * What the window must reach down to: not segments set aside for applications,
 * which have a time of their own, and of a remote stream, whose lanes advance
 * each at its own pace and whose segments are shown by confirmation, only the
 * own, which may be marked done.
 */
static bool speaks_of(const struct qn_stream *s, const struct qn_segment *seg)
{
	return !test_bit(QN_SEG_SUPPLY, &seg->flags) &&
	       (!s->remote || test_bit(QN_SEG_OWN, &seg->flags));
}

/*
 * May the other end count on this segment? What it is told of stays until it is
 * done with it, so there is a limit: three eighths of the store for its lane; as
 * much is ours; a quarter is left for new key to land in.
 */
static bool tell(struct qn_stream *s, struct qn_segment *seg, u32 *told)
{
	if (test_bit(QN_SEG_OWN, &seg->flags) || s->remote)
		return true;
	if (!(READ_ONCE(seg->flags) & QN_SEG_PINNED)) {
		if (*told >= 3 * s->max_segs / 8)
			return false;
		set_bit(QN_SEG_TOLD, &seg->flags);
		++*told;
	}
	return true;
}

/**
 * qn_stream_window - what a HELLO shows of a stream
 * @s: stream
 * @next: remote stream: the next segment that this end generates; else ignored
 * @base: out: index of the first segment shown
 * @horizon: out: nothing below it comes that is not held now
 * @held: QN_WINDOW_BITS bits out: held whole
 * @done: QN_WINDOW_BITS bits out: gone or used up, so this end spends it no more
 *
 * Return: bits used, a multiple of 8.
 */
u32 qn_stream_window(struct qn_stream *s, u64 next, u64 *base, u64 *horizon,
		     u8 *held, u8 *done)
{
	struct qn_segment *seg;
	u64 low = U64_MAX, end, n;
	u32 i, told = 0;

	memset(held, 0, QN_WINDOW_BITS / 8);
	memset(done, 0, QN_WINDOW_BITS / 8);
	spin_lock_bh(&s->lock);
	*horizon = s->remote ? next : READ_ONCE(s->fill_next) >> s->shift;
	for (i = 0; i <= s->ring_mask; i++) {
		seg = qn_ring_locked(s, i);
		if (!seg)
			continue;
		if (seg->index < low && speaks_of(s, seg))
			low = seg->index;
		if (!test_bit(QN_SEG_OWN, &seg->flags) &&
		    READ_ONCE(seg->flags) & QN_SEG_PINNED)
			told++;
	}
	end = max(*horizon, s->top);
	*base = min(low, *horizon);
	n = min_t(u64, end - *base, QN_WINDOW_BITS);
	n = (n + 15) & ~15ULL;	/* so that what follows is aligned */
	if (n > QN_WINDOW_BITS)
		n = QN_WINDOW_BITS;
	/* The newest first: the other end is likeliest to hold those still. */
	for (i = n; i-- > 0;) {
		seg = qn_stream_at(s, *base + i);
		if (seg && test_bit(QN_SEG_WHOLE, &seg->flags) &&
		    tell(s, seg, &told))
			held[i / 8] |= 1 << (i % 8);
		if (seg ? used_up(seg) : *base + i < *horizon)
			done[i / 8] |= 1 << (i % 8);
	}
	spin_unlock_bh(&s->lock);
	return n;
}

static bool bit_of(const u8 *map, u32 bits, u64 base, u64 index)
{
	u64 i = index - base;

	return index >= base && i < bits && (map[i / 8] >> (i % 8) & 1);
}

/**
 * qn_stream_shown - take what the other end's HELLO shows
 * @s: stream, paired with the sender of the HELLO
 * @base: as in the HELLO
 * @horizon: as in the HELLO
 * @bits: bits in each map
 * @held: held whole there
 * @done: not spent by it any more
 * @now: jiffies
 *
 * Own segments that the other end holds become allocatable; those that it does
 * not hold and never will are erased. Segments that it owns and has done with
 * are noted, for qn_stream_expire().
 */
void qn_stream_shown(struct qn_stream *s, u64 base, u64 horizon, u32 bits,
		     const u8 *held, const u8 *done, unsigned long now)
{
	struct qn_segment *seg;
	u32 i;

	spin_lock_bh(&s->lock);
	for (i = 0; s->paired && i <= s->ring_mask; i++) {
		seg = qn_ring_locked(s, i);
		if (!seg)
			continue;
		if (!test_bit(QN_SEG_OWN, &seg->flags)) {
			/* Base does not speak of supply, the bits do. */
			if (!seg->done_at &&
			    ((seg->index < base && seg->index < horizon &&
			      !test_bit(QN_SEG_SUPPLY, &seg->flags)) ||
			     bit_of(done, bits, base, seg->index)))
				seg->done_at = now | 1;
			continue;
		}
		/* Remote: confirmation shows it. Supply: not for frames. */
		if (s->remote || !test_bit(QN_SEG_WHOLE, &seg->flags) ||
		    test_bit(QN_SEG_SUPPLY, &seg->flags))
			continue;
		if (bit_of(held, bits, base, seg->index)) {
			if (!test_bit(QN_SEG_SHOWN, &seg->flags))
				qn_stream_make_ready(s, seg);
		} else if (seg->index < base ? seg->index < horizon :
			   seg->index < horizon && seg->index - base < bits) {
			qn_stream_doom_locked(s, seg);
		}
	}
	spin_unlock_bh(&s->lock);
}

/**
 * qn_stream_expire - erase what the other end has been done with for a while
 * @s: stream
 * @now: jiffies
 * @grace: jiffies that frames under way are given
 *
 * Return: true if something is still waiting.
 */
bool qn_stream_expire(struct qn_stream *s, unsigned long now, unsigned long grace)
{
	struct qn_segment *seg;
	bool waiting = false;
	u32 i;

	spin_lock_bh(&s->lock);
	for (i = 0; i <= s->ring_mask; i++) {
		seg = qn_ring_locked(s, i);
		/*
		 * Supply has its own times to live. What is being agreed is
		 * still written to: the assembly drops it, under its own lock.
		 */
		if (!seg || !seg->done_at ||
		    test_bit(QN_SEG_SUPPLY, &seg->flags) ||
		    test_bit(QN_SEG_ASSEMBLY, &seg->flags))
			continue;
		if (time_after_eq(now, seg->done_at + grace))
			qn_stream_doom_locked(s, seg);
		else
			waiting = true;
	}
	spin_unlock_bh(&s->lock);
	return waiting;
}

/**
 * qn_stream_grant - give untouched segments to the other end
 * @s: link stream
 * @want: how many at the most
 * @index: their indexes, out
 *
 * Only segments born here, shown, and never allocated from; two stay.
 *
 * Return: how many were given; they can not be taken back.
 */
u32 qn_stream_grant(struct qn_stream *s, u32 want, u64 *index)
{
	struct qn_segment *seg, *tmp;
	u32 n = 0;

	spin_lock_bh(&s->lock);
	list_for_each_entry_safe_reverse(seg, tmp, &s->ready, ready) {
		if (n == want || s->ready_count <= 2)
			break;
		if (test_bit(QN_SEG_ADOPTED, &seg->flags) ||
		    !qn_segment_grant(seg))
			continue;
		list_del_init(&seg->ready);
		WRITE_ONCE(s->ready_count, s->ready_count - 1);
		atomic64_sub(qn_segment_size(seg), &s->gained);
		index[n++] = seg->index;
	}
	spin_unlock_bh(&s->lock);
	return n;
}

/**
 * qn_stream_adopt - become the owner of a segment that the other end granted
 * @s: link stream
 * @index: its index, born to the other end
 *
 * The first answer is remembered, so that a repeated GRANT gets the same one
 * even when the segment has been spent in between.
 *
 * Return: true if taken, false if not held.
 */
bool qn_stream_adopt(struct qn_stream *s, u64 index)
{
	struct qn_segment *seg;
	bool taken = false;
	u64 *answer;

	if (!s->granted)
		return false;
	answer = &s->granted[index & s->ring_mask];
	spin_lock_bh(&s->lock);
	if ((index & 1) == s->lane || index < s->floor || index >= 1ULL << 60)
		goto out;
	if (*answer >> 1 == index + 1) {
		taken = *answer & 1;
		goto out;
	}
	seg = qn_stream_at(s, index);
	/* One that came late may be about to go at the other end. */
	if (seg && index + qn_stream_reach(s) > READ_ONCE(s->fill_next) >> s->shift &&
	    test_bit(QN_SEG_WHOLE, &seg->flags) &&
	    !test_bit(QN_SEG_SUPPLY, &seg->flags) &&
	    !test_bit(QN_SEG_OWN, &seg->flags)) {
		seg->done_at = 0;
		atomic64_set(&seg->cursor, seg->start);
		set_bit(QN_SEG_ADOPTED, &seg->flags);
		set_bit(QN_SEG_OWN, &seg->flags);
		qn_stream_make_ready(s, seg);
		taken = true;
	}
	*answer = (index + 1) << 1 | taken;
out:
	spin_unlock_bh(&s->lock);
	return taken;
}

/**
 * qn_stream_supply_own - set one own untouched segment aside for applications
 * @s: the stream
 *
 * Return: it, under rcu_read_lock(); NULL if none can be spared.
 */
struct qn_segment *qn_stream_supply_own(struct qn_stream *s)
{
	struct qn_segment *seg, *found = NULL;
	s64 start;

	spin_lock_bh(&s->lock);
	list_for_each_entry(seg, &s->ready, ready) {
		if (s->ready_count <= 1 || !s->paired)
			break;
		start = seg->start;
		if (!atomic64_try_cmpxchg(&seg->cursor, &start, QN_CURSOR_CLOSED))
			continue;
		list_del_init(&seg->ready);
		WRITE_ONCE(s->ready_count, s->ready_count - 1);
		set_bit(QN_SEG_SUPPLY, &seg->flags);
		found = seg;
		break;
	}
	spin_unlock_bh(&s->lock);
	return found;
}

/**
 * qn_stream_supply_other - the other end set one of its segments aside
 * @s: the stream
 * @index: segment index
 *
 * Return: false if it is not held here. Idempotent.
 */
bool qn_stream_supply_other(struct qn_stream *s, u64 index)
{
	struct qn_segment *seg;
	bool ok = false;

	spin_lock_bh(&s->lock);
	seg = qn_stream_at(s, index);
	if (seg && test_bit(QN_SEG_WHOLE, &seg->flags) &&
	    !test_bit(QN_SEG_OWN, &seg->flags)) {
		set_bit(QN_SEG_SUPPLY, &seg->flags);
		seg->done_at = 0;
		ok = true;
	}
	spin_unlock_bh(&s->lock);
	return ok;
}

/**
 * qn_stream_supply_range - octets of a segment that serves applications
 * @s: stream, paired
 * @offset: first octet, whole granules
 * @len: octets, whole granules, 1,024 at the most
 * @r: out; to be won by qn_stream_claim() and erased
 *
 * Context: under rcu_read_lock(). Return: 0, -ENOENT, or -EALREADY.
 */
int qn_stream_supply_range(struct qn_stream *s, u64 offset, u32 len,
			   struct qn_range *r)
{
	u32 at = offset & ((1u << s->shift) - 1);
	struct qn_segment *seg;

	if (len > (1u << s->shift) - at || !READ_ONCE(s->paired))
		return -ENOENT;
	seg = qn_stream_segment(s, offset >> s->shift);
	if (!seg || !test_bit(QN_SEG_SUPPLY, &seg->flags))
		return -ENOENT;
	if (!qn_segment_is_open(seg, at, len))
		return -EALREADY;
	r->seg = seg;
	r->key = seg->data + at;
	r->offset = offset;
	r->at = at;
	r->len = len;
	return 0;
}

/**
 * qn_stream_supply_erase - erase what is left of a range that serves applications
 * @s: stream
 * @offset: first octet, whole granules
 * @len: octets, whole granules; in one segment
 *
 * Context: under rcu_read_lock().
 */
void qn_stream_supply_erase(struct qn_stream *s, u64 offset, u32 len)
{
	struct qn_segment *seg = qn_stream_segment(s, offset >> s->shift);
	u32 at = offset & ((1u << s->shift) - 1), n;
	bool whole;

	if (!seg || !test_bit(QN_SEG_SUPPLY, &seg->flags) ||
	    len > qn_segment_size(seg) - at)
		return;
	for (; len; len -= n, at += n) {
		n = min_t(u32, len, QN_WORD_OCTETS - at % QN_WORD_OCTETS);
		atomic64_add(qn_segment_claim(seg, at, n, &whole), &s->erased);
		if (whole)
			memzero_explicit(seg->data + at, n);
	}
}
