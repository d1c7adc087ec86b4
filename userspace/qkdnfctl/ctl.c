// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl: what its verbs share. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

static bool stderr_colour(struct ctl *ctl)
{
	return ctl->out.colour && isatty(STDERR_FILENO);
}

static void complain(struct ctl *ctl, const char *what, const char *colour, const char *text)
{
	fflush(ctl->out.file ? ctl->out.file : stdout);
	fprintf(stderr, "qkdnfctl: %s", ctl->object);
	if (ctl->verb && *ctl->verb->name)
		fprintf(stderr, " %s", ctl->verb->name);
	if (stderr_colour(ctl))
		fprintf(stderr, ": \033[%sm%s\033[0m: %s\n", colour, what, text);
	else
		fprintf(stderr, ": %s: %s\n", what, text);
}

static void print_usage(struct ctl *ctl, FILE *file, const struct ctl_verb *verb)
{
	/* The first verb of an object without others has no name of its own. */
	fprintf(file, "usage: qkdnfctl %s%s%s%s%s\n", ctl->object, *verb->name ? " " : "",
		verb->name, *verb->args ? " " : "", verb->args);
}

static void verb_help(struct ctl *ctl, const struct ctl_verb *verb)
{
	const struct qn_word *w;

	print_usage(ctl, stdout, verb);
	printf("\n  %s\n", verb->summary);
	if (verb->words) {
		putchar('\n');
		for (w = verb->words->words; w->word; w++)
			printf("  %-10s %-16s %s\n", w->word, w->value, w->help);
	}
	if (verb->help)
		printf("\n%s", verb->help);
}

static void object_help(struct ctl *ctl, const struct ctl_verb *verbs)
{
	const struct ctl_verb *v;

	for (v = verbs; v->name; v++) {
		printf("qkdnfctl %s%s%s%s%s\n", ctl->object, *v->name ? " " : "", v->name,
		       *v->args ? " " : "", v->args);
		printf("        %s\n", v->summary);
	}
	if (verbs[1].name)
		printf("\n'qkdnfctl %s VERB help' says more about a verb.\n", ctl->object);
}

static int unknown_verb(struct ctl *ctl, const struct ctl_verb *verbs, const char *name)
{
	const struct ctl_verb *v, *near = NULL;
	unsigned int best = 3;

	for (v = verbs; v->name; v++) {
		unsigned int d = qn_word_distance(name, v->name);

		if (d < best) {
			best = d;
			near = v;
		}
	}
	fprintf(stderr, "qkdnfctl: %s: error: unknown verb '%s': ", ctl->object, name);
	if (near)
		fprintf(stderr, "did you mean '%s'?\n", near->name);
	else
		fprintf(stderr, "'qkdnfctl %s help' lists them\n", ctl->object);
	return CTL_USAGE;
}

int ctl_run(struct ctl *ctl, const struct ctl_verb *verbs, int argc, char **argv)
{
	const struct ctl_verb *v = verbs;

	if (argc && !strcmp(argv[0], "help")) {
		if (!verbs[1].name)
			verb_help(ctl, verbs);
		else
			object_help(ctl, verbs);
		return 0;
	}
	/* An object whose only verb has no name takes arguments at once. */
	if (argc && *verbs->name) {
		for (; v->name && strcmp(v->name, argv[0]); v++)
			;
		if (!v->name)
			return unknown_verb(ctl, verbs, argv[0]);
		argc--;
		argv++;
	}
	if (argc == 1 && !strcmp(argv[0], "help")) {
		verb_help(ctl, v);
		return 0;
	}
	ctl->verb = v;
	return v->run(ctl, argc, argv);
}

static struct qn_nl *connection(struct ctl *ctl, struct qn_nl **nl, const struct qn_family *family)
{
	if (!*nl)
		*nl = qn_nl_open(family, &ctl->err);
	return *nl;
}

struct qn_nl *ctl_km(struct ctl *ctl)
{
	return connection(ctl, &ctl->km, &qn_family_qkdnf);
}

struct qn_nl *ctl_emu(struct ctl *ctl)
{
	return connection(ctl, &ctl->emu, &qn_family_qkdemu);
}

/*
 * The kernel speaks of its operations; people know them as commands. Replaces
 * the names in the text of an error.
 */
