// SPDX-License-Identifier: GPL-2.0-only
/*
 * What fills a stream: octets that a source delivered, and segments that are
 * agreed by relay.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ring.h"

/*
 * Key that finds no memory is let go of, as that is cheap; processes of the group
 * that pays are not killed for it.
 */
#define GFP_STORE	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL)

static bool born_here(const struct qn_stream *s, u64 index)
{
	return (index & 1) == s->lane;
}

/*
 * Make room by erasing the oldest segment that neither end counts on: an own one
 * that was not shown, or one of the other end's that it was not told of.
 */
static bool drop_oldest_locked(struct qn_stream *s)
{
	struct qn_segment *seg, *oldest = NULL;
	u32 i;

	qn_ring_for_each(s, i, seg)
		if (!(READ_ONCE(seg->flags) & QN_SEG_PINNED) &&
		    (!oldest || seg->index < oldest->index))
			oldest = seg;
	if (oldest)
		qn_stream_drop_locked(s, oldest);
	return oldest;
}

/*
 * The stream is at @index: what is so far behind that a HELLO could no longer
 * show both goes. Its owner lets go first, and says so in its HELLOs; frames under
 * way then find their key at the other end, which holds it until the ring comes
 * round. Segments set aside for applications stay, and so do those that are being
 * agreed: the generator or the assembly still writes to them, and lets go of them
 * itself.
 */
static void drop_behind_locked(struct qn_stream *s, u64 index)
{
	const unsigned long stay = BIT(QN_SEG_SUPPLY) | BIT(QN_SEG_ASSEMBLY);
	u32 reach = qn_stream_reach(s);
	struct qn_segment *seg;

	lockdep_assert_held(&s->lock);
	seg = qn_ring_locked(s, index - reach);
	if (seg && seg->index + reach <= index &&
	    test_bit(QN_SEG_OWN, &seg->flags) &&
	    !(READ_ONCE(seg->flags) & stay))
		qn_stream_drop_locked(s, seg);
	seg = qn_ring_locked(s, index);
	if (seg && seg->index < index && !(READ_ONCE(seg->flags) & stay))
		qn_stream_drop_locked(s, seg);
}

static void held_locked(struct qn_stream *s, u64 index)
{
	if (index >= s->top)
		s->top = index + 1;
}

/*
 * Put a fresh segment into its slot, which is free. What the other end generates
 * counts as held once it is whole: one chunk, from whoever has one route, must
 * not move the barrier of the next pairing out of reach.
 */
static void insert_locked(struct qn_stream *s, struct qn_segment *seg)
{
	s->count++;
	if (!s->remote || test_bit(QN_SEG_OWN, &seg->flags))
		held_locked(s, seg->index);
	rcu_assign_pointer(*qn_ring_slot(s, seg->index), seg);
}

/*
 * Have the segment that a source fills next in the ring. A full stream gives up
 * the oldest that neither end counts on. Both are given the same blocks, so the
 * newest are the same at both, whenever either came to be full; and what both
 * know of stays. Refusing all new key instead would make the stores drift apart,
 * since the ends have room at different times, and what only one end holds is
 * of no use. A stream that the node's memory limits before its own does the same,
 * and so does one for which the kernel has none.
 */
static void filling(struct qn_stream *s, u64 index)
{
	struct qn_segment *seg;
	bool full;

	spin_lock_bh(&s->lock);
	seg = qn_stream_at(s, index);
	full = !seg && s->count >= s->max_segs;
	if (!seg && !qn_segment_affordable(s->shift, s->mem)) {
		full = true;
		WRITE_ONCE(s->short_of_memory, true);
	}
	if (full)
		full = !drop_oldest_locked(s);
	spin_unlock_bh(&s->lock);
	if (seg || full || index < READ_ONCE(s->floor))
		return;

	seg = qn_segment_new(index, s->shift, 0, s->mem, GFP_STORE);
	if (!seg) {
		spin_lock_bh(&s->lock);
		/* What goes makes room for the next. */
		drop_oldest_locked(s);
		if (qn_segment_affordable(s->shift, s->mem))
			WRITE_ONCE(s->no_memory, true);
		else
			WRITE_ONCE(s->short_of_memory, true);
		spin_unlock_bh(&s->lock);
		return;
	}
	spin_lock_bh(&s->lock);
	drop_behind_locked(s, index);
	if (index < s->floor || s->stopped || qn_ring_locked(s, index)) {
		spin_unlock_bh(&s->lock);
		qn_segment_free(seg);
		return;
	}
	if (born_here(s, index)) {
		set_bit(QN_SEG_OWN, &seg->flags);
		atomic64_set(&seg->cursor, seg->start);
	}
	insert_locked(s, seg);
	spin_unlock_bh(&s->lock);
}

