/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One-time-pad tunnels: links of kind qkdnf.
 *
 * They are made by rtnetlink, like any link; here they are records like the objects of
 * family qkdnf, so that files, tables and JSON hold them, too.
 */
#ifndef QN_TUNNEL_H
#define QN_TUNNEL_H

#include <linux/qkdnf_tunnel.h>

#include "words.h"

/* Beside the attributes of the kind: those of every link. */
enum {
	QN_TUNNEL_NAME = __IFLA_QKDNF_MAX,
	QN_TUNNEL_MTU,
	QN_TUNNEL_RX_PACKETS,
	QN_TUNNEL_RX_OCTETS,
	QN_TUNNEL_RX_ERRORS,
	QN_TUNNEL_RX_DROPPED,
	QN_TUNNEL_TX_PACKETS,
	QN_TUNNEL_TX_OCTETS,
	QN_TUNNEL_TX_ERRORS,
	QN_TUNNEL_TX_DROPPED,
	__QN_TUNNEL_MAX,
};

/* Commands of qn_family_tunnel. */
enum { QN_TUNNEL_NEW = 1, QN_TUNNEL_SET, QN_TUNNEL_DEL };

extern const struct qn_set qn_set_tunnel;
extern const struct qn_family qn_family_tunnel;
extern const struct qn_words qn_words_tunnel;	      /* settings */
extern const struct qn_words qn_words_tunnel_in_file; /* with name and peer */

/* Can it name a device? */
bool qn_tunnel_name_fits(const char *name);

/**
 * qn_tunnel_list() - read the tunnels of this network namespace
 * @name: only this one, or NULL for all
 * @list: out
 * @err: what went wrong
 *
 * Return: 0, also if there is none; or -1 with @err.
 */
int qn_tunnel_list(const char *name, struct qn_rec **list, struct qn_error *err);

/**
 * qn_tunnel_do() - make, change or delete a tunnel
 * @cmd: QN_TUNNEL_NEW, QN_TUNNEL_SET or QN_TUNNEL_DEL
 * @req: its name, and settings
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err.
 */
int qn_tunnel_do(unsigned int cmd, const struct qn_rec *req, struct qn_error *err);

#endif
