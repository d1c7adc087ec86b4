// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generator of a remote stream: segments of the own lane, chunk by chunk.
 *
 * XOR relay: the key of a chunk *is* pad of the first link. It is copied out of
 * the range before that is erased, and the frame that tells the next node about
 * it carries no payload at all. A repetition carries the same key under fresh
 * pad. A segment is spent only once the far end has confirmed all of it.
 */
#include <crypto/algapi.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/string.h>

#include "contract.h"
#include "event.h"
#include "flow.h"
#include "frame.h"
#include "hello.h"
#include "nexthop.h"
#include "otp.h"
#include "relay.h"
#include "remote.h"
#include "socket.h"

#define FRAMES_PER_RUN	128		/* under one hold of the lock */
#define PAUSE_MS_MIN	200
#define PAUSE_MS_MAX	10000
#define RETRY_MS	100		/* for want of key, route or memory */
#define RATE_FLOOR	(QN_CHUNK / 16)	/* octets/s */

static void out_free(struct qn_remote *r, struct qn_out *o)
{
	int i;

	for (i = 0; i < QN_SHARES_MAX; i++)
		if (o->share_key[i])
			qn_share_key_put(&r->share_keys, o->share_key[i]);
	memset(o, 0, sizeof(*o));
}

/**
 * qn_generator_forget - let go of segments under way; the stream drops them
 * @r: the remote stream
 *
 * Context: under r->lock.
 */
void qn_generator_forget(struct qn_remote *r)
{
	int i;

	for (i = 0; i < QN_WINDOW_SEGS; i++) {
		struct qn_out *o = &r->out[i];

		if (!o->seg)
			continue;
		qn_stream_drop(r->peer->stream, o->index);
		out_free(r, o);
	}
	r->filling = false;
}

/* Where the key of a chunk's share is kept until the segment is confirmed. */
static u8 *share_at(struct qn_remote *r, struct qn_out *o, u32 chunk, u32 share)
{
	u8 *base = r->shares > 1 ? o->share_key[share] : o->seg->data;

	return base + chunk * QN_CHUNK;
}

/* The key of a new chunk's share: pad of the first link, or random. */
static void draw(struct qn_remote *r, struct qn_out *o, u32 chunk, u32 share,
		 const u8 *pad, u32 len)
{
	u8 *to = share_at(r, o, chunk, share);

	if (r->scheme == QKDNF_SCHEME_OTP)
		get_random_bytes(to, len);
	else
		memcpy(to, pad, len);
	if (r->shares > 1)
		qn_otp_xor(o->seg->data + chunk * QN_CHUNK,
			   o->seg->data + chunk * QN_CHUNK, to, len);
}

/*
 * Have what a frame needs to leave to this neighbour: over a border a contract,
 * then key, which so is not burnt for what a contract refuses.
 */
static int leave_by(struct qn_remote *r, struct qn_peer *to, struct qn_frame *f,
		    u32 *label, struct qn_range *key)
{
	int code;

	f->contract = 0;
	if (to->border) {
		code = qn_contract_label(to, f, label);
		if (code) {
			r->nak = code;
			r->nak_node = to->node->id;
			return -EACCES;
		}
		f->contract = *label;
	}
	if (qn_stream_alloc(to->stream, qn_span(f->length), QN_ALLOC_DATA, key)) {
		qn_count(to, QN_C_TX_KEY);
		return -ENOBUFS;
	}
	return 0;
}

