// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Meters against a plain list of everything that was ever counted.
 */
#include <linux/slab.h>

#include "meter.h"
#include "test.h"
#include "wire.h"

static struct qn_mem mem;

static struct qn_meter *meter(void)
{
	qn_mem_init(&mem, 64L << 20, NULL);
	return qn_meter_new(&mem, 0x1234567890abcdefULL, GFP_KERNEL);
}

static struct qn_frame frame(u64 origin, u64 incarnation, u8 share, u8 shift, u64 index, u32 chunk)
{
	return (struct qn_frame){
		.origin = origin,
		.destination = 99,
		.incarnation = incarnation,
		.share = share,
		.shift = shift,
		.remote_offset = (index << shift) + chunk * QN_CHUNK,
	};
}

static enum qn_metered pass(struct qn_meter *m, const struct qn_frame *f, u64 now)
{
	struct qn_meter_run *run = qn_meter_find(m, f, now, GFP_ATOMIC);
	enum qn_metered what;

	if (!run)
		return QN_METER_EXCESS;
	what = qn_meter_look(m, run, f->remote_offset);
	/* looking changes nothing */
	CHECK(qn_meter_look(m, run, f->remote_offset) == what);
	if (what != QN_METER_EXCESS)
		qn_meter_count(m, run, f->remote_offset);
	return what;
}

/* Every chunk of every size of segment counts once, in any order. */
static void each_chunk_once(void)
{
	u32 order[128], i, j, t, n;
	u64 r = test_seed, index;
	struct qn_meter *m = meter();
	struct qn_frame f;
	u8 shift, share;

	for (shift = QN_SHIFT_MIN; shift <= QN_SHIFT_MAX; shift++) {
		for (share = 0; share < QN_SHARES_MAX; share++) {
			for (index = 1000; index < 1200; index++) {
				n = qn_chunks(shift);
				for (i = 0; i < n; i++)
					order[i] = i;
				for (i = n; i > 1; i--) {
					j = below(&r, i);
					t = order[i - 1];
					order[i - 1] = order[j];
					order[j] = t;
				}
				for (i = 0; i < 2 * n; i++) {
					f = frame(1, 7, share, shift, index, order[i % n]);
					REQUIRE(pass(m, &f, 1) ==
						(i < n ? QN_METER_NEW : QN_METER_REPEAT));
				}
			}
		}
	}
	qn_meter_free(m);
	CHECK(!atomic_long_read(&mem.used));
}

/*
 * Random order within and beyond the window, against everything that was ever
 * counted: nothing is counted twice, and nothing within the window is missed.
 */
static void against_a_list(void)
{
	static u8 seen[2][4096][5];
	u64 r = test_seed, index, i, missed = 0, counted = 0;
	u64 top[2] = { 0, 0 };
	struct qn_meter *m = meter();
	struct qn_frame f;
	bool fresh, inside;
	u32 chunk, odd;

	memset(seen, 0, sizeof(seen));
	for (i = 0; i < 200000; i++) {
		/* forward by and by, with jumps back and sometimes far ahead */
		index = i / 60 + below(&r, 60);
		if (!below(&r, 2000))
			index += below(&r, 200);
		index = min_t(u64, index, 4095);
		odd = index & 1;
		chunk = below(&r, 5);
		f = frame(1, 7, 0, 12, index, chunk);
		fresh = !seen[odd][index][chunk];
		inside = index / 2 + QN_METER_SEGS >= top[odd];
		if (pass(m, &f, 1) == QN_METER_NEW) {
			REQUIRE(fresh, "segment %llu chunk %u counted twice",
				(unsigned long long)index, chunk);
			seen[odd][index][chunk] = 1;
			counted++;
		} else if (fresh) {
			REQUIRE(!inside, "segment %llu of top %llu not counted",
				(unsigned long long)index, (unsigned long long)top[odd]);
			missed++;
		}
		top[odd] = max_t(u64, top[odd], index / 2 + 1);
	}
	CHECK(counted > 10000 && missed > 100, "%llu counted, %llu missed",
	      (unsigned long long)counted, (unsigned long long)missed);
	qn_meter_free(m);
}

