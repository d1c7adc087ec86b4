// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames: docs/protocol.md section 4.
 *
 * One function opens every frame: form, sender, address, peek, verify, claim,
 * and only then the handler of its type. Nothing unauthenticated changes state
 * beyond a drop counter (invariant 2), since no handler is reached before.
 */
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "event.h"
#include "frame.h"
#include "hash.h"
#include "otp.h"
#include "socket.h"

static qn_rx_fn handlers[__QN_TYPES];

/**
 * qn_frame_on - name the handler of a type
 * @type: its type
 * @fn: the function
 *
 * Context: module start only.
 */
void qn_frame_on(enum qn_frame_type type, qn_rx_fn fn)
{
	handlers[type] = fn;
}

static void unclaimed(struct qn_node *node, enum qn_unclaimed why)
{
	atomic64_inc(&node->unclaimed[why]);
}

static void tag_failed(struct qn_peer *peer)
{
	u32 n;

	qn_count(peer, QN_C_DROP_TAG);
	/* The first of a burst at once, then by powers of two. */
	n = ++peer->tag_failures;
	if (n & (n - 1))
		return;
	qn_event(peer->node->net, QKDNF_EVENT_TYPE_TAG_FAILURES,
		 &(struct qn_event_args){ .peer = peer->id,
					  .peer_name = peer->name,
					  .number = n });
}

static void heard(struct qn_peer *peer)
{
	WRITE_ONCE(peer->heard_at, jiffies);
	if (READ_ONCE(peer->tag_failures))
		WRITE_ONCE(peer->tag_failures, 0);
}

static enum qn_counter peek_reason(int err)
{
	switch (err) {
	case -EPERM:
		return QN_C_DROP_OWNER;
	case -EALREADY:
		return QN_C_DROP_CLAIMED;
	case -EINVAL:
		return QN_C_DROP_FORM;
	default:
		return QN_C_DROP_SEGMENT;
	}
}

/* The tag that the frame's type asks for: docs/protocol.md section 4. */
static bool tag_right(const struct qn_rx *rx, const struct qn_hash *hash)
{
	const struct qn_frame *f = &rx->f;

	return hash ? qn_hash_verify(f->hdr->tag, rx->key.key, hash, f->hdr,
				     f->payload, f->present) :
		      qn_otp_verify(f->hdr->tag, rx->key.key, f->hdr,
				    QN_AUTH_OCTETS, f->payload, f->present);
}

/**
 * qn_frame_rx - open a frame and hand it to the room of its type
 * @node: node that heard it
 * @skb: datagram, behind the UDP header; consumed
 *
 * Context: softirq, under rcu_read_lock().
 */
void qn_frame_rx(struct qn_node *node, struct sk_buff *skb)
{
	struct qn_rx rx = { .skb = skb };
	const struct qn_hash *hash = NULL;
	struct qn_frame *f = &rx.f;
	struct qn_peer *peer;
	qn_rx_fn handler;
	bool unpaired;
	int err;

	unclaimed(node, QN_U_RX);
	if (skb->len > QN_DATAGRAM_MAX || !pskb_may_pull(skb, skb->len)) {
		unclaimed(node, QN_U_FORM);
		goto drop;
	}
	switch (qn_wire_parse(skb->data, skb->len, f)) {
	case QN_WIRE_OK:
		break;
	case QN_WIRE_SHORT:
		unclaimed(node, QN_U_SHORT);
		goto drop;
	case QN_WIRE_VERSION_BAD:
		unclaimed(node, QN_U_VERSION);
		goto drop;
	case QN_WIRE_TYPE:
		unclaimed(node, QN_U_TYPE);
		goto drop;
	default:
		unclaimed(node, QN_U_FORM);
		goto drop;
	}

	peer = qn_peer_find(node, f->sender);
	if (!peer || READ_ONCE(peer->dead)) {
		unclaimed(node, QN_U_SENDER);
		goto drop;
	}
	rx.peer = peer;
	qn_count(peer, QN_C_RX_FRAMES);
	qn_count_add(peer, QN_C_RX_OCTETS, skb->len);
	if (!qn_socket_from(peer, skb)) {
		qn_count(peer, QN_C_DROP_ADDRESS);
		goto drop;
	}
	unpaired = f->type == QN_PROBE && f->origin == f->sender &&
		   f->destination == node->id;
	err = qn_stream_peek(peer->stream, f->offset, f->span, unpaired, &rx.key);
	if (err) {
		qn_count(peer, peek_reason(err));
		goto drop;
	}
	if (qn_bulk(f->type)) {
		hash = rcu_dereference(peer->hash_in);
		if (!hash) {
			qn_count(peer, QN_C_DROP_STALE);
			goto drop;
		}
	}
	if (!tag_right(&rx, hash)) {
		tag_failed(peer);
		goto drop;
	}
	if (!qn_stream_claim(peer->stream, &rx.key)) {
		qn_count(peer, QN_C_DROP_CLAIMED);
		goto drop;
	}
	heard(peer);
	handler = handlers[f->type];
	if (!handler || !handler(&rx))
		kfree_skb(rx.skb);
	qn_range_erase(&rx.key);
	return;

drop:
	kfree_skb(skb);
}

