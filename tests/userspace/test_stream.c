// SPDX-License-Identifier: GPL-2.0-or-later
/* One stream at a time: filling, spending, showing, granting, supply. */
#include <linux/bitops.h>

#include "test.h"

#define SEG 4096u		/* octets of a segment, shift 12 */
#define SHIFT 12

static u64 level(struct qn_stream *s)
{
	return qn_stream_level(s);
}

static struct qn_books books(struct qn_stream *s)
{
	struct qn_books b;

	qn_stream_books(s, &b);
	return b;
}

/* Allocate, compare with what the source delivered, erase. */
static int alloc_one(struct qn_stream *s, u64 seed, u32 len, enum qn_alloc how,
		     u64 *offset)
{
	struct qn_range r;
	int err;

	rcu_read_lock();
	err = qn_stream_alloc(s, len, how, &r);
	if (!err) {
		CHECK(key_is(r.key, seed, r.offset, r.len), "wrong key");
		CHECK(r.len >= len && r.len < len + 16);
		CHECK(r.offset == (r.seg->index << SHIFT) + r.at);
		if (offset)
			*offset = r.offset;
		qn_range_erase(&r);
	}
	rcu_read_unlock();
	return err;
}

/* What a frame that names a range does. */
static int claim_one(struct qn_stream *s, u64 seed, u64 offset, u32 len)
{
	struct qn_range r;
	int err;

	rcu_read_lock();
	err = qn_stream_peek(s, offset, len, false, &r);
	if (!err) {
		CHECK(key_is(r.key, seed, offset, len), "wrong key");
		if (qn_stream_claim(s, &r))
			qn_range_erase(&r);
		else
			err = -EALREADY;
	}
	rcu_read_unlock();
	return err;
}

/* Paired from the start, n segments whole and shown. */
static struct qn_stream *ready_stream(u8 lane, u32 max_segs, u64 n)
{
	struct qn_stream *s = stream_make(SHIFT, lane, max_segs, NULL);

	qn_stream_pair(s, 0);
	stream_fill_segments(s, 1, 0, n);
	stream_show_all(s);
	return s;
}

static void done_with(struct qn_stream *s)
{
	BALANCED(s);
	CHECK(!key_somewhere(s, sizeof(*s)));
	qn_stream_free(s);
}

/* --- filling --------------------------------------------------------------------- */

static void fill_refuses_bad_ranges(void)
{
	struct qn_stream *s = stream_make(SHIFT, 0, 8, NULL);
	u8 key[64] = { 0 };

	CHECK(qn_stream_fill(s, 0, key, 0) == -EINVAL);
	CHECK(qn_stream_fill(s, 8, key, 16) == -EINVAL);
	CHECK(qn_stream_fill(s, 0, key, 24) == -EINVAL);
	CHECK(qn_stream_fill(s, 0, key, 1U << 31) == -EINVAL);
	CHECK(qn_stream_fill(s, ~0ULL - 15, key, 32) == -EINVAL, "wraps");
	CHECK(books(s).in == 0 && books(s).refused == 0);
	CHECK(stream_fill(s, 1, 0, 64) == 64);
	CHECK(stream_fill(s, 1, 0, 64) == -ESTALE, "repeated");
	CHECK(stream_fill(s, 1, 48, 64) == -ESTALE, "rewound");
	CHECK(books(s).in == 64);
	CHECK(stream_fill(s, 1, 64, 64) == 64);
	done_with(s);
}

/* Blocks of any size and of any loss: what is whole is right, and there is no rest. */
static void fill_with_blocks_lost(void)
{
	static const u32 sizes[] = { 16, 512, 4096, 1536, 5120, 12288, 4112, 65536 };
	u64 rnd = test_seed, i, index, whole;
	struct qn_segment *seg;
	size_t k;

	for (k = 0; k < ARRAY_SIZE(sizes); k++) {
		u32 n = sizes[k], lost = 0, taken = 0;
		struct qn_stream *s = stream_make(SHIFT, 0, 512, NULL);
		u8 have[1024] = { 0 };
		u64 blocks = 1000000 / n;

		if (blocks > 4000)
			blocks = 4000;
		for (i = 0; i < blocks; i++) {
			if (chance(&rnd, 10)) {
				lost++;
				for (index = i * n / SEG; index * SEG < (i + 1) * n; index++)
					have[index] = 1;	/* has a hole */
				continue;
			}
			taken += stream_fill(s, 1, i * n, n);
			if (chance(&rnd, 5))
				CHECK(stream_fill(s, 1, i * n, n) == -ESTALE);
		}
		CHECK(lost || blocks < 100);
		/* A whole block behind, to pass the last one by. */
		index = (blocks * n / SEG + 1) * SEG;
		stream_fill(s, 1, index, 16);
		whole = 0;
		rcu_read_lock();
		for (i = 0; (i + 1) * SEG <= blocks * n; i++) {
			seg = qn_stream_segment(s, i);
			whole += !have[i];
			CHECK(!!seg == !have[i], "segment %llu, blocks of %u",
			      (unsigned long long)i, n);
			if (seg) {
				CHECK(test_bit(QN_SEG_WHOLE, &seg->flags));
				CHECK(key_is(seg->data, 1, i * SEG, SEG));
			}
		}
		rcu_read_unlock();
		CHECK(s->count <= whole + 1, "%u segments, %llu whole, blocks of %u",
		      s->count, (unsigned long long)whole, n);
		CHECK(books(s).held <= whole * SEG + 16);
		CHECK(books(s).in + books(s).refused == taken + 16 + books(s).refused);
		done_with(s);
	}
}

/* After a long outage what is far behind goes, so that a HELLO can show the new. */
static void fill_after_a_long_outage(void)
{
	struct qn_stream *s = ready_stream(0, 16, 6);
	u8 held[QN_WINDOW_BITS / 8], done[QN_WINDOW_BITS / 8];
	u64 base, horizon, i;
	u32 bits;

	stream_fill_segments(s, 1, 1000010, 8);
	bits = qn_stream_window(s, 0, &base, &horizon, held, done);
	CHECK(horizon == 1000018);
	for (i = 1000010; i < 1000018; i++)
		REQUIRE(i >= base && i < base + bits &&
			(held[(i - base) / 8] >> (i - base) % 8 & 1),
			"segment %llu is not shown", (unsigned long long)i);
	stream_show_all(s);
	CHECK(level(s) == 4 * SEG);
	done_with(s);
}

