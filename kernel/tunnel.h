/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one-time-pad tunnel: a network device whose packets take key of a peer.
 *
 * A device and its peer point at each other. Both pointers are set under one lock
 * (tunnel.c) and read under RCU; whoever goes first, device or peer, clears both
 * and then waits for a grace period, as network devices and peers do anyway.
 */
#ifndef _QN_TUNNEL_H
#define _QN_TUNNEL_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/types.h>
#include <net/gro_cells.h>
#include <linux/qkdnf_tunnel.h>

#include "peer.h"

struct qn_rx;

/* struct qn_tunnel_config - what can be changed while it lives */
struct qn_tunnel_config {
	u64 low, high;		/* octets */
	u8 ttl, tos;
	bool ttl_inherit, tos_inherit;
	bool allow_rng;
};

/*
 * struct qn_tunnel - the device's private part
 *
 * @peer: whom it leads to; NULL: not any more
 * @net: namespace of the peer's node
 * @c: under RTNL; the datapath reads single members
 * @keep, @resume: low and high, in whole segments
 * @waiting: out of key since @waiting_at (jiffies); of the tick
 * @starved: a sender stopped its queue; for the tick
 */
struct qn_tunnel {
	struct net_device *dev;
	struct qn_peer __rcu *peer;
	struct net *net;
	u64 peer_id;
	struct qn_tunnel_config c;
	u32 keep, resume;
	bool waiting, starved;
	unsigned long waiting_at;
	atomic64_t waits;
	struct gro_cells cells;
	struct list_head list;	/* all tunnels, under RTNL */
};

/* Between device and peer. */
int qn_tunnel_bind(struct qn_tunnel *t, struct qn_peer *peer);
void qn_tunnel_unbind(struct qn_tunnel *t);
void qn_tunnel_forget_peer(struct qn_peer *peer);
u32 qn_tunnel_tick(struct qn_peer *peer);
enum qkdnf_tunnel_state qn_tunnel_state(const struct qn_tunnel *t,
					const struct qn_peer *peer);

/* Traffic. */
netdev_tx_t qn_tunnel_xmit(struct sk_buff *skb, struct net_device *dev);
bool qn_tunnel_rx(struct qn_rx *rx);

/* Devices. */
int qn_tunnel_init(void);
void qn_tunnel_exit(void);
void qn_tunnel_reap(void);

/**
 * qn_tunnel_overhead - octets that the tunnel adds to a packet
 * @family: AF_INET or AF_INET6, of the peer's address
 */
static inline u32 qn_tunnel_overhead(u8 family)
{
	return (family == AF_INET ? 20 : 40) + 8 + QN_HDR_OCTETS;
}

#endif /* _QN_TUNNEL_H */
