// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store's thread: runs jobs, many to a commit, and gets over what happens to
 * the database meanwhile.
 *
 * A lost answer to COMMIT leaves open whether the commit happened. So each one
 * that changes anything also counts in the office's row: who is the office again
 * after the connection was lost reads there what became of it. Being the office
 * again means that the server has ended the old session, so nothing of it can
 * come late.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store-impl.h"

/* How long a job waits for a server that is away, microseconds. */
#define PATIENCE 5000000
/* Between two attempts to reach it, milliseconds. */
#define PAUSE_MS 200
/* How often a quiet office looks whether it still is the office, milliseconds. */
#define LOOK_MS 5000
/* Attempts at what collided with something. */
#define ATTEMPTS 5

/* --- the office ------------------------------------------------------------------- */

static int64_t value_of(const struct qf_rows *rows, unsigned int column)
{
	return rows->cells[column].i;
}

/* The office is taken: by the old session of this one, which will end, or not? */
static enum qf_fate taken(struct qf_store *store, struct qn_error *err)
{
	static const char look[] = "SELECT holder FROM qf_office WHERE one = 1 AND holder = $1";
	const struct qf_value holder = qf_s(store->holder);
	struct qf_rows rows = { 0 };
	struct qn_error ignored;
	enum qf_fate fate = QF_FATE_AGAIN;
	int changed;
	bool wrote;

	if (store->backend->run(store->db, look, &holder, 1, &rows, &changed, &wrote, &ignored) ==
		    QF_FATE_OK &&
	    !rows.count) {
		qn_fail(err, "another office has taken over this database");
		fate = QF_FATE_LOST;
	}
	qf_rows_free(&rows);
	return fate;
}

enum qf_fate qf_store_take(struct qf_store *store, bool again, struct qn_error *err)
{
	static const char take[] = "UPDATE qf_office SET epoch = epoch + 1, holder = $1"
				   " WHERE one = 1 RETURNING epoch, commits";
	static const char retake[] = "UPDATE qf_office SET epoch = epoch + 1"
				     " WHERE one = 1 AND holder = $1 RETURNING epoch, commits";
	const struct qf_value holder = qf_s(store->holder);
	struct qf_rows rows = { 0 };
	int changed = 0;
	bool wrote;
	enum qf_fate fate;

	fate = store->backend->connect(store->db, err);
	if (fate == QF_FATE_AGAIN && again)
		fate = taken(store, err);
	if (fate == QF_FATE_OK && !again)
		fate = qf_schema_update(store->backend, store->db, store->schema, err);
	if (fate == QF_FATE_OK)
		fate = store->backend->run(store->db, again ? retake : take, &holder, 1, &rows,
					   &changed, &wrote, err);
	if (fate == QF_FATE_OK && changed != 1) {
		qn_fail(err, "another office has taken over this database");
		fate = QF_FATE_LOST;
	}
	if (fate == QF_FATE_OK && again && value_of(&rows, 1) < store->commits) {
		qn_fail(err,
			"the database has lost commits that were durable (%lld of them): was it"
			" restored, or did a standby take over that was not synchronous?",
			(long long)(store->commits - value_of(&rows, 1)));
		fate = QF_FATE_LOST;
	}
	if (fate == QF_FATE_OK) {
		store->epoch = value_of(&rows, 0);
		/* With jobs unsettled this tells what became of them: settle(). */
		if (!again)
			store->commits = value_of(&rows, 1);
	}
	qf_rows_free(&rows);
	if (fate != QF_FATE_OK)
		store->backend->disconnect(store->db);
	return fate;
}

/* Still the office? And count the commit that is about to be. */
static enum qf_fate check_office(struct qf_store *store, bool wrote, int64_t commit,
				 struct qn_error *err)
{
	static const char count[] = "UPDATE qf_office SET commits = $1"
				    " WHERE one = 1 AND epoch = $2";
	static const char look[] = "SELECT commits FROM qf_office"
				   " WHERE commits = $1 AND epoch = $2";
	const struct qf_value values[] = { qf_i(wrote ? commit : store->commits),
					   qf_i(store->epoch) };
	struct qf_rows rows = { 0 };
	int changed = 0;
	bool ignored;
	enum qf_fate fate;

