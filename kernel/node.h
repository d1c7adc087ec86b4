/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The node: what a network namespace has one of.
 *
 * Locks: @lock orders every change of configuration (peers, routes, contracts,
 * sources); the datapath takes none of it and reads under RCU.
 */
#ifndef _QN_NODE_H
#define _QN_NODE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/types.h>

#include "mem.h"

struct net;
struct qn_arrivals;
struct qn_bindings;
struct qn_contracts;
struct qn_flows;
struct qn_routes;
struct qn_stream;

enum qn_unclaimed {
	QN_U_RX,
	QN_U_SHORT,
	QN_U_VERSION,
	QN_U_TYPE,
	QN_U_FORM,
	QN_U_SENDER,
	__QN_U_MAX,
};

/* Order and meaning: attribute set `counters` of tools/netlink/qkdnf.yaml. */
enum qn_counter {
	QN_C_RX_FRAMES,
	QN_C_RX_OCTETS,
	QN_C_TX_FRAMES,
	QN_C_TX_OCTETS,
	QN_C_PROBE_RX,
	QN_C_PROBE_TX,
	QN_C_HELLO_RX,
	QN_C_HELLO_TX,
	QN_C_GRANT_IN,
	QN_C_GRANT_OUT,
	QN_C_SUPPLY_RX,
	QN_C_SUPPLY_TX,
	QN_C_RELAY_RX,
	QN_C_RELAY_TX,
	QN_C_RELAY_FORWARDED,
	QN_C_ACK_RX,
	QN_C_ACK_TX,
	QN_C_NAK_RX,
	QN_C_NAK_TX,
	QN_C_CONTROL_OCTETS,
	QN_C_DROP_FORM,
	QN_C_DROP_ADDRESS,
	QN_C_DROP_SEGMENT,
	QN_C_DROP_OWNER,
	QN_C_DROP_CLAIMED,
	QN_C_DROP_TAG,
	QN_C_DROP_STALE,
	QN_C_DROP_BINDING,
	QN_C_DROP_ROUTE,
	QN_C_DROP_KEY,
	QN_C_DROP_HOP_LIMIT,
	QN_C_DROP_CONTRACT,
	QN_C_DROP_RATE,
	QN_C_DROP_DUPLICATE,
	QN_C_DROP_MEMORY,
	QN_C_TX_KEY,
	QN_C_TX_ERROR,
	QN_C_CONFIRM_MISMATCH,
	QN_C_FLOW_EVICTED,
	QN_C_FLOW_REFUSED,
	__QN_C_MAX,
};

struct qn_node {
	u64 id;
	struct net *net;
	u16 port;
	u64 start_time;			/* Unix time, seconds */
	struct mutex lock;
	struct qn_mem mem;
	struct qn_arrivals __percpu *arrivals;
	struct socket __rcu *sock4;
	struct socket __rcu *sock6;
	struct rhashtable peers;	/* by id */
	struct list_head peer_list;	/* in order of creation, under lock */
	u32 peer_count;
	struct workqueue_struct *wq;
	struct qn_routes *routes;
	struct qn_contracts *contracts;
	struct qn_flows *flows;
	struct qn_bindings *bindings;
	atomic64_t unclaimed[__QN_U_MAX];
	/* Sums over peers that are gone. */
	u64 past_counters[__QN_C_MAX];
	u64 past_books[4];		/* in, spent, erased, refused */
	bool dead;			/* under lock */
	refcount_t refs;		/* of process context; see qn_node_get() */
	struct rcu_head rcu;
};

/**
 * qn_node_of - the node of a network namespace
 * @net: the network namespace
 *
 * Context: under rcu_read_lock() or the genl lock. Return: it, or NULL.
 */
struct qn_node *qn_node_of(struct net *net);

/*
 * Hold a node from process context, outside RCU and the genl lock. Whoever
 * then takes node->lock looks at node->dead before anything else.
 */
struct qn_node *qn_node_get(struct net *net);
void qn_node_put(struct qn_node *node);

typedef void (*qn_node_exit_fn)(struct net *net);

void qn_node_publish(struct net *net, struct qn_node *node);
int qn_nodes_init(qn_node_exit_fn exit);
void qn_nodes_exit(void);

static inline u32 qn_provider(u64 id)
{
	return id >> 32;
}

#endif /* _QN_NODE_H */