/* Streams that differ in anything do not hide each other's chunks. */
static void runs_are_apart(void)
{
	struct qn_meter *m = meter();
	struct qn_frame f[8], g;
	u32 i;

	for (i = 0; i < 8; i++)
		f[i] = frame(1, 7, 0, 16, 1000, 3);
	f[1].origin = 2;
	f[2].destination = 98;
	f[3].incarnation = 8;
	f[4].share = 1;
	f[5].shift = 15;
	f[6].remote_offset += 1 << 16; /* the other parity */
	f[7].remote_offset += QN_CHUNK;
	for (i = 0; i < 8; i++)
		CHECK(pass(m, &f[i], 1) == QN_METER_NEW, "%u", i);
	for (i = 0; i < 8; i++)
		CHECK(pass(m, &f[i], 1) == QN_METER_REPEAT, "%u", i);
	g = frame(1, 7, 0, 16, ~0ULL >> 16, 66);
	CHECK(pass(m, &g, 1) == QN_METER_NEW);
	CHECK(pass(m, &g, 1) == QN_METER_REPEAT);
	qn_meter_free(m);
	CHECK(!atomic_long_read(&mem.used));
}

/* An origin that jumps ahead is not carried for nothing ever after. */
static void free_rides_end(void)
{
	struct qn_meter *m = meter();
	struct qn_frame f = frame(1, 7, 0, 16, 1ULL << 40, 0);
	u64 i, nothing = 0;

	CHECK(pass(m, &f, 1) == QN_METER_NEW);
	for (i = 0; i < 100000; i++) {
		f = frame(1, 7, 0, 16, 2 * (i / 67), i % 67);
		if (pass(m, &f, 1) == QN_METER_REPEAT)
			nothing++;
	}
	CHECK(nothing <= QN_METER_CREDIT + 1, "%llu frames for nothing",
	      (unsigned long long)nothing);
	/* nor by new incarnations, each of which counts once */
	for (i = 0; i < 1000; i++) {
		f = frame(1, 100 + i, 0, 16, 1ULL << 40, 0);
		CHECK(pass(m, &f, 1) == QN_METER_NEW);
		f = frame(1, 100 + i, 0, 16, 2, 0);
		nothing += pass(m, &f, 1) == QN_METER_REPEAT;
		f = frame(1, 100 + i, 0, 16, 2, 1);
		nothing += pass(m, &f, 1) == QN_METER_REPEAT;
	}
	CHECK(nothing <= QN_METER_CREDIT + 1001, "%llu frames for nothing",
	      (unsigned long long)nothing);
	qn_meter_free(m);
}

/* Runs are bounded; only long idle ones are forgotten; the budget holds. */
static void runs_are_bounded(void)
{
	struct qn_meter *m = meter();
	struct qn_frame f;
	long used;
	u32 i;

	for (i = 0; i < QN_METER_RUNS; i++) {
		f = frame(1 + i, 7, 0, 16, 10, 0);
		REQUIRE(qn_meter_find(m, &f, 1, GFP_ATOMIC));
	}
	used = atomic_long_read(&mem.used);
	f = frame(1ULL << 40, 7, 0, 16, 10, 0);
	CHECK(!qn_meter_find(m, &f, 1 + QN_METER_IDLE_S, GFP_ATOMIC),
	      "an idle run was forgotten too early");
	/* the first one is used: then the second goes, and the first knows its chunk */
	f = frame(1, 7, 0, 16, 10, 0);
	CHECK(pass(m, &f, 1 + QN_METER_IDLE_S) == QN_METER_NEW);
	f = frame(1ULL << 40, 7, 0, 16, 10, 0);
	CHECK(qn_meter_find(m, &f, 2 + QN_METER_IDLE_S, GFP_ATOMIC));
	f = frame(1, 7, 0, 16, 10, 0);
	CHECK(pass(m, &f, 2 + QN_METER_IDLE_S) == QN_METER_REPEAT);
	CHECK(atomic_long_read(&mem.used) <= used);

	/* no budget, no memory: no run, and nothing lost */
	mem.max = atomic_long_read(&mem.used);
	f = frame(1ULL << 41, 7, 0, 16, 10, 0);
	CHECK(!qn_meter_find(m, &f, 2, GFP_ATOMIC));
	mem.max = 64L << 20;
	used = atomic_long_read(&mem.used);
	shim_fail_after(0);
	CHECK(!qn_meter_find(m, &f, 2, GFP_ATOMIC));
	shim_fail_after(-1);
	CHECK(atomic_long_read(&mem.used) == used);
	qn_meter_free(m);
	CHECK(!atomic_long_read(&mem.used));
	qn_meter_free(NULL);
	mem.max = 0;
	CHECK(!qn_meter_new(&mem, 1, GFP_KERNEL));
}

TEST_MAIN(TEST(each_chunk_once), TEST(against_a_list), TEST(runs_are_apart), TEST(free_rides_end),
	  TEST(runs_are_bounded))
