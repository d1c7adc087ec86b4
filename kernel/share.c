// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sharing out: once each period, in process context, the flows of one link
 * get what they may use until the next. The arithmetic is in maxmin.c.
 *
 * Over a border a flow is held by its contract, too, as if the contract were
 * one more link: else its frames would burn key on every hop up to the gateway
 * that has to refuse them.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/sort.h>

#include "contract.h"
#include "flow.h"
#include "limits.h"
#include "node.h"
#include "peer.h"
#include "stream.h"

#define FLOW_SILENT	(10 * HZ)	/* then it is forgotten */
#define ELSEWHERE_OLD	(5 * HZ)	/* then an ACK's word counts no more */

/* Shorter periods than this measure nothing. */
#define PERIOD_MS_MIN	50

/**
 * struct sharer - a flow in a sharing out; valid under RCU
 * @flow: the flow
 * @contract: that it leaves under, or NULL
 * @limit: what that allows
 */
struct sharer {
	struct qn_flow *flow;
	struct qn_contract *contract;
	u32 limit;
};

/**
 * struct share_out - one sharing out
 * @sharer: the flows
 * @claim: of each
 * @room: of both arrays
 * @n: flows in them
 * @ms: the period
 */
struct share_out {
	struct sharer *sharer;
	struct qn_claim *claim;
	u32 room;
	u32 n;
	u32 ms;
};

static struct qn_contract *contract_of(struct qn_peer *egress,
				       const struct qn_flow *f)
{
	struct qn_contract_key key = {
		.peer = egress->id, .id = READ_ONCE(f->contract), .out = 1,
	};

	if (!egress->border)
		return NULL;
	return key.id ? qn_contract_find(egress->node, &key) :
			qn_contract_find_for(egress, f->key.origin,
					     f->key.destination);
}

/* Who is still there? */
static void gather(struct qn_peer *egress, struct qn_link *l,
		   struct share_out *s)
{
	struct qn_flow *f;

	list_for_each_entry_rcu(f, &l->flows, by_link) {
		if (time_after(jiffies, READ_ONCE(f->last) + FLOW_SILENT)) {
			spin_lock_bh(&l->lock);
			qn_flow_remove(egress->node->flows, l, f);
			spin_unlock_bh(&l->lock);
			continue;
		}
		if (s->n == s->room)
			break;	/* flows that just came: next time */
		s->sharer[s->n].flow = f;
		s->sharer[s->n].contract = contract_of(egress, f);
		s->sharer[s->n++].limit = QN_RATE_UNLIMITED;
	}
}

/* The period of a flow is over: what did it use, what does it want? */
static void measure(struct qn_flow *f, struct qn_claim *c, u32 ms)
{
	u32 elsewhere = READ_ONCE(f->elsewhere);
	u64 octets;

	spin_lock_bh(&f->lock);
	octets = f->octets;
	f->octets = 0;
	spin_unlock_bh(&f->lock);
	if (time_after(jiffies, READ_ONCE(f->elsewhere_at) + ELSEWHERE_OLD))
		elsewhere = QN_RATE_UNLIMITED;
	qn_usage_measure(&f->use, octets, ms);
	WRITE_ONCE(f->rate, f->use.rate);
	WRITE_ONCE(f->demand, qn_usage_demand(&f->use, elsewhere, ms));
	c->weight = max_t(u16, READ_ONCE(f->weight), 1);
	c->demand = f->demand;
}

static int by_contract(const void *a, const void *b)
{
	const struct sharer *x = a, *y = b;

	return x->contract < y->contract ? -1 : x->contract > y->contract;
}

/* The streams under one contract share its rate as they share a link. */
static void hold_to_contracts(struct share_out *s)
{
	struct qn_contract *c;
	u32 from, to, i;

	for (from = 0; from < s->n; from = to) {
		c = s->sharer[from].contract;
		for (to = from + 1; to < s->n; to++)
			if (s->sharer[to].contract != c)
				break;
		if (!c)
			continue;
		qn_maxmin(&s->claim[from], to - from,
			  min_t(u64, READ_ONCE(c->terms.rate),
				QN_RATE_UNLIMITED - 1));
		for (i = from; i < to; i++) {
			s->sharer[i].limit = s->claim[i].share;
			s->claim[i].demand = min(s->claim[i].demand,
						 s->claim[i].share);
		}
	}
}

