// SPDX-License-Identifier: GPL-2.0-only
/*
 * The far end of a remote stream: chunks of the other lane, put together.
 *
 * A chunk's share is XORed into its place once: test-and-set per (incarnation,
 * chunk, share), so a duplicate cannot cancel itself. A segment that is whole is
 * confirmed by a tag under its own first 32 octets; the tag is computed once,
 * and repeats are those stored octets, since that key serves nothing else.
 */
#include <linux/jiffies.h>
#include <linux/string.h>

#include "event.h"
#include "frame.h"
#include "otp.h"
#include "pairing.h"
#include "relay.h"
#include "remote.h"

/* A segment that nothing was added to for so long was given up. */
#define STALE_MS	30000

static void in_free(struct qn_in *in)
{
	memset(in, 0, sizeof(*in));
}

/**
 * qn_assembly_forget - let go of segments that are arriving
 * @r: the remote stream
 *
 * Context: under r->lock.
 */
void qn_assembly_forget(struct qn_remote *r)
{
	int i;

	for (i = 0; i < QN_ASSEMBLY_SEGS; i++) {
		if (!r->in[i].seg)
			continue;
		qn_stream_drop(r->peer->stream, r->in[i].index);
		in_free(&r->in[i]);
	}
	r->confirms = 0;
	r->unacked = 0;
}

static struct qn_in *in_of(struct qn_remote *r, u64 index)
{
	int i;

	for (i = 0; i < QN_ASSEMBLY_SEGS; i++)
		if (r->in[i].seg && r->in[i].index == index)
			return &r->in[i];
	return NULL;
}

/* A slot for a new segment: a free one, or that of one long silent. */
static struct qn_in *in_slot(struct qn_remote *r)
{
	struct qn_in *in, *oldest = NULL;
	int i;

	for (i = 0; i < QN_ASSEMBLY_SEGS; i++) {
		in = &r->in[i];
		if (!in->seg)
			return in;
		if (!oldest || time_before(in->at, oldest->at))
			oldest = in;
	}
	if (time_before(jiffies, oldest->at + msecs_to_jiffies(QN_RETRANSMIT_MS_MAX)))
		return NULL;
	qn_stream_drop(r->peer->stream, oldest->index);
	in_free(oldest);
	return oldest;
}

static struct qn_in *in_begin(struct qn_remote *r, u64 index)
{
	struct qn_in *in = in_slot(r);

	if (!in)
		return NULL;
	in->seg = qn_stream_assemble(r->peer->stream, index, false);
	if (!in->seg)
		return NULL;
	in->index = index;
	in->missing = qn_chunks(r->peer->shift) * r->shares;
	return in;
}

static void tell_confirmed(struct qn_remote *r, u64 index)
{
	u32 i;

	for (i = 0; i < r->confirms; i++)
		if (r->confirm[i] == index)
			return;
	if (r->confirms < ARRAY_SIZE(r->confirm))
		r->confirm[r->confirms++] = index;
}

/* By itself, for the stack: a frame beside a body is too much for one function. */
static noinline_for_stack void send_ack(struct qn_remote *r, u32 share,
					const void *body, u32 len)
{
	struct qn_peer *peer = r->peer, *to;
	struct qn_frame f;
	int err;

	qn_frame_own(peer, &f, QN_RELAY_ACK, len);
	f.share = share;
	f.shares = r->shares;
	f.incarnation = peer->pairing.other;
	/*
	 * Back the way the frames came: relays there have credit for it, and the
	 * own route may lead over a link that is cut elsewhere.
	 */
	to = qn_peer_find(peer->node, r->ingress[share]);
	if (to && !to->remote && qn_peer_usable(to))
		err = qn_frame_send(to, &f, body, QN_ALLOC_CONTROL);
	else
		err = qn_relay_originate(peer->node, &f, body);
	if (!err)
		qn_count(peer, QN_C_ACK_TX);
}

/*
 * A full store takes no new segment, so none should be sent here at the price of
 * link key on every hop: a chunk each second asks whether that is still so.
 */
