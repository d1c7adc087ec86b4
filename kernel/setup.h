/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making, changing and unmaking what is configured: whole nodes and peers, put
 * together from the rooms below. The netlink room asks; nothing else does, save
 * the end of a network namespace.
 */
#ifndef _QN_SETUP_H
#define _QN_SETUP_H

#include <linux/types.h>

#include "peer.h"

struct net;
struct qn_node;

/**
 * struct qn_peer_config - what can be said about a peer
 *
 * Checked by who fills it. @id, @remote, @shift, @scheme and @shares are fixed
 * when the peer is made.
 */
struct qn_peer_config {
	u64 id;
	struct qn_endpoint end;
	u64 pool_max, low, high;	/* octets */
	u64 max_rate;			/* remote: octets/s, 0: none */
	u32 hello_ms;
	u16 weight;			/* remote */
	u8 shift;
	u8 scheme;			/* remote: enum qkdnf_scheme */
	u8 shares;			/* remote */
	bool remote;
	bool border;			/* link */
	bool charged;			/* new: the caller's control group pays */
	char name[32];
};

int qn_peer_setup(struct qn_node *node, const struct qn_peer_config *c);
void qn_peer_config_get(struct qn_peer *peer, struct qn_peer_config *c);
int qn_peer_config_set(struct qn_peer *peer, const struct qn_peer_config *c);
void qn_peer_teardown(struct qn_peer *peer);
void qn_peers_teardown(struct qn_node *node);
void qn_source_teardown(struct qn_peer *peer);

int qn_node_setup(struct net *net, u64 id, u16 port, u64 mem_max);
void qn_node_teardown(struct net *net);
void qn_node_limit(struct qn_node *node, u64 mem_max);

#endif /* _QN_SETUP_H */
