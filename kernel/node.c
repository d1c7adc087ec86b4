// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node of a network namespace: finding and holding it.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "node.h"

struct node_net {
	struct qn_node __rcu *node;
};

static unsigned int node_net_id __read_mostly;

struct qn_node *qn_node_of(struct net *net)
{
	struct node_net *nn = net_generic(net, node_net_id);

	return rcu_dereference_raw(nn->node);
}

/**
 * qn_node_publish - let a node be found in its namespace, or no node any more
 * @net: the network namespace
 * @node: the node
 *
 * Context: process, under the genl lock or in the namespace's exit.
 */
void qn_node_publish(struct net *net, struct qn_node *node)
{
	struct node_net *nn = net_generic(net, node_net_id);

	rcu_assign_pointer(nn->node, node);
}

/**
 * qn_node_get - hold the node of a namespace from process context
 * @net: the network namespace
 *
 * Return: it, or NULL.
 */
struct qn_node *qn_node_get(struct net *net)
{
	struct qn_node *node;

	rcu_read_lock();
	node = qn_node_of(net);
	if (node && !refcount_inc_not_zero(&node->refs))
		node = NULL;
	rcu_read_unlock();
	return node;
}

/**
 * qn_node_put - let go of a node; the last one frees it
 * @node: the node
 */
void qn_node_put(struct qn_node *node)
{
	if (!refcount_dec_and_test(&node->refs))
		return;
	mutex_destroy(&node->lock);
	kfree_rcu(node, rcu);
}

static qn_node_exit_fn node_exit;

static void __net_exit net_exit(struct net *net)
{
	if (qn_node_of(net))
		node_exit(net);
}

static struct pernet_operations net_ops = {
	.exit = net_exit,
	.id = &node_net_id,
	.size = sizeof(struct node_net),
};

/**
 * qn_nodes_init - have a place for a node in every network namespace
 * @exit: takes a node away when its namespace goes
 */
int qn_nodes_init(qn_node_exit_fn exit)
{
	node_exit = exit;
	return register_pernet_device(&net_ops);
}

/**
 * qn_nodes_exit - take away all nodes of all namespaces
 */
void qn_nodes_exit(void)
{
	unregister_pernet_device(&net_ops);
}
