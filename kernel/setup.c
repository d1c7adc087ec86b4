// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers are put together here, and taken apart in this order:
 *
 *	1. out of the table and of all routes, contracts and flows: no frame
 *	   finds it any more
 *	2. the tick is cancelled and the source dropped: nobody fills the stream
 *	3. a grace period: whoever found it before has let go of it
 *	4. erased and freed
 */
#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/qkdnf.h>

#include "binding.h"
#include "contract.h"
#include "flow.h"
#include "frame.h"
#include "grant.h"
#include "hashkey.h"
#include "power.h"
#include "remote.h"
#include "route.h"
#include "setup.h"
#include "socket.h"
#include "source.h"
#include "stream.h"
#include "supply.h"
#include "tunnel.h"

/*
 * Charged to the peer's budget beside the octets of its segments: their claim
 * bits, the window of segments that are being assembled, and with shares what
 * each route carried of those that are under way.
 */
static long budget_of(const struct qn_peer_config *c)
{
	long windows = 0;

	if (c->remote)
		windows = QN_ASSEMBLY_SEGS;
	if (c->remote && c->shares > 1)
		windows += QN_WINDOW_SEGS * c->shares;
	return c->pool_max + c->pool_max / 4 + (windows << c->shift);
}

static void config_apply(struct qn_peer *peer, const struct qn_peer_config *c)
{
	struct qn_remote *r = peer->remote_half;

	spin_lock_bh(&peer->lock);
	strscpy(peer->name, c->name, sizeof(peer->name));
	peer->end = c->end;
	peer->border = c->border;
	peer->low = c->low;
	peer->high = c->high;
	peer->pool_max = c->pool_max;
	peer->hello_ms = c->hello_ms;
	spin_unlock_bh(&peer->lock);
	dst_cache_reset(&peer->dst);
	WRITE_ONCE(peer->mem.max, budget_of(c));
	WRITE_ONCE(peer->stream->max_segs, c->pool_max >> c->shift);
	if (!r)
		return;
	spin_lock_bh(&r->lock);
	r->weight = c->weight;
	r->max_rate = c->max_rate;
	spin_unlock_bh(&r->lock);
}

/**
 * qn_peer_setup - make a peer and let it meet the other end
 * @node: its node
 * @c: what it shall be
 *
 * Context: process, under node->lock. Return: 0, -EEXIST, -ENOSPC (too many
 * peers) or -ENOMEM.
 */
int qn_peer_setup(struct qn_node *node, const struct qn_peer_config *c)
{
	struct qn_peer *peer;
	int err = -ENOMEM;

	lockdep_assert_held(&node->lock);
	if (node->peer_count >= QN_PEERS_MAX)
		return -ENOSPC;
	rcu_read_lock();
	peer = qn_peer_find(node, c->id);
	rcu_read_unlock();
	if (peer)
		return -EEXIST;
	peer = qn_peer_alloc(node, c->id);
	if (!peer)
		return -ENOMEM;
	peer->remote = c->remote;
	peer->shift = c->shift;
	qn_mem_init(&peer->mem, budget_of(c), &node->mem);
	if (c->charged)
		peer->mem.group = get_mem_cgroup_from_mm(current->mm);
	peer->stream = qn_stream_new(&(struct qn_stream_params){
		.shift = c->shift,
		/* even segments are born to the lower id */
		.lane = node->id > c->id,
		.remote = c->remote,
		.max_segs = c->pool_max >> c->shift,
		.mem = &peer->mem,
		.wq = node->wq,
	});
	if (!peer->stream)
		goto free;
	if (c->remote) {
		peer->remote_half = qn_remote_new(peer, c->shares, c->scheme,
						  c->weight, c->max_rate);
		if (!peer->remote_half)
			goto free;
		peer->computational = c->scheme == QKDNF_SCHEME_OTP;
	}
	if (qn_supply_init(peer))
		goto free;
	config_apply(peer, c);
	if (qn_power_suspending())
		qn_stream_halt(peer->stream);
	err = qn_peer_insert(peer);
	if (err)
		goto free;
	qn_peer_kick(peer, 0);
	return 0;

free:
	qn_supply_free(peer);
	qn_remote_free(peer->remote_half);
	qn_peer_release(peer);
	return err;
}

