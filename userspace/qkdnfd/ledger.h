/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a resource's capacity is given to whom, and until when.
 *
 * An entry is an amount of key rate that an order has of a resource over a time. It is
 * *held* while the order is being agreed, for seconds, and *committed* for a lease that is
 * renewed until the order ends. Either way it lives until it expires: then its capacity is
 * free again, whether or not anybody says so. Nothing is reserved for ever, whoever dies.
 *
 * An order is revised by a new revision beside the old one, which goes when the new one
 * runs: of one resource it has the greater of the two meanwhile, not both.
 *
 * All functions are for jobs of the store: its thread, inside a transaction. Times are
 * microseconds UTC, rates bit/s. The caller says what time it is, once for all that a job
 * does.
 */
#ifndef QF_LEDGER_H
#define QF_LEDGER_H

#include "store.h"

/* Its table, a step of the schema. */
#define QF_LEDGER_SQL                                             \
	"CREATE TABLE ledger ("                                   \
	" resource TEXT NOT NULL,"                                \
	" holder TEXT NOT NULL,"                                  \
	" revision BIGINT NOT NULL,"                              \
	" bps BIGINT NOT NULL CHECK (bps > 0),"                   \
	" starts BIGINT NOT NULL,"                                \
	" ends BIGINT NOT NULL CHECK (ends > starts),"            \
	" committed BIGINT NOT NULL CHECK (committed IN (0, 1))," \
	" expires BIGINT NOT NULL,"                               \
	" PRIMARY KEY (resource, holder, revision));"             \
	"CREATE INDEX ledger_holder ON ledger (holder);"          \
	"CREATE INDEX ledger_expires ON ledger (expires)"

/* What became of a request. */
enum qf_ledger_answer {
	QF_LEDGER_FAULT = -1, /* of the database: the job is refused */
	QF_LEDGER_DONE,
	QF_LEDGER_FULL, /* not as much is free over all of that time */
	QF_LEDGER_GONE, /* it was there, and its time is over */
	QF_LEDGER_NONE, /* there is no such entry */
};

/**
 * struct qf_ledger_entry - a request for capacity
 * @resource: id of the resource
 * @holder: id of the order, or of its part
 * @revision: of the order
 * @bps: how much
 * @starts: from when on
 * @ends: until when at most; beyond @starts
 * @expires: until when it is held
 */
struct qf_ledger_entry {
	const char *resource;
	const char *holder;
	int64_t revision;
	int64_t bps;
	int64_t starts;
	int64_t ends;
	int64_t expires;
};

/**
 * qf_ledger_free() - how much can be had all the time
 * @txn: transaction
 * @resource: its id
 * @capacity: of the resource
 * @starts: from when on
 * @ends: until when
 * @but: holder whose own entry does not count, or NULL
 * @now: what time it is
 * @free_bps: the answer; never below 0, though capacity may have shrunk below what was
 *	given
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err.
 */
int qf_ledger_free(struct qf_txn *txn, const char *resource, int64_t capacity, int64_t starts,
		   int64_t ends, const char *but, int64_t now, int64_t *free_bps,
		   struct qn_error *err);

/**
 * qf_ledger_hold() - hold capacity for an order
 * @txn: transaction
 * @entry: what for
 * @capacity: of the resource
 * @now: what time it is
 * @err: what went wrong
 *
 * The same request once more is done as before: it holds nothing twice and prolongs
 * nothing. If what it held is over, it is a new request.
 *
 * Return: QF_LEDGER_DONE, FULL or FAULT.
 */
enum qf_ledger_answer qf_ledger_hold(struct qf_txn *txn, const struct qf_ledger_entry *entry,
				     int64_t capacity, int64_t now, struct qn_error *err);

/**
 * qf_ledger_lease() - what is held is given; what is given is given for longer
 * @txn: transaction
 * @holder: the order
 * @revision: of it
 * @until: when the lease is over unless it is renewed; no entry outlives its end
 * @now: what time it is
 * @err: what went wrong
 *
 * All entries of the revision, or none: if one is over, so are all. A lease is not
 * shortened.
 *
 * Return: QF_LEDGER_DONE, GONE, NONE or FAULT.
 */
enum qf_ledger_answer qf_ledger_lease(struct qf_txn *txn, const char *holder, int64_t revision,
				      int64_t until, int64_t now, struct qn_error *err);

/* Give a revision's capacity back. Return: entries, 0 if there is none, or -1 with @err. */
int qf_ledger_release(struct qf_txn *txn, const char *holder, int64_t revision,
		      struct qn_error *err);

/*
 * Forget what was over at a time long enough ago that nobody is to be told GONE any more.
 * Return: entries, or -1 with @err.
 */
int qf_ledger_sweep(struct qf_txn *txn, int64_t before, struct qn_error *err);

#endif
