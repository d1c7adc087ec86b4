// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The database on a server: PostgreSQL.
 *
 * A lock that the session holds makes its process the one office; the server drops
 * it with the session. No wait for the server is for ever.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libpq-fe.h>

#include "store-impl.h"

/* The lock's number, in the database's own name space: "qkdf". */
#define OFFICE_LOCK "1902863462"
/* The server itself gives up after ten seconds: see set_up(). */
#define ANSWER_MS      15000
#define PARAMETERS_MAX 64

/* Types, of pg_type.dat. */
enum {
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_NAME = 19,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_VARCHAR = 1043,
};

struct qf_database {
	char *uri;
	PGconn *conn;
	struct qf_statements statements;
};

/* --- what an error means ---------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* By SQLSTATE, appendix A of PostgreSQL's manual. */
static enum qf_fate fate_of(const char *state)
{
	static const struct {
		const char *begins;
		enum qf_fate fate;
	} known[] = {
		{ "23505", QF_FATE_UNIQUE }, /* unique_violation */
		{ "53100", QF_FATE_FULL },   /* disk_full */
		{ "40001", QF_FATE_AGAIN },  /* serialization_failure */
		{ "40P01", QF_FATE_AGAIN },  /* deadlock_detected */
		{ "55P03", QF_FATE_AGAIN },  /* lock_not_available */
		{ "57P", QF_FATE_GONE },     /* shutdowns */
		{ "25006", QF_FATE_GONE },   /* read-only: it is a standby now */
		{ "25P03", QF_FATE_GONE },   /* idle in transaction for too long */
		{ "53300", QF_FATE_GONE },   /* too many connections */
	};
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(known); i++)
		if (begins(state, known[i].begins))
			return known[i].fate;
	return QF_FATE_REFUSED;
}

/* The connection's last words, on one line. */
static enum qf_fate gone(struct qf_database *db, struct qn_error *err)
{
	char *c;

	qn_fail(err, "database: %s", PQerrorMessage(db->conn));
	for (c = err->text; *c; c++)
		if (*c == '\n')
			*c = c[1] ? ' ' : 0;
	return QF_FATE_GONE;
}

/* What a result says; clears it. */
static enum qf_fate judge(struct qf_database *db, PGresult *result, struct qn_error *err)
{
	const char *state, *text;
	enum qf_fate fate;

	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
		PQclear(result);
		return QF_FATE_OK;
	default:
		break;
	}
	state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	fate = state ? fate_of(state) : QF_FATE_GONE;
	if (PQstatus(db->conn) == CONNECTION_BAD)
		fate = QF_FATE_GONE;
	if (fate == QF_FATE_FULL)
		qn_fail(err, "no room for the database: make some on its server (%s)",
			text ? text : state);
	else if (text)
		qn_fail(err, "database: %s (%s)", text, state ? state : "-");
	else
		gone(db, err);
	PQclear(result);
	return fate;
}

/* --- waiting ------------------------------------------------------------------------------ */

/* The next result of what was sent; NULL with QF_FATE_OK: there is no more. */
static enum qf_fate next_result(struct qf_database *db, int64_t deadline, PGresult **result,
				struct qn_error *err)
{
	int64_t left;
	int unsent;

	*result = NULL;
	while ((unsent = PQflush(db->conn)) > 0 || (!unsent && PQisBusy(db->conn))) {
		struct pollfd wait = { PQsocket(db->conn), POLLIN | (unsent ? POLLOUT : 0), 0 };

		left = (deadline - qf_store_clock()) / 1000;
		if (left <= 0) {
			qn_fail(err, "database: no answer for %d s", ANSWER_MS / 1000);
			return QF_FATE_GONE;
		}
		if (poll(&wait, 1, left) < 0 && errno != EINTR) {
			qn_fail_errno(err, errno, "database: poll");
			return QF_FATE_GONE;
		}
		if (wait.revents && !PQconsumeInput(db->conn))
			return gone(db, err);
	}
	if (unsent < 0)
		return gone(db, err);
	*result = PQgetResult(db->conn);
	return QF_FATE_OK;
}