/* Send one share of one chunk. Return: 0, -ENETUNREACH, -ENOBUFS, -ENOMEM ... */
static int send_chunk(struct qn_remote *r, struct qn_out *o, u32 chunk,
		      u32 share)
{
	struct qn_peer *peer = r->peer, *to;
	struct qn_node *node = peer->node;
	u32 len = qn_chunk_len(peer->shift, chunk), label = 0;
	bool first = !qn_map_test(&o->sent[share], chunk);
	bool otp = r->scheme == QKDNF_SCHEME_OTP;
	struct qn_range key;
	struct qn_frame f;
	struct sk_buff *skb;
	int err;

	qn_frame_own(peer, &f, QN_RELAY, len);
	f.share = share;
	f.shares = r->shares;
	f.weight = r->weight;
	f.remote_offset = (o->index << peer->shift) + chunk * QN_CHUNK;
	f.flags = first && !otp ? QN_F_KEYED : QN_F_PADDED;
	if (otp)
		f.flags |= QN_F_RNG;

	to = qn_route_next(node, peer->id, share, r->shares, NULL);
	if (!to)
		return -ENETUNREACH;
	if (!qn_flow_admit(to, &f, len, NULL))
		return -EAGAIN;
	skb = qn_frame_skb(f.flags & QN_F_KEYED ? 0 : len);
	if (!skb)
		return -ENOMEM;
	err = leave_by(r, to, &f, &label, &key);
	if (err == -ENOBUFS) {
		to = qn_route_other(node, peer->id, share, r->shares, to);
		if (to)
			err = leave_by(r, to, &f, &label, &key);
	}
	if (err) {
		kfree_skb(skb);
		return err;
	}
	if (first) {
		draw(r, o, chunk, share, key.key + QN_KEY_OCTETS, len);
		qn_map_set(&o->sent[share], chunk);
	} else {
		r->retransmits++;
	}
	if (!qn_frame_put(to, skb, &f, share_at(r, o, chunk, share), &key)) {
		kfree_skb(skb);
		return -ENETUNREACH;
	}
	r->sent++;
	qn_count(to, QN_C_RELAY_TX);
	if (to->border)
		qn_contract_sent(to, &f, label);
	qn_socket_send(to, skb);
	return 0;
}

/* Octets of key per second that the path allows now. */
static u64 allowed(const struct qn_remote *r)
{
	u64 rate = QN_RATE_UNLIMITED;
	int i;

	/*
	 * Only an ACK tells of another rate, and only frames bring ACKs: after
	 * a path that had nothing to give, one goes out now and then to see.
	 */
	for (i = 0; i < r->shares; i++)
		rate = min_t(u64, rate, max_t(u32, r->rate[i], RATE_FLOOR));
	if (r->max_rate)
		rate = min(rate, r->max_rate);
	return rate;
}

static void gain_tokens(struct qn_remote *r, u64 rate)
{
	u64 now = ktime_get_ns(), ns = now - r->tokens_at_ns, most, gain;
	u32 rest;

	/* A tenth of a second at once, or a few frames on a slow path. */
	most = max_t(u64, rate / 10, 8 * QN_CHUNK);
	ns = min_t(u64, ns, NSEC_PER_SEC);
	/* rate < 2^32; time that did not make a whole octet stays to the good */
	gain = div_u64_rem(rate * ns, NSEC_PER_SEC, &rest);
	if (!gain)
		return;
	r->tokens = min(most, r->tokens + gain);
	r->tokens_at_ns = now - div64_u64(rest, rate);
}

static u32 rto_ms(const struct qn_remote *r, const struct qn_out *o)
{
	u32 ms = 2 * (r->peer->rtt_us / USEC_PER_MSEC) + 3 * QN_ACK_DELAY_MS;

	ms = clamp_t(u32, ms, QN_RETRANSMIT_MS_MIN, QN_RETRANSMIT_MS_MAX);
	return min_t(u32, ms << min_t(u32, o->tries, 6), QN_RETRANSMIT_MS_MAX);
}

static struct qn_out *free_slot(struct qn_remote *r)
{
	int i;

	for (i = 0; i < QN_WINDOW_SEGS; i++)
		if (!r->out[i].seg)
			return &r->out[i];
	return NULL;
}

/* Take the next segment of the own lane under way. */
static int begin(struct qn_remote *r, struct qn_out *o)
{
	struct qn_peer *peer = r->peer;
	struct qn_stream *s = peer->stream;
	u32 tries = s->ring_mask + 1;
	u64 next = r->next;
	int i;

	/* A slot that an old segment still has is passed over. */
	while (tries-- && rcu_access_pointer(s->ring[next & s->ring_mask]))
		next += 2;
	if (r->shares > 1)
		for (i = 0; i < r->shares; i++) {
			o->share_key[i] = qn_share_key_get(&r->share_keys);
			if (!o->share_key[i]) {
				qn_count(peer, QN_C_DROP_MEMORY);
				goto fail;
			}
		}
	o->seg = qn_stream_assemble(s, next, true);
	if (!o->seg)
		goto fail;
	o->index = next;
	o->at = jiffies;
	r->next = next + 2;
	return 0;

fail:
	out_free(r, o);
	return -ENOMEM;
}

