// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agreement of IPsec associations: docs/protocol.md section 5.5.
 *
 * Each direction is its sender's affair: it takes key of its own lane, names the
 * range, repeats that until it is answered with an SPI, and only then switches.
 * The receiver listens under the new association before it answers, and under
 * the old one until the sender has left it. So no packet meets a key that is not
 * there, and the two directions never wait for each other.
 *
 * Frames only note what came; one work for each binding does what there is to
 * do, by looking at how things stand, so that nothing rests on a frame or a
 * notice that may be lost.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/qkdnf.h>

#include "encap.h"
#include "event.h"
#include "sa.h"
#include "sa_parts.h"
#include "xfrm.h"

#define IDLE_MS		10000	/* between two looks when all is well */
#define NO_PAIRING_MS	500
#define KEEPALIVE_MS	20000	/* as RFC 3948 has it */

static void event(struct qn_binding *b, enum qkdnf_event_type type, __be32 spi,
		  const char *what)
{
	char reason[QKDNF_REASON_LEN_MAX];

	snprintf(reason, sizeof(reason), "reqid %u: %s", b->c.reqid, what);
	qn_event(b->node->net, type,
		 &(struct qn_event_args){ .peer = b->c.peer,
					  .number = be32_to_cpu(spi),
					  .reason = reason });
}

/* An attempt failed: the next one after a while, each time twice as long. */
static void failed(struct qn_binding *b, const char *reason, u32 first_ms,
		   u32 max_ms)
{
	struct qn_association *out = qn_sa_newest(&b->out);

	atomic64_inc(&b->failed);
	b->again_ms = b->again_ms ? min(2 * b->again_ms, max_ms) : first_ms;
	b->again_at = jiffies + msecs_to_jiffies(b->again_ms);
	if (b->reason != reason)
		event(b, QKDNF_EVENT_TYPE_SA_FAILED, out ? out->spi : 0,
		      reason);
	WRITE_ONCE(b->reason, reason);
}

/* Take key for what this end sends, and ask the other to take it, too. */
static void ask(struct qn_binding *b, bool together)
{
	struct qn_sa_request *r = &b->request;
	struct qn_range key;
	struct qn_peer *peer;
	struct qn_sa_pairing now;
	int err = -ENOTCONN;

	rcu_read_lock();
	peer = qn_sa_peer(b, &now);
	if (peer)
		err = qn_stream_alloc(peer->stream, QN_SA_KEY_OCTETS,
				      QN_ALLOC_DATA, &key);
	if (err) {
		rcu_read_unlock();
		failed(b, "no key to spend in this direction", QN_SA_NO_KEY_MS,
		       QN_SA_NO_KEY_MS);
		return;
	}
	atomic64_add(key.len, &b->key_octets);
	spin_lock_bh(&b->lock);
	memcpy(r->key, key.key, sizeof(r->key));
	r->offset = key.offset;
	/* Rises in an incarnation, even if the binding is made anew in it. */
	r->id = max_t(u64, r->id + 1, ktime_get_boottime_ns());
	r->own = now.own;
	r->other = now.other;
	r->together = together;
	r->wait = QN_SA_REPEAT_MS;
	r->state = QN_SA_ASKED;
	spin_unlock_bh(&b->lock);
	qn_range_erase(&key);
	qn_sa_send_request(b, peer);
	rcu_read_unlock();
}

static void give_up(struct qn_binding *b)
{
	spin_lock_bh(&b->lock);
	memzero_explicit(b->request.key, sizeof(b->request.key));
	b->request.state = QN_SA_IDLE;
	spin_unlock_bh(&b->lock);
}

static void take_out(struct qn_association *a)
{
	qn_xfrm_remove(a);
	list_del(&a->list);
	kfree(a);
}

static void take_all_out(struct list_head *list)
{
	struct qn_association *a, *next;

	list_for_each_entry_safe(a, next, list, list)
		take_out(a);
}

static void leave(struct qn_association *a, u32 ms)
{
	if (!a->leave_at)
		a->leave_at = (jiffies + msecs_to_jiffies(ms)) | 1;
}

static struct qn_association *association(struct qn_binding *b, u64 id, u64 own,
					  u64 other, __be32 spi)
{
	struct qn_association *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);

	if (!a)
		return NULL;
	a->id = id;
	a->own = own;
	a->other = other;
	a->spi = spi;
	a->outer = qn_binding_outer(b);
	a->born = jiffies;
	return a;
}

