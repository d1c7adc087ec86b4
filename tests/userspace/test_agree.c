// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Segments that are being agreed belong to the generator or the assembly, which
 * still write to them: whatever the other end says, or however far the stream
 * goes on, nothing else may free them. Under the address sanitizer a write to one
 * that was freed ends the test.
 */
#include "test.h"

#define SHIFT	12
#define SEG	((u64)1 << SHIFT)

static struct qn_segment *assemble(struct qn_stream *s, u64 index, bool own)
{
	struct qn_segment *seg;

	qn_stream_spares(s, 1);
	rcu_read_lock();
	seg = qn_stream_assemble(s, index, own);
	rcu_read_unlock();
	return seg;
}

static struct qn_segment *there(struct qn_stream *s, u64 index)
{
	struct qn_segment *seg;

	rcu_read_lock();
	seg = qn_stream_segment(s, index);
	rcu_read_unlock();
	return seg;
}

/* A far end that calls a segment done of which chunks have come, and sends more. */
static void done_while_arriving(void)
{
	struct qn_stream *s = stream_make_remote(SHIFT, 0, 16, NULL);
	u8 held[QN_WINDOW_BITS / 8] = {}, done[QN_WINDOW_BITS / 8];
	struct qn_segment *seg;

	memset(done, 0xff, sizeof(done));
	qn_stream_pair(s, 0);
	seg = assemble(s, 1, false);
	REQUIRE(seg);
	key_make(seg->data, 1, SEG, 992);
	qn_stream_shown(s, 0, 64, 64, held, done, 1);
	CHECK(seg->done_at, "the assembly is not told");
	qn_stream_expire(s, 100, 4);
	CHECK(seg == there(s, 1), "taken away from the assembly");
	key_make(seg->data + 992, 1, SEG + 992, 992);
	qn_stream_drop(s, 1);
	CHECK(!s->count);
	qn_stream_free(s);
}

/* One segment that is never confirmed, while others go round the ring. */
static void stuck_while_others_go_on(void)
{
	struct qn_stream *s = stream_make_remote(SHIFT, 0, 16, NULL);
	struct qn_segment *stuck, *seg;
	u64 i;

	qn_stream_pair(s, 0);
	stuck = assemble(s, 0, true);
	REQUIRE(stuck);
	key_make(stuck->data, 1, 0, SEG);
	for (i = 2; i < 200; i += 2) {
		if (!(i & s->ring_mask))
			continue;	/* its slot: passed over */
		seg = assemble(s, i, true);
		REQUIRE(seg, "no place for %llu", (unsigned long long)i);
		key_make(seg->data, 1, i * SEG, SEG);
		rcu_read_lock();
		qn_stream_publish(s, seg);
		rcu_read_unlock();
		CHECK(there(s, 0) == stuck, "taken away at %llu",
		      (unsigned long long)i);
		key_make(stuck->data, 1, 0, SEG);
		qn_stream_drop(s, i);
	}
	qn_stream_drop(s, 0);
	qn_stream_free(s);
}

/* One chunk of a segment far ahead must not move the next barrier there. */
static void far_ahead(void)
{
	struct qn_stream *s = stream_make_remote(SHIFT, 0, 16, NULL);
	struct qn_segment *seg;

	qn_stream_pair(s, 0);
	seg = assemble(s, (1ULL << 40) + 1, false);
	REQUIRE(seg);
	CHECK(!s->top, "held though not whole");
	rcu_read_lock();
	qn_stream_publish(s, seg);
	rcu_read_unlock();
	CHECK(s->top == (1ULL << 40) + 2);
	qn_stream_free(s);
	s = stream_make_remote(SHIFT, 0, 16, NULL);
	qn_stream_pair(s, 0);
	CHECK(assemble(s, 6, true) && s->top == 7, "the own count at once");
	qn_stream_free(s);
}

TEST_MAIN(TEST(far_ahead), TEST(done_while_arriving), TEST(stuck_while_others_go_on))
