// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.h"

#include <linux/module.h>

#include "netlink_parts.h"
#include "peer.h"
#include "stream.h"

static bool unprivileged_ns;
module_param(unprivileged_ns, bool, 0644);
MODULE_PARM_DESC(unprivileged_ns,
		 "let the root of a user namespace make nodes, peers and sources");

/*
 * An attribute that comes twice is an error of the caller, whichever value he
 * meant; the parser would take the last one. And where do and dump of one
 * operation take different attributes the parser cannot know, since both have
 * one policy.
 */
static int attrs_check(const struct nlmsghdr *nlh, u64 takes,
		       struct netlink_ext_ack *extack)
{
	const struct nlattr *nla;
	u64 seen = 0;
	int left;

	nlmsg_for_each_attr(nla, nlh, GENL_HDRLEN, left) {
		u64 bit = BIT_ULL(nla_type(nla) & 63);

		if (!(takes & bit)) {
			NL_SET_ERR_MSG_ATTR(extack, nla,
					    "this form of the operation does not take the attribute");
			return -EINVAL;
		}
		if (seen & bit) {
			NL_SET_ERR_MSG_ATTR(extack, nla,
					    "attribute given twice");
			return -EINVAL;
		}
		seen |= bit;
	}
	return 0;
}

/**
 * qn_nl_begin - what a do handler asks before anything else
 * @info: the request
 * @takes: bit n: attribute n is taken by the do form
 * @node: out: the node; NULL if the caller does not need one, else not written
 *	on error
 *
 * Return: 0, -EINVAL or -ENODEV, with extack set.
 */
int qn_nl_begin(struct genl_info *info, u64 takes, struct qn_node **node)
{
	struct qn_node *n;
	int err;

	err = attrs_check(info->nlhdr, takes, info->extack);
	if (err || !node)
		return err;
	n = qn_node_of(genl_info_net(info));
	if (!n)
		return qn_nl_fail(info, -ENODEV,
				  "this network namespace has no node: make one with node-set");
	*node = n;
	return 0;
}

/**
 * qn_nl_privileged - may the caller make objects that pin memory and files?
 * @skb: the request
 * @info: the request
 *
 * Return: 0, or -EPERM with extack set: the caller is root of a user namespace
 * only, and the module parameter does not allow that (design, invariant 8).
 */
int qn_nl_privileged(struct sk_buff *skb, struct genl_info *info)
{
	if (READ_ONCE(unprivileged_ns) || netlink_capable(skb, CAP_NET_ADMIN))
		return 0;
	return qn_nl_fail(info, -EPERM,
			  "needs CAP_NET_ADMIN in the initial user namespace (or module parameter unprivileged_ns=1)");
}

/**
 * qn_nl_answer - send one object to who asked
 * @info: the request
 * @cmd: the operation
 * @fill: puts the attributes
 * @node: the node, its lock held
 * @object: the object
 *
 * Return: 0 or a negative error.
 */
int qn_nl_answer(struct genl_info *info, u8 cmd, qn_nl_fill fill,
		 struct qn_node *node, void *object)
{
	bool brief = cmd == QKDNF_CMD_PEER_GET &&
		     info->attrs[QKDNF_A_PEER_BRIEF];
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *hdr;
	int err;

	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &qn_genl_family, 0, cmd);
	err = hdr ? fill(msg, node, object, brief) : -EMSGSIZE;
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

/**
 * qn_nl_dump_begin - what a dump asks before anything else
 * @cb: the dump, in its start callback
 * @takes: bit n: attribute n is taken by the dump form
 *
 * Return: 0, -EINVAL or -ENODEV, with extack set.
 */
int qn_nl_dump_begin(struct netlink_callback *cb, u64 takes)
{
	int err = attrs_check(cb->nlh, takes, cb->extack);

	if (err)
		return err;
	if (!qn_node_of(sock_net(cb->skb->sk))) {
		NL_SET_ERR_MSG(cb->extack,
			       "this network namespace has no node: make one with node-set");
		return -ENODEV;
	}
	memset(qn_nl_dump(cb), 0, sizeof(struct qn_nl_dump));
	return 0;
}

/**
 * qn_nl_dump_u64 - the value of an attribute of a dump's request
 * @cb: the dump, in its start callback: the policy holds
 * @attribute: a u64, never 0
 *
 * Return: the value, or 0 if it was not given.
 */
u64 qn_nl_dump_u64(struct netlink_callback *cb, int attribute)
{
	struct nlattr *nla = nlmsg_find_attr(cb->nlh, GENL_HDRLEN, attribute);

	return nla ? nla_get_u64(nla) : 0;
}

/**
 * qn_nl_dump_item - add one object to a piece of a dump
 * @skb: the piece
 * @cb: the dump
 * @cmd: the operation
 * @fill: puts the attributes
 * @node: the node, its lock held
 * @object: the object
 *
 * Return: 0, or -EMSGSIZE: the piece is full, the object comes in the next.
 */
