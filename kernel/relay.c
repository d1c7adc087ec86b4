// SPDX-License-Identifier: GPL-2.0-only
/*
 * The relay hop: docs/protocol.md section 6.
 *
 * A RELAY frame that was verified and claimed gets its pads exchanged in place:
 * out = in XOR (pad in XOR pad out), a new tag, and leaves in the packet it came
 * in. Key of the next link is taken last, when nothing can refuse the frame any
 * more, so that none is burnt for a frame that is dropped here.
 */
#include <linux/jiffies.h>
#include <linux/skbuff.h>
#include <net/ip_tunnels.h>

#include "contract.h"
#include "event.h"
#include "flow.h"
#include "frame.h"
#include "nexthop.h"
#include "otp.h"
#include "relay.h"
#include "remote.h"
#include "socket.h"

/* What a neighbour may have relayed without RELAY frames to pay for it. */
#define PROBE_TOKENS	200
#define PROBE_TOKENS_MIN 4	/* ... over a link that brings nothing */

static bool take_token(struct qn_peer *peer, u16 *tokens, unsigned long *at,
		       u32 per_second, u32 burst)
{
	unsigned long now = jiffies;
	bool ok = false;
	u64 gain;

	spin_lock(&peer->lock);
	gain = (u64)jiffies_to_msecs(now - *at) * per_second / MSEC_PER_SEC;
	if (gain) {
		*tokens = min_t(u64, *tokens + gain, burst);
		*at = now;
	}
	if (*tokens) {
		--*tokens;
		ok = true;
	}
	spin_unlock(&peer->lock);
	return ok;
}

/*
 * No RELAY frames pay for a PROBE. A neighbour must not be able to empty another
 * link with them, reserve and all: they are control, and have its share of what
 * the link brings.
 */
static bool probe_may_pass(struct qn_peer *from, struct qn_peer *to)
{
	u32 per_second = READ_ONCE(to->lane_income) / 100 * QN_CONTROL_PERCENT /
			 QN_KEY_OCTETS;

	return take_token(from, &from->probe_tokens, &from->probe_at,
			  PROBE_TOKENS, PROBE_TOKENS) &&
	       take_token(to, &to->pass_tokens, &to->pass_at,
			  clamp_t(u32, per_second, PROBE_TOKENS_MIN, PROBE_TOKENS),
			  PROBE_TOKENS);
}

/* Tell the generator, on behalf of the far end, that its frame cannot go on. */
static void nak(struct qn_rx *rx, enum qn_nak_code code)
{
	const struct qn_frame *in = &rx->f;
	struct qn_wire_nak body = {
		.code = code,
		.share = in->share,
		.wait = cpu_to_be32(QN_HELLO_MS),
		.reporter = cpu_to_be64(rx->peer->node->id),
		.contract = cpu_to_be32(in->contract),
	};
	struct qn_frame f = {
		.type = QN_RELAY_NAK,
		.hop_limit = QN_HOP_LIMIT,
		.length = sizeof(body),
		.share = in->share,
		.shares = in->shares,
		.shift = in->shift,
		.origin = in->destination,
		.destination = in->origin,
		.incarnation = in->incarnation,
		.remote_offset = in->remote_offset,
	};
	static const enum qn_counter counter[__QN_NAK_CODES] = {
		[QN_NAK_NO_ROUTE] = QN_C_DROP_ROUTE,
		[QN_NAK_NO_KEY] = QN_C_DROP_KEY,
		[QN_NAK_CONTRACT_EXCEEDED] = QN_C_DROP_CONTRACT,
		[QN_NAK_CONTRACT_UNKNOWN] = QN_C_DROP_CONTRACT,
		[QN_NAK_HOP_LIMIT] = QN_C_DROP_HOP_LIMIT,
		[QN_NAK_RATE] = QN_C_DROP_RATE,
	};

	qn_count(rx->peer, counter[code]);
	if (!take_token(rx->peer, &rx->peer->nak_tokens, &rx->peer->nak_at,
			QN_NAK_PER_SECOND, QN_NAK_PER_SECOND))
		return;
	/* Back the way it came: the ingress is a hop towards its origin. */
	if (!qn_frame_send(rx->peer, &f, &body, QN_ALLOC_CONTROL))
		qn_count(rx->peer, QN_C_NAK_TX);
}

