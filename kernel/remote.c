// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remote streams: pairing over all routes, and what both halves share.
 *
 * Two distant ends have no common key at first, so their PROBEs travel as
 * relayed frames, one over each share's route, and count only when all routes
 * agree: whoever controls fewer than all of them cannot pair an end with
 * himself. While a pairing lives, another incarnation is obeyed only after
 * silence, so that a single lying relay cannot tear it down.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "event.h"
#include "frame.h"
#include "hashkey.h"
#include "hello.h"
#include "otp.h"
#include "pairing.h"
#include "relay.h"
#include "remote.h"

#define SPARE_IDLE		1
#define SPARE_IDLE_MS		10000
#define PROBE_AGREE_MS		90000	/* routes may be this far apart */
#define DONE_PERIOD_MS		2000

static void event(struct qn_peer *peer, enum qkdnf_event_type type, u64 number,
		  const char *reason)
{
	qn_event(peer->node->net, type,
		 &(struct qn_event_args){ .peer = peer->id,
					  .peer_name = peer->name,
					  .destination = peer->id,
					  .number = number,
					  .reason = reason });
}

/**
 * qn_remote_new - both halves of a remote stream, idle
 * @peer: remote peer with its stream
 * @shares: routes to agree over, 1 to 4
 * @scheme: enum qkdnf_scheme
 * @weight: at contended links
 * @max_rate: octets of key per second to generate, 0: no limit
 *
 * Context: process. Return: it, or NULL.
 */
struct qn_remote *qn_remote_new(struct qn_peer *peer, u8 shares, u8 scheme,
				u16 weight, u64 max_rate)
{
	struct qn_remote *r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	int i;

	if (!r)
		return NULL;
	r->peer = peer;
	r->shares = shares;
	r->scheme = scheme;
	r->weight = weight;
	r->max_rate = max_rate;
	r->state = QKDNF_RELAY_STATE_UNPAIRED;
	for (i = 0; i < QN_SHARES_MAX; i++)
		r->rate[i] = QN_RATE_UNLIMITED;
	spin_lock_init(&r->lock);
	qn_share_keys_init(&r->share_keys, peer->shift, &peer->mem);
	return r;
}

/**
 * qn_remote_forget - let go of all that is under way
 * @r: the remote stream
 *
 * Context: under r->lock, or nobody else can reach it.
 */
void qn_remote_forget(struct qn_remote *r)
{
	qn_generator_forget(r);
	qn_assembly_forget(r);
}

/**
 * qn_remote_free - free after the grace period
 * @r: the remote stream
 */
void qn_remote_free(struct qn_remote *r)
{
	if (!r)
		return;
	spin_lock_bh(&r->lock);
	qn_remote_forget(r);
	spin_unlock_bh(&r->lock);
	qn_share_keys_want(&r->share_keys, 0);
	kfree_sensitive(r);
}

/**
 * qn_remote_tag - the confirmation tag of a relayed segment
 * @r: remote stream
 * @seg: complete segment, its confirmation key not yet erased
 * @own: this end generated it
 * @tag: 16 octets out
 *
 * docs/protocol.md section 6.2.
 */
void qn_remote_tag(struct qn_remote *r, struct qn_segment *seg, bool own,
		   u8 *tag)
{
	const struct qn_peer *peer = r->peer;
	u64 here = peer->node->id, there = peer->id;
	__be64 head[8] = {
		cpu_to_be64(own ? here : there),
		cpu_to_be64(own ? there : here),
		cpu_to_be64(own ? peer->pairing.own : peer->pairing.other),
		cpu_to_be64(own ? peer->pairing.other : peer->pairing.own),
		cpu_to_be64(seg->index),
	};

	qn_otp_tag(tag, seg->data, head, sizeof(head), seg->data + QN_KEY_OCTETS,
		   qn_segment_size(seg) - QN_KEY_OCTETS);
}

/**
 * qn_remote_heard - a frame in the pairing came
 * @r: the remote stream
 *
 * Context: under r->lock.
 */
void qn_remote_heard(struct qn_remote *r)
{
	struct qn_peer *peer = r->peer;
	bool came_up = false;

	r->heard_at = jiffies;
	WRITE_ONCE(peer->heard_at, jiffies);
	if (peer->pairing.heard && peer->up)
		return;
	spin_lock(&peer->lock);
	qn_pairing_heard(peer);
	if (!peer->up) {
		WRITE_ONCE(peer->up, true);
		came_up = true;
	}
	spin_unlock(&peer->lock);
	if (came_up)
		event(peer, QKDNF_EVENT_TYPE_PEER_UP, 0, NULL);
}

