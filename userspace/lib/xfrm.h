/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What traffic needs to find the associations of a binding: an xfrm interface, and
 * policies. They are the kernel's own, made as ip(8) makes them: libnl knows no if_id of
 * policies, without which they apply to no interface. Here they are records like the
 * objects of family qkdnf, so that files, tables and JSON hold them, too.
 */
#ifndef QN_XFRM_H
#define QN_XFRM_H

#include "words.h"

/* Attributes of an xfrm interface. */
enum {
	QN_XFRM_IF_NAME = 1,
	QN_XFRM_IF_ID,
	__QN_XFRM_IF_MAX,
};

/*
 * Attributes of policies. One record stands for those of all directions between two
 * networks. What is not alike in all of them is absent.
 */
enum {
	QN_POLICY_REQID = 1,
	QN_POLICY_OWN,	      /* network at this end */
	QN_POLICY_FAR,	      /* at the other end */
	QN_POLICY_IF_ID,      /* 0: for no xfrm interface */
	QN_POLICY_DIRECTIONS, /* one bit each: 1 << XFRM_POLICY_IN and so on */
	QN_POLICY_MODE,	      /* enum qkdnf_ipsec_mode, as the rest of the template's */
	QN_POLICY_LOCAL,      /* absent: any */
	QN_POLICY_ADDRESS,
	QN_POLICY_OPTIONAL, /* without an association traffic passes in clear */
	QN_POLICY_NARROW,   /* has ports, marks or more: not what is made here */
	__QN_POLICY_MAX,
};

/* Commands of qn_family_xfrm. */
enum {
	QN_XFRM_IF_NEW = 1,
	QN_XFRM_IF_SET, /* another if-id */
	QN_XFRM_IF_DEL,
	QN_POLICY_NEW,
	QN_POLICY_SET, /* all of it but what names it: REQID, OWN, FAR, IF_ID */
	QN_POLICY_DEL,
};

extern const struct qn_set qn_set_xfrm_interface;
extern const struct qn_set qn_set_policy;
extern const struct qn_family qn_family_xfrm;
extern const struct qn_words qn_words_policy; /* in a file */

/**
 * qn_network_parse() - read ADDRESS/LENGTH, or an address
 * @rec: gets it, as text that is the same for the same network
 * @attr: QN_POLICY_OWN or QN_POLICY_FAR
 * @text: such as 192.0.2.0/24
 * @err: what is wrong
 *
 * Return: 0, or -1 with @err.
 */
int qn_network_parse(struct qn_rec *rec, unsigned int attr, const char *text, struct qn_error *err);

/* Are the two networks of policies of one IP version? Else -1 with @err. */
int qn_policy_check(const struct qn_rec *policy, struct qn_error *err);

/**
 * qn_policy_complete() - fill in what follows from a binding
 * @policy: with its two networks
 * @binding: as the kernel tells it, or with defaults
 *
 * For what goes out, what comes in and, in tunnel mode, what is forwarded.
 */
void qn_policy_complete(struct qn_rec *policy, const struct qn_rec *binding);

/* The xfrm interfaces of this network namespace. Return: 0, or -1 with @err. */
int qn_xfrm_interfaces(struct qn_rec **list, struct qn_error *err);

/**
 * qn_policies() - the policies of this network namespace with ESP under a reqid
 * @list: out, ordered by reqid
 * @err: what went wrong
 *
 * Return: 0, also if the kernel has no IPsec policies; or -1 with @err.
 */
int qn_policies(struct qn_rec **list, struct qn_error *err);

/**
 * qn_xfrm_do() - make, change or delete an xfrm interface or policies
 * @cmd: of qn_family_xfrm
 * @req: the request
 * @err: what went wrong; then of new policies none is left
 *
 * New ones replace none. What is changed or deleted is what @req names: an xfrm
 * interface, policies whose only template is ESP under the reqid. Others stay.
 *
 * Return: 0, or -1 with @err.
 */
int qn_xfrm_do(unsigned int cmd, const struct qn_rec *req, struct qn_error *err);

#endif
