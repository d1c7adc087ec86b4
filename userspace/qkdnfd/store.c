// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The database: what callers see of it.
 *
 * Two threads: the loop's opens, queues and hears of the end; the store's own
 * (store-work.c) speaks to the database. They share the queues, under a lock that
 * is never held while the database is spoken to.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/random.h>

#include "store-impl.h"

/* More wait only if something is very wrong: then say so at once. */
#define JOBS_MAX 8192

int64_t qf_store_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* --- queues ------------------------------------------------------------------- */

void qf_queue_init(struct qf_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
	queue->count = 0;
}

void qf_queue_add(struct qf_queue *queue, struct qf_queued *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
	queue->count++;
}

struct qf_queued *qf_queue_take(struct qf_queue *queue)
{
	struct qf_queued *job = queue->first;

	if (!job)
		return NULL;
	queue->first = job->next;
	if (!queue->first)
		queue->end = &queue->first;
	queue->count--;
	return job;
}

void qf_queue_prepend(struct qf_queue *queue, struct qf_queue *other)
{
	if (!other->first)
		return;
	*other->end = queue->first;
	if (queue->first)
		other->end = queue->end;
	queue->first = other->first;
	queue->end = other->end;
	queue->count += other->count;
	qf_queue_init(other);
}

/* --- the loop's side ------------------------------------------------------------ */

/* Call what is to be called. */
static void deliver(struct qf_store *store)
{
	struct qf_queue finished;
	struct qf_queued *job;
	bool news, wake;
	enum qf_store_state state;
	char why[sizeof(store->why)];

	qf_queue_init(&finished);
	pthread_mutex_lock(&store->lock);
	qf_queue_prepend(&finished, &store->finished);
	news = store->news;
	wake = store->wake;
	store->news = false;
	store->wake = false;
	state = store->state;
	memcpy(why, store->why, sizeof(why));
	pthread_mutex_unlock(&store->lock);

	if (news && store->state_fn)
		store->state_fn(store->state_arg, state, why);
	if (wake && store->wake_fn)
		store->wake_fn(store->wake_arg);
	while ((job = qf_queue_take(&finished))) {
		if (job->done)
			job->done(job->arg, job->result, &job->error);
		free(job);
	}
}

static int on_doorbell(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	uint64_t rung;

	(void)source;
	(void)events;
	/* Nothing to read is no fault: what it announced was delivered already. */
	(void)!read(fd, &rung, sizeof(rung));
	deliver(arg);
	return 0;
}

/* --- life ------------------------------------------------------------------------ */

static const struct qf_backend *const backends[] = { &qf_sqlite, &qf_pgsql };

static const struct qf_backend *backend_of(const char *uri, struct qn_error *err)
{
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(backends); i++)
		if (!strncmp(uri, backends[i]->scheme, strlen(backends[i]->scheme)))
			return backends[i];
	/* An URI may hold a password: it is not repeated. */
	qn_fail(err, "database: say sqlite:/PATH or postgresql://[USER@]HOST/DATABASE");
	return NULL;
}

static int name_holder(struct qf_store *store, struct qn_error *err)
{
	unsigned char bits[16];
	size_t i;

	if (getrandom(bits, sizeof(bits), 0) != sizeof(bits))
		return qn_fail_errno(err, errno, "random numbers");
	for (i = 0; i < sizeof(bits); i++)
		sprintf(store->holder + 2 * i, "%02x", bits[i]);
	return 0;
}

static int take_first(struct qf_store *store, struct qn_error *err)
{
	switch (qf_store_take(store, false, err)) {
	case QF_FATE_OK:
		return 0;
	case QF_FATE_AGAIN:
		err->code = QF_STORE_BUSY;
		return -1;
	case QF_FATE_GONE:
		err->code = QF_STORE_AWAY;
		return -1;
	case QF_FATE_FULL:
		err->code = QF_STORE_FULL;
		return -1;
	default:
		err->code = 0;
		return -1;
	}
}