/*
 * Everything that the server answers. The first error counts. The last good result
 * goes to *keep, if the caller has one.
 */
static enum qf_fate all_results(struct qf_database *db, PGresult **keep, struct qn_error *err)
{
	int64_t deadline = qf_store_clock() + ANSWER_MS * INT64_C(1000);
	struct qn_error ignored;
	enum qf_fate first = QF_FATE_OK, fate;
	PGresult *result;

	for (;;) {
		fate = next_result(db, deadline, &result, first == QF_FATE_OK ? err : &ignored);
		if (fate != QF_FATE_OK)
			return fate;
		if (!result)
			return first;
		if (keep && PQresultStatus(result) == PGRES_TUPLES_OK) {
			PQclear(*keep);
			*keep = result;
		} else if (keep && PQresultStatus(result) == PGRES_COMMAND_OK) {
			PQclear(*keep);
			*keep = result;
		} else {
			fate = judge(db, result, first == QF_FATE_OK ? err : &ignored);
			if (first == QF_FATE_OK || fate == QF_FATE_GONE)
				first = fate;
		}
	}
}

static enum qf_fate simple(struct qf_database *db, const char *sql, PGresult **keep,
			   struct qn_error *err)
{
	return PQsendQuery(db->conn, sql) ? all_results(db, keep, err) : gone(db, err);
}

static enum qf_fate pgsql_exec(struct qf_database *db, const char *sql, struct qn_error *err)
{
	return simple(db, sql, NULL, err);
}

/* --- life --------------------------------------------------------------------------------- */

static struct qf_database *pgsql_open(const char *uri, struct qn_error *err)
{
	PQconninfoOption *options;
	struct qf_database *db;
	char *why = NULL;

	options = PQconninfoParse(uri, &why);
	if (!options) {
		/* It may repeat the URI, and with it a password. */
		qn_fail(err, "database: this is no postgresql:// URI: see libpq's connection URIs");
		PQfreemem(why);
		return NULL;
	}
	PQconninfoFree(options);
	db = qn_alloc(sizeof(*db));
	db->uri = qn_strdup(uri);
	return db;
}

static void pgsql_disconnect(struct qf_database *db)
{
	qf_statements_free(&db->statements, NULL);
	PQfinish(db->conn);
	db->conn = NULL;
}

static void pgsql_close(struct qf_database *db)
{
	explicit_bzero(db->uri, strlen(db->uri));
	free(db->uri);
	free(db);
}