static void send_probes(struct qn_remote *r)
{
	struct qn_peer *peer = r->peer;
	struct qn_pairing *p = &peer->pairing;
	struct qn_wire_probe body = {
		.echo = cpu_to_be64(p->other),
		.barrier = cpu_to_be64(p->other ? p->frozen : 0),
		.time = cpu_to_be64(qn_now_us()),
	};
	struct qn_frame f;
	int i;

	lockdep_assert_held(&r->lock);
	if (r->far_time)
		body.echo_time = cpu_to_be64(r->far_time + qn_now_us() -
					     r->far_local);
	for (i = 0; i < r->shares; i++) {
		qn_frame_own(peer, &f, QN_PROBE, sizeof(body));
		f.share = i;
		f.shares = r->shares;
		if (!qn_relay_originate(peer->node, &f, &body))
			qn_count(peer, QN_C_PROBE_TX);
	}
}

static u64 first_own(const struct qn_peer *peer, u64 barrier)
{
	return barrier + ((barrier & 1) != peer->stream->lane);
}

static bool silent(const struct qn_remote *r)
{
	return time_after(jiffies, r->heard_at +
			  msecs_to_jiffies(QN_SILENT_PERIODS * r->peer->hello_ms));
}

/* All routes say the same. */
static void agreed(struct qn_remote *r, u64 incarnation, u64 echo, u64 barrier)
{
	struct qn_peer *peer = r->peer;
	struct qn_pairing *p = &peer->pairing;
	bool lost = false, made = false, say = false, known = false;

	lockdep_assert_held(&r->lock);
	spin_lock(&peer->lock);
	if (incarnation != p->other) {
		if (p->made && !silent(r)) {
			qn_count(peer, QN_C_DROP_STALE);
			goto out;
		}
		lost = p->made;
		qn_stream_unpair(peer->stream);
		qn_hashkey_drop(peer);
		qn_remote_forget(r);
		p->made = false;
		p->heard = false;
		p->other = incarnation;
		p->frozen = READ_ONCE(peer->stream->top);
		peer->rtt_us = 0;
		peer->hello_time = 0;
		WRITE_ONCE(peer->up, false);
		r->state = QKDNF_RELAY_STATE_PAIRING;
		say = true;
	}
	if (p->made) {
		if (echo != p->own)
			goto out;	/* late */
		/*
		 * It is paired with us as well. If we knew that, it is asking
		 * because it has not heard us: say it once more.
		 */
		known = true;
		if (p->heard && time_after(jiffies, p->at)) {
			p->at = jiffies + msecs_to_jiffies(QN_PROBE_MS_MIN);
			say = true;
		}
		goto out;
	}
	if (echo == p->own) {
		p->stated = barrier;
		p->barrier = max(p->frozen, barrier);
		p->made = true;
		made = true;
	}
	say = true;
	p->backoff = QN_PROBE_MS_MIN;
	p->at = jiffies + msecs_to_jiffies(p->backoff);
out:
	spin_unlock(&peer->lock);

	if (lost)
		event(peer, QKDNF_EVENT_TYPE_PAIRING_LOST, p->barrier,
		      "the other end began anew");
	if (known)
		qn_remote_heard(r);
	if (say)
		send_probes(r);
	if (made) {
		qn_stream_pair(peer->stream, p->barrier);
		r->next = first_own(peer, p->barrier);
		r->window = 1;
		r->in_top = p->barrier;
		r->heard_at = jiffies;
		r->state = QKDNF_RELAY_STATE_IDLE;
		event(peer, QKDNF_EVENT_TYPE_PAIRING_MADE, p->barrier, NULL);
	}
	qn_peer_kick(peer, 0);
}

/**
 * qn_remote_probe_rx - a PROBE for this node, relayed, verified and bound
 * @rx: the frame; its key is erased by the caller
 */
bool qn_remote_probe_rx(struct qn_rx *rx)
{
	const struct qn_wire_probe *w = (void *)rx->f.payload;
	struct qn_remote_probe now = {
		.incarnation = rx->f.incarnation,
		.echo = be64_to_cpu(w->echo),
		.barrier = be64_to_cpu(w->barrier),
		.at = jiffies,
		.valid = true,
	}, *have;
	struct qn_peer *peer = qn_peer_find(rx->peer->node, rx->f.origin);
	struct qn_remote *r;
	int i;

	if (!peer || !peer->remote || READ_ONCE(peer->dead)) {
		qn_count(rx->peer, QN_C_DROP_BINDING);
		return false;
	}
	r = peer->remote_half;
	if (rx->f.shift != peer->shift || rx->f.shares != r->shares) {
		qn_count(peer, QN_C_DROP_STALE);
		event(peer, QKDNF_EVENT_TYPE_SEGMENT_SIZE_MISMATCH, rx->f.shift,
		      rx->f.shift != peer->shift ?
		      "set the same seg-shift at both ends" :
		      "set the same number of shares at both ends");
		return false;
	}
	if (now.barrier >= QN_REMOTE_INDEX_MAX / 2) {
		qn_count(peer, QN_C_DROP_FORM);
		return false;
	}
	qn_count(peer, QN_C_PROBE_RX);

	spin_lock(&r->lock);
	r->heard[rx->f.share] = now;
	if (be64_to_cpu(w->time) > r->far_time ||
	    now.incarnation != peer->pairing.other) {
		r->far_time = be64_to_cpu(w->time);
		r->far_local = qn_now_us();
	}
	for (i = 0; i < r->shares; i++) {
		have = &r->heard[i];
		if (!have->valid || have->incarnation != now.incarnation ||
		    have->echo != now.echo || have->barrier != now.barrier ||
		    time_after(jiffies, have->at +
			       msecs_to_jiffies(PROBE_AGREE_MS)))
			goto out;
	}
	if (now.incarnation == peer->pairing.other &&
	    now.echo == peer->pairing.own) {
		spin_lock(&peer->lock);
		qn_echo_heard(peer, be64_to_cpu(w->echo_time));
		spin_unlock(&peer->lock);
	}
	agreed(r, now.incarnation, now.echo, now.barrier);
out:
	spin_unlock(&r->lock);
	return false;
}