/* The other end asked: listen, then answer. */
static void take_offer(struct qn_binding *b)
{
	struct qn_association *a = NULL;
	struct qn_sa_offer *now = &b->offer, o;
	bool newer, done = false;

	spin_lock_bh(&b->lock);
	o = *now;
	memzero_explicit(now->key, sizeof(now->key));
	spin_unlock_bh(&b->lock);
	if (o.state != QN_SA_TAKEN)
		goto out;
	a = association(b, o.id, o.own, o.other, 0);
	if (a && !qn_xfrm_install(b, a, false, o.key)) {
		list_add(&a->list, &b->in);
		done = true;
	}
	spin_lock_bh(&b->lock);
	newer = now->id != o.id || now->own != o.own || now->other != o.other;
	if (!newer) {
		now->state = done ? QN_SA_INSTALLED : QN_SA_NONE;
		now->spi = done ? a->spi : 0;
	}
	spin_unlock_bh(&b->lock);
	if (!done)
		kfree(a);
	else if (newer)
		take_out(a);	/* it has been given up by who asked */
	if (newer)
		goto out;
	if (done) {
		atomic64_inc(&b->rekeys_in);
		event(b, QKDNF_EVENT_TYPE_SA_REKEYED, a->spi, "inbound");
	}
	qn_sa_tell(b, QN_SA_ACK, done ? QN_SA_DONE : QN_SA_FAILED, o.id,
		   done ? a->spi : 0, o.own, o.other);
out:
	memzero_explicit(&o, sizeof(o));
}

static void switch_to(struct qn_binding *b, const struct qn_sa_request *r, u8 *key)
{
	struct qn_association *a, *old = qn_sa_newest(&b->out);
	int err = -ENOMEM;

	a = association(b, r->id, r->own, r->other, r->spi);
	/* Before: a bundle that is made in between must not stay with the old. */
	if (a && old && qn_xfrm_valid(old))
		qn_xfrm_supersede(old);
	if (a)
		err = qn_xfrm_install(b, a, true, key);
	if (err) {
		kfree(a);
		failed(b, err == -EEXIST ? "the SPI is in use here" :
		       "xfrm refuses the association", QN_SA_AGAIN_MS,
		       QN_SA_AGAIN_MS_MAX);
		qn_sa_tell(b, QN_SA_END, QN_SA_REPLACED, r->id, r->spi, r->own,
			   r->other);
		return;
	}
	list_for_each_entry(old, &b->out, list)
		leave(old, QN_SA_OUT_GRACE_MS);
	list_add(&a->list, &b->out);
	b->again_ms = 0;
	WRITE_ONCE(b->reason, NULL);
	atomic64_inc(&b->rekeys_out);
	event(b, QKDNF_EVENT_TYPE_SA_REKEYED, a->spi, "outbound");
}

/*
 * Whatever was the reason to ask is one still, also if what there is works: somebody
 * wanted other key, or the other end hears nothing.
 */
static void again(struct qn_binding *b, bool together)
{
	if (together)
		set_bit(QN_B_TOGETHER, &b->flags);
	set_bit(QN_B_REKEY, &b->flags);
}

/* The request was answered. */
static void take_answer(struct qn_binding *b)
{
	struct qn_sa_request r;

	spin_lock_bh(&b->lock);
	r = b->request;
	if (r.state == QN_SA_ANSWERED) {
		b->request.state = QN_SA_IDLE;
		memzero_explicit(b->request.key, sizeof(b->request.key));
	}
	spin_unlock_bh(&b->lock);
	if (r.state != QN_SA_ANSWERED)
		goto out;
	switch (r.status) {
	case QN_SA_DONE:
		switch_to(b, &r, r.key);
		break;
	case QN_SA_NOT_HELD:
		/* Lost there, or the request was late: other key. */
		failed(b, "the other end does not hold the key", 50,
		       QN_SA_AGAIN_MS);
		again(b, r.together);
		break;
	case QN_SA_NO_BINDING:
		/* Nor anybody who listens under what was agreed before. */
		take_all_out(&b->out);
		failed(b, "the other end has no binding with this reqid for this node",
		       QN_SA_AGAIN_MS, QN_SA_AGAIN_MS_MAX);
		break;
	case QN_SA_MISMATCH:
		failed(b, "mode, algorithm, esn or encap differ at the other end",
		       QN_SA_AGAIN_MS, QN_SA_AGAIN_MS_MAX);
		break;
	default:
		failed(b, "the other end could not install the association",
		       QN_SA_AGAIN_MS, QN_SA_AGAIN_MS_MAX);
		again(b, r.together);
	}
out:
	memzero_explicit(&r, sizeof(r));
}