/**
 * qn_peer_config_get - what a peer is
 * @peer: the peer
 * @c: out
 *
 * Context: process, under node->lock.
 */
void qn_peer_config_get(struct qn_peer *peer, struct qn_peer_config *c)
{
	struct qn_remote *r = peer->remote_half;

	memset(c, 0, sizeof(*c));
	c->id = peer->id;
	c->remote = peer->remote;
	c->shift = peer->shift;
	c->end = peer->end;
	c->border = peer->border;
	c->pool_max = peer->pool_max;
	c->low = peer->low;
	c->high = peer->high;
	c->hello_ms = peer->hello_ms;
	strscpy(c->name, peer->name, sizeof(c->name));
	if (r) {
		c->scheme = r->scheme;
		c->shares = r->shares;
		c->weight = r->weight;
		c->max_rate = r->max_rate;
	}
}

/**
 * qn_peer_config_set - change a peer
 * @peer: the peer
 * @c: what it shall be; what is fixed is as it was
 *
 * The ring of the stream has room for twice the segments that the peer was made
 * with; a larger pool needs the peer to be made anew.
 *
 * Context: process, under node->lock. Return: 0 or -E2BIG: no such pool.
 */
int qn_peer_config_set(struct qn_peer *peer, const struct qn_peer_config *c)
{
	if (2 * (c->pool_max >> c->shift) > peer->stream->ring_mask + 1)
		return -E2BIG;
	config_apply(peer, c);
	qn_peer_kick(peer, 0);
	return 0;
}

/**
 * qn_source_teardown - take the source of a peer away; its file is dropped
 * @peer: the peer
 *
 * Context: process, under node->lock.
 */
void qn_source_teardown(struct qn_peer *peer)
{
	struct qn_source *src = peer->source;

	if (!src)
		return;
	WRITE_ONCE(peer->source, NULL);
	/* the tick looks at the source without a lock */
	cancel_delayed_work_sync(&peer->tick);
	qn_source_free(src);
	qn_peer_kick(peer, 0);
}

/* Step 1. */
static void peer_hide(struct qn_peer *peer)
{
	struct qn_node *node = peer->node;

	qn_peer_unhash(peer);
	qn_tunnel_forget_peer(peer);
	if (!peer->remote) {
		qn_routes_forget_peer(node, peer);
		qn_contracts_forget_peer(node, peer);
		qn_flows_forget_peer(node, peer);
	}
}

/* Step 2. */
static void peer_stop(struct qn_peer *peer)
{
	cancel_delayed_work_sync(&peer->tick);
	qn_source_teardown(peer);
}

/* Step 4. */
static void peer_erase(struct qn_peer *peer)
{
	spin_lock_bh(&peer->lock);
	qn_hashkey_drop(peer);
	spin_unlock_bh(&peer->lock);
	qn_grants_forget(peer);
	qn_supply_free(peer);
	qn_remote_free(peer->remote_half);
	qn_peer_release(peer);
}

/**
 * qn_peer_teardown - erase the stream of a peer and take it away
 * @peer: the peer; gone afterwards
 *
 * Context: process, under node->lock; sleeps for a grace period.
 */
void qn_peer_teardown(struct qn_peer *peer)
{
	lockdep_assert_held(&peer->node->lock);
	peer_hide(peer);
	peer_stop(peer);
	synchronize_net();
	peer_erase(peer);
}

/**
 * qn_peers_teardown - take all peers of a node away, in one grace period
 * @node: the node
 *
 * Context: process, under node->lock.
 */
