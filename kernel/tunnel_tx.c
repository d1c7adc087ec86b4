// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tunnel sends: docs/protocol.md section 5.6.
 *
 * Each packet takes a range of its own from the lane of its peer, by the one
 * allocating function, which takes no lock; queues share nothing else. Packets of
 * a burst come here cut to size, as the device promises nothing that the stack
 * would leave to it. A packet whose key is not there stays in its queue.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rcupdate.h>
#include <net/dst.h>
#include <net/icmp.h>
#include <net/ip_tunnels.h>

#include "frame.h"
#include "otp.h"
#include "segment.h"
#include "socket.h"
#include "tunnel.h"

static bool inner_valid(struct sk_buff *skb)
{
	if (skb->protocol != htons(ETH_P_IP) && skb->protocol != htons(ETH_P_IPV6))
		return false;
	skb_reset_network_header(skb);
	return pskb_inet_may_pull(skb) &&
	       ip_tunnel_parse_protocol(skb) == skb->protocol;
}

static bool may_fragment(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) &&
	       !(ip_hdr(skb)->frag_off & htons(IP_DF));
}

/*
 * A packet that would have to be cut on its way and must not: tell its sender.
 * IPv6 does not go below 1,280 octets, so there datagrams are cut instead.
 */
static bool too_big(struct sk_buff *skb, u32 mtu)
{
	if (skb->len <= mtu)
		return false;
	skb_dst_update_pmtu_no_confirm(skb, mtu);
	if (may_fragment(skb))
		return false;
	if (skb->protocol == htons(ETH_P_IP)) {
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
		return true;
	}
	if (mtu < IPV6_MIN_MTU)
		return false;
	icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
	return true;
}

static void outer_of(const struct qn_tunnel *t, const struct sk_buff *skb, u32 mtu,
		     struct qn_outer *outer)
{
	const struct iphdr *iph = ip_hdr(skb);
	u8 tos = READ_ONCE(t->c.tos_inherit) ? ip_tunnel_get_dsfield(iph, skb) :
					       READ_ONCE(t->c.tos);

	outer->tos = ip_tunnel_ecn_encap(tos, iph, skb);
	outer->ttl = READ_ONCE(t->c.ttl_inherit) ? ip_tunnel_get_ttl(iph, skb) :
						   READ_ONCE(t->c.ttl);
	outer->df = !may_fragment(skb) && skb->len <= mtu;
}

/* A packet that is ours alone, in one piece, with room before it, is padded in place. */
static bool in_place(const struct sk_buff *skb, u32 room)
{
	return !skb_cloned(skb) && !skb_shared(skb) && !skb_is_nonlinear(skb) &&
	       skb_headroom(skb) >= room;
}

/*
 * Another packet for what is not ours to write to. What lies in one piece is
 * padded from where it is, and so never copied in clear.
 */
static struct sk_buff *another(const struct sk_buff *skb)
{
	struct sk_buff *other = qn_frame_skb(skb->len);

	if (!other)
		return NULL;
	skb_reserve(other, QN_HDR_OCTETS);
	skb_put(other, skb->len);
	if (skb_is_nonlinear(skb) &&
	    skb_copy_bits(skb, 0, other->data, skb->len)) {
		kfree_skb(other);
		return NULL;
	}
	return other;
}

/*
 * Pad and tag what @from holds, in @skb, which may be the same packet. Return:
 * false if the pairing is over, and nothing was sealed.
 */
static bool seal(struct qn_peer *peer, struct sk_buff *skb,
		 const struct sk_buff *from, struct qn_range *key)
{
	u32 len = skb->len;
	struct qn_frame f;
	bool sealed;

	qn_otp_xor(skb->data, skb_is_nonlinear(from) ? skb->data : from->data,
		   key->key + QN_KEY_OCTETS, len);
	qn_frame_own(peer, &f, QN_DATA, len);
	f.flags = QN_F_PADDED;
	f.payload = skb->data;
	f.hdr = skb_push(skb, QN_HDR_OCTETS);
	sealed = qn_frame_seal(peer, &f, key);
	qn_range_erase(key);
	return sealed;
}

