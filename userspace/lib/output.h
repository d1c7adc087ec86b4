/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Printing: text for people, JSON for programs, by one table of functions.
 *
 * Whoever has something to show hands over records and a view, and does not
 * know which of the two it will be. Lists may be long: rows are printed while
 * they come.
 */
#ifndef QN_OUTPUT_H
#define QN_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "base.h"
#include "record.h"

#define QN_RED	  "31"
#define QN_GREEN  "32"
#define QN_YELLOW "33"
#define QN_BLUE	  "34"
#define QN_CYAN	  "36"
#define QN_BOLD	  "1"
#define QN_DIM	  "2"

/**
 * struct qn_col - a column of a table, or a line of an object
 * @head: what stands above it
 * @attr: attribute to show, or 0
 * @right: align to the right
 * @text: makes the text in place of @attr's format; NULL for that
 * @colour: one of QN_*, or NULL for none; may itself be NULL
 */
struct qn_col {
	const char *head;
	unsigned int attr;
	bool right;
	void (*text)(const struct qn_rec *rec, char *buf, size_t size);
	const char *(*colour)(const struct qn_rec *rec);
};

/**
 * struct qn_view - how records of a kind are shown
 * @cols: columns of the table
 * @count: of columns
 * @none: what to say to a person when there are none
 *
 * JSON always has all attributes of a record, whatever the view.
 */
struct qn_view {
	const struct qn_col *cols;
	unsigned int count;
	const char *none;
};

#define QN_VIEW(columns, nothing)                                                     \
	{                                                                             \
		.cols = (columns), .count = QN_ARRAY_SIZE(columns), .none = (nothing) \
	}

struct qn_out;

/**
 * struct qn_out_ops - a way to print
 * @list_begin: a list of records follows
 * @row: one of them; the record may be freed afterwards
 * @list_end: no more
 * @object: one record by itself, with all that it holds
 * @line: one record on one line, at once (monitor); @text is what a person
 *	gets
 */
struct qn_out_ops {
	void (*list_begin)(struct qn_out *out, const struct qn_view *view);
	void (*row)(struct qn_out *out, const struct qn_rec *rec);
	void (*list_end)(struct qn_out *out);
	void (*object)(struct qn_out *out, const struct qn_rec *rec);
	void (*line)(struct qn_out *out, const struct qn_rec *rec, const char *text);
};

/**
 * struct qn_out - where and how to print
 * @ops: the way to print
 * @file: where
 * @json: JSON is wanted
 * @colour: escape sequences are welcome
 * @terminal: a person looks at it
 * @view: of the list being printed
 * @table: of the list being printed (struct libscols_table)
 * @rows: of the list so far
 * @pending: of them not printed yet
 * @widths: least widths of columns, so that later parts of a long list stay
 *	below the earlier ones
 */
struct qn_out {
	const struct qn_out_ops *ops;
	FILE *file;
	bool json;
	bool colour;
	bool terminal;
	const struct qn_view *view;
	void *table;
	size_t rows;
	size_t pending;
	unsigned int widths[32];
};

/* Colour on a terminal unless NO_COLOR is set (https://no-color.org). */
void qn_out_init(struct qn_out *out, FILE *file, bool json);

static inline void qn_out_list_begin(struct qn_out *out, const struct qn_view *view)
{
	out->ops->list_begin(out, view);
}

static inline void qn_out_row(struct qn_out *out, const struct qn_rec *rec)
{
	out->ops->row(out, rec);
}

static inline void qn_out_list_end(struct qn_out *out)
{
	out->ops->list_end(out);
}

static inline void qn_out_object(struct qn_out *out, const struct qn_rec *rec)
{
	out->ops->object(out, rec);
}

static inline void qn_out_line(struct qn_out *out, const struct qn_rec *rec, const char *text)
{
	out->ops->line(out, rec, text);
}

/* printf() in colour @colour (may be NULL), if colours are welcome. */
void qn_out_paint(struct qn_out *out, const char *colour, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A JSON value that a verb made itself, with an end of line. Takes it over. */
void qn_out_json(struct qn_out *out, json_t *value);

extern const struct qn_out_ops qn_out_text;
extern const struct qn_out_ops qn_out_json_ops;

/* Records as JSON objects, and back (for recorded states). */
json_t *qn_rec_to_json(const struct qn_rec *rec);
json_t *qn_rec_list_to_json(const struct qn_rec *list);
/* Unknown members are passed over. */
struct qn_rec *qn_rec_from_json(const struct qn_set *set, const json_t *object,
				struct qn_error *err);

#endif
