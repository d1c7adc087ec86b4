// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to a frame at a border between providers.
 *
 * The side that carries and the side that sends run the same examination over
 * the same kind of meter, so that the sender stops by itself where the carrier
 * would refuse: key that crosses a border to be dropped is lost to both.
 */
#include <linux/ktime.h>
#include <linux/random.h>

#include "contract.h"
#include "event.h"
#include "limits.h"
#include "meter.h"
#include "node.h"
#include "peer.h"

/* Kinds of refusal that an event tells once, until it is over. */
enum { TOLD_RATE = 1, TOLD_VOLUME = 2, TOLD_EXPIRED = 4, TOLD_METER = 8 };

static bool is_party(u64 party, bool wide, u64 id)
{
	return wide ? qn_provider(party) == qn_provider(id) : party == id;
}

static void tell_exhausted(struct qn_peer *peer, const struct qn_contract *c,
			   u8 kind, int code)
{
	struct qn_event_args a = {
		.peer = peer->id,
		.peer_name = peer->name,
		.contract = c->key.id,
		.direction = c->key.out ? QKDNF_DIRECTION_OUT :
					  QKDNF_DIRECTION_IN,
		.number = code,
	};

	switch (kind) {
	case TOLD_RATE:
		a.reason = "rate and burst are used up";
		break;
	case TOLD_VOLUME:
		a.reason = "the volume is used up";
		break;
	case TOLD_EXPIRED:
		a.reason = "the contract has expired";
		break;
	default:
		a.reason = "more streams, or more repetitions, than can be metered";
		break;
	}
	qn_event(peer->node->net, QKDNF_EVENT_TYPE_CONTRACT_EXHAUSTED, &a);
}

/**
 * struct verdict - what examine() found
 * @run: meter run of the frame's chunk
 * @code: 0, or enum qn_nak_code
 * @tell: kind of refusal that an event is due for
 * @metered: whether the chunk is to be counted
 */
struct verdict {
	struct qn_meter_run *run;
	int code;
	u8 tell;
	enum qn_metered metered;
};

static void refuse(struct qn_contract *c, struct verdict *v, u64 *count,
		   u8 kind, int code)
{
	(*count)++;
	v->code = code;
	if (kind & ~c->told) {
		c->told |= kind;
		v->tell = kind;
	}
}

static bool meter_ready(struct qn_contract *c, struct qn_node *node)
{
	if (!c->meter)
		c->meter = qn_meter_new(&node->mem, get_random_u64(),
					GFP_ATOMIC);
	return c->meter;
}

/* May the frame pass? Changes nothing but the counters of refusals. */
static void examine(struct qn_contract *c, struct qn_node *node,
		    const struct qn_frame *f, struct verdict *v)
{
	const struct qn_contract_terms *t = &c->terms;

	lockdep_assert_held(&c->lock);
	*v = (struct verdict){};
	if (c->dead) {
		v->code = QN_NAK_CONTRACT_UNKNOWN;
		return;
	}
	if (!is_party(t->source, t->source_wide, f->origin) ||
	    !is_party(t->destination, t->destination_wide, f->destination)) {
		refuse(c, v, &c->refused_mismatch, 0, QN_NAK_CONTRACT_UNKNOWN);
		return;
	}
	if (qn_contract_expired(c)) {
		refuse(c, v, &c->refused_expired, TOLD_EXPIRED,
		       QN_NAK_CONTRACT_UNKNOWN);
		return;
	}
	if (!qn_bucket_has(&c->bucket, f->length, t->rate, t->burst,
			   ktime_get_ns())) {
		refuse(c, v, &c->refused_rate, TOLD_RATE,
		       QN_NAK_CONTRACT_EXCEEDED);
		return;
	}
	/* The shortage is over once the bucket has been full again. */
	if (c->bucket.tokens == t->burst)
		c->told &= ~TOLD_RATE;

	if (meter_ready(c, node))
		v->run = qn_meter_find(c->meter, f, ktime_get_seconds(),
				       GFP_ATOMIC);
	if (v->run)
		v->metered = qn_meter_look(c->meter, v->run, f->remote_offset);
	if (!v->run || v->metered == QN_METER_EXCESS) {
		refuse(c, v, &c->refused_rate, TOLD_METER,
		       QN_NAK_CONTRACT_EXCEEDED);
		return;
	}
	if (v->metered == QN_METER_NEW && t->volume &&
	    (c->metered >= t->volume || f->length > t->volume - c->metered))
		refuse(c, v, &c->refused_volume, TOLD_VOLUME,
		       QN_NAK_CONTRACT_EXCEEDED);
}