static bool too_far(struct qn_rx *rx)
{
	return rx->f.hop_limit <= 1;
}

/* Have the packet to ourselves, with room for the headers that @to needs. */
static bool own_packet(struct qn_rx *rx, const struct qn_peer *to)
{
	struct qn_frame *f = &rx->f;
	struct sk_buff *skb = rx->skb;

	if (skb_ensure_writable(skb, skb->len) ||
	    (to && skb_cow_head(skb, qn_socket_room(to)))) {
		qn_count(rx->peer, QN_C_DROP_MEMORY);
		return false;
	}
	f->hdr = (struct qn_wire_hdr *)skb->data;
	f->payload = (u8 *)(f->hdr + 1);
	return true;
}

static void send_on(struct qn_peer *to, struct sk_buff *skb)
{
	/* It may have been another neighbour when room was made. */
	if (skb_cow_head(skb, qn_socket_room(to))) {
		qn_count(to, QN_C_DROP_MEMORY);
		kfree_skb(skb);
		return;
	}
	skb_scrub_packet(skb, true);
	skb->ip_summed = CHECKSUM_NONE;
	skb->encapsulation = 0;
	qn_socket_send(to, skb);
}

/*
 * Have what a frame needs to leave to this neighbour: over a border a contract,
 * then key, which so is not burnt for what a contract refuses.
 */
static int leave_by(struct qn_peer *to, struct qn_frame *out, u32 inside,
		    u32 *label, struct qn_range *key)
{
	int code;

	out->contract = inside;
	if (to->border) {
		code = qn_contract_label(to, out, label);
		if (code)
			return code;
		out->contract = *label;
	}
	if (qn_stream_alloc(to->stream, out->span, QN_ALLOC_DATA, key)) {
		qn_count(to, QN_C_TX_KEY);
		return QN_NAK_NO_KEY;
	}
	return 0;
}

/* A link that is out of key yields to the backup, where there may be one. */
static int leave(struct qn_rx *rx, struct qn_frame *out, u32 inside,
		 struct qn_peer **to, u32 *label, struct qn_range *key)
{
	int code = leave_by(*to, out, inside, label, key);
	struct qn_peer *other;

	if (code != QN_NAK_NO_KEY)
		return code;
	other = qn_route_other(rx->peer->node, out->destination, out->share,
			       out->shares, *to);
	if (!other || other == rx->peer)
		return code;
	*to = other;
	return leave_by(other, out, inside, label, key);
}

/*
 * Origin binding: over a border the contract that the frame names says what it
 * may carry; inside, the route towards the origin does. A contract says nothing
 * of shares: a carrier of one of them could bring the others, too, and with all
 * of them key that the origin never sent. So of a stream with shares the route
 * is asked in any case.
 */
static bool admitted(struct qn_rx *rx, u32 *label, u16 *weight)
{
	struct qn_frame *f = &rx->f;
	int code;

	*label = f->contract;
	*weight = f->weight;
	if ((!rx->peer->border || f->shares > 1) &&
	    !qn_route_from(rx->peer->node, f->origin, f->share, f->shares,
			   rx->peer)) {
		qn_count(rx->peer, QN_C_DROP_BINDING);
		return false;
	}
	if (rx->peer->border) {
		code = qn_contract_accept(rx->peer, f, label, weight);
		if (code)
			nak(rx, code);
		return !code;
	}
	return true;
}

