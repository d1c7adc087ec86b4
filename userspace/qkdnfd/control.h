/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: what people and programs of this machine ask of the daemon.
 *
 * A connection brings one request and gets one answer, each a JSON object after its
 * length (four octets, big-endian). A request names its verb:
 *
 *	{"request": "state-apply", "number": "5", ...}
 *
 * and an answer is an object of the verb's own, or a problem as of RFC 9457: title, status
 * (as of HTTP) and detail. Who asks is told by the kernel: root and members of the write
 * group may ask for everything, members of the read group for what changes nothing. All
 * is logged with who asked.
 *
 * Everything runs in the event loop.
 */
#ifndef QF_CONTROL_H
#define QF_CONTROL_H

#include <jansson.h>
#include <systemd/sd-event.h>

#include "base.h"
#include "settings.h"

struct qf_control;
struct qf_control_request;

/**
 * struct qf_control_verb - what may be asked
 * @name: of the request
 * @writes: it changes something
 * @members: of the request, beside "request"; ends with NULL
 * @run: answers, now or later, by qf_control_reply() or qf_control_refuse(); @body lasts
 *	as long as this call
 */
struct qf_control_verb {
	const char *name;
	bool writes;
	const char *const *members;
	void (*run)(void *arg, struct qf_control_request *request, const json_t *body);
};

/**
 * qf_control_listen() - make the socket
 * @settings: where
 * @fd: out, listening
 * @err: what went wrong: for one, that somebody listens there
 *
 * Anybody may connect: each is asked who he is. As root the directory is made for the
 * daemon's user if it is not there.
 *
 * Return: 0, or -1 with @err.
 */
int qf_control_listen(const struct qf_settings *settings, int *fd, struct qn_error *err);

/**
 * qf_control_new() - serve
 * @control: out, for qf_control_free()
 * @event: the loop
 * @fd: listening; taken over
 * @settings: who may; must stay until qf_control_settings()
 * @verbs: what may be asked; ends with an entry without a name
 * @arg: for the verbs
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err.
 */
int qf_control_new(struct qf_control **control, sd_event *event, int fd,
		   const struct qf_settings *settings, const struct qf_control_verb *verbs,
		   void *arg, struct qn_error *err);
/* Other settings hold for connections from now on. */
void qf_control_settings(struct qf_control *control, const struct qf_settings *settings);
void qf_control_free(struct qf_control *control);

/* Answer, which ends the request. Takes @answer over. */
void qf_control_reply(struct qf_control_request *request, json_t *answer);
/* Refuse with a status as of HTTP and a line for people, which ends the request. */
void qf_control_refuse(struct qf_control_request *request, int status, const char *detail);

#endif