int qn_nl_dump_item(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		    qn_nl_fill fill, struct qn_node *node, void *object)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &qn_genl_family,
				NLM_F_MULTI, cmd);

	if (!hdr)
		return -EMSGSIZE;
	if (fill(skb, node, object, qn_nl_dump(cb)->brief)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/**
 * qn_nl_dump_lock - the node of a dump, locked
 * @skb: the piece
 *
 * Return: the node; NULL if it went away since the piece before, which ends
 * the dump.
 */
struct qn_node *qn_nl_dump_lock(struct sk_buff *skb)
{
	struct qn_node *node = qn_node_of(sock_net(skb->sk));

	if (node)
		mutex_lock(&node->lock);
	return node;
}

/**
 * qn_nl_dump_unlock - end a piece of a dump
 * @skb: the piece
 * @cb: the dump
 * @node: what qn_nl_dump_lock() returned
 *
 * Return: what the dump callback returns: an empty piece is the last.
 */
int qn_nl_dump_unlock(struct sk_buff *skb, struct netlink_callback *cb,
		      struct qn_node *node)
{
	if (node)
		mutex_unlock(&node->lock);
	return skb->len;
}

/**
 * qn_nl_peer - the peer that an attribute names
 * @info: the request, with the attribute
 * @node: the node, its lock held
 * @attribute: a node id
 *
 * Return: the peer, or ERR_PTR(-ENOENT) with extack set.
 */
struct qn_peer *qn_nl_peer(struct genl_info *info, struct qn_node *node,
			   int attribute)
{
	struct qn_peer *peer;

	lockdep_assert_held(&node->lock);
	rcu_read_lock();
	peer = qn_peer_find(node, nla_get_u64(info->attrs[attribute]));
	rcu_read_unlock();	/* node->lock keeps the peer */
	if (peer && !peer->dead)
		return peer;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attribute],
			    "no such peer: make it with peer-new");
	return ERR_PTR(-ENOENT);
}

/**
 * qn_nl_node_id_ok - has a node id both of its parts?
 * @id: provider << 32 | node
 */
bool qn_nl_node_id_ok(u64 id)
{
	return upper_32_bits(id) && lower_32_bits(id);
}

/**
 * qn_nl_put_books - put the nest `books`
 * @skb: the message
 * @attribute: the nest's attribute
 * @b: the books
 *
 * Return: 0 or -EMSGSIZE.
 */