static bool segment_at(struct qn_stream *s, u64 index)
{
	bool found;

	rcu_read_lock();
	found = qn_stream_segment(s, index);
	rcu_read_unlock();
	return found;
}

static void full_store(void)
{
	struct qn_stream *s = stream_make(SHIFT, 0, 8, NULL);
	u64 i;

	/* Without a pairing the newest stay ... */
	stream_fill_segments(s, 1, 0, 20);
	rcu_read_lock();
	for (i = 0; i < 20; i++)
		CHECK(!!qn_stream_segment(s, i) == (i >= 12));
	rcu_read_unlock();
	CHECK(books(s).erased == 12 * SEG);
	BALANCED(s);
	/* ... and with one, as long as neither end counts on them. */
	qn_stream_pair(s, 0);
	stream_fill_segments(s, 1, 20, 1);
	CHECK(!segment_at(s, 12) && segment_at(s, 13));
	/* Shown: four own ones and the newest three of the other end's. */
	stream_show_all(s);
	stream_fill_segments(s, 1, 21, 2);
	CHECK(!segment_at(s, 13) && !segment_at(s, 21) && segment_at(s, 22));
	for (i = 14; i <= 20; i++)
		CHECK(segment_at(s, i), "%llu was counted on",
		      (unsigned long long)i);
	/* All of it is counted on now: new key finds no room. */
	stream_show_all(s);
	CHECK(books(s).refused == 0);
	CHECK(stream_fill(s, 1, 23 * SEG, SEG) == 0);
	CHECK(books(s).refused == SEG && books(s).held == 8 * SEG);
	qn_stream_drop(s, 14);
	CHECK(stream_fill(s, 1, 24 * SEG, SEG) == SEG);
	done_with(s);
}

static void out_of_memory(void)
{
	struct qn_mem mem;
	struct qn_stream *s;
	int n;

	for (n = 0; n < 3; n++) {
		shim_fail_after(n);
		CHECK(!stream_make(SHIFT, 0, 8, NULL));
	}
	shim_fail_after(-1);
	qn_mem_init(&mem, 1 << 20, NULL);
	s = stream_make(SHIFT, 0, 64, &mem);
	stream_fill_segments(s, 1, 0, 2);
	for (n = 0; n < 2; n++) {
		shim_fail_after(n);
		CHECK(stream_fill(s, 1, (2 + n) * SEG, SEG) == 0);
		shim_fail_after(-1);
	}
	/* It goes on by itself. */
	CHECK(stream_fill(s, 1, 4 * SEG, SEG) == SEG);
	CHECK(books(s).refused == 2 * SEG && books(s).in == 3 * SEG);
	/* In the middle of a segment: it stays a hole, the next is whole. */
	CHECK(stream_fill(s, 1, 5 * SEG, 1024) == 1024);
	mem.max = 0;
	CHECK(stream_fill(s, 1, 5 * SEG + 1024, SEG) == 3072);
	mem.max = 1 << 20;
	CHECK(stream_fill(s, 1, 6 * SEG + 1024, 3072 + SEG) == SEG);
	done_with(s);
	CHECK(atomic_long_read(&mem.used) == 0);
}

/* A node's memory may end before the stream's own bound: the newest stay as well. */
static void spent_budget(void)
{
	struct qn_mem node, mem;
	struct qn_stream *s;
	u64 i;

	qn_mem_init(&node, 8 * SEG, NULL);
	qn_mem_init(&mem, 1 << 30, &node);
	s = stream_make(SHIFT, 0, 64, &mem);
	stream_fill_segments(s, 1, 0, 20);
	CHECK(s->short_of_memory);
	CHECK(books(s).refused == 0);
	for (i = 0; i < 20; i++)
		CHECK(segment_at(s, i) == (i >= 13), "segment %llu",
		      (unsigned long long)i);
	CHECK(atomic_long_read(&node.used) <= node.max);
	BALANCED(s);
	/* All of it is counted on: no room for more until some has gone. */
	qn_stream_pair(s, 0);
	stream_show_all(s);
	for (i = 20; i < 24; i++) {
		stream_fill(s, 1, i * SEG, SEG);
		stream_show_all(s);
	}
	CHECK(stream_fill(s, 1, 24 * SEG, SEG) == 0);
	CHECK(segment_at(s, 14) && segment_at(s, 16) && segment_at(s, 18));
	qn_stream_drop(s, 14);
	CHECK(stream_fill(s, 1, 25 * SEG, SEG) == SEG);
	/* Less memory than is held: it comes down with what comes in. */
	qn_stream_unpair(s);
	node.max = 4 * SEG;
	for (i = 26; i < 30; i++)
		stream_fill(s, 1, i * SEG, SEG);
	CHECK(atomic_long_read(&node.used) <= 4 * SEG);
	done_with(s);
	CHECK(atomic_long_read(&node.used) == 0);
}

/* --- spending -------------------------------------------------------------------- */

static void lanes_are_apart(void)
{
	struct qn_stream *a = ready_stream(0, 32, 20), *b = ready_stream(1, 32, 20);
	u64 rnd = test_seed, offset;
	u64 end[2] = { 0 };
	u32 got = 0;

	for (;;) {
		bool bulk = chance(&rnd, 60);
		u32 len = bulk ? 1024 : 16 + below(&rnd, 900);

		if (!bulk && len > 1008)
			len = 1008;
		if (alloc_one(a, 1, len, QN_ALLOC_DATA, &offset))
			break;
		CHECK(!(offset >> SHIFT & 1), "not this lane's");
		CHECK(offset % (bulk ? 1024 : 16) == 0);
		CHECK(offset >= end[bulk]);
		end[bulk] = offset + len;
		got += len;
		/* Both ends hold it; the other one claims it, once. */
		len = (len + 15) & ~15;
		CHECK(claim_one(b, 1, offset, len) == 0);
		CHECK(claim_one(b, 1, offset, len) == -EALREADY, "replayed");
		CHECK(claim_one(a, 1, offset, len) != 0, "claimed by its owner");
	}
	CHECK(got > 8 * SEG * 9 / 10, "only %u", got);
	CHECK(books(b).spent >= got);
	done_with(a);
	done_with(b);
}