static u32 room(const struct qn_stream *s)
{
	return READ_ONCE(s->count) < s->max_segs ? QN_RATE_UNLIMITED : QN_CHUNK;
}

static void send_acks(struct qn_remote *r)
{
	struct {
		struct qn_wire_ack w;
		struct qn_wire_ack_entry e[QN_ACK_ENTRIES_MAX];
	} body;
	struct qn_peer *peer = r->peer;
	struct qn_segment *seg;
	u32 n, share, i, k;

	lockdep_assert_held(&r->lock);
	for (share = 0; share < r->shares; share++) {
		memset(&body, 0, sizeof(body));
		n = 0;
		for (i = 0; i < r->confirms; i++) {
			seg = qn_stream_segment(peer->stream, r->confirm[i]);
			if (!seg || !test_bit(QN_SEG_WHOLE, &seg->flags))
				continue;
			body.e[n].kind = QN_ACK_CONFIRMED;
			body.e[n].segment = cpu_to_be64(r->confirm[i]);
			memcpy(body.e[n].data, seg->tag, QN_TAG_OCTETS);
			n++;
		}
		for (i = 0; i < QN_ASSEMBLY_SEGS && n < QN_ACK_ENTRIES_MAX; i++) {
			struct qn_in *in = &r->in[i];

			if (!in->seg || !in->touched)
				continue;
			body.e[n].kind = QN_ACK_PARTIAL;
			body.e[n].share = share;
			body.e[n].segment = cpu_to_be64(in->index);
			for (k = 0; k < 16; k++)
				body.e[n].data[k] =
					in->got[share].word[k / 8] >> 8 * (k % 8);
			n++;
		}
		body.w.far_incarnation = cpu_to_be64(peer->pairing.own);
		body.w.cumulative = cpu_to_be64(r->in_top);
		body.w.rate = cpu_to_be32(room(peer->stream));
		body.w.entries = cpu_to_be16(n);
		if (r->far_time)
			body.w.echo_time = cpu_to_be64(r->far_time +
						       qn_now_us() - r->far_local);
		send_ack(r, share, &body, sizeof(body.w) + n * sizeof(body.e[0]));
	}
	for (i = 0; i < QN_ASSEMBLY_SEGS; i++)
		r->in[i].touched = false;
	r->confirms = 0;
	r->unacked = 0;
}

/* Every chunk of every share is there. */
static void whole(struct qn_remote *r, struct qn_in *in)
{
	qn_remote_tag(r, in->seg, false, in->seg->tag);
	qn_stream_publish(r->peer->stream, in->seg);
	r->confirmed_in++;
	if (in->index >= r->in_top)
		r->in_top = in->index + 1;
	tell_confirmed(r, in->index);
	in_free(in);
}

/* Is the frame one that this stream can have? */
static bool fits(const struct qn_remote *r, const struct qn_frame *f, u32 *chunk)
{
	const struct qn_peer *peer = r->peer;
	u64 index = f->remote_offset >> peer->shift;
	u32 at = f->remote_offset & ((1u << peer->shift) - 1);

	*chunk = at / QN_CHUNK;
	return f->shift == peer->shift && f->shares == r->shares &&
	       (index & 1) != peer->stream->lane &&
	       index < QN_REMOTE_INDEX_MAX &&
	       at % QN_CHUNK == 0 &&
	       f->length == qn_chunk_len(peer->shift, *chunk);
}

/**
 * qn_remote_chunk_rx - a RELAY frame that ends here
 * @rx: verified, claimed and bound
 *
 * Context: softirq, under RCU.
 */