/* The other end's binding is gone: nobody listens, nobody sends. */
static void ended(struct qn_binding *b)
{
	take_all_out(&b->out);
	take_all_out(&b->in);
	give_up(b);
	spin_lock_bh(&b->lock);
	b->move.own = 0;	/* its next binding does not know */
	spin_unlock_bh(&b->lock);
	b->again_ms = 0;
	failed(b, "the other end took its binding away", QN_SA_AGAIN_MS,
	       QN_SA_AGAIN_MS_MAX);
}

/**
 * qn_sa_until - milliseconds until then, at least one
 * @at: jiffies
 */
u32 qn_sa_until(unsigned long at)
{
	return time_after(at, jiffies) ? jiffies_to_msecs(at - jiffies) + 1 : 1;
}

/* Is there a request that is not answered? Repeat it when it is due. */
static bool asking(struct qn_binding *b, struct qn_peer *peer,
		   const struct qn_sa_pairing *now, u32 *next)
{
	struct qn_sa_request *r = &b->request;

	if (READ_ONCE(r->state) == QN_SA_IDLE)
		return false;
	if (!qn_sa_same(now, r->own, r->other)) {
		give_up(b);
		return false;
	}
	if (time_after_eq(jiffies, r->at))
		qn_sa_send_request(b, peer);
	*next = min(*next, qn_sa_until(r->at));
	return true;
}

/* Nothing to ask for. Why is it not well all the same? NULL: it is. */
static void settled(struct qn_binding *b, const char *reason)
{
	struct qn_association *out = qn_sa_newest(&b->out);

	if (reason && reason != b->reason)
		event(b, QKDNF_EVENT_TYPE_SA_FAILED, out ? out->spi : 0, reason);
	WRITE_ONCE(b->reason, reason);
}

/* Somebody else's associations may carry its traffic: who runs this should know. */
static const char *shared(struct qn_binding *b)
{
	struct qn_sa_ends outer;

	if (!test_and_clear_bit(QN_B_SHARED, &b->flags))
		return NULL;
	outer = qn_binding_outer(b);
	if (!qn_xfrm_shared(b->node->net, &b->c, &outer))
		return NULL;
	set_bit(QN_B_SHARED, &b->flags);
	return "somebody else has this reqid between these addresses: change one of them";
}

/* What is missing? Ask for it. Return: milliseconds to the next look. */
static u32 attend(struct qn_binding *b)
{
	struct qn_association *out = qn_sa_newest(&b->out), *in = qn_sa_newest(&b->in);
	bool need, deaf, together, elsewhere, busy = false;
	u32 next = IDLE_MS;
	const char *reason;
	struct qn_peer *peer;
	struct qn_sa_pairing now;

	if (test_and_clear_bit(QN_B_SOON, &b->flags))
		b->again_ms = 0;
	rcu_read_lock();
	peer = qn_sa_peer(b, &now);
	if (peer)
		busy = asking(b, peer, &now, &next);
	rcu_read_unlock();
	if (!peer) {
		/* What was agreed stays, to its hard limit. */
		give_up(b);
		WRITE_ONCE(b->reason, "the peer is not paired");
		return NO_PAIRING_MS;
	}
	if (busy)
		return next;

	deaf = !in || !qn_xfrm_valid(in);
	/* First the other end has to know where it will be heard from. */
	elsewhere = out && !qn_sa_here(b, out) && qn_sa_told(b, &now);
	need = test_bit(QN_B_REKEY, &b->flags) || !out || !qn_xfrm_valid(out) ||
	       qn_xfrm_dying(out) || elsewhere || !qn_sa_same(&now, out->own, out->other);
	if (deaf)
		next = QN_SA_AGAIN_MS;
	/* Only the other end can mend it: ask, not too often. */
	if (!need && deaf && time_after_eq(jiffies, b->nudge_at))
		need = true;
	if (!need) {
		reason = deaf ? "the other end has not asked yet" :
				qn_sa_move_reason(b, &now);
		settled(b, reason ?: shared(b));
		return next;
	}
	if (b->again_ms && time_before(jiffies, b->again_at))
		return min(next, qn_sa_until(b->again_at));
	if (deaf) {
		b->nudge_ms = b->nudge_ms ? min_t(u32, 2 * b->nudge_ms,
						  QN_SA_AGAIN_MS_MAX) :
					    QN_SA_AGAIN_MS;
		b->nudge_at = jiffies + msecs_to_jiffies(b->nudge_ms);
	} else {
		b->nudge_ms = 0;
	}
	clear_bit(QN_B_REKEY, &b->flags);
	together = test_and_clear_bit(QN_B_TOGETHER, &b->flags);
	/* At a limit both directions get fresh key. */
	ask(b, together || deaf || (out && qn_xfrm_dying(out)));
	if (READ_ONCE(b->request.state) == QN_SA_IDLE) {
		set_bit(QN_B_REKEY, &b->flags);		/* no key */
		return min(next, qn_sa_until(b->again_at));
	}
	return min_t(u32, next, QN_SA_REPEAT_MS);
}