static void count(struct qn_contract *c, const struct qn_frame *f,
		  const struct verdict *v)
{
	lockdep_assert_held(&c->lock);
	qn_bucket_take(&c->bucket, f->length);
	if (v->metered == QN_METER_NEW)
		c->metered += f->length;
	qn_meter_count(c->meter, v->run, f->remote_offset);
}

/**
 * qn_contract_accept - a RELAY frame came over a border: may it go on?
 * @ingress: the neighbour that sealed it
 * @f: the frame, verified and claimed; it names the contract
 * @label: contract id that it carries on inside this network
 * @weight: its weight there
 *
 * Polices every frame; meters each chunk once.
 *
 * Context: under rcu_read_lock(), BH off. Return: 0, or the enum qn_nak_code
 * of the refusal.
 */
int qn_contract_accept(struct qn_peer *ingress, const struct qn_frame *f,
		       u32 *label, u16 *weight)
{
	const struct qn_contract_key key = {
		.peer = ingress->id, .id = f->contract, .out = 0,
	};
	struct qn_contract *c = qn_contract_find(ingress->node, &key);
	struct verdict v;

	if (!c)
		return QN_NAK_CONTRACT_UNKNOWN;
	spin_lock(&c->lock);
	examine(c, ingress->node, f, &v);
	if (!v.code) {
		qn_contract_rebase(c, READ_ONCE(ingress->pairing.own));
		count(c, f, &v);
		*label = c->terms.out_id;
		*weight = c->terms.weight ? min(f->weight, c->terms.weight) :
					    f->weight;
	}
	spin_unlock(&c->lock);
	if (v.tell)
		tell_exhausted(ingress, c, v.tell, v.code);
	return v.code;
}

/**
 * qn_contract_label - a RELAY frame is about to leave over a border
 * @egress: the neighbour across the border
 * @f: the frame; @f->contract is its label inside this network, 0 is none
 * @label: contract id to put in
 *
 * Context: under rcu_read_lock(), BH off. Return: 0, or the enum qn_nak_code
 * of the refusal: no contract, or it cannot carry this frame now.
 */
int qn_contract_label(struct qn_peer *egress, const struct qn_frame *f,
		      u32 *label)
{
	const struct qn_contract_key key = {
		.peer = egress->id, .id = f->contract, .out = 1,
	};
	struct qn_contract *c;
	struct verdict v;

	c = f->contract ? qn_contract_find(egress->node, &key) :
			  qn_contract_find_for(egress, f->origin, f->destination);
	if (!c)
		return QN_NAK_CONTRACT_UNKNOWN;
	spin_lock(&c->lock);
	examine(c, egress->node, f, &v);
	spin_unlock(&c->lock);
	if (v.tell)
		tell_exhausted(egress, c, v.tell, v.code);
	if (!v.code)
		*label = c->key.id;
	return v.code;
}

/**
 * qn_contract_sent - a RELAY frame leaves over a border: count its chunk once
 * @egress: the neighbour across the border
 * @f: the frame
 * @label: as qn_contract_label() said
 *
 * To be called when key was found for the frame and before it is handed to the
 * network, or the carrier's reading could be ahead of the own count.
 *
 * Context: under rcu_read_lock(), BH off.
 */
void qn_contract_sent(struct qn_peer *egress, const struct qn_frame *f,
		      u32 label)
{
	const struct qn_contract_key key = {
		.peer = egress->id, .id = label, .out = 1,
	};
	struct qn_contract *c = qn_contract_find(egress->node, &key);
	struct verdict v = {};

	if (!c)
		return;
	spin_lock(&c->lock);
	if (!c->dead && meter_ready(c, egress->node))
		v.run = qn_meter_find(c->meter, f, ktime_get_seconds(),
				      GFP_ATOMIC);
	if (v.run) {
		v.metered = qn_meter_look(c->meter, v.run, f->remote_offset);
		count(c, f, &v);
	}
	spin_unlock(&c->lock);
}