void qn_remote_chunk_rx(struct qn_rx *rx)
{
	struct qn_frame *f = &rx->f;
	struct qn_peer *peer = qn_peer_find(rx->peer->node, f->origin);
	struct qn_segment *seg;
	struct qn_remote *r;
	struct qn_in *in;
	u32 chunk;
	u64 index;
	u8 *to;

	if (!peer || !peer->remote || READ_ONCE(peer->dead)) {
		qn_count(rx->peer, QN_C_DROP_BINDING);
		return;
	}
	atomic_add_unless(&rx->peer->ack_credit, 1, QN_ACK_CREDIT_MAX);
	r = peer->remote_half;
	if (!fits(r, f, &chunk)) {
		qn_count(rx->peer, QN_C_DROP_FORM);
		return;
	}
	index = f->remote_offset >> peer->shift;

	spin_lock(&r->lock);
	if (!peer->pairing.made || f->incarnation != peer->pairing.other ||
	    index < peer->pairing.barrier ||
	    index >= r->in_top + QN_REMOTE_AHEAD) {
		qn_count(peer, QN_C_DROP_STALE);
		goto out;
	}
	qn_remote_heard(r);
	r->ingress[f->share] = rx->peer->id;
	if (!r->unacked++)
		r->ack_at = jiffies + msecs_to_jiffies(QN_ACK_DELAY_MS);
	in = in_of(r, index);
	if (!in) {
		seg = qn_stream_segment(peer->stream, index);
		if (seg && test_bit(QN_SEG_WHOLE, &seg->flags)) {
			r->duplicates++;
			qn_count(peer, QN_C_DROP_DUPLICATE);
			tell_confirmed(r, index);
			goto ack;
		}
		in = in_begin(r, index);
		if (!in) {
			qn_count(peer, QN_C_DROP_MEMORY);
			goto ack;
		}
	}
	in->touched = true;
	in->at = jiffies;
	if (qn_map_test(&in->got[f->share], chunk)) {
		r->duplicates++;
		qn_count(peer, QN_C_DROP_DUPLICATE);
		goto ack;
	}
	qn_map_set(&in->got[f->share], chunk);
	to = in->seg->data + chunk * QN_CHUNK;
	if (f->flags & QN_F_KEYED)
		qn_otp_xor(to, to, qn_rx_pad(rx), f->length);
	else
		qn_otp_fold(to, to, f->payload, qn_rx_pad(rx), f->length);
	if (f->flags & QN_F_RNG)
		WRITE_ONCE(peer->computational, true);
	r->chunks++;
	if (!--in->missing)
		whole(r, in);
ack:
	if (r->unacked >= QN_ACK_FRAMES || r->confirms == ARRAY_SIZE(r->confirm))
		send_acks(r);
	else
		qn_peer_kick(peer, QN_ACK_DELAY_MS);
	if (READ_ONCE(peer->stream->spare_count) < QN_WINDOW_SEGS / 2)
		qn_peer_kick(peer, 0);
out:
	spin_unlock(&r->lock);
}

/* Its generator has marked it done. */
static bool given_up(const struct qn_in *in)
{
	unsigned long done_at = READ_ONCE(in->seg->done_at);

	return done_at && time_after(jiffies, done_at +
				     msecs_to_jiffies(QN_DONE_GRACE_MS));
}

/**
 * qn_assembly_run - send the acknowledgement that is due, forget what is stale
 * @r: the remote stream
 *
 * Context: process, under rcu_read_lock(). Return: milliseconds to the next run.
 */
u32 qn_assembly_run(struct qn_remote *r)
{
	u32 next = QN_PROBE_MS_MAX;
	struct qn_in *in;
	int i;

	spin_lock_bh(&r->lock);
	for (i = 0; i < QN_ASSEMBLY_SEGS; i++) {
		in = &r->in[i];
		if (!in->seg)
			continue;
		if (time_after(jiffies, in->at + msecs_to_jiffies(STALE_MS)) ||
		    given_up(in)) {
			qn_stream_drop(r->peer->stream, in->index);
			in_free(in);
		} else {
			next = QN_RETRANSMIT_MS_MAX;
		}
	}
	if (r->unacked) {
		if (time_after_eq(jiffies, r->ack_at))
			send_acks(r);
		else
			next = jiffies_to_msecs(r->ack_at - jiffies) + 1;
	}
	spin_unlock_bh(&r->lock);
	return next;
}
