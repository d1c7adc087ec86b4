/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans: what has to be done so that what runs is what is wanted.
 *
 * New things are made before old ones go, and each is made when what it needs
 * is there: link peers, their sources, contracts, routes, remote peers, bindings with their
 * xfrm interfaces and policies, tunnels; away they go the other way round. What is equal is left
 * alone, so that a second run has nothing to do.
 */
#ifndef QN_PLAN_H
#define QN_PLAN_H

#include "conf.h"

/**
 * struct qn_step - one request to the kernel
 * @next: for the list, in the order of doing
 * @family: to whom
 * @cmd: command number
 * @req: its attributes, but for the descriptor of @device
 * @device: device to open for it, or NULL
 * @sign: '+' makes, '~' changes, '-' takes away
 * @breaks: key that is there is erased by it
 * @text: what it does, for people
 */
struct qn_step {
	struct qn_step *next;
	const struct qn_family *family;
	unsigned int cmd;
	struct qn_rec *req;
	char *device;
	char sign;
	bool breaks;
	char *text;
};

/**
 * struct qn_plan - all steps
 * @steps: in the order of doing
 * @tail: where the next one goes
 * @count: of steps
 */
struct qn_plan {
	struct qn_step *steps;
	struct qn_step **tail;
	unsigned int count;
};

/* What a plan may do. */
#define QN_PLAN_KEEP   1 /* leave what the file does not name */
#define QN_PLAN_REMAKE 2 /* take peers away to make them anew, which erases their key */

/**
 * qn_plan_make() - compare
 * @plan: filled in, for qn_plan_free() in any case
 * @conf: what is wanted; checked
 * @have: what runs; marks of its records are used
 * @flags: QN_PLAN_*
 * @err: what cannot be reached from here, such as another node id, or a peer
 *	that had to be made anew without leave to do so
 *
 * Return: 0, or -1 with @err.
 */
int qn_plan_make(struct qn_plan *plan, const struct qn_conf *conf, struct qn_model *have,
		 unsigned int flags, struct qn_error *err);
void qn_plan_free(struct qn_plan *plan);

/* Told after each step, for progress. */
typedef void (*qn_plan_done)(void *arg, const struct qn_step *step);

/**
 * qn_plan_run() - do it
 * @plan: the steps
 * @km: connection to family qkdnf; NULL if no step needs it
 * @emu: connection to family qkdemu; NULL if no step needs it
 * @done: called after each step; may be NULL
 * @arg: for @done
 * @err: which step failed, and why; the steps before it stay done
 *
 * Return: 0, or -1 with @err.
 */
int qn_plan_run(const struct qn_plan *plan, struct qn_nl *km, struct qn_nl *emu, qn_plan_done done,
		void *arg, struct qn_error *err);

/* Copies with all that was left out put in, as the kernel would. */
struct qn_rec *qn_plan_peer_defaults(const struct qn_rec *peer, uint64_t own);
struct qn_rec *qn_plan_binding_defaults(const struct qn_rec *binding);

#endif
