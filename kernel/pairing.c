// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairing: docs/protocol.md section 5.1.
 *
 * An incarnation is one life of one end. Key may be spent only between two
 * incarnations that know of each other, and only above a barrier: one more than
 * the highest segment that either end held when it met the other. Whatever an
 * earlier life spent lies below, so no octet is used twice however often either
 * end restarts, and there is nothing to remember across restarts.
 *
 * The order of steps matters, each closes a hole:
 *  - the barrier is frozen when an incarnation is accepted, and everything that
 *    echoes it states that same value, so a late answer cannot lower it;
 *  - the answer is built before erasing, since it must be keyed by something
 *    that the other end holds, and that lies below its barrier;
 *  - another incarnation is accepted only from a higher segment than any before
 *    it, so probes that were held back on the way cannot revive a dead one;
 *  - a stored probe repeats octet for octet: the same message under the same
 *    one-time key tells a forger nothing new. Any change takes fresh key.
 */
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "event.h"
#include "frame.h"
#include "hashkey.h"
#include "pairing.h"
#include "relay.h"
#include "socket.h"

#define PROBE_OCTETS	(QN_HDR_OCTETS + sizeof(struct qn_wire_probe))

/* After so many repeats of one probe another segment is tried. */
#define PROBE_REPEATS	2

/**
 * qn_now_us - microseconds of this node's clock, never 0
 */
u64 qn_now_us(void)
{
	return ktime_get_boottime_ns() / NSEC_PER_USEC + 1;
}

static void event(struct qn_peer *peer, enum qkdnf_event_type type, u64 number,
		  const char *reason)
{
	qn_event(peer->node->net, type,
		 &(struct qn_event_args){ .peer = peer->id,
					  .peer_name = peer->name,
					  .number = number,
					  .reason = reason });
}

static void send_stored(struct qn_peer *peer)
{
	struct sk_buff *skb = qn_frame_skb(PROBE_OCTETS - QN_HDR_OCTETS);

	lockdep_assert_held(&peer->lock);
	if (!skb || !peer->pairing.probe) {
		kfree_skb(skb);
		return;
	}
	memcpy(skb_put(skb, PROBE_OCTETS), peer->pairing.probe, PROBE_OCTETS);
	qn_count(peer, QN_C_PROBE_TX);
	qn_socket_send(peer, skb);
}

/*
 * Build a link's probe of what is known now, under 32 fresh octets of the
 * newest own segment below @below, and keep its octets.
 */
static bool build(struct qn_peer *peer, u64 below)
{
	struct qn_pairing *p = &peer->pairing;
	struct qn_wire_probe body = {
		.echo = cpu_to_be64(p->other),
		.barrier = cpu_to_be64(p->other ? p->frozen :
				       READ_ONCE(peer->stream->top)),
	};
	struct qn_range key;
	struct sk_buff *skb;
	struct qn_frame f;

	lockdep_assert_held(&peer->lock);
	if (!p->probe)
		p->probe = kmalloc(PROBE_OCTETS, GFP_ATOMIC);
	skb = qn_frame_skb(sizeof(body));
	if (!p->probe || !skb ||
	    qn_stream_alloc_newest(peer->stream, below, QN_KEY_OCTETS, &key)) {
		kfree_skb(skb);
		return false;
	}
	qn_frame_own(peer, &f, QN_PROBE, sizeof(body));
	qn_frame_put(peer, skb, &f, &body, &key);
	memcpy(p->probe, skb->data, PROBE_OCTETS);
	kfree_skb(skb);
	qn_count_add(peer, QN_C_CONTROL_OCTETS, QN_KEY_OCTETS);
	return true;
}

/*
 * What the other end stated may be old: it was not for this life of ours if it
 * made no pairing. Its barrier says where to look first, not where alone.
 */
static bool build_anew(struct qn_peer *peer, u64 below)
{
	return build(peer, below) || build(peer, U64_MAX);
}