/* Fills only go forward: a segment passed by with a hole in it is of no use. */
static void drop_passed(struct qn_stream *s, u64 from, u64 to)
{
	struct qn_segment *seg;

	if (to - from > s->ring_mask)
		from = to - s->ring_mask - 1;
	spin_lock_bh(&s->lock);
	for (; from < to; from++) {
		seg = qn_stream_at(s, from);
		if (seg && !test_bit(QN_SEG_WHOLE, &seg->flags))
			qn_stream_drop_locked(s, seg);
		drop_behind_locked(s, from + 1);
	}
	spin_unlock_bh(&s->lock);
}

/**
 * qn_stream_fill - put key that a source delivered into its place
 * @s: stream fed by a QKD link
 * @offset: octet offset, a multiple of 16
 * @key: key; the caller erases it
 * @len: octets, a multiple of 16
 *
 * Fills go forward only: what begins before the end of the last fill is refused
 * whole. What lies below the barrier, or finds no room, is counted as refused;
 * the rest is taken.
 *
 * Context: process; may sleep. Return: octets taken, -EINVAL for a range that
 * is not of whole granules or wraps, -ESTALE for a repeat or a rewind.
 */
int qn_stream_fill(struct qn_stream *s, u64 offset, const u8 *key, u32 len)
{
	u32 size = 1u << s->shift, taken = 0;
	struct qn_segment *seg;

	if ((offset | len) & (QN_GRANULE - 1) || !len || len > INT_MAX ||
	    offset + len < offset)
		return -EINVAL;

	mutex_lock(&s->fill_lock);
	if (offset < s->fill_next) {
		mutex_unlock(&s->fill_lock);
		return -ESTALE;
	}
	drop_passed(s, s->fill_next >> s->shift, offset >> s->shift);
	if (offset > s->fill_next && (offset & (size - 1)))
		/* A gap inside this segment: it can never be whole. */
		drop_passed(s, offset >> s->shift, (offset >> s->shift) + 1);

	while (len) {
		u32 at = offset & (size - 1), n = min(len, size - at);
		u64 index = offset >> s->shift;

		/* What begins inside a segment that is not here stays a hole. */
		if (!at)
			filling(s, index);
		/* Under the lock, so that nobody drops what is being written. */
		spin_lock_bh(&s->lock);
		seg = qn_stream_at(s, index);
		if (seg && seg->filled == at && !s->stopped) {
			memcpy(seg->data + at, key, n);
			/* Counted first: books never show more spent than in. */
			atomic64_add(n, &s->in);
			qn_segment_open(seg, at, n);
			seg->filled += n;
			taken += n;
			if (seg->filled == size)
				set_bit(QN_SEG_WHOLE, &seg->flags);
		} else {
			atomic64_add(n, &s->refused);
		}
		spin_unlock_bh(&s->lock);
		offset += n;
		key += n;
		len -= n;
		if (!(offset & (size - 1)))
			drop_passed(s, index, index + 1);
	}
	WRITE_ONCE(s->fill_next, offset);
	mutex_unlock(&s->fill_lock);
	return taken;
}

static bool spare_add(struct qn_stream *s, gfp_t gfp)
{
	/* The first 32 octets are the confirmation key. */
	struct qn_segment *seg = qn_segment_new(0, s->shift, QN_KEY_OCTETS,
						s->mem, gfp);

	if (!seg)
		return false;
	spin_lock_bh(&s->lock);
	list_add(&seg->ready, &s->spare);
	WRITE_ONCE(s->spare_count, s->spare_count + 1);
	spin_unlock_bh(&s->lock);
	return true;
}

