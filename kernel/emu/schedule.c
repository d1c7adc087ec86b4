// SPDX-License-Identifier: GPL-2.0-only
/* Which blocks a link makes, and when: arithmetic only, see schedule.h. */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/time64.h>

#include "limits.h"
#include "schedule.h"

struct emu_plan *emu_plan_get(struct emu_plan *plan)
{
	if (plan)
		refcount_inc(&plan->refs);
	return plan;
}

void emu_plan_put(struct emu_plan *plan)
{
	if (plan && refcount_dec_and_test(&plan->refs))
		kfree(plan);
}

/**
 * emu_era_index() - index of the block in the making
 * @era: settings
 * @block_bits: size of a block, in bits
 * @ns: time, in ns since 1970
 *
 * floor((@ns - base_ns) * rate / @block_bits) + base_index, exactly. The
 * product stays below 2^63 because the rate is at most 10^9 bit/s and ktime_t
 * ends after 2^63 ns.
 *
 * Return: the index; all blocks below it are complete at @ns.
 */
u64 emu_era_index(const struct emu_era *era, u32 block_bits, u64 ns)
{
	u64 bits, s;
	u32 rest;

	if (ns <= era->base_ns)
		return era->base_index;
	s = div_u64_rem(ns - era->base_ns, NSEC_PER_SEC, &rest);
	bits = s * era->rate + div_u64(rest * era->rate, NSEC_PER_SEC);
	return era->base_index + div_u64(bits, block_bits);
}

/**
 * emu_era_due() - when a block is complete
 * @era: settings
 * @block_bits: size of a block, in bits
 * @index: block
 *
 * Return: the earliest time, in ns since 1970, at which emu_era_index() is
 * above @index; U64_MAX if that is beyond what a clock can show.
 */
u64 emu_era_due(const struct emu_era *era, u32 block_bits, u64 index)
{
	u64 blocks = index - era->base_index + 1;
	u64 bits, s, rest;

	if (index < era->base_index)
		return era->base_ns;
	if (blocks > div_u64(S64_MAX, block_bits))
		return U64_MAX;
	bits = blocks * block_bits;
	s = div64_u64_rem(bits, era->rate, &rest);
	if (s > div_u64(S64_MAX - era->base_ns, NSEC_PER_SEC) - 1)
		return U64_MAX;
	return era->base_ns + s * NSEC_PER_SEC +
	       div64_u64(rest * NSEC_PER_SEC + era->rate - 1, era->rate);
}

/* the blocks [*from, *to) fall into an outage */
static void emu_era_outage(const struct emu_era *era, u32 block_bits,
			   const struct emu_outage *outage, u64 *from, u64 *to)
{
	*from = emu_era_index(era, block_bits, outage->start - 1);
	*to = emu_era_index(era, block_bits, outage->end - 1);
}

/**
 * emu_era_next() - next block that no outage swallows
 * @era: settings, neither silent nor stopped
 * @block_bits: size of a block, in bits
 * @index: where to begin
 *
 * Return: the lowest index from @index on that is made.
 */
u64 emu_era_next(const struct emu_era *era, u32 block_bits, u64 index)
{
	unsigned int i;
	u64 from, to;

	for (i = 0; era->plan && i < era->plan->count; i++) {
		emu_era_outage(era, block_bits, &era->plan->outage[i], &from,
			       &to);
		if (index >= from && index < to)
			index = to;
	}
	return index;
}

/* how many of the blocks [from, to) are made */
static u64 emu_era_live(const struct emu_era *era, u32 block_bits, u64 from,
			u64 to)
{
	u64 live = to - from, gap_from, gap_to;
	unsigned int i;

	if (era->silent || era->stopped)
		return 0;
	for (i = 0; era->plan && i < era->plan->count; i++) {
		emu_era_outage(era, block_bits, &era->plan->outage[i],
			       &gap_from, &gap_to);
		gap_from = max(gap_from, from);
		gap_to = min(gap_to, to);
		if (gap_from < gap_to)
			live -= gap_to - gap_from;
	}
	return live;
}

/* the index below which the first n blocks made from `from` on lie */
static u64 emu_era_skip(const struct emu_era *era, u32 block_bits, u64 from,
			u64 n)
{
	u64 gap_from, gap_to;
	unsigned int i;

	for (i = 0; era->plan && i < era->plan->count; i++) {
		emu_era_outage(era, block_bits, &era->plan->outage[i],
			       &gap_from, &gap_to);
		if (gap_to <= from || gap_from == gap_to)
			continue;
		gap_from = max(gap_from, from);
		if (n <= gap_from - from)
			break;
		n -= gap_from - from;
		from = gap_to;
	}
	return from + n;
}

