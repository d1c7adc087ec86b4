/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the store know of each other. */
#ifndef QF_STORE_IMPL_H
#define QF_STORE_IMPL_H

#include <pthread.h>

#include "store.h"

/* How a statement, or the way to the database, fared. */
enum qf_fate {
	QF_FATE_OK,
	/* The statement's own fault, or the data's. */
	QF_FATE_REFUSED,
	QF_FATE_UNIQUE,
	/* No room. */
	QF_FATE_FULL,
	/* In one another's way: the same again may succeed. */
	QF_FATE_AGAIN,
	/* The connection is gone. */
	QF_FATE_GONE,
	/* Nothing can be relied on any more. */
	QF_FATE_LOST,
};

/* A statement that was prepared once. */
struct qf_statement {
	struct qf_statement *next;
	/* Kinds of the parameters ('i', 's', 'b'), a colon, the text. */
	char *key;
	/* The back end's. */
	void *handle;
	unsigned long number;
};

#define QF_STATEMENT_BUCKETS 256

struct qf_statements {
	struct qf_statement *buckets[QF_STATEMENT_BUCKETS];
	unsigned long count;
};

/**
 * qf_statement_find() - the prepared form of a statement
 * @all: those of this connection
 * @sql: text
 * @values: parameters
 * @count: how many
 *
 * Return: it; @handle is NULL if it is new.
 */
struct qf_statement *qf_statement_find(struct qf_statements *all, const char *sql,
				       const struct qf_value *values, size_t count);
/* Forget them all; release() is told each handle. */
void qf_statements_free(struct qf_statements *all, void (*release)(void *handle));

/* --- rows --------------------------------------------------------------------- */

struct qf_rows {
	struct qf_rows *next;
	unsigned int columns;
	size_t count, room;
	/* The row after the current one. */
	size_t at;
	struct qf_value *cells;
};

/* Room for one more row: its cells, to be filled in. */
struct qf_value *qf_rows_add(struct qf_rows *rows);
/* A cell's own copy, with a zero behind it. */
void qf_cell_copy(struct qf_value *cell, enum qf_column kind, const void *data, size_t len);
void qf_rows_free(struct qf_rows *rows);

/* --- back ends ------------------------------------------------------------------ */

struct qf_database;

/**
 * struct qf_backend - how to speak to one kind of database
 * @scheme: beginning of its URIs
 * @jobs: most jobs that share a commit
 * @remote: it can go away and come back
 * @open: make the object; checks the URI, touches nothing
 * @connect: connect, become the only office. %QF_FATE_AGAIN: connected, but another one is it
 * @disconnect: the opposite; may be called when not connected
 * @close: after @disconnect
 * @exec: statements without parameters and without rows
 * @run: one statement; @rows (may be NULL) gets what it returns, @changed how many
 *	rows it changed, @wrote whether it could change any
 * @commit: %QF_FATE_GONE: nobody knows whether it happened
 * @rollback: of a transaction that may have ended by itself
 * @script: a migration's text in the dialect of this database, for free()
 */
struct qf_backend {
	const char *scheme;
	unsigned int jobs;
	bool remote;
	struct qf_database *(*open)(const char *uri, struct qn_error *err);
	enum qf_fate (*connect)(struct qf_database *db, struct qn_error *err);
	void (*disconnect)(struct qf_database *db);
	void (*close)(struct qf_database *db);
	enum qf_fate (*exec)(struct qf_database *db, const char *sql, struct qn_error *err);
	enum qf_fate (*run)(struct qf_database *db, const char *sql, const struct qf_value *values,
			    size_t count, struct qf_rows *rows, int *changed, bool *wrote,
			    struct qn_error *err);
	enum qf_fate (*commit)(struct qf_database *db, struct qn_error *err);
	enum qf_fate (*rollback)(struct qf_database *db);
	char *(*script)(const char *sql);
};

extern const struct qf_backend qf_sqlite, qf_pgsql;

/* --- the office's row, the schema ----------------------------------------------- */

