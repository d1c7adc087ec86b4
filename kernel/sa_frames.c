// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agreement of IPsec associations, its frames: docs/protocol.md section 5.5.
 * What comes is noted in the binding; the work (sa.c) does the rest.
 */
#include <linux/jiffies.h>
#include <linux/string.h>
#include <linux/qkdnf.h>

#include "sa.h"
#include "sa_parts.h"

/**
 * qn_sa_peer_of - a peer, if key of its stream can be spent
 * @node: the node
 * @id: of the peer
 * @p: out, the pairing
 *
 * Context: any, under rcu_read_lock(). Return: it, or NULL.
 */
struct qn_peer *qn_sa_peer_of(struct qn_node *node, u64 id, struct qn_sa_pairing *p)
{
	struct qn_peer *peer = qn_peer_find(node, id);
	bool made;

	if (!peer || READ_ONCE(peer->dead))
		return NULL;
	spin_lock_bh(&peer->lock);
	made = peer->pairing.made;
	p->own = peer->pairing.own;
	p->other = peer->pairing.other;
	spin_unlock_bh(&peer->lock);
	return made ? peer : NULL;
}

/**
 * qn_sa_peer - the peer of a binding, if key of its stream can be spent
 * @b: the binding
 * @p: out, the pairing
 *
 * Context: any, under rcu_read_lock(). Return: it, or NULL.
 */
struct qn_peer *qn_sa_peer(struct qn_binding *b, struct qn_sa_pairing *p)
{
	return qn_sa_peer_of(b->node, b->c.peer, p);
}

/**
 * qn_sa_answer - send an SA_ACK or SA_END
 * @peer: to whom
 * @type: QN_SA_ACK or QN_SA_END
 * @flags: of the frame
 * @reqid: of the binding
 * @status: as the type has it
 * @id: of the request
 * @spi: of the association, or 0
 *
 * Context: any, under rcu_read_lock().
 */
void qn_sa_answer(struct qn_peer *peer, enum qn_frame_type type, u8 flags, u32 reqid,
		  u8 status, u64 id, __be32 spi)
{
	struct qn_wire_sa_ack body = {
		.reqid = cpu_to_be32(reqid),
		.status = status,
		.id = cpu_to_be64(id),
		.spi = spi,
	};
	struct qn_frame f;

	qn_frame_own(peer, &f, type, sizeof(body));
	f.flags |= flags;
	qn_frame_send(peer, &f, &body, QN_ALLOC_CONTROL);
}

/**
 * qn_sa_tell - send an SA_ACK or SA_END, if its pairing still lives
 * @b: the binding
 * @type: QN_SA_ACK or QN_SA_END
 * @status: as the type has it
 * @id: of the request
 * @spi: of the association, or 0
 * @own: this end's incarnation in the pairing
 * @other: the other end's
 *
 * Context: any.
 */
void qn_sa_tell(struct qn_binding *b, enum qn_frame_type type, u8 status, u64 id,
		__be32 spi, u64 own, u64 other)
{
	struct qn_peer *peer;
	struct qn_sa_pairing now;

	rcu_read_lock();
	peer = qn_sa_peer(b, &now);
	if (peer && qn_sa_same(&now, own, other))
		qn_sa_answer(peer, type, 0, b->c.reqid, status, id, spi);
	rcu_read_unlock();
}

static u8 wire_algorithm(const struct qn_binding *b)
{
	return b->c.algorithm == QKDNF_IPSEC_ALGORITHM_AES_GCM ?
		QN_SA_AES_GCM : QN_SA_CHACHA20_POLY1305;
}

static u8 wire_mode(const struct qn_binding *b)
{
	return b->c.mode == QKDNF_IPSEC_MODE_TUNNEL ? QN_SA_TUNNEL :
						      QN_SA_TRANSPORT;
}

/* Those that both ends have alike. */
static u8 wire_flags(const struct qn_binding *b)
{
	return (b->c.esn ? QN_SA_ESN : 0) | (b->c.encap ? QN_SA_IN_UDP : 0);
}

/**
 * qn_sa_send_request - send the request of a binding, or repeat it
 * @b: the binding
 * @peer: whom its stream is shared with
 *
 * Context: its work, under rcu_read_lock().
 */
