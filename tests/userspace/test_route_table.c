// SPDX-License-Identifier: GPL-2.0-or-later
/* The routes' table: what is found, what it costs, and that nothing is left behind. */
#include "route_table.h"
#include "test.h"

#define ID(provider, node) ((u64)(provider) << 32 | (node))

static struct qn_route_table *table(u32 lines, u64 *rnd)
{
	return qn_route_table_new(lines, test_random(rnd), test_random(rnd),
				  GFP_KERNEL);
}

/* A table of so many lines with what is in @t, which is freed. */
static struct qn_route_table *remade(struct qn_route_table *t, u32 lines, u64 *rnd)
{
	struct qn_route_table *new = table(lines, rnd);

	CHECK(qn_route_table_copy(new, t), "%u in %u lines", t->count, lines);
	kvfree(t);
	return new;
}

static struct qn_route_table *put(struct qn_route_table *t, u64 id, u8 share,
				  u32 hops, void *cold, u64 *rnd)
{
	u32 word = qn_route_tag(share) | hops << QN_WORD_HOPS_SHIFT;

	if (qn_route_table_full(t))
		t = remade(t, 2 * (t->mask + 1), rnd);
	CHECK(qn_route_table_put(t, id, word, cold), "after %u in %u lines", t->count,
	      t->mask + 1);
	return t;
}

static bool untouched(const struct qn_route_table *t)
{
	u32 i, way;

	for (i = 0; i <= t->mask; i++) {
		if (t->lines[i].passed)
			return false;
		for (way = 0; way < QN_ROUTE_WAYS; way++)
			if (t->lines[i].word[way] || t->lines[i].id[way] ||
			    t->cold[i * QN_ROUTE_WAYS + way])
				return false;
	}
	return t->count == 0 && t->of_share == 0;
}

/* --- the same answers as a list gives, whatever is put in and taken out --------- */

#define IDS	400
#define SHARES	5			/* 0 to 3, and any */

static const u8 shares[SHARES] = { 0, 1, 2, 3, QN_SHARE_ANY };

struct model {
	u32 hops[IDS][SHARES];		/* 0: no such route */
};

static u64 id_of(u32 i)
{
	return i < IDS / 4 ? ID(i + 1, 0) : ID(1 + i % 7, i);
}

static void same_answers(const struct model *m, const struct qn_route_table *t)
{
	u32 i, s, slot, word, expected;

	for (i = 0; i < IDS; i++)
		for (s = 0; s < SHARES; s++) {
			expected = m->hops[i][s] ?: m->hops[i][SHARES - 1];
			word = qn_route_table_word(t, id_of(i), shares[s], &slot);
			CHECK(word >> QN_WORD_HOPS_SHIFT == expected,
			      "id %u share %u: %u, not %u", i, s,
			      word >> QN_WORD_HOPS_SHIFT, expected);
			CHECK(!word || *qn_route_table_cold(t, slot) ==
				       (void *)(unsigned long)expected);
		}
}

static void finds_what_a_list_finds(void)
{
	static struct model m;
	u64 rnd = test_seed;
	struct qn_route_table *t = table(QN_ROUTE_LINES_MIN, &rnd);
	u32 step, i, s, slot, next = 1;

	for (step = 0; step < 40000 && !test_failed(); step++) {
		/* Some time mostly growing, some mostly emptying. */
		bool add = chance(&rnd, step / 5000 % 2 ? 10 : 90);

		i = below(&rnd, IDS);
		s = below(&rnd, SHARES);
		if (add && !m.hops[i][s]) {
			m.hops[i][s] = next;
			t = put(t, id_of(i), shares[s], next, (void *)(unsigned long)next, &rnd);
			next++;
		} else if (!add && m.hops[i][s]) {
			REQUIRE(qn_route_table_word(t, id_of(i), shares[s], &slot));
			qn_route_table_del(t, slot);
			m.hops[i][s] = 0;
			if (qn_route_table_fit(t) <= t->mask)
				t = remade(t, qn_route_table_fit(t), &rnd);
		}
		if (!(step % 500))
			same_answers(&m, t);
	}
	same_answers(&m, t);
	for (i = 0; i < IDS; i++)
		for (s = 0; s < SHARES; s++)
			if (m.hops[i][s] &&
			    qn_route_table_word(t, id_of(i), shares[s], &slot))
				qn_route_table_del(t, slot);
	CHECK(untouched(t));
	CHECK(qn_route_table_fit(t) == QN_ROUTE_LINES_MIN);
	kvfree(t);
	memset(&m, 0, sizeof(m));
}

static void no_destination_is_no_route(void)
{
	u64 rnd = test_seed;
	struct qn_route_table *t = table(QN_ROUTE_LINES_MIN, &rnd);
	u32 slot, share;

	t = put(t, ID(1, 1), QN_SHARE_ANY, 0, NULL, &rnd);
	for (share = 0; share < 256; share++)
		CHECK(!qn_route_table_word(t, 0, share, &slot), "share %u", share);
	CHECK(qn_route_table_word(t, ID(1, 1), 3, &slot));
	kvfree(t);
}

