/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to partners, sent at least once.
 *
 * A job that decides something queues what it has to say as a row, in the same
 * transaction. What is due is handed to a function that sends it, so many at a time
 * for each partner, and again after a while until a job takes the row away: most
 * often the one that handles the answer. A daemon that dies sends once more what was
 * under way; partners know a message by its jti.
 *
 * All functions are the loop's thread's, but those that take a transaction.
 */
#ifndef QF_OUTBOX_H
#define QF_OUTBOX_H

#include "store.h"

struct qf_outbox;

/**
 * struct qf_letter - a message that is due
 * @id: its row
 * @partner: to whom
 * @kind: what it is, in words of whoever queued it
 * @body: octets
 * @len: how many
 * @tries: how often it was sent before, in vain
 */
struct qf_letter {
	int64_t id;
	const char *partner, *kind;
	const void *body;
	size_t len;
	unsigned int tries;
};

/*
 * Begin to send; @message lives until this returns. Later, not from within it, the
 * end is told by one of qf_outbox_finished() and qf_outbox_failed().
 */
typedef void (*qf_outbox_send)(void *arg, const struct qf_letter *message);

/**
 * qf_outbox_open() - begin to send what is due, now and whenever something is queued
 * @store: where the messages are; the outbox takes its wake function
 * @event: the loop
 * @each: most messages under way to one partner
 * @send: how
 * @arg: for @send
 *
 * Return: the outbox, for qf_outbox_close().
 */
struct qf_outbox *qf_outbox_open(struct qf_store *store, sd_event *event, unsigned int each,
				 qf_outbox_send send, void *arg);

/* Send no more. What is under way is forgotten here and sent again another time. */
void qf_outbox_close(struct qf_outbox *outbox);

/* In a job: queue a message, to be sent at once. Returns its id, or -1. */
int64_t qf_outbox_put(struct qf_txn *txn, const char *partner, const char *kind, const void *body,
		      size_t len, struct qn_error *err);

/* In a job: it was answered, or is needed no more. Returns 0, gone already or not, or -1. */
int qf_outbox_remove(struct qf_txn *txn, int64_t id, struct qn_error *err);

/* Its sending is over, and a job has removed it. */
void qf_outbox_finished(struct qf_outbox *outbox, int64_t id);

/* Its sending was in vain: why is a line for people. It is sent again, later each time. */
void qf_outbox_failed(struct qf_outbox *outbox, int64_t id, const char *why);

/**
 * qf_outbox_pause() - how long to wait before a message is sent again
 * @tries: how often it was sent
 * @random: any number: so that partners are not all called at once
 *
 * Return: microseconds: a second, doubled each time up to five minutes, and up to a
 * quarter more.
 */
int64_t qf_outbox_pause(unsigned int tries, uint32_t random);

#endif
