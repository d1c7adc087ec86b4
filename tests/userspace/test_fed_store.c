// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of the daemon's store: verdicts, and what the parts share. */
#define _GNU_SOURCE
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "fed_store_test.h"

static const char *at_place, *running;
static char failure[1024];
static int status;

void test_begin(const char *place, const char *name)
{
	if (running && *failure) {
		printf("not ok fed-store-%s-%s - %s\n", at_place, running, failure);
		status = 1;
	} else if (running) {
		printf("ok fed-store-%s-%s\n", at_place, running);
	}
	fflush(stdout);
	at_place = place;
	running = name;
	*failure = 0;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char text[900], *c;
	va_list ap;

	if (*failure)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (c = text; *c; c++)
		if (*c == '\n')
			*c = '|';
	snprintf(failure, sizeof(failure), "%s:%d: %s", base ? base + 1 : file, line, text);
}

bool test_failed(void)
{
	return *failure;
}

uint64_t test_random(void)
{
	static uint64_t state = 1;
	uint64_t z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* --- directories ------------------------------------------------------------------ */

static char home[40];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fresh_directory(void)
{
	static char path[64];
	static unsigned int number;

	/* A child may have made some meanwhile. */
	do {
		snprintf(path, sizeof(path), "%s/%u", home, ++number);
		if (!mkdir(path, 0755))
			return path;
	} while (errno == EEXIST);
	perror(path);
	exit(1);
}

static char *fresh_file(void)
{
	return qn_asprintf("sqlite:%s/db", fresh_directory());
}

/* Death comes to a process whatever its disk is, and comes sooner without one. */
static char memory[40];

static char *fresh_memory(void)
{
	static unsigned int number;

	return qn_asprintf("sqlite:%s/%u", memory, ++number);
}

/* --- a store with its loop ----------------------------------------------------------- */

static const struct qf_migration steps[] = {
	{ "items", "CREATE TABLE item (id BIGINT PRIMARY KEY NOT NULL, name TEXT NOT NULL,"
		   " data BYTEA, amount BIGINT);" },
	{ "twins", "CREATE TABLE twin (id BIGINT PRIMARY KEY NOT NULL,"
		   " item BIGINT NOT NULL REFERENCES item (id))" },
};

const struct qf_schema test_schema = { steps, QN_ARRAY_SIZE(steps) };

static void note_state(void *arg, enum qf_store_state state, const char *why)
{
	struct desk *desk = arg;

	(void)why;
	desk->state = state;
}

bool desk_open(struct desk *desk, const char *uri)
{
	struct qn_error err = { 0 };

	memset(desk, 0, sizeof(*desk));
	desk->state = -1;
	if (sd_event_new(&desk->event) < 0)
		exit(1);
	if (qf_store_open(&desk->store, uri, &test_schema, desk->event, &err)) {
		test_fail(__FILE__, __LINE__, "open: %s", err.text);
		sd_event_unref(desk->event);
		return false;
	}
	qf_store_on_state(desk->store, note_state, desk);
	return true;
}

void desk_close(struct desk *desk)
{
	qf_store_close(desk->store);
	sd_event_unref(desk->event);
}

void desk_wait(struct desk *desk, unsigned int done)
{
	int left = 300;

	while (desk->done < done && left)
		if (!sd_event_run(desk->event, 100000))
			left--;
	if (desk->done < done)
		test_fail(__FILE__, __LINE__, "only %u of %u jobs were done", desk->done, done);
}

struct item {
	struct desk *desk;
	int64_t id;
	char name[64];
};

static int add_item(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct item *item = arg;

	if (qf_do(txn, err, "INSERT INTO item (id, name) VALUES ($1, $2)", qf_i(item->id),
		  qf_s(item->name)) != 1)
		return -1;
	if (qf_do(txn, err, "INSERT INTO twin (id, item) VALUES ($1, $1)", qf_i(item->id)) != 1)
		return -1;
	return 0;
}

static void item_done(void *arg, int result, const struct qn_error *err)
{
	struct item *item = arg;

	/* Nothing was done, it says: so the same once more must do. */
	if (result && err->code == QF_STORE_AWAY && item->desk->patient) {
		qf_store_submit(item->desk->store, add_item, item_done, item);
		return;
	}
	item->desk->done++;
	if (result)
		item->desk->error = *err;
	else
		item->desk->good++;
	free(item);
}

void submit_item(struct desk *desk, int64_t id, const char *name)
{
	struct item *item = qn_alloc(sizeof(*item));

	item->desk = desk;
	item->id = id;
	snprintf(item->name, sizeof(item->name), "%s", name);
	qf_store_submit(desk->store, add_item, item_done, item);
}

struct count {
	const char *query;
	int64_t rows;
};

static int count_job(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct count *count = arg;
	struct qf_rows *rows = qf_query(txn, err, count->query);

	if (!rows || !qf_next(rows))
		return -1;
	count->rows = qf_int(rows, 0);
	return 0;
}

int64_t count_rows(struct qf_store *store, const char *query)
{
	struct count count = { query, -1 };
	struct qn_error err;

	return qf_store_run(store, count_job, &count, &err) ? -1 : count.rows;
}

/* --- all of it ---------------------------------------------------------------------- */

int main(void)
{
	static const struct place file = { "sqlite", fresh_file, 40 };
	static const struct place quick = { "sqlite-memory", fresh_memory, 160 };
	static const struct place server = { "postgresql", server_fresh_database, 10 };

	snprintf(home, sizeof(home), "/tmp/qkdnf-store-XXXXXX");
	snprintf(memory, sizeof(memory), "/dev/shm/qkdnf-store-XXXXXX");
	if (!mkdtemp(home)) {
		perror(home);
		return 1;
	}
	chmod(home, 0755);
	test_statements(&file);
	test_commits(&file);
	test_schemas(&file);
	test_outbox(&file);
	test_files();
	test_kills(&file);
	if (mkdtemp(memory)) {
		test_kills(&quick);
		remove_tree(memory);
	}
	test_speed(&file);
	test_begin(NULL, NULL);
	if (server_missing()) {
		printf("skip fed-store-postgresql - %s\n", server_missing());
	} else {
		test_begin(server.name, "start");
		if (server_start()) {
			test_statements(&server);
			test_commits(&server);
			test_schemas(&server);
			test_outbox(&server);
			test_servers(&server);
			test_kills(&server);
			test_speed(&server);
		}
		test_begin(NULL, NULL);
		server_remove();
	}
	remove_tree(home);
	return status;
}