/* --- a look-up costs one line ---------------------------------------------------- */

static void lines_of(u32 routes, u64 (*id)(u32 i))
{
	u64 rnd = test_seed;
	struct qn_route_table *t = table(QN_ROUTE_LINES_MIN, &rnd);
	u32 i, slot, at, lines = 0, absent = 0;
	u64 hash;

	for (i = 0; i < routes; i++)
		t = put(t, id(i), QN_SHARE_ANY, i % 1000, NULL, &rnd);
	CHECK((u64)((void *)t->lines) % 64 == 0);
	for (i = 0; i < routes; i++) {
		REQUIRE(qn_route_table_word(t, id(i), QN_SHARE_ANY, &slot));
		hash = qn_route_hash(t, id(i));
		at = qn_route_home(t, hash);
		for (lines++; at != QN_SLOT_LINE(slot); lines++)
			at = qn_route_on(t, hash, at);
		hash = qn_route_hash(t, id(routes + i));
		at = qn_route_home(t, hash);
		for (absent++; t->lines[at].passed; absent++)
			at = qn_route_on(t, hash, at);
	}
	CHECK(lines < routes * 12ULL / 10, "%u lines for %u routes", lines, routes);
	CHECK(absent < routes * 14ULL / 10, "%u lines for %u of no route", absent, routes);
	CHECK((t->mask + 1) * (u64)QN_ROUTE_WAYS < routes * 3ULL, "%u lines", t->mask + 1);
	kvfree(t);
}

static u64 id_in_thousands(u32 i)
{
	return ID(2 + i / 1000, 1 + i % 1000);
}

static u64 id_in_a_row(u32 i)
{
	return ID(64496, 1 + i);
}

static u64 id_of_provider(u32 i)
{
	return ID(1 + i, 0);
}

static u64 id_in_steps(u32 i)
{
	return ID(64496, (i + 1) << 8);
}

static void a_look_up_touches_one_line(void)
{
	lines_of(100000, id_in_thousands);
	lines_of(100000, id_in_a_row);
	lines_of(100000, id_of_provider);
	lines_of(100000, id_in_steps);
	lines_of(109000, id_in_a_row);		/* as full as a table becomes */
}

/* --- ids chosen to meet in one line ---------------------------------------------- */

static void chosen_ids_are_bounded(void)
{
	u64 rnd = test_seed, id, chosen[QN_ROUTE_WAYS * QN_ROUTE_PROBES];
	struct qn_route_table *t = table(64, &rnd), *other;
	u32 n = 0, slot, i;

	/* Who knows the seed can fill the reach of a home and stride, not more ... */
	for (id = ID(7, 1);; id++) {
		u64 hash = qn_route_hash(t, id);

		if (qn_route_home(t, hash) != 62 || ((u32)hash & 62))
			continue;
		if (!qn_route_table_put(t, id, QN_WORD_TAG_ANY, NULL))
			break;
		REQUIRE(n < ARRAY_SIZE(chosen));
		chosen[n++] = id;
	}
	CHECK(n == ARRAY_SIZE(chosen) && t->count == n);
	for (i = 0; i < n; i++)
		CHECK(qn_route_table_word(t, chosen[i], 0, &slot));
	CHECK(!qn_route_table_word(t, id, 0, &slot));
	/* ... and with another seed they are as any. */
	other = table(64, &rnd);
	CHECK(qn_route_table_copy(other, t));
	CHECK(qn_route_table_put(other, id, QN_WORD_TAG_ANY, NULL));
	CHECK(qn_route_table_word(other, id, 0, &slot));
	for (i = 0; i < n; i++)
		CHECK(qn_route_table_word(other, chosen[i], 0, &slot));
	/* Taken out in another order, they leave nothing. */
	for (i = 0; i < n; i++) {
		REQUIRE(qn_route_table_word(t, chosen[(i * 7) % n], 0, &slot));
		qn_route_table_del(t, slot);
	}
	CHECK(untouched(t));
	kvfree(t);
	kvfree(other);
}

static void sizes_are_checked(void)
{
	CHECK(!qn_route_table_new(0, 1, 2, GFP_KERNEL));
	CHECK(!qn_route_table_new(24, 1, 2, GFP_KERNEL));
	CHECK(!qn_route_table_new(2 * QN_ROUTE_LINES_MAX, 1, 2, GFP_KERNEL));
	shim_fail_after(0);
	CHECK(!qn_route_table_new(8, 1, 2, GFP_KERNEL));
	shim_fail_after(-1);
}

TEST_MAIN(TEST(finds_what_a_list_finds), TEST(no_destination_is_no_route),
	  TEST(a_look_up_touches_one_line), TEST(chosen_ids_are_bounded),
	  TEST(sizes_are_checked))
