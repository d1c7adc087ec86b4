// SPDX-License-Identifier: GPL-2.0-only
#include <linux/math64.h>
#include <linux/minmax.h>

#include "maxmin.h"

/* A level is a rate for one unit of weight, with so many fraction bits. */
#define LEVEL_BITS	16
#define LEVEL_MAX	((1ULL << 48) - 1)

/*
 * Passes of water-filling. Each settles every claim below the present level;
 * a handful is usual. An adversary's claims may want one pass each: then the
 * level stays a little low, which wastes some of the link and harms nobody.
 */
#define PASSES_MAX	64

/*
 * A stream's use is averaged over about so many frames, between the limits, so
 * that a frame more or less in a period does not look like another rate.
 */
#define AVERAGE_FRAMES	16
#define AVERAGE_MS_MIN	1000
#define AVERAGE_MS_MAX	16000

static u32 at_level(u64 level, u32 weight)
{
	/* level <= LEVEL_MAX, weight < 2^16 */
	return min_t(u64, level * weight >> LEVEL_BITS, QN_RATE_UNLIMITED - 1);
}

/**
 * qn_maxmin - share a link max-min fairly by weight
 * @c: claims; the shares are written
 * @n: how many; weights below 2^16
 * @capacity: of the link
 *
 * Every stream is told the same level times its weight, even one that cannot
 * use so much: it may grow up to there before anybody has to tell it so. What
 * it leaves is in the others' level already.
 */
void qn_maxmin(struct qn_claim *c, u32 n, u32 capacity)
{
	u64 level = 0, rest, weights, most = 0;
	u32 i, pass, open = 0, was = n + 1, least = 0;

	for (pass = 0; pass < PASSES_MAX; pass++) {
		rest = capacity;
		weights = 0;
		open = 0;
		for (i = 0; i < n; i++) {
			if (pass && c[i].demand <= at_level(level, c[i].weight)) {
				rest -= min_t(u64, rest, c[i].demand);
			} else {
				weights += c[i].weight;
				open++;
			}
		}
		/* The level only rises, so those who were settled stay so. */
		if (open == was || !open)
			break;
		was = open;
		level = max(level, div64_u64(rest << LEVEL_BITS, weights));
	}
	if (!open && n) {
		/* Room for all: let the neediest grow by an equal part of it. */
		weights = 0;
		for (i = 0; i < n; i++) {
			weights += c[i].weight;
			most = max(most, div_u64((u64)c[i].demand << LEVEL_BITS,
						 c[i].weight));
		}
		level = max(level, most + div64_u64(rest << LEVEL_BITS, weights));
	}
	level = min(level, LEVEL_MAX);
	/* Next to a giant, too, a stream may send a frame a second. */
	if (n)
		least = min_t(u32, QN_CHUNK, capacity / n);
	for (i = 0; i < n; i++)
		c[i].share = max(least,
				 min(at_level(level, c[i].weight), capacity));
}

static u32 average_ms(u32 allowed)
{
	u64 ms = div_u64(1000ULL * AVERAGE_FRAMES * QN_CHUNK, max(allowed, 1U));

	return min_t(u64, max_t(u64, ms, AVERAGE_MS_MIN), AVERAGE_MS_MAX);
}

static u32 average(u32 old, u64 new, u32 over_ms, u32 ms)
{
	return div_u64((u64)old * over_ms + new * ms, over_ms + ms);
}

/**
 * qn_usage_begin - a stream that was not seen before
 * @u: usage
 * @allowed: what it may use
 */
void qn_usage_begin(struct qn_usage *u, u32 allowed)
{
	u->rate = 0;
	u->held = allowed;
	u->was = allowed;
	u->allowed = allowed;
}

/**
 * qn_usage_measure - a period is over
 * @u: usage
 * @octets: what the stream used in it
 * @ms: how long it was, not 0 and at most a minute
 */
