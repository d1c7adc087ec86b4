/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ff asks of fq, and what comes back.
 *
 * Each request gets one answer, in the event loop of ff. Requests may overlap; fq does
 * them one after the other.
 */
#ifndef QF_ASK_H
#define QF_ASK_H

#include "channel.h"
#include "conf.h"

struct qf_ask;

/**
 * struct qf_told - a step of an answer
 * @head: what it does
 * @text: for people
 */
struct qf_told {
	struct qf_step head;
	char *text;
};

/**
 * struct qf_answer - what came back; lasts as long as the call that brings it
 * @done: the outcome
 * @error: why not, if @done.ok is 0
 * @steps: the first of the steps that @done counts
 * @step_count: of those
 * @meters: records of contracts, a list
 */
struct qf_answer {
	struct qf_done done;
	char error[QF_TEXT_MAX + 1];
	struct qf_told *steps;
	unsigned int step_count;
	struct qn_rec *meters;
};

typedef void (*qf_ask_done)(void *arg, const struct qf_answer *answer);

/* @channel must outlive it; answers that did not come by qf_ask_free() never do. */
struct qf_ask *qf_ask_new(struct qf_channel *channel);
void qf_ask_free(struct qf_ask *ask);

/* How is the node? */
void qf_ask_status(struct qf_ask *ask, qf_ask_done done, void *arg);
/* The contracts with their meters. */
void qf_ask_meters(struct qf_ask *ask, qf_ask_done done, void *arg);
/* Is the node as desired? @flags: QF_STATE_REMAKE, QF_STATE_MEND. */
void qf_ask_check(struct qf_ask *ask, uint32_t flags, qf_ask_done done, void *arg);

/**
 * qf_ask_state() - have a desired state applied
 * @ask: fq
 * @conf: the state; checked; not needed any more after this
 * @number: from 1, higher than the one that is kept to
 * @flags: QF_STATE_REMAKE, QF_STATE_DRY
 * @done: gets the answer
 * @arg: for @done
 * @err: why it cannot be asked
 *
 * Return: 0, or -1 with @err: then no answer will come.
 */
int qf_ask_state(struct qf_ask *ask, const struct qn_conf *conf, uint64_t number, uint32_t flags,
		 qf_ask_done done, void *arg, struct qn_error *err);

/**
 * qf_ask_message() - a message of fq
 * @ask: fq
 * @m: the message
 * @err: why it cannot be: an answer that nobody waits for
 *
 * Return: 0; 1: it is part of no answer; -1 with @err.
 */
int qf_ask_message(struct qf_ask *ask, const struct qf_message *m, struct qn_error *err);

#endif