static void ignore_notice(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

/* One row of one text. */
static enum qf_fate ask(struct qf_database *db, const char *sql, char *text, size_t size,
			struct qn_error *err)
{
	PGresult *result = NULL;
	enum qf_fate fate = simple(db, sql, &result, err);

	*text = 0;
	if (fate == QF_FATE_OK && result && PQntuples(result) == 1)
		snprintf(text, size, "%s", PQgetvalue(result, 0, 0));
	PQclear(result);
	return fate;
}

static enum qf_fate set_up(struct qf_database *db, struct qn_error *err)
{
	/*
	 * A session whose office is silent ends soon, so that a standby can take over;
	 * a commit is on the disk, and on that of a synchronous standby.
	 */
	static const char settings[] =
		"SET client_encoding = 'UTF8';"
		"SET default_transaction_isolation = 'read committed';"
		"SET statement_timeout = '10s';"
		"SET idle_in_transaction_session_timeout = '30s';"
		"SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 3;"
		"SET tcp_keepalives_count = 3; SET tcp_user_timeout = '15s';"
		"SELECT set_config('synchronous_commit', 'on', false)"
		" WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')";
	static const char unsafe[] =
		"SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes')"
		" AND setting = 'off' LIMIT 1";
	char text[64] = "";
	enum qf_fate fate;

	fate = pgsql_exec(db, settings, err);
	if (fate == QF_FATE_OK)
		fate = ask(db, unsafe, text, sizeof(text), err);
	if (fate == QF_FATE_OK && *text) {
		qn_fail(err, "the database server has %s off, so commits do not last: set it on",
			text);
		return QF_FATE_REFUSED;
	}
	if (fate == QF_FATE_OK)
		fate = ask(db, "SHOW server_encoding", text, sizeof(text), err);
	if (fate == QF_FATE_OK && strcmp(text, "UTF8")) {
		qn_fail(err, "the database is encoded in %s: create it with ENCODING 'UTF8'", text);
		return QF_FATE_REFUSED;
	}
	/* An office that ended a moment ago may still have its session. */
	if (fate == QF_FATE_OK)
		fate = pgsql_exec(db, "SET lock_timeout = '2s'", err);
	if (fate == QF_FATE_OK)
		fate = pgsql_exec(db, "SELECT pg_advisory_lock(" OFFICE_LOCK ")", err);
	if (fate == QF_FATE_AGAIN)
		qn_fail(err, "the database is in use by another office");
	if (fate == QF_FATE_OK)
		fate = pgsql_exec(db, "SET lock_timeout = 0", err);
	return fate;
}

static enum qf_fate pgsql_connect(struct qf_database *db, struct qn_error *err)
{
	/* What the URI says comes later and wins. */
	const char *const names[] = {
		"application_name",	"connect_timeout",  "keepalives_idle",
		"keepalives_interval",	"keepalives_count", "tcp_user_timeout",
		"target_session_attrs", "dbname",	    NULL
	};
	const char *const values[] = { "qkdnfd", "5",	       "5",	"3", "3",
				       "15000",	 "read-write", db->uri, NULL };

	db->conn = PQconnectdbParams(names, values, 1);
	if (!db->conn || PQstatus(db->conn) != CONNECTION_OK)
		return gone(db, err);
	PQsetNoticeProcessor(db->conn, ignore_notice, NULL);
	PQsetnonblocking(db->conn, 1);
	return set_up(db, err);
}

/* --- statements ----------------------------------------------------------------------------- */

static Oid type_of(enum qf_column kind)
{
	switch (kind) {
	case QF_COLUMN_INT:
		return PG_INT8;
	case QF_COLUMN_TEXT:
		return PG_TEXT;
	default:
		return PG_BYTEA;
	}
}

static enum qf_fate prepare(struct qf_database *db, const char *name, const char *sql,
			    const struct qf_value *values, size_t count, struct qn_error *err)
{
	Oid types[PARAMETERS_MAX];
	size_t i;

	for (i = 0; i < count; i++)
		types[i] = type_of(values[i].kind);
	if (!PQsendPrepare(db->conn, name, sql, count, types))
		return gone(db, err);
	return all_results(db, NULL, err);
}

static int64_t integer(const char *octets, int len)
{
	uint64_t big = 0;

	while (len--)
		big = big << 8 | (unsigned char)*octets++;
	return big;
}

static int fetch_cell(const PGresult *result, int row, int column, struct qf_value *cell)
{
	const char *octets = PQgetvalue(result, row, column);
	int len = PQgetlength(result, row, column);

	if (PQgetisnull(result, row, column))
		return 0;
	switch (PQftype(result, column)) {
	case PG_BOOL:
	case PG_INT8:
		cell->kind = QF_COLUMN_INT;
		cell->i = integer(octets, len);
		return 0;
	case PG_INT4:
		cell->kind = QF_COLUMN_INT;
		cell->i = (int32_t)integer(octets, len);
		return 0;
	case PG_INT2:
		cell->kind = QF_COLUMN_INT;
		cell->i = (int16_t)integer(octets, len);
		return 0;
	case PG_TEXT:
	case PG_VARCHAR:
	case PG_NAME:
		qf_cell_copy(cell, QF_COLUMN_TEXT, octets, len);
		return 0;
	case PG_BYTEA:
		qf_cell_copy(cell, QF_COLUMN_BLOB, octets, len);
		return 0;
	default:
		return -1;
	}
}

static enum qf_fate fetch(const PGresult *result, struct qf_rows *rows, const char *sql,
			  struct qn_error *err)
{
	struct qf_value *cells;
	int row, column;

	rows->columns = PQnfields(result);
	for (row = 0; row < PQntuples(result); row++) {
		cells = qf_rows_add(rows);
		for (column = 0; column < PQnfields(result); column++)
			if (fetch_cell(result, row, column, &cells[column])) {
				qn_fail(err,
					"column %d is neither integer nor text nor octets: CAST it"
					" in: %s",
					column + 1, sql);
				return QF_FATE_REFUSED;
			}
	}
	return QF_FATE_OK;
}

static enum qf_fate pgsql_run(struct qf_database *db, const char *sql,
			      const struct qf_value *values, size_t count, struct qf_rows *rows,
			      int *changed, bool *wrote, struct qn_error *err)
{
	struct qf_statement *found = qf_statement_find(&db->statements, sql, values, count);
	const char *data[PARAMETERS_MAX];
	int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX];
	uint64_t integers[PARAMETERS_MAX];
	PGresult *result = NULL;
	enum qf_fate fate = QF_FATE_OK;
	char name[32];
	size_t i;

	if (count > PARAMETERS_MAX) {
		qn_fail(err, "more than %d parameters: %s", PARAMETERS_MAX, sql);
		return QF_FATE_REFUSED;
	}
	snprintf(name, sizeof(name), "q%lu", found->number);
	if (!found->handle)
		fate = prepare(db, name, sql, values, count, err);
	if (fate != QF_FATE_OK)
		return fate;
	found->handle = found;
	for (i = 0; i < count; i++) {
		data[i] = values[i].data;
		lengths[i] = values[i].len;
		formats[i] = 1;
		if (values[i].kind == QF_COLUMN_INT && values[i].data) {
			integers[i] = htobe64(values[i].i);
			data[i] = (const char *)&integers[i];
			lengths[i] = sizeof(integers[i]);
		}
	}
	if (!PQsendQueryPrepared(db->conn, name, count, data, lengths, formats, 1))
		return gone(db, err);
	fate = all_results(db, &result, err);
	*changed = 0;
	if (fate == QF_FATE_OK && result) {
		*wrote = !begins(PQcmdStatus(result), "SELECT");
		*changed = *wrote ? atoi(PQcmdTuples(result)) : 0;
		if (rows && PQresultStatus(result) == PGRES_TUPLES_OK)
			fate = fetch(result, rows, sql, err);
	}
	PQclear(result);
	return fate;
}

