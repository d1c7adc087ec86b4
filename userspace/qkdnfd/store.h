/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database, which is the daemon's state.
 *
 * Whatever changes something is a job: a function that the store's own thread
 * runs inside a transaction. It reads rows, checks, writes rows, and makes the
 * answer in its argument. Its done function is called in the thread of the event
 * loop when the commit is durable, and not before, for refusals too: what a job
 * was refused for may be the work of another one in the same commit.
 *
 * Many jobs share a commit, a savepoint each. A job may be run again when the
 * first run did not count (the database went away, the disk was full for the
 * jobs beside it): so it has no effect but in the transaction and in its own
 * argument, which it fills from the beginning each time.
 *
 * SQL is what SQLite 3.40 and PostgreSQL 15 both take: columns BIGINT, TEXT,
 * BYTEA; $1, $2; ON CONFLICT; RETURNING. A sum is CAST(SUM(x) AS BIGINT). The text
 * of a statement is constant: values go in as parameters. Words reserved by one of
 * the two (user, order) are no names of tables.
 */
#ifndef QF_STORE_H
#define QF_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <systemd/sd-event.h>

#include "base.h"

struct qf_store;
struct qf_txn;
struct qf_rows;

/* What went wrong: code of struct qn_error. Else it is 0. */
enum qf_store_code {
	/* A row of that unique key is there already. */
	QF_STORE_UNIQUE = EEXIST,
	/* The database has no room; nothing was done. */
	QF_STORE_FULL = ENOSPC,
	/* The database is away for longer than a request may wait; nothing was done. */
	QF_STORE_AWAY = EAGAIN,
	/* Too many jobs wait, or (opening) another office has the database. */
	QF_STORE_BUSY = EBUSY,
	/* The store is closed or lost; nothing was done. */
	QF_STORE_CLOSED = ESHUTDOWN,
	/*
	 * The store was lost while the commit was on its way: it may or may not
	 * have happened. Answer nothing that says either; a repeated request will
	 * find out.
	 */
	QF_STORE_UNKNOWN = EINPROGRESS,
};

enum qf_store_state {
	QF_STORE_UP,
	/* The server is out of reach; the store goes on trying. */
	QF_STORE_GONE,
	/*
	 * For good: another office has taken over, or the disk failed. The process
	 * is to end, so that what is true is read anew.
	 */
	QF_STORE_LOST,
};

/* --- the schema --------------------------------------------------------------- */

/**
 * struct qf_migration - one step of the schema, never changed once released
 * @name: a word or two
 * @sql: statements, in the common dialect; SQLite's tables become STRICT ones
 */
struct qf_migration {
	const char *name;
	const char *sql;
};

/* All steps, numbered from 1 in this order. */
struct qf_schema {
	const struct qf_migration *steps;
	unsigned int count;
};

/* The daemon's. */
extern const struct qf_schema qf_schema;

/* --- life --------------------------------------------------------------------- */

/**
 * qf_store_open() - open the database, bring it up to date, start the thread
 * @store: where to put it, for qf_store_close()
 * @uri: sqlite:/absolute/path, or a postgresql:// URI as libpq takes it
 * @schema: what the tables are to be
 * @event: loop in whose thread done functions are called; NULL if only
 *	qf_store_run() will be used
 * @err: what went wrong; code %QF_STORE_BUSY if another office has the database
 *	(a standby tries again), %QF_STORE_AWAY if there is no server
 *
 * One process at a time has a database: by SQLite's exclusive lock, by an advisory
 * lock of PostgreSQL and an epoch that each transaction checks.
 *
 * Context: the loop's thread. May take seconds.
 *
 * Return: 0, or -1 with @err.
 */
int qf_store_open(struct qf_store **store, const char *uri, const struct qf_schema *schema,
		  sd_event *event, struct qn_error *err);

/**
 * qf_store_close() - do what is queued, close the database, end the thread
 * @store: may be NULL
 *
 * Calls the done functions of all jobs before it returns; what could not be done,
 * the server being away, is refused with %QF_STORE_CLOSED or %QF_STORE_UNKNOWN.
 *
 * Context: the loop's thread, not a done function.
 */
void qf_store_close(struct qf_store *store);

/* Told in the loop's thread when the state changes; why is a line for people. */
typedef void (*qf_store_state_fn)(void *arg, enum qf_store_state state, const char *why);
void qf_store_on_state(struct qf_store *store, qf_store_state_fn fn, void *arg);

/*
 * Called in the loop's thread after commits of jobs that called qf_wake(), before
 * those jobs' done functions.
 */
typedef void (*qf_store_wake_fn)(void *arg);
void qf_store_on_wake(struct qf_store *store, qf_store_wake_fn fn, void *arg);

/* --- jobs --------------------------------------------------------------------- */

