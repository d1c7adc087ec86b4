// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments: storage, claim bits and the allocation cursor.
 *
 * Two facts carry the whole of invariant 1 (no octet used twice):
 *
 * - the owner's cursor only moves forward, by compare-and-exchange, and is
 *   closed for ever by the value that grants the segment away;
 * - a claim bit is won by exactly one atomic operation, and only its winner
 *   touches the granule from then on.
 *
 * Bits are born set, and filling clears them. So a hole, an erased range and a
 * spent one look alike: nothing there to verify a frame with.
 */
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mem.h"
#include "segment.h"

static u32 segment_words(u8 shift)
{
	return (1u << shift) / QN_WORD_OCTETS;
}

static long segment_charge(u8 shift)
{
	return (1L << shift) + sizeof(struct qn_segment) +
	       segment_words(shift) * sizeof(atomic64_t);
}

/**
 * qn_segment_new - a segment without key, charged to a budget
 * @index: its place in the stream
 * @shift: log2 of its octets
 * @start: first octet that may be allocated
 * @mem: budget; may be NULL
 * @gfp: context of the caller
 *
 * Return: the segment, zeroed, every claim bit set, cursor closed; NULL if
 * memory or budget is short.
 */
struct qn_segment *qn_segment_new(u64 index, u8 shift, u8 start,
				  struct qn_mem *mem, gfp_t gfp)
{
	u32 words = segment_words(shift), i;
	struct mem_cgroup *before;
	struct qn_segment *seg;

	if (mem && !qn_mem_charge(mem, segment_charge(shift)))
		return NULL;
	before = qn_mem_enter(mem);
	seg = kzalloc(struct_size(seg, claim, words), gfp | __GFP_NOWARN);
	if (seg)
		seg->data = kvzalloc(1UL << shift, gfp | __GFP_NOWARN);
	qn_mem_leave(mem, before);
	if (!seg)
		goto uncharge;
	if (!seg->data)
		goto free;
	seg->index = index;
	seg->shift = shift;
	seg->start = start;
	seg->mem = mem;
	atomic64_set(&seg->cursor, QN_CURSOR_CLOSED);
	INIT_LIST_HEAD(&seg->ready);
	for (i = 0; i < words; i++)
		atomic64_set(&seg->claim[i], -1LL);
	return seg;

free:
	kfree(seg);
uncharge:
	if (mem)
		qn_mem_uncharge(mem, segment_charge(shift), NULL);
	return NULL;
}

/**
 * qn_segment_affordable - has a budget room for another segment?
 * @shift: log2 of its octets
 * @mem: budget; NULL has all
 */
bool qn_segment_affordable(u8 shift, const struct qn_mem *mem)
{
	return qn_mem_has(mem, segment_charge(shift));
}

static void segment_release(struct qn_segment *seg)
{
	/*
	 * Spent and erased granules were wiped by whoever won them. A segment
	 * that was being assembled has key under bits that are still set.
	 */
	if (test_bit(QN_SEG_ASSEMBLY, &seg->flags))
		memzero_explicit(seg->data, qn_segment_size(seg));
	kvfree(seg->data);
	kfree_sensitive(seg);
}

static void segment_uncharge(struct qn_segment *seg)
{
	if (seg->mem)
		qn_mem_uncharge(seg->mem, segment_charge(seg->shift), NULL);
	seg->mem = NULL;
}

/**
 * qn_segment_free - free a segment that nobody else has ever reached
 * @seg: the segment
 */
void qn_segment_free(struct qn_segment *seg)
{
	if (!seg)
		return;
	segment_uncharge(seg);
	segment_release(seg);
}

static void segment_release_cb(struct rcu_head *rcu)
{
	segment_release(container_of(rcu, struct qn_segment, rcu));
}

/**
 * qn_segment_free_rcu - free a segment once no reader can hold a range of it
 * @seg: the segment
 *
 * The budget is given back at once: it may be gone when the callback runs.
 */
void qn_segment_free_rcu(struct qn_segment *seg)
{
	segment_uncharge(seg);
	call_rcu(&seg->rcu, segment_release_cb);
}

/* The bits of @word that granules [at, at + len) of the segment fall on. */
static u64 word_mask(u32 word, u32 at, u32 len)
{
	u32 first = word * QN_WORD_OCTETS;
	u32 lo = at > first ? (at - first) >> QN_GRANULE_SHIFT : 0;
	u32 hi = (at + len - first + QN_GRANULE - 1) >> QN_GRANULE_SHIFT;

	return GENMASK_ULL((hi > 64 ? 64 : hi) - 1, lo);
}

#define for_each_word(word, mask, at, len)				\
	for ((word) = (at) / QN_WORD_OCTETS;				\
	     (word) * QN_WORD_OCTETS < (at) + (len) &&			\
	     ((mask) = word_mask(word, at, len), true);			\
	     (word)++)

/**
 * qn_segment_open - clear the claim bits of granules that have just been filled
 * @seg: segment
 * @at: first octet, whole granules
 * @len: octets, whole granules
 *
 * The octets must be written before. Return: octets opened.
 */
u32 qn_segment_open(struct qn_segment *seg, u32 at, u32 len)
{
	u32 word, opened = 0;
	u64 mask;

	for_each_word(word, mask, at, len) {
		/* Fully ordered: key is there before it can be claimed. */
		u64 old = atomic64_fetch_and(~mask, &seg->claim[word]);

		opened += hweight64(old & mask) << QN_GRANULE_SHIFT;
	}
	return opened;
}

