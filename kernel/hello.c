// SPDX-License-Identifier: GPL-2.0-only
/*
 * HELLO: docs/protocol.md section 5.2.
 *
 * A HELLO spends 32 octets of key and says everything anew, so losing one costs
 * nothing but time. An older one than the last taken is used for nothing.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "contract.h"
#include "event.h"
#include "flow.h"
#include "frame.h"
#include "grant.h"
#include "hashkey.h"
#include "hello.h"
#include "pairing.h"

struct hello_buf {
	struct qn_wire_hello w;
	u8 maps[QN_WINDOW_BITS / 4 +
		QN_READINGS_MAX * sizeof(struct qn_wire_reading)];
	u8 held[QN_WINDOW_BITS / 8];
	u8 done[QN_WINDOW_BITS / 8];
};

static void event(struct qn_peer *peer, enum qkdnf_event_type type, u64 number)
{
	qn_event(peer->node->net, type,
		 &(struct qn_event_args){ .peer = peer->id,
					  .peer_name = peer->name,
					  .number = number });
}

/**
 * qn_echo_time - the transmit time to echo: corrected by how long it lay here
 * @peer: the peer
 *
 * Context: under peer->lock.
 */
u64 qn_echo_time(const struct qn_peer *peer)
{
	return peer->hello_time ?
	       peer->hello_time + (qn_now_us() - peer->hello_local) : 0;
}

/**
 * qn_echo_heard - measure the round-trip time by an echo of ours
 * @peer: the peer
 * @echoed: the time that came back, 0: none
 *
 * Context: under peer->lock.
 */
void qn_echo_heard(struct qn_peer *peer, u64 echoed)
{
	u64 now = qn_now_us(), rtt;

	if (!echoed || echoed > now)
		return;
	rtt = min_t(u64, now - echoed, 60 * USEC_PER_SEC);
	peer->rtt_us = peer->rtt_us ? (7 * (u64)peer->rtt_us + rtt) / 8 : rtt;
	if (!peer->rtt_us)
		peer->rtt_us = 1;
}

/**
 * qn_hello_send - show the other end what this one has
 * @peer: paired
 * @next_segment: remote stream: what this end generates next
 *
 * Context: process. Return: 0 or why it was not sent.
 */
int qn_hello_send(struct qn_peer *peer, u64 next_segment)
{
	struct qn_wire_reading *readings;
	struct hello_buf *b;
	u64 base, horizon, level;
	struct qn_frame f;
	u32 bits, n = 0;
	int err;

	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	level = qn_stream_level(peer->stream);
	bits = qn_stream_window(peer->stream, next_segment, &base, &horizon,
				b->held, b->done);
	memcpy(b->maps, b->held, bits / 8);
	memcpy(b->maps + bits / 8, b->done, bits / 8);
	readings = (void *)(b->maps + bits / 4);
	rcu_read_lock();
	local_bh_disable();
	if (!peer->remote)
		n = qn_contract_readings(peer, readings, QN_READINGS_MAX);
	spin_lock(&peer->lock);
	qn_frame_own(peer, &f, QN_HELLO,
		     sizeof(b->w) + bits / 4 + n * sizeof(*readings));
	b->w.echo = cpu_to_be64(peer->pairing.other);
	b->w.barrier = cpu_to_be64(peer->pairing.barrier);
	b->w.time = cpu_to_be64(qn_now_us());
	b->w.echo_time = cpu_to_be64(qn_echo_time(peer));
	b->w.period = cpu_to_be32(peer->period);
	b->w.income = cpu_to_be32(peer->lane_income);
	b->w.want = cpu_to_be16(peer->want);
	qn_hashkey_name(peer, &b->w);
	spin_unlock(&peer->lock);
	b->w.level = cpu_to_be64(level);
	b->w.bits = cpu_to_be16(bits);
	b->w.readings = cpu_to_be16(n);
	b->w.base = cpu_to_be64(base);
	b->w.horizon = cpu_to_be64(horizon);
	err = qn_frame_send(peer, &f, b, QN_ALLOC_HELLO);
	local_bh_enable();
	rcu_read_unlock();
	if (!err)
		qn_count(peer, QN_C_HELLO_TX);
	kfree(b);
	return err;
}

