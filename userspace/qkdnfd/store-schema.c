// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bringing the tables up to date.
 *
 * Each step is a transaction that also writes down its number and a digest of its
 * text: a database is refused if it was made by a newer daemon, or by one whose
 * steps were others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>

#include "clock.h"
#include "store-impl.h"

#define DIGEST_TEXT 65

/* What each database has before its first step. */
static const char first_tables[] =
	"CREATE TABLE IF NOT EXISTS qf_migration ("
	" number BIGINT PRIMARY KEY NOT NULL, name TEXT NOT NULL,"
	" digest TEXT NOT NULL, applied BIGINT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS qf_office ("
	" one BIGINT PRIMARY KEY NOT NULL CHECK (one = 1), epoch BIGINT NOT NULL,"
	" commits BIGINT NOT NULL, holder TEXT NOT NULL);"
	"INSERT INTO qf_office (one, epoch, commits, holder) VALUES (1, 0, 0, '')"
	" ON CONFLICT DO NOTHING";

static void digest_of(const char *sql, char *text)
{
	unsigned char digest[32];
	size_t i;

	gnutls_hash_fast(GNUTLS_DIG_SHA256, sql, strlen(sql), digest);
	for (i = 0; i < sizeof(digest); i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
}

static enum qf_fate run_script(const struct qf_backend *backend, struct qf_database *db,
			       const char *sql, struct qn_error *err)
{
	char *script = backend->script(sql);
	enum qf_fate fate = backend->exec(db, script, err);

	free(script);
	return fate;
}

static enum qf_fate end(const struct qf_backend *backend, struct qf_database *db, enum qf_fate fate,
			struct qn_error *err)
{
	if (fate == QF_FATE_OK)
		fate = backend->commit(db, err);
	if (fate != QF_FATE_OK && fate != QF_FATE_GONE)
		backend->rollback(db);
	return fate;
}

static enum qf_fate apply(const struct qf_backend *backend, struct qf_database *db,
			  unsigned int number, const struct qf_migration *step,
			  struct qn_error *err)
{
	static const char note[] = "INSERT INTO qf_migration (number, name, digest, applied)"
				   " VALUES ($1, $2, $3, $4)";
	char digest[DIGEST_TEXT];
	struct qf_value values[] = { qf_i(number), qf_s(step->name), qf_s(NULL), qf_i(qf_now()) };
	enum qf_fate fate;
	int changed;
	bool wrote;

	digest_of(step->sql, digest);
	values[2] = qf_s(digest);
	fate = backend->exec(db, "BEGIN", err);
	if (fate == QF_FATE_OK)
		fate = run_script(backend, db, step->sql, err);
	if (fate == QF_FATE_OK)
		fate = backend->run(db, note, values, QN_ARRAY_SIZE(values), NULL, &changed, &wrote,
				    err);
	fate = end(backend, db, fate, err);
	if (fate != QF_FATE_OK)
		qn_fail_prefix(err, "step %u of the tables (%s)", number, step->name);
	return fate;
}

/* Are the steps that were made the first ones of ours? */
static enum qf_fate compare(struct qf_rows *made, const struct qf_schema *schema,
			    struct qn_error *err)
{
	char digest[DIGEST_TEXT];
	unsigned int number = 0;

	if (made->count > schema->count) {
		qn_fail(err,
			"the database was made by a newer qkdnfd (its tables are at step %zu, this"
			" one knows %u): install that one, or restore a backup",
			made->count, schema->count);
		return QF_FATE_REFUSED;
	}
	while (qf_next(made)) {
		digest_of(schema->steps[number].sql, digest);
		if (qf_int(made, 0) != number + 1 || strcmp(qf_text(made, 1), digest)) {
			qn_fail(err,
				"step %u of the database's tables (%s) is not the one that this"
				" qkdnfd knows: it belongs to another version",
				number + 1, schema->steps[number].name);
			return QF_FATE_REFUSED;
		}
		number++;
	}
	return QF_FATE_OK;
}

enum qf_fate qf_schema_update(const struct qf_backend *backend, struct qf_database *db,
			      const struct qf_schema *schema, struct qn_error *err)
{
	static const char look[] = "SELECT number, digest FROM qf_migration ORDER BY number";
	struct qf_rows made = { 0 };
	enum qf_fate fate;
	unsigned int i;
	int changed;
	bool wrote;

	fate = backend->exec(db, "BEGIN", err);
	if (fate == QF_FATE_OK)
		fate = run_script(backend, db, first_tables, err);
	fate = end(backend, db, fate, err);
	if (fate == QF_FATE_OK)
		fate = backend->run(db, look, NULL, 0, &made, &changed, &wrote, err);
	if (fate == QF_FATE_OK)
		fate = compare(&made, schema, err);
	for (i = made.count; i < schema->count && fate == QF_FATE_OK; i++)
		fate = apply(backend, db, i + 1, &schema->steps[i], err);
	qf_rows_free(&made);
	return fate;
}
