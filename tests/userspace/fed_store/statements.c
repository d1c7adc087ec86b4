// SPDX-License-Identifier: GPL-2.0-or-later
/* Values, rows, and statements that fail. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "fed_store_test.h"

static const char octets[] = "\0\1\xff with a zero";

/* Integers at their limits, text that is more than ASCII, octets, nothing at all. */
static int values(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	static const char add[] = "INSERT INTO item (id, name, data, amount)"
				  " VALUES ($1, $2, $3, $4)";
	struct qf_rows *rows;
	size_t len;
	const void *data;

	(void)arg;
	if (qf_do(txn, err, add, qf_i(INT64_MIN), qf_s("ünïcödé \xf0\x9f\x94\x91 'quoted' $1"),
		  qf_b(octets, sizeof(octets)), qf_i(INT64_MAX)) != 1 ||
	    qf_do(txn, err, add, qf_i(0), qf_s(""), qf_b(NULL, 0), qf_i_or_null(NULL)) != 1 ||
	    qf_do(txn, err, add, qf_i(1), qf_s("x"), qf_b("", 0), qf_i(-1)) != 1)
		return -1;
	rows = qf_query(txn, err, "SELECT id, name, data, amount FROM item ORDER BY id");
	if (!rows)
		return -1;
	CHECK(qf_next(rows));
	CHECK(qf_int(rows, 0) == INT64_MIN && qf_int(rows, 3) == INT64_MAX);
	CHECK(!strcmp(qf_text(rows, 1), "ünïcödé \xf0\x9f\x94\x91 'quoted' $1"));
	data = qf_blob(rows, 2, &len);
	CHECK(len == sizeof(octets) && !memcmp(data, octets, len));
	CHECK(qf_next(rows));
	CHECK(qf_int(rows, 0) == 0 && !strcmp(qf_text(rows, 1), ""));
	CHECK(qf_is_null(rows, 2) && !qf_blob(rows, 2, &len) && !len);
	CHECK(qf_is_null(rows, 3) && qf_int(rows, 3) == 0 && !qf_is_null(rows, 1));
	CHECK(qf_next(rows));
	CHECK(!qf_is_null(rows, 2) && qf_blob(rows, 2, &len) && !len && qf_int(rows, 3) == -1);
	CHECK(!qf_next(rows));
	return 0;
}

/* What the common dialect promises. */
static int dialect(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct qf_rows *rows;
	int64_t first, seen = 0;

	(void)arg;
	rows = qf_query(txn, err,
			"INSERT INTO item (id, name) VALUES ($1, $2), ($3, $2) RETURNING id, name",
			qf_i(10), qf_s("pair"), qf_i(11));
	if (!rows)
		return -1;
	CHECK(qf_next(rows) && qf_int(rows, 0) == 10 && !strcmp(qf_text(rows, 1), "pair"));
	CHECK(qf_next(rows) && qf_int(rows, 0) == 11 && !qf_next(rows));
	CHECK(qf_do(txn, err,
		    "INSERT INTO item (id, name) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
		    qf_i(10), qf_s("again")) == 0);
	CHECK(qf_do(txn, err,
		    "INSERT INTO item (id, name) VALUES ($1, $2)"
		    " ON CONFLICT (id) DO UPDATE SET name = excluded.name",
		    qf_i(10), qf_s("newer")) == 1);
	CHECK(qf_do(txn, err, "UPDATE item SET amount = $1 WHERE id > $2", qf_i(5), qf_i(9)) == 2);
	CHECK(qf_do(txn, err, "DELETE FROM item WHERE id = $1", qf_i(12345)) == 0);
	rows = qf_query(txn, err, "SELECT CAST(SUM(amount) AS BIGINT), COUNT(*), name FROM item"
				  " WHERE id >= $1 GROUP BY name ORDER BY name LIMIT $2",
			qf_i(10), qf_i(1));
	CHECK(rows && qf_next(rows) && qf_int(rows, 0) == 5 && qf_int(rows, 1) == 1 &&
	      !strcmp(qf_text(rows, 2), "newer") && !qf_next(rows));
	rows = qf_query(txn, err, "SELECT id FROM item WHERE id = $1", qf_i(777));
	CHECK(rows && !qf_next(rows));
	/* Rows may be changed while they are walked over. */
	rows = qf_query(txn, err, "SELECT id FROM item WHERE id >= $1", qf_i(10));
	while (rows && qf_next(rows)) {
		first = qf_int(rows, 0);
		CHECK(qf_do(txn, err, "DELETE FROM item WHERE id = $1", qf_i(first)) == 1);
		seen++;
	}
	CHECK(seen == 2);
	first = qf_serial(txn);
	CHECK(first > *(int64_t *)arg && qf_serial(txn) == first + 1);
	*(int64_t *)arg = first + 1;
	return 0;
}