	fate = store->backend->run(store->db, wrote ? count : look, values, 2, &rows, &changed,
				   &ignored, err);
	if (fate == QF_FATE_OK && !(wrote ? changed == 1 : rows.count == 1)) {
		qn_fail(err, "another office has taken over this database");
		fate = QF_FATE_LOST;
	}
	qf_rows_free(&rows);
	return fate;
}

/* --- the end of a job -------------------------------------------------------------- */

static void ring(struct qf_store *store)
{
	static const uint64_t one = 1;

	(void)!write(store->doorbell, &one, sizeof(one));
}

/* All jobs of a queue are over. */
static void finish(struct qf_store *store, struct qf_queue *queue, bool wake)
{
	struct qf_queued *job;

	pthread_mutex_lock(&store->lock);
	store->wake |= wake;
	while ((job = qf_queue_take(queue))) {
		job->finished = true;
		if (!job->awaited)
			qf_queue_add(&store->finished, job);
	}
	pthread_cond_broadcast(&store->answered);
	pthread_mutex_unlock(&store->lock);
	ring(store);
}

static void refuse(struct qf_queued *job, int code, const char *why)
{
	job->result = qn_fail(&job->error, "%s", why);
	job->error.code = code;
}

static void refuse_all(struct qf_store *store, struct qf_queue *queue, int code, const char *why)
{
	struct qf_queued *job;

	for (job = queue->first; job; job = job->next)
		refuse(job, code, why);
	finish(store, queue, false);
}

/* Back to the head of those that wait. */
static void requeue(struct qf_store *store, struct qf_queue *queue)
{
	pthread_mutex_lock(&store->lock);
	qf_queue_prepend(&store->waiting, queue);
	pthread_mutex_unlock(&store->lock);
}

/* The state changes; nothing waits any longer in a store that is lost. */
static void enter(struct qf_store *store, enum qf_store_state state, const char *why)
{
	struct qf_queue waiting;

	qf_queue_init(&waiting);
	pthread_mutex_lock(&store->lock);
	store->news |= store->state != state;
	store->state = state;
	snprintf(store->why, sizeof(store->why), "%s", why);
	if (state == QF_STORE_LOST)
		qf_queue_prepend(&waiting, &store->waiting);
	pthread_mutex_unlock(&store->lock);
	if (state == QF_STORE_LOST) {
		refuse_all(store, &store->unsettled, QF_STORE_UNKNOWN, why);
		refuse_all(store, &waiting, QF_STORE_CLOSED, why);
	}
	if (state != QF_STORE_UP)
		store->backend->disconnect(store->db);
	ring(store);
}

/* --- a commit ----------------------------------------------------------------------- */

static enum qf_fate run_one(struct qf_store *store, struct qf_txn *txn, struct qf_queued *job,
			    bool several, struct qn_error *err)
{
	enum qf_fate fate = QF_FATE_OK;

	if (several)
		fate = store->backend->exec(store->db, "SAVEPOINT job", err);
	if (fate != QF_FATE_OK)
		return fate;
	txn->fate = QF_FATE_OK;
	memset(&job->error, 0, sizeof(job->error));
	job->result = job->job(txn, job->arg, &job->error);
	qf_txn_free_rows(txn);
	if (txn->fate > QF_FATE_UNIQUE) {
		*err = txn->error;
		return txn->fate;
	}
	if (txn->fate != QF_FATE_OK && !job->result) {
		job->result = -1;
		job->error = txn->error;
	}
	if (!job->result)
		return several ? store->backend->exec(store->db, "RELEASE SAVEPOINT job", err) :
				 QF_FATE_OK;
	job->result = -1;
	if (!several)
		return store->backend->rollback(store->db);
	fate = store->backend->exec(store->db, "ROLLBACK TO SAVEPOINT job", err);
	if (fate == QF_FATE_OK)
		fate = store->backend->exec(store->db, "RELEASE SAVEPOINT job", err);
	return fate;
}

/*
 * Run jobs and commit. *unclear: the commit may have happened although the return
 * value is another one than QF_FATE_OK.
 */
