// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bindings: the table of a node, and the work that drives each.
 *
 * A binding names its peer by node id and finds it anew each time, so that it
 * outlives a peer that is taken away and made again. It is found under RCU, and
 * goes away as a peer does: dead and out of the table; a grace period; its work
 * cancelled; its associations taken out of xfrm; freed.
 *
 * What may happen to one at the same time, and what keeps it from harm:
 *
 *	requests among themselves	the genl lock and node->lock
 *	request, work			b->mutex: associations; the work takes no
 *					node->lock, so it can be waited for under it
 *	frames, work			b->lock; a frame leaves a note, the work takes it
 *	xfrm's notices, deletion	RCU: they find and kick; hide() first, then a grace
 *					period, then the work is cancelled for good
 *	xfrm's notices, states		called under the lock of a state: they take no
 *					mutex and call nothing of xfrm
 *	a flush, or expiry, the work	the work holds its states; one that is dead
 *					already is deleted once more in vain
 *	two bindings of one reqid	ids rise with the clock: what is said to, or of, the
 *					first one is older than all of the second
 *	the peer goes away		found by id under RCU each time; what was agreed
 *					names its pairing
 *	the namespace goes away		nodes are pernet devices, xfrm is a subsystem: ours
 *					go first, sockets and queued frames before bindings
 *	suspend, the node goes away	node->dead, under node->lock
 *	the module goes away		the netlink family and the key manager of xfrm are
 *					unregistered before any node is taken down
 */
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "binding.h"
#include "cursor.h"
#include "encap.h"
#include "sa.h"

static const struct rhashtable_params binding_params = {
	.key_len = sizeof(u32),
	.key_offset = offsetof(struct qn_binding, c.reqid),
	.head_offset = offsetof(struct qn_binding, hash),
	.automatic_shrinking = true,
};

static void look(struct work_struct *work)
{
	struct qn_bindings *bs = container_of(work, struct qn_bindings, look);
	struct qn_binding *b;

	spin_lock_bh(&bs->lock);
	list_for_each_entry(b, &bs->list, list)
		qn_binding_kick(b);
	spin_unlock_bh(&bs->lock);
}

/**
 * qn_bindings_init - no bindings yet
 * @node: the node, being made
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int qn_bindings_init(struct qn_node *node)
{
	struct qn_bindings *bs = kzalloc(sizeof(*bs), GFP_KERNEL_ACCOUNT);
	int err;

	if (!bs)
		return -ENOMEM;
	err = rhashtable_init(&bs->table, &binding_params);
	if (err) {
		kfree(bs);
		return err;
	}
	spin_lock_init(&bs->lock);
	INIT_LIST_HEAD(&bs->list);
	INIT_LIST_HEAD(&bs->encaps);
	bs->node = node;
	spin_lock_init(&bs->farewell_lock);
	INIT_LIST_HEAD(&bs->farewells);
	INIT_DELAYED_WORK(&bs->farewell, qn_sa_farewell_work);
	INIT_WORK(&bs->look, look);
	node->bindings = bs;
	return 0;
}

/**
 * qn_binding_find - find a binding by reqid
 * @node: the node
 * @reqid: request id of its policies and associations
 *
 * Context: under rcu_read_lock() or node->lock. Return: it, or NULL.
 */
struct qn_binding *qn_binding_find(struct qn_node *node, u32 reqid)
{
	return rhashtable_lookup(&node->bindings->table, &reqid, binding_params);
}

/**
 * qn_binding_kick - have the work of a binding run now
 * @b: the binding
 *
 * Context: any, also under the lock of an xfrm state; under rcu_read_lock() or
 * with the binding held otherwise.
 */
void qn_binding_kick(struct qn_binding *b)
{
	if (!READ_ONCE(b->dead))
		mod_delayed_work(b->node->wq, &b->work, 0);
}

/**
 * qn_bindings_look - have all bindings of a node look at their associations
 * @node: the node
 *
 * Context: any, under rcu_read_lock().
 */
void qn_bindings_look(struct qn_node *node)
{
	queue_work(node->wq, &node->bindings->look);
}

/**
 * qn_bindings_drop - have all bindings of a node forget their key, now
 * @node: the node; its streams give none any more
 *
 * Context: process, under node->lock.
 */
