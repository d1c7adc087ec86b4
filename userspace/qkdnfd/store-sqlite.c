// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The database in a file: SQLite.
 *
 * The lock is exclusive and held as long as the file is open: one office, and no
 * shared memory beside the file. The log is synchronised at each commit.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>

#include "store-impl.h"

/* Marks the file as ours: "qkdf". */
#define APPLICATION_ID 0x716b6466
/* An office that ends may still hold the file for a moment, milliseconds. */
#define BUSY_MS 2000

struct qf_database {
	char *path;
	sqlite3 *sqlite;
	struct qf_statements statements;
	/* The disk failed: nothing more is to be written. */
	bool broken;
};

static void release(void *handle)
{
	sqlite3_finalize(handle);
}

/* --- what an error means -------------------------------------------------------------- */

/* No room, as a file system, a quota or a limit of the process says it. */
static bool no_room(int code)
{
	return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

/* What the kernel said last of the file or its log; rolling back may have changed errno. */
static bool said_no_room(sqlite3 *sqlite)
{
	sqlite3_file *log = NULL;
	int code = 0;

	if (no_room(sqlite3_system_errno(sqlite)))
		return true;
	sqlite3_file_control(sqlite, NULL, SQLITE_FCNTL_LAST_ERRNO, &code);
	if (no_room(code))
		return true;
	sqlite3_file_control(sqlite, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (log && log->pMethods)
		log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &code);
	return no_room(code);
}

static enum qf_fate fate_of(struct qf_database *db, int code)
{
	switch (code) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return QF_FATE_UNIQUE;
	case SQLITE_FULL:
	case SQLITE_IOERR_SHMSIZE:
		return QF_FATE_FULL;
	case SQLITE_IOERR_WRITE:
	case SQLITE_IOERR_TRUNCATE:
	case SQLITE_CANTOPEN:
		if (said_no_room(db->sqlite))
			return QF_FATE_FULL;
		break;
	default:
		break;
	}
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return QF_FATE_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return QF_FATE_AGAIN;
	/*
	 * After a failed synchronisation the kernel may hold for clean what is not
	 * on the disk. Only beginning anew tells what is there.
	 */
	case SQLITE_IOERR:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		db->broken = true;
		return QF_FATE_LOST;
	default:
		return QF_FATE_REFUSED;
	}
}

static enum qf_fate failed(struct qf_database *db, struct qn_error *err)
{
	int code = sqlite3_extended_errcode(db->sqlite);
	enum qf_fate fate = fate_of(db, code);

	if (fate == QF_FATE_OK)
		fate = QF_FATE_REFUSED;
	if (fate == QF_FATE_FULL)
		qn_fail(err, "no room for the database %s: make some", db->path);
	else
		qn_fail(err, "database %s: %s (SQLite %d)", db->path, sqlite3_errmsg(db->sqlite),
			code);
	return fate;
}

/* --- life ----------------------------------------------------------------------------- */

static struct qf_database *sqlite_open(const char *uri, struct qn_error *err)
{
	const char *path = uri + strlen(qf_sqlite.scheme);
	struct qf_database *db;

	if (*path != '/') {
		qn_fail(err, "database '%s': say sqlite: and an absolute path", uri);
		return NULL;
	}
	db = qn_alloc(sizeof(*db));
	db->path = qn_strdup(path);
	return db;
}

static void sqlite_disconnect(struct qf_database *db)
{
	qf_statements_free(&db->statements, release);
	if (db->broken && db->sqlite)
		sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
}

static void sqlite_close(struct qf_database *db)
{
	free(db->path);
	free(db);
}

/* The file, for us alone to read, and its name on the disk. */
static int create(const char *path, struct qn_error *err)
{
	char *copy;
	int fd, dir, ret;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : qn_fail_errno(err, errno, "database %s", path);
	close(fd);
	copy = qn_strdup(path);
	dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	ret = dir < 0 || fsync(dir);
	if (ret)
		qn_fail_errno(err, errno, "database %s: its directory", path);
	if (dir >= 0)
		close(dir);
	return ret ? -1 : 0;
}

/* The first column of the first row that a statement returns; text up to 32. */
static enum qf_fate ask(struct qf_database *db, const char *sql, char *text, struct qn_error *err)
{
	sqlite3_stmt *statement;
	int ret;

	*text = 0;
	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL) != SQLITE_OK)
		return failed(db, err);
	ret = sqlite3_step(statement);
	if (ret == SQLITE_ROW && sqlite3_column_text(statement, 0))
		snprintf(text, 32, "%s", (const char *)sqlite3_column_text(statement, 0));
	if (ret != SQLITE_ROW && ret != SQLITE_DONE) {
		enum qf_fate fate = failed(db, err);

		sqlite3_finalize(statement);
		return fate;
	}
	sqlite3_finalize(statement);
	return QF_FATE_OK;
}

