/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which blocks a link makes, and when.
 *
 * Blocks are not kept anywhere: whether block i exists, and when it was ready,
 * follows from the link's settings at that time. The settings of a link are a
 * list of eras, each of them in force from one index on. A reader that lags
 * thus still gets what was made under the settings of then.
 */
#ifndef _QKDEMU_SCHEDULE_H
#define _QKDEMU_SCHEDULE_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>

/* block i falls into an outage if start <= due(i) < end; ns since 1970 */
struct emu_outage {
	u64 start;
	u64 end;
};

/* outages in ascending order, not overlapping; shared among eras */
struct emu_plan {
	refcount_t refs;
	unsigned int count;
	struct emu_outage outage[];
};

/**
 * struct emu_era - settings from one index on
 * @list: in struct emu_schedule, ascending
 * @first: first index that these settings rule
 * @since_ns: when they were made, in ns since 1970
 * @base_index: block that began at @base_ns
 * @base_ns: origin of the index, in ns since 1970
 * @rate: bit/s
 * @qber_ppm: estimated error rate, eavesdropper included
 * @loss_ppm: blocks that do not reach an end, for each end
 * @error_ppm: bits that are wrong at an end, for each end
 * @silent: no blocks, and nobody is told (an operator's doing)
 * @stopped: no blocks, and the readers are told why
 * @plan: scheduled outages, or NULL
 */
struct emu_era {
	struct list_head list;
	u64 first;
	u64 since_ns;
	u64 base_index;
	u64 base_ns;
	u64 rate;
	u32 qber_ppm;
	u32 loss_ppm[2];
	u32 error_ppm[2];
	bool silent;
	bool stopped;
	struct emu_plan *plan;
};

/* the caller of every function below serialises them */
struct emu_schedule {
	struct list_head eras;
	unsigned int count;
	u32 block_bits;
};

u64 emu_era_index(const struct emu_era *era, u32 block_bits, u64 ns);
u64 emu_era_due(const struct emu_era *era, u32 block_bits, u64 index);
u64 emu_era_next(const struct emu_era *era, u32 block_bits, u64 index);

void emu_schedule_init(struct emu_schedule *s, u32 block_size);
void emu_schedule_free(struct emu_schedule *s);
struct emu_era *emu_schedule_first(const struct emu_schedule *s);
struct emu_era *emu_schedule_last(const struct emu_schedule *s);
struct emu_era *emu_schedule_at(const struct emu_schedule *s, u64 index);
u64 emu_schedule_end(const struct emu_schedule *s, const struct emu_era *era,
		     u64 now_index);
u64 emu_schedule_index(const struct emu_schedule *s, u64 ns);
struct emu_era *emu_era_new(const struct emu_era *era);
void emu_schedule_add(struct emu_schedule *s, struct emu_era *era);
void emu_schedule_prune(struct emu_schedule *s, u64 index);
u64 emu_schedule_live(const struct emu_schedule *s, u64 from, u64 to);
u64 emu_schedule_skip(const struct emu_schedule *s, u64 from, u64 to, u64 n);

struct emu_plan *emu_plan_get(struct emu_plan *plan);
void emu_plan_put(struct emu_plan *plan);

#endif
