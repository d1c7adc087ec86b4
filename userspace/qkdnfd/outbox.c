// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages to partners, sent at least once. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/random.h>

#include "clock.h"
#include "outbox.h"

#define PAUSE_FIRST QF_SECOND
#define PAUSE_MAX   (300 * QF_SECOND)
/* When the database could not be asked. */
#define PAUSE_STORE QF_SECOND
/* A clock that is set may pass over what is due: look once in a while. */
#define PAUSE_LOOK (60 * QF_SECOND)

/* A message under way. */
struct flight {
	struct flight *next;
	int64_t id;
	char *partner;
};

struct qf_outbox {
	struct qf_store *store;
	sd_event *event;
	sd_event_source *timer;
	unsigned int each;
	qf_outbox_send send;
	void *arg;
	struct flight *flights;
	/* A look at the rows is queued in the store; another is wanted after it. */
	bool looking, again;
	/* Jobs in the store that still refer to this. */
	unsigned int jobs;
	bool closed;
};

static void look(struct qf_outbox *outbox);

/* --- in jobs ---------------------------------------------------------------------- */

int64_t qf_outbox_put(struct qf_txn *txn, const char *partner, const char *kind, const void *body,
		      size_t len, struct qn_error *err)
{
	int64_t id = qf_serial(txn);

	if (qf_do(txn, err,
		  "INSERT INTO outbox (id, partner, kind, body, queued, due, tries)"
		  " VALUES ($1, $2, $3, $4, $5, $5, 0)",
		  qf_i(id), qf_s(partner), qf_s(kind), qf_b(len ? body : "", len),
		  qf_i(qf_now())) != 1)
		return -1;
	qf_wake(txn);
	return id;
}

int qf_outbox_remove(struct qf_txn *txn, int64_t id, struct qn_error *err)
{
	return qf_do(txn, err, "DELETE FROM outbox WHERE id = $1", qf_i(id)) < 0 ? -1 : 0;
}

/* --- in flight ---------------------------------------------------------------------- */

static struct flight *flight_of(const struct qf_outbox *outbox, int64_t id)
{
	struct flight *at;

	for (at = outbox->flights; at; at = at->next)
		if (at->id == id)
			return at;
	return NULL;
}

static unsigned int flights_to(const struct qf_outbox *outbox, const char *partner)
{
	struct flight *at;
	unsigned int count = 0;

	for (at = outbox->flights; at; at = at->next)
		count += !strcmp(at->partner, partner);
	return count;
}

static void land(struct qf_outbox *outbox, int64_t id)
{
	struct flight **at, *gone;

	for (at = &outbox->flights; *at; at = &(*at)->next)
		if ((*at)->id == id) {
			gone = *at;
			*at = gone->next;
			free(gone->partner);
			free(gone);
			return;
		}
}

/* A job of ours is over: the last one of an outbox that was closed takes it along. */
static bool job_over(struct qf_outbox *outbox)
{
	outbox->jobs--;
	if (!outbox->closed)
		return false;
	if (!outbox->jobs)
		free(outbox);
	return true;
}

/* --- looking for what is due ---------------------------------------------------------- */

struct due {
	struct qf_outbox *outbox;
	int64_t now;
	unsigned int each;
	/* Results. */
	struct qf_letter *messages;
	size_t count;
	/* When the next one is due; 0: none is. */
	int64_t next;
};

static void free_messages(struct due *due)
{
	size_t i;

	for (i = 0; i < due->count; i++) {
		free((void *)due->messages[i].partner);
		free((void *)due->messages[i].kind);
		free((void *)due->messages[i].body);
	}
	free(due->messages);
	due->messages = NULL;
	due->count = 0;
}

/*
 * The first ones of each partner. Those under way are among them, and so few that
 * the rest is as many as may join them.
 */
static int find_due(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct due *due = arg;
	struct qf_letter *message;
	struct qf_rows *rows;
	const void *body;
	size_t len;

	free_messages(due);
	rows = qf_query(txn, err,
			"SELECT id, partner, kind, body, tries FROM"
			" (SELECT id, partner, kind, body, tries, ROW_NUMBER() OVER"
			"   (PARTITION BY partner ORDER BY due, id) AS place"
			"  FROM outbox WHERE due <= $1) AS ready"
			" WHERE place <= $2 ORDER BY id",
			qf_i(due->now), qf_i(due->each));
	while (rows && qf_next(rows)) {
		due->messages =
			qn_realloc(due->messages, (due->count + 1) * sizeof(*due->messages));
		message = &due->messages[due->count++];
		body = qf_blob(rows, 3, &len);
		message->id = qf_int(rows, 0);
		message->partner = qn_strdup(qf_text(rows, 1));
		message->kind = qn_strdup(qf_text(rows, 2));
		message->len = len;
		message->body = memcpy(qn_alloc(len), body, len);
		message->tries = qf_int(rows, 4);
	}
	if (!rows)
		return -1;
	rows = qf_query(txn, err, "SELECT MIN(due) FROM outbox WHERE due > $1", qf_i(due->now));
	if (!rows)
		return -1;
	due->next = qf_next(rows) ? qf_int(rows, 0) : 0;
	return 0;
}