/**
 * qn_frame_skb - a packet for a frame
 * @payload: octets of payload that will follow the header
 *
 * Context: any. Return: it, empty, or NULL.
 */
struct sk_buff *qn_frame_skb(u32 payload)
{
	struct sk_buff *skb;

	skb = alloc_skb(QN_HEADROOM + QN_HDR_OCTETS + payload, GFP_ATOMIC);
	if (skb)
		skb_reserve(skb, QN_HEADROOM);
	return skb;
}

/**
 * qn_frame_seal - write header and tag of a frame whose payload is in place
 * @to: who will open it
 * @f: hdr and payload set; sender set; the payload already padded
 * @key: its range; not erased here
 *
 * Context: under rcu_read_lock(). Return: false, with no tag written, if the
 * pairing ended meanwhile and with it the hash key of a bulk frame.
 */
bool qn_frame_seal(struct qn_peer *to, struct qn_frame *f, struct qn_range *key)
{
	struct qn_hash *h;

	f->offset = key->offset;
	f->present = f->flags & QN_F_KEYED ? 0 : f->length;
	qn_wire_build(f->hdr, f);
	if (!qn_bulk(f->type)) {
		qn_otp_tag(f->hdr->tag, key->key, f->hdr, QN_AUTH_OCTETS,
			   f->payload, f->present);
		return true;
	}
	h = rcu_dereference(to->hash_out);
	if (h)
		qn_hash_tag(f->hdr->tag, key->key, h, f->hdr, f->payload,
			    f->present);
	return h;
}

/**
 * qn_frame_put - put a whole frame into an empty packet
 * @to: who will open it
 * @skb: from qn_frame_skb()
 * @f: what; hdr and payload are set here
 * @body: payload in clear, f->length octets; NULL with QN_F_KEYED
 * @key: its range, erased here
 *
 * Context: under rcu_read_lock(). Return: as qn_frame_seal().
 */
bool qn_frame_put(struct qn_peer *to, struct sk_buff *skb, struct qn_frame *f,
		  const void *body, struct qn_range *key)
{
	u32 present = f->flags & QN_F_KEYED ? 0 : f->length;
	bool sealed;

	f->hdr = skb_put(skb, QN_HDR_OCTETS);
	f->payload = skb_put(skb, present);
	if (f->flags & QN_F_PADDED)
		qn_otp_xor(f->payload, body, key->key + QN_KEY_OCTETS, present);
	else if (present)
		memcpy(f->payload, body, present);
	sealed = qn_frame_seal(to, f, key);
	qn_range_erase(key);
	return sealed;
}

/**
 * qn_frame_own - begin a frame from this node to @peer itself
 * @peer: the peer
 * @f: the frame
 * @type: its type
 * @length: octets of payload
 */
void qn_frame_own(struct qn_peer *peer, struct qn_frame *f,
		  enum qn_frame_type type, u16 length)
{
	memset(f, 0, sizeof(*f));
	f->type = type;
	f->hop_limit = QN_HOP_LIMIT;
	f->length = length;
	f->shares = 1;
	f->shift = peer->shift;
	f->sender = peer->node->id;
	f->origin = peer->node->id;
	f->destination = peer->id;
	f->incarnation = peer->pairing.own;
}

/**
 * qn_frame_send - allocate key for a frame, seal it, send it
 * @peer: the neighbour (or remote peer) that it goes to
 * @f: the frame, without hdr, payload, sender and offset
 * @body: payload in clear, or NULL with QN_F_KEYED
 * @how: what the key may be taken from
 *
 * Context: softirq or process. Return: 0, -ENOBUFS without key, -ENOMEM,
 * -ENOTCONN if the pairing is over, or what the network says.
 */
int qn_frame_send(struct qn_peer *peer, struct qn_frame *f, const void *body,
		  enum qn_alloc how)
{
	bool keyed = f->flags & QN_F_KEYED;
	u32 span = qn_span(f->flags & (QN_F_KEYED | QN_F_PADDED) ? f->length : 0);
	struct qn_range key;
	struct sk_buff *skb;
	int err;

	skb = qn_frame_skb(keyed ? 0 : f->length);
	if (!skb) {
		qn_count(peer, QN_C_DROP_MEMORY);
		return -ENOMEM;
	}
	rcu_read_lock();
	err = qn_stream_alloc(peer->stream, span, how, &key);
	if (err) {
		qn_count(peer, QN_C_TX_KEY);
		kfree_skb(skb);
		goto out;
	}
	if (how != QN_ALLOC_DATA)
		qn_count_add(peer, QN_C_CONTROL_OCTETS, span);
	f->sender = peer->node->id;
	if (qn_frame_put(peer, skb, f, body, &key)) {
		err = qn_socket_send(peer, skb);
	} else {
		kfree_skb(skb);
		err = -ENOTCONN;
	}
out:
	rcu_read_unlock();
	return err;
}