/**
 * qn_segment_is_open - nothing of the range was spent, erased or never filled
 * @seg: the segment
 * @at: first octet, whole granules
 * @len: octets, whole granules
 *
 * A look only: qn_segment_claim() decides.
 */
bool qn_segment_is_open(const struct qn_segment *seg, u32 at, u32 len)
{
	u64 mask;
	u32 word;

	for_each_word(word, mask, at, len)
		if (atomic64_read(&seg->claim[word]) & mask)
			return false;
	/* Pairs with qn_segment_open(): bits were read before key is. */
	smp_rmb();
	return true;
}

/**
 * qn_segment_held - octets that nobody has spent or erased
 * @seg: the segment
 */
u32 qn_segment_held(const struct qn_segment *seg)
{
	u32 word, held = 0;

	for (word = 0; word < segment_words(seg->shift); word++)
		held += 64 - hweight64(atomic64_read(&seg->claim[word]));
	return held << QN_GRANULE_SHIFT;
}

/**
 * qn_segment_take - move the owner's cursor over a range
 * @seg: segment that this end owns
 * @len: octets, whole granules
 * @align: power of two, octets
 * @limit: do not go beyond this octet
 * @at: first octet, out
 *
 * The cursor can only move forward or fail; it never wraps, for it never
 * exceeds @limit, and QN_CURSOR_* exceed every limit. No lock among CPUs.
 *
 * Return: true if the range is the caller's to claim.
 */
bool qn_segment_take(struct qn_segment *seg, u32 len, u32 align, u32 limit,
		     u32 *at)
{
	s64 old = atomic64_read(&seg->cursor), first;

	do {
		first = (old + align - 1) & ~((s64)align - 1);
		if (first + len > limit)
			return false;
	} while (!atomic64_try_cmpxchg(&seg->cursor, &old, first + len));
	*at = first;
	return true;
}

/**
 * qn_segment_claim - win granules by atomic test-and-set, ascending
 * @seg: segment
 * @at: first octet, whole granules
 * @len: octets, whole granules
 * @whole: out: every granule was won
 *
 * If some were not won, what was won is erased here: it stays claimed and
 * nothing is rolled back.
 *
 * Return: octets won.
 */
u32 qn_segment_claim(struct qn_segment *seg, u32 at, u32 len, bool *whole)
{
	u64 mask, won_mask[(1 << QN_SHIFT_MIN) / QN_WORD_OCTETS], missed = 0;
	u32 first = at / QN_WORD_OCTETS, word, won = 0;

	*whole = false;
	/* QN_ALLOC_MAX octets span three words at most. */
	if (WARN_ON_ONCE((at + len - 1) / QN_WORD_OCTETS - first >=
			 ARRAY_SIZE(won_mask)))
		return 0;
	for_each_word(word, mask, at, len) {
		u64 old = atomic64_fetch_or(mask, &seg->claim[word]);

		won_mask[word - first] = mask & ~old;
		missed |= mask & old;
	}
	if (likely(!missed)) {
		*whole = true;
		return len;
	}

	for_each_word(word, mask, at, len) {
		u64 bits = won_mask[word - first];

		won += hweight64(bits) << QN_GRANULE_SHIFT;
		for (; bits; bits &= bits - 1)
			memzero_explicit(seg->data + word * QN_WORD_OCTETS +
					 (__ffs64(bits) << QN_GRANULE_SHIFT),
					 QN_GRANULE);
	}
	return won;
}

/**
 * qn_segment_close - let nothing be allocated from a segment any more
 * @seg: the segment; nobody grants or adopts it meanwhile
 */
void qn_segment_close(struct qn_segment *seg)
{
	if (atomic64_read(&seg->cursor) != QN_CURSOR_GRANTED)
		atomic64_set(&seg->cursor, QN_CURSOR_CLOSED);
}

/**
 * qn_segment_wipe - win and erase whatever nobody has spent
 * @seg: the segment
 *
 * Closes the cursor first, so that an owner's allocation under way either
 * precedes or fails. Return: octets erased.
 */
u32 qn_segment_wipe(struct qn_segment *seg)
{
	u32 word, won = 0;

	qn_segment_close(seg);
	for (word = 0; word < segment_words(seg->shift); word++) {
		u64 bits = ~atomic64_fetch_or(-1LL, &seg->claim[word]);
		u8 *key = seg->data + word * QN_WORD_OCTETS;

		won += hweight64(bits) << QN_GRANULE_SHIFT;
		if (bits == ~0ULL) {
			memzero_explicit(key, QN_WORD_OCTETS);
			continue;
		}
		for (; bits; bits &= bits - 1)
			memzero_explicit(key + (__ffs64(bits) << QN_GRANULE_SHIFT),
					 QN_GRANULE);
	}
	return won;
}

/**
 * qn_segment_grant - give an untouched segment away
 * @seg: the segment
 *
 * Compare-and-exchange on the word that the allocator moves: either the first
 * allocation wins, or the grant does, never both.
 *
 * Return: true if it is the other end's from now on.
 */
bool qn_segment_grant(struct qn_segment *seg)
{
	s64 start = seg->start;

	if (!atomic64_try_cmpxchg(&seg->cursor, &start, QN_CURSOR_GRANTED))
		return false;
	set_bit(QN_SEG_GRANTED, &seg->flags);
	clear_bit(QN_SEG_OWN, &seg->flags);
	return true;
}