void qn_bindings_drop(struct qn_node *node)
{
	struct qn_binding *b;

	lockdep_assert_held(&node->lock);
	list_for_each_entry(b, &node->bindings->list, list)
		qn_sa_drop(b);
}

static void binding_work(struct work_struct *work)
{
	struct qn_binding *b = container_of(to_delayed_work(work),
					    struct qn_binding, work);

	u32 next = qn_sa_run(b);

	/* Not put off, if somebody kicked it meanwhile. */
	queue_delayed_work(b->node->wq, &b->work, msecs_to_jiffies(next));
}

/**
 * qn_binding_add - make a binding and have its associations agreed
 * @node: its node
 * @c: what it shall be
 *
 * Context: process, under node->lock. Return: 0, -EEXIST, -ENOSPC, -ENOMEM, or
 * -EADDRINUSE if another program has the UDP port of its encapsulation.
 */
int qn_binding_add(struct qn_node *node, const struct qn_binding_config *c)
{
	struct qn_bindings *bs = node->bindings;
	struct qn_binding *b;
	int err;

	lockdep_assert_held(&node->lock);
	if (bs->count >= QN_BINDINGS_MAX)
		return -ENOSPC;
	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return -ENOMEM;
	b->c = *c;
	b->node = node;
	INIT_DELAYED_WORK(&b->work, binding_work);
	INIT_LIST_HEAD(&b->out);
	INIT_LIST_HEAD(&b->in);
	mutex_init(&b->mutex);
	spin_lock_init(&b->lock);
	if (c->encap) {
		b->encap = qn_encap_get(node, &bs->encaps, c->family, c->encap);
		if (IS_ERR(b->encap)) {
			err = PTR_ERR(b->encap);
			goto free;
		}
	}
	err = rhashtable_lookup_insert_fast(&bs->table, &b->hash, binding_params);
	if (err)
		goto put;
	/* The other end shall not hear of the last one's end after this one's begin. */
	qn_sa_farewell_done(bs, c->peer, c->reqid, 0);
	spin_lock_bh(&bs->lock);
	qn_cursor_add(&b->list, &b->serial, &bs->list);
	WRITE_ONCE(bs->count, bs->count + 1);
	spin_unlock_bh(&bs->lock);
	qn_binding_kick(b);
	return 0;
put:
	qn_encap_put(b->encap);
free:
	mutex_destroy(&b->mutex);
	kfree(b);
	return err;
}

static void hide(struct qn_binding *b)
{
	struct qn_bindings *bs = b->node->bindings;

	WRITE_ONCE(b->dead, true);
	rhashtable_remove_fast(&bs->table, &b->hash, binding_params);
	spin_lock_bh(&bs->lock);
	qn_cursor_del(&b->list);
	WRITE_ONCE(bs->count, bs->count - 1);
	spin_unlock_bh(&bs->lock);
}

/* After the grace period: nobody finds or kicks it any more. */
static void release(struct qn_binding *b)
{
	cancel_delayed_work_sync(&b->work);
	qn_sa_end(b);
	qn_encap_put(b->encap);
	mutex_destroy(&b->mutex);
	kfree_sensitive(b);
}

/**
 * qn_binding_del - take a binding away, with its associations
 * @b: the binding; gone afterwards
 *
 * The other end is told, some seconds long if need be. Context: process, under
 * node->lock; sleeps for a grace period.
 */
void qn_binding_del(struct qn_binding *b)
{
	lockdep_assert_held(&b->node->lock);
	hide(b);
	synchronize_rcu();
	release(b);
}

/**
 * qn_bindings_exit - take all bindings of a node away, in one grace period
 * @node: the node, going away; no frame comes any more
 *
 * Context: process, under node->lock.
 */
void qn_bindings_exit(struct qn_node *node)
{
	struct qn_bindings *bs = node->bindings;
	struct qn_binding *b, *next;
	LIST_HEAD(gone);

	list_for_each_entry_safe(b, next, &bs->list, list) {
		hide(b);
		list_add_tail(&b->list, &gone);
	}
	/* xfrm finds a binding by way of the node: nobody does any more. */
	synchronize_rcu();
	cancel_work_sync(&bs->look);
	list_for_each_entry_safe(b, next, &gone, list)
		release(b);
	qn_sa_farewells_end(bs);
	rhashtable_destroy(&bs->table);
	node->bindings = NULL;
	kfree(bs);
}