void qn_usage_measure(struct qn_usage *u, u64 octets, u32 ms)
{
	u64 rate = min_t(u64, div_u64(octets * 1000, ms), QN_RATE_UNLIMITED - 1);
	u32 over = average_ms(u->allowed);
	/* A rise needs a round trip to be heard of, so it counts a period late. */
	u32 held = min(u->allowed, u->was);

	u->rate = average(u->rate, rate, over, ms);
	if (held == QN_RATE_UNLIMITED || u->held == QN_RATE_UNLIMITED)
		u->held = held;
	else
		u->held = average(u->held, held, over, ms);
}

/**
 * qn_usage_allow - the stream's allowance for the next period
 * @u: usage
 * @allowed: rate
 */
void qn_usage_allow(struct qn_usage *u, u32 allowed)
{
	u->was = u->allowed;
	u->allowed = allowed;
}

/**
 * qn_usage_demand - what would the stream use if this link did not hold it back?
 * @u: usage, measured
 * @elsewhere: what the path behind this link allows
 * @ms: length of the period that was measured, not 0
 *
 * A stream that uses clearly less than it was allowed in the same time is held
 * back elsewhere: before this link, or by itself.
 *
 * Return: a rate, or QN_RATE_UNLIMITED.
 */
u32 qn_usage_demand(const struct qn_usage *u, u32 elsewhere, u32 ms)
{
	/* Two frames more or less say nothing. */
	u64 grain = div_u64(2000ULL * QN_CHUNK, average_ms(u->allowed) + ms);
	u64 demand = QN_RATE_UNLIMITED;

	if (u->rate + grain < u->held - u->held / 16)
		demand = u->rate + u->rate / 64;
	return min_t(u64, demand, elsewhere);
}

/**
 * qn_gain_measure - what does the lane gain?
 * @g: measurement
 * @octets: all that it ever gained
 * @segment: size of a segment, the portions that it gains in
 * @now_ms: a clock that does not go back
 *
 * Measures over four segments at least, so that slow links do not look like
 * bursts; but believes in less as soon as less is certain.
 */
void qn_gain_measure(struct qn_gain *g, u64 octets, u32 segment, u64 now_ms)
{
	u64 ms = now_ms - g->at_ms, got = octets - g->octets, rate;

	if (!g->begun) {
		g->begun = true;
	} else if (ms >= 1000 && got >= 4 * segment) {
		rate = min_t(u64, div64_u64(got * 1000, ms), QN_RATE_UNLIMITED - 1);
		g->income = g->income ? ((u64)g->income + rate) / 2 : rate;
	} else {
		rate = div64_u64((got + segment) * 1000, max_t(u64, ms, 1));
		g->income = min_t(u64, g->income, rate);
		return;
	}
	g->octets = octets;
	g->at_ms = now_ms;
}

/**
 * qn_capacity - what may streams use of a link in the next period?
 * @income: octets of link key per second that the own lane gains
 * @stock: octets that it can allocate now
 * @lane: octets that it holds when the stream is full
 * @segment: octets of a segment
 * @short_of: whether the link was short of key; kept up to date
 *
 * While there is plenty in stock, the link is not the bottleneck and holds
 * nobody back. When it falls, the link is run so that the stock stays at a few
 * seconds' income: whatever error the measurement of the income has shows
 * there, and is mended by it.
 *
 * Return: octets of relayed key per second, or QN_RATE_UNLIMITED.
 */
u32 qn_capacity(u32 income, u64 stock, u64 lane, u32 segment, bool *short_of)
{
	u64 aim = min(max(4ULL * income, 2ULL * segment), lane / 4);
	u64 rate = income;

	*short_of = *short_of ? stock <= lane / 2 : stock < lane * 3 / 8;
	if (!*short_of)
		return QN_RATE_UNLIMITED;
	if (stock >= aim)
		rate += (stock - aim) / 4;
	else
		rate -= min(rate * 3 / 4, (aim - stock) / 4);
	if (!income)
		rate = max(rate, stock / 4);
	/* Tag keys take their part of a frame, and control 1 % of all. */
	rate = rate * (100 - QN_CONTROL_PERCENT) / 100 * QN_CHUNK / QN_WORD_OCTETS;
	return min_t(u64, rate, QN_RATE_UNLIMITED - 1);
}
