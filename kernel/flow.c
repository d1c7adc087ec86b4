// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flows: soft state of the streams that cross a link.
 *
 * A frame finds its flow in one hash table, takes that flow's lock and no
 * other. What each flow is allowed is worked out in share.c.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "flow.h"
#include "limits.h"
#include "node.h"
#include "peer.h"

static const struct rhashtable_params flow_params = {
	.key_len = sizeof(struct qn_flow_key),
	.key_offset = offsetof(struct qn_flow, key),
	.head_offset = offsetof(struct qn_flow, hash),
	.automatic_shrinking = true,
};

static const struct rhashtable_params link_params = {
	.key_len = sizeof(u64),
	.key_offset = offsetof(struct qn_link, peer),
	.head_offset = offsetof(struct qn_link, hash),
	.automatic_shrinking = true,
};

/**
 * qn_flows_init - no flows
 * @node: the node being made
 *
 * Context: process, may sleep. Return: 0 or -ENOMEM.
 */
int qn_flows_init(struct qn_node *node)
{
	struct qn_flows *fs = kzalloc(sizeof(*fs), GFP_KERNEL_ACCOUNT);
	int err;

	if (!fs)
		return -ENOMEM;
	spin_lock_init(&fs->lock);
	INIT_LIST_HEAD(&fs->list);
	err = rhashtable_init(&fs->table, &flow_params);
	if (err)
		goto free;
	err = rhashtable_init(&fs->links, &link_params);
	if (err)
		goto table;
	err = qn_ingress_init(fs);
	if (err)
		goto links;
	node->flows = fs;
	return 0;

links:
	rhashtable_destroy(&fs->links);
table:
	rhashtable_destroy(&fs->table);
free:
	kfree(fs);
	return err;
}

static void link_free(void *object, void *arg)
{
	kfree(object);
}

/**
 * qn_flows_exit - forget all flows
 * @node: the node going away
 *
 * Context: process, may sleep; no reader is left.
 */
void qn_flows_exit(struct qn_node *node)
{
	struct qn_flows *fs = node->flows;
	struct qn_flow *f, *next;

	if (!fs)
		return;
	rhashtable_destroy(&fs->table);
	list_for_each_entry_safe(f, next, &fs->list, list) {
		qn_cursor_del(&f->list);
		kfree(f);
	}
	qn_ingress_exit(fs);
	rhashtable_free_and_destroy(&fs->links, link_free, NULL);
	node->flows = NULL;
	kfree(fs);
}

/**
 * qn_link_find - the flows to a peer
 * @fs: the node's flows
 * @peer: its node id
 *
 * Context: under rcu_read_lock(). Return: the link, or NULL: no flows.
 */
struct qn_link *qn_link_find(struct qn_flows *fs, u64 peer)
{
	return rhashtable_lookup(&fs->links, &peer, link_params);
}

/**
 * qn_flow_remove - forget a flow
 * @fs: the node's flows
 * @l: the flow's link, locked
 * @f: the flow, valid until a grace period has passed
 */
void qn_flow_remove(struct qn_flows *fs, struct qn_link *l, struct qn_flow *f)
{
	lockdep_assert_held(&l->lock);
	if (f->gone)
		return;
	f->gone = true;
	list_del_rcu(&f->by_link);
	l->count--;
	spin_lock(&fs->lock);
	qn_cursor_del(&f->list);
	fs->count--;
	qn_ingress_leave(fs, f);
	spin_unlock(&fs->lock);
	rhashtable_remove_fast(&fs->table, &f->hash, flow_params);
	kfree_rcu(f, rcu);
}

static void link_remove(struct qn_flows *fs, struct qn_link *l)
{
	struct qn_flow *f, *next;

	spin_lock_bh(&l->lock);
	if (l->dead) {
		spin_unlock_bh(&l->lock);
		return;
	}
	l->dead = true;
	list_for_each_entry_safe(f, next, &l->flows, by_link)
		qn_flow_remove(fs, l, f);
	spin_unlock_bh(&l->lock);
	rhashtable_remove_fast(&fs->links, &l->hash, link_params);
	kfree_rcu(l, rcu);
}

/**
 * qn_flows_forget_peer - a link peer goes away, and the flows to it
 * @node: node
 * @peer: the peer, marked dead; frames may still be on their way to it
 *
 * Context: process.
 */