/* A statement fails, and the job tries to go on as if it had not. */
struct fault {
	const char *sql;
	int code;
	const char *text;
};

static int faulty(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	struct fault *fault = arg;
	struct qn_error later;

	if (qf_do(txn, err, "INSERT INTO item (id, name) VALUES (100, 'half')") != 1)
		return -1;
	CHECK(qf_do(txn, err, fault->sql) == -1);
	CHECK(qf_do(txn, &later, "INSERT INTO item (id, name) VALUES (101, 'more')") == -1);
	CHECK(!qf_query(txn, &later, "SELECT 1"));
	return 0;
}

static int wrong_kind(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	(void)arg;
	return qf_do(txn, err, "INSERT INTO item (id, name) VALUES ($1, $2)", qf_s("x"), qf_s("y"));
}

static int wrong_count(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	(void)arg;
	return qf_do(txn, err, "INSERT INTO item (id, name) VALUES ($1, $2)", qf_i(50));
}

static int unwilling(struct qf_txn *txn, void *arg, struct qn_error *err)
{
	(void)arg;
	if (qf_do(txn, err, "INSERT INTO item (id, name) VALUES (200, 'no')") != 1)
		return 0;
	return qn_fail(err, "not this one");
}

void test_statements(const struct place *place)
{
	struct fault faults[] = {
		{ "INSERT INTO item (id, name) VALUES (0, 'twice')", QF_STORE_UNIQUE, "" },
		{ "INSERT INTO item (id, name) VALUES (7, NULL)", 0, "" },
		{ "INSERT INTO twin (id, item) VALUES (1, 9999)", 0, "" },
		{ "SELECT x FROM nowhere", 0, "nowhere" },
		{ "this is not SQL", 0, "syntax error" },
	};
	int64_t serial = 0, before;
	struct qn_error err;
	struct desk desk;
	char *uri;
	size_t i;

	test_begin(place->name, "values");
	uri = place->fresh();
	if (!desk_open(&desk, uri))
		goto free_uri;
	CHECK_OK(!qf_store_run(desk.store, values, NULL, &err), err);
	test_begin(place->name, "dialect");
	CHECK_OK(!qf_store_run(desk.store, dialect, &serial, &err), err);
	before = serial;
	CHECK_OK(!qf_store_run(desk.store, dialect, &serial, &err), err);
	CHECK(serial > before);

	test_begin(place->name, "failed-statements");
	before = count_rows(desk.store, COUNT_ITEMS);
	for (i = 0; i < QN_ARRAY_SIZE(faults); i++) {
		memset(&err, 0, sizeof(err));
		CHECK(qf_store_run(desk.store, faulty, &faults[i], &err) == -1);
		CHECK(err.code == faults[i].code && *err.text);
		CHECK_HAS(err.text, faults[i].text);
		CHECK(count_rows(desk.store, COUNT_ITEMS) == before);
	}
	/* No column is a fraction. */
	CHECK(count_rows(desk.store, "SELECT 0.5") == -1);
	CHECK(qf_store_run(desk.store, wrong_kind, NULL, &err) == -1 && *err.text);
	CHECK(qf_store_run(desk.store, wrong_count, NULL, &err) == -1 && *err.text);
	CHECK(qf_store_run(desk.store, unwilling, NULL, &err) == -1);
	CHECK_HAS(err.text, "not this one");
	CHECK(count_rows(desk.store, COUNT_ITEMS) == before);

	test_begin(place->name, "reopened");
	desk_close(&desk);
	if (desk_open(&desk, uri)) {
		CHECK(count_rows(desk.store, COUNT_ITEMS) == before);
		CHECK_OK(!qf_store_run(desk.store, dialect, &serial, &err), err);
		desk_close(&desk);
	}
free_uri:
	free(uri);
}
