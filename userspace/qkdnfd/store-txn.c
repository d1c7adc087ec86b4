// SPDX-License-Identifier: GPL-2.0-or-later
/* Statements of a job: parameters, rows, and what is kept between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store-impl.h"

/* Serials given out in one commit: the rest of the number is the commit's. */
#define SERIAL_BITS 20
/* Statements are constant texts: more of them are a mistake of the program. */
#define STATEMENTS_MAX 4096

static void __attribute__((noreturn)) mistake(const char *what)
{
	fprintf(stderr, "qkdnfd: mistake in the program: %s\n", what);
	abort();
}

/* --- parameters ------------------------------------------------------------------ */

struct qf_value qf_i(int64_t i)
{
	return (struct qf_value){ .kind = QF_COLUMN_INT, .i = i, .data = "" };
}

struct qf_value qf_s(const char *text)
{
	return (struct qf_value){ .kind = QF_COLUMN_TEXT,
				  .len = text ? strlen(text) : 0,
				  .data = text };
}

struct qf_value qf_b(const void *data, size_t len)
{
	return (struct qf_value){ .kind = QF_COLUMN_BLOB, .len = len, .data = data };
}

struct qf_value qf_i_or_null(const int64_t *i)
{
	return (struct qf_value){ .kind = QF_COLUMN_INT, .i = i ? *i : 0, .data = i ? "" : NULL };
}

/* --- prepared statements ------------------------------------------------------------ */

static unsigned int bucket_of(const char *key)
{
	unsigned int hash = 5381;

	while (*key)
		hash = hash * 33 + (unsigned char)*key++;
	return hash % QF_STATEMENT_BUCKETS;
}

struct qf_statement *qf_statement_find(struct qf_statements *all, const char *sql,
				       const struct qf_value *values, size_t count)
{
	static const char letter[] = {
		[QF_COLUMN_INT] = 'i', [QF_COLUMN_TEXT] = 's', [QF_COLUMN_BLOB] = 'b'
	};
	size_t len = strlen(sql), i;
	struct qf_statement *found, **bucket;
	char *key = qn_alloc(count + len + 2);

	/* The kinds belong to it: PostgreSQL prepares for certain types. */
	for (i = 0; i < count; i++)
		key[i] = letter[values[i].kind];
	key[count] = ':';
	memcpy(key + count + 1, sql, len + 1);
	bucket = &all->buckets[bucket_of(key)];
	for (found = *bucket; found; found = found->next)
		if (!strcmp(found->key, key)) {
			free(key);
			return found;
		}
	if (all->count >= STATEMENTS_MAX)
		mistake("statements are made up at run time");
	found = qn_alloc(sizeof(*found));
	found->key = key;
	found->number = ++all->count;
	found->next = *bucket;
	*bucket = found;
	return found;
}

void qf_statements_free(struct qf_statements *all, void (*release)(void *handle))
{
	struct qf_statement *at, *next;
	size_t i;

	for (i = 0; i < QF_STATEMENT_BUCKETS; i++)
		for (at = all->buckets[i]; at; at = next) {
			next = at->next;
			if (release && at->handle)
				release(at->handle);
			free(at->key);
			free(at);
		}
	memset(all, 0, sizeof(*all));
}

/* --- rows --------------------------------------------------------------------------- */

struct qf_value *qf_rows_add(struct qf_rows *rows)
{
	struct qf_value *row;

	if (rows->count == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 8;
		rows->cells =
			qn_realloc(rows->cells, rows->room * rows->columns * sizeof(*rows->cells));
	}
	row = rows->cells + rows->count++ * rows->columns;
	memset(row, 0, rows->columns * sizeof(*row));
	return row;
}

void qf_cell_copy(struct qf_value *cell, enum qf_column kind, const void *data, size_t len)
{
	char *copy = qn_alloc(len + 1);

	if (len)
		memcpy(copy, data, len);
	cell->kind = kind;
	cell->len = len;
	cell->data = copy;
}