void qn_peers_teardown(struct qn_node *node)
{
	struct qn_peer *peer, *next;
	LIST_HEAD(gone);

	lockdep_assert_held(&node->lock);
	list_for_each_entry_safe(peer, next, &node->peer_list, list) {
		peer_hide(peer);
		list_add_tail(&peer->list, &gone);
	}
	list_for_each_entry(peer, &gone, list)
		peer_stop(peer);
	synchronize_net();
	list_for_each_entry_safe(peer, next, &gone, list)
		peer_erase(peer);
}

/* What all nodes of all namespaces may hold: an eighth of the machine's memory. */
static struct qn_mem module_mem;

#define NODE_MEM_SHARE	2	/* default of a node: half of the module's */

static long module_limit(void)
{
	return (long)totalram_pages() << PAGE_SHIFT >> 3;
}

/**
 * qn_node_limit - change how much the streams of a node may hold
 * @node: the node
 * @mem_max: octets; 0: the default
 */
void qn_node_limit(struct qn_node *node, u64 mem_max)
{
	if (!mem_max || mem_max > LONG_MAX)
		mem_max = module_limit() / NODE_MEM_SHARE;
	WRITE_ONCE(node->mem.max, mem_max);
}

/**
 * qn_node_setup - make the node of a network namespace
 * @net: network namespace without a node
 * @id: node id
 * @port: UDP port
 * @mem_max: octets that its streams may hold; 0: the default
 *
 * Context: process, under the genl lock. Return: 0, -EADDRINUSE, -ENOMEM or what
 * the sockets say.
 */
int qn_node_setup(struct net *net, u64 id, u16 port, u64 mem_max)
{
	struct qn_node *node;
	int err;

	if (!module_mem.max)
		qn_mem_init(&module_mem, module_limit(), NULL);
	node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);
	if (!node)
		return -ENOMEM;
	node->id = id;
	node->net = net;
	node->port = port;
	node->start_time = ktime_get_real_seconds();
	mutex_init(&node->lock);
	refcount_set(&node->refs, 1);
	qn_mem_init(&node->mem, 0, &module_mem);
	qn_node_limit(node, mem_max);

	err = -ENOMEM;
	node->wq = alloc_workqueue("qkdnf", WQ_UNBOUND, 0);
	if (!node->wq)
		goto free;
	err = qn_peer_table_init(node);
	if (err)
		goto wq;
	err = qn_routes_init(node);
	if (err)
		goto peers;
	err = qn_contracts_init(node);
	if (err)
		goto routes;
	err = qn_flows_init(node);
	if (err)
		goto contracts;
	err = qn_bindings_init(node);
	if (err)
		goto flows;
	err = qn_socket_open(node, qn_frame_rx);
	if (err)
		goto bindings;
	qn_node_publish(net, node);
	return 0;

bindings:
	qn_bindings_exit(node);
flows:
	qn_flows_exit(node);
contracts:
	qn_contracts_exit(node);
routes:
	qn_routes_exit(node);
peers:
	qn_peer_table_exit(node);
wq:
	destroy_workqueue(node->wq);
free:
	kfree(node);
	return err;
}

/**
 * qn_node_teardown - erase all streams of a node and take it away
 * @net: its network namespace
 *
 * Context: process, under the genl lock or in the namespace's exit.
 */
void qn_node_teardown(struct net *net)
{
	struct qn_node *node = qn_node_of(net);

	qn_node_publish(net, NULL);
	mutex_lock(&node->lock);
	node->dead = true;
	/* Nothing is heard or sent any more; sources and ticks still run. */
	qn_socket_close(node);
	qn_bindings_exit(node);
	qn_peers_teardown(node);
	qn_flows_exit(node);
	qn_contracts_exit(node);
	qn_routes_exit(node);
	mutex_unlock(&node->lock);
	qn_tunnel_reap();
	destroy_workqueue(node->wq);
	qn_peer_table_exit(node);
	qn_node_put(node);
}