static u32 probe_tick(struct qn_remote *r)
{
	struct qn_pairing *p = &r->peer->pairing;
	u32 next = QN_PROBE_MS_MAX;

	spin_lock_bh(&r->lock);
	if (!(p->made && p->heard) && !READ_ONCE(r->peer->stream->stopped)) {
		if (!p->at || time_after_eq(jiffies, p->at)) {
			p->backoff = p->backoff ?
				min_t(u32, 2 * p->backoff, QN_PROBE_MS_MAX) :
				QN_PROBE_MS_MIN;
			p->at = jiffies + msecs_to_jiffies(p->backoff);
			send_probes(r);
			if (!p->made)
				r->state = p->other ?
					QKDNF_RELAY_STATE_PAIRING :
					QKDNF_RELAY_STATE_UNPAIRED;
		}
		next = jiffies_to_msecs(p->at - jiffies) + 1;
	}
	spin_unlock_bh(&r->lock);
	return min_t(u32, next, QN_PROBE_MS_MAX);
}

/*
 * A paired remote stream has no periodic HELLO; one goes out, under the stream's
 * own key, when there is something to mark as done, while a hash key is named that
 * the other end does not hold yet, and when one that it named is held.
 */
static u32 hello_tick(struct qn_remote *r)
{
	struct qn_peer *peer = r->peer;
	u32 let_go = READ_ONCE(peer->stream->let_go), next = QN_PROBE_MS_MAX;
	bool owed;

	if (!peer->end.family)
		return next;
	if (READ_ONCE(peer->hash_wanted))
		qn_hashkey_prepare(peer);
	spin_lock_bh(&peer->lock);
	owed = peer->hello_owed;
	peer->hello_owed = false;
	if (peer->hash_named) {
		owed |= time_after_eq(jiffies, peer->hello_at);
		if (owed)
			peer->hello_at = jiffies + msecs_to_jiffies(peer->hello_ms);
		next = jiffies_to_msecs(peer->hello_at - jiffies) + 1;
	} else if (peer->hash_wanted && !rcu_access_pointer(peer->hash_out)) {
		next = peer->hello_ms;	/* until there is key for it */
	}
	spin_unlock_bh(&peer->lock);
	/* Not by octets spent: those that the other end's HELLO takes count too. */
	if (let_go != r->let_go_told) {
		owed |= time_after_eq(jiffies, r->done_at);
		if (!owed)
			next = min_t(u32, next,
				     jiffies_to_msecs(r->done_at - jiffies) + 1);
	}
	if (!owed)
		return next;
	r->done_at = jiffies + msecs_to_jiffies(DONE_PERIOD_MS);
	if (!qn_hello_send(peer, READ_ONCE(r->next)))
		r->let_go_told = let_go;
	return min_t(u32, next, DONE_PERIOD_MS);
}

/**
 * qn_remote_tick - probe, generate, acknowledge
 * @peer: any peer
 *
 * Context: process. Return: milliseconds until it is due again.
 */
u32 qn_remote_tick(struct qn_peer *peer)
{
	struct qn_remote *r = peer->remote_half;
	bool idle;
	u32 next, keys;

	if (!r)
		return QN_PROBE_MS_MAX;
	rcu_read_lock();
	next = probe_tick(r);
	rcu_read_unlock();
	if (!READ_ONCE(peer->pairing.other))
		return next;
	/* Before the first chunk can come: softirq only takes what is spare. */
	idle = !r->filling &&
	       time_after(jiffies, READ_ONCE(r->heard_at) +
			  msecs_to_jiffies(SPARE_IDLE_MS));
	qn_stream_spares(peer->stream, idle ? SPARE_IDLE : QN_WINDOW_SEGS);
	/* One segment more than may be under way now: the window opens. */
	keys = idle || r->shares < 2 ? 0 : r->shares * (READ_ONCE(r->window) + 1);
	qn_share_keys_want(&r->share_keys, keys);
	if (!idle)
		next = min_t(u32, next, SPARE_IDLE_MS);
	if (!READ_ONCE(peer->pairing.made))
		return next;
	rcu_read_lock();
	next = min(next, qn_generator_run(r));
	next = min(next, qn_assembly_run(r));
	rcu_read_unlock();
	return min(next, hello_tick(r));
}
