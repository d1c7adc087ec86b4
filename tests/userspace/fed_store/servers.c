// SPDX-License-Identifier: GPL-2.0-or-later
/* What only a server can do: go away, come back, belong to somebody else. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fed_store_test.h"

/* Each job has a number of its own: one done twice meets itself, and is refused. */
static void keep_busy(struct desk *desk, unsigned int from, unsigned int to)
{
	unsigned int i;

	for (i = from; i < to; i++) {
		submit_item(desk, i, "busy");
		if (i - from >= 20)
			desk_wait(desk, i - 19);
	}
	desk_wait(desk, to);
}

static void all_there(struct desk *desk, unsigned int count)
{
	if (desk->good != count)
		test_fail(__FILE__, __LINE__, "%u of %u jobs were done, last error %d: %s",
			  desk->good, count, desk->error.code, desk->error.text);
	CHECK(count_rows(desk->store, COUNT_ITEMS) == count);
	CHECK(count_rows(desk->store, COUNT_TWINS) == count);
}

/* The server goes, in order or not, while jobs are under way, and comes back. */
static void restarts(const char *uri)
{
	const struct timespec pause = { 0, 100000000 };
	struct desk desk;
	unsigned int i, n = 0;

	if (!desk_open(&desk, uri))
		return;
	desk.patient = true;
	for (i = 0; i < 4; i++) {
		keep_busy(&desk, n, n + 150);
		n += 150;
		/* Under way when the server goes. */
		for (; n % 150 < 40; n++)
			submit_item(&desk, n, "under way");
		if (i & 2)
			desk_wait(&desk, n - 39);
		server_stop(i & 1 ? SIGINT : SIGQUIT);
		nanosleep(&pause, NULL);
		if (!server_start())
			break;
		for (; n % 150; n++)
			submit_item(&desk, n, "after");
		desk_wait(&desk, n);
	}
	all_there(&desk, n);
	CHECK(desk.state == QF_STORE_UP);
	desk_close(&desk);
}

static void cuts(const struct place *place, enum cut cut)
{
	char *uri = place->fresh(), *cut_uri = wire_open(uri, cut, 3);
	struct desk desk;
	unsigned int count;

	if (desk_open(&desk, cut_uri)) {
		wire_arm();
		keep_busy(&desk, 0, 1500);
		all_there(&desk, 1500);
		desk_close(&desk);
	}
	count = wire_close();
	if (count < 20)
		test_fail(__FILE__, __LINE__, "the wire was cut %u times only", count);
	free(cut_uri);
	free(uri);
}

/* The wire breaks while it commits, and stays so: nobody is told the one or the other. */
static void never_told(const struct place *place, enum cut cut)
{
	char *uri = place->fresh(), *cut_uri = wire_open(uri, cut, 0);
	struct desk desk;

	if (desk_open(&desk, cut_uri)) {
		wire_arm();
		submit_item(&desk, 0, "who knows");
		while (desk.state != QF_STORE_GONE)
			sd_event_run(desk.event, UINT64_MAX);
		CHECK(!desk.done);
		desk_close(&desk);
		CHECK(desk.done == 1 && !desk.good);
		CHECK_OK(desk.error.code == QF_STORE_UNKNOWN, desk.error);
	}
	CHECK(wire_close() == 1);
	if (desk_open(&desk, uri)) {
		CHECK(count_rows(desk.store, COUNT_TWINS) == (cut == CUT_AFTER_COMMIT));
		desk_close(&desk);
	}
	free(cut_uri);
	free(uri);
}

static int suicide(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	++*(unsigned int *)arg;
	return qf_query(txn, err, "SELECT pg_terminate_backend(pg_backend_pid())") ? 0 : -1;
}

/* A job over which the connection breaks each time harms none but itself. */
static void poison(const char *uri)
{
	struct qn_error err = { 0 };
	struct desk desk;
	unsigned int i, runs = 0;

	if (!desk_open(&desk, uri))
		return;
	desk.patient = true;
	for (i = 0; i < 30; i++)
		submit_item(&desk, i, "neighbour");
	CHECK(qf_store_run(desk.store, suicide, &runs, &err) == -1);
	CHECK_OK(err.code == QF_STORE_AWAY && runs >= 2 && runs <= 7, err);
	for (; i < 60; i++)
		submit_item(&desk, i, "neighbour");
	desk_wait(&desk, 60);
	all_there(&desk, 60);
	desk_close(&desk);
}