/**
 * qn_stream_spares - keep segments ready for softirq to assemble in
 * @s: remote stream
 * @want: how many; what is more is freed
 *
 * Context: process; may sleep.
 */
void qn_stream_spares(struct qn_stream *s, u32 want)
{
	struct qn_segment *seg;

	while (READ_ONCE(s->spare_count) < want)
		if (!spare_add(s, GFP_STORE))
			return;
	while (READ_ONCE(s->spare_count) > want) {
		spin_lock_bh(&s->lock);
		seg = list_first_entry_or_null(&s->spare, struct qn_segment,
					       ready);
		if (seg) {
			list_del_init(&seg->ready);
			WRITE_ONCE(s->spare_count, s->spare_count - 1);
		}
		spin_unlock_bh(&s->lock);
		qn_segment_free(seg);
	}
}

/*
 * A fast stream can use up what is spare before the tick gets the processor
 * again, and then every frame for the next segment is lost. Memory that must not
 * be waited for is better than that, if there is any.
 */
static void spare_now(struct qn_stream *s)
{
	if (!READ_ONCE(s->spare_count))
		spare_add(s, GFP_ATOMIC | __GFP_ACCOUNT);
}

/**
 * qn_stream_assemble - a segment to put relayed key into
 * @s: remote stream
 * @index: its index; not in the stream yet
 * @own: this end generates it
 *
 * Every claim bit stays set until qn_stream_publish().
 *
 * Context: any, under rcu_read_lock(). Return: the segment, or NULL if none is
 * spare, there is no room, or @index is below the barrier or already there.
 */
struct qn_segment *qn_stream_assemble(struct qn_stream *s, u64 index, bool own)
{
	struct qn_segment *seg = NULL;
	u64 from;

	spare_now(s);
	spin_lock_bh(&s->lock);
	if (!s->paired || s->stopped || index < s->floor ||
	    s->count >= s->max_segs || rcu_access_pointer(*qn_ring_slot(s, index)))
		goto out;
	seg = list_first_entry_or_null(&s->spare, struct qn_segment, ready);
	if (!seg)
		goto out;
	list_del_init(&seg->ready);
	WRITE_ONCE(s->spare_count, s->spare_count - 1);
	seg->index = index;
	set_bit(QN_SEG_ASSEMBLY, &seg->flags);
	if (own) {
		set_bit(QN_SEG_OWN, &seg->flags);
		/* Also for indexes that were passed over. */
		from = READ_ONCE(s->fill_next) >> s->shift;
		if (from + s->ring_mask < index)
			from = index - s->ring_mask;
		for (from += (from ^ index) & 1; from <= index; from += 2)
			drop_behind_locked(s, from);
		WRITE_ONCE(s->fill_next, (index + 1) << s->shift);
	}
	insert_locked(s, seg);
out:
	spin_unlock_bh(&s->lock);
	return seg;
}

/**
 * qn_stream_publish - a relayed segment is whole and confirmed: it may be spent
 * @s: remote stream
 * @seg: from qn_stream_assemble(), complete; its confirmation key is erased here
 *
 * Context: any, under rcu_read_lock().
 */
void qn_stream_publish(struct qn_stream *s, struct qn_segment *seg)
{
	u32 size = qn_segment_size(seg);

	spin_lock_bh(&s->lock);
	if (qn_stream_at(s, seg->index) != seg ||
	    !test_and_clear_bit(QN_SEG_ASSEMBLY, &seg->flags))
		goto out;
	memzero_explicit(seg->data, seg->start);
	held_locked(s, seg->index);
	seg->filled = size;
	atomic64_add(size - seg->start, &s->in);
	qn_segment_open(seg, seg->start, size - seg->start);
	set_bit(QN_SEG_WHOLE, &seg->flags);
	if (test_bit(QN_SEG_OWN, &seg->flags)) {
		atomic64_set(&seg->cursor, seg->start);
		qn_stream_make_ready(s, seg);
	}
out:
	spin_unlock_bh(&s->lock);
}
