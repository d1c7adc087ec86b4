// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tunnel hears: docs/protocol.md section 5.6.
 *
 * The frame was verified and its key claimed before it comes here. What is left is
 * to take the pad off, and what a tunnel does with outer headers.
 */
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rcupdate.h>
#include <net/dst_metadata.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>

#include "frame.h"
#include "otp.h"
#include "tunnel.h"

/* The packet as its own header says it: whole, nothing behind it. */
static __be16 inner_protocol(const u8 *packet, u32 len)
{
	const struct ipv6hdr *v6 = (const void *)packet;
	const struct iphdr *v4 = (const void *)packet;

	if (len >= sizeof(*v4) && v4->version == 4 && v4->ihl >= 5 &&
	    v4->ihl * 4 <= len && ntohs(v4->tot_len) == len)
		return htons(ETH_P_IP);
	if (len >= sizeof(*v6) && v6->version == 6 &&
	    ntohs(v6->payload_len) + sizeof(*v6) == len)
		return htons(ETH_P_IPV6);
	return 0;
}

/* Return: false if the packet is to be dropped: its ECN bits were tampered with. */
static bool ecn_taken_over(struct sk_buff *skb, const void *outer, bool outer6)
{
	int rc = outer6 ? IP6_ECN_decapsulate(outer, skb) :
			  IP_ECN_decapsulate(outer, skb);

	return rc < 2;
}

static bool bound(const struct qn_rx *rx)
{
	const struct qn_peer *peer = rx->peer;

	return rx->f.destination == peer->node->id && rx->f.origin == peer->id &&
	       READ_ONCE(peer->pairing.made) &&
	       rx->f.incarnation == READ_ONCE(peer->pairing.other);
}

static void deliver(struct qn_tunnel *t, struct qn_rx *rx)
{
	bool outer6 = rx->skb->protocol == htons(ETH_P_IPV6);
	struct net_device *dev = t->dev;
	struct sk_buff *skb = rx->skb;
	u32 len = rx->f.length;
	int outer;

	/* The outer header, over what may be a copy from here on. */
	outer = skb_network_offset(skb);
	if (skb_ensure_writable(skb, skb->len)) {
		dev_core_stats_rx_dropped_inc(dev);
		goto drop;
	}
	skb_pull(skb, QN_HDR_OCTETS);
	outer -= QN_HDR_OCTETS;
	qn_otp_xor(skb->data, skb->data, qn_rx_pad(rx), len);

	skb->protocol = inner_protocol(skb->data, len);
	if (!skb->protocol) {
		DEV_STATS_INC(dev, rx_frame_errors);
		goto error;
	}
	skb_scrub_packet(skb, true);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_reset_transport_header(skb);
	if (!ecn_taken_over(skb, skb->data + outer, outer6)) {
		DEV_STATS_INC(dev, rx_frame_errors);
		goto error;
	}
	skb->dev = dev;
	skb->ip_summed = CHECKSUM_NONE;
	skb->encapsulation = 0;
	skb->pkt_type = PACKET_HOST;
	skb_clear_hash(skb);
	if (gro_cells_receive(&t->cells, skb) == NET_RX_SUCCESS)
		dev_sw_netstats_rx_add(dev, len);
	return;

error:
	DEV_STATS_INC(dev, rx_errors);
drop:
	kfree_skb(skb);
}

/**
 * qn_tunnel_rx - a DATA frame that was verified
 * @rx: the frame; its key is erased by the caller
 *
 * Context: softirq, under rcu_read_lock(). Return: true if the packet was taken.
 */
bool qn_tunnel_rx(struct qn_rx *rx)
{
	struct qn_tunnel *t = rcu_dereference(rx->peer->tunnel);

	if (!bound(rx)) {
		qn_count(rx->peer, QN_C_DROP_STALE);
		return false;
	}
	if (!t || !netif_running(t->dev)) {
		qn_count(rx->peer, QN_C_DROP_ROUTE);
		return false;
	}
	deliver(t, rx);
	return true;
}
