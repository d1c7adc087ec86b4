/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fq does for ff: the node's kernel, and nothing else.
 *
 * The text of a desired state is parsed by ff, which has no privilege; here records come,
 * are held against the tables and against each other, and become a plan (plan.h). No
 * request names a netlink command: what may be asked for is the table in fq.c.
 *
 * All in the one thread of the process fq. Requests wait for the kernel.
 */
#ifndef QF_FQ_H
#define QF_FQ_H

#include "channel.h"
#include "settings.h"

struct qf_fq;

/**
 * qf_fq_new() - nothing is desired yet
 * @settings: devices that may be opened; must stay
 * @alive: called now and then during long work, or NULL
 * @arg: for @alive
 */
struct qf_fq *qf_fq_new(const struct qf_settings *settings, void (*alive)(void *arg), void *arg);
void qf_fq_free(struct qf_fq *fq);

/**
 * qf_fq_request() - one message that passed the door
 * @fq: the node
 * @channel: where answers go
 * @m: the message
 * @err: why it cannot stand here, as an object that belongs to no state
 *
 * A request that makes no sense, or that the kernel refuses, is answered, and is no
 * error. Nothing is changed before a desired state came as a whole and was checked.
 *
 * Return: 0; 1: it is no request; -1 with @err: who sends it is broken.
 */
int qf_fq_request(struct qf_fq *fq, struct qf_channel *channel, const struct qf_message *m,
		  struct qn_error *err);

#endif