static void nothing_unshown_or_unpaired(void)
{
	struct qn_stream *s = stream_make(SHIFT, 0, 32, NULL);
	struct qn_range r;
	u64 offset;

	stream_fill_segments(s, 1, 0, 8);
	CHECK(alloc_one(s, 1, 32, QN_ALLOC_CONTROL, NULL) == -ENOBUFS, "unpaired");
	CHECK(claim_one(s, 1, SEG, 32) == -ENOENT, "unpaired");
	rcu_read_lock();
	CHECK(qn_stream_peek(s, SEG, 32, true, &r) == 0, "a PROBE may");
	rcu_read_unlock();
	qn_stream_pair(s, 0);
	CHECK(alloc_one(s, 1, 32, QN_ALLOC_DATA, NULL) == -ENOBUFS, "not shown");
	CHECK(alloc_one(s, 1, 32, QN_ALLOC_CONTROL, NULL) == -ENOBUFS, "not shown");
	/* HELLO may, from another segment each time. */
	CHECK(alloc_one(s, 1, 32, QN_ALLOC_HELLO, &offset) == 0 && offset == 0);
	CHECK(alloc_one(s, 1, 32, QN_ALLOC_HELLO, &offset) == 0 && offset == 2 * SEG);
	stream_show_all(s);
	CHECK(level(s) == 4 * SEG - 64);
	CHECK(alloc_one(s, 1, 1024, QN_ALLOC_DATA, &offset) == 0 && offset == 1024);
	qn_stream_unpair(s);
	CHECK(alloc_one(s, 1, 32, QN_ALLOC_DATA, NULL) == -ENOBUFS);
	CHECK(level(s) == 0);
	done_with(s);
}

static void control_has_a_reserve(void)
{
	struct qn_stream *s = ready_stream(0, 32, 12);
	u32 data = 0, control = 0;
	u64 rnd = test_seed;

	/* Data of both lanes stop ... */
	while (!alloc_one(s, 1, 1024, QN_ALLOC_DATA, NULL))
		data += 1024;
	CHECK(alloc_one(s, 1, 1024, QN_ALLOC_DATA, NULL) == -ENOBUFS);
	while (!alloc_one(s, 1, 16 + below(&rnd, 100), QN_ALLOC_DATA, NULL))
		;
	/* ... control goes on. */
	while (!alloc_one(s, 1, 32, QN_ALLOC_CONTROL, NULL))
		control += 32;
	CHECK(control >= SEG / 4, "%u octets were left for control", control);
	CHECK(data >= 4 * SEG);
	CHECK(level(s) < 1024);
	/* New key: all goes on. */
	stream_fill_segments(s, 1, 12, 8);
	stream_show_all(s);
	CHECK(!alloc_one(s, 1, 1024, QN_ALLOC_DATA, NULL));
	CHECK(!alloc_one(s, 1, 64, QN_ALLOC_DATA, NULL));
	done_with(s);
}

/* A few small ranges must not cost the segment that they are taken from. */
static void small_ranges_waste_no_segment(void)
{
	const u32 shift = 14, size = 1 << shift, n = 600;
	struct qn_stream *s = stream_make(shift, 0, 8, NULL);
	struct qn_range r;
	u64 taken = 0;
	u32 i;

	qn_stream_pair(s, 0);
	for (i = 0; i < n; i++) {
		stream_fill(s, 1, (u64)i << shift, size);
		stream_show_all(s);
		rcu_read_lock();
		while (!qn_stream_alloc(s, 1024, QN_ALLOC_DATA, &r)) {
			CHECK(key_is(r.key, 1, r.offset, r.len), "wrong key");
			taken += r.len;
			qn_range_erase(&r);
		}
		if (!qn_stream_alloc(s, 32, QN_ALLOC_CONTROL, &r)) {
			CHECK(key_is(r.key, 1, r.offset, r.len), "wrong key");
			taken += r.len;
			qn_range_erase(&r);
		}
		rcu_read_unlock();
	}
	/* Half of the segments are of this lane; the last few are still there. */
	CHECK(taken > (u64)n / 2 * size * 95 / 100, "%llu of %u octets were taken",
	      (unsigned long long)taken, n / 2 * size);
	done_with(s);
}

/* A length that no frame has must not burn the store. */
static void impossible_lengths(void)
{
	struct qn_stream *s = ready_stream(0, 32, 12);
	u64 before = level(s);
	struct qn_range r;

	shim_expect_warnings(true);
	rcu_read_lock();
	CHECK(qn_stream_alloc(s, 1 << 20, QN_ALLOC_CONTROL, &r) == -EINVAL);
	CHECK(qn_stream_alloc(s, QN_ALLOC_MAX + 1, QN_ALLOC_DATA, &r) == -EINVAL);
	CHECK(qn_stream_alloc(s, 0, QN_ALLOC_DATA, &r) == -EINVAL);
	rcu_read_unlock();
	shim_warnings();
	shim_expect_warnings(false);
	CHECK(level(s) == before && books(s).held == 12 * SEG);
	done_with(s);
}

static void frames_that_name_what_is_not_theirs(void)
{
	struct qn_stream *s = ready_stream(0, 32, 8);
	struct qn_range r;

	rcu_read_lock();
	CHECK(qn_stream_peek(s, 0, 32, false, &r) == -EPERM, "this end owns it");
	CHECK(qn_stream_peek(s, 9 * SEG, 32, false, &r) == -ENOENT);
	CHECK(qn_stream_peek(s, ~0ULL << 4, 16, false, &r) == -ENOENT);
	CHECK(qn_stream_peek(s, 2 * SEG - 16, 32, false, &r) == -EINVAL);
	CHECK(qn_stream_peek(s, SEG + 16, 0xfffffff0, false, &r) == -EINVAL);
	/* The ring's slot of another index. */
	CHECK(qn_stream_peek(s, (u64)(1 + s->ring_mask + 1) << SHIFT, 32, false, &r) ==
	      -ENOENT);
	rcu_read_unlock();
	CHECK(books(s).held == 8 * SEG);
	done_with(s);
}

static void ranges_overlapping_what_is_spent(void)
{
	struct qn_stream *s = ready_stream(1, 32, 2);

	CHECK(claim_one(s, 1, 64, 32) == 0);
	CHECK(claim_one(s, 1, 48, 32) == -EALREADY);
	CHECK(claim_one(s, 1, 80, 32) == -EALREADY);
	CHECK(claim_one(s, 1, 0, 1024) == -EALREADY);
	CHECK(claim_one(s, 1, 960, 128) == 0, "over two words");
	CHECK(claim_one(s, 1, 1024, 16) == -EALREADY);
	CHECK(books(s).spent == 160);
	done_with(s);
}