static u64 probe_segment(const struct qn_peer *peer)
{
	const struct qn_wire_hdr *h = (void *)peer->pairing.probe;

	return be64_to_cpu(h->offset) >> peer->shift;
}

/* Something changed: fresh key, and at once. */
static void answer(struct qn_peer *peer)
{
	struct qn_pairing *p = &peer->pairing;

	p->backoff = QN_PROBE_MS_MIN;
	p->repeats = 0;
	p->at = jiffies + msecs_to_jiffies(p->backoff);
	p->has_probe = build_anew(peer, p->has_stated ? p->stated : U64_MAX);
	if (p->has_probe)
		send_stored(peer);
	qn_peer_kick(peer, p->backoff);
}

/*
 * Time to say it again. The same octets cost nothing; but a segment that the
 * other end never got verifies nowhere, so every other time fresh key is taken:
 * in turn of the newest segment of all, and of one older than the last old one,
 * beginning below the barrier that the other end stated. That barrier alone will
 * not do: an end that paired with a life of ours that is over has erased all
 * below it, and what we hold there is then the one thing that it cannot verify.
 */
static void repeat(struct qn_peer *peer)
{
	struct qn_pairing *p = &peer->pairing;
	u64 below = p->has_stated && !p->made ? p->stated : U64_MAX;

	p->backoff = p->backoff ? min_t(u32, 2 * p->backoff, QN_PROBE_MS_MAX) :
				  QN_PROBE_MS_MIN;
	p->at = jiffies + msecs_to_jiffies(p->backoff);
	if (!p->has_probe) {
		p->has_probe = build_anew(peer, below);
		p->walk = below;
	} else if (!qn_stream_segment(peer->stream, probe_segment(peer))) {
		/* A fast link: what is gone here is gone there. */
		build_anew(peer, below);
	} else if (++p->repeats % PROBE_REPEATS == 0) {
		if (p->repeats & PROBE_REPEATS) {
			build(peer, U64_MAX);
		} else {
			if (!build(peer, min(p->walk, below)))
				build_anew(peer, below);
			p->walk = probe_segment(peer);
		}
	}
	if (p->has_probe)
		send_stored(peer);
	else
		p->backoff = QN_PROBE_MS_MIN;
}

/* A new incarnation of the other end: what was is over at once. */
static void accept(struct qn_peer *peer, u64 incarnation, u64 segment)
{
	struct qn_pairing *p = &peer->pairing;

	if (p->made)
		event(peer, QKDNF_EVENT_TYPE_PAIRING_LOST, p->barrier,
		      "the other end began anew");
	qn_stream_unpair(peer->stream);
	qn_hashkey_drop(peer);
	p->made = false;
	p->heard = false;
	p->has_stated = false;
	p->other = incarnation;
	p->accepted = segment + 1;
	p->walk = U64_MAX;
	p->frozen = READ_ONCE(peer->stream->top);
	peer->hello_time = 0;
	peer->rtt_us = 0;
	WRITE_ONCE(peer->up, false);
}

static void make(struct qn_peer *peer, u64 stated)
{
	struct qn_pairing *p = &peer->pairing;

	p->barrier = max(p->frozen, stated);
	p->made = true;
	qn_stream_pair(peer->stream, p->barrier);
	peer->hello_at = jiffies;
	event(peer, QKDNF_EVENT_TYPE_PAIRING_MADE, p->barrier, NULL);
	qn_peer_kick(peer, 0);
}

