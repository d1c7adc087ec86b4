// SPDX-License-Identifier: GPL-2.0-or-later
/* Jobs that share commits, and who may have the database. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fed_store_test.h"

/* Every third job is refused: its neighbours in the same commit are not. */
static void neighbours(struct desk *desk)
{
	unsigned int i;

	submit_item(desk, 0, "the one that is there");
	for (i = 1; i <= 3000; i++)
		submit_item(desk, i % 3 ? i : 0, "neighbour");
	desk_wait(desk, 3001);
	CHECK(desk->good == 2001);
	CHECK(desk->error.code == QF_STORE_UNIQUE);
	CHECK(count_rows(desk->store, COUNT_ITEMS) == 2001);
	CHECK(count_rows(desk->store, COUNT_TWINS) == 2001);
}

struct step {
	struct desk *desk;
	unsigned int number;
	unsigned int *last;
	int64_t serial, *last_serial;
};

static int take_serial(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct step *step = arg;

	(void)err;
	step->serial = qf_serial(txn);
	qf_wake(txn);
	return 0;
}

static void step_done(void *arg, int result, const struct qn_error *err)
{
	struct step *step = arg;

	CHECK_OK(!result, *err);
	CHECK(step->number == *step->last + 1);
	CHECK(step->serial > *step->last_serial);
	*step->last = step->number;
	*step->last_serial = step->serial;
	step->desk->done++;
	free(step);
}

static void woken(void *arg)
{
	++*(unsigned int *)arg;
}

/* Done in the order of submission, serials with them, and the loop is woken. */
static void order(struct desk *desk)
{
	unsigned int i, last = 0, wakes = 0;
	int64_t last_serial = 0;
	struct step *step;

	desk->done = 0;
	qf_store_on_wake(desk->store, woken, &wakes);
	for (i = 1; i <= 1000; i++) {
		step = qn_alloc(sizeof(*step));
		step->desk = desk;
		step->number = i;
		step->last = &last;
		step->last_serial = &last_serial;
		qf_store_submit(desk->store, take_serial, step_done, step);
	}
	desk_wait(desk, 1000);
	CHECK(last == 1000 && wakes >= 1 && wakes <= 1000);
	qf_store_on_wake(desk->store, NULL, NULL);
}

static int nap(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	const struct timespec time = { 0, 200000000 };

	(void)txn;
	(void)arg;
	(void)err;
	nanosleep(&time, NULL);
	return 0;
}

/* More than may wait: the rest is refused, and that soon. */
static void flood(struct desk *desk)
{
	unsigned int i;

	desk->done = 0;
	desk->good = 0;
	qf_store_submit(desk->store, nap, NULL, NULL);
	for (i = 0; i < 10000; i++)
		submit_item(desk, 10000 + i, "flood");
	desk_wait(desk, 10000);
	CHECK(desk->good >= 8000 && desk->good < 10000);
	CHECK(desk->error.code == QF_STORE_BUSY);
	CHECK(count_rows(desk->store, COUNT_ITEMS) == 2001 + desk->good);
}

static void second_office(const char *uri)
{
	struct qf_store *second;
	struct qn_error err;

	CHECK(qf_store_open(&second, uri, &test_schema, NULL, &err) == -1);
	CHECK(err.code == QF_STORE_BUSY);
	CHECK_HAS(err.text, "in use by another");
}

void test_commits(const struct place *place)
{
	struct desk desk, late;
	char *uri;
	int i;

	test_begin(place->name, "neighbours");
	uri = place->fresh();
	if (!desk_open(&desk, uri))
		goto free_uri;
	neighbours(&desk);
	test_begin(place->name, "order");
	order(&desk);
	test_begin(place->name, "flood");
	flood(&desk);
	test_begin(place->name, "one-office");
	second_office(uri);
	desk_close(&desk);

	/* What was queued before the end is done. */
	test_begin(place->name, "close-with-jobs");
	if (desk_open(&late, uri)) {
		for (i = 0; i < 500; i++)
			submit_item(&late, 100000 + i, "late");
		desk_close(&late);
		CHECK(late.done == 500 && late.good == 500);
	}
	if (desk_open(&late, uri)) {
		CHECK(count_rows(late.store, "SELECT COUNT(*) FROM twin WHERE id > 99999") == 500);
		desk_close(&late);
	}
free_uri:
	free(uri);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/*
 * How fast, as a line to read: many callers that wait for each of their answers, and
 * one alone. No verdict: it depends on the disk and who else is using it.
 */
void test_speed(const struct place *place)
{
	unsigned int i, many = 5000, few = 200;
	struct desk desk;
	double start;
	char *uri;

	test_begin(place->name, "speed");
	uri = place->fresh();
	if (desk_open(&desk, uri)) {
		start = seconds();
		for (i = 0; i < many; i++) {
			submit_item(&desk, i, "speed");
			if (i >= 64)
				desk_wait(&desk, i - 63);
		}
		desk_wait(&desk, many);
		printf("# %s: %.0f durable jobs/s of two rows, 64 callers\n", place->name,
		       many / (seconds() - start));
		start = seconds();
		for (i = 0; i < few; i++) {
			submit_item(&desk, many + i, "alone");
			desk_wait(&desk, many + i + 1);
		}
		printf("# %s: %.0f durable jobs/s of two rows, one caller\n", place->name,
		       few / (seconds() - start));
		CHECK(desk.good == many + few);
		desk_close(&desk);
	}
	free(uri);
}