static void translate(struct qn_error *err)
{
	static const struct {
		const char *operation;
		const char *command;
	} names[] = {
		{ "node-set", "'qkdnfctl node set NODE'" },
		{ "node-del", "'qkdnfctl node del'" },
		{ "peer-new", "'qkdnfctl peer add'" },
		{ "peer-del", "'qkdnfctl peer del'" },
		{ "source-new", "'qkdnfctl source add'" },
		{ "source-del", "'qkdnfctl source del'" },
		{ "make the peer anew", "'qkdnfctl apply --remake' makes the peer anew" },
		{ "give replace to change it", "'qkdnfctl route replace' changes it" },
	};
	char text[sizeof(err->text)];
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(names); i++) {
		char *at = strstr(err->text, names[i].operation);

		if (!at)
			continue;
		*at = 0;
		snprintf(text, sizeof(text), "%s%s%s", err->text, names[i].command,
			 at + strlen(names[i].operation));
		memcpy(err->text, text, sizeof(text));
	}
}

int ctl_failed(struct ctl *ctl)
{
	translate(&ctl->err);
	complain(ctl, "error", QN_RED, ctl->err.text);
	return CTL_FAILED;
}

int ctl_error(struct ctl *ctl, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	complain(ctl, "error", QN_RED, text);
	return CTL_FAILED;
}

int ctl_usage(struct ctl *ctl, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	complain(ctl, "error", QN_RED, text);
	if (ctl->verb)
		print_usage(ctl, stderr, ctl->verb);
	return CTL_USAGE;
}

void ctl_warn(struct ctl *ctl, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	complain(ctl, "warning", QN_YELLOW, text);
}

int ctl_words(struct ctl *ctl, const struct qn_words *words, int argc, char **argv,
	      struct qn_rec *rec)
{
	for (; argc; argc -= 2, argv += 2) {
		const struct qn_word *word = qn_word_find(words, argv[0]);

		if (!word) {
			qn_word_unknown(words, argv[0], &ctl->err);
			return ctl_usage(ctl, "%s", ctl->err.text);
		}
		if (argc < 2)
			return ctl_usage(ctl, "%s wants a value: %s, %s", word->word, word->value,
					 word->help);
		if (qn_word_parse(words, word, argv[1], rec, &ctl->err))
			return ctl_usage(ctl, "%s", ctl->err.text);
	}
	return 0;
}

int ctl_node(struct ctl *ctl, const char *what, const char *text, uint64_t *id)
{
	if (qn_parse_node(text, id, &ctl->err))
		return ctl_usage(ctl, "%s: %s", what, ctl->err.text);
	return 0;
}

int ctl_send(struct ctl *ctl, struct qn_nl *nl, unsigned int cmd, unsigned int flags,
	     struct qn_rec *req)
{
	int ret = nl ? qn_nl_do(nl, cmd, flags, req, NULL, &ctl->err) : -1;

	qn_rec_free(req);
	return ret ? ctl_failed(ctl) : 0;
}

static int print_row(void *arg, struct qn_rec *rec, struct qn_error *err)
{
	struct ctl *ctl = arg;

	qn_out_row(&ctl->out, rec);
	/* Nobody reads any more: no use in listing a million routes. */
	if (ferror(ctl->out.file))
		return qn_fail_errno(err, EPIPE, "cannot write");
	return 0;
}

int ctl_list(struct ctl *ctl, struct qn_nl *nl, unsigned int cmd, struct qn_rec *req,
	     const struct qn_view *view)
{
	int ret = -1;

	if (nl) {
		qn_out_list_begin(&ctl->out, view);
		ret = qn_nl_dump(nl, cmd, req, print_row, ctl, &ctl->err);
		/* What came is shown; that it may not be all is said below. */
		if (!ret || ctl->err.code == EINTR || ctl->out.rows)
			qn_out_list_end(&ctl->out);
	}
	qn_rec_free(req);
	return ret ? ctl_failed(ctl) : 0;
}

int ctl_object(struct ctl *ctl, struct qn_nl *nl, unsigned int cmd, struct qn_rec *req)
{
	struct qn_rec *reply = NULL;
	int ret = nl ? qn_nl_do(nl, cmd, 0, req, &reply, &ctl->err) : -1;

	qn_rec_free(req);
	if (ret)
		return ctl_failed(ctl);
	if (!reply)
		return ctl_error(ctl, "the kernel sent an empty answer");
	qn_out_object(&ctl->out, reply);
	qn_rec_free(reply);
	return 0;
}
