// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables that grow from version to version. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "fed_store_test.h"

static const struct qf_migration first = {
	"first", "CREATE TABLE a (x BIGINT PRIMARY KEY NOT NULL, t TEXT NOT NULL DEFAULT ';BIGINT');"
		 " -- a comment; with BYTEA\n"
		 "CREATE INDEX a_t ON a (t); INSERT INTO a (x) VALUES (1);"
};

static const struct qf_migration second = {
	"second", "ALTER TABLE a ADD COLUMN y BIGINT NOT NULL DEFAULT 7;"
		  "CREATE TABLE b (z BYTEA)"
};

static const struct qf_migration altered = {
	"first", "CREATE TABLE a (x BIGINT PRIMARY KEY NOT NULL, t TEXT);"
};

/* Its second half fails. */
static const struct qf_migration wrong = {
	"wrong", "CREATE TABLE b (z BYTEA); CREATE TABLE a (x BIGINT)"
};

static int open_with(const char *uri, const struct qf_migration *one,
		     const struct qf_migration *two, const char *query, int64_t *count,
		     struct qn_error *err)
{
	struct qf_migration steps[2];
	struct qf_schema schema = { steps, 0 };
	struct qf_store *store;

	memset(err, 0, sizeof(*err));
	if (one)
		steps[schema.count++] = *one;
	if (two)
		steps[schema.count++] = *two;
	if (qf_store_open(&store, uri, &schema, NULL, err))
		return -1;
	if (query)
		*count = count_rows(store, query);
	qf_store_close(store);
	return 0;
}

void test_schemas(const struct place *place)
{
	char *uri = place->fresh();
	struct qn_error err;
	int64_t count = 0;

	test_begin(place->name, "schema-first");
	CHECK_OK(!open_with(uri, &first, NULL, "SELECT COUNT(*) FROM a WHERE t = ';BIGINT'", &count,
			    &err),
		 err);
	CHECK(count == 1);
	CHECK_OK(!open_with(uri, &first, NULL, "SELECT COUNT(*) FROM qf_migration", &count, &err),
		 err);
	CHECK(count == 1);

	test_begin(place->name, "schema-half-done");
	CHECK(open_with(uri, &first, &wrong, NULL, NULL, &err) == -1);
	CHECK_HAS(err.text, "step 2 of the tables (wrong)");

	test_begin(place->name, "schema-grows");
	CHECK_OK(!open_with(uri, &first, &second, "SELECT y FROM a", &count, &err), err);
	CHECK(count == 7);
	CHECK_OK(!open_with(uri, &first, &second, "SELECT COUNT(*) FROM b", &count, &err), err);
	CHECK(count == 0);

	test_begin(place->name, "schema-newer");
	CHECK(open_with(uri, &first, NULL, NULL, NULL, &err) == -1);
	CHECK_HAS(err.text, "newer qkdnfd");

	test_begin(place->name, "schema-other");
	CHECK(open_with(uri, &altered, &second, NULL, NULL, &err) == -1);
	CHECK_HAS(err.text, "step 1");
	free(uri);
}