static void give_up(struct qn_remote *r, struct qn_out *o)
{
	r->given_up++;
	qn_stream_drop(r->peer->stream, o->index);
	out_free(r, o);
}

/* What has not been acknowledged in time goes out again, under fresh pad. */
static int repeat(struct qn_remote *r, struct qn_out *o, u32 *budget)
{
	u32 chunks = qn_chunks(r->peer->shift), c, i;
	bool any = o->again;
	int err;

	if (o->tries >= QN_GIVE_UP_TRIES) {
		give_up(r, o);
		return 0;
	}
	/* A run may end in the middle: the next one goes on there. */
	for (c = o->again; c < o->fresh; c++) {
		o->again = c;
		for (i = 0; i < r->shares; i++) {
			if (qn_map_test(&o->acked[i], c) ||
			    !qn_map_test(&o->sent[i], c))
				continue;
			if (!*budget || r->tokens < qn_chunk_len(r->peer->shift, c))
				return -EBUSY;
			err = send_chunk(r, o, c, i);
			if (err)
				return err;
			r->tokens -= qn_chunk_len(r->peer->shift, c);
			--*budget;
			any = true;
		}
	}
	/* All has arrived, only the confirmation was lost: ask for it. */
	if (!any && o->fresh == chunks) {
		err = send_chunk(r, o, 0, 0);
		if (err)
			return err;
	}
	o->again = 0;
	o->tries++;
	o->at = jiffies;
	return 0;
}

/* Chunks that have not been sent yet. */
static int fresh(struct qn_remote *r, struct qn_out *o, u32 *budget)
{
	u32 chunks = qn_chunks(r->peer->shift), i, len;
	int err;

	while (o->fresh < chunks) {
		len = qn_chunk_len(r->peer->shift, o->fresh);
		if (!*budget || r->tokens < len)
			return -EBUSY;
		for (i = 0; i < r->shares; i++) {
			if (qn_map_test(&o->sent[i], o->fresh))
				continue;
			err = send_chunk(r, o, o->fresh, i);
			if (err)
				return err;
			--*budget;
			if (!*budget && i + 1 < r->shares)
				*budget = 1;	/* all shares of a chunk */
		}
		r->tokens -= len;
		o->fresh++;
		o->at = jiffies;
	}
	return 0;
}

static void pause_for(struct qn_remote *r, u32 ms)
{
	r->pause_ms = clamp_t(u32, max(2 * r->pause_ms, ms), PAUSE_MS_MIN,
			      PAUSE_MS_MAX);
	r->paused = true;
	r->paused_until = jiffies + msecs_to_jiffies(ms ? ms : r->pause_ms);
}

static u32 blocked(struct qn_remote *r, int err, u64 rate)
{
	switch (err) {
	case -EBUSY:			/* paced, or the budget of a run */
		if (r->tokens >= QN_CHUNK)
			return 0;
		return min_t(u64, RETRY_MS, 1 + div64_u64((u64)QN_CHUNK *
			     MSEC_PER_SEC, max_t(u64, rate, 1)));
	case -ENETUNREACH:
		r->state = QKDNF_RELAY_STATE_NO_ROUTE;
		return RETRY_MS;
	case -ENOBUFS:
		r->state = QKDNF_RELAY_STATE_NO_KEY;
		return RETRY_MS;
	case -EACCES:
		r->state = QKDNF_RELAY_STATE_PAUSED;
		pause_for(r, QN_HELLO_MS);
		return QN_HELLO_MS;
	default:
		return RETRY_MS;
	}
}

/**
 * qn_generator_run - send what may be sent now
 * @r: the remote stream
 *
 * Fill control: from below the low mark up to the high mark; both are of the
 * whole pool, of which this lane is half.
 *
 * Context: process, under rcu_read_lock(). Return: milliseconds to the next run.
 */
