// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on the node, and its sums.
 */
#include "contract.h"
#include "netlink_parts.h"
#include "peer.h"
#include "route.h"
#include "setup.h"
#include "stream.h"

static int put64(struct sk_buff *skb, int attribute, u64 value)
{
	return nla_put_u64_64bit(skb, attribute, value, QKDNF_A_NODE_PAD);
}

static int node_fill(struct sk_buff *skb, struct qn_node *node, void *object,
		     bool brief)
{
	if (put64(skb, QKDNF_A_NODE_ID, node->id) ||
	    nla_put_u16(skb, QKDNF_A_NODE_PORT, node->port) ||
	    put64(skb, QKDNF_A_NODE_MEM_MAX, READ_ONCE(node->mem.max)) ||
	    put64(skb, QKDNF_A_NODE_MEM_USED,
		  atomic_long_read(&node->mem.used)) ||
	    put64(skb, QKDNF_A_NODE_START_TIME, node->start_time) ||
	    nla_put_u32(skb, QKDNF_A_NODE_PEERS, node->peer_count) ||
	    nla_put_u32(skb, QKDNF_A_NODE_ROUTES, qn_routes_count(node)) ||
	    nla_put_u32(skb, QKDNF_A_NODE_CONTRACTS,
			qn_contracts_count(node)))
		return -EMSGSIZE;
	return 0;
}

/* The node of this namespace. */
int qn_nl_node_get(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_node *node;
	int err = qn_nl_begin(info, ~0ULL, &node);

	if (err)
		return err;
	mutex_lock(&node->lock);
	err = qn_nl_answer(info, QKDNF_CMD_NODE_GET, node_fill, node, NULL);
	mutex_unlock(&node->lock);
	return err;
}

static int node_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	u16 port = QN_UDP_PORT;
	u64 id, mem_max = 0;
	int err;

	err = qn_nl_privileged(skb, info);
	if (err)
		return err;
	if (!a[QKDNF_A_NODE_ID])
		return qn_nl_missing(info, QKDNF_A_NODE_ID,
				     "this network namespace has no node: give id to make one");
	id = nla_get_u64(a[QKDNF_A_NODE_ID]);
	if (!qn_nl_node_id_ok(id))
		return qn_nl_bad(info, QKDNF_A_NODE_ID, -EINVAL,
				 "a node id has a provider and a node part, neither of them 0");
	if (a[QKDNF_A_NODE_PORT])
		port = nla_get_u16(a[QKDNF_A_NODE_PORT]);
	if (a[QKDNF_A_NODE_MEM_MAX])
		mem_max = nla_get_u64(a[QKDNF_A_NODE_MEM_MAX]);
	err = qn_node_setup(genl_info_net(info), id, port, mem_max);
	if (err == -EADDRINUSE) {
		if (a[QKDNF_A_NODE_PORT])
			NL_SET_BAD_ATTR(info->extack, a[QKDNF_A_NODE_PORT]);
		return qn_nl_fail(info, err, "the UDP port is taken");
	}
	if (err == -ENOMEM)
		return qn_nl_fail(info, err, "no memory for the node");
	if (err)
		return qn_nl_fail(info, err, "the node could not be made");
	return 0;
}

/* Make the node, or change what can be changed. */
int qn_nl_node_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, ~0ULL, NULL);
	if (err)
		return err;
	node = qn_node_of(genl_info_net(info));
	if (!node)
		return node_new(skb, info);
	if (a[QKDNF_A_NODE_ID] && nla_get_u64(a[QKDNF_A_NODE_ID]) != node->id)
		return qn_nl_bad(info, QKDNF_A_NODE_ID, -EOPNOTSUPP,
				 "the node has another id: take it away with node-del first");
	if (a[QKDNF_A_NODE_PORT] &&
	    nla_get_u16(a[QKDNF_A_NODE_PORT]) != node->port)
		return qn_nl_bad(info, QKDNF_A_NODE_PORT, -EOPNOTSUPP,
				 "the port is fixed when the node is made");
	if (a[QKDNF_A_NODE_MEM_MAX])
		qn_node_limit(node, nla_get_u64(a[QKDNF_A_NODE_MEM_MAX]));
	return 0;
}