void qf_rows_free(struct qf_rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count * rows->columns; i++)
		free((void *)rows->cells[i].data);
	free(rows->cells);
	memset(rows, 0, sizeof(*rows));
}

bool qf_next(struct qf_rows *rows)
{
	if (rows->at >= rows->count)
		return false;
	rows->at++;
	return true;
}

static const struct qf_value *cell(const struct qf_rows *rows, unsigned int column,
				   enum qf_column kind)
{
	const struct qf_value *value;

	if (!rows->at || column >= rows->columns)
		mistake("a column that a row has not");
	value = &rows->cells[(rows->at - 1) * rows->columns + column];
	if (value->kind != QF_COLUMN_NULL && kind != QF_COLUMN_NULL && value->kind != kind)
		mistake("a column is asked for as another kind than it is");
	return value;
}

int64_t qf_int(const struct qf_rows *rows, unsigned int column)
{
	return cell(rows, column, QF_COLUMN_INT)->i;
}

const char *qf_text(const struct qf_rows *rows, unsigned int column)
{
	return cell(rows, column, QF_COLUMN_TEXT)->data;
}

const void *qf_blob(const struct qf_rows *rows, unsigned int column, size_t *len)
{
	const struct qf_value *value = cell(rows, column, QF_COLUMN_BLOB);

	*len = value->len;
	return value->data;
}

bool qf_is_null(const struct qf_rows *rows, unsigned int column)
{
	return cell(rows, column, QF_COLUMN_NULL)->kind == QF_COLUMN_NULL;
}

/* --- statements ---------------------------------------------------------------------- */

void qf_txn_free_rows(struct qf_txn *txn)
{
	struct qf_rows *rows;

	while ((rows = txn->rows)) {
		txn->rows = rows->next;
		qf_rows_free(rows);
		free(rows);
	}
}

static int code_of(enum qf_fate fate)
{
	switch (fate) {
	case QF_FATE_UNIQUE:
		return QF_STORE_UNIQUE;
	case QF_FATE_FULL:
		return QF_STORE_FULL;
	case QF_FATE_GONE:
		return QF_STORE_AWAY;
	default:
		return 0;
	}
}

/* PostgreSQL takes no statement after one that failed; so SQLite does not either. */
static int run(struct qf_txn *txn, struct qn_error *err, const char *sql,
	       const struct qf_value *values, size_t count, struct qf_rows *rows)
{
	int changed = 0;
	bool wrote = false;
	enum qf_fate fate;

	if (txn->fate != QF_FATE_OK) {
		*err = txn->error;
		return -1;
	}
	memset(&txn->error, 0, sizeof(txn->error));
	fate = txn->backend->run(txn->db, sql, values, count, rows, &changed, &wrote, &txn->error);
	txn->wrote |= wrote;
	if (fate == QF_FATE_OK)
		return changed;
	txn->fate = fate;
	txn->error.code = code_of(fate);
	*err = txn->error;
	return -1;
}

struct qf_rows *qf_query_values(struct qf_txn *txn, struct qn_error *err, const char *sql,
				const struct qf_value *values, size_t count)
{
	struct qf_rows *rows = qn_alloc(sizeof(*rows));

	rows->next = txn->rows;
	txn->rows = rows;
	return run(txn, err, sql, values, count, rows) < 0 ? NULL : rows;
}

int qf_do_values(struct qf_txn *txn, struct qn_error *err, const char *sql,
		 const struct qf_value *values, size_t count)
{
	return run(txn, err, sql, values, count, NULL);
}

int64_t qf_serial(struct qf_txn *txn)
{
	if (++txn->serials >> SERIAL_BITS)
		mistake("a million serials in one commit");
	/* Serials are unique because commits that use them count themselves. */
	txn->wrote = true;
	return txn->commit << SERIAL_BITS | txn->serials;
}

void qf_wake(struct qf_txn *txn)
{
	txn->wake = true;
}
