/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A token bucket in octets.
 *
 * It is topped up when it is asked and a millisecond has passed or it has run
 * short: so a busy stream pays two divisions a millisecond and not for each
 * frame, and what it may get too much by that is one millisecond's worth.
 */
#ifndef _QN_BUCKET_H
#define _QN_BUCKET_H

#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/types.h>

struct qn_bucket {
	u64 tokens;			/* octets */
	u64 at_ns;			/* they were counted then */
};

/**
 * qn_bucket_fill - start with a full bucket
 * @b: bucket
 * @burst: its size, octets
 * @now: ns of a clock that does not go back
 */
static inline void qn_bucket_fill(struct qn_bucket *b, u64 burst, u64 now)
{
	b->tokens = burst;
	b->at_ns = now;
}

/**
 * qn_bucket_has - are there tokens for so many octets?
 * @b: bucket, under its owner's lock
 * @len: octets
 * @rate: octets per second, below 2^32
 * @burst: size of the bucket, octets, below 2^32
 * @now: ns
 *
 * Takes nothing. A change of @rate or @burst holds from the call that has it.
 */
static inline bool qn_bucket_has(struct qn_bucket *b, u32 len, u64 rate,
				 u64 burst, u64 now)
{
	u64 gone = now > b->at_ns ? now - b->at_ns : 0;
	u64 s, add;
	u32 ns;

	if (b->tokens >= len && gone < NSEC_PER_MSEC)
		return true;
	/* Nobody waits longer than 2^31 s; keeps the product in 64 bits. */
	s = min_t(u64, div_u64_rem(gone, NSEC_PER_SEC, &ns), 1ULL << 31);
	add = div_u64((u64)ns * rate, NSEC_PER_SEC);
	if (s * rate + add) {
		b->tokens = min(b->tokens + s * rate + add, burst);
		/* Time that did not make a whole octet stays to the good. */
		b->at_ns = now - ns +
			   (rate ? div64_u64(add * NSEC_PER_SEC + rate - 1, rate) : 0);
	}
	return b->tokens >= len;
}

/**
 * qn_bucket_take - spend tokens
 * @b: bucket, under its owner's lock
 * @len: octets; more than there are empties it
 */
static inline void qn_bucket_take(struct qn_bucket *b, u32 len)
{
	b->tokens -= min_t(u64, b->tokens, len);
}

#endif /* _QN_BUCKET_H */