/* The hop of a RELAY frame. Return: true if the packet was taken. */
static bool hop(struct qn_rx *rx)
{
	struct qn_frame *f = &rx->f, out = rx->f;
	struct qn_peer *from = rx->peer, *to;
	struct qn_node *node = from->node;
	struct sk_buff *skb = rx->skb;
	u32 inside, label = 0;
	struct qn_range key;
	bool sealed;
	int code;

	if (!admitted(rx, &inside, &out.weight))
		return false;
	atomic_add_unless(&from->ack_credit, 1, QN_ACK_CREDIT_MAX);
	if (too_far(rx)) {
		nak(rx, QN_NAK_HOP_LIMIT);
		return false;
	}
	to = qn_route_next(node, f->destination, f->share, f->shares, from);
	if (!to) {
		nak(rx, QN_NAK_NO_ROUTE);
		return false;
	}
	out.contract = inside;
	if (!qn_flow_admit(to, &out, f->length, from)) {
		nak(rx, QN_NAK_RATE);
		return false;
	}
	if (f->flags & QN_F_KEYED) {
		skb = qn_frame_skb(f->length);
		if (!skb) {
			qn_count(from, QN_C_DROP_MEMORY);
			return false;
		}
		out.hdr = skb_put(skb, QN_HDR_OCTETS);
		out.payload = skb_put(skb, f->length);
		out.flags = (f->flags & ~QN_F_KEYED) | QN_F_PADDED;
	} else {
		if (!own_packet(rx, to))
			return false;
		out.hdr = f->hdr;
		out.payload = f->payload;
	}
	code = leave(rx, &out, inside, &to, &label, &key);
	if (code) {
		nak(rx, code);
		goto drop;
	}
	qn_otp_fold(out.payload, f->flags & QN_F_KEYED ? NULL : f->payload,
		    qn_rx_pad(rx), key.key + QN_KEY_OCTETS, f->length);
	out.hop_limit--;
	out.sender = node->id;
	sealed = qn_frame_seal(to, &out, &key);
	qn_range_erase(&key);
	if (!sealed) {
		qn_count(from, QN_C_DROP_STALE);
		goto drop;
	}
	if (to->border)
		qn_contract_sent(to, &out, label);
	qn_count(from, QN_C_RELAY_FORWARDED);
	qn_count(to, QN_C_RELAY_TX);
	send_on(to, skb);
	return skb == rx->skb;

drop:
	if (skb != rx->skb)
		kfree_skb(skb);
	return false;
}

/**
 * qn_relay_rx - a RELAY frame that was verified: for this node, or to go on
 * @rx: the frame; its key is erased by the caller
 */
bool qn_relay_rx(struct qn_rx *rx)
{
	struct qn_frame *f = &rx->f;
	struct qn_node *node = rx->peer->node;
	u32 label;
	u16 weight;

	qn_count(rx->peer, QN_C_RELAY_RX);
	/* Only the first link's key can be the key itself. */
	if (rx->peer->remote || f->origin == node->id ||
	    ((f->flags & QN_F_KEYED) && f->origin != f->sender)) {
		qn_count(rx->peer, QN_C_DROP_BINDING);
		return false;
	}
	if (f->destination != node->id)
		return hop(rx);
	if (admitted(rx, &label, &weight))
		qn_remote_chunk_rx(rx);
	return false;
}

/**
 * qn_relay_forward - send a clear relayed frame (ACK, NAK, PROBE) one hop on
 * @rx: the frame; its key is erased by the caller
 *
 * Its payload may have been changed in place. Return: true if the packet was
 * taken.
 */
