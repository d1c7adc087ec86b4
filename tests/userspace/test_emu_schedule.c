// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The emulator's arithmetic of indexes and times (kernel/emu/schedule.c as it
 * is) against 128-bit arithmetic and against asking block by block.
 */
#include <stdio.h>

#include "limits.h"
#include "schedule.h"

typedef unsigned __int128 u128;

static u64 state = 0x9e3779b97f4a7c15;

static u64 random_u64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* evenly over the orders of magnitude, which is where limits hide */
static u64 random_to(u64 most)
{
	return random_u64() % ((most >> (random_u64() % 40)) + 1);
}

static int verdict(const char *name, u64 wrong, const char *why)
{
	if (wrong)
		printf("not ok %s - %llu times: %s\n", name, (unsigned long long)wrong, why);
	else
		printf("ok %s\n", name);
	return wrong ? 1 : 0;
}

static u64 exact_index(const struct emu_era *era, u32 block_bits, u64 ns)
{
	if (ns <= era->base_ns)
		return era->base_index;
	return era->base_index +
	       (u64)((u128)(ns - era->base_ns) * era->rate / NSEC_PER_SEC / block_bits);
}

static int test_clock(void)
{
	u64 bad_index = 0, bad_due = 0, index, due, ns;
	int i;

	for (i = 0; i < 2000000; i++) {
		u32 block_bits = 128 * (1 + random_to(QKD_BLOCK_SIZE_MAX / 16 - 1));
		struct emu_era era = {
			.base_index = random_to(EMU_INDEX_MAX),
			.base_ns = 1 + random_to(BIT_ULL(62) - 1),
			.rate = 1 + random_to(EMU_RATE_MAX - 1),
		};

		ns = era.base_ns + random_to(S64_MAX - era.base_ns);
		index = emu_era_index(&era, block_bits, ns);
		bad_index += index != exact_index(&era, block_bits, ns);
		/* due is the first moment at which the index is above */
		due = emu_era_due(&era, block_bits, index);
		if (due == U64_MAX)
			continue;
		bad_due += due <= ns || exact_index(&era, block_bits, due) != index + 1 ||
			   exact_index(&era, block_bits, due - 1) != index;
	}
	return verdict("emu-schedule-index", bad_index, "not what 128 bits say") +
	       verdict("emu-schedule-due", bad_due, "not the first moment");
}

/* Outages, half of which begin and end at the very moment a block is complete. */
static struct emu_plan *random_plan(const struct emu_era *era, u32 block_bits, u64 from)
{
	u64 period = (u64)block_bits * NSEC_PER_SEC / era->rate, at = from;
	u64 step = random_u64() % 2 ? 1 : period;
	struct emu_plan *plan;

	plan = calloc(1, sizeof(*plan) + EMU_OUTAGES_MAX * sizeof(plan->outage[0]));
	plan->refs.count = 1;
	if (step > 1)
		at = era->base_ns + (from - era->base_ns) / period * period;
	while (plan->count < random_u64() % 8) {
		at += (random_u64() % (50 * period / step) + 1) * step;
		plan->outage[plan->count].start = at;
		at += (random_u64() % (25 * period / step) + 1) * step;
		plan->outage[plan->count++].end = at;
	}
	return plan;
}

/* does block i exist, asked by its time */
static bool exists(const struct emu_schedule *s, u64 i)
{
	const struct emu_era *era = emu_schedule_at(s, i);
	u64 due = emu_era_due(era, s->block_bits, i);
	unsigned int k;

	if (era->silent || era->stopped || i < emu_schedule_first(s)->first)
		return false;
	for (k = 0; era->plan && k < era->plan->count; k++)
		if (due >= era->plan->outage[k].start && due < era->plan->outage[k].end)
			return false;
	return true;
}

/* a link of which an operator changed everything a few times */
static u64 random_schedule(struct emu_schedule *s)
{
	u64 ns = 1000 + random_u64() % NSEC_PER_SEC, index = random_u64() % 1000;
	struct emu_era era = { .base_index = index, .base_ns = ns, .rate = 1000000 };
	unsigned int changes = 1 + random_u64() % 6;

	emu_schedule_init(s, 16 * (1 + random_u64() % 4));
	while (changes--) {
		era.silent = random_u64() % 4 == 0;
		era.stopped = random_u64() % 4 == 0;
		if (random_u64() % 2) {
			era.rate = 100000 + random_u64() % 1000000;
			era.base_index = index;
			era.base_ns = ns;
		}
		era.plan = random_u64() % 2 ? random_plan(&era, s->block_bits, ns) : NULL;
		era.first = index;
		emu_schedule_add(s, emu_era_new(&era));
		emu_plan_put(era.plan);
		ns += random_u64() % 20000000;
		index = emu_schedule_index(s, ns);
	}
	return index;
}

static int test_ranges(void)
{
	u64 bad_live = 0, bad_skip = 0, bad_next = 0, bad_prune = 0;
	int round, probe;

	for (round = 0; round < 3000; round++) {
		struct emu_schedule s;
		u64 end = random_schedule(&s), first = emu_schedule_first(&s)->first;

		for (probe = 0; probe < 5 && end > first; probe++) {
			u64 from = first + random_u64() % (end - first);
			u64 live = 0, seen = 0, i, n, at;
			const struct emu_era *era = emu_schedule_at(&s, from);

			for (i = from; i < end; i++)
				live += exists(&s, i);
			bad_live += emu_schedule_live(&s, from, end) != live;
			if (live) {
				n = 1 + random_u64() % live;
				at = emu_schedule_skip(&s, from, end, n);
				for (i = from; i < at; i++)
					seen += exists(&s, i);
				bad_skip += seen != n;
			}
			if (era->silent || era->stopped)
				continue;
			n = emu_schedule_end(&s, era, end);
			for (i = from; i < n && !exists(&s, i); i++)
				;
			at = emu_era_next(era, s.block_bits, from);
			bad_next += i < n ? at != i : at < i;
		}
		if (end > first) {
			u64 cut = first + random_u64() % (end - first);
			u64 live = emu_schedule_live(&s, cut, end);

			emu_schedule_prune(&s, cut);
			bad_prune += emu_schedule_live(&s, cut, end) != live ||
				     emu_schedule_first(&s)->first > cut;
		}
		emu_schedule_free(&s);
	}
	return verdict("emu-schedule-live", bad_live, "not as many as asked block by block") +
	       verdict("emu-schedule-skip", bad_skip, "not as many skipped") +
	       verdict("emu-schedule-next", bad_next, "not the next block") +
	       verdict("emu-schedule-prune", bad_prune, "forgot what was needed");
}

static int test_many(void)
{
	struct emu_era era = { .base_ns = 1, .rate = 1000000 };
	struct emu_schedule s;
	u64 wrong = 0;
	int i;

	emu_schedule_init(&s, 64);
	for (i = 0; i < 10 * EMU_ERAS_MAX; i++) {
		era.first = i;
		emu_schedule_add(&s, emu_era_new(&era));
		emu_schedule_add(&s, emu_era_new(&era));
		wrong += s.count > EMU_ERAS_MAX;
	}
	wrong += s.count != EMU_ERAS_MAX ||
		 emu_schedule_first(&s)->first != 9 * EMU_ERAS_MAX;
	/* the clock is set back: the index is not */
	wrong += emu_schedule_index(&s, 1) != 10 * EMU_ERAS_MAX - 1;
	emu_schedule_free(&s);
	return verdict("emu-schedule-bounded", wrong, "too many or the wrong settings kept");
}

int main(void)
{
	return test_clock() + test_ranges() + test_many() ? 1 : 0;
}