/**
 * qn_hello_rx - a HELLO that was verified
 * @rx: the frame; its key is erased by the caller
 */
bool qn_hello_rx(struct qn_rx *rx)
{
	const struct qn_wire_hello *w = (void *)rx->f.payload;
	struct qn_peer *peer = rx->peer;
	struct qn_pairing *p = &peer->pairing;
	u32 bits = be16_to_cpu(w->bits), want;
	u64 time = be64_to_cpu(w->time), level = be64_to_cpu(w->level);
	bool came_up = false;

	spin_lock_bh(&peer->lock);
	if (rx->f.origin != peer->id || !p->made ||
	    rx->f.incarnation != p->other || be64_to_cpu(w->echo) != p->own ||
	    be64_to_cpu(w->barrier) != p->barrier ||
	    time <= peer->hello_time) {
		spin_unlock_bh(&peer->lock);
		qn_count(peer, QN_C_DROP_STALE);
		return false;
	}
	qn_pairing_heard(peer);
	peer->hello_time = time;
	peer->hello_local = qn_now_us();
	qn_echo_heard(peer, be64_to_cpu(w->echo_time));
	peer->other_period = clamp_t(u32, be32_to_cpu(w->period), 10,
				     QN_HELLO_MS_MAX);
	peer->other_lane_income = be32_to_cpu(w->income);
	peer->other_level = level;
	if (!peer->up) {
		WRITE_ONCE(peer->up, true);
		came_up = true;
	}
	qn_hashkey_heard(peer, be64_to_cpu(w->hash), be64_to_cpu(w->hash_held));
	spin_unlock_bh(&peer->lock);

	qn_count(peer, QN_C_HELLO_RX);
	if (came_up) {
		event(peer, QKDNF_EVENT_TYPE_PEER_UP, 0);
		/* Show ours soon: the other end is waiting for it. */
		peer->hello_at = jiffies;
		qn_peer_kick(peer, 0);
	}
	qn_stream_shown(peer->stream, be64_to_cpu(w->base),
			be64_to_cpu(w->horizon), bits, w->maps,
			w->maps + bits / 8, jiffies);
	if (peer->remote)
		return false;
	qn_contract_heard(peer, (void *)(w->maps + bits / 4),
			  be16_to_cpu(w->readings), rx->f.incarnation);
	want = be16_to_cpu(w->want);
	if (want)
		qn_grant_asked(peer, want, level);
	return false;
}

/* Smoothed octets per second of two counters that only grow. */
static void measure_income(struct qn_peer *peer)
{
	struct qn_stream *s = peer->stream;
	unsigned long now = jiffies;
	u32 ms = jiffies_to_msecs(now - peer->income_at);
	u64 in, gained, a, b = 0;

	if (ms < QN_HELLO_MS)
		return;
	in = atomic64_read(&s->in);
	gained = atomic64_read(&s->gained);
	a = (in - peer->income_last) * MSEC_PER_SEC / ms;
	/* More may have been granted away than came. */
	if ((s64)(gained - peer->lane_last) > 0)
		b = (gained - peer->lane_last) * MSEC_PER_SEC / ms;
	if (peer->income_at) {
		peer->income = (3ULL * peer->income + min_t(u64, a, U32_MAX)) / 4;
		peer->lane_income = (3ULL * peer->lane_income +
				     min_t(u64, b, U32_MAX)) / 4;
	}
	peer->income_last = in;
	peer->lane_last = gained;
	peer->income_at = now;
}