void qn_sa_send_request(struct qn_binding *b, struct qn_peer *peer)
{
	struct qn_sa_request *r = &b->request;
	struct qn_wire_sa_req body = {
		.reqid = cpu_to_be32(b->c.reqid),
		.algorithm = wire_algorithm(b),
		.mode = wire_mode(b),
		.flags = wire_flags(b) | (r->together ? QN_SA_TOGETHER : 0),
		.id = cpu_to_be64(r->id),
		.offset = cpu_to_be64(r->offset),
		.octets = cpu_to_be32(QN_SA_KEY_OCTETS),
	};
	struct qn_frame f;

	r->at = jiffies + msecs_to_jiffies(r->wait);
	r->wait = min_t(u32, 2 * r->wait, QN_SA_REPEAT_MS_MAX);
	qn_frame_own(peer, &f, QN_SA_REQ, sizeof(body));
	qn_frame_send(peer, &f, &body, QN_ALLOC_CONTROL);
}

/**
 * qn_sa_in_pairing - is a frame about associations of the present pairing?
 * @rx: the frame; counted if not
 * @now: out, the pairing
 *
 * Context: softirq, under RCU.
 */
bool qn_sa_in_pairing(struct qn_rx *rx, struct qn_sa_pairing *now)
{
	struct qn_peer *peer = rx->peer;
	bool good;

	spin_lock_bh(&peer->lock);
	now->own = peer->pairing.own;
	now->other = peer->pairing.other;
	good = rx->f.origin == peer->id && peer->pairing.made &&
	       rx->f.incarnation == now->other;
	spin_unlock_bh(&peer->lock);
	if (!good)
		qn_count(peer, QN_C_DROP_STALE);
	return good;
}

/**
 * qn_sa_binding - the binding that a frame's sender may speak of
 * @rx: the frame
 * @reqid: that it names
 *
 * Context: softirq, under RCU. Return: it, or NULL.
 */
struct qn_binding *qn_sa_binding(struct qn_rx *rx, u32 reqid)
{
	struct qn_binding *b = qn_binding_find(rx->peer->node, reqid);

	return b && b->c.peer == rx->peer->id && !READ_ONCE(b->dead) ? b : NULL;
}

/* Claim the key that a request names. Under b->lock and RCU. */
static bool claim(struct qn_binding *b, struct qn_peer *peer, u64 offset)
{
	struct qn_range r;
	u32 len = round_up(QN_SA_KEY_OCTETS, QN_GRANULE);

	if (qn_stream_peek(peer->stream, offset, len, false, &r) ||
	    !qn_stream_claim(peer->stream, &r))
		return false;
	memcpy(b->offer.key, r.key, sizeof(b->offer.key));
	qn_range_erase(&r);
	atomic64_add(len, &b->key_octets);
	return true;
}

/* Return: status to answer at once with, or 0: later, or not at all. */
static u8 offered(struct qn_binding *b, struct qn_peer *peer,
		  const struct qn_sa_pairing *now, const struct qn_wire_sa_req *w,
		  __be32 *spi)
{
	struct qn_sa_offer *o = &b->offer;
	u64 id = be64_to_cpu(w->id);

	lockdep_assert_held(&b->lock);
	if (w->algorithm != wire_algorithm(b) || w->mode != wire_mode(b) ||
	    (w->flags & ~QN_SA_TOGETHER) != wire_flags(b) ||
	    be32_to_cpu(w->octets) != QN_SA_KEY_OCTETS)
		return QN_SA_MISMATCH;
	if (qn_sa_same(now, o->own, o->other)) {
		if (id < o->id)
			return 0;
		if (id == o->id) {
			*spi = o->spi;
			return o->state == QN_SA_INSTALLED ? QN_SA_DONE :
			       o->state == QN_SA_TAKEN ? 0 : QN_SA_NOT_HELD;
		}
	}
	if (!claim(b, peer, be64_to_cpu(w->offset)))
		return QN_SA_NOT_HELD;
	o->id = id;
	o->own = now->own;
	o->other = now->other;
	o->spi = 0;
	o->state = QN_SA_TAKEN;
	/* If this end has just asked, both directions are under way already. */
	if ((w->flags & QN_SA_TOGETHER) && b->request.state == QN_SA_IDLE) {
		set_bit(QN_B_SOON, &b->flags);
		set_bit(QN_B_REKEY, &b->flags);
	}
	return 0;
}

/**
 * qn_sa_req_rx - an SA_REQ that was verified
 * @rx: the frame; its key is erased by the caller
 */
