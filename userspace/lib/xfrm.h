/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What traffic needs to find the associations of a binding: an xfrm interface, and
 * policies. They are the kernel's own, made as ip(8) makes them: libnl knows no if_id of
 * policies, without which they apply to no interface.
 */
#ifndef QN_XFRM_H
#define QN_XFRM_H

#include "record.h"

struct qn_error;

/**
 * struct qn_prefix - a network
 * @family: AF_INET or AF_INET6
 * @len: of the prefix, bits
 * @addr: 4 or 16 octets, without bits behind the prefix
 */
struct qn_prefix {
	uint16_t family;
	uint8_t len;
	uint8_t addr[16];
};

/**
 * qn_prefix_parse() - read ADDRESS/LENGTH, or an address
 * @p: out
 * @text: such as 192.0.2.0/24
 * @err: what is wrong
 *
 * Return: 0, or -1 with @err.
 */
int qn_prefix_parse(struct qn_prefix *p, const char *text, struct qn_error *err);

/**
 * qn_xfrm_interface_add() - make the xfrm interface of a binding, and set it up
 * @binding: with its if-id
 * @name: of the device
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err.
 */
int qn_xfrm_interface_add(const struct qn_rec *binding, const char *name, struct qn_error *err);

/**
 * qn_xfrm_interface_del() - delete it
 * @binding: with its if-id
 * @name: of the device; refused unless it is an xfrm interface of that if-id
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err.
 */
int qn_xfrm_interface_del(const struct qn_rec *binding, const char *name, struct qn_error *err);

/**
 * qn_xfrm_policy_add() - have traffic between two networks go under a binding
 * @binding: as the kernel tells it
 * @own: network at this end
 * @far: at the other end, of one family with @own
 * @err: what went wrong; then none is left
 *
 * Makes a policy for what goes out, for what comes in and, in tunnel mode, for what is
 * forwarded. None is replaced. Return: 0, or -1 with @err.
 */
int qn_xfrm_policy_add(const struct qn_rec *binding, const struct qn_prefix *own,
		       const struct qn_prefix *far, struct qn_error *err);

/**
 * qn_xfrm_policy_del() - delete the policies of a reqid, those between two networks
 * @reqid: that their template has; others stay
 * @own: network at this end
 * @far: at the other end
 * @count: out, how many they were
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err.
 */
int qn_xfrm_policy_del(uint32_t reqid, const struct qn_prefix *own, const struct qn_prefix *far,
		       unsigned int *count, struct qn_error *err);

#endif