static enum qf_fate attempt(struct qf_store *store, struct qf_queue *jobs, bool *wake,
			    bool *unclear, struct qn_error *err)
{
	struct qf_txn txn = {
		.backend = store->backend,
		.db = store->db,
		.commit = store->commits + 1,
	};
	bool several = jobs->count > 1;
	struct qf_queued *job;
	enum qf_fate fate;

	*unclear = false;
	fate = store->backend->exec(store->db, "BEGIN", err);
	for (job = jobs->first; job && fate == QF_FATE_OK; job = job->next)
		fate = run_one(store, &txn, job, several, err);
	if (fate == QF_FATE_OK && !several && jobs->first->result) {
		/* Rolled back already; what it was refused for is still to be true. */
		return check_office(store, false, 0, err);
	}
	if (fate == QF_FATE_OK)
		fate = check_office(store, txn.wrote, txn.commit, err);
	if (fate == QF_FATE_OK) {
		fate = store->backend->commit(store->db, err);
		*unclear = txn.wrote && (fate == QF_FATE_GONE || fate == QF_FATE_LOST);
	}
	if (fate == QF_FATE_OK && txn.wrote)
		store->commits = txn.commit;
	*wake = txn.wake;
	if (fate != QF_FATE_OK && fate != QF_FATE_GONE && fate != QF_FATE_LOST &&
	    store->backend->rollback(store->db) != QF_FATE_OK)
		fate = QF_FATE_GONE;
	return fate;
}

static int code_of(enum qf_fate fate)
{
	switch (fate) {
	case QF_FATE_UNIQUE:
		return QF_STORE_UNIQUE;
	case QF_FATE_FULL:
		return QF_STORE_FULL;
	case QF_FATE_AGAIN:
		return QF_STORE_BUSY;
	default:
		return 0;
	}
}

/*
 * Jobs that the connection broke over. It may be one of them that breaks it each
 * time: so each alone, and not for ever.
 */
static void put_back(struct qf_store *store, struct qf_queue *jobs, const char *why)
{
	store->singly = jobs->count;
	if (jobs->count == 1 && ++jobs->first->losses == ATTEMPTS)
		refuse_all(store, jobs, QF_STORE_AWAY, why);
	else
		requeue(store, jobs);
}

/* Do some jobs, together if that goes. Then all of them are finished, or wait again. */
static void perform(struct qf_store *store, struct qf_queue *jobs)
{
	struct qn_error err;
	bool wake = false, unclear;
	enum qf_fate fate;
	int left = ATTEMPTS;

	do {
		memset(&err, 0, sizeof(err));
		fate = attempt(store, jobs, &wake, &unclear, &err);
	} while (fate == QF_FATE_AGAIN && --left);

	switch (fate) {
	case QF_FATE_OK:
		finish(store, jobs, wake);
		return;
	case QF_FATE_GONE:
		if (unclear)
			qf_queue_prepend(&store->unsettled, jobs);
		else
			put_back(store, jobs, err.text);
		enter(store, QF_STORE_GONE, err.text);
		return;
	case QF_FATE_LOST:
		refuse_all(store, jobs, unclear ? QF_STORE_UNKNOWN : QF_STORE_CLOSED, err.text);
		enter(store, QF_STORE_LOST, err.text);
		return;
	default:
		break;
	}
	if (jobs->count == 1) {
		refuse(jobs->first, code_of(fate), err.text);
		finish(store, jobs, false);
		return;
	}
	/* One of them is to blame, the others are not: each alone. */
	store->singly = jobs->count;
	requeue(store, jobs);
}

/* --- a server that went away ---------------------------------------------------------- */

/* Jobs that waited long enough. Those unsettled cannot be answered yet. */
static void refuse_impatient(struct qf_store *store)
{
	int64_t since = qf_store_clock() - PATIENCE;
	struct qf_queue late, early;
	struct qf_queued *job;
	char why[sizeof(store->why) + 32];

	qf_queue_init(&late);
	qf_queue_init(&early);
	pthread_mutex_lock(&store->lock);
	if (store->closing)
		since = INT64_MAX;
	while ((job = qf_queue_take(&store->waiting)))
		qf_queue_add(job->since <= since ? &late : &early, job);
	qf_queue_prepend(&store->waiting, &early);
	pthread_mutex_unlock(&store->lock);
	snprintf(why, sizeof(why), "the database is away: %s", store->why);
	refuse_all(store, &late, store->closing ? QF_STORE_CLOSED : QF_STORE_AWAY, why);
}

