/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Meters: which chunks of remote segments were counted already.
 *
 * A frame that is lost behind a gateway is repeated by its origin, and must
 * not be billed twice. A meter so remembers, for each run of segments (one
 * generator, incarnation and share), the chunks of the newest segments.
 */
#ifndef _QN_METER_H
#define _QN_METER_H

#include <linux/list.h>
#include <linux/types.h>

struct qn_frame;
struct qn_mem;

enum qn_meter_limits {
	QN_METER_SEGS = 32,		/* newest segments of a run */
	QN_METER_RUNS = 4096,		/* runs of a meter */
	QN_METER_IDLE_S = 60,		/* above the last repetition of any chunk */
	QN_METER_HASH_BITS = 8,
	QN_METER_CREDIT = 8192,		/* frames for nothing to begin with ... */
	QN_METER_CREDIT_MAX = 65536,	/* ... and at most */
};

enum qn_metered {
	QN_METER_NEW,			/* count it */
	QN_METER_REPEAT,		/* counted before, or too old to say */
	QN_METER_EXCESS,		/* a repeat, and there were too many */
};

struct qn_meter_run;

struct qn_meter {
	struct qn_meter_run *bucket[1 << QN_METER_HASH_BITS];
	struct list_head lru;		/* oldest use first */
	u64 seed;
	u32 runs;
	u32 credit;			/* repeats that may come */
	struct qn_mem *mem;
};

struct qn_meter *qn_meter_new(struct qn_mem *mem, u64 seed, gfp_t gfp);
void qn_meter_free(struct qn_meter *m);
struct qn_meter_run *qn_meter_find(struct qn_meter *m, const struct qn_frame *f,
				   u64 now_s, gfp_t gfp);
enum qn_metered qn_meter_look(const struct qn_meter *m,
			      const struct qn_meter_run *run, u64 offset);
void qn_meter_count(struct qn_meter *m, struct qn_meter_run *run, u64 offset);

#endif /* _QN_METER_H */