void emu_schedule_init(struct emu_schedule *s, u32 block_size)
{
	INIT_LIST_HEAD(&s->eras);
	s->count = 0;
	s->block_bits = block_size * 8;
}

static void emu_schedule_drop(struct emu_schedule *s, struct emu_era *era)
{
	list_del(&era->list);
	s->count--;
	emu_plan_put(era->plan);
	kfree(era);
}

void emu_schedule_free(struct emu_schedule *s)
{
	struct emu_era *era, *tmp;

	list_for_each_entry_safe(era, tmp, &s->eras, list)
		emu_schedule_drop(s, era);
}

struct emu_era *emu_schedule_first(const struct emu_schedule *s)
{
	return list_first_entry(&s->eras, struct emu_era, list);
}

struct emu_era *emu_schedule_last(const struct emu_schedule *s)
{
	return list_last_entry(&s->eras, struct emu_era, list);
}

/* the settings that rule an index; the oldest known for one before them */
struct emu_era *emu_schedule_at(const struct emu_schedule *s, u64 index)
{
	struct emu_era *era;

	list_for_each_entry_reverse(era, &s->eras, list)
		if (era->first <= index)
			return era;
	return emu_schedule_first(s);
}

/* the index at which an era ends; the last one lasts until now */
u64 emu_schedule_end(const struct emu_schedule *s, const struct emu_era *era,
		     u64 now_index)
{
	if (list_is_last(&era->list, &s->eras))
		return max(era->first, now_index);
	return list_next_entry(era, list)->first;
}

/**
 * emu_schedule_index() - index of the block in the making
 * @s: schedule with at least one era
 * @ns: now, in ns since 1970
 *
 * Never below the first index of the newest settings, whatever the clock does.
 *
 * Return: the index; all blocks below it are complete.
 */
u64 emu_schedule_index(const struct emu_schedule *s, u64 ns)
{
	const struct emu_era *era = emu_schedule_last(s);

	return max(era->first, emu_era_index(era, s->block_bits, ns));
}

/**
 * emu_era_new() - settings, not in force yet
 * @era: to copy; the copy has a reference of its own on the plan
 *
 * Context: may sleep. Return: the copy, or NULL. emu_schedule_add() consumes
 * it.
 */
struct emu_era *emu_era_new(const struct emu_era *era)
{
	struct emu_era *new = kmemdup(era, sizeof(*era), GFP_KERNEL_ACCOUNT);

	if (new)
		emu_plan_get(new->plan);
	return new;
}

/**
 * emu_schedule_add() - put settings in force
 * @s: schedule
 * @era: from emu_era_new(), owned by the schedule from now on. Its first index
 *	is not below that of the newest settings.
 *
 * Settings that ruled no complete block are replaced. Beyond EMU_ERAS_MAX the
 * oldest go, and with them what a reader left unread under them.
 */
void emu_schedule_add(struct emu_schedule *s, struct emu_era *era)
{
	if (s->count && emu_schedule_last(s)->first == era->first)
		emu_schedule_drop(s, emu_schedule_last(s));
	else if (s->count == EMU_ERAS_MAX)
		emu_schedule_drop(s, emu_schedule_first(s));
	list_add_tail(&era->list, &s->eras);
	s->count++;
}

/* forget the settings that rule only indexes below this one */
void emu_schedule_prune(struct emu_schedule *s, u64 index)
{
	struct emu_era *era, *tmp;

	list_for_each_entry_safe(era, tmp, &s->eras, list) {
		if (list_is_last(&era->list, &s->eras) || tmp->first > index)
			return;
		emu_schedule_drop(s, era);
	}
}

/* how many of the blocks [from, to) were made */
u64 emu_schedule_live(const struct emu_schedule *s, u64 from, u64 to)
{
	const struct emu_era *era;
	u64 a, b, live = 0;

	list_for_each_entry(era, &s->eras, list) {
		a = max(era->first, from);
		b = min(emu_schedule_end(s, era, to), to);
		if (a < b)
			live += emu_era_live(era, s->block_bits, a, b);
	}
	return live;
}

/* the index below which the first n blocks made from `from` on lie */
u64 emu_schedule_skip(const struct emu_schedule *s, u64 from, u64 to, u64 n)
{
	const struct emu_era *era;
	u64 a, b, live;

	list_for_each_entry(era, &s->eras, list) {
		a = max(era->first, from);
		b = min(emu_schedule_end(s, era, to), to);
		if (a >= b)
			continue;
		live = emu_era_live(era, s->block_bits, a, b);
		if (n <= live)
			return n ? emu_era_skip(era, s->block_bits, a, n) : a;
		n -= live;
	}
	return to;
}
