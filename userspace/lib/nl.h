/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client of a generic netlink family.
 *
 * Requests and replies are records. A refusal becomes one line that holds the
 * kernel's own text and the name of the attribute at fault.
 */
#ifndef QN_NL_H
#define QN_NL_H

#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "record.h"

struct nlmsghdr;
struct qn_nl;

/**
 * qn_nl_open() - connect to a family in the current network namespace
 * @family: which
 * @err: what went wrong; code ENOENT if the kernel has no such family
 *
 * Return: a connection for qn_nl_close(), or NULL.
 */
struct qn_nl *qn_nl_open(const struct qn_family *family, struct qn_error *err);
void qn_nl_close(struct qn_nl *nl);

/**
 * qn_nl_do() - one request
 * @nl: connection
 * @cmd: command number
 * @flags: NLM_F_* beside those that a request needs
 * @req: attributes, or NULL for none
 * @reply: where to put the answer, for qn_rec_free(); NULL if only success
 *	matters. NULL is put there if the kernel answered without attributes.
 * @err: what went wrong; code is the kernel's errno
 *
 * Return: 0, or -1 with @err.
 */
int qn_nl_do(struct qn_nl *nl, unsigned int cmd, unsigned int flags, const struct qn_rec *req,
	     struct qn_rec **reply, struct qn_error *err);

/* Sees each record of a dump; owns it not. Non-zero ends the dump as failed. */
typedef int (*qn_nl_each)(void *arg, struct qn_rec *rec, struct qn_error *err);

/**
 * qn_nl_dump() - all objects of a kind, one after the other as they come
 * @nl: connection
 * @cmd: command number
 * @req: attributes, or NULL for none
 * @each: called for each record
 * @arg: for @each
 * @err: what went wrong; code EINTR if the objects changed meanwhile, so that
 *	some may have been missed: what came was passed on all the same
 *
 * Return: 0, or -1 with @err.
 */
int qn_nl_dump(struct qn_nl *nl, unsigned int cmd, const struct qn_rec *req, qn_nl_each each,
	       void *arg, struct qn_error *err);

/* The same as a list, asked anew while the objects change. */
int qn_nl_list(struct qn_nl *nl, unsigned int cmd, const struct qn_rec *req, struct qn_rec **list,
	       struct qn_error *err);

/**
 * qn_open_source() - open the device of an fd source
 * @path: a character device
 * @fd: the descriptor, not blocking and closed on exec
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err.
 */
int qn_open_source(const char *path, int *fd, struct qn_error *err);

/* Join the family's group of events. */
int qn_nl_subscribe(struct qn_nl *nl, struct qn_error *err);
/* The descriptor, for poll(). */
int qn_nl_fd(const struct qn_nl *nl);
/**
 * qn_nl_events() - read the events that are there
 * @nl: a connection that was subscribed
 * @each: called for each; the command is put into mark of the record
 * @arg: for @each
 * @err: what went wrong; code ENOBUFS if events were lost since nobody read
 *
 * Return: 0, or -1 with @err.
 */
int qn_nl_events(struct qn_nl *nl, qn_nl_each each, void *arg, struct qn_error *err);

/* The codec by itself, for tests and for whoever has a message from elsewhere. */

/* Append the attributes of a record. -1 if they do not fit into @size octets. */
int qn_encode(struct nlmsghdr *nlh, size_t size, const struct qn_rec *rec);
/* Attributes that the tables do not know are passed over: kernels get newer. */
struct qn_rec *qn_decode(const struct nlmsghdr *nlh, size_t offset, const struct qn_set *set,
			 struct qn_error *err);
/* Turn a message of type NLMSG_ERROR, answer to @request, into words. */
int qn_decode_error(const struct nlmsghdr *nlh, const struct nlmsghdr *request,
		    const struct qn_op *op, const char *family, struct qn_error *err);

#endif