bool qn_sa_req_rx(struct qn_rx *rx)
{
	const struct qn_wire_sa_req *w = (void *)rx->f.payload;
	u32 reqid = be32_to_cpu(w->reqid);
	u8 status = QN_SA_NO_BINDING;
	struct qn_binding *b;
	struct qn_sa_pairing now;
	__be32 spi = 0;

	if (!qn_sa_in_pairing(rx, &now))
		return false;
	b = qn_sa_binding(rx, reqid);
	if (b) {
		spin_lock_bh(&b->lock);
		status = offered(b, rx->peer, &now, w, &spi);
		spin_unlock_bh(&b->lock);
		qn_binding_kick(b);
	}
	if (status)
		qn_sa_answer(rx->peer, QN_SA_ACK, 0, reqid, status,
			     be64_to_cpu(w->id), status == QN_SA_DONE ? spi : 0);
	return false;
}

/* The binding that an SA_ACK of the present pairing is about, or NULL. */
static struct qn_binding *answered(struct qn_rx *rx, struct qn_sa_pairing *now)
{
	const struct qn_wire_sa_ack *w = (void *)rx->f.payload;

	return qn_sa_in_pairing(rx, now) ?
		qn_sa_binding(rx, be32_to_cpu(w->reqid)) : NULL;
}

/**
 * qn_sa_ack_rx - an SA_ACK that was verified
 * @rx: the frame; its key is erased by the caller
 */
bool qn_sa_ack_rx(struct qn_rx *rx)
{
	const struct qn_wire_sa_ack *w = (void *)rx->f.payload;
	struct qn_sa_request *r;
	struct qn_binding *b;
	struct qn_sa_pairing now;

	b = answered(rx, &now);
	if (!b)
		return false;
	r = &b->request;
	spin_lock_bh(&b->lock);
	if (r->state == QN_SA_ASKED && r->id == be64_to_cpu(w->id) &&
	    qn_sa_same(&now, r->own, r->other)) {
		r->state = QN_SA_ANSWERED;
		r->status = w->status;
		r->spi = w->spi;
	}
	spin_unlock_bh(&b->lock);
	qn_binding_kick(b);
	return false;
}

/* The sender's binding is gone, or was: there may be another one by now. */
static bool gone(struct qn_binding *b, const struct qn_sa_pairing *now, u64 id)
{
	const struct qn_sa_offer *o = &b->offer;

	lockdep_assert_held(&b->lock);
	if (qn_sa_same(now, b->gone_own, b->gone_other) && id <= b->gone_id)
		return false;
	b->gone_id = id;
	b->gone_own = now->own;
	b->gone_other = now->other;
	return !qn_sa_same(now, o->own, o->other) || id > o->id;
}

static void end_noted(struct qn_binding *b, const struct qn_sa_pairing *now,
		      const struct qn_wire_sa_ack *w)
{
	u64 id = be64_to_cpu(w->id);

	spin_lock_bh(&b->lock);
	if (w->status == QN_SA_GONE) {
		if (gone(b, now, id))
			set_bit(QN_B_ENDED, &b->flags);
	} else {
		if (!qn_sa_same(now, b->left_own, b->left_other) || id > b->left_id)
			b->left_id = id;
		b->left_own = now->own;
		b->left_other = now->other;
	}
	spin_unlock_bh(&b->lock);
	qn_binding_kick(b);
}

/**
 * qn_sa_end_rx - an SA_END that was verified, or its answer
 * @rx: the frame; its key is erased by the caller
 */
bool qn_sa_end_rx(struct qn_rx *rx)
{
	const struct qn_wire_sa_ack *w = (void *)rx->f.payload;
	u32 reqid = be32_to_cpu(w->reqid);
	u64 id = be64_to_cpu(w->id);
	struct qn_sa_pairing now;
	struct qn_binding *b;

	if (!qn_sa_in_pairing(rx, &now))
		return false;
	if (rx->f.flags & QN_F_REPLY) {
		qn_sa_farewell_done(rx->peer->node->bindings, rx->peer->id, reqid, id);
		return false;
	}
	b = qn_sa_binding(rx, reqid);
	if (b)
		end_noted(b, &now, w);
	/* Also if there is none: nobody sends. */
	if (w->status == QN_SA_GONE)
		qn_sa_answer(rx->peer, QN_SA_END, QN_F_REPLY, reqid, QN_SA_GONE, id, 0);
	return false;
}
