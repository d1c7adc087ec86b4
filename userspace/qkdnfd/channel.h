/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket between the two processes.
 *
 * Datagrams of a local socket pair, in the event loop of each process. What comes is
 * checked (message.h) before anybody sees it; a message that does not pass ends the
 * channel, for who sends one is broken or in wrong hands. What is sent waits in a queue
 * while the other end is busy, so nobody blocks.
 */
#ifndef QF_CHANNEL_H
#define QF_CHANNEL_H

#include <systemd/sd-event.h>

#include "message.h"

struct qf_channel;

/**
 * struct qf_channel_ops - what the owner of an end is told, in the event loop
 * @message: one came; its descriptor is the owner's now
 * @end: no more will come: the other end closed (@why is NULL), or what it sent was
 *	refused. The owner frees the channel later, not in here.
 */
struct qf_channel_ops {
	void (*message)(void *arg, struct qf_message *m);
	void (*end)(void *arg, const struct qn_error *why);
};

/**
 * qf_channel_new() - take one end and say hello
 * @channel: out, for qf_channel_free()
 * @event: loop of this process
 * @fd: SOCK_SEQPACKET; taken over, also on failure
 * @fq: this is fq's end
 * @ops: what happens
 * @arg: for @ops
 * @err: what went wrong
 *
 * Messages other than hello are passed on once a fitting hello came.
 *
 * Return: 0, or -1 with @err.
 */
int qf_channel_new(struct qf_channel **channel, sd_event *event, int fd, bool fq,
		   const struct qf_channel_ops *ops, void *arg, struct qn_error *err);
void qf_channel_free(struct qf_channel *channel);

/**
 * qf_channel_send() - queue a message
 * @channel: to whom
 * @type: enum qf_message_type
 * @id: of the request
 * @fixed: the fixed part of the type; NULL if it has none
 * @tail: what follows; texts are cut to what may go
 * @tail_len: octets of it
 *
 * After the channel's end it does nothing.
 */
void qf_channel_send(struct qf_channel *channel, unsigned int type, uint32_t id, const void *fixed,
		     const void *tail, size_t tail_len);
/* QF_SETTINGS: a file, whose descriptor is taken over, and its path. */
void qf_channel_send_file(struct qf_channel *channel, int fd, const char *path);

#endif
