/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The encapsulation socket: frames in UDP, IPv4 and IPv6.
 */
#ifndef _QN_SOCKET_H
#define _QN_SOCKET_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct qn_node;
struct qn_peer;

/* Room before a frame for the outer headers of any device. */
#define QN_HEADROOM	(LL_MAX_HEADER + 40 + 8)

typedef void (*qn_socket_rx_fn)(struct qn_node *node, struct sk_buff *skb);

int qn_socket_open(struct qn_node *node, qn_socket_rx_fn rx);
void qn_socket_close(struct qn_node *node);
u32 qn_socket_room(const struct qn_peer *peer);
int qn_socket_send(struct qn_peer *peer, struct sk_buff *skb);
bool qn_socket_from(const struct qn_peer *peer, const struct sk_buff *skb);

#endif /* _QN_SOCKET_H */
