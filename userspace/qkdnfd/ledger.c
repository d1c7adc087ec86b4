// SPDX-License-Identifier: GPL-2.0-or-later
/* Capacity of resources: held, committed, free. */
#include <stdlib.h>
#include <string.h>

#include "ledger.h"

/* Where the sum of what is given changes. */
struct change {
	int64_t at;
	int64_t by;
};

static int by_time(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	/* What ends at a moment is free from that moment on. */
	return x->by < y->by ? -1 : x->by > y->by;
}

struct changes {
	struct change *list;
	size_t count;
	size_t room;
};

static void give(struct changes *c, int64_t at, int64_t by)
{
	if (c->count == c->room) {
		c->room = 2 * c->room + 32;
		c->list = qn_realloc(c->list, c->room * sizeof(*c->list));
	}
	c->list[c->count++] = (struct change){ at, by };
}

/* The most that is given at any moment. */
static int64_t peak(const struct changes *c)
{
	int64_t sum = 0, most = 0;
	size_t i;

	if (c->count)
		qsort(c->list, c->count, sizeof(*c->list), by_time);
	for (i = 0; i < c->count; i++) {
		/* No resource has so much: whatever is asked for is too much then. */
		if (__builtin_add_overflow(sum, c->list[i].by, &sum))
			return INT64_MAX;
		if (sum > most)
			most = sum;
	}
	return most;
}

struct revision {
	int64_t bps;
	int64_t starts;
	int64_t ends;
};

/* Revisions of one holder. */
struct revisions {
	struct revision *list;
	size_t count;
	size_t room;
};

/* At each moment the greatest of them counts. They are few. */
static void give_greatest(struct changes *c, const struct revisions *r)
{
	size_t i, k;

	for (i = 0; i < r->count; i++) {
		int64_t at = r->list[i].starts;

		/* From its start piece by piece, up to where another one changes. */
		while (at < r->list[i].ends) {
			int64_t to = r->list[i].ends;
			bool greatest = true;

			for (k = 0; k < r->count; k++) {
				bool beats = r->list[k].bps > r->list[i].bps ||
					     (k < i && r->list[k].bps == r->list[i].bps);

				if (!beats || r->list[k].ends <= at)
					continue;
				if (r->list[k].starts > at) {
					to = r->list[k].starts < to ? r->list[k].starts : to;
				} else {
					greatest = false;
					to = r->list[k].ends < to ? r->list[k].ends : to;
				}
			}
			if (greatest) {
				give(c, at, r->list[i].bps);
				give(c, to, -r->list[i].bps);
			}
			at = to;
		}
	}
}

static void add_revision(struct revisions *r, int64_t bps, int64_t starts, int64_t ends)
{
	if (r->count == r->room) {
		r->room = 2 * r->room + 4;
		r->list = qn_realloc(r->list, r->room * sizeof(*r->list));
	}
	r->list[r->count++] = (struct revision){ bps, starts, ends };
}

int qf_ledger_free(struct qf_txn *txn, const char *resource, int64_t capacity, int64_t starts,
		   int64_t ends, const char *but, int64_t now, int64_t *free_bps,
		   struct qn_error *err)
{
	struct qf_rows *rows =
		qf_query(txn, err,
			 "SELECT holder, bps, starts, ends FROM ledger WHERE resource = $1 AND ends > $2"
			 " AND starts < $3 AND holder <> $4 AND expires > $5 ORDER BY holder",
			 qf_s(resource), qf_i(starts), qf_i(ends), qf_s(but ? but : ""), qf_i(now));
	struct revisions revisions = { 0 };
	struct changes changes = { 0 };
	const char *holder = "";
	int64_t given;

