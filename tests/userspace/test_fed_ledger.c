// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ledger of capacity, against a plain list of who was given what, moment by moment.
 * QKDNF_SEED=N: other requests.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger.h"

#define CAPACITY  100
#define HOLDERS	  6
#define REVISIONS 3
#define MOMENTS	  60
#define ROUNDS	  3000

static int failures;
static uint64_t seed = 1;

__attribute__((format(printf, 3, 4))) static void check(const char *name, bool good,
							const char *fmt, ...)
{
	va_list ap;

	if (good) {
		printf("ok %s\n", name);
		return;
	}
	failures++;
	printf("not ok %s - ", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static uint32_t below(uint32_t n)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % n;
}

static const struct qf_migration steps[] = { { "ledger", QF_LEDGER_SQL } };
static const struct qf_schema schema = { steps, QN_ARRAY_SIZE(steps) };

/* --- the list --------------------------------------------------------------------------- */

struct given {
	bool there;
	int64_t bps, starts, ends, expires;
	bool committed;
};

static struct given list[HOLDERS][REVISIONS];

/* What a holder has of a moment: the greater revision. */
static int64_t has(int holder, int64_t moment, int64_t now)
{
	int64_t most = 0;
	int r;

	for (r = 0; r < REVISIONS; r++) {
		const struct given *g = &list[holder][r];

		if (g->there && g->expires > now && moment >= g->starts && moment < g->ends &&
		    g->bps > most)
			most = g->bps;
	}
	return most;
}

static int64_t left_of(int but, int64_t starts, int64_t ends, int64_t now)
{
	int64_t least = CAPACITY, moment;

	for (moment = starts; moment < ends; moment++) {
		int64_t sum = 0;
		int holder;

		for (holder = 0; holder < HOLDERS; holder++)
			if (holder != but)
				sum += has(holder, moment, now);
		if (CAPACITY - sum < least)
			least = CAPACITY - sum;
	}
	return least;
}

/* --- one request after the other ----------------------------------------------------------- */

struct request {
	int what;
	struct qf_ledger_entry entry;
	int64_t now;
	int64_t until;
	enum qf_ledger_answer answer;
	int64_t left;
};

static int job(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct request *r = arg;
	const struct qf_ledger_entry *e = &r->entry;
	int n;

	if (qf_ledger_free(txn, e->resource, CAPACITY, e->starts, e->ends, e->holder, r->now,
			   &r->left, err))
		return -1;
	switch (r->what) {
	case 0:
		r->answer = qf_ledger_hold(txn, e, CAPACITY, r->now, err);
		break;
	case 1:
		r->answer = qf_ledger_lease(txn, e->holder, e->revision, r->until, r->now, err);
		break;
	case 2:
		n = qf_ledger_release(txn, e->holder, e->revision, err);
		r->answer = n < 0 ? QF_LEDGER_FAULT : n ? QF_LEDGER_DONE : QF_LEDGER_NONE;
		break;
	default:
		n = qf_ledger_sweep(txn, r->now - 10, err);
		r->answer = n < 0 ? QF_LEDGER_FAULT : QF_LEDGER_DONE;
	}
	return r->answer == QF_LEDGER_FAULT ? -1 : 0;
}

static enum qf_ledger_answer expected(const struct request *r, int holder)
{
	struct given *g = &list[holder][r->entry.revision];
	int other, k;

	switch (r->what) {
	case 0:
		if (g->there && g->bps == r->entry.bps && g->starts == r->entry.starts &&
		    g->ends == r->entry.ends && g->expires > r->now)
			return QF_LEDGER_DONE;
		if (left_of(holder, r->entry.starts, r->entry.ends, r->now) < r->entry.bps)
			return QF_LEDGER_FULL;
		*g = (struct given){ true,	    r->entry.bps,     r->entry.starts,
				     r->entry.ends, r->entry.expires, false };
		return QF_LEDGER_DONE;
	case 1:
		if (!g->there)
			return QF_LEDGER_NONE;
		if (g->expires <= r->now)
			return QF_LEDGER_GONE;
		if (g->ends < r->until)
			g->expires = g->ends;
		else if (!g->committed || g->expires < r->until)
			g->expires = r->until;
		g->committed = true;
		return QF_LEDGER_DONE;
	case 2:
		if (!g->there)
			return QF_LEDGER_NONE;
		g->there = false;
		return QF_LEDGER_DONE;
	}
	for (other = 0; other < HOLDERS; other++)
		for (k = 0; k < REVISIONS; k++)
			if (list[other][k].expires <= r->now - 10)
				list[other][k].there = false;
	return QF_LEDGER_DONE;
}

static void play(struct qf_store *store)
{
	unsigned int answers[4] = { 0 }, round, wrong = 0, unequal = 0, over = 0;
	int64_t now = 0, moment;
	char name[16];

	for (round = 0; round < ROUNDS; round++) {
		int holder = below(HOLDERS), other;
		struct request r = { .what = below(20) ? below(12) % 4 % 3 : 3, .now = now };
		struct qn_error err = { .text = "" };
		int64_t left;

		snprintf(name, sizeof(name), "order-%d", holder);
		r.entry.resource = "border-1";
		r.entry.holder = name;
		r.entry.revision = below(REVISIONS);
		r.entry.bps = 1 + below(60);
		r.entry.starts = now + below(20);
		r.entry.ends = r.entry.starts + 1 + below(20);
		r.entry.expires = now + 1 + below(4);
		r.until = now + 1 + below(12);
		if (!r.what && list[holder][r.entry.revision].there && !below(3)) { /* again */
			struct given *g = &list[holder][r.entry.revision];

			r.entry.bps = g->bps;
			r.entry.starts = g->starts;
			r.entry.ends = g->ends;
		}
		left = left_of(holder, r.entry.starts, r.entry.ends, now);
		if (qf_store_run(store, job, &r, &err)) {
			check("ledger-no-fault", false, "%s", err.text);
			return;
		}
		unequal += r.left != (left > 0 ? left : 0);
		wrong += r.answer != expected(&r, holder);
		answers[r.answer]++;
		for (moment = now; moment < now + MOMENTS; moment++) {
			int64_t sum = 0;

			for (other = 0; other < HOLDERS; other++)
				sum += has(other, moment, now);
			over += sum > CAPACITY;
		}
		if (!below(4))
			now += below(3);
	}
	check("ledger-says-what-is-free", !unequal, "%u of %u times not", unequal, round);
	check("ledger-answers",
	      !wrong && answers[0] > 100 && answers[1] > 100 && answers[2] > 50 && answers[3] > 50,
	      "%u wrong; %u done, %u full, %u gone, %u none", wrong, answers[0], answers[1],
	      answers[2], answers[3]);
	check("ledger-never-gives-more-than-there-is", !over, "%u moments", over);
	printf("# %u done, %u full, %u gone, %u none\n", answers[0], answers[1], answers[2],
	       answers[3]);
}

/* --- limits of numbers ------------------------------------------------------------------------ */

static int great_job(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct qf_ledger_entry e = { "great", "a", 0, INT64_MAX, 0, 10, 100 };
	bool *good = arg;

	if (qf_ledger_hold(txn, &e, INT64_MAX, 0, err) != QF_LEDGER_DONE)
		return -1;
	e.holder = "b";
	*good = qf_ledger_hold(txn, &e, INT64_MAX, 0, err) == QF_LEDGER_FULL;
	e.starts = 10;
	e.ends = INT64_MAX;
	*good = *good && qf_ledger_hold(txn, &e, INT64_MAX, 0, err) == QF_LEDGER_DONE;
	/* The capacity shrank: nothing is free, and nothing is less than nothing. */
	e.holder = "c";
	e.bps = 1;
	*good = *good && qf_ledger_hold(txn, &e, 5, 0, err) == QF_LEDGER_FULL;
	return 0;
}

int main(void)
{
	char directory[] = "/tmp/qkdnf-ledger-XXXXXX", *uri, *path;
	struct qn_error err = { .text = "" };
	struct qf_store *store;
	bool good = false;

	if (getenv("QKDNF_SEED"))
		seed = strtoull(getenv("QKDNF_SEED"), NULL, 0);
	if (!mkdtemp(directory)) {
		perror(directory);
		return 1;
	}
	path = qn_asprintf("%s/db", directory);
	uri = qn_asprintf("sqlite:%s", path);
	if (qf_store_open(&store, uri, &schema, NULL, &err)) {
		check("ledger-store", false, "%s", err.text);
	} else {
		play(store);
		check("ledger-of-great-numbers",
		      !qf_store_run(store, great_job, &good, &err) && good, "%s", err.text);
		qf_store_close(store);
	}
	free(path);
	free(uri);
	path = qn_asprintf("rm -rf %s", directory);
	if (system(path))
		failures++;
	free(path);
	return failures ? 1 : 0;
}
