/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink families of the kernel's own: links, and IPsec policies. */
#ifndef QN_RTNL_H
#define QN_RTNL_H

#include <stdint.h>

#include "base.h"

struct nlmsghdr;

/**
 * struct qn_rtnl - what is asked about
 * @bus: NETLINK_ROUTE or NETLINK_XFRM
 * @type: of the messages that a dump answers with
 * @unknown: what EOPNOTSUPP means, or NULL
 * @exists: what EEXIST means, or NULL
 */
struct qn_rtnl {
	int bus;
	uint16_t type;
	const char *unknown;
	const char *exists;
};

typedef void (*qn_rtnl_fn)(void *arg, const struct nlmsghdr *nlh);

/**
 * qn_rtnl_ask() - one request, and all that answers it
 * @rtnl: about what
 * @nlh: the request, with NLM_F_ACK or NLM_F_DUMP
 * @each: told each message of a dump; may be NULL
 * @arg: for @each
 * @err: what went wrong, in the kernel's words if it has some
 *
 * Return: 0, or -1 with @err.
 */
int qn_rtnl_ask(const struct qn_rtnl *rtnl, struct nlmsghdr *nlh, qn_rtnl_fn each, void *arg,
		struct qn_error *err);

/**
 * qn_rtnl_link() - begin a request for a device of the network
 * @buf: for the message, MNL_SOCKET_BUFFER_SIZE octets
 * @type: RTM_*LINK
 * @flags: NLM_F_*, but for REQUEST and ACK, which all have
 * @name: of the device, or NULL for any
 *
 * Return: the message, for more attributes and qn_rtnl_ask().
 */
struct nlmsghdr *qn_rtnl_link(char *buf, uint16_t type, uint16_t flags, const char *name);

#endif
