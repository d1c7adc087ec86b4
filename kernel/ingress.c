// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each neighbour's share of the table of flows. See ingress.h.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "flow.h"
#include "ingress.h"
#include "limits.h"

/* Without a frame for so long a flow makes room for another of its neighbour. */
#define FLOW_IDLE	HZ

/* So many are looked at for one that is idle: bounded work for a frame. */
#define LOOK_AT		8

static const struct rhashtable_params ingress_params = {
	.key_len = sizeof(u64),
	.key_offset = offsetof(struct qn_ingress, peer),
	.head_offset = offsetof(struct qn_ingress, hash),
	.automatic_shrinking = true,
};

/**
 * qn_ingress_init - no neighbour has brought a flow yet
 * @fs: the node's flows, being made
 *
 * Context: process, may sleep. Return: 0 or -ENOMEM.
 */
int qn_ingress_init(struct qn_flows *fs)
{
	return rhashtable_init(&fs->ingresses, &ingress_params);
}

static void ingress_free(void *object, void *arg)
{
	kfree(object);
}

/**
 * qn_ingress_exit - forget which neighbour brought which flows
 * @fs: the node's flows, going away
 *
 * Context: process, may sleep; no reader is left.
 */
void qn_ingress_exit(struct qn_flows *fs)
{
	rhashtable_free_and_destroy(&fs->ingresses, ingress_free, NULL);
}

static struct qn_ingress *find(struct qn_flows *fs, u64 peer)
{
	struct qn_ingress *in;

	lockdep_assert_held(&fs->lock);
	rcu_read_lock();
	in = rhashtable_lookup(&fs->ingresses, &peer, ingress_params);
	rcu_read_unlock();
	return in;	/* freed under fs->lock only */
}

/* What this node originates is bounded by its own configuration. */
static u32 limit(u64 peer)
{
	return peer ? QN_FLOWS_INGRESS_MAX : QN_FLOWS_MAX;
}

/**
 * qn_ingress_full - has a neighbour brought as many flows as it may?
 * @fs: the node's flows
 * @peer: the neighbour's node id; 0: this node
 *
 * Context: under fs->lock.
 */
bool qn_ingress_full(struct qn_flows *fs, u64 peer)
{
	struct qn_ingress *in = find(fs, peer);

	return fs->count >= QN_FLOWS_MAX || (in && in->count >= limit(peer));
}

/**
 * qn_ingress_idle - find a flow that may make room for another
 * @fs: the node's flows
 * @peer: the neighbour that brings the other one
 *
 * Only a few are looked at; those that are busy are looked at last the next time.
 *
 * Context: under fs->lock and rcu_read_lock(). Return: a flow that @peer brought,
 * without a frame for a second; or NULL.
 */
struct qn_flow *qn_ingress_idle(struct qn_flows *fs, u64 peer)
{
	struct qn_ingress *in = find(fs, peer);
	struct qn_flow *f;
	u32 i;

	for (i = 0; in && i < min_t(u32, in->count, LOOK_AT); i++) {
		f = list_first_entry(&in->flows, struct qn_flow, by_ingress);
		list_move_tail(&f->by_ingress, &in->flows);
		if (time_after(jiffies, READ_ONCE(f->last) + FLOW_IDLE))
			return f;
	}
	return NULL;
}

/**
 * qn_ingress_join - a neighbour brings a new flow
 * @fs: the node's flows
 * @f: the flow
 * @peer: the neighbour's node id; 0: this node
 *
 * Context: under fs->lock, BH off. Return: 0, -ENOSPC or -ENOMEM.
 */
int qn_ingress_join(struct qn_flows *fs, struct qn_flow *f, u64 peer)
{
	struct qn_ingress *in = find(fs, peer);
	int err;

	if (qn_ingress_full(fs, peer))
		return -ENOSPC;
	if (!in) {
		in = kzalloc(sizeof(*in), GFP_ATOMIC | __GFP_NOWARN);
		if (!in)
			return -ENOMEM;
		in->peer = peer;
		INIT_LIST_HEAD(&in->flows);
		err = rhashtable_insert_fast(&fs->ingresses, &in->hash,
					     ingress_params);
		if (err) {
			kfree(in);
			return err;
		}
	}
	f->ingress = in;
	list_add_tail(&f->by_ingress, &in->flows);
	in->count++;
	return 0;
}

/**
 * qn_ingress_leave - a flow goes
 * @fs: the node's flows
 * @f: the flow
 *
 * Context: under fs->lock.
 */
void qn_ingress_leave(struct qn_flows *fs, struct qn_flow *f)
{
	struct qn_ingress *in = f->ingress;

	lockdep_assert_held(&fs->lock);
	list_del(&f->by_ingress);
	f->ingress = NULL;
	if (--in->count)
		return;
	rhashtable_remove_fast(&fs->ingresses, &in->hash, ingress_params);
	kfree_rcu(in, rcu);
}
