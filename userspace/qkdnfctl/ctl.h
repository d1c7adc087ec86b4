/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qkdnfctl: what its verbs share.
 *
 * An object (node, peer, emu...) is one function in one file, which gives a
 * table of verbs to ctl_run(). A verb returns the exit status of the command:
 * 0, CTL_FAILED or CTL_USAGE.
 */
#ifndef CTL_H
#define CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "nl.h"
#include "output.h"
#include "record.h"
#include "text.h"
#include "words.h"

#define CTL_FAILED 1 /* the request was understood and did not work */
#define CTL_USAGE  2 /* the request was not understood */

/**
 * struct ctl - one run of the command
 * @out: where and how to print
 * @err: for ctl_failed()
 * @object: name of the object, for messages
 * @verb: the verb that runs, for messages and help
 * @km: connection to family qkdnf, by ctl_km()
 * @emu: connection to family qkdemu, by ctl_emu()
 */
struct ctl {
	struct qn_out out;
	struct qn_error err;
	const char *object;
	const struct ctl_verb *verb;
	struct qn_nl *km;
	struct qn_nl *emu;
};

/**
 * struct ctl_verb - a verb of an object
 * @name: of the verb; the first one of a table is meant if none is given
 * @args: its arguments, as in "PEER [low OCTETS]"; "" for none
 * @summary: what it does, in one line
 * @run: does it; argv[0] is the first argument after the verb
 * @words: settings that it takes, for help; may be NULL
 * @help: more help, whole lines; may be NULL
 */
struct ctl_verb {
	const char *name;
	const char *args;
	const char *summary;
	int (*run)(struct ctl *ctl, int argc, char **argv);
	const struct qn_words *words;
	const char *help;
};

/**
 * ctl_run() - find the verb in argv[0] and run it
 * @ctl: this run
 * @verbs: table, ending with an entry without a name
 * @argc: arguments after the object
 * @argv: the same
 *
 * Without a verb the first of the table runs. "help" prints the verbs of the
 * object, "VERB help" one of them.
 *
 * Return: the exit status.
 */
int ctl_run(struct ctl *ctl, const struct ctl_verb *verbs, int argc, char **argv);

/* Connections, opened when first asked for; NULL after ctl->err was filled in. */
struct qn_nl *ctl_km(struct ctl *ctl);
struct qn_nl *ctl_emu(struct ctl *ctl);

/* Print ctl->err as an error of the verb. Returns CTL_FAILED. */
int ctl_failed(struct ctl *ctl);
/* Print an error of the verb. Returns CTL_FAILED. */
int ctl_error(struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Print an error in the arguments, and how they should be. Returns CTL_USAGE. */
int ctl_usage(struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Something that a person should know, on stderr. */
void ctl_warn(struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Take the settings "WORD VALUE ..." from argv into a record. Returns 0, or
 * CTL_USAGE after printing what is wrong. Words of which only one form makes
 * sense are the caller's to take before.
 */
int ctl_words(struct ctl *ctl, const struct qn_words *words, int argc, char **argv,
	      struct qn_rec *rec);
/* A node id from an argument. Returns 0, or CTL_USAGE after printing. */
int ctl_node(struct ctl *ctl, const char *what, const char *text, uint64_t *id);

/*
 * Send a request to a family and print what went wrong, if anything did.
 * Frees @req. Returns the exit status.
 */
int ctl_send(struct ctl *ctl, struct qn_nl *nl, unsigned int cmd, unsigned int flags,
	     struct qn_rec *req);
/* List objects of a kind as they come. Frees @req, which may be NULL. */
int ctl_list(struct ctl *ctl, struct qn_nl *nl, unsigned int cmd, struct qn_rec *req,
	     const struct qn_view *view);
/* Show one object with all that it holds. Frees @req, which may be NULL. */
int ctl_object(struct ctl *ctl, struct qn_nl *nl, unsigned int cmd, struct qn_rec *req);

/* The objects. */
int cmd_node(struct ctl *ctl, int argc, char **argv);
int cmd_peer(struct ctl *ctl, int argc, char **argv);
int cmd_source(struct ctl *ctl, int argc, char **argv);
int cmd_route(struct ctl *ctl, int argc, char **argv);
int cmd_contract(struct ctl *ctl, int argc, char **argv);
int cmd_pool(struct ctl *ctl, int argc, char **argv);
int cmd_relay(struct ctl *ctl, int argc, char **argv);
int cmd_flow(struct ctl *ctl, int argc, char **argv);
int cmd_supply(struct ctl *ctl, int argc, char **argv);
int cmd_key(struct ctl *ctl, int argc, char **argv);
int cmd_tunnel(struct ctl *ctl, int argc, char **argv);
int cmd_ipsec(struct ctl *ctl, int argc, char **argv);
int cmd_stats(struct ctl *ctl, int argc, char **argv);
int cmd_monitor(struct ctl *ctl, int argc, char **argv);
int cmd_apply(struct ctl *ctl, int argc, char **argv);
int cmd_show(struct ctl *ctl, int argc, char **argv);
int cmd_emu(struct ctl *ctl, int argc, char **argv);
int cmd_federation(struct ctl *ctl, int argc, char **argv);

#endif