static void send_one(struct qf_outbox *outbox, const struct qf_letter *message)
{
	struct flight *flight;

	if (flight_of(outbox, message->id) || flights_to(outbox, message->partner) >= outbox->each)
		return;
	flight = qn_alloc(sizeof(*flight));
	flight->id = message->id;
	flight->partner = qn_strdup(message->partner);
	flight->next = outbox->flights;
	outbox->flights = flight;
	outbox->send(outbox->arg, message);
}

static void set_timer(struct qf_outbox *outbox, int64_t pause)
{
	uint64_t now;

	sd_event_now(outbox->event, CLOCK_MONOTONIC, &now);
	sd_event_source_set_time(outbox->timer, now + pause);
	sd_event_source_set_enabled(outbox->timer, SD_EVENT_ONESHOT);
}

static void looked(void *arg, int result, const struct qn_error *err)
{
	struct due *due = arg;
	struct qf_outbox *outbox = due->outbox;
	int64_t pause = PAUSE_STORE;
	size_t i;

	(void)err;
	outbox->looking = false;
	if (job_over(outbox))
		goto out;
	if (!result) {
		for (i = 0; i < due->count; i++)
			send_one(outbox, &due->messages[i]);
		pause = due->next ? due->next - qf_now() : PAUSE_LOOK;
		if (pause > PAUSE_LOOK)
			pause = PAUSE_LOOK;
	}
	set_timer(outbox, pause < 0 ? 0 : pause);
	if (outbox->again)
		look(outbox);
out:
	free_messages(due);
	free(due);
}

static void look(struct qf_outbox *outbox)
{
	struct due *due;

	outbox->again = outbox->looking;
	if (outbox->looking)
		return;
	due = qn_alloc(sizeof(*due));
	due->outbox = outbox;
	due->now = qf_now();
	due->each = outbox->each;
	outbox->looking = true;
	outbox->jobs++;
	qf_store_submit(outbox->store, find_due, looked, due);
}

static int on_timer(sd_event_source *source, uint64_t time, void *arg)
{
	(void)source;
	(void)time;
	look(arg);
	return 0;
}

static void on_wake(void *arg)
{
	look(arg);
}

/* --- ends ------------------------------------------------------------------------------- */

void qf_outbox_finished(struct qf_outbox *outbox, int64_t id)
{
	land(outbox, id);
	look(outbox);
}

int64_t qf_outbox_pause(unsigned int tries, uint32_t random)
{
	int64_t pause = tries > 20 ? PAUSE_MAX : PAUSE_FIRST << tries;

	if (pause > PAUSE_MAX)
		pause = PAUSE_MAX;
	return pause + pause / 4 * (random % 1024) / 1024;
}

struct failure {
	struct qf_outbox *outbox;
	int64_t id, now;
	uint32_t random;
	char *why;
};

static int put_off(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct failure *failure = arg;
	struct qf_rows *rows =
		qf_query(txn, err, "SELECT tries FROM outbox WHERE id = $1", qf_i(failure->id));
	int64_t due;

	if (!rows)
		return -1;
	/* A job may have removed it meanwhile. */
	if (!qf_next(rows))
		return 0;
	due = failure->now + qf_outbox_pause(qf_int(rows, 0), failure->random);
	return qf_do(txn, err,
		     "UPDATE outbox SET tries = tries + 1, due = $2, why = $3 WHERE id = $1",
		     qf_i(failure->id), qf_i(due), qf_s(failure->why)) < 0 ?
		       -1 :
		       0;
}

/* Should it not be put off, the database being away, it is sent again too soon. */
static void was_put_off(void *arg, int result, const struct qn_error *err)
{
	struct failure *failure = arg;

	(void)result;
	(void)err;
	if (!job_over(failure->outbox))
		qf_outbox_finished(failure->outbox, failure->id);
	free(failure->why);
	free(failure);
}

void qf_outbox_failed(struct qf_outbox *outbox, int64_t id, const char *why)
{
	struct failure *failure = qn_alloc(sizeof(*failure));

	failure->outbox = outbox;
	failure->id = id;
	failure->now = qf_now();
	failure->why = qn_strdup(why);
	/* Without random numbers all wait equally long. */
	(void)!getrandom(&failure->random, sizeof(failure->random), GRND_NONBLOCK);
	outbox->jobs++;
	qf_store_submit(outbox->store, put_off, was_put_off, failure);
}

/* --- life ------------------------------------------------------------------------------- */

struct qf_outbox *qf_outbox_open(struct qf_store *store, sd_event *event, unsigned int each,
				 qf_outbox_send send, void *arg)
{
	struct qf_outbox *outbox = qn_alloc(sizeof(*outbox));

	outbox->store = store;
	outbox->event = event;
	outbox->each = each;
	outbox->send = send;
	outbox->arg = arg;
	if (sd_event_add_time_relative(event, &outbox->timer, CLOCK_MONOTONIC, 0, 0, on_timer,
				       outbox) < 0)
		abort();
	qf_store_on_wake(store, on_wake, outbox);
	return outbox;
}

void qf_outbox_close(struct qf_outbox *outbox)
{
	if (!outbox)
		return;
	qf_store_on_wake(outbox->store, NULL, NULL);
	sd_event_source_disable_unref(outbox->timer);
	while (outbox->flights)
		land(outbox, outbox->flights->id);
	outbox->closed = true;
	if (!outbox->jobs)
		free(outbox);
}