static enum qf_fate sqlite_exec(struct qf_database *db, const char *sql, struct qn_error *err)
{
	return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ? QF_FATE_OK :
									      failed(db, err);
}

static enum qf_fate set_up(struct qf_database *db, struct qn_error *err)
{
	/* foreign_keys to temp_store: what a file of someone else's might bring along. */
	static const char pragmas[] = "PRAGMA synchronous = FULL;"
				      "PRAGMA foreign_keys = ON;"
				      "PRAGMA trusted_schema = OFF;"
				      "PRAGMA cell_size_check = ON;"
				      "PRAGMA temp_store = MEMORY;"
				      "PRAGMA journal_size_limit = 67108864;";
	char text[32], set_id[64];
	enum qf_fate fate;
	bool empty;

	sqlite3_extended_result_codes(db->sqlite, 1);
	sqlite3_busy_timeout(db->sqlite, BUSY_MS);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Before the file is first read, so that there is no shared memory. */
	fate = ask(db, "PRAGMA locking_mode = EXCLUSIVE", text, err);
	if (fate == QF_FATE_OK)
		fate = ask(db, "SELECT count(*) FROM sqlite_schema", text, err);
	empty = !strcmp(text, "0");
	if (fate == QF_FATE_OK)
		fate = ask(db, "PRAGMA application_id", text, err);
	if (fate == QF_FATE_OK && !empty && atol(text) != APPLICATION_ID) {
		qn_fail(err, "%s is a database, but not one of qkdnfd: name another file",
			db->path);
		return QF_FATE_REFUSED;
	}
	if (fate == QF_FATE_OK)
		fate = ask(db, "PRAGMA journal_mode = WAL", text, err);
	if (fate == QF_FATE_OK && strcmp(text, "wal")) {
		qn_fail(err, "database %s: no write-ahead log on this file system, only '%s'",
			db->path, text);
		return QF_FATE_REFUSED;
	}
	if (fate == QF_FATE_OK)
		fate = sqlite_exec(db, pragmas, err);
	snprintf(set_id, sizeof(set_id), "PRAGMA application_id = %d", APPLICATION_ID);
	if (fate == QF_FATE_OK && empty)
		fate = sqlite_exec(db, set_id, err);
	/* Takes the lock, which reading alone would only share. */
	if (fate == QF_FATE_OK)
		fate = sqlite_exec(db, "BEGIN IMMEDIATE; COMMIT", err);
	return fate;
}

static enum qf_fate sqlite_connect(struct qf_database *db, struct qn_error *err)
{
	enum qf_fate fate;

	if (create(db->path, err))
		return no_room(err->code) ? QF_FATE_FULL : QF_FATE_REFUSED;
	if (sqlite3_open_v2(db->path, &db->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK) {
		qn_fail(err, "database %s: %s", db->path, sqlite3_errmsg(db->sqlite));
		return QF_FATE_REFUSED;
	}
	fate = set_up(db, err);
	if (fate == QF_FATE_AGAIN)
		qn_fail(err, "database %s is in use by another process", db->path);
	return fate;
}

/* --- statements ------------------------------------------------------------------------ */

static enum qf_fate prepare(struct qf_database *db, const char *sql, size_t count,
			    struct qf_statement *statement, struct qn_error *err)
{
	const char *rest = NULL;
	sqlite3_stmt *made;

	if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, &rest) !=
	    SQLITE_OK)
		return failed(db, err);
	while (rest && isspace((unsigned char)*rest))
		rest++;
	if (!made || (rest && *rest) || (size_t)sqlite3_bind_parameter_count(made) != count) {
		sqlite3_finalize(made);
		qn_fail(err, "one statement with %zu parameters was expected: %s", count, sql);
		return QF_FATE_REFUSED;
	}
	statement->handle = made;
	return QF_FATE_OK;
}

static int bind(sqlite3_stmt *statement, size_t i, const struct qf_value *value)
{
	char name[24];
	int at;

	snprintf(name, sizeof(name), "$%zu", i + 1);
	at = sqlite3_bind_parameter_index(statement, name);
	if (!at)
		return SQLITE_RANGE;
	if (!value->data)
		return sqlite3_bind_null(statement, at);
	switch (value->kind) {
	case QF_COLUMN_INT:
		return sqlite3_bind_int64(statement, at, value->i);
	case QF_COLUMN_TEXT:
		return sqlite3_bind_text64(statement, at, value->data, value->len, SQLITE_STATIC,
					   SQLITE_UTF8);
	default:
		return sqlite3_bind_blob64(statement, at, value->data, value->len, SQLITE_STATIC);
	}
}