/* Two that verified the same frame: one uses it, the other erases nothing of it. */
static void lost_claims_leave_no_key(void)
{
	struct qn_stream *s = ready_stream(1, 32, 2);
	struct qn_range a, b;

	rcu_read_lock();
	REQUIRE(!qn_stream_peek(s, 512, 512, false, &a));
	REQUIRE(!qn_stream_peek(s, 768, 512, false, &b));
	CHECK(qn_stream_claim(s, &a));
	CHECK(!qn_stream_claim(s, &b));
	CHECK(key_is(a.key, 1, 512, 512), "the winner's key was touched");
	CHECK(!key_somewhere(b.key + 256, 256), "what the loser won stays");
	CHECK(books(s).spent == 512 && books(s).erased == 256);
	qn_range_erase(&a);
	rcu_read_unlock();
	done_with(s);
}

static void a_range_outlives_its_segment(void)
{
	struct qn_stream *s = ready_stream(0, 32, 4);
	struct qn_range r;

	rcu_read_lock();
	REQUIRE(!qn_stream_alloc(s, 1024, QN_ALLOC_CONTROL, &r));
	qn_stream_pair(s, 100);
	CHECK(key_is(r.key, 1, r.offset, 1024), "wiped under its owner");
	qn_range_erase(&r);
	rcu_read_unlock();
	CHECK(books(s).held == 0 && books(s).spent == 1024);
	done_with(s);
}

/* --- pairing --------------------------------------------------------------------- */

/*
 * A pairing is made in softirq: however much it gives up, what it touches is a
 * list, and the octets are erased by the work.
 */
static void a_pairing_leaves_erasing_to_work(void)
{
	struct qn_segment *seg[32];
	struct qn_stream *s;
	struct qn_mem mem;
	struct qn_books b;
	struct qn_range r;
	long full;
	u64 i;

	qn_mem_init(&mem, 1 << 20, NULL);
	s = stream_make(SHIFT, 0, 32, &mem);
	qn_stream_pair(s, 0);
	stream_fill_segments(s, 1, 0, 32);
	stream_show_all(s);
	full = atomic_long_read(&mem.used);

	rcu_read_lock();
	for (i = 0; i < 32; i++)
		seg[i] = qn_stream_segment(s, i);
	REQUIRE(!qn_stream_alloc(s, 64, QN_ALLOC_DATA, &r));
	qn_range_erase(&r);
	/* An allocator that had the segment in its hand gets nothing more. */
	qn_stream_unpair(s);
	qn_stream_pair(s, 32);
	for (i = 0; i < 32; i++) {
		u32 at;

		CHECK(!segment_at(s, i), "still to be found");
		CHECK(key_is(seg[i]->data + 1024, 1, i * SEG + 1024, SEG - 1024),
		      "segment %llu was erased there and then", (unsigned long long)i);
		CHECK(!qn_segment_take(seg[i], 64, 64, SEG, &at));
	}
	CHECK(qn_stream_peek(s, SEG, 64, false, &r) == -ENOENT);
	/* Until then its memory counts as used. */
	CHECK(atomic_long_read(&mem.used) == full);
	shim_work();
	for (i = 0; i < 32; i++)
		CHECK(!key_somewhere(seg[i]->data, SEG), "not erased");
	rcu_read_unlock();
	CHECK(!atomic_long_read(&mem.used));
	CHECK(books(s).erased == 32 * SEG - 64 && !books(s).held);

	/* Suspend does not leave it to anybody, nor does the end. */
	stream_fill_segments(s, 1, 32, 4);
	qn_stream_pair(s, 36);
	stream_fill_segments(s, 1, 36, 2);
	qn_stream_stop(s);
	qn_stream_books(s, &b);
	CHECK(!b.held && b.erased == 38 * SEG - 64);
	qn_stream_start(s);
	stream_fill_segments(s, 1, 38, 4);
	/* Nor do the books, which so balance at any time. */
	qn_stream_pair(s, 40);
	qn_stream_books(s, &b);
	CHECK(b.held == 2 * SEG && b.erased == 40 * SEG - 64);
	stream_fill_segments(s, 1, 42, 4);
	qn_stream_pair(s, 46);
	qn_stream_free(s);
	rcu_barrier();
	CHECK(!atomic_long_read(&mem.used));
}

/* The same for a HELLO that shows nothing of what is here. */
static void a_window_leaves_erasing_to_work(void)
{
	static u8 none[QN_WINDOW_BITS / 8];
	struct qn_stream *s = ready_stream(0, 32, 0);
	struct qn_segment *seg;

	stream_fill_segments(s, 1, 0, 16);
	rcu_read_lock();
	seg = qn_stream_segment(s, 14);
	qn_stream_shown(s, 16, 16, 8, none, none, 1);
	CHECK(!segment_at(s, 14) && key_is(seg->data, 1, 14 * SEG, SEG));
	qn_stream_expire(s, 4000, 2000);
	CHECK(!segment_at(s, 15) && key_is(seg->data, 1, 14 * SEG, SEG));
	shim_work();
	CHECK(!key_somewhere(seg->data, SEG));
	rcu_read_unlock();
	CHECK(!books(s).held && books(s).erased == 16 * SEG);
	done_with(s);
}

/* A look at a large store does not keep the datapath from the lock. */
static void a_look_is_taken_in_pieces(void)
{
	struct qn_stream *s = ready_stream(0, 512, 512);
	unsigned long locks;

	locks = shim_locks();
	CHECK(books(s).held == 512 * SEG);
	CHECK(shim_locks() - locks > 512 / 64);
	CHECK(shim_locks() - locks < 512 / 32, "one look was enough");
	locks = shim_locks();
	CHECK(qn_stream_level_other(s) == 256 * SEG);
	CHECK(shim_locks() - locks > 256 / 64);
	done_with(s);
}