/* What became of the commit on whose answer the connection broke? */
static enum qf_fate settle(struct qf_store *store, struct qn_error *err)
{
	static const char look[] = "SELECT commits FROM qf_office WHERE one = 1";
	struct qf_rows rows = { 0 };
	enum qf_fate fate;
	int changed;
	bool wrote;

	fate = store->backend->run(store->db, look, NULL, 0, &rows, &changed, &wrote, err);
	if (fate == QF_FATE_OK && store->unsettled.count &&
	    value_of(&rows, 0) == store->commits + 1) {
		store->commits++;
		finish(store, &store->unsettled, true);
	} else if (fate == QF_FATE_OK && value_of(&rows, 0) == store->commits) {
		requeue(store, &store->unsettled);
	} else if (fate == QF_FATE_OK) {
		qn_fail(err, "the database counts commits that this office did not make");
		fate = QF_FATE_LOST;
	}
	qf_rows_free(&rows);
	return fate;
}

static void come_back(struct qf_store *store)
{
	struct qn_error err = { 0 };
	enum qf_fate fate;

	fate = qf_store_take(store, true, &err);
	if (fate == QF_FATE_OK)
		fate = settle(store, &err);
	if (fate == QF_FATE_OK)
		enter(store, QF_STORE_UP, "");
	else
		enter(store, fate == QF_FATE_LOST ? QF_STORE_LOST : QF_STORE_GONE, err.text);
}

/* --- the thread ------------------------------------------------------------------------ */

static void sleep_on_work(struct qf_store *store, int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms % 1000 * 1000000L;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&store->work, &store->lock, &until);
}

static void look_around(struct qf_store *store)
{
	struct qn_error err;
	enum qf_fate fate = check_office(store, false, 0, &err);

	if (fate == QF_FATE_GONE || fate == QF_FATE_LOST)
		enter(store, fate == QF_FATE_LOST ? QF_STORE_LOST : QF_STORE_GONE, err.text);
}

/* Wait for a server that is away, or for jobs. False: there will be none. */
static bool next_jobs(struct qf_store *store, struct qf_queue *jobs)
{
	unsigned int most = store->singly ? 1 : store->backend->jobs;
	bool quiet, end;

	if (store->singly)
		store->singly--;
	pthread_mutex_lock(&store->lock);
	if (!store->waiting.first && !store->closing) {
		if (store->backend->remote && store->state == QF_STORE_UP)
			sleep_on_work(store, LOOK_MS);
		else
			pthread_cond_wait(&store->work, &store->lock);
	}
	quiet = !store->waiting.first;
	end = quiet && store->closing;
	while (jobs->count < most && store->waiting.first)
		qf_queue_add(jobs, qf_queue_take(&store->waiting));
	pthread_mutex_unlock(&store->lock);
	if (quiet && !end && store->backend->remote && store->state == QF_STORE_UP)
		look_around(store);
	return !end;
}

void *qf_store_work(void *arg)
{
	struct qf_store *store = arg;
	struct qf_queue jobs;

	qf_queue_init(&jobs);
	for (;;) {
		if (store->state == QF_STORE_GONE) {
			come_back(store);
			if (store->state != QF_STORE_GONE)
				continue;
			refuse_impatient(store);
			pthread_mutex_lock(&store->lock);
			if (store->closing) {
				pthread_mutex_unlock(&store->lock);
				break;
			}
			sleep_on_work(store, PAUSE_MS);
			pthread_mutex_unlock(&store->lock);
			continue;
		}
		if (!next_jobs(store, &jobs))
			break;
		if (jobs.count)
			perform(store, &jobs);
	}
	refuse_all(store, &store->unsettled, QF_STORE_UNKNOWN,
		   "the database went away while the commit was on its way");
	return NULL;
}
