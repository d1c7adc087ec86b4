/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The encapsulation socket: frames in UDP, IPv4 and IPv6.
 */
#ifndef _QN_SOCKET_H
#define _QN_SOCKET_H

#include <linux/skbuff.h>
#include <linux/types.h>

#include "arrivals.h"

struct qn_node;
struct qn_peer;

/* Room before a frame for the outer headers of any device. */
#define QN_HEADROOM	(LL_MAX_HEADER + 40 + 8)

struct net_device;

/*
 * struct qn_outer - what the IP header of a datagram says beside addresses
 * @tos: DSCP and ECN
 * @ttl: TTL or hop limit; 0: the route's
 * @df: IPv4: routers shall not fragment it
 */
struct qn_outer {
	u8 tos;
	u8 ttl;
	bool df;
};

int qn_socket_open(struct qn_node *node, qn_arrived_fn rx);
void qn_socket_close(struct qn_node *node);
u32 qn_socket_room(const struct qn_peer *peer);
int qn_socket_send(struct qn_peer *peer, struct sk_buff *skb);
int qn_socket_send_as(struct qn_peer *peer, struct sk_buff *skb,
		      const struct qn_outer *outer);
int qn_socket_path(struct qn_peer *peer, const struct net_device *dev, u32 *mtu);
bool qn_socket_from(const struct qn_peer *peer, const struct sk_buff *skb);

#endif /* _QN_SOCKET_H */
