// SPDX-License-Identifier: GPL-2.0-or-later
/* Segments: claim bits, the cursor, erasing, budgets. */
#include <linux/bitops.h>
#include <linux/slab.h>

#include "segment.h"
#include "test.h"

static struct qn_segment *filled(u8 shift)
{
	struct qn_segment *seg = qn_segment_new(7, shift, 0, NULL, GFP_KERNEL);

	key_make(seg->data, 1, 0, 1u << shift);
	qn_segment_open(seg, 0, 1u << shift);
	atomic64_set(&seg->cursor, 0);
	return seg;
}

static bool zero(const u8 *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

/* Done with it: win and erase the rest. */
static void dispose(struct qn_segment *seg)
{
	qn_segment_wipe(seg);
	qn_segment_free(seg);
}

static void holes_are_never_open(void)
{
	struct qn_segment *seg = qn_segment_new(0, 12, 0, NULL, GFP_KERNEL);
	bool whole;
	u32 at, len;

	for (at = 0; at < 4096; at += 16)
		CHECK(!qn_segment_is_open(seg, at, 16), "at %u", at);
	CHECK(qn_segment_held(seg) == 0);
	CHECK(qn_segment_claim(seg, 0, 1024, &whole) == 0 && !whole);
	/* Open a part: exactly the ranges inside it are open. */
	key_make(seg->data + 512, 1, 512, 2048);
	CHECK(qn_segment_open(seg, 512, 2048) == 2048);
	CHECK(qn_segment_held(seg) == 2048);
	for (at = 0; at < 4096; at += 16)
		for (len = 16; at + len <= 4096; len += 16)
			CHECK(qn_segment_is_open(seg, at, len) ==
			      (at >= 512 && at + len <= 2560), "%u+%u", at, len);
	dispose(seg);
}

static void claim_wins_each_granule_once(void)
{
	struct qn_segment *seg;
	u64 rnd = test_seed;
	u8 taken[4096 / 16];
	int round, i;

	for (round = 0; round < 200; round++) {
		u32 spent = 0;

		seg = filled(12);
		memset(taken, 0, sizeof(taken));
		for (i = 0; i < 60; i++) {
			u32 at = below(&rnd, 256) * 16, len, won, expect = 0, g;
			bool whole, free = true;

			len = min_t(u32, 4096 - at, 16 + below(&rnd, 64) * 16);
			for (g = at / 16; g < (at + len) / 16; g++) {
				expect += taken[g] ? 0 : 16;
				free &= !taken[g];
			}
			CHECK(qn_segment_is_open(seg, at, len) == free);
			won = qn_segment_claim(seg, at, len, &whole);
			CHECK(won == expect, "%u of %u", won, expect);
			CHECK(whole == free);
			spent += won;
			for (g = at / 16; g < (at + len) / 16; g++) {
				if (whole)
					CHECK(key_is(seg->data + g * 16, 1, g * 16, 16));
				else if (!taken[g])
					CHECK(zero(seg->data + g * 16, 16),
					      "won in part but not erased");
				taken[g] = 1;
			}
			if (whole)
				memset(seg->data + at, 0, len);
		}
		CHECK(qn_segment_held(seg) == 4096 - spent);
		CHECK(qn_segment_wipe(seg) == 4096 - spent);
		CHECK(zero(seg->data, 4096));
		qn_segment_free(seg);
	}
}

/* More than it has room to note is refused before anything is won. */
static void claim_refuses_what_is_too_long(void)
{
	struct qn_segment *seg = filled(16);
	bool whole;

	shim_expect_warnings(true);
	CHECK(qn_segment_claim(seg, 16, 8192, &whole) == 0);
	CHECK(!whole);
	CHECK(shim_warnings() == 1, "the kernel is to complain");
	shim_expect_warnings(false);
	CHECK(qn_segment_held(seg) == 65536);
	CHECK(qn_segment_is_open(seg, 0, 65536));
	CHECK(key_is(seg->data, 1, 0, 65536));
	dispose(seg);
}

static void cursor_only_goes_forward(void)
{
	struct qn_segment *seg = filled(12);
	u64 rnd = test_seed;
	u32 at, end = 0, fails = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		u32 len = 16 + below(&rnd, 20) * 16;
		u32 align = 16u << below(&rnd, 4);

		if (!qn_segment_take(seg, len, align, 4096, &at)) {
			fails++;
			continue;
		}
		CHECK(at % align == 0 && at >= end && at + len <= 4096);
		end = at + len;
	}
	CHECK(fails > 900);
	CHECK(qn_segment_take(seg, 16, 16, 16, &at) == false);
	dispose(seg);
}

static void closed_and_granted_are_for_ever(void)
{
	struct qn_segment *seg = filled(12);
	u32 at;

	CHECK(qn_segment_grant(seg));
	CHECK(!qn_segment_grant(seg));
	CHECK(!qn_segment_take(seg, 16, 16, 4096, &at));
	CHECK(test_bit(QN_SEG_GRANTED, &seg->flags));
	qn_segment_wipe(seg);
	CHECK(atomic64_read(&seg->cursor) == QN_CURSOR_GRANTED);
	CHECK(!qn_segment_take(seg, 16, 1024, 4096, &at));
	qn_segment_free(seg);

	seg = filled(12);
	CHECK(qn_segment_take(seg, 16, 16, 4096, &at));
	CHECK(!qn_segment_grant(seg), "granted after an allocation");
	CHECK(!test_bit(QN_SEG_GRANTED, &seg->flags));
	qn_segment_wipe(seg);
	CHECK(!qn_segment_take(seg, 16, 16, 4096, &at));
	CHECK(!qn_segment_grant(seg));
	qn_segment_free(seg);
}

static void budget_is_kept(void)
{
	struct qn_segment *seg[8];
	struct qn_mem module, ns, peer;
	int n, i;

	qn_mem_init(&module, 1 << 20, NULL);
	qn_mem_init(&ns, 20000, &module);
	qn_mem_init(&peer, 1 << 20, &ns);
	for (n = 0; n < 8; n++) {
		seg[n] = qn_segment_new(n, 12, 0, &peer, GFP_KERNEL);
		if (!seg[n])
			break;
	}
	CHECK(n == 4, "%d segments of 4 KiB in 20,000 octets", n);
	CHECK(atomic_long_read(&peer.used) == atomic_long_read(&ns.used));
	CHECK(atomic_long_read(&peer.used) == atomic_long_read(&module.used));
	CHECK(atomic_long_read(&ns.used) <= 20000);
	for (i = 0; i < n; i++) {
		if (i & 1)
			qn_segment_free_rcu(seg[i]);
		else
			qn_segment_free(seg[i]);
	}
	/* At once, not after the grace period. */
	CHECK(atomic_long_read(&peer.used) == 0);
	CHECK(atomic_long_read(&module.used) == 0);
	/* Out of memory, at either allocation: the charge goes back. */
	for (i = 0; i < 2; i++) {
		shim_fail_after(i);
		CHECK(!qn_segment_new(0, 16, 0, &module, GFP_KERNEL));
		shim_fail_after(-1);
		CHECK(atomic_long_read(&module.used) == 0);
	}
	qn_segment_free(NULL);
}

TEST_MAIN(TEST(holes_are_never_open), TEST(claim_wins_each_granule_once),
	  TEST(claim_refuses_what_is_too_long), TEST(cursor_only_goes_forward),
	  TEST(closed_and_granted_are_for_ever), TEST(budget_is_kept))