void qn_flows_forget_peer(struct qn_node *node, struct qn_peer *peer)
{
	struct qn_link *l;

	/* Pairs with link_get(): it sees that the peer is dead, or we see it. */
	smp_mb();
	rcu_read_lock();
	l = qn_link_find(node->flows, peer->id);
	if (l)
		link_remove(node->flows, l);
	rcu_read_unlock();
}

static struct qn_link *link_get(struct qn_peer *egress)
{
	struct qn_flows *fs = egress->node->flows;
	struct qn_link *l = qn_link_find(fs, egress->id), *old;

	if (l)
		return l;
	l = kzalloc(sizeof(*l), GFP_ATOMIC | __GFP_NOWARN);
	if (!l)
		return NULL;
	l->peer = egress->id;
	spin_lock_init(&l->lock);
	INIT_LIST_HEAD(&l->flows);
	old = rhashtable_lookup_get_insert_fast(&fs->links, &l->hash,
						link_params);
	if (old) {
		kfree(l);
		return IS_ERR(old) ? NULL : old;
	}
	/* Pairs with qn_flows_forget_peer(). */
	smp_mb();
	if (READ_ONCE(egress->dead)) {
		link_remove(fs, l);
		return NULL;
	}
	return l;
}

/* A stream that comes to a contended link starts with its share. */
static u32 first_allowance(const struct qn_link *l, u16 weight)
{
	if (!READ_ONCE(l->short_of))
		return QN_RATE_UNLIMITED;
	return min_t(u64, (u64)max_t(u32, READ_ONCE(l->unit), QN_CHUNK) * weight,
		     QN_RATE_UNLIMITED - 1);
}

/*
 * A neighbour that has brought as many flows as it may gets room for another one
 * only from those of its own that are idle.
 */
static bool make_room(struct qn_flows *fs, struct qn_peer *ingress)
{
	u64 peer = ingress ? ingress->id : 0;
	struct qn_flow *idle = NULL;
	struct qn_link *l = NULL;
	bool full;

	spin_lock(&fs->lock);
	full = qn_ingress_full(fs, peer);
	if (full)
		idle = qn_ingress_idle(fs, peer);
	spin_unlock(&fs->lock);
	if (!full)
		return true;
	if (idle)
		l = qn_link_find(fs, idle->key.peer);
	if (!l) {
		if (ingress)
			qn_count(ingress, QN_C_FLOW_REFUSED);
		return false;
	}
	spin_lock(&l->lock);
	qn_flow_remove(fs, l, idle);
	spin_unlock(&l->lock);
	if (ingress)
		qn_count(ingress, QN_C_FLOW_EVICTED);
	return true;
}

static struct qn_flow *flow_new(struct qn_peer *egress, struct qn_peer *ingress,
				const struct qn_flow_key *key, u16 weight,
				u32 contract)
{
	struct qn_flows *fs = egress->node->flows;
	struct qn_link *l = link_get(egress);
	struct qn_flow *f, *old;
	int err;

	if (!l || !make_room(fs, ingress))
		return NULL;
	f = kzalloc(sizeof(*f), GFP_ATOMIC | __GFP_NOWARN);
	if (!f)
		return NULL;
	f->key = *key;
	spin_lock_init(&f->lock);
	f->weight = weight;
	f->contract = contract;
	f->elsewhere = QN_RATE_UNLIMITED;
	f->elsewhere_at = jiffies;
	f->demand = QN_RATE_UNLIMITED;
	f->allowed = first_allowance(l, weight);
	qn_usage_begin(&f->use, f->allowed);
	qn_bucket_fill(&f->bucket, qn_flow_police_burst(f->allowed), ktime_get_ns());
	f->last = jiffies;

	spin_lock(&l->lock);
	old = l->dead ? ERR_PTR(-ENODEV) :
		rhashtable_lookup_get_insert_fast(&fs->table, &f->hash,
						  flow_params);
	if (old) {
		spin_unlock(&l->lock);
		kfree(f);
		return IS_ERR(old) ? NULL : old;
	}
	spin_lock(&fs->lock);
	err = qn_ingress_join(fs, f, ingress ? ingress->id : 0);
	if (!err) {
		qn_cursor_add(&f->list, &f->serial, &fs->list);
		fs->count++;
	}
	spin_unlock(&fs->lock);
	if (err) {
		/* Another processor was first to the room that was left. */
		f->gone = true;
		rhashtable_remove_fast(&fs->table, &f->hash, flow_params);
		spin_unlock(&l->lock);
		kfree_rcu(f, rcu);
		return NULL;
	}
	list_add_tail_rcu(&f->by_link, &l->flows);
	l->count++;
	spin_unlock(&l->lock);
	return f;
}