static void barrier_erases_and_refuses(void)
{
	struct qn_stream *s = stream_make(SHIFT, 0, 32, NULL);

	stream_fill_segments(s, 1, 0, 8);
	CHECK(stream_fill(s, 1, 8 * SEG, 1024) == 1024);
	CHECK(s->top == 9);
	qn_stream_pair(s, 12);
	CHECK(books(s).held == 0 && books(s).erased == 8 * SEG + 1024);
	CHECK(stream_fill(s, 1, 8 * SEG + 1024, 3072) == 0);
	CHECK(stream_fill(s, 1, 9 * SEG, 3 * SEG + 1024) == 1024, "above only");
	CHECK(books(s).refused == 3072 + 3 * SEG);
	CHECK(!qn_stream_adopt(s, 11), "below the barrier");
	/* A barrier that is lower than one before brings nothing back. */
	qn_stream_unpair(s);
	qn_stream_pair(s, 3);
	CHECK(s->floor == 12);
	/* One far too high ends with the pairing. */
	qn_stream_unpair(s);
	qn_stream_pair(s, 1ULL << 40);
	CHECK(stream_fill(s, 1, 13 * SEG, SEG) == 0);
	qn_stream_unpair(s);
	qn_stream_pair(s, 14);
	CHECK(stream_fill(s, 1, 14 * SEG, SEG) == SEG, "closed for ever");
	done_with(s);
}

static void newest_is_for_probes(void)
{
	struct qn_stream *s = stream_make(SHIFT, 0, 32, NULL);
	struct qn_range r;
	u32 n = 0;
	u64 last = ~0ULL;

	stream_fill_segments(s, 1, 0, 7);
	rcu_read_lock();
	CHECK(!qn_stream_alloc_newest(s, ~0ULL, 32, &r));
	CHECK(r.offset == 6 * SEG && key_is(r.key, 1, r.offset, 32));
	qn_range_erase(&r);
	CHECK(!qn_stream_alloc_newest(s, 5, 32, &r));
	CHECK(r.offset == 4 * SEG);
	qn_range_erase(&r);
	CHECK(qn_stream_alloc_newest(s, 0, 32, &r) == -ENOBUFS);
	/* All of it, downwards, none twice; a length that is no granule, too. */
	while (!qn_stream_alloc_newest(s, ~0ULL, 40, &r)) {
		CHECK(r.len == 48 && key_is(r.key, 1, r.offset, 48));
		CHECK(r.offset >> SHIFT <= last);
		last = r.offset >> SHIFT;
		qn_range_erase(&r);
		REQUIRE(++n < 4 * SEG / 48);
	}
	rcu_read_unlock();
	CHECK(n >= 4 * (SEG / 48) - 2 && last == 0);
	done_with(s);
}

static void suspend_stops_and_erases(void)
{
	struct qn_stream *s = ready_stream(0, 32, 8);

	CHECK(!alloc_one(s, 1, 64, QN_ALLOC_DATA, NULL));
	qn_stream_stop(s);
	CHECK(books(s).held == 0);
	CHECK(alloc_one(s, 1, 64, QN_ALLOC_CONTROL, NULL) == -ENOBUFS);
	CHECK(stream_fill(s, 1, 8 * SEG, SEG) == 0);
	qn_stream_start(s);
	CHECK(alloc_one(s, 1, 64, QN_ALLOC_CONTROL, NULL) == -ENOBUFS);
	CHECK(stream_fill(s, 1, 9 * SEG, SEG) == SEG);
	CHECK(stream_fill(s, 1, 0, SEG) == -ESTALE, "nothing old comes back");
	done_with(s);
}

/* --- showing --------------------------------------------------------------------- */

struct window {
	u64 base, horizon;
	u32 bits;
	u8 held[QN_WINDOW_BITS / 8], done[QN_WINDOW_BITS / 8];
};

static void look(struct qn_stream *s, struct window *w)
{
	w->bits = qn_stream_window(s, 0, &w->base, &w->horizon, w->held, w->done);
	CHECK(w->bits % 8 == 0 && w->bits <= QN_WINDOW_BITS);
}

static void show(struct qn_stream *s, const struct window *w, unsigned long now)
{
	qn_stream_shown(s, w->base, w->horizon, w->bits, w->held, w->done, now);
}

/* Holes on each side: what one end lacks the other does not spend, and erases. */
static void windows_meet(void)
{
	struct qn_stream *a = stream_make(SHIFT, 0, 64, NULL);
	struct qn_stream *b = stream_make(SHIFT, 1, 64, NULL);
	struct window wa, wb;
	u64 i;

	qn_stream_pair(a, 0);
	qn_stream_pair(b, 0);
	for (i = 0; i < 20; i++) {
		if (i % 5 != 1)
			stream_fill_segments(a, 1, i, 1);
		if (i % 5 != 2)
			stream_fill_segments(b, 1, i, 1);
	}
	stream_fill(a, 1, 20 * SEG, 1024);	/* not whole */
	look(a, &wa);
	look(b, &wb);
	CHECK(wa.horizon == 20 && wb.horizon == 20);
	show(a, &wb, 1000);
	show(b, &wa, 1000);
	for (i = 0; i < 20; i++) {
		bool even = !(i & 1);

		/* An owner drops at once; the other end after the owner's done. */
		CHECK(segment_at(a, i) == (i % 5 != 1 && !(even && i % 5 == 2)),
		      "a, %llu", (unsigned long long)i);
		CHECK(segment_at(b, i) == (i % 5 != 2 && !(!even && i % 5 == 1)),
		      "b, %llu", (unsigned long long)i);
	}
	CHECK(level(a) == 6 * SEG && level(b) == 6 * SEG, "%llu and %llu",
	      (unsigned long long)level(a), (unsigned long long)level(b));
	CHECK(segment_at(a, 20));

	/* Done marks reach the other end's copies, after the grace. */
	CHECK(qn_stream_expire(a, 1999, 1000));
	CHECK(segment_at(a, 7));
	CHECK(!qn_stream_expire(a, 2001, 1000));
	CHECK(!qn_stream_expire(b, 2001, 1000));
	CHECK(!segment_at(a, 7) && !segment_at(b, 6), "orphans stay");
	CHECK(segment_at(a, 3) && segment_at(b, 4));

	/* The same windows again, and late ones: nothing changes. */
	for (i = 0; i < 4; i++) {
		struct qn_books x = books(a), y = books(b);
		u64 la = level(a), lb = level(b);

		show(a, &wb, 3000 + i);
		show(b, &wa, 3000 + i);
		qn_stream_expire(a, 9000, 1000);
		qn_stream_expire(b, 9000, 1000);
		CHECK(books(a).held == x.held && books(b).held == y.held);
		CHECK(level(a) == la && level(b) == lb);
	}
	done_with(a);
	done_with(b);
}

