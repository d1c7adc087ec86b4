/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a link is shared: arithmetic without state, so that a simulation of many
 * links can run the same code (tests/userspace/test_flow.c).
 *
 * All rates are octets per second.
 */
#ifndef _QN_MAXMIN_H
#define _QN_MAXMIN_H

#include <linux/types.h>

#include "wire.h"

/**
 * struct qn_claim - one stream's claim on a link
 * @weight: at least 1
 * @demand: what it would use if it had it; QN_RATE_UNLIMITED: all
 * @share: what it is allowed
 */
struct qn_claim {
	u32 weight;
	u32 demand;
	u32 share;
};

void qn_maxmin(struct qn_claim *c, u32 n, u32 capacity);

/**
 * struct qn_usage - what a stream was seen to use of a link
 * @rate: smoothed
 * @held: what it was allowed, smoothed alike
 * @allowed: what it is allowed now
 * @was: what it was allowed a period ago
 */
struct qn_usage {
	u32 rate;
	u32 held;
	u32 allowed;
	u32 was;
};

void qn_usage_begin(struct qn_usage *u, u32 allowed);
void qn_usage_measure(struct qn_usage *u, u64 octets, u32 ms);
void qn_usage_allow(struct qn_usage *u, u32 allowed);
u32 qn_usage_demand(const struct qn_usage *u, u32 elsewhere, u32 ms);

/**
 * struct qn_gain - what a lane gains, measured over whole segments
 * @income: octets per second
 * @octets: counter at the start of the measurement
 * @at_ms: when that was
 * @begun: there was a start
 */
struct qn_gain {
	u32 income;
	u64 octets;
	u64 at_ms;
	bool begun;
};

void qn_gain_measure(struct qn_gain *g, u64 octets, u32 segment, u64 now_ms);

u32 qn_capacity(u32 income, u64 stock, u64 lane, u32 segment, bool *short_of);

#endif /* _QN_MAXMIN_H */
