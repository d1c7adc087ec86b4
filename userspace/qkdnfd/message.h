/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two processes say to each other.
 *
 * A message is one datagram: a head, the fixed part of its type, and a tail of octets
 * for those types that have one. qf_message_check() is the only door: what it let pass
 * has the lengths and the direction that its type asks for, and holds no descriptor that
 * it may not hold. Numbers are in the machine's own order, as both ends are one program.
 */
#ifndef QF_MESSAGE_H
#define QF_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"

/* One more for each change of what follows: ends of two builds must not meet. */
#define QF_MESSAGE_VERSION 1
#define QF_MESSAGE_MAX	   4096 /* octets of a datagram */
#define QF_TEXT_MAX	   480	/* octets of a text for people */

/* To fq are requests, from fq answers with the request's id, and what both need to live. */
enum qf_message_type {
	QF_HELLO = 1,	  /* both: first of all */
	QF_SETTINGS,	  /* fq to ff: a descriptor of the file; tail: its path */
	QF_SETTINGS_DONE, /* ff to fq: taken (ok), or why not */
	QF_READY,	  /* ff to fq: it serves; tail: its state in one line */
	QF_PING,	  /* fq to ff: are you there? */
	QF_PONG,	  /* ff to fq */
	QF_STOP,	  /* fq to ff: end */
	QF_RELOAD,	  /* ff to fq: somebody asks for a reload */
	QF_STATUS,	  /* ff to fq: how is the node? Answer: QF_DONE */
	QF_STATE_BEGIN,	  /* ff to fq: a desired state follows, object by object */
	QF_STATE_OBJECT,  /* ff to fq: tail: a record (wire.h) */
	QF_STATE_SOURCE,  /* ff to fq: tail: path of a device, or nothing for a push source */
	QF_STATE_END,	  /* ff to fq: do it. Answer: QF_STEP each, QF_DONE */
	QF_STATE_CHECK,	  /* ff to fq: is the node as desired? Answer: QF_STEP each, QF_DONE */
	QF_METERS,	  /* ff to fq: read the contracts. Answer: QF_METER each, QF_DONE */
	QF_STEP,	  /* fq to ff: tail: what was done, or would be */
	QF_METER,	  /* fq to ff: tail: a record of a contract */
	QF_DONE,	  /* fq to ff: the last of an answer; tail: why not, if not ok */
	QF_TYPES,
};

struct qf_head {
	uint16_t type;
	uint16_t zero;
	uint32_t id;	 /* of a request, and of its answer */
	uint32_t length; /* of the whole datagram, as a check */
};

struct qf_hello {
	uint32_t version;
	uint32_t role; /* 0 fq, 1 ff */
};

struct qf_result {
	uint32_t ok; /* 0 or 1 */
};

#define QF_STATE_REMAKE 1 /* take peers away to make them anew, which erases their key */
#define QF_STATE_DRY	2 /* say what would be done and do nothing */
#define QF_STATE_MEND	4 /* of a check: do what is wanting */

struct qf_state_begin {
	uint64_t number; /* from 1; higher than that of the state that is kept to */
	uint32_t flags;	 /* QF_STATE_REMAKE, QF_STATE_DRY */
	uint32_t count;	 /* of objects and sources that follow */
};

/* Kinds of objects, as sections of an apply file. */
enum qf_object {
	QF_OBJECT_NODE,
	QF_OBJECT_PEER,
	QF_OBJECT_ROUTE,
	QF_OBJECT_CONTRACT,
	QF_OBJECT_BINDING,
	QF_OBJECT_TUNNEL,
	QF_OBJECTS,
};

struct qf_state_object {
	uint32_t kind; /* enum qf_object */
	uint32_t line; /* of the text that it comes from, for errors */
};

struct qf_state_source {
	uint64_t peer;
	uint32_t line;
	uint32_t zero;
};

struct qf_state_check {
	uint32_t flags; /* QF_STATE_REMAKE, QF_STATE_MEND */
	uint32_t zero;
};

struct qf_step {
	uint32_t sign;	 /* '+', '~' or '-' */
	uint32_t breaks; /* key that is there is erased by it; 0 or 1 */
};

struct qf_done {
	uint32_t ok;	 /* 0 or 1 */
	uint32_t module; /* the kernel has the family; 0 or 1 */
	uint64_t number; /* of the state that is kept to; 0: none yet */
	uint64_t node;	 /* id of the node that runs; 0: none */
	uint32_t steps;	 /* that the answer is about */
	uint32_t done;	 /* of them, done */
};

/* Longest request that fq takes together: objects of a state. */
#define QF_STATE_OBJECTS 200000
/* Steps that are told one by one; the rest is only counted. */
#define QF_STEPS_TOLD 256

/**
 * struct qf_message - one that passed the door
 * @head: of it
 * @fixed: its fixed part, aligned for any of the structures above
 * @tail: what follows, within @buffer
 * @tail_len: octets of it
 * @fd: the descriptor that came with it, or -1; the receiver's to close
 * @buffer: all of it
 */
struct qf_message {
	struct qf_head head;
	union {
		struct qf_hello hello;
		struct qf_result result;
		struct qf_state_begin begin;
		struct qf_state_object object;
		struct qf_state_source source;
		struct qf_state_check check;
		struct qf_step step;
		struct qf_done done;
	} fixed;
	const uint8_t *tail;
	size_t tail_len;
	int fd;
	uint8_t buffer[QF_MESSAGE_MAX];
};

/* Name of a type, for people. */
const char *qf_message_name(unsigned int type);
/* Octets of the fixed part of a type. */
size_t qf_message_fixed(unsigned int type);

/**
 * qf_message_check() - may this message come in?
 * @m: @m->buffer holds what came, @m->fd its descriptor or -1; the rest is filled in
 * @len: octets that came
 * @to_fq: who receives it: fq, or ff
 * @err: what is wrong with it
 *
 * Texts in a tail have no NUL and no control characters after this. Touches nothing but
 * its arguments, so any octets may be given to it.
 *
 * Return: 0, or -1 with @err.
 */
int qf_message_check(struct qf_message *m, size_t len, bool to_fq, struct qn_error *err);

#endif