/*
 * Control may take 1 % of what the link brings. A stock without an income is
 * made to last ten minutes at least.
 */
static u32 period_of(struct qn_peer *peer, u64 level)
{
	u64 gain = max(peer->lane_income, peer->income / 2);
	u64 budget = max_t(u64, gain, div_u64(level, 600)) *
		     QN_CONTROL_PERCENT / 100;
	u64 ms;

	if (!budget)
		return gain || level ? QN_HELLO_MS_MAX : peer->hello_ms;
	ms = (u64)QN_KEY_OCTETS * MSEC_PER_SEC / budget;
	return clamp_t(u64, ms, peer->hello_ms, QN_HELLO_MS_MAX);
}

/**
 * qn_levels_check - tell when a stream's level crosses its low mark
 * @peer: the peer
 */
void qn_levels_check(struct qn_peer *peer)
{
	u64 level = qn_stream_level(peer->stream);
	bool low;

	if (!READ_ONCE(peer->pairing.made))
		return;
	low = peer->level_low ? level < peer->low + peer->low / 8 :
				level < peer->low;
	if (low != peer->level_low) {
		peer->level_low = low;
		event(peer, low ? QKDNF_EVENT_TYPE_STREAM_LOW :
				  QKDNF_EVENT_TYPE_STREAM_READY, level);
	}
	if (!level != peer->level_empty) {
		peer->level_empty = !level;
		if (!level)
			event(peer, QKDNF_EVENT_TYPE_STREAM_EMPTY, 0);
	}
}

/**
 * qn_hello_tick - send the HELLO that is due, notice silence, share the link out
 * @peer: any peer; a remote one only has its levels watched
 *
 * Context: process. Return: milliseconds until it is due again.
 */
u32 qn_hello_tick(struct qn_peer *peer)
{
	unsigned long grace = msecs_to_jiffies(QN_DONE_GRACE_MS);
	struct qn_stream *s = peer->stream;
	u64 level, size = 1ULL << peer->shift;
	bool waiting, went_down = false;
	u32 silent, next;

	measure_income(peer);
	qn_levels_check(peer);
	waiting = qn_stream_expire(s, jiffies, grace);
	if (peer->remote)
		return waiting ? QN_HELLO_MS : QN_PROBE_MS_MAX;
	if (!READ_ONCE(peer->pairing.made))
		return s->count ? QN_HELLO_MS : QN_PROBE_MS_MAX;

	level = qn_stream_level(s);
	spin_lock_bh(&peer->lock);
	peer->period = period_of(peer, level);
	silent = jiffies_to_msecs(jiffies - READ_ONCE(peer->heard_at));
	if (peer->up &&
	    silent > QN_SILENT_PERIODS * max(peer->other_period, peer->hello_ms)) {
		WRITE_ONCE(peer->up, false);
		went_down = true;
	}
	/* The poorer end asks for half of the difference. */
	peer->want = 0;
	if (peer->other_level > 2 * level + 2 * size)
		peer->want = min_t(u64, (peer->other_level - level) / 2 / size,
				   QN_GRANTS_MAX);
	spin_unlock_bh(&peer->lock);
	if (went_down)
		event(peer, QKDNF_EVENT_TYPE_PEER_DOWN, silent);

	qn_hashkey_prepare(peer);
	/* A link that had no income when the last went out may have one now. */
	next = peer->period;
	if (time_after(peer->hello_at, jiffies + msecs_to_jiffies(next)))
		peer->hello_at = jiffies + msecs_to_jiffies(next);
	if (time_after_eq(jiffies, peer->hello_at)) {
		qn_flow_share_out(peer);
		next = qn_hello_send(peer, 0) ? peer->hello_ms : peer->period;
		peer->hello_at = jiffies + msecs_to_jiffies(next);
	}
	return min_t(u32, jiffies_to_msecs(peer->hello_at - jiffies) + 1,
		     QN_HELLO_MS);
}
