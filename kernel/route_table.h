/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table that routes are found in: open addressing over cache lines.
 *
 * Among 100,000 routes nearly every look-up misses the caches, so what counts is
 * how many lines it touches: here one. A line holds five routes, each an id and a
 * word that says all that the datapath asks of a route; what only configuration
 * and rare turns need is kept apart, in the cold half. A route that does not fit
 * in its home line is in one some strides on, and each full line that it passed
 * over counts it, so that a look-up goes on only where there is something to find.
 * That makes removing exact, too: no tombstones, no decay. Each id has a stride of
 * its own, so that full lines do not grow together.
 *
 * The functions here know nothing of locks. Readers may run at any time; that what
 * they read was whole is for the caller to see to, with a sequence counter.
 */
#ifndef _QN_ROUTE_TABLE_H
#define _QN_ROUTE_TABLE_H

#include <linux/compiler.h>
#include <linux/slab.h>
#include <linux/types.h>

#define QN_SHARE_ANY	0xff

enum qn_route_table_limits {
	QN_ROUTE_WAYS = 5,		/* routes in a line */
	QN_ROUTE_PROBES = 32,		/* lines that a look-up touches at most */
	QN_ROUTE_LINES_MIN = 8,
	QN_ROUTE_LINES_MAX = 1 << 20,
};

/*
 * The word of a route. Its tag is never 0, as 0 is a free place.
 */
#define QN_WORD_TAG		0x0000000fu	/* 1 + share, or any */
#define QN_WORD_TAG_ANY		0x00000005u
#define QN_WORD_ACTIVE		0x00000030u	/* enum qkdnf_route_active */
#define QN_WORD_ACTIVE_SHIFT	4
#define QN_WORD_DRY		0x00000040u	/* the next hop was out of key */
#define QN_WORD_HOPS_SHIFT	8		/* index of its next hops: hops.h */

struct qn_route_line {
	u64 id[QN_ROUTE_WAYS];
	u32 word[QN_ROUTE_WAYS];
	u32 passed;			/* routes that are further on for want of room */
};

struct qn_route_table {
	struct rcu_head rcu;
	u64 seed[2];
	u32 mask;			/* lines - 1 */
	u32 count;
	u32 of_share;			/* routes for one share only */
	struct qn_route_line *lines;
	void **cold;			/* QN_ROUTE_WAYS for each line */
};

/* A place in a table: its line and its place there. */
#define QN_SLOT(line, way)	((line) << 3 | (way))
#define QN_SLOT_LINE(slot)	((slot) >> 3)
#define QN_SLOT_WAY(slot)	((slot) & 7)

static inline u32 qn_route_tag(u8 share)
{
	return share == QN_SHARE_ANY ? QN_WORD_TAG_ANY : share + 1u;
}

/*
 * Keyed, as other operators choose the numbers of their nodes: whoever does not
 * know the seed cannot choose them so that they meet in one line.
 */
static inline u64 qn_route_hash(const struct qn_route_table *t, u64 id)
{
	u64 x = (id ^ t->seed[0]) * t->seed[1];

	return (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
}

static inline u32 qn_route_home(const struct qn_route_table *t, u64 hash)
{
	return (u32)(hash >> 32) & t->mask;
}

/* Odd strides visit all lines. */
static inline u32 qn_route_on(const struct qn_route_table *t, u64 hash, u32 line)
{
	return (line + ((u32)hash | 1)) & t->mask;
}

/**
 * qn_route_table_word - look up the route of an id that is best for a share
 * @t: the table
 * @id: a node's id, or a provider's with node part 0
 * @share: share index, or QN_SHARE_ANY
 * @slot: where it is, set if there is one
 *
 * The route for just this share before the one for any.
 *
 * Context: any; under RCU, and the caller's sequence counter tells whether the
 * answer holds. Return: its word, or 0.
 */
static inline u32 qn_route_table_word(const struct qn_route_table *t, u64 id,
				      u8 share, u32 *slot)
{
	u64 hash = qn_route_hash(t, id);
	u32 want = qn_route_tag(share), at = qn_route_home(t, hash);
	u32 any = 0, hits, word, tag, probe, way;

	for (probe = 0; probe < QN_ROUTE_PROBES; probe++) {
		const struct qn_route_line *line = &t->lines[at];

		/*
		 * No branch on what a place holds: it would be guessed wrong more
		 * often than not, and only once the line has come from memory. So
		 * the processor goes on to the next frame's line meanwhile.
		 */
		for (hits = 0, way = 0; way < QN_ROUTE_WAYS; way++)
			hits |= (u32)(READ_ONCE(line->id[way]) == id) << way;
		for (; hits; hits &= hits - 1) {
			way = __builtin_ctz(hits);
			word = READ_ONCE(line->word[way]);
			tag = word & QN_WORD_TAG;
			if (tag != want && tag != QN_WORD_TAG_ANY)
				continue;
			*slot = QN_SLOT(at, way);
			if (tag == want || !READ_ONCE(t->of_share))
				return word;
			any = word;
		}
		if (likely(!READ_ONCE(line->passed)))
			break;
		at = qn_route_on(t, hash, at);
	}
	return any;
}

static inline u32 *qn_route_table_at(struct qn_route_table *t, u32 slot)
{
	return &t->lines[QN_SLOT_LINE(slot)].word[QN_SLOT_WAY(slot)];
}

static inline void **qn_route_table_cold(const struct qn_route_table *t, u32 slot)
{
	return &t->cold[QN_SLOT_LINE(slot) * QN_ROUTE_WAYS + QN_SLOT_WAY(slot)];
}

struct qn_route_table *qn_route_table_new(u32 lines, u64 seed0, u64 seed1,
					  gfp_t gfp);
bool qn_route_table_full(const struct qn_route_table *t);
u32 qn_route_table_fit(const struct qn_route_table *t);
bool qn_route_table_put(struct qn_route_table *t, u64 id, u32 word, void *cold);
void qn_route_table_del(struct qn_route_table *t, u32 slot);
bool qn_route_table_copy(struct qn_route_table *to,
			 const struct qn_route_table *from);

#endif /* _QN_ROUTE_TABLE_H */