static void spent_segments_go_at_both_ends(void)
{
	struct qn_stream *a = ready_stream(0, 64, 16), *b = ready_stream(1, 64, 16);
	struct window w, late;
	u64 offset;
	int n;

	look(a, &late);
	/* Every other frame is lost on the way. */
	for (n = 0; n < 20; n++) {
		REQUIRE(!alloc_one(a, 1, 1024, QN_ALLOC_DATA, &offset));
		if (n & 1)
			CHECK(!claim_one(b, 1, offset, 1024));
	}
	look(a, &w);
	show(b, &w, 10);
	CHECK(books(b).spent == 10 * 1024);
	/* In the grace a late frame still finds its key. */
	CHECK(!claim_one(b, 1, 0, 1024));
	CHECK(qn_stream_expire(b, 10 + 1999, 2000), "the grace is not over");
	qn_stream_expire(b, 10 + 2002, 2000);
	CHECK(claim_one(b, 1, 2048, 1024) == -ENOENT);
	CHECK(!segment_at(b, 0) && !segment_at(b, 2) && segment_at(b, 10));
	CHECK(!segment_at(b, 8), "used up at the other end, to the last octet");
	CHECK(books(b).held == 11 * SEG, "%llu", (unsigned long long)books(b).held);
	/* An old window brings nothing back, at either end. */
	show(b, &late, 5000);
	show(a, &late, 5000);
	qn_stream_expire(b, 9000, 2000);
	CHECK(books(b).held == 11 * SEG);
	done_with(a);
	done_with(b);
}

/* A full store that nobody uses keeps turning, and what is new can be shown. */
static void an_idle_full_store_turns(void)
{
	struct qn_stream *a = stream_make(SHIFT, 0, 32, NULL);
	struct qn_stream *b = stream_make(SHIFT, 1, 32, NULL);
	struct window w;
	u64 i, offset;

	qn_stream_pair(a, 0);
	qn_stream_pair(b, 0);
	for (i = 0; i < 1000; i++) {
		stream_fill(a, 1, i * SEG, SEG);
		stream_fill(b, 1, i * SEG, SEG);
		/* A has the small lane's segment in use, and little else. */
		if (i % 50 == 20)
			CHECK(!alloc_one(a, 1, 32, QN_ALLOC_CONTROL, NULL));
		if (i % 4)
			continue;
		look(a, &w);
		CHECK(w.horizon - w.base <= a->ring_mask + 1);
		show(b, &w, i * 10);
		look(b, &w);
		show(a, &w, i * 10);
		qn_stream_expire(a, i * 10, 40);
		qn_stream_expire(b, i * 10, 40);
	}
	CHECK(level(a) >= 8 * SEG && level(b) >= 8 * SEG, "%llu and %llu",
	      (unsigned long long)level(a), (unsigned long long)level(b));
	/* And what may be spent is at the other end. */
	while (!alloc_one(a, 1, 1024, QN_ALLOC_DATA, &offset))
		CHECK(!claim_one(b, 1, offset, 1024));
	while (!alloc_one(b, 1, 1024, QN_ALLOC_DATA, &offset))
		CHECK(!claim_one(a, 1, offset, 1024));
	done_with(a);
	done_with(b);
}

/* Only an owner's done counts. */
static void done_of_another_is_nothing(void)
{
	struct qn_stream *s = ready_stream(0, 64, 8);
	struct window w;

	look(s, &w);
	memset(w.done, 0xff, sizeof(w.done));
	show(s, &w, 1);
	qn_stream_expire(s, 10000, 1);
	CHECK(segment_at(s, 0) && segment_at(s, 6) && !segment_at(s, 1) && !segment_at(s, 7));
	done_with(s);
}

/* Numbers from the wire, any of them. */
static void windows_of_any_form(void)
{
	struct qn_stream *s = ready_stream(0, 64, 40);
	u64 rnd = test_seed, i;
	struct window w;

	for (i = 0; i < 3000; i++) {
		random_octets(&rnd, &w, sizeof(w));
		w.bits = below(&rnd, QN_WINDOW_BITS / 8 + 1) * 8;
		w.base = chance(&rnd, 70) ? below(&rnd, 100) : test_random(&rnd);
		w.horizon = chance(&rnd, 70) ? below(&rnd, 100) : test_random(&rnd);
		/* Exactly as long as the frame has it. */
		u8 *held = malloc(w.bits / 8 + 1), *done = malloc(w.bits / 8 + 1);

		memcpy(held, w.held, w.bits / 8);
		memcpy(done, w.done, w.bits / 8);
		u8 *h = realloc(held, w.bits / 8 ? w.bits / 8 : 1);
		u8 *d = realloc(done, w.bits / 8 ? w.bits / 8 : 1);

		qn_stream_shown(s, w.base, w.horizon, w.bits, h, d, i);
		qn_stream_expire(s, i, 100);
		free(h);
		free(d);
		if (i % 10 == 0)
			stream_fill_segments(s, 1, 40 + i / 10, 1);
	}
	done_with(s);
}

/* --- grants ---------------------------------------------------------------------- */

static void grants(void)
{
	struct qn_stream *a = ready_stream(0, 64, 24), *b = ready_stream(1, 64, 24);
	u64 index[64], offset, before;
	u32 n, i;

	/* Two have been touched, two stay. */
	CHECK(!alloc_one(a, 1, 1024, QN_ALLOC_DATA, NULL));
	CHECK(!alloc_one(a, 1, 64, QN_ALLOC_DATA, NULL));
	n = qn_stream_grant(a, 3, index);
	CHECK(n == 3);
	n += qn_stream_grant(a, 64, index + 3);
	CHECK(n == 8, "%u", n);
	CHECK(qn_stream_grant(a, 64, index + n) == 0);
	before = level(b);
	for (i = 0; i < n; i++) {
		CHECK(!(index[i] & 1) && index[i] >= 4);
		CHECK(claim_one(a, 1, index[i] * SEG, 1024) == 0, "it is theirs now");
		CHECK(qn_stream_adopt(b, index[i]));
		CHECK(qn_stream_adopt(b, index[i]), "the answer to a repeat");
	}
	CHECK(level(b) == before + n * SEG, "adopted once each");
	CHECK(!qn_stream_adopt(b, 1), "its own");
	CHECK(!qn_stream_adopt(b, 1000), "not held");
	CHECK(!qn_stream_adopt(b, ~0ULL - 1));
	CHECK(!qn_stream_adopt(a, index[0]), "born here");
	/* Neither is an adopted one granted on. */
	n = qn_stream_grant(b, 64, index);
	for (i = 0; i < n; i++)
		CHECK(index[i] & 1);
	/*
	 * Spent, dropped, and granted again by a late duplicate: the same answer,
	 * and nothing to spend.
	 */
	while (!alloc_one(b, 1, 1024, QN_ALLOC_DATA, &offset))
		;
	before = level(b);
	CHECK(qn_stream_adopt(b, 22));
	CHECK(level(b) == before);
	done_with(a);
	done_with(b);
}