static int start(struct qf_store *store, sd_event *event, struct qn_error *err)
{
	pthread_condattr_t attr;
	int ret;

	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->answered, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&store->work, &attr);
	pthread_condattr_destroy(&attr);
	store->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (store->doorbell < 0)
		return qn_fail_errno(err, errno, "database: eventfd");
	if (event) {
		ret = sd_event_add_io(event, &store->source, store->doorbell, EPOLLIN, on_doorbell,
				      store);
		if (ret < 0)
			return qn_fail_errno(err, -ret, "database: event loop");
	}
	ret = pthread_create(&store->thread, NULL, qf_store_work, store);
	if (ret)
		return qn_fail_errno(err, ret, "database: thread");
	return 0;
}

static void forget(struct qf_store *store)
{
	sd_event_source_disable_unref(store->source);
	if (store->doorbell >= 0) {
		close(store->doorbell);
		pthread_cond_destroy(&store->work);
		pthread_cond_destroy(&store->answered);
		pthread_mutex_destroy(&store->lock);
	}
	store->backend->disconnect(store->db);
	store->backend->close(store->db);
	free(store);
}

int qf_store_open(struct qf_store **where, const char *uri, const struct qf_schema *schema,
		  sd_event *event, struct qn_error *err)
{
	const struct qf_backend *backend = backend_of(uri, err);
	struct qf_database *db;
	struct qf_store *store;

	if (!backend)
		return -1;
	db = backend->open(uri, err);
	if (!db)
		return -1;
	store = qn_alloc(sizeof(*store));
	store->backend = backend;
	store->schema = schema;
	store->db = db;
	store->doorbell = -1;
	qf_queue_init(&store->unsettled);
	qf_queue_init(&store->waiting);
	qf_queue_init(&store->finished);
	if (name_holder(store, err) || take_first(store, err) || start(store, event, err)) {
		forget(store);
		return -1;
	}
	*where = store;
	return 0;
}

void qf_store_close(struct qf_store *store)
{
	if (!store)
		return;
	pthread_mutex_lock(&store->lock);
	store->closing = true;
	pthread_cond_signal(&store->work);
	pthread_mutex_unlock(&store->lock);
	pthread_join(store->thread, NULL);
	/* A done function may submit once more: it is refused, and told so here. */
	do
		deliver(store);
	while (store->finished.first);
	forget(store);
}

void qf_store_on_state(struct qf_store *store, qf_store_state_fn fn, void *arg)
{
	store->state_fn = fn;
	store->state_arg = arg;
}

void qf_store_on_wake(struct qf_store *store, qf_store_wake_fn fn, void *arg)
{
	store->wake_fn = fn;
	store->wake_arg = arg;
}

/* --- jobs ------------------------------------------------------------------------- */

/* With the lock: to the thread, or straight to the end. */
static void enqueue(struct qf_store *store, struct qf_queued *job)
{
	static const uint64_t one = 1;

	if (!store->closing && store->state != QF_STORE_LOST && store->waiting.count < JOBS_MAX) {
		qf_queue_add(&store->waiting, job);
		pthread_cond_signal(&store->work);
		return;
	}
	job->result = -1;
	if (store->closing || store->state == QF_STORE_LOST) {
		qn_fail(&job->error, "the database is closed%s%s", *store->why ? ": " : "",
			store->why);
		job->error.code = QF_STORE_CLOSED;
	} else {
		qn_fail(&job->error, "%u requests wait for the database: try again later",
			store->waiting.count);
		job->error.code = QF_STORE_BUSY;
	}
	job->finished = true;
	if (job->awaited)
		return;
	qf_queue_add(&store->finished, job);
	(void)!write(store->doorbell, &one, sizeof(one));
}

void qf_store_submit(struct qf_store *store, qf_job fn, qf_job_done done, void *arg)
{
	struct qf_queued *job = qn_alloc(sizeof(*job));

	job->job = fn;
	job->done = done;
	job->arg = arg;
	job->since = qf_store_clock();
	pthread_mutex_lock(&store->lock);
	enqueue(store, job);
	pthread_mutex_unlock(&store->lock);
}

int qf_store_run(struct qf_store *store, qf_job fn, void *arg, struct qn_error *err)
{
	struct qf_queued job = { .job = fn, .arg = arg, .awaited = true };

	job.since = qf_store_clock();
	pthread_mutex_lock(&store->lock);
	enqueue(store, &job);
	while (!job.finished)
		pthread_cond_wait(&store->answered, &store->lock);
	pthread_mutex_unlock(&store->lock);
	if (job.result)
		*err = job.error;
	return job.result;
}
