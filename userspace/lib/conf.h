/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration files: what a node should be, in YAML. */
#ifndef QN_CONF_H
#define QN_CONF_H

#include "model.h"

/**
 * struct qn_conf_source - the source of a link peer, as wanted
 * @next: for the list
 * @peer: its peer
 * @device: path of the device, or NULL for a push source
 * @line: where it stands in the file
 */
struct qn_conf_source {
	struct qn_conf_source *next;
	uint64_t peer;
	char *device;
	unsigned int line;
};

/* Mark of a binding of a file: it has a list of policies, which may be empty. */
#define QN_CONF_POLICIES 1

/**
 * struct qn_conf - what a file says
 * @name: of the file, for messages
 * @want: node, peers, routes, contracts, bindings, tunnels, xfrm interfaces, policies and
 *	emulated links, with what is given only: defaults are the planner's; of policies those
 *	of bindings marked QN_CONF_POLICIES are all that there shall be
 * @sources: of the peers
 * @warnings: lines for a person, each with an end of line; NULL if none
 */
struct qn_conf {
	char *name;
	struct qn_model want;
	struct qn_conf_source *sources;
	char *warnings;
};

/**
 * qn_conf_read() - read and check a file as a whole
 * @conf: filled in, for qn_conf_free() in any case
 * @path: the file, or - for standard input
 * @err: FILE:LINE:COLUMN and what is wrong
 *
 * Return: 0, or -1 with @err.
 */
int qn_conf_read(struct qn_conf *conf, const char *path, struct qn_error *err);
/* The same for @len octets of text, called @name in messages. */
int qn_conf_parse(struct qn_conf *conf, const char *name, const char *text, size_t len,
		  struct qn_error *err);
void qn_conf_free(struct qn_conf *conf);

/* Do the parts fit together? Called by qn_conf_read(). */
int qn_conf_check(struct qn_conf *conf, struct qn_error *err);

#endif
