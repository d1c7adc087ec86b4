// SPDX-License-Identifier: GPL-2.0-only
/*
 * The encapsulation socket of a node.
 *
 * One kernel UDP socket for each IP version. What is heard is handled in
 * softirq, a batch at a time (arrivals.h); what is sent goes out through the
 * kernel's tunnel helpers, with the route cached per peer.
 */
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/udp.h>
#include <net/dst_cache.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/ipv6_stubs.h>
#include <net/net_namespace.h>
#include <net/route.h>
#include <net/udp_tunnel.h>

#include "arrivals.h"
#include "node.h"
#include "peer.h"
#include "socket.h"

static int encap_rcv(struct sock *sk, struct sk_buff *skb)
{
	struct qn_node *node = rcu_dereference_sk_user_data(sk);

	if (!node || !pskb_may_pull(skb, sizeof(struct udphdr))) {
		kfree_skb(skb);
		return 0;
	}
	__skb_pull(skb, sizeof(struct udphdr));
	qn_arrivals_put(node->arrivals, skb);
	return 0;
}

static int open_one(struct qn_node *node, struct udp_port_cfg *port,
		    struct socket __rcu **slot)
{
	struct udp_tunnel_sock_cfg cfg = {
		.sk_user_data = node,
		.encap_type = 1,
		.encap_rcv = encap_rcv,
	};
	struct socket *sock;
	int err;

	port->local_udp_port = htons(node->port);
	err = udp_sock_create(node->net, port, &sock);
	if (err)
		return err;
	setup_udp_tunnel_sock(node->net, sock, &cfg);
	rcu_assign_pointer(*slot, sock);
	return 0;
}

/**
 * qn_socket_open - open the sockets of a node
 * @node: with net and port set
 * @rx: called for each datagram as qn_arrivals_new() says; its data begins
 *	behind the UDP header
 *
 * Context: process. Return: 0, -EADDRINUSE, -ENOMEM, or another error.
 */
int qn_socket_open(struct qn_node *node, qn_arrived_fn rx)
{
	struct udp_port_cfg port4 = {
		.family = AF_INET,
		.local_ip.s_addr = htonl(INADDR_ANY),
	};
	struct udp_port_cfg port6 = {
		.family = AF_INET6,
		.local_ip6 = IN6ADDR_ANY_INIT,
		.use_udp6_tx_checksums = true,
		.use_udp6_rx_checksums = true,
		.ipv6_v6only = true,
	};
	int err;

	node->arrivals = qn_arrivals_new(node, rx);
	if (!node->arrivals)
		return -ENOMEM;
	err = open_one(node, &port4, &node->sock4);
	if (!err)
		err = open_one(node, &port6, &node->sock6);
	/* A kernel that was told to do without IPv6 does without. */
	if (err && (!node->sock4 || (err != -EAFNOSUPPORT && err != -EPFNOSUPPORT))) {
		qn_socket_close(node);
		return err;
	}
	return 0;
}

/**
 * qn_socket_close - close the sockets; nothing is heard or sent when it returns
 * @node: the node
 *
 * Context: process.
 */
void qn_socket_close(struct qn_node *node)
{
	struct socket *sock4, *sock6;

	sock4 = rcu_replace_pointer(node->sock4, NULL, true);
	sock6 = rcu_replace_pointer(node->sock6, NULL, true);
	synchronize_net();
	if (sock4)
		udp_tunnel_sock_release(sock4);
	if (sock6)
		udp_tunnel_sock_release(sock6);
	synchronize_net();
	qn_arrivals_free(node->arrivals);
}

/* BH off, as the cache is each processor's own. */
static struct rtable *route4(struct qn_peer *peer, struct sock *sk, __be32 *saddr)
{
	const struct qn_endpoint *end = &peer->end;
	struct rtable *rt;

	rt = dst_cache_get_ip4(&peer->dst, saddr);
	if (!rt) {
		struct flowi4 fl = {
			.daddr = end->addr4,
			.saddr = end->local4,
			.fl4_dport = end->port,
			.fl4_sport = htons(peer->node->port),
			.flowi4_proto = IPPROTO_UDP,
		};

		rt = ip_route_output_flow(peer->node->net, &fl, sk);
		if (IS_ERR(rt))
			return rt;
		*saddr = fl.saddr;
		dst_cache_set_ip4(&peer->dst, &rt->dst, fl.saddr);
	}
	return rt;
}

static int send4(struct qn_peer *peer, struct sock *sk, struct sk_buff *skb,
		 const struct qn_outer *outer)
{
	const struct qn_endpoint *end = &peer->end;
	__be32 saddr = 0;
	struct rtable *rt;

	rt = route4(peer, sk, &saddr);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	udp_tunnel_xmit_skb(rt, sk, skb, saddr, end->addr4, outer->tos,
			    outer->ttl ?: ip4_dst_hoplimit(&rt->dst),
			    outer->df ? htons(IP_DF) : 0,
			    htons(peer->node->port), end->port, false, true);
	return 0;
}

static struct dst_entry *route6(struct qn_peer *peer, struct sock *sk,
				struct in6_addr *saddr)
{
#if IS_ENABLED(CONFIG_IPV6)
	const struct qn_endpoint *end = &peer->end;
	struct dst_entry *dst;

	dst = dst_cache_get_ip6(&peer->dst, saddr);
	if (!dst) {
		struct flowi6 fl = {
			.daddr = end->addr6,
			.saddr = end->local6,
			.fl6_dport = end->port,
			.fl6_sport = htons(peer->node->port),
			.flowi6_proto = IPPROTO_UDP,
		};

		dst = ipv6_stub->ipv6_dst_lookup_flow(peer->node->net, sk, &fl,
						      NULL);
		if (IS_ERR(dst))
			return dst;
		*saddr = fl.saddr;
		dst_cache_set_ip6(&peer->dst, dst, saddr);
	}
	return dst;
#else
	return ERR_PTR(-EAFNOSUPPORT);
#endif
}