/* A frame of the old owner that is still under way when its segment is adopted. */
static void grant_without_the_segment(void)
{
	struct qn_stream *b = ready_stream(1, 64, 8);

	CHECK(!qn_stream_adopt(b, 8), "not there");
	stream_fill_segments(b, 1, 8, 1);
	CHECK(!qn_stream_adopt(b, 8), "the first answer holds");
	CHECK(claim_one(b, 1, 8 * SEG, 1024) == 0, "and it stays the other's");
	done_with(b);
}

/* --- supply ---------------------------------------------------------------------- */

static void supply(void)
{
	struct qn_stream *a = ready_stream(0, 64, 16), *b = ready_stream(1, 64, 16);
	struct qn_segment *seg;
	struct qn_range r;
	u64 index, offset;
	struct window w;

	CHECK(!alloc_one(a, 1, 1024, QN_ALLOC_DATA, NULL));
	rcu_read_lock();
	seg = qn_stream_supply_own(a);
	REQUIRE(seg);
	index = seg->index;
	rcu_read_unlock();
	CHECK(!qn_stream_supply_other(b, index + 1), "not the sender's");
	CHECK(!qn_stream_supply_other(b, 100), "not held");
	CHECK(qn_stream_supply_other(b, index));
	CHECK(qn_stream_supply_other(b, index), "idempotent");
	CHECK(claim_one(b, 1, index * SEG, 64) == -EPERM, "for applications only");
	CHECK(!qn_stream_adopt(b, index));

	rcu_read_lock();
	for (offset = index * SEG; offset < (index + 1) * SEG; offset += 512) {
		CHECK(!qn_stream_supply_range(a, offset, 512, &r));
		CHECK(qn_stream_claim(a, &r) && key_is(r.key, 1, offset, 512));
		qn_range_erase(&r);
		CHECK(qn_stream_supply_range(a, offset, 512, &r) == -EALREADY);
		CHECK(!qn_stream_supply_range(b, offset, 512, &r));
		CHECK(qn_stream_claim(b, &r) && key_is(r.key, 1, offset, 512));
		qn_range_erase(&r);
		CHECK(qn_stream_supply_range(b, offset, 512, &r) == -EALREADY);
	}
	CHECK(qn_stream_supply_range(a, (index + 1) * SEG, 512, &r) == -ENOENT);
	CHECK(qn_stream_supply_range(a, (index + 1) * SEG - 16, 32, &r) == -ENOENT);
	CHECK(qn_stream_supply_range(a, index * SEG + 16, 0xfffffff0, &r) == -ENOENT);
	rcu_read_unlock();
	/* Data never comes from it. */
	while (!alloc_one(a, 1, 1024, QN_ALLOC_CONTROL, &offset))
		CHECK(offset >> SHIFT != index);
	/* Done marks do not touch it. */
	look(a, &w);
	show(b, &w, 1);
	qn_stream_expire(b, 10000, 1);
	CHECK(segment_at(b, index));
	qn_stream_drop(a, index);
	qn_stream_drop(b, index);
	done_with(a);
	done_with(b);
}

/* Applications have a time of their own: the ring goes round without it. */
static void supply_outlives_the_ring(void)
{
	struct qn_stream *s = ready_stream(0, 16, 8);
	struct qn_segment *seg;
	struct qn_range r;
	struct window w;
	u64 i, index;

	rcu_read_lock();
	seg = qn_stream_supply_own(s);
	REQUIRE(seg);
	index = seg->index;
	CHECK(qn_stream_supply_other(s, 1));
	rcu_read_unlock();
	for (i = 8; i < 200; i++)
		stream_fill(s, 1, i * SEG, SEG);
	look(s, &w);
	CHECK(w.base > 150, "it holds the window back: %llu",
	      (unsigned long long)w.base);
	rcu_read_lock();
	CHECK(!qn_stream_supply_range(s, index * SEG, 512, &r) &&
	      key_is(r.key, 1, index * SEG, 512));
	CHECK(!qn_stream_supply_range(s, SEG, 512, &r) && key_is(r.key, 1, SEG, 512));
	rcu_read_unlock();
	done_with(s);
}

/* --- relayed streams ------------------------------------------------------------- */

