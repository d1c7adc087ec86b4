// SPDX-License-Identifier: GPL-2.0-only
/*
 * Outer addresses that move: docs/protocol.md section 5.5.
 *
 * What is installed stays where it is: a copy of a state would have no key. The
 * other end is told; then each agrees fresh associations for what it sends, at the
 * new addresses, and policies follow: those for what comes in take any sender while
 * associations of both places live, those for what goes out change when there is
 * something to send under.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/string.h>
#include <net/xfrm.h>
#include <linux/qkdnf.h>

#include "sa.h"
#include "sa_parts.h"
#include "xfrm.h"

#define LOOK_MS		10000	/* when nothing is due */

static bool same_outer(const struct qn_binding *b, const struct qn_sa_ends *o,
		       const struct qn_sa_ends *p)
{
	return o->far_port == p->far_port &&
	       xfrm_addr_equal(&o->local, &p->local, b->c.family) &&
	       xfrm_addr_equal(&o->remote, &p->remote, b->c.family);
}

/**
 * qn_sa_here - is an association at the addresses of today?
 * @b: its binding
 * @a: the association
 *
 * Context: the work of @b.
 */
bool qn_sa_here(struct qn_binding *b, const struct qn_association *a)
{
	struct qn_sa_ends now = qn_binding_outer(b);

	return same_outer(b, &now, &a->outer);
}

/**
 * qn_sa_told - does the other end know where this one is?
 * @b: the binding
 * @now: the pairing
 *
 * Context: any.
 */
bool qn_sa_told(struct qn_binding *b, const struct qn_sa_pairing *now)
{
	bool told;

	spin_lock_bh(&b->lock);
	told = !b->move.id || qn_sa_same(now, b->move.own, b->move.other);
	spin_unlock_bh(&b->lock);
	return told;
}

/**
 * qn_sa_move_reason - was the other end told, and would not have it?
 * @b: the binding
 * @now: the pairing
 *
 * Context: its work. Return: what to show, or NULL.
 */
const char *qn_sa_move_reason(struct qn_binding *b, const struct qn_sa_pairing *now)
{
	u8 refused = qn_sa_told(b, now) ? 0 : READ_ONCE(b->move.refused);

	switch (refused) {
	case 0:
		return NULL;
	case QN_SA_NO_BINDING:
		return "moved, but the other end has no binding with this reqid for this node";
	default:
		return "moved, but the other end refuses the address: its own, or no such family";
	}
}

/* The body of a frame: an own address, or the other end's given back. */
static void send(struct qn_peer *peer, struct qn_wire_sa_move *body, u8 flags)
{
	struct qn_frame f;

	qn_frame_own(peer, &f, QN_SA_MOVE, sizeof(*body));
	f.flags |= flags;
	qn_frame_send(peer, &f, body, QN_ALLOC_CONTROL);
}

/**
 * qn_sa_moving - tell the other end of an own address that moved, if it is due
 * @b: the binding
 *
 * Context: its work. Return: milliseconds until it is due again.
 */
u32 qn_sa_moving(struct qn_binding *b)
{
	struct qn_wire_sa_move body = { .reqid = cpu_to_be32(b->c.reqid) };
	struct qn_sa_pairing now;
	struct qn_peer *peer;
	u32 next = LOOK_MS;
	bool due = false;

	rcu_read_lock();
	peer = qn_sa_peer(b, &now);
	if (!peer || qn_sa_told(b, &now))
		goto out;
	spin_lock_bh(&b->lock);
	due = time_after_eq(jiffies, b->move.at);
	if (due) {
		body.family = b->c.family == AF_INET ? 4 : 6;
		body.id = cpu_to_be64(b->move.id);
		memcpy(body.address, &b->c.outer.local, body.family == 4 ? 4 : 16);
		b->move.at = jiffies + msecs_to_jiffies(b->move.wait);
		b->move.wait = min_t(u32, 2 * b->move.wait, QN_SA_REPEAT_MS_MAX);
	}
	next = qn_sa_until(b->move.at);
	spin_unlock_bh(&b->lock);
	if (due)
		send(peer, &body, 0);
out:
	rcu_read_unlock();
	return next;
}

/**
 * qn_sa_follow - have policies follow the addresses, as far as they can by now
 * @b: the binding
 *
 * Context: its work.
 */