/*
 * In the store's thread. 0: to be committed; -1: refused, @err says why, and
 * nothing of it remains. A job one of whose statements failed is refused whatever
 * it returns: PostgreSQL takes no more statements then. Use ON CONFLICT for what
 * may well be there.
 */
typedef int (*qf_job)(struct qf_txn *txn, void *arg, struct qn_error *err);

/* In the loop's thread. result: 0, or -1 with err. */
typedef void (*qf_job_done)(void *arg, int result, const struct qn_error *err);

/**
 * qf_store_submit() - queue a job
 * @store: store with a loop
 * @job: what to do
 * @done: what to do then, always called, never from within this function; or NULL
 * @arg: for both; the store keeps no copy, so it lives until @done
 *
 * Jobs are run in the order in which they are queued. More than a few thousand
 * waiting, or seconds of waiting for a server that is away, and they are refused
 * (%QF_STORE_BUSY, %QF_STORE_AWAY).
 *
 * Context: any thread.
 */
void qf_store_submit(struct qf_store *store, qf_job job, qf_job_done done, void *arg);

/**
 * qf_store_run() - do a job and wait for it
 * @store: store
 * @job: what to do
 * @arg: for @job
 * @err: why it was refused
 *
 * Context: any thread but the store's; blocks for a commit or longer, so the loop's
 * thread calls it only before the loop runs.
 *
 * Return: 0 if it is durable, or -1 with @err.
 */
int qf_store_run(struct qf_store *store, qf_job job, void *arg, struct qn_error *err);

/* --- in a job ------------------------------------------------------------------ */

enum qf_column { QF_COLUMN_NULL, QF_COLUMN_INT, QF_COLUMN_TEXT, QF_COLUMN_BLOB };

/**
 * struct qf_value - one value of a row or of a statement
 * @kind: which; a NULL text or blob of a statement has its own kind and no @data
 * @len: octets of text (without the final zero) or blob
 * @i: integer
 * @data: text, zero-terminated, or blob
 */
struct qf_value {
	enum qf_column kind;
	size_t len;
	int64_t i;
	const void *data;
};

/* Parameters of a statement. Texts and blobs may be NULL. */
struct qf_value qf_i(int64_t i);
struct qf_value qf_s(const char *text);
struct qf_value qf_b(const void *data, size_t len);
/* An integer that may be missing. */
struct qf_value qf_i_or_null(const int64_t *i);

/**
 * qf_query() - run a statement that returns rows
 * @txn: transaction
 * @err: what went wrong, code as &enum qf_store_code
 * @sql: statement; the rest are its parameters: qf_i(), qf_s(), qf_b()
 *
 * All rows are fetched at once: statements may change what is being walked over.
 * Ask for a page of them (LIMIT) where there may be many.
 *
 * Return: rows, before the first one, for qf_next(), gone when the job returns; or
 * NULL with @err.
 */
#define qf_query(txn, err, sql, ...)                                             \
	qf_query_values(txn, err, sql, (const struct qf_value[]){ __VA_ARGS__ }, \
			QF_COUNT_VALUES(__VA_ARGS__))

/**
 * qf_do() - run a statement that changes rows
 * @txn: transaction
 * @err: what went wrong, code as &enum qf_store_code
 * @sql: statement; the rest are its parameters: qf_i(), qf_s(), qf_b()
 *
 * Return: how many rows it changed, or -1 with @err.
 */
#define qf_do(txn, err, sql, ...)                                             \
	qf_do_values(txn, err, sql, (const struct qf_value[]){ __VA_ARGS__ }, \
		     QF_COUNT_VALUES(__VA_ARGS__))

#define QF_COUNT_VALUES(...) \
	(sizeof((const struct qf_value[]){ __VA_ARGS__ }) / sizeof(struct qf_value))

struct qf_rows *qf_query_values(struct qf_txn *txn, struct qn_error *err, const char *sql,
				const struct qf_value *values, size_t count);
int qf_do_values(struct qf_txn *txn, struct qn_error *err, const char *sql,
		 const struct qf_value *values, size_t count);

/* Go to the next row: false if there is none. */
bool qf_next(struct qf_rows *rows);

/*
 * Columns of the row, from 0. What they return lives as long as the job. The kind
 * asked for must be the column's, else the process ends: a mistake of the program.
 * NULL is 0, NULL and NULL.
 */
int64_t qf_int(const struct qf_rows *rows, unsigned int column);
const char *qf_text(const struct qf_rows *rows, unsigned int column);
const void *qf_blob(const struct qf_rows *rows, unsigned int column, size_t *len);
bool qf_is_null(const struct qf_rows *rows, unsigned int column);

/**
 * qf_serial() - a number that no row was given before, greater than all of them
 * @txn: transaction
 *
 * Order of serials is order of commits.
 *
 * Return: the number, above 0.
 */
int64_t qf_serial(struct qf_txn *txn);

/* Call the wake function after the commit. */
void qf_wake(struct qf_txn *txn);

#endif