static void send(struct qn_peer *peer, struct sk_buff *skb,
		 const struct qn_outer *outer)
{
	skb_scrub_packet(skb, true);
	skb->ip_summed = CHECKSUM_NONE;
	skb->encapsulation = 0;
	qn_socket_send_as(peer, skb, outer);
}

/* Is there key for one more packet, beside what is left to others? */
static bool has_key(const struct qn_tunnel *t, const struct qn_peer *peer)
{
	return READ_ONCE(peer->stream->ready_count) >= READ_ONCE(t->keep) &&
	       !READ_ONCE(t->waiting);
}

static netdev_tx_t wait_for_key(struct qn_tunnel *t, struct qn_peer *peer,
				struct sk_buff *skb)
{
	WRITE_ONCE(t->starved, true);
	netif_tx_stop_queue(netdev_get_tx_queue(t->dev, skb_get_queue_mapping(skb)));
	/* After the stop: the tick starts whatever it finds stopped. */
	qn_peer_kick(peer, 1);
	return NETDEV_TX_BUSY;
}

/* Return: NETDEV_TX_BUSY with the packet left alone, else it was consumed. */
static netdev_tx_t to_peer(struct qn_tunnel *t, struct qn_peer *peer,
			   struct sk_buff *skb)
{
	struct net_device *dev = t->dev;
	struct sk_buff *out = skb;
	struct qn_outer outer;
	struct qn_range key;
	u32 len = skb->len, mtu;
	bool sealed;
	int err;

	/* Of what is forwarded, nothing behind the headers was read yet. */
	qn_prefetch(skb->data, skb_headlen(skb));
	if (!inner_valid(skb) || len > QN_DATA_MAX ||
	    (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb)))
		goto error;
	err = qn_socket_path(peer, dev, &mtu);
	if (err) {
		if (err == -ELOOP)
			DEV_STATS_INC(dev, collisions);
		else
			DEV_STATS_INC(dev, tx_carrier_errors);
		goto error;
	}
	mtu = mtu > QN_HDR_OCTETS ? mtu - QN_HDR_OCTETS : 0;
	if (too_big(skb, mtu))
		goto error;
	if (qn_tunnel_state(t, peer) == QKDNF_TUNNEL_RNG ||
	    !rcu_access_pointer(peer->hash_out) || !has_key(t, peer))
		return wait_for_key(t, peer, skb);
	outer_of(t, skb, mtu, &outer);

	if (!in_place(skb, QN_HDR_OCTETS + qn_socket_room(peer))) {
		out = another(skb);
		if (!out)
			goto dropped;
	}
	if (qn_stream_alloc(peer->stream, qn_span(len), QN_ALLOC_DATA, &key)) {
		if (out != skb)
			kfree_skb(out);
		return wait_for_key(t, peer, skb);
	}
	sealed = seal(peer, out, skb, &key);
	if (out != skb)
		consume_skb(skb);
	if (!sealed) {
		skb = out;
		goto dropped;
	}
	dev_sw_netstats_tx_add(dev, 1, len);
	send(peer, out, &outer);
	return NETDEV_TX_OK;

error:
	DEV_STATS_INC(dev, tx_errors);
	kfree_skb(skb);
	return NETDEV_TX_OK;

dropped:
	DEV_STATS_INC(dev, tx_dropped);
	kfree_skb(skb);
	return NETDEV_TX_OK;
}

/**
 * qn_tunnel_xmit - send a packet by a tunnel (ndo_start_xmit)
 * @skb: packet
 * @dev: the device
 *
 * Context: BH off, under the lock of its queue.
 */
netdev_tx_t qn_tunnel_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct qn_tunnel *t = netdev_priv(dev);
	netdev_tx_t ret = NETDEV_TX_OK;
	struct qn_peer *peer;

	rcu_read_lock();
	peer = rcu_dereference(t->peer);
	if (peer) {
		ret = to_peer(t, peer, skb);
	} else {
		DEV_STATS_INC(dev, tx_carrier_errors);
		DEV_STATS_INC(dev, tx_errors);
		kfree_skb(skb);
	}
	rcu_read_unlock();
	return ret;
}
