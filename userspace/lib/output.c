// SPDX-License-Identifier: GPL-2.0-or-later
/* Printing: what text and JSON share, and JSON. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

void qn_out_init(struct qn_out *out, FILE *file, bool json)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	memset(out, 0, sizeof(*out));
	out->file = file;
	out->json = json;
	out->terminal = isatty(fileno(file));
	out->colour = !json && out->terminal && !(no_color && *no_color) &&
		      !(term && !strcmp(term, "dumb"));
	out->ops = json ? &qn_out_json_ops : &qn_out_text;
}

void qn_out_paint(struct qn_out *out, const char *colour, const char *fmt, ...)
{
	va_list ap;

	colour = out->colour ? colour : NULL;
	if (colour)
		fprintf(out->file, "\033[%sm", colour);
	va_start(ap, fmt);
	vfprintf(out->file, fmt, ap);
	va_end(ap);
	if (colour)
		fputs("\033[0m", out->file);
}

/* One line for programs, indented for a person who looks at it. */
static void dump(struct qn_out *out, const json_t *value)
{
	json_dumpf(value, out->file, out->terminal ? JSON_INDENT(2) : JSON_COMPACT);
}

void qn_out_json(struct qn_out *out, json_t *value)
{
	dump(out, value);
	fputc('\n', out->file);
	json_decref(value);
}

static void json_list_begin(struct qn_out *out, const struct qn_view *view)
{
	(void)view;
	out->rows = 0;
}

static void json_row(struct qn_out *out, const struct qn_rec *rec)
{
	json_t *value = qn_rec_to_json(rec);

	/* A list that fails before its first row prints nothing at all. */
	fputs(out->rows++ ? ",\n" : "[\n", out->file);
	dump(out, value);
	json_decref(value);
}

static void json_list_end(struct qn_out *out)
{
	fputs(out->rows ? "\n]\n" : "[]\n", out->file);
}

static void json_one(struct qn_out *out, const struct qn_rec *rec)
{
	qn_out_json(out, qn_rec_to_json(rec));
}

static void json_line(struct qn_out *out, const struct qn_rec *rec, const char *text)
{
	json_t *value = qn_rec_to_json(rec);

	(void)text;
	/* JSON lines: never indented, and there at once for whoever waits. */
	json_dumpf(value, out->file, JSON_COMPACT);
	fputc('\n', out->file);
	fflush(out->file);
	json_decref(value);
}

const struct qn_out_ops qn_out_json_ops = {
	.list_begin = json_list_begin,
	.row = json_row,
	.list_end = json_list_end,
	.object = json_one,
	.line = json_line,
};