/**
 * struct qf_txn - a transaction
 * @backend: how
 * @db: where
 * @rows: what its queries returned
 * @fate: of the first statement that failed
 * @error: what it said
 * @wrote: something may have been changed
 * @wake: the wake function is to be called
 * @commit: number of the commit that this will be
 * @serials: how many it gave out
 */
struct qf_txn {
	const struct qf_backend *backend;
	struct qf_database *db;
	struct qf_rows *rows;
	enum qf_fate fate;
	struct qn_error error;
	bool wrote, wake;
	int64_t commit;
	unsigned int serials;
};

/* Forget what the queries returned. */
void qf_txn_free_rows(struct qf_txn *txn);

/**
 * qf_schema_update() - bring the tables up to date
 * @backend: how
 * @db: connected database
 * @schema: what is to be
 * @err: what went wrong
 *
 * Return: %QF_FATE_OK, or what happened.
 */
enum qf_fate qf_schema_update(const struct qf_backend *backend, struct qf_database *db,
			      const struct qf_schema *schema, struct qn_error *err);

/* --- the store ------------------------------------------------------------------ */

struct qf_queued {
	struct qf_queued *next;
	qf_job job;
	qf_job_done done;
	void *arg;
	/* Microseconds of the monotonic clock. */
	int64_t since;
	int result;
	/* How often the connection broke while it alone was run. */
	unsigned int losses;
	/* qf_store_run() waits for it. */
	bool awaited, finished;
	struct qn_error error;
};

struct qf_queue {
	struct qf_queued *first, **end;
	unsigned int count;
};

void qf_queue_init(struct qf_queue *queue);
void qf_queue_add(struct qf_queue *queue, struct qf_queued *job);
struct qf_queued *qf_queue_take(struct qf_queue *queue);
/* All of other, in its order, before what is in queue. */
void qf_queue_prepend(struct qf_queue *queue, struct qf_queue *other);

/**
 * struct qf_store - the store
 * @backend: kind of database
 * @schema: what the tables are to be
 * @db: database; the thread's
 * @holder: random name of this process as the office
 * @epoch: number of this office's taking over; the thread's
 * @commits: number of the last commit known to have happened; the thread's
 * @unsettled: jobs of a commit of which nobody knows; the thread's
 * @singly: so many jobs to come have a commit each; the thread's
 * @thread: runs jobs
 * @lock: of what follows
 * @work: there is something for the thread
 * @answered: a job of qf_store_run() is finished
 * @waiting: jobs to be run
 * @finished: jobs whose done function is to be called
 * @state: as the thread sees it
 * @why: last reason
 * @news: the loop has not heard of @state
 * @wake: the loop is to call @wake_fn
 * @closing: do what can be done and end
 * @doorbell: eventfd, the loop is to look
 * @source: of @doorbell
 */
struct qf_store {
	const struct qf_backend *backend;
	const struct qf_schema *schema;
	struct qf_database *db;
	char holder[33];
	int64_t epoch, commits;
	struct qf_queue unsettled;
	unsigned int singly;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, answered;
	struct qf_queue waiting, finished;
	enum qf_store_state state;
	char why[512];
	bool news, wake, closing;
	int doorbell;
	sd_event_source *source;
	qf_store_state_fn state_fn;
	void *state_arg;
	qf_store_wake_fn wake_fn;
	void *wake_arg;
};

/* Microseconds of the monotonic clock. */
int64_t qf_store_clock(void);

/**
 * qf_store_take() - connect and become the office
 * @store: not connected
 * @again: this process was it before
 * @err: what went wrong
 *
 * Context: the store's thread, or before it runs.
 *
 * Return: %QF_FATE_OK; %QF_FATE_AGAIN: another one is the office; %QF_FATE_GONE: no server;
 * %QF_FATE_LOST: another one was it since; %QF_FATE_REFUSED: this will never do.
 */
enum qf_fate qf_store_take(struct qf_store *store, bool again, struct qn_error *err);

/* The thread: arg is the store. */
void *qf_store_work(void *arg);

#endif