static void away(const char *uri)
{
	struct timespec begin, end;
	struct desk desk;

	if (!desk_open(&desk, uri))
		return;
	keep_busy(&desk, 0, 10);
	server_stop(SIGINT);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	submit_item(&desk, 10, "in vain");
	desk_wait(&desk, 11);
	clock_gettime(CLOCK_MONOTONIC, &end);
	CHECK(desk.error.code == QF_STORE_AWAY && desk.good == 10);
	CHECK_HAS(desk.error.text, "away");
	CHECK(end.tv_sec - begin.tv_sec >= 4 && end.tv_sec - begin.tv_sec <= 8);
	CHECK(desk.state == QF_STORE_GONE);
	if (server_start()) {
		submit_item(&desk, 11, "again");
		desk_wait(&desk, 12);
		all_there(&desk, 11);
		CHECK(desk.state == QF_STORE_UP);
	}
	desk_close(&desk);
}

static void lost(const char *uri, const char *sql, const char *text)
{
	struct desk desk;

	if (!desk_open(&desk, uri))
		return;
	keep_busy(&desk, 0, 10);
	server_sql(uri, sql);
	submit_item(&desk, 10, "too late");
	desk_wait(&desk, 11);
	CHECK(desk.good == 10 && desk.error.code == QF_STORE_CLOSED);
	CHECK_HAS(desk.error.text, text);
	submit_item(&desk, 11, "later still");
	desk_wait(&desk, 12);
	CHECK(desk.state == QF_STORE_LOST);
	CHECK(desk.good == 10 && desk.error.code == QF_STORE_CLOSED);
	desk_close(&desk);
	if (desk_open(&desk, uri)) {
		CHECK(count_rows(desk.store, COUNT_ITEMS) == 10);
		desk_close(&desk);
	}
}

static void careless_server(const char *uri)
{
	struct qf_store *store;
	struct qn_error err = { 0 };

	server_sql(uri, "ALTER SYSTEM SET full_page_writes = off");
	server_sql(uri, "SELECT pg_reload_conf(), pg_sleep(0.2)");
	CHECK(qf_store_open(&store, uri, &test_schema, NULL, &err) == -1);
	CHECK_HAS(err.text, "full_page_writes off");
	server_sql(uri, "ALTER SYSTEM RESET full_page_writes");
	server_sql(uri, "SELECT pg_reload_conf(), pg_sleep(0.2)");
}

void test_servers(const struct place *place)
{
	struct qf_store *store;
	struct qn_error err = { 0 };
	char *uri = place->fresh(), *two = place->fresh(), *three = place->fresh();

	test_begin(place->name, "cut-before-commit");
	cuts(place, CUT_BEFORE_COMMIT);
	test_begin(place->name, "cut-after-commit");
	cuts(place, CUT_AFTER_COMMIT);
	test_begin(place->name, "never-told");
	never_told(place, CUT_BEFORE_COMMIT);
	never_told(place, CUT_AFTER_COMMIT);
	test_begin(place->name, "restarts");
	restarts(uri);
	test_begin(place->name, "taken-over");
	lost(two, "UPDATE qf_office SET epoch = epoch + 1, holder = 'another'", "taken over");
	test_begin(place->name, "restored");
	lost(three,
	     "UPDATE qf_office SET commits = commits - 1;"
	     "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ="
	     " 'qkdnfd' AND datname = current_database()",
	     "lost commits");
	test_begin(place->name, "careless-server");
	careless_server(two);
	test_begin(place->name, "poison");
	free(two);
	two = place->fresh();
	poison(two);
	test_begin(place->name, "away");
	free(uri);
	uri = place->fresh();
	away(uri);
	test_begin(place->name, "nobody-there");
	CHECK(qf_store_open(&store, "postgresql://office@/x?host=/nonexistent", &test_schema, NULL,
			    &err) == -1);
	CHECK(err.code == QF_STORE_AWAY);
	free(uri);
	free(two);
	free(three);
}