	if (!rows)
		return -1;
	while (qf_next(rows)) {
		int64_t from = qf_int(rows, 2), to = qf_int(rows, 3);

		if (strcmp(holder, qf_text(rows, 0))) {
			give_greatest(&changes, &revisions);
			revisions.count = 0;
			holder = qf_text(rows, 0);
		}
		add_revision(&revisions, qf_int(rows, 1), from > starts ? from : starts,
			     to < ends ? to : ends);
	}
	give_greatest(&changes, &revisions);
	given = peak(&changes);
	free(revisions.list);
	free(changes.list);
	*free_bps = given < capacity ? capacity - given : 0;
	return 0;
}

enum qf_ledger_answer qf_ledger_hold(struct qf_txn *txn, const struct qf_ledger_entry *entry,
				     int64_t capacity, int64_t now, struct qn_error *err)
{
	struct qf_rows *rows;
	int64_t left;

	rows = qf_query(txn, err,
			"SELECT 1 FROM ledger WHERE resource = $1 AND holder = $2"
			" AND revision = $3 AND bps = $4 AND starts = $5 AND ends = $6"
			" AND expires > $7",
			qf_s(entry->resource), qf_s(entry->holder), qf_i(entry->revision),
			qf_i(entry->bps), qf_i(entry->starts), qf_i(entry->ends), qf_i(now));
	if (!rows)
		return QF_LEDGER_FAULT;
	if (qf_next(rows))
		return QF_LEDGER_DONE;
	if (qf_ledger_free(txn, entry->resource, capacity, entry->starts, entry->ends,
			   entry->holder, now, &left, err))
		return QF_LEDGER_FAULT;
	if (left < entry->bps)
		return QF_LEDGER_FULL;
	if (qf_do(txn, err,
		  "INSERT INTO ledger (resource, holder, revision, bps, starts, ends, committed,"
		  " expires) VALUES ($1, $2, $3, $4, $5, $6, 0, $7)"
		  " ON CONFLICT (resource, holder, revision) DO UPDATE SET bps = excluded.bps,"
		  " starts = excluded.starts, ends = excluded.ends, committed = 0,"
		  " expires = excluded.expires",
		  qf_s(entry->resource), qf_s(entry->holder), qf_i(entry->revision),
		  qf_i(entry->bps), qf_i(entry->starts), qf_i(entry->ends),
		  qf_i(entry->expires)) < 0)
		return QF_LEDGER_FAULT;
	return QF_LEDGER_DONE;
}

enum qf_ledger_answer qf_ledger_lease(struct qf_txn *txn, const char *holder, int64_t revision,
				      int64_t until, int64_t now, struct qn_error *err)
{
	struct qf_rows *rows = qf_query(txn, err,
					"SELECT expires FROM ledger WHERE holder = $1"
					" AND revision = $2",
					qf_s(holder), qf_i(revision));
	bool any = false;

	if (!rows)
		return QF_LEDGER_FAULT;
	while (qf_next(rows)) {
		if (qf_int(rows, 0) <= now)
			return QF_LEDGER_GONE;
		any = true;
	}
	if (!any)
		return QF_LEDGER_NONE;
	if (qf_do(txn, err,
		  "UPDATE ledger SET committed = 1, expires = CASE"
		  " WHEN ends < $3 THEN ends"
		  " WHEN committed = 1 AND expires > $3 THEN expires ELSE $3 END"
		  " WHERE holder = $1 AND revision = $2",
		  qf_s(holder), qf_i(revision), qf_i(until)) < 0)
		return QF_LEDGER_FAULT;
	return QF_LEDGER_DONE;
}

int qf_ledger_release(struct qf_txn *txn, const char *holder, int64_t revision,
		      struct qn_error *err)
{
	return qf_do(txn, err, "DELETE FROM ledger WHERE holder = $1 AND revision = $2",
		     qf_s(holder), qf_i(revision));
}

int qf_ledger_sweep(struct qf_txn *txn, int64_t before, struct qn_error *err)
{
	return qf_do(txn, err, "DELETE FROM ledger WHERE expires <= $1", qf_i(before));
}