/* Erase everything and take the node away. */
int qn_nl_node_del(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_node *node;
	int err = qn_nl_begin(info, ~0ULL, &node);

	if (!err)
		qn_node_teardown(genl_info_net(info));
	return err;
}

struct sums {
	struct qn_books books;
	u64 counter[__QN_C_MAX];
	u32 peers_up;
};

/* All peers that there are, and those that were. */
static void sums_make(struct qn_node *node, struct sums *s)
{
	struct qn_books books;
	struct qn_peer *peer;
	int i;

	s->books.in = node->past_books[0];
	s->books.spent = node->past_books[1];
	s->books.erased = node->past_books[2];
	memcpy(s->counter, node->past_counters, sizeof(s->counter));
	list_for_each_entry(peer, &node->peer_list, list) {
		qn_stream_books(peer->stream, &books);
		s->books.in += books.in;
		s->books.spent += books.spent;
		s->books.held += books.held;
		s->books.erased += books.erased;
		for (i = 0; i < __QN_C_MAX; i++)
			s->counter[i] += atomic64_read(&peer->counter[i]);
		s->peers_up += READ_ONCE(peer->up);
	}
}

/* The nest `unclaimed` has the order of enum qn_unclaimed, behind the pad. */
#define IN_PLACE(attribute, counter)					\
	static_assert((int)(counter) + 2 == (int)(attribute))

IN_PLACE(QKDNF_A_UNCLAIMED_RX_FRAMES, QN_U_RX);
IN_PLACE(QKDNF_A_UNCLAIMED_SHORT, QN_U_SHORT);
IN_PLACE(QKDNF_A_UNCLAIMED_VERSION, QN_U_VERSION);
IN_PLACE(QKDNF_A_UNCLAIMED_TYPE, QN_U_TYPE);
IN_PLACE(QKDNF_A_UNCLAIMED_FORM, QN_U_FORM);
IN_PLACE(QKDNF_A_UNCLAIMED_SENDER, QN_U_SENDER);
static_assert((int)__QN_U_MAX + 1 == (int)QKDNF_A_UNCLAIMED_MAX);

static int unclaimed_fill(struct sk_buff *skb, struct qn_node *node)
{
	struct nlattr *nest = nla_nest_start(skb, QKDNF_A_STATS_UNCLAIMED);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < __QN_U_MAX; i++)
		if (nla_put_u64_64bit(skb, i + 2,
				      atomic64_read(&node->unclaimed[i]),
				      QKDNF_A_UNCLAIMED_PAD))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int stats_fill(struct sk_buff *skb, struct qn_node *node, void *object,
		      bool brief)
{
	struct sums *s = object;

	if (nla_put_u64_64bit(skb, QKDNF_A_STATS_MEM_MAX,
			      READ_ONCE(node->mem.max), QKDNF_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_STATS_MEM_USED,
			      atomic_long_read(&node->mem.used),
			      QKDNF_A_STATS_PAD) ||
	    nla_put_u32(skb, QKDNF_A_STATS_PEERS, node->peer_count) ||
	    nla_put_u32(skb, QKDNF_A_STATS_PEERS_UP, s->peers_up) ||
	    nla_put_u64_64bit(skb, QKDNF_A_STATS_EVENTS_DROPPED,
			      qn_event_dropped(node->net), QKDNF_A_STATS_PAD))
		return -EMSGSIZE;
	if (qn_nl_put_counters(skb, QKDNF_A_STATS_COUNTERS, s->counter) ||
	    unclaimed_fill(skb, node))
		return -EMSGSIZE;
	return qn_nl_put_books(skb, QKDNF_A_STATS_BOOKS, &s->books);
}

/* Sums over the node. */
int qn_nl_stats_get(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_node *node;
	struct sums *s;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (err)
		return err;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	mutex_lock(&node->lock);
	sums_make(node, s);
	err = qn_nl_answer(info, QKDNF_CMD_STATS_GET, stats_fill, node, s);
	mutex_unlock(&node->lock);
	kfree(s);
	return err;
}