static enum qf_fate pgsql_commit(struct qf_database *db, struct qn_error *err)
{
	PGresult *result = NULL;
	enum qf_fate fate = simple(db, "COMMIT", &result, err);

	/* COMMIT of a transaction that failed is a ROLLBACK, and no error. */
	if (fate == QF_FATE_OK && (!result || strcmp(PQcmdStatus(result), "COMMIT"))) {
		qn_fail(err, "database: the transaction was rolled back");
		fate = QF_FATE_REFUSED;
	}
	PQclear(result);
	return fate;
}

static enum qf_fate pgsql_rollback(struct qf_database *db)
{
	struct qn_error ignored;

	return pgsql_exec(db, "ROLLBACK", &ignored);
}

static char *pgsql_script(const char *sql)
{
	return qn_strdup(sql);
}

const struct qf_backend qf_pgsql = {
	.scheme = "postgresql://",
	/* More savepoints than that and the server keeps them on disk. */
	.jobs = 48,
	.remote = true,
	.open = pgsql_open,
	.connect = pgsql_connect,
	.disconnect = pgsql_disconnect,
	.close = pgsql_close,
	.exec = pgsql_exec,
	.run = pgsql_run,
	.commit = pgsql_commit,
	.rollback = pgsql_rollback,
	.script = pgsql_script,
};