static int fetch(sqlite3_stmt *statement, struct qf_rows *rows)
{
	struct qf_value *row = qf_rows_add(rows);
	unsigned int i;

	for (i = 0; i < rows->columns; i++)
		switch (sqlite3_column_type(statement, i)) {
		case SQLITE_INTEGER:
			row[i].kind = QF_COLUMN_INT;
			row[i].i = sqlite3_column_int64(statement, i);
			break;
		case SQLITE_TEXT:
			qf_cell_copy(&row[i], QF_COLUMN_TEXT, sqlite3_column_text(statement, i),
				     sqlite3_column_bytes(statement, i));
			break;
		case SQLITE_BLOB:
			qf_cell_copy(&row[i], QF_COLUMN_BLOB, sqlite3_column_blob(statement, i),
				     sqlite3_column_bytes(statement, i));
			break;
		case SQLITE_NULL:
			break;
		default:
			return SQLITE_MISMATCH;
		}
	return SQLITE_ROW;
}

static enum qf_fate sqlite_run(struct qf_database *db, const char *sql,
			       const struct qf_value *values, size_t count, struct qf_rows *rows,
			       int *changed, bool *wrote, struct qn_error *err)
{
	struct qf_statement *found = qf_statement_find(&db->statements, sql, values, count);
	sqlite3_stmt *statement;
	enum qf_fate fate = QF_FATE_OK;
	int ret = SQLITE_OK;
	size_t i;

	if (!found->handle)
		fate = prepare(db, sql, count, found, err);
	if (fate != QF_FATE_OK)
		return fate;
	statement = found->handle;
	*wrote = !sqlite3_stmt_readonly(statement);
	for (i = 0; i < count && ret == SQLITE_OK; i++)
		ret = bind(statement, i, &values[i]);
	if (ret != SQLITE_OK) {
		sqlite3_clear_bindings(statement);
		qn_fail(err, "parameter %zu: %s: %s", i, sqlite3_errstr(ret), sql);
		return QF_FATE_REFUSED;
	}
	if (rows)
		rows->columns = sqlite3_column_count(statement);
	*changed = 0;
	while ((ret = sqlite3_step(statement)) == SQLITE_ROW)
		if (rows && fetch(statement, rows) != SQLITE_ROW) {
			qn_fail(err, "a floating-point number came out: %s", sql);
			fate = QF_FATE_REFUSED;
			break;
		}
	if (fate == QF_FATE_OK && ret != SQLITE_DONE)
		fate = failed(db, err);
	if (fate == QF_FATE_OK && *wrote)
		*changed = sqlite3_changes(db->sqlite);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return fate;
}

static enum qf_fate sqlite_commit(struct qf_database *db, struct qn_error *err)
{
	return sqlite_exec(db, "COMMIT", err);
}

/* A full disk may have rolled it back already. */
static enum qf_fate sqlite_rollback(struct qf_database *db)
{
	struct qn_error ignored;

	return sqlite3_get_autocommit(db->sqlite) ? QF_FATE_OK :
						    sqlite_exec(db, "ROLLBACK", &ignored);
}

/* --- the dialect ------------------------------------------------------------------------- */

/* STRICT tables know no BIGINT and no BYTEA; without STRICT there would be no types at all. */
static size_t word_length(const char *at)
{
	size_t n = 0;

	while (isalnum((unsigned char)at[n]) || at[n] == '_')
		n++;
	return n;
}

/* What passes unread: a string, a quoted name, a comment. */
static size_t quoted_length(const char *at)
{
	const char *end;

	if (*at == '\'' || *at == '"') {
		end = strchr(at + 1, *at);
		return end ? (size_t)(end + 1 - at) : strlen(at);
	}
	if (!strncmp(at, "--", 2))
		return strcspn(at, "\n");
	return 0;
}

static char *sqlite_script(const char *sql)
{
	bool first = true, second = false, creates = false, table = false;
	const char *words;
	size_t quoted, len, size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	while (*sql) {
		words = sql;
		quoted = quoted_length(sql);
		len = quoted ? quoted : word_length(sql);
		if (!quoted && len) {
			if (first)
				creates = len == 6 && !strncasecmp(sql, "CREATE", 6);
			else if (second)
				table = creates && len == 5 && !strncasecmp(sql, "TABLE", 5);
			second = first;
			first = false;
			if (len == 6 && !strncasecmp(sql, "BIGINT", 6))
				words = "INTEGER";
			else if (len == 5 && !strncasecmp(sql, "BYTEA", 5))
				words = "BLOB";
		} else if (!len) {
			len = 1;
			if (*sql == ';') {
				if (table)
					fputs(" STRICT", out);
				first = true;
				second = false;
				creates = false;
				table = false;
			}
		}
		if (words == sql)
			fwrite(sql, 1, len, out);
		else
			fputs(words, out);
		sql += len;
	}
	if (table)
		fputs(" STRICT", out);
	return fclose(out) ? NULL : text;
}

const struct qf_backend qf_sqlite = {
	.scheme = "sqlite:",
	.jobs = 256,
	.open = sqlite_open,
	.connect = sqlite_connect,
	.disconnect = sqlite_disconnect,
	.close = sqlite_close,
	.exec = sqlite_exec,
	.run = sqlite_run,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.script = sqlite_script,
};
