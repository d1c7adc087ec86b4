// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers: the table of a node, and the tick that drives each.
 *
 * A peer is found under RCU. It goes away in this order: dead and out of the
 * table; a grace period, after which no softirq holds it or can kick it; the
 * tick cancelled; memory freed.
 */
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "cursor.h"
#include "peer.h"
#include "stream.h"

static const struct rhashtable_params peer_params = {
	.key_len = sizeof(u64),
	.key_offset = offsetof(struct qn_peer, id),
	.head_offset = offsetof(struct qn_peer, hash),
	.automatic_shrinking = true,
};

/* Rooms that tick; filled at module start, then read only. */
static qn_tick_fn tick_fns[8];
static unsigned int tick_count;

/**
 * qn_peer_on_tick - have a function called on the tick of every peer
 * @fn: the function
 *
 * Context: module start only.
 */
void qn_peer_on_tick(qn_tick_fn fn)
{
	if (!WARN_ON(tick_count == ARRAY_SIZE(tick_fns)))
		tick_fns[tick_count++] = fn;
}

static void peer_tick(struct work_struct *work)
{
	struct qn_peer *peer = container_of(to_delayed_work(work),
					    struct qn_peer, tick);
	u32 next = QN_PROBE_MS_MAX;
	unsigned int i;

	for (i = 0; i < tick_count && !READ_ONCE(peer->dead); i++)
		next = min(next, tick_fns[i](peer));
	qn_peer_kick(peer, next);
}

/**
 * qn_peer_kick - have the tick run in @ms milliseconds, or sooner if it is due
 * @peer: the peer
 * @ms: milliseconds
 *
 * Context: any, under rcu_read_lock() or with the peer held otherwise.
 */
void qn_peer_kick(struct qn_peer *peer, u32 ms)
{
	unsigned long delay = msecs_to_jiffies(ms);

	if (READ_ONCE(peer->dead))
		return;
	/* Never put off what is due earlier. */
	if (delayed_work_pending(&peer->tick) &&
	    time_before_eq(READ_ONCE(peer->tick.timer.expires), jiffies + delay))
		return;
	mod_delayed_work(peer->node->wq, &peer->tick, delay);
}

/**
 * qn_peer_find - find a peer by node id
 * @node: the node
 * @id: node id
 *
 * Context: under rcu_read_lock() or node->lock.
 */
struct qn_peer *qn_peer_find(struct qn_node *node, u64 id)
{
	return rhashtable_lookup(&node->peers, &id, peer_params);
}

int qn_peer_table_init(struct qn_node *node)
{
	INIT_LIST_HEAD(&node->peer_list);
	return rhashtable_init(&node->peers, &peer_params);
}

void qn_peer_table_exit(struct qn_node *node)
{
	rhashtable_destroy(&node->peers);
}

/**
 * qn_peer_alloc - a peer that nobody can find yet
 * @node: its node
 * @id: its node id
 *
 * Context: process. Return: it, or NULL.
 */
struct qn_peer *qn_peer_alloc(struct qn_node *node, u64 id)
{
	struct qn_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL_ACCOUNT);

	if (!peer)
		return NULL;
	if (dst_cache_init(&peer->dst, GFP_KERNEL_ACCOUNT)) {
		kfree(peer);
		return NULL;
	}
	peer->id = id;
	peer->node = node;
	peer->hello_ms = QN_HELLO_MS;
	peer->heard_at = jiffies;
	spin_lock_init(&peer->lock);
	INIT_LIST_HEAD(&peer->grants);
	INIT_LIST_HEAD(&peer->list);
	INIT_DELAYED_WORK(&peer->tick, peer_tick);
	while (!peer->pairing.own)
		peer->pairing.own = get_random_u64();
	return peer;
}

/**
 * qn_peer_insert - let a peer be found
 * @peer: the peer
 *
 * Context: process, under node->lock. Return: 0, -EEXIST or -ENOMEM.
 */
int qn_peer_insert(struct qn_peer *peer)
{
	struct qn_node *node = peer->node;
	int err;

	lockdep_assert_held(&node->lock);
	err = rhashtable_lookup_insert_fast(&node->peers, &peer->hash,
					    peer_params);
	if (err)
		return err;
	qn_cursor_add(&peer->list, &peer->serial, &node->peer_list);
	node->peer_count++;
	return 0;
}

/**
 * qn_peer_unhash - let nobody find a peer any more
 * @peer: the peer
 *
 * The caller waits for a grace period, then calls qn_peer_release().
 * Context: process, under node->lock.
 */
void qn_peer_unhash(struct qn_peer *peer)
{
	struct qn_node *node = peer->node;

	lockdep_assert_held(&node->lock);
	WRITE_ONCE(peer->dead, true);
	rhashtable_remove_fast(&node->peers, &peer->hash, peer_params);
	qn_cursor_del(&peer->list);
	node->peer_count--;
}

/**
 * qn_peer_release - free a peer after the grace period
 * @peer: the peer
 *
 * Rooms above have let go of it. Its books go into the node's, so that those
 * balance for ever. Context: process.
 */
void qn_peer_release(struct qn_peer *peer)
{
	struct qn_node *node = peer->node;
	struct qn_books books = {};
	unsigned int i;

	cancel_delayed_work_sync(&peer->tick);
	if (peer->stream) {
		qn_stream_books(peer->stream, &books);
		/* What is held now is erased with the stream. */
		node->past_books[0] += books.in;
		node->past_books[1] += books.spent;
		node->past_books[2] += books.erased + books.held;
		node->past_books[3] += books.refused;
		qn_stream_free(peer->stream);
	}
	for (i = 0; i < __QN_C_MAX; i++)
		node->past_counters[i] += atomic64_read(&peer->counter[i]);
	dst_cache_destroy(&peer->dst);
	mem_cgroup_put(peer->mem.group);
	kfree_sensitive(peer->pairing.probe);
	kfree(peer);
}