static void allow(struct qn_flow *f, u32 allowed)
{
	qn_usage_allow(&f->use, allowed);
	if (f->allowed == allowed)
		return;
	spin_lock_bh(&f->lock);
	if (f->allowed == QN_RATE_UNLIMITED)
		qn_bucket_fill(&f->bucket, qn_flow_police_burst(allowed),
			       ktime_get_ns());
	WRITE_ONCE(f->allowed, allowed);
	spin_unlock_bh(&f->lock);
}

static void hand_out(struct qn_peer *egress, struct qn_link *l,
		     struct share_out *s)
{
	struct qn_stream *st = egress->stream;
	u64 missed = 0, weights = 0;
	u32 capacity, most, i;

	capacity = qn_capacity(l->gain.income, qn_stream_level(st),
			       (u64)st->max_segs << st->shift >> 1,
			       1u << st->shift, &l->short_of);
	if (capacity == QN_RATE_UNLIMITED) {
		for (i = 0; i < s->n; i++)
			allow(s->sharer[i].flow, s->sharer[i].limit);
		WRITE_ONCE(l->wanted, 0);
		return;
	}
	qn_maxmin(s->claim, s->n, capacity);
	/* Nobody can miss more than the whole link could bring. */
	most = max(READ_ONCE(egress->income), capacity);
	for (i = 0; i < s->n; i++) {
		struct qn_claim *c = &s->claim[i];

		allow(s->sharer[i].flow, min(c->share, s->sharer[i].limit));
		weights += c->weight;
		if (c->demand > c->share)
			missed += min(c->demand, most) - min(c->share, most);
	}
	WRITE_ONCE(l->unit, div64_u64(capacity, max_t(u64, weights, 1)));
	WRITE_ONCE(l->wanted, min_t(u64, missed, most));
}

static void share(struct qn_peer *egress, struct qn_link *l,
		  struct share_out *s)
{
	u32 i;

	if (!l->gain.begun)
		l->gain.income = READ_ONCE(egress->lane_income);
	qn_gain_measure(&l->gain, atomic64_read(&egress->stream->gained),
			1u << egress->stream->shift, l->shared_ms);
	gather(egress, l, s);
	if (egress->border)
		sort(s->sharer, s->n, sizeof(*s->sharer), by_contract, NULL);
	for (i = 0; i < s->n; i++)
		measure(s->sharer[i].flow, &s->claim[i], s->ms);
	if (egress->border)
		hold_to_contracts(s);
	hand_out(egress, l, s);
}

/**
 * qn_flow_share_out - a period is over: share the link out anew
 * @egress: a link peer
 *
 * Context: process, may sleep; one caller at a time for each peer.
 */
void qn_flow_share_out(struct qn_peer *egress)
{
	u64 now = div_u64(ktime_get_ns(), NSEC_PER_MSEC), ms;
	struct qn_flows *fs = egress->node->flows;
	struct share_out s = {};
	struct qn_link *l;

	rcu_read_lock();
	l = qn_link_find(fs, egress->id);
	/* Some more than there are now: others come while memory is got. */
	if (l)
		s.room = READ_ONCE(l->count) + 16;
	rcu_read_unlock();
	if (!l)
		return;
	s.claim = kvmalloc_array(s.room, sizeof(*s.claim), GFP_KERNEL);
	s.sharer = kvmalloc_array(s.room, sizeof(*s.sharer), GFP_KERNEL);
	if (!s.claim || !s.sharer)
		goto out;	/* the shares of the last period stand */

	rcu_read_lock();
	l = qn_link_find(fs, egress->id);
	if (!l)
		goto unlock;
	ms = now - l->shared_ms;
	if (ms < PERIOD_MS_MIN)
		goto unlock;
	/* The first period has no start: take it for a usual one. */
	s.ms = l->shared_ms ? min_t(u64, ms, QN_HELLO_MS_MAX) : QN_HELLO_MS;
	l->shared_ms = now;
	share(egress, l, &s);
unlock:
	rcu_read_unlock();
out:
	kvfree(s.sharer);
	kvfree(s.claim);
}

/**
 * qn_flow_wanted - octets per second of key that streams to a peer miss
 * @egress: a link peer
 *
 * What a HELLO may ask the other end to grant.
 *
 * Context: any.
 */
u32 qn_flow_wanted(struct qn_peer *egress)
{
	struct qn_link *l;
	u32 wanted = 0;

	rcu_read_lock();
	l = qn_link_find(egress->node->flows, egress->id);
	if (l)
		wanted = READ_ONCE(l->wanted);
	rcu_read_unlock();
	return wanted;
}