u32 qn_generator_run(struct qn_remote *r)
{
	struct qn_peer *peer = r->peer;
	u64 level = qn_stream_level(peer->stream), rate, size = 1ULL << peer->shift;
	u32 next = QN_PROBE_MS_MAX, budget = FRAMES_PER_RUN, flying = 0, wait;
	struct qn_out *o;
	int err = 0, i;

	spin_lock_bh(&r->lock);
	if (!peer->pairing.made)
		goto out;
	if (r->paused) {
		if (time_before(jiffies, r->paused_until)) {
			next = jiffies_to_msecs(r->paused_until - jiffies) + 1;
			goto out;
		}
		r->paused = false;
	}
	rate = allowed(r);
	gain_tokens(r, rate);
	r->state = QKDNF_RELAY_STATE_IDLE;

	for (i = 0; i < QN_WINDOW_SEGS && !err; i++) {
		o = &r->out[i];
		if (!o->seg)
			continue;
		/* What HELLO could not speak of beside the newest is let go. */
		if (o->index + qn_stream_reach(peer->stream) <= r->next) {
			give_up(r, o);
			continue;
		}
		flying++;
		r->state = QKDNF_RELAY_STATE_FILLING;
		wait = rto_ms(r, o);
		if (time_after_eq(jiffies, o->at + msecs_to_jiffies(wait)))
			err = repeat(r, o, &budget);
		else
			wait = jiffies_to_msecs(o->at + msecs_to_jiffies(wait) -
						jiffies) + 1;
		next = min(next, wait);
	}
	for (i = 0; i < QN_WINDOW_SEGS && !err; i++)
		if (r->out[i].seg)
			err = fresh(r, &r->out[i], &budget);

	level += flying * size;
	r->filling = level < (r->filling || READ_ONCE(peer->key_wanted) ?
			      peer->high : peer->low) / 2;
	while (!err && r->filling && level < peer->high / 2 &&
	       flying < r->window) {
		o = free_slot(r);
		if (!o)
			break;
		r->state = QKDNF_RELAY_STATE_FILLING;
		err = begin(r, o);
		if (err)
			break;
		level += size;
		flying++;
		next = min(next, rto_ms(r, o));
		err = fresh(r, o, &budget);
	}
	if (err)
		next = min(next, blocked(r, err, rate));
	else if (!r->filling)
		next = min_t(u32, next, RETRY_MS * 5);
out:
	spin_unlock_bh(&r->lock);
	return next;
}

static struct qn_out *out_of(struct qn_remote *r, u64 index)
{
	int i;

	for (i = 0; i < QN_WINDOW_SEGS; i++)
		if (r->out[i].seg && r->out[i].index == index)
			return &r->out[i];
	return NULL;
}

static void confirmed(struct qn_remote *r, struct qn_out *o, const u8 *tag)
{
	struct qn_peer *peer = r->peer;
	u8 own[QN_TAG_OCTETS];

	qn_remote_tag(r, o->seg, true, own);
	if (!crypto_memneq(own, tag, sizeof(own))) {
		r->confirmed++;
		if (r->window < QN_WINDOW_SEGS)
			r->window++;
		qn_stream_publish(peer->stream, o->seg);
	} else {
		/* A fault or a lie on the way; found before key was used. */
		r->mismatched++;
		qn_count(peer, QN_C_CONFIRM_MISMATCH);
		qn_event(peer->node->net, QKDNF_EVENT_TYPE_CONFIRM_MISMATCH,
			 &(struct qn_event_args){ .peer = peer->id,
						  .peer_name = peer->name,
						  .segment = o->index,
						  .has_segment = true });
		qn_stream_drop(peer->stream, o->index);
	}
	memzero_explicit(own, sizeof(own));
	out_free(r, o);
}

static bool all_sent(const struct qn_remote *r, const struct qn_out *o)
{
	return o->fresh == qn_chunks(r->peer->shift);
}

/*
 * What has arrived of a share. It is what the far end has now, not what it ever
 * had: after an outage it may have let go of the segment, and wants all of it
 * again. Only what is new lets the segment live longer.
 */