int qn_nl_put_books(struct sk_buff *skb, int attribute,
		    const struct qn_books *b)
{
	struct nlattr *nest = nla_nest_start(skb, attribute);

	if (!nest ||
	    nla_put_u64_64bit(skb, QKDNF_A_BOOKS_IN, b->in,
			      QKDNF_A_BOOKS_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_BOOKS_SPENT, b->spent,
			      QKDNF_A_BOOKS_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_BOOKS_HELD, b->held,
			      QKDNF_A_BOOKS_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_BOOKS_ERASED, b->erased,
			      QKDNF_A_BOOKS_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* The nest `counters` has the order of enum qn_counter, behind the pad. */
#define IN_PLACE(attribute, counter)					\
	static_assert((int)(counter) + 2 == (int)(attribute))

IN_PLACE(QKDNF_A_COUNTERS_RX_FRAMES, QN_C_RX_FRAMES);
IN_PLACE(QKDNF_A_COUNTERS_CONTROL_OCTETS, QN_C_CONTROL_OCTETS);
IN_PLACE(QKDNF_A_COUNTERS_DROP_TAG, QN_C_DROP_TAG);
IN_PLACE(QKDNF_A_COUNTERS_DROP_MEMORY, QN_C_DROP_MEMORY);
IN_PLACE(QKDNF_A_COUNTERS_CONFIRM_MISMATCH, QN_C_CONFIRM_MISMATCH);
IN_PLACE(QKDNF_A_COUNTERS_FLOW_REFUSED, QN_C_FLOW_REFUSED);
static_assert((int)__QN_C_MAX + 1 == (int)QKDNF_A_COUNTERS_MAX);

/**
 * qn_nl_put_counters - put the nest `counters`
 * @skb: the message
 * @attribute: the nest's attribute
 * @counter: __QN_C_MAX values
 *
 * Return: 0 or -EMSGSIZE.
 */
int qn_nl_put_counters(struct sk_buff *skb, int attribute, const u64 *counter)
{
	struct nlattr *nest = nla_nest_start(skb, attribute);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < __QN_C_MAX; i++)
		if (nla_put_u64_64bit(skb, i + 2, counter[i],
				      QKDNF_A_COUNTERS_PAD))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

#define POLICY(op)							\
	.policy = qn_ ## op ## _policy,					\
	.maxattr = ARRAY_SIZE(qn_ ## op ## _policy) - 1

/*
 * The order and the fields are compared with the specification by
 * tests/netlink/check_spec.py. Validation is strict: no operation relaxes it.
 * Operations without a policy take no attribute; the core refuses any.
 */
static const struct genl_ops ops[] = {
	{
		.cmd = QKDNF_CMD_NODE_GET,
		.doit = qn_nl_node_get,
	},
	{
		.cmd = QKDNF_CMD_NODE_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_node_set,
		POLICY(node_set),
	},
	{
		.cmd = QKDNF_CMD_NODE_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_node_del,
	},
	{
		.cmd = QKDNF_CMD_PEER_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_peer_get,
		.start = qn_nl_peer_start,
		.dumpit = qn_nl_peer_dump,
		POLICY(peer_get),
	},
	{
		.cmd = QKDNF_CMD_PEER_NEW,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_peer_new,
		POLICY(peer_new),
	},
	{
		.cmd = QKDNF_CMD_PEER_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_peer_set,
		POLICY(peer_set),
	},
	{
		.cmd = QKDNF_CMD_PEER_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_peer_del,
		POLICY(peer_del),
	},
	{
		.cmd = QKDNF_CMD_SOURCE_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_source_get,
		.start = qn_nl_source_start,
		.dumpit = qn_nl_source_dump,
		POLICY(source_get),
	},
	{
		.cmd = QKDNF_CMD_SOURCE_NEW,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_source_new,
		POLICY(source_new),
	},
	{
		.cmd = QKDNF_CMD_SOURCE_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_source_del,
		POLICY(source_del),
	},
	{
		.cmd = QKDNF_CMD_ROUTE_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_route_get,
		.start = qn_nl_route_start,
		.dumpit = qn_nl_route_dump,
		POLICY(route_get),
	},
	{
		.cmd = QKDNF_CMD_ROUTE_NEW,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_route_new,
		POLICY(route_new),
	},
	{
		.cmd = QKDNF_CMD_ROUTE_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_route_del,
		POLICY(route_del),
	},
	{
		.cmd = QKDNF_CMD_CONTRACT_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_contract_get,
		.start = qn_nl_contract_start,
		.dumpit = qn_nl_contract_dump,
		POLICY(contract_get),
	},
	{
		.cmd = QKDNF_CMD_CONTRACT_NEW,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_contract_new,
		POLICY(contract_new),
	},
	{
		.cmd = QKDNF_CMD_CONTRACT_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_contract_set,
		POLICY(contract_set),
	},
	{
		.cmd = QKDNF_CMD_CONTRACT_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_contract_del,
		POLICY(contract_del),
	},
	{
		.cmd = QKDNF_CMD_CONTRACT_MARK,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_contract_mark,
		POLICY(contract_mark),
	},
	{
		.cmd = QKDNF_CMD_FLOW_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.start = qn_nl_flow_start,
		.dumpit = qn_nl_flow_dump,
		POLICY(flow_get),
	},
	{
		.cmd = QKDNF_CMD_RELAY_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_relay_get,
		.start = qn_nl_relay_start,
		.dumpit = qn_nl_relay_dump,
		POLICY(relay_get),
	},
	{
		.cmd = QKDNF_CMD_SUPPLY_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.start = qn_nl_supply_start,
		.dumpit = qn_nl_supply_dump,
		POLICY(supply_get),
	},
	{
		.cmd = QKDNF_CMD_STATS_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_stats_get,
	},
	{
		.cmd = QKDNF_CMD_BINDING_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_binding_get,
		.start = qn_nl_binding_start,
		.dumpit = qn_nl_binding_dump,
		POLICY(binding_get),
	},
	{
		.cmd = QKDNF_CMD_BINDING_NEW,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_binding_new,
		POLICY(binding_new),
	},
	{
		.cmd = QKDNF_CMD_BINDING_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_binding_del,
		POLICY(binding_del),
	},
	{
		.cmd = QKDNF_CMD_BINDING_REKEY,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_binding_rekey,
		POLICY(binding_rekey),
	},
	{
		.cmd = QKDNF_CMD_BINDING_MOVE,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = qn_nl_binding_move,
		POLICY(binding_move),
	},
};

static const struct genl_multicast_group groups[] = {
	[QN_EVENT_GROUP] = { .name = QKDNF_MCGRP_EVENTS },
};

struct genl_family qn_genl_family __ro_after_init = {
	.name = QKDNF_FAMILY_NAME,
	.version = QKDNF_FAMILY_VERSION,
	.netnsok = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/**
 * qn_netlink_init - register the family; the last step of loading
 *
 * From here on requests come. Return: 0 or a negative error.
 */
int __init qn_netlink_init(void)
{
	int err = genl_register_family(&qn_genl_family);

	if (!err)
		qn_event_open();
	return err;
}

/**
 * qn_netlink_exit - unregister the family; the first step of unloading
 *
 * No request runs and no event is sent after it.
 */
void qn_netlink_exit(void)
{
	qn_event_close();
	genl_unregister_family(&qn_genl_family);
}
