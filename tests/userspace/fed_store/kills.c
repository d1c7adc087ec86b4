// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that commits is killed at any moment, again and again: what it was told
 * to be durable is there, and nothing is there by half.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>

#include "fed_store_test.h"

/* At work in the child: a few dozen jobs under way, each end written to a pipe. */
struct worker {
	struct desk desk;
	int pipe;
	int64_t next;
};

struct task {
	struct worker *worker;
	int64_t id;
};

static void add(struct worker *worker);

static int add_task(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct task *task = arg;

	if (qf_do(txn, err, "INSERT INTO item (id, name) VALUES ($1, $2)", qf_i(task->id),
		  qf_s("a row long enough that pages fill and the log is put back at times")) != 1)
		return -1;
	return qf_do(txn, err, "INSERT INTO twin (id, item) VALUES ($1, $1)", qf_i(task->id)) == 1 ?
		       0 :
		       -1;
}

static void task_done(void *arg, int result, const struct qn_error *err)
{
	struct task *task = arg;

	(void)err;
	if (result || write(task->worker->pipe, &task->id, sizeof(task->id)) != sizeof(task->id))
		_exit(2);
	add(task->worker);
	free(task);
}

static void add(struct worker *worker)
{
	struct task *task = qn_alloc(sizeof(*task));

	task->worker = worker;
	task->id = worker->next++;
	qf_store_submit(worker->desk.store, add_task, task_done, task);
}

static void __attribute__((noreturn)) work(const char *uri, int64_t first, int pipe)
{
	struct worker worker = { .pipe = pipe, .next = first };
	int i;

	if (!desk_open(&worker.desk, uri))
		_exit(3);
	for (i = 0; i < 1 + (int)(first % 40); i++)
		add(&worker);
	for (;;)
		sd_event_run(worker.desk.event, UINT64_MAX);
}

/* Opening may have to wait until the server has seen that the killed one is gone. */
static bool open_again(struct qf_store **store, const char *uri)
{
	const struct timespec pause = { 0, 20000000 };
	struct qn_error err;
	int left;

	for (left = 250; left; left--) {
		if (!qf_store_open(store, uri, &test_schema, NULL, &err))
			return true;
		if (err.code != QF_STORE_BUSY)
			break;
		nanosleep(&pause, NULL);
	}
	test_fail(__FILE__, __LINE__, "after the kill: %s", err.text);
	return false;
}

struct seen {
	int64_t first, count;
	const unsigned char *told;
	int64_t missing, extra;
};

/* Compare the rows of this round with what was told. */
static int look(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct seen *seen = arg;
	struct qf_rows *rows;
	unsigned char *there = qn_alloc(seen->count);
	int64_t i;

	rows = qf_query(txn, err,
			"SELECT item.id FROM item, twin WHERE twin.id = item.id AND item.id >= $1",
			qf_i(seen->first));
	seen->missing = 0;
	seen->extra = 0;
	while (rows && qf_next(rows)) {
		i = qf_int(rows, 0) - seen->first;
		if (i < seen->count)
			there[i] = 1;
		else
			seen->extra++;
	}
	for (i = 0; i < seen->count; i++)
		seen->missing += seen->told[i] && !there[i];
	free(there);
	return rows ? 0 : -1;
}

/* One life and death; returns how many jobs were told to be durable. */
static int64_t one_round(const char *uri, int64_t first)
{
	static unsigned char told[1 << 16];
	struct seen seen = { .first = first, .count = sizeof(told), .told = told };
	struct timespec pause = { 0, 0 };
	struct qf_store *store;
	struct qn_error err;
	int64_t id, count = 0;
	int ends[2];
	pid_t child;

	memset(told, 0, sizeof(told));
	if (pipe(ends))
		return -1;
	child = fork();
	if (!child) {
		close(ends[0]);
		work(uri, first, ends[1]);
	}
	close(ends[1]);
	/* The first answer says that it is at work; then any moment is as good. */
	if (read(ends[0], &id, sizeof(id)) == sizeof(id)) {
		told[id - first] = 1;
		count++;
		pause.tv_nsec = test_random() % 8000000;
		nanosleep(&pause, NULL);
	} else {
		test_fail(__FILE__, __LINE__, "the worker did not begin");
	}
	kill(child, SIGKILL);
	while (read(ends[0], &id, sizeof(id)) == sizeof(id) && id - first < seen.count) {
		told[id - first] = 1;
		count++;
	}
	close(ends[0]);
	waitpid(child, NULL, 0);
	if (!open_again(&store, uri))
		return -1;
	CHECK_OK(!qf_store_run(store, look, &seen, &err), err);
	if (seen.missing || seen.extra)
		test_fail(__FILE__, __LINE__, "%lld jobs told durable are missing, %lld unknown",
			  (long long)seen.missing, (long long)seen.extra);
	CHECK(count_rows(store, COUNT_ITEMS) == count_rows(store, COUNT_TWINS));
	qf_store_close(store);
	return count;
}

void test_kills(const struct place *place)
{
	int64_t told = 0, count;
	unsigned int round;
	char *uri;

	test_begin(place->name, "killed");
	uri = place->fresh();
	for (round = 0; round < place->rounds && !test_failed(); round++) {
		count = one_round(uri, (int64_t)round * 100000 + round);
		if (count < 0)
			break;
		told += count;
	}
	CHECK(round == place->rounds && told >= round);
	printf("# %s: killed %u times, %lld jobs told durable, all there\n", place->name, round,
	       (long long)told);
	free(uri);
}