/* Too many flows, or no memory: nobody is held back unless the link is short. */
static bool admit_unknown(struct qn_peer *egress)
{
	struct qn_link *l = qn_link_find(egress->node->flows, egress->id);

	return !l || !READ_ONCE(l->short_of);
}

/**
 * qn_flow_admit - may a RELAY frame leave to this neighbour now?
 * @egress: the neighbour
 * @f: the frame; its origin, destination and weight name the stream
 * @len: octets of key that it carries
 * @ingress: the neighbour that brought it, which answers for how many streams
 *	there are; NULL: this node is the stream's origin
 *
 * Counts the frame for its stream if it may. Nobody is refused on a link that
 * is not short of key, nor within his allowance. An origin paces itself and is
 * held to the same.
 *
 * Context: under rcu_read_lock(), BH off.
 */
bool qn_flow_admit(struct qn_peer *egress, const struct qn_frame *f, u32 len,
		   struct qn_peer *ingress)
{
	const struct qn_flow_key key = {
		.peer = egress->id,
		.origin = f->origin,
		.destination = f->destination,
	};
	unsigned long now = jiffies;
	struct qn_flow *flow;
	bool ok = true;
	u32 allowed;

	flow = rhashtable_lookup(&egress->node->flows->table, &key, flow_params);
	if (!flow)
		flow = flow_new(egress, ingress, &key, f->weight, f->contract);
	if (!flow)
		return admit_unknown(egress);

	spin_lock(&flow->lock);
	allowed = READ_ONCE(flow->allowed);
	if (allowed != QN_RATE_UNLIMITED) {
		ok = qn_bucket_has(&flow->bucket, len, qn_flow_police_rate(allowed),
				   qn_flow_police_burst(allowed), ktime_get_ns());
		if (ok)
			qn_bucket_take(&flow->bucket, len);
	}
	if (ok)
		flow->octets += len;
	if (flow->weight != f->weight)
		WRITE_ONCE(flow->weight, f->weight);
	if (flow->contract != f->contract)
		WRITE_ONCE(flow->contract, f->contract);
	if (flow->last != now)
		WRITE_ONCE(flow->last, now);
	spin_unlock(&flow->lock);
	return ok;
}

/**
 * qn_flow_allow - a RELAY_ACK passes: remember and lower its rate
 * @from: the neighbour that it came from, which is the stream's next hop
 * @generator: origin of the stream
 * @far_end: its destination
 * @rate: what the rest of the path allows, octets of key per second
 *
 * Context: under rcu_read_lock(), BH off. Return: what goes on.
 */
u32 qn_flow_allow(struct qn_peer *from, u64 generator, u64 far_end, u32 rate)
{
	const struct qn_flow_key key = {
		.peer = from->id,
		.origin = generator,
		.destination = far_end,
	};
	struct qn_flow *flow;

	flow = rhashtable_lookup(&from->node->flows->table, &key, flow_params);
	if (!flow)
		return rate;
	WRITE_ONCE(flow->elsewhere, rate);
	WRITE_ONCE(flow->elsewhere_at, jiffies);
	return min(rate, READ_ONCE(flow->allowed));
}

/**
 * qn_flows_walk - tell every flow from a place on, for dumps
 * @node: node
 * @cursor: the place, moved behind each flow told
 * @tell: told each flow, must not sleep; an error of it ends the walk, and
 *	that flow is the first of the next one
 * @data: for @tell
 *
 * Context: process. Return: 0, or what @tell returned.
 */
int qn_flows_walk(struct qn_node *node, struct qn_cursor *cursor,
		  int (*tell)(struct qn_flow *flow, void *data), void *data)
{
	struct qn_flows *fs = node->flows;
	struct list_head *at;
	struct qn_flow *f;
	int err = 0;

	spin_lock_bh(&fs->lock);
	at = qn_cursor_seek(cursor, &fs->list, struct qn_flow, list);
	for (at = at->next; at != &fs->list; at = at->next) {
		f = list_entry(at, struct qn_flow, list);
		err = tell(f, data);
		if (err)
			break;
		qn_cursor_told(cursor, at, f->serial);
	}
	spin_unlock_bh(&fs->lock);
	return err;
}