/* Those that were replaced go when their time is over. */
static u32 retire(struct qn_binding *b, struct list_head *list, bool out)
{
	struct qn_association *a, *next;
	u32 ms = IDLE_MS, n = 0;
	bool gone;

	list_for_each_entry_safe(a, next, list, list) {
		/* The newest stays to be shown, and looked at, until replaced. */
		if (!n++ && !a->leave_at)
			continue;
		gone = !qn_xfrm_valid(a);
		if (!gone && n <= QN_SA_OLD_MAX &&
		    !(a->leave_at && time_after_eq(jiffies, a->leave_at))) {
			ms = min(ms, a->leave_at ? qn_sa_until(a->leave_at) : 1000);
			continue;
		}
		if (out)
			qn_sa_tell(b, QN_SA_END, QN_SA_REPLACED, a->id, a->spi,
				   a->own, a->other);
		take_out(a);
	}
	return ms;
}

/* Which inbound ones does nobody send under any more? */
static void release_in(struct qn_binding *b)
{
	struct qn_association *a, *top = qn_sa_newest(&b->in);
	struct qn_xfrm_use use;
	struct qn_sa_pairing of;
	u64 id;

	if (!top)
		return;
	spin_lock_bh(&b->lock);
	id = b->left_id;
	of.own = b->left_own;
	of.other = b->left_other;
	spin_unlock_bh(&b->lock);
	qn_xfrm_use(top, &use);
	list_for_each_entry(a, &b->in, list)
		/* Its sender said so, or uses a newer one. */
		if ((a->id <= id && qn_sa_same(&of, a->own, a->other)) ||
		    (a != top && use.packets))
			leave(a, QN_SA_IN_GRACE_MS);
}

/* A NAT forgets who sends nothing, and which end is behind one nobody can see. */
static u32 keep_mapped(struct qn_binding *b)
{
	struct qn_sa_ends outer;

	if (!b->encap)
		return IDLE_MS;
	if (!b->keepalive_at || time_after_eq(jiffies, b->keepalive_at)) {
		outer = qn_binding_outer(b);
		qn_encap_keepalive(b->encap, &outer.local, &outer.remote,
				   outer.far_port);
		b->keepalive_at = (jiffies + msecs_to_jiffies(KEEPALIVE_MS)) | 1;
	}
	return qn_sa_until(b->keepalive_at);
}

/**
 * qn_sa_run - do for a binding what there is to do
 * @b: the binding
 *
 * Context: its work. Return: milliseconds until it is due again.
 */
u32 qn_sa_run(struct qn_binding *b)
{
	u32 next;

	mutex_lock(&b->mutex);
	/* Before anything comes from a new address, and after. */
	qn_sa_follow(b);
	if (test_and_clear_bit(QN_B_ENDED, &b->flags))
		ended(b);
	take_offer(b);
	take_answer(b);
	next = qn_sa_moving(b);
	next = min(next, attend(b));
	release_in(b);
	next = min(next, retire(b, &b->out, true));
	next = min(next, retire(b, &b->in, false));
	next = min(next, keep_mapped(b));
	qn_sa_follow(b);
	mutex_unlock(&b->mutex);
	return next;
}

/**
 * qn_sa_drop - forget all key of a binding, now
 * @b: the binding
 *
 * Its associations are taken out of xfrm, what is pending is given up: a second
 * life of this memory must not send under the same key again. The other end is not
 * told; a new pairing brings fresh associations. Context: process, node->lock held.
 */
void qn_sa_drop(struct qn_binding *b)
{
	mutex_lock(&b->mutex);
	take_all_out(&b->out);
	take_all_out(&b->in);
	give_up(b);
	spin_lock_bh(&b->lock);
	memzero_explicit(b->offer.key, sizeof(b->offer.key));
	b->offer.state = QN_SA_NONE;
	spin_unlock_bh(&b->lock);
	b->again_ms = 0;
	b->nudge_ms = 0;
	mutex_unlock(&b->mutex);
	qn_binding_kick(b);
}

/**
 * qn_sa_end - take all associations of a binding out of xfrm, for good
 * @b: the binding; its work does not run any more
 *
 * Context: process, under node->lock.
 */
void qn_sa_end(struct qn_binding *b)
{
	qn_sa_farewell(b);
	mutex_lock(&b->mutex);
	take_all_out(&b->out);
	take_all_out(&b->in);
	mutex_unlock(&b->mutex);
	memzero_explicit(b->request.key, sizeof(b->request.key));
	memzero_explicit(b->offer.key, sizeof(b->offer.key));
}