static int send6(struct qn_peer *peer, struct sock *sk, struct sk_buff *skb,
		 const struct qn_outer *outer)
{
#if IS_ENABLED(CONFIG_IPV6)
	const struct qn_endpoint *end = &peer->end;
	struct in6_addr saddr = {};
	struct dst_entry *dst;

	dst = route6(peer, sk, &saddr);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	udp_tunnel6_xmit_skb(dst, sk, skb, NULL, &saddr, (struct in6_addr *)&end->addr6,
			     outer->tos, outer->ttl ?: ip6_dst_hoplimit(dst), 0,
			     htons(peer->node->port), end->port, false);
	return 0;
#else
	return -EAFNOSUPPORT;
#endif
}

/**
 * qn_socket_room - octets that a frame must have before it
 * @peer: whom it goes to
 *
 * An IP header, a UDP header and an Ethernet one. Devices that want more get it
 * from IP's output, and those that give just so much on receipt, or senders on
 * this machine, are spared a copy.
 *
 * Context: any.
 */
u32 qn_socket_room(const struct qn_peer *peer)
{
	u32 ip = READ_ONCE(peer->end.family) == AF_INET ? sizeof(struct iphdr) :
							  sizeof(struct ipv6hdr);

	return HH_DATA_ALIGN(ETH_HLEN) + ip + sizeof(struct udphdr);
}

/**
 * qn_socket_path - look at the way to a peer before anything is spent on it
 * @peer: with an endpoint
 * @dev: a tunnel device that must not be on that way itself
 * @mtu: out: octets of the largest frame that need not be fragmented
 *
 * Context: softirq or process, under rcu_read_lock(). Return: 0, -ELOOP if the
 * way leads through @dev, or why there is none.
 */
int qn_socket_path(struct qn_peer *peer, const struct net_device *dev, u32 *mtu)
{
	struct dst_entry *dst = ERR_PTR(-ENOTCONN);
	struct in6_addr saddr6 = {};
	struct socket *sock;
	struct rtable *rt;
	u32 head, path;
	__be32 saddr4 = 0;
	int err;

	local_bh_disable();
	if (READ_ONCE(peer->end.family) == AF_INET) {
		sock = rcu_dereference(peer->node->sock4);
		head = sizeof(struct iphdr) + sizeof(struct udphdr);
		if (sock) {
			rt = route4(peer, sock->sk, &saddr4);
			dst = IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
		}
	} else {
		sock = rcu_dereference(peer->node->sock6);
		head = sizeof(struct ipv6hdr) + sizeof(struct udphdr);
		if (sock)
			dst = route6(peer, sock->sk, &saddr6);
	}
	local_bh_enable();
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	err = dst->dev == dev ? -ELOOP : 0;
	path = dst_mtu(dst);
	*mtu = path > head ? path - head : 0;
	dst_release(dst);
	return err;
}

/**
 * qn_socket_send_as - send a sealed frame to a peer, with an IP header of one's own
 * @peer: with an endpoint
 * @skb: the frame, with qn_socket_room() before it; consumed
 * @outer: what that header says
 *
 * Context: softirq or process, under rcu_read_lock().
 * Return: 0, or the reason that it was not sent (counted at the peer).
 */
int qn_socket_send_as(struct qn_peer *peer, struct sk_buff *skb,
		      const struct qn_outer *outer)
{
	u32 len = skb->len;
	struct socket *sock;
	int err = -ENOTCONN;

	skb_dst_drop(skb);
	skb->ignore_df = 1;
	skb->priority = 0;
	/*
	 * A packet that goes on still names the device it came by, and in that
	 * device's statistics, of whatever kind, IP's helpers would count it.
	 */
	skb->dev = NULL;
	local_bh_disable();
	switch (READ_ONCE(peer->end.family)) {
	case AF_INET:
		sock = rcu_dereference(peer->node->sock4);
		if (sock)
			err = send4(peer, sock->sk, skb, outer);
		break;
	case AF_INET6:
		sock = rcu_dereference(peer->node->sock6);
		if (sock)
			err = send6(peer, sock->sk, skb, outer);
		break;
	}
	local_bh_enable();
	if (err) {
		qn_count(peer, QN_C_TX_ERROR);
		kfree_skb(skb);
		return err;
	}
	qn_count(peer, QN_C_TX_FRAMES);
	qn_count_add(peer, QN_C_TX_OCTETS, len);
	return 0;
}

/**
 * qn_socket_send - send a sealed frame to a peer
 * @peer: with an endpoint
 * @skb: the frame, with qn_socket_room() before it; consumed
 *
 * Context and return: as qn_socket_send_as().
 */
int qn_socket_send(struct qn_peer *peer, struct sk_buff *skb)
{
	static const struct qn_outer plain;

	return qn_socket_send_as(peer, skb, &plain);
}

/**
 * qn_socket_from - does a datagram come from the peer's own address?
 * @peer: the peer
 * @skb: the packet
 *
 * A look before any work is done for it; what it says is proven by the tag.
 */
bool qn_socket_from(const struct qn_peer *peer, const struct sk_buff *skb)
{
	const struct qn_endpoint *end = &peer->end;

	if (skb->protocol == htons(ETH_P_IP))
		return end->family == AF_INET &&
		       ip_hdr(skb)->saddr == end->addr4;
	return end->family == AF_INET6 &&
	       ipv6_addr_equal(&ipv6_hdr(skb)->saddr, &end->addr6);
}