/* A probe from the neighbour itself. */
static bool rx_link(struct qn_rx *rx)
{
	const struct qn_wire_probe *w = (void *)rx->f.payload;
	struct qn_peer *peer = rx->peer;
	struct qn_pairing *p = &peer->pairing;
	u64 segment = rx->f.offset >> peer->shift;
	u64 echo = be64_to_cpu(w->echo), barrier = be64_to_cpu(w->barrier);
	u64 incarnation = rx->f.incarnation;

	if (rx->f.shift != peer->shift) {
		qn_count(peer, QN_C_DROP_STALE);
		event(peer, QKDNF_EVENT_TYPE_SEGMENT_SIZE_MISMATCH, rx->f.shift,
		      "set the same seg-shift at both ends");
		return false;
	}
	if (barrier >> (63 - peer->shift)) {
		qn_count(peer, QN_C_DROP_FORM);
		return false;
	}
	qn_count(peer, QN_C_PROBE_RX);

	spin_lock_bh(&peer->lock);
	if (incarnation != p->other) {
		if (segment + 1 <= p->accepted) {
			qn_count(peer, QN_C_DROP_STALE);
			goto out;
		}
		accept(peer, incarnation, segment);
	} else if (p->heard) {
		goto out;		/* late: the pairing lives */
	}
	if (segment + 1 > p->accepted)
		p->accepted = segment + 1;
	if (p->made) {
		/* Our answer was lost, or its segment; say it again, soon. */
		if (echo == p->own && time_after(jiffies, p->at))
			qn_peer_kick(peer, 0);
		goto out;
	}
	p->stated = barrier;
	p->has_stated = true;
	answer(peer);
	if (echo == p->own)
		make(peer, barrier);
out:
	spin_unlock_bh(&peer->lock);
	return false;
}

/**
 * qn_pairing_rx - a PROBE that was verified
 * @rx: the frame; its key is erased by the caller
 */
bool qn_pairing_rx(struct qn_rx *rx)
{
	if (rx->f.origin == rx->f.sender &&
	    rx->f.destination == rx->peer->node->id && !rx->peer->remote)
		return rx_link(rx);
	return qn_relay_probe_rx(rx);
}

/**
 * qn_pairing_heard - a frame under the pairing came: the other end has it too
 * @peer: the peer
 *
 * Context: under peer->lock.
 */
void qn_pairing_heard(struct qn_peer *peer)
{
	struct qn_pairing *p = &peer->pairing;

	lockdep_assert_held(&peer->lock);
	if (p->heard)
		return;
	p->heard = true;
	p->backoff = 0;
	p->has_probe = false;
}

/**
 * qn_pairing_tick - probe, or probe again
 * @peer: a link peer
 *
 * Context: process. Return: milliseconds until it is due again.
 */
u32 qn_pairing_tick(struct qn_peer *peer)
{
	struct qn_pairing *p = &peer->pairing;
	u32 next = QN_PROBE_MS_MAX;

	if (peer->remote)
		return next;
	rcu_read_lock();
	spin_lock_bh(&peer->lock);
	if (!(p->made && p->heard) && !READ_ONCE(peer->stream->stopped)) {
		if (!p->at || time_after_eq(jiffies, p->at))
			repeat(peer);
		next = jiffies_to_msecs(p->at - jiffies) + 1;
	}
	spin_unlock_bh(&peer->lock);
	rcu_read_unlock();
	return min_t(u32, next, QN_PROBE_MS_MAX);
}

/**
 * qn_pairing_restart - begin a new incarnation of this end
 * @peer: the peer
 *
 * After suspend: everything was erased, so nothing of the old life may count.
 * Context: process.
 */
void qn_pairing_restart(struct qn_peer *peer)
{
	struct qn_pairing *p = &peer->pairing;
	bool had;

	spin_lock_bh(&peer->lock);
	had = p->made;
	qn_stream_unpair(peer->stream);
	qn_hashkey_drop(peer);
	p->made = false;
	p->heard = false;
	p->has_stated = false;
	p->has_probe = false;
	p->other = 0;
	p->accepted = 0;
	p->walk = U64_MAX;
	p->backoff = 0;
	p->at = 0;
	do {
		p->own = get_random_u64();
	} while (!p->own);
	WRITE_ONCE(peer->up, false);
	spin_unlock_bh(&peer->lock);
	if (had)
		event(peer, QKDNF_EVENT_TYPE_PAIRING_LOST, 0,
		      "this end began anew");
	qn_peer_kick(peer, 0);
}
