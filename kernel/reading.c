// SPDX-License-Identifier: GPL-2.0-only
/*
 * Readings and settlement marks of contracts: docs/protocol.md section 5.2.
 *
 * The carrier's count is its word, sealed in HELLO; the sender keeps its own
 * count of the same thing and takes no reading above it. A reading counts from
 * the carrier's incarnation, so the sender adds incarnations up.
 */
#include "contract.h"
#include "event.h"
#include "limits.h"
#include "node.h"
#include "peer.h"

/**
 * qn_contract_rebase - readings of a carried contract count from here if the
 *	own incarnation is new
 * @c: a contract of direction in, under its lock
 * @own: the own incarnation towards the peer
 */
void qn_contract_rebase(struct qn_contract *c, u64 own)
{
	lockdep_assert_held(&c->lock);
	if (likely(c->incarnation == own))
		return;
	c->incarnation = own;
	c->base = c->metered;
}

/**
 * qn_contract_readings - what we accepted under the contracts with a peer
 * @peer: the peer that the HELLO is for
 * @r: where to put them
 * @max: how many fit
 *
 * With more contracts than fit, successive calls take turns.
 *
 * Context: under rcu_read_lock(), BH off. Return: how many there are.
 */
u32 qn_contract_readings(struct qn_peer *peer, struct qn_wire_reading *r,
			 u32 max)
{
	struct qn_border *b = qn_border_find(peer->node, peer->id);
	u64 own = READ_ONCE(peer->pairing.own);
	struct qn_contract *c;
	struct list_head *at;
	u64 at_mark;
	u32 n = 0;

	if (!b || !max)
		return 0;
	spin_lock(&b->lock);
	list_for_each(at, &b->in) {
		c = list_entry(at, struct qn_contract, by_peer);
		spin_lock(&c->lock);
		qn_contract_rebase(c, own);
		at_mark = c->mark_metered > c->base ?
			  c->mark_metered - c->base : 0;
		r[n].contract = cpu_to_be32(c->key.id);
		r[n].mark = cpu_to_be32(c->mark);
		r[n].accepted = cpu_to_be64(c->metered - c->base);
		r[n].accepted_at_mark = cpu_to_be64(at_mark);
		spin_unlock(&c->lock);
		if (++n == max)
			break;
	}
	/* The head moves behind the last one told: that is last next time. */
	if (n == max)
		list_move(&b->in, at);
	spin_unlock(&b->lock);
	return n;
}

/**
 * qn_contract_mark - set a settlement mark: freeze the meters under a number
 * @node: node
 * @key: the contract's name
 * @mark: one more than the last; the first is 1
 *
 * The carrier's HELLO takes the mark to the sender. The sender may set it, too,
 * when both have agreed on the instant otherwise.
 *
 * Context: process, under node->lock. Return: 0, -ENOENT, -ERANGE.
 */
int qn_contract_mark(struct qn_node *node, const struct qn_contract_key *key,
		     u32 mark)
{
	struct qn_contract *c;
	int err = 0;

	lockdep_assert_held(&node->lock);
	rcu_read_lock();
	c = qn_contract_find(node, key);
	rcu_read_unlock();
	if (!c)
		return -ENOENT;
	spin_lock_bh(&c->lock);
	if (mark && mark - 1 == c->mark) {
		c->mark = mark;
		c->mark_metered = c->metered;
	} else {
		err = -ERANGE;
	}
	spin_unlock_bh(&c->lock);
	return err;
}

/* Takes a reading, or says why not. @news: the carrier passed another mark. */
static const char *take(struct qn_contract *c, u64 accepted, u32 mark,
			u64 at_mark, u64 incarnation, bool *news)
{
	bool anew = c->incarnation != incarnation;
	u64 past = anew ? c->peer_accepted : c->past;
	u64 skip = anew ? 0 : c->skip;

	lockdep_assert_held(&c->lock);
	/*
	 * The first reading that this contract hears can speak of an earlier
	 * life of it, before this node was started anew. What was accepted
	 * then was settled then, or not; from here on it counts.
	 */
	if (!c->incarnation && accepted > c->metered)
		skip = accepted;
	if (!anew && accepted < c->reading)
		return "the carrier's reading is below an earlier one";
	if (accepted - skip > c->metered - past)
		return "the carrier's reading is above what was sent";
	if (at_mark > accepted || (!anew && mark < c->peer_mark))
		return "the carrier's mark contradicts its readings";

	*news = mark && mark != c->peer_mark && !skip;
	if (mark != c->peer_mark) {
		/* A carrier that was started anew may count marks anew. */
		if (anew || c->mark < mark) {
			c->mark = mark;
			c->mark_metered = c->metered;
		}
		c->peer_mark = mark;
		c->mark_peer_accepted = past + (at_mark > skip ?
						at_mark - skip : 0);
	}
	c->past = past;
	c->skip = skip;
	c->reading = accepted;
	c->incarnation = incarnation;
	c->peer_accepted = past + accepted - skip;
	return NULL;
}

/**
 * qn_contract_heard - the readings in a HELLO of a carrier
 * @peer: the carrier
 * @r: readings, as they came, in a verified HELLO later than any taken before
 * @n: how many
 * @incarnation: of the carrier, that the HELLO was sent in
 *
 * Readings of contracts that are not ours are passed over.
 *
 * Context: under rcu_read_lock(), BH off.
 */
void qn_contract_heard(struct qn_peer *peer, const struct qn_wire_reading *r,
		       u32 n, u64 incarnation)
{
	struct qn_event_args a = {
		.peer = peer->id,
		.peer_name = peer->name,
		.direction = QKDNF_DIRECTION_OUT,
	};
	struct net *net = peer->node->net;
	struct qn_contract *c;
	bool news;
	u32 i;

	for (i = 0; i < n; i++) {
		const struct qn_contract_key key = {
			.peer = peer->id,
			.id = be32_to_cpu(r[i].contract),
			.out = 1,
		};

		c = qn_contract_find(peer->node, &key);
		if (!c)
			continue;
		news = false;
		spin_lock(&c->lock);
		a.reason = take(c, be64_to_cpu(r[i].accepted),
				be32_to_cpu(r[i].mark),
				be64_to_cpu(r[i].accepted_at_mark), incarnation,
				&news);
		spin_unlock(&c->lock);
		a.contract = key.id;
		if (a.reason) {
			a.number = be64_to_cpu(r[i].accepted);
			qn_event(net, QKDNF_EVENT_TYPE_CONTRACT_METER, &a);
		} else if (news) {
			a.number = be32_to_cpu(r[i].mark);
			qn_event(net, QKDNF_EVENT_TYPE_CONTRACT_MARK, &a);
		}
	}
}