void qn_sa_follow(struct qn_binding *b)
{
	struct qn_association *a, *out = qn_sa_newest(&b->out);
	bool sends, settled = true;
	struct qn_sa_ends outer;

	if (!test_and_clear_bit(QN_B_FOLLOW, &b->flags))
		return;
	outer = qn_binding_outer(b);
	/* Without any that works the old way is of no use either. */
	sends = !out || !qn_xfrm_valid(out) || same_outer(b, &outer, &out->outer);
	list_for_each_entry(a, &b->in, list)
		settled = settled && same_outer(b, &outer, &a->outer);
	qn_xfrm_follow(b, &outer, sends, settled);
	if (!sends || !settled)
		set_bit(QN_B_FOLLOW, &b->flags);
}

/**
 * qn_sa_move - put the ends of a binding elsewhere
 * @b: the binding, in tunnel mode
 * @outer: where they are
 *
 * The other end is told of the own address; its own it has to know. Context:
 * process, under node->lock.
 */
void qn_sa_move(struct qn_binding *b, const struct qn_sa_ends *outer)
{
	struct qn_sa_move *m = &b->move;

	spin_lock_bh(&b->lock);
	if (!xfrm_addr_equal(&outer->local, &b->c.outer.local, b->c.family)) {
		/* Rises in an incarnation, even if the binding is made anew. */
		m->id = max_t(u64, m->id + 1, ktime_get_boottime_ns());
		m->own = 0;
		m->other = 0;
		m->refused = 0;
		m->at = jiffies;
		m->wait = QN_SA_REPEAT_MS;
	}
	if (!xfrm_addr_equal(&outer->remote, &b->c.outer.remote, b->c.family))
		WRITE_ONCE(b->mapped, false);
	b->c.outer = *outer;
	spin_unlock_bh(&b->lock);
	set_bit(QN_B_SOON, &b->flags);
	set_bit(QN_B_FOLLOW, &b->flags);
	qn_binding_kick(b);
}

/* The other end is somewhere else. Return: status to answer, 0: none. */
static u8 moved(struct qn_binding *b, const struct qn_sa_pairing *now,
		const struct qn_wire_sa_move *w)
{
	u8 family = b->c.family == AF_INET ? 4 : 6;
	u64 id = be64_to_cpu(w->id);

	lockdep_assert_held(&b->lock);
	if (b->c.mode != QKDNF_IPSEC_MODE_TUNNEL || w->family != family ||
	    !memcmp(w->address, &b->c.outer.local, family == 4 ? 4 : 16))
		return QN_SA_MISMATCH;
	if (qn_sa_same(now, b->moved_own, b->moved_other)) {
		if (id < b->moved_id)
			return 0;
		if (id == b->moved_id)
			return QN_SA_DONE;
	}
	b->moved_id = id;
	b->moved_own = now->own;
	b->moved_other = now->other;
	WRITE_ONCE(b->mapped, false);
	memcpy(&b->c.outer.remote, w->address, family == 4 ? 4 : 16);
	/* Even if it was known here: what it listens to is where it was before. */
	set_bit(QN_B_SOON, &b->flags);
	set_bit(QN_B_REKEY, &b->flags);
	set_bit(QN_B_FOLLOW, &b->flags);
	return QN_SA_DONE;
}

/* The other end has heard of the move. */
static void answered(struct qn_binding *b, const struct qn_sa_pairing *now,
		     const struct qn_wire_sa_move *w)
{
	struct qn_sa_move *m = &b->move;

	lockdep_assert_held(&b->lock);
	if (be64_to_cpu(w->id) != m->id || qn_sa_same(now, m->own, m->other))
		return;
	m->refused = w->status == QN_SA_DONE ? 0 : w->status;
	if (!m->refused) {
		m->own = now->own;
		m->other = now->other;
	} else {
		/* Until somebody mends it there. */
		m->wait = QN_SA_AGAIN_MS_MAX;
		m->at = jiffies + msecs_to_jiffies(m->wait);
	}
}

/**
 * qn_sa_move_rx - an SA_MOVE that was verified
 * @rx: the frame; its key is erased by the caller
 */
bool qn_sa_move_rx(struct qn_rx *rx)
{
	const struct qn_wire_sa_move *w = (void *)rx->f.payload;
	struct qn_wire_sa_move body = *w;
	bool reply = rx->f.flags & QN_F_REPLY;
	struct qn_sa_pairing now;
	struct qn_binding *b;

	if (!qn_sa_in_pairing(rx, &now))
		return false;
	b = qn_sa_binding(rx, be32_to_cpu(w->reqid));
	body.status = QN_SA_NO_BINDING;
	if (b) {
		spin_lock_bh(&b->lock);
		if (reply)
			answered(b, &now, w);
		else
			body.status = moved(b, &now, w);
		spin_unlock_bh(&b->lock);
		qn_binding_kick(b);
	}
	if (!reply && body.status)
		send(rx->peer, &body, QN_F_REPLY);
	return false;
}
