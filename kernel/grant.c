// SPDX-License-Identifier: GPL-2.0-only
/*
 * GRANT: docs/protocol.md section 5.3.
 *
 * Demand in one direction would strand the half of the key that the other end
 * may allocate from. The owner gives untouched segments away: a compare-and-
 * exchange on the allocator's own word, never taken back, repeated until it is
 * answered, always answered the same. So at no time, whatever is lost, repeated
 * or late, do two ends think that a segment is theirs to spend.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "frame.h"
#include "grant.h"

struct qn_grant {
	struct list_head list;		/* peer->grants, under peer->lock */
	unsigned long at;		/* jiffies of the next repeat */
	u64 incarnation;		/* of the other end: the pairing it is of */
	u32 count;
	u64 index[QN_GRANTS_MAX];
};

static void send(struct qn_peer *peer, const struct qn_grant *g)
{
	struct {
		struct qn_wire_grant w;
		__be64 entry[QN_GRANTS_MAX];
	} __packed __aligned(8) body = {
		.w.count = cpu_to_be16(g->count),
	};
	struct qn_frame f;
	u32 i;

	for (i = 0; i < g->count; i++)
		body.entry[i] = cpu_to_be64(g->index[i]);
	qn_frame_own(peer, &f, QN_GRANT,
		     sizeof(body.w) + g->count * sizeof(body.entry[0]));
	qn_frame_send(peer, &f, &body, QN_ALLOC_CONTROL);
}

/**
 * qn_grant_asked - the other end is poorer and asks for segments
 * @peer: link peer, paired
 * @want: how many
 * @other_level: octets that it can allocate
 *
 * Context: softirq, under RCU.
 */
void qn_grant_asked(struct qn_peer *peer, u32 want, u64 other_level)
{
	u64 level = qn_stream_level(peer->stream), half;
	struct qn_grant *g;

	if (level <= other_level)
		return;
	half = (level - other_level) / 2 >> peer->shift;
	want = min3((u64)want, half, (u64)QN_GRANTS_MAX);
	if (!want)
		return;
	g = kzalloc(sizeof(*g), GFP_ATOMIC | __GFP_NOWARN);
	if (!g)
		return;
	spin_lock_bh(&peer->lock);
	/* One at a time: the level that it was asked for is about this one. */
	if (peer->pairing.made && list_empty(&peer->grants))
		g->count = qn_stream_grant(peer->stream, want, g->index);
	if (g->count) {
		g->incarnation = peer->pairing.other;
		g->at = jiffies + msecs_to_jiffies(QN_GRANT_REPEAT_MS);
		list_add_tail(&g->list, &peer->grants);
		qn_count_add(peer, QN_C_GRANT_OUT, g->count);
		send(peer, g);
		g = NULL;
	}
	spin_unlock_bh(&peer->lock);
	kfree(g);
	qn_peer_kick(peer, QN_GRANT_REPEAT_MS);
}

static void answered(struct qn_peer *peer, const struct qn_wire_grant *w)
{
	u32 n = be16_to_cpu(w->count), i;
	struct qn_grant *g;

	spin_lock_bh(&peer->lock);
	list_for_each_entry(g, &peer->grants, list) {
		if (g->count != n || be64_to_cpu(w->entry[0]) != g->index[0])
			continue;
		for (i = 0; i < n; i++) {
			u64 index = be64_to_cpu(w->entry[2 * i]);

			if (index != g->index[i])
				goto out;
		}
		for (i = 0; i < n; i++)
			if (be64_to_cpu(w->entry[2 * i + 1]) != QN_GRANT_TAKEN)
				/* Nobody's: only erasing is left. */
				qn_stream_drop(peer->stream, g->index[i]);
		list_del(&g->list);
		kfree(g);
		break;
	}
out:
	spin_unlock_bh(&peer->lock);
}

/**
 * qn_grant_rx - a GRANT, or the answer to one, that was verified
 * @rx: the frame; its key is erased by the caller
 */
bool qn_grant_rx(struct qn_rx *rx)
{
	const struct qn_wire_grant *w = (void *)rx->f.payload;
	struct {
		struct qn_wire_grant w;
		__be64 entry[2 * QN_GRANTS_MAX];
	} __packed __aligned(8) body = {};
	struct qn_peer *peer = rx->peer;
	u32 n = be16_to_cpu(w->count), i;
	struct qn_frame f;
	bool stale;

	spin_lock_bh(&peer->lock);
	stale = peer->remote || rx->f.origin != peer->id ||
		!peer->pairing.made || rx->f.incarnation != peer->pairing.other;
	if (!stale)
		qn_frame_own(peer, &f, QN_GRANT, sizeof(body.w) + n * 16);
	spin_unlock_bh(&peer->lock);
	if (stale) {
		qn_count(peer, QN_C_DROP_STALE);
		return false;
	}
	if (rx->f.flags & QN_F_REPLY) {
		answered(peer, w);
		return false;
	}

	body.w.count = w->count;
	for (i = 0; i < n; i++) {
		bool taken = qn_stream_adopt(peer->stream,
					     be64_to_cpu(w->entry[i]));

		body.entry[2 * i] = w->entry[i];
		body.entry[2 * i + 1] = cpu_to_be64(taken ? QN_GRANT_TAKEN :
							    QN_GRANT_NOT_HELD);
		if (taken)
			qn_count(peer, QN_C_GRANT_IN);
	}
	f.flags |= QN_F_REPLY;
	qn_frame_send(peer, &f, &body, QN_ALLOC_CONTROL);
	return false;
}

/**
 * qn_grant_tick - repeat what was not answered
 * @peer: the peer
 *
 * Context: process. Return: milliseconds until it is due again.
 */
u32 qn_grant_tick(struct qn_peer *peer)
{
	struct qn_grant *g, *tmp;
	u32 next = QN_PROBE_MS_MAX;

	rcu_read_lock();
	spin_lock_bh(&peer->lock);
	list_for_each_entry_safe(g, tmp, &peer->grants, list) {
		if (!peer->pairing.made ||
		    g->incarnation != peer->pairing.other) {
			list_del(&g->list);
			kfree(g);
			continue;
		}
		if (time_after_eq(jiffies, g->at)) {
			g->at = jiffies + msecs_to_jiffies(QN_GRANT_REPEAT_MS);
			send(peer, g);
		}
		next = QN_GRANT_REPEAT_MS;
	}
	spin_unlock_bh(&peer->lock);
	rcu_read_unlock();
	return next;
}

/**
 * qn_grants_forget - the peer goes away
 * @peer: the peer
 */
void qn_grants_forget(struct qn_peer *peer)
{
	struct qn_grant *g, *tmp;

	list_for_each_entry_safe(g, tmp, &peer->grants, list) {
		list_del(&g->list);
		kfree(g);
	}
}