static void relayed_segments(void)
{
	struct qn_stream *s = stream_make_remote(SHIFT, 0, 8, NULL);
	struct qn_segment *seg;
	struct qn_range r;
	u64 offset;
	u32 n;

	qn_stream_spares(s, 3);
	CHECK(s->spare_count == 3);
	rcu_read_lock();
	CHECK(!qn_stream_assemble(s, 4, true), "unpaired");
	qn_stream_pair(s, 3);
	CHECK(!qn_stream_assemble(s, 2, true), "below the barrier");
	seg = qn_stream_assemble(s, 4, true);
	REQUIRE(seg);
	CHECK(!qn_stream_assemble(s, 4, true), "already there");
	key_make(seg->data, 1, 4 * SEG, SEG);
	CHECK(qn_stream_alloc(s, 32, QN_ALLOC_HELLO, &r) == -ENOBUFS, "not confirmed");
	CHECK(books(s).in == 0);
	qn_stream_publish(s, seg);
	CHECK(!key_somewhere(seg->data, 32), "the confirmation key stays");
	qn_stream_publish(s, seg);
	CHECK(books(s).in == SEG - 32, "published twice");
	CHECK(level(s) == SEG - 32);
	BALANCED(s);
	/* One that is never confirmed leaves no key: the free hook looks. */
	seg = qn_stream_assemble(s, 6, true);
	key_make(seg->data, 1, 6 * SEG, SEG);
	qn_stream_drop(s, 6);
	qn_stream_publish(s, seg);
	CHECK(!segment_at(s, 6) && books(s).in == SEG - 32);
	/* The other end's. */
	seg = qn_stream_assemble(s, 5, false);
	key_make(seg->data, 1, 5 * SEG, SEG);
	CHECK(qn_stream_peek(s, 5 * SEG + 32, 32, false, &r) == -EALREADY);
	qn_stream_publish(s, seg);
	CHECK(qn_stream_peek(s, 5 * SEG, 32, false, &r) == -EALREADY);
	CHECK(qn_stream_peek(s, 5 * SEG + 32, 32, false, &r) == 0);
	CHECK(qn_stream_claim(s, &r));
	qn_range_erase(&r);
	/* Nothing spare: one is made at once, unless there is no memory. */
	CHECK(!s->spare_count);
	shim_fail_after(0);
	CHECK(!qn_stream_assemble(s, 8, true), "no memory");
	shim_fail_after(-1);
	seg = qn_stream_assemble(s, 8, true);
	REQUIRE(seg);
	CHECK(seg->index == 8 && !s->spare_count);
	qn_stream_drop(s, 8);
	qn_stream_publish(s, seg);
	CHECK(!segment_at(s, 8) && books(s).in == (SEG - 32) * 2);
	CHECK(!qn_stream_adopt(s, 5), "no grants here");
	n = 0;
	rcu_read_unlock();
	while (!alloc_one(s, 1, 64, QN_ALLOC_CONTROL, &offset)) {
		CHECK(offset >= 4 * SEG + 32 && offset < 5 * SEG);
		n++;
	}
	CHECK(n == (SEG - 32) / 64);
	done_with(s);
}

/* Each lane advances at its own pace; the slow one must not hide the other's. */
static void remote_lanes_apart(void)
{
	struct qn_stream *a = stream_make_remote(SHIFT, 0, 16, NULL);
	struct qn_stream *b = stream_make_remote(SHIFT, 1, 16, NULL);
	struct qn_segment *x, *y;
	struct window w;
	u64 i, offset;

	qn_stream_pair(a, 0);
	qn_stream_pair(b, 0);
	for (i = 0; i < 12000; i++) {
		/* B generates two at first and none after; A goes on and on. */
		if (i > 2 && i & 1)
			continue;
		qn_stream_spares(a, 1);
		qn_stream_spares(b, 1);
		rcu_read_lock();
		x = qn_stream_assemble(a, i, !(i & 1));
		y = qn_stream_assemble(b, i, i & 1);
		if (!x || !y) {
			CHECK(false, "segment %llu finds no place",
			      (unsigned long long)i);
			rcu_read_unlock();
			break;
		}
		key_make(x->data, 1, i * SEG, SEG);
		key_make(y->data, 1, i * SEG, SEG);
		qn_stream_publish(a, x);
		qn_stream_publish(b, y);
		rcu_read_unlock();
		while (level(a) > 4 * SEG && !alloc_one(a, 1, 1024, QN_ALLOC_DATA, &offset))
			CHECK(!claim_one(b, 1, offset, 1024));
		w.bits = qn_stream_window(a, (i + 2) & ~1ULL, &w.base, &w.horizon,
					  w.held, w.done);
		show(b, &w, i);
		qn_stream_expire(b, i, 4);
	}
	CHECK(segment_at(a, 1) && segment_at(b, 1) && level(b) > 0, "the slow lane's are lost");
	done_with(a);
	done_with(b);
}

/* An index that is passed over must not let an old segment stay for ever. */
static void remote_segments_passed_over(void)
{
	struct qn_stream *s = stream_make_remote(SHIFT, 0, 16, NULL);
	struct qn_segment *seg;
	struct window w;
	u64 i, small;

	qn_stream_pair(s, 0);
	for (i = 0; i < 400; i += 2) {
		while (rcu_access_pointer(s->ring[i & s->ring_mask]))
			i += 2;		/* as the generator does */
		qn_stream_spares(s, 1);
		rcu_read_lock();
		seg = qn_stream_assemble(s, i, true);
		if (!seg) {
			CHECK(false, "no place for %llu", (unsigned long long)i);
			rcu_read_unlock();
			break;
		}
		key_make(seg->data, 1, i * SEG, SEG);
		qn_stream_publish(s, seg);
		if (i == 4)
			CHECK(qn_stream_supply_own(s));
		rcu_read_unlock();
		/* One that is hardly used, in each place of the ring in turn. */
		if (i % 34 == 0)
			CHECK(!alloc_one(s, 1, 32, QN_ALLOC_CONTROL, &small));
		while (level(s) > 3 * SEG &&
		       !alloc_one(s, 1, 1024, QN_ALLOC_DATA, NULL))
			;
		w.bits = qn_stream_window(s, i + 2, &w.base, &w.horizon, w.held,
					  w.done);
		CHECK(w.horizon - w.base <= s->ring_mask + 1,
		      "%llu holds the window back at %llu",
		      (unsigned long long)w.base, (unsigned long long)i);
	}
	done_with(s);
}

TEST_MAIN(TEST(remote_segments_passed_over), TEST(an_idle_full_store_turns),
	  TEST(supply_outlives_the_ring),
	  TEST(remote_lanes_apart), TEST(fill_refuses_bad_ranges), TEST(fill_with_blocks_lost),
	  TEST(fill_after_a_long_outage), TEST(full_store), TEST(out_of_memory),
	  TEST(spent_budget),
	  TEST(lanes_are_apart), TEST(nothing_unshown_or_unpaired),
	  TEST(control_has_a_reserve), TEST(small_ranges_waste_no_segment),
	  TEST(impossible_lengths),
	  TEST(frames_that_name_what_is_not_theirs),
	  TEST(ranges_overlapping_what_is_spent), TEST(lost_claims_leave_no_key),
	  TEST(a_range_outlives_its_segment), TEST(barrier_erases_and_refuses),
	  TEST(a_pairing_leaves_erasing_to_work), TEST(a_window_leaves_erasing_to_work),
	  TEST(a_look_is_taken_in_pieces),
	  TEST(newest_is_for_probes), TEST(suspend_stops_and_erases),
	  TEST(windows_meet), TEST(spent_segments_go_at_both_ends),
	  TEST(done_of_another_is_nothing), TEST(windows_of_any_form), TEST(grants),
	  TEST(grant_without_the_segment), TEST(supply), TEST(relayed_segments))
