// SPDX-License-Identifier: GPL-2.0-or-later
/* Printing: tables and objects for people. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include <libsmartcols.h>

#include "output.h"
#include "text.h"

/* Rows that are laid out together. A longer list is printed in such parts. */
#define PART_ROWS 500

static struct libscols_table *table_new(struct qn_out *out, bool heading)
{
	struct libscols_table *table = scols_new_table();
	unsigned int i;

	if (!table) {
		fputs("error: out of memory\n", stderr);
		exit(1);
	}
	scols_table_set_stream(table, out->file);
	scols_table_enable_colors(table, out->colour);
	scols_table_enable_noheadings(table, !heading);
	scols_table_set_column_separator(table, "  ");
	/* A narrow terminal wraps lines; nothing is cut off. */
	scols_table_enable_nowrap(table, 0);
	if (!out->terminal)
		scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	for (i = 0; i < out->view->count; i++) {
		const struct qn_col *col = &out->view->cols[i];
		struct libscols_column *c;

		c = scols_table_new_column(table, col->head, out->widths[i],
					   (col->right ? SCOLS_FL_RIGHT : 0));
		if (c && out->colour)
			scols_cell_set_color(scols_column_get_header(c), "bold");
	}
	return table;
}

static void list_begin(struct qn_out *out, const struct qn_view *view)
{
	unsigned int i;

	out->view = view;
	out->rows = 0;
	out->pending = 0;
	for (i = 0; i < view->count; i++)
		out->widths[i] = (unsigned int)strlen(view->cols[i].head);
	out->table = NULL;
}

/* Print what is there, and remember the widths for what comes. */
static void flush_part(struct qn_out *out)
{
	if (!out->table)
		return;
	scols_print_table(out->table);
	scols_unref_table(out->table);
	out->table = NULL;
	out->pending = 0;
}

/* Places that a text takes on a terminal: bars are not ASCII. */
static size_t cells(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void row(struct qn_out *out, const struct qn_rec *rec)
{
	struct libscols_line *line;
	char buf[QN_TEXT_MAX];
	unsigned int i;

	if (!out->table)
		out->table = table_new(out, !out->rows);
	line = scols_table_new_line(out->table, NULL);
	for (i = 0; line && i < out->view->count; i++) {
		const struct qn_col *col = &out->view->cols[i];
		const char *colour = col->colour ? col->colour(rec) : NULL;
		size_t len;

		*buf = 0;
		if (col->text)
			col->text(rec, buf, sizeof(buf));
		else
			qn_format_value(buf, sizeof(buf), rec, col->attr, false);
		if (!*buf)
			strcpy(buf, "-");
		len = cells(buf);
		if (len > out->widths[i])
			out->widths[i] = (unsigned int)len;
		scols_line_set_data(line, i, buf);
		if (colour) {
			char sequence[16];

			snprintf(sequence, sizeof(sequence), "\033[%sm", colour);
			scols_cell_set_color(scols_line_get_cell(line, i), sequence);
		}
	}
	out->rows++;
	if (++out->pending >= PART_ROWS)
		flush_part(out);
}

static void list_end(struct qn_out *out)
{
	flush_part(out);
	/* A program that reads text gets rows only. */
	if (!out->rows && out->view->none && out->terminal)
		fprintf(out->file, "%s\n", out->view->none);
}

static unsigned int name_width(const struct qn_rec *rec, bool counters)
{
	unsigned int i, width = 0;

	for (i = 1; i <= rec->set->max; i++) {
		unsigned int len;

		if (!qn_has(rec, i) || rec->set->attrs[i].type == QN_NEST)
			continue;
		if (counters && !rec->v[i].u)
			continue;
		len = (unsigned int)strlen(rec->set->attrs[i].name);
		width = len > width ? len : width;
	}
	return width;
}

/* An amount both ways, since a rounded one cannot be added up. */
static void value_text(const struct qn_rec *rec, unsigned int attr, char *buf, size_t size)
{
	const struct qn_attr *def = &rec->set->attrs[attr];
	char rounded[32];
	size_t used;

	switch (def->format) {
	case QN_FMT_OCTETS:
	case QN_FMT_RATE:
	case QN_FMT_BITRATE:
		qn_format_value(buf, size, rec, attr, true);
		if (rec->v[attr].u < 1000)
			return;
		qn_format_value(rounded, sizeof(rounded), rec, attr, false);
		used = strlen(buf);
		snprintf(buf + used, size - used, " (%s)", rounded);
		return;
	case QN_FMT_PLAIN:
	case QN_FMT_HEX:
		qn_format_value(buf, size, rec, attr, true);
		return;
	}
	qn_format_value(buf, size, rec, attr, false);
}

static void print_object(struct qn_out *out, const struct qn_rec *rec, unsigned int indent)
{
	/* Of a heap of counters those that moved are news. */
	bool counters = indent > 0 && rec->set->max > 20;
	unsigned int i, width = name_width(rec, counters);
	const struct qn_rec *nest;
	char buf[QN_TEXT_MAX];

	for (i = 1; i <= rec->set->max; i++) {
		const struct qn_attr *def = &rec->set->attrs[i];

		if (!qn_has(rec, i) || def->type == QN_NEST || (counters && !rec->v[i].u))
			continue;
		value_text(rec, i, buf, sizeof(buf));
		fprintf(out->file, "%*s", indent, "");
		qn_out_paint(out, QN_DIM, "%-*s", width, def->name);
		fprintf(out->file, "  %s\n", buf);
	}
	for (i = 1; i <= rec->set->max; i++) {
		if (!qn_has(rec, i) || rec->set->attrs[i].type != QN_NEST)
			continue;
		for (nest = rec->v[i].nest; nest; nest = nest->next) {
			if (!nest->present)
				continue;
			fprintf(out->file, "%*s", indent, "");
			qn_out_paint(out, QN_BOLD, "%s", rec->set->attrs[i].name);
			fputc('\n', out->file);
			print_object(out, nest, indent + 2);
		}
	}
}

static void object(struct qn_out *out, const struct qn_rec *rec)
{
	print_object(out, rec, 0);
}

static void line(struct qn_out *out, const struct qn_rec *rec, const char *text)
{
	(void)rec;
	fprintf(out->file, "%s\n", text);
	fflush(out->file);
}

const struct qn_out_ops qn_out_text = {
	.list_begin = list_begin,
	.row = row,
	.list_end = list_end,
	.object = object,
	.line = line,
};