bool qn_relay_forward(struct qn_rx *rx)
{
	struct qn_frame *f = &rx->f;
	struct qn_node *node = rx->peer->node;
	struct qn_range key;
	struct qn_peer *to;

	if (too_far(rx)) {
		qn_count(rx->peer, QN_C_DROP_HOP_LIMIT);
		return false;
	}
	to = qn_route_next(node, f->destination, f->share, f->shares, rx->peer);
	if (!to) {
		qn_count(rx->peer, QN_C_DROP_ROUTE);
		return false;
	}
	if (f->type == QN_PROBE ? !probe_may_pass(rx->peer, to) :
	    !atomic_add_unless(&to->ack_credit, -1, 0)) {
		qn_count(rx->peer, QN_C_DROP_RATE);
		return false;
	}
	if (qn_stream_alloc(to->stream, f->span, QN_ALLOC_CONTROL, &key)) {
		qn_count(to, QN_C_TX_KEY);
		qn_count(rx->peer, QN_C_DROP_KEY);
		return false;
	}
	f->hop_limit--;
	f->sender = node->id;
	f->contract = 0;
	qn_frame_seal(to, f, &key);	/* never a bulk frame */
	qn_range_erase(&key);
	qn_count_add(to, QN_C_CONTROL_OCTETS, f->span);
	qn_count(to, f->type == QN_PROBE ? QN_C_PROBE_TX :
		     f->type == QN_RELAY_ACK ? QN_C_ACK_TX : QN_C_NAK_TX);
	send_on(to, rx->skb);
	return true;
}

/* May this neighbour bring word from that far end? */
static bool bound(struct qn_rx *rx)
{
	if (!rx->peer->remote &&
	    qn_route_from(rx->peer->node, rx->f.origin, rx->f.share,
			  rx->f.shares, rx->peer))
		return true;
	qn_count(rx->peer, QN_C_DROP_BINDING);
	return false;
}

/**
 * qn_relay_ack_rx - a RELAY_ACK that was verified
 * @rx: the frame; its key is erased by the caller
 */
bool qn_relay_ack_rx(struct qn_rx *rx)
{
	struct qn_frame *f = &rx->f;
	struct qn_wire_ack *w;
	u32 rate;

	qn_count(rx->peer, QN_C_ACK_RX);
	if (!bound(rx))
		return false;
	if (f->destination != rx->peer->node->id && !own_packet(rx, NULL))
		return false;
	w = (void *)f->payload;
	/* The stream that it speaks for leaves this node to where it came from. */
	rate = qn_flow_allow(rx->peer, f->destination, f->origin,
			     be32_to_cpu(w->rate));
	if (f->destination == rx->peer->node->id) {
		qn_remote_ack_rx(rx, rate);
		return false;
	}
	w->rate = cpu_to_be32(rate);
	return qn_relay_forward(rx);
}

/**
 * qn_relay_nak_rx - a RELAY_NAK that was verified
 * @rx: the frame; its key is erased by the caller
 */
bool qn_relay_nak_rx(struct qn_rx *rx)
{
	qn_count(rx->peer, QN_C_NAK_RX);
	if (!bound(rx))
		return false;
	if (rx->f.destination == rx->peer->node->id) {
		qn_remote_nak_rx(rx);
		return false;
	}
	return own_packet(rx, NULL) && qn_relay_forward(rx);
}

/**
 * qn_relay_probe_rx - a relayed PROBE that was verified
 * @rx: the frame; its key is erased by the caller
 */
bool qn_relay_probe_rx(struct qn_rx *rx)
{
	if (!bound(rx))
		return false;
	if (rx->f.destination == rx->peer->node->id)
		return qn_remote_probe_rx(rx);
	return own_packet(rx, NULL) && qn_relay_forward(rx);
}

/**
 * qn_relay_originate - send a clear relayed frame of this node's own
 * @node: this node
 * @f: origin, destination, share set
 * @body: payload
 *
 * Context: softirq or process, under rcu_read_lock(). Return: 0, -ENETUNREACH
 * without a usable route, or as qn_frame_send().
 */
int qn_relay_originate(struct qn_node *node, struct qn_frame *f,
		       const void *body)
{
	struct qn_peer *to;

	to = qn_route_next(node, f->destination, f->share, f->shares, NULL);
	if (!to)
		return -ENETUNREACH;
	return qn_frame_send(to, f, body, QN_ALLOC_CONTROL);
}
