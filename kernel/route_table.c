// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of the table that changes it; look-ups are in the header.
 */
#include <linux/align.h>
#include <linux/sched.h>

#include "route_table.h"

/*
 * Two thirds of the places: then one route in thirteen is not in its home line,
 * and hardly any further than ten lines on, among a million.
 */
static u32 capacity(u32 lines)
{
	return lines * QN_ROUTE_WAYS / 3 * 2;
}

/**
 * qn_route_table_full - is it time for a larger table before one more route?
 * @t: the table
 */
bool qn_route_table_full(const struct qn_route_table *t)
{
	return t->count >= capacity(t->mask + 1);
}

/**
 * qn_route_table_fit - how many lines are enough, after routes were taken out
 * @t: the table
 *
 * Return: fewer than it has only if it is nearly empty, so that routes that come
 * and go do not make it change with each.
 */
u32 qn_route_table_fit(const struct qn_route_table *t)
{
	u32 lines = t->mask + 1;

	while (lines > QN_ROUTE_LINES_MIN && t->count < capacity(lines) / 8)
		lines /= 2;
	return lines;
}

/**
 * qn_route_table_new - an empty table
 * @lines: how many lines, a power of two
 * @seed0: random
 * @seed1: random
 * @gfp: of its memory, which the caller frees with kvfree() or kvfree_rcu()
 *
 * Context: process, may sleep. Return: it, or NULL.
 */
struct qn_route_table *qn_route_table_new(u32 lines, u64 seed0, u64 seed1,
					  gfp_t gfp)
{
	size_t size = sizeof(struct qn_route_table) + sizeof(struct qn_route_line) +
		      lines * (sizeof(struct qn_route_line) +
			       QN_ROUTE_WAYS * sizeof(void *));
	struct qn_route_table *t;

	if (!lines || lines > QN_ROUTE_LINES_MAX || (lines & (lines - 1)))
		return NULL;
	/* One piece, so that from a page on it is mapped with as few entries as can be. */
	t = kvzalloc(size, gfp);
	if (!t)
		return NULL;
	t->seed[0] = seed0;
	t->seed[1] = seed1 | 1;
	t->mask = lines - 1;
	t->lines = PTR_ALIGN((void *)(t + 1), sizeof(struct qn_route_line));
	t->cold = (void **)(t->lines + lines);
	return t;
}

/**
 * qn_route_table_put - put a route in
 * @t: the table, not full
 * @id: its id; no route of this id and tag is in @t
 * @word: its word
 * @cold: what qn_route_table_cold() shall say
 *
 * Context: any; the caller keeps other writers away. Return: false if there is no
 * room within reach: what helps is a larger table with another seed.
 */
bool qn_route_table_put(struct qn_route_table *t, u64 id, u32 word, void *cold)
{
	u64 hash = qn_route_hash(t, id);
	u32 home = qn_route_home(t, hash), at = home, probe, way;
	struct qn_route_line *line;

	for (probe = 0; probe < QN_ROUTE_PROBES; probe++) {
		line = &t->lines[at];
		for (way = 0; way < QN_ROUTE_WAYS; way++)
			if (!line->word[way])
				goto room;
		at = qn_route_on(t, hash, at);
	}
	return false;
room:
	WRITE_ONCE(*qn_route_table_cold(t, QN_SLOT(at, way)), cold);
	WRITE_ONCE(line->id[way], id);
	WRITE_ONCE(line->word[way], word);
	for (; home != at; home = qn_route_on(t, hash, home))
		WRITE_ONCE(t->lines[home].passed, t->lines[home].passed + 1);
	t->count++;
	if ((word & QN_WORD_TAG) != QN_WORD_TAG_ANY)
		WRITE_ONCE(t->of_share, t->of_share + 1);
	return true;
}

/**
 * qn_route_table_del - take a route out
 * @t: the table
 * @slot: where it is
 *
 * Context: any; the caller keeps other writers away.
 */
void qn_route_table_del(struct qn_route_table *t, u32 slot)
{
	struct qn_route_line *line = &t->lines[QN_SLOT_LINE(slot)];
	u32 way = QN_SLOT_WAY(slot);
	u64 hash = qn_route_hash(t, line->id[way]);
	u32 home = qn_route_home(t, hash);

	for (; home != QN_SLOT_LINE(slot); home = qn_route_on(t, hash, home))
		WRITE_ONCE(t->lines[home].passed, t->lines[home].passed - 1);
	if ((line->word[way] & QN_WORD_TAG) != QN_WORD_TAG_ANY)
		WRITE_ONCE(t->of_share, t->of_share - 1);
	WRITE_ONCE(line->word[way], 0);
	WRITE_ONCE(line->id[way], 0);
	WRITE_ONCE(*qn_route_table_cold(t, slot), NULL);
	t->count--;
}

/**
 * qn_route_table_copy - put all routes of a table into another
 * @to: an empty table that nobody reads yet
 * @from: the table
 *
 * Context: process, may sleep; nobody changes @from. Return: false as qn_route_table_put().
 */
bool qn_route_table_copy(struct qn_route_table *to,
			 const struct qn_route_table *from)
{
	const struct qn_route_line *line = from->lines;
	u32 at, way;

	for (at = 0; at <= from->mask; at++, line++) {
		if (!(at & 1023))
			cond_resched();
		for (way = 0; way < QN_ROUTE_WAYS; way++)
			if (line->word[way] &&
			    !qn_route_table_put(to, line->id[way], line->word[way],
						*qn_route_table_cold(from, QN_SLOT(at, way))))
				return false;
	}
	return true;
}