static void partial(struct qn_out *o, u32 share, const u8 *bits)
{
	struct qn_chunk_map *have = &o->acked[share], now = {};
	bool moved = false;
	u32 k;

	for (k = 0; k < 16; k++)
		now.word[k / 8] |= (u64)bits[k] << 8 * (k % 8);
	for (k = 0; k < QN_CHUNK_WORDS; k++) {
		now.word[k] &= o->sent[share].word[k];
		if (now.word[k] & ~have->word[k])
			moved = true;
	}
	*have = now;
	if (moved && o->tries)
		o->tries = 1;
}

/**
 * qn_remote_ack_rx - an acknowledgement for this node
 * @rx: verified and bound
 * @rate: octets of key per second that the path allows
 */
void qn_remote_ack_rx(struct qn_rx *rx, u32 rate)
{
	const struct qn_wire_ack *w = (void *)rx->f.payload;
	struct qn_peer *peer = qn_peer_find(rx->peer->node, rx->f.origin);
	u32 n = be16_to_cpu(w->entries), i;
	struct qn_remote *r;

	if (!peer || !peer->remote || READ_ONCE(peer->dead)) {
		qn_count(rx->peer, QN_C_DROP_BINDING);
		return;
	}
	r = peer->remote_half;
	spin_lock(&r->lock);
	if (!peer->pairing.made || rx->f.incarnation != peer->pairing.own ||
	    be64_to_cpu(w->far_incarnation) != peer->pairing.other ||
	    rx->f.shares != r->shares) {
		qn_count(peer, QN_C_DROP_STALE);
		goto out;
	}
	qn_remote_heard(r);
	r->rate[rx->f.share] = rate;
	r->pause_ms = 0;
	r->nak = 0;
	spin_lock(&peer->lock);
	qn_echo_heard(peer, be64_to_cpu(w->echo_time));
	spin_unlock(&peer->lock);
	for (i = 0; i < n; i++) {
		const struct qn_wire_ack_entry *e = &w->entry[i];
		struct qn_out *o = out_of(r, be64_to_cpu(e->segment));

		if (!o)
			continue;
		if (e->kind == QN_ACK_CONFIRMED && all_sent(r, o)) {
			confirmed(r, o, e->data);
		} else if (e->kind == QN_ACK_PARTIAL &&
			   e->share == rx->f.share) {
			/* A route speaks for its own share only. */
			partial(o, e->share, e->data);
		}
	}
	qn_peer_kick(peer, 0);
out:
	spin_unlock(&r->lock);
}

/**
 * qn_remote_nak_rx - a refusal for this node: pause, and go on by itself
 * @rx: the frame; its key is erased by the caller
 */
void qn_remote_nak_rx(struct qn_rx *rx)
{
	const struct qn_wire_nak *w = (void *)rx->f.payload;
	struct qn_peer *peer = qn_peer_find(rx->peer->node, rx->f.origin);
	struct qn_remote *r;
	bool fresh_nak;

	if (!peer || !peer->remote || READ_ONCE(peer->dead)) {
		qn_count(rx->peer, QN_C_DROP_BINDING);
		return;
	}
	r = peer->remote_half;
	spin_lock(&r->lock);
	if (!peer->pairing.made || rx->f.incarnation != peer->pairing.own) {
		qn_count(peer, QN_C_DROP_STALE);
		spin_unlock(&r->lock);
		return;
	}
	fresh_nak = !r->paused;
	r->nak = w->code;
	r->nak_node = be64_to_cpu(w->reporter);
	r->state = QKDNF_RELAY_STATE_PAUSED;
	if (fresh_nak) {
		r->window = max_t(u32, r->window / 2, 1);
		pause_for(r, 0);
	}
	spin_unlock(&r->lock);
	if (fresh_nak)
		qn_event(peer->node->net, QKDNF_EVENT_TYPE_NAK,
			 &(struct qn_event_args){ .peer = peer->id,
						  .peer_name = peer->name,
						  .destination = peer->id,
						  .number = w->code,
						  .contract = be32_to_cpu(w->contract),
						  .share = w->share,
						  .has_share = true });
}
