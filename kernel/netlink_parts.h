/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the netlink room share.
 */
#ifndef _QN_NETLINK_PARTS_H
#define _QN_NETLINK_PARTS_H

#include <net/genetlink.h>
#include <linux/qkdnf.h>

#include "cursor.h"
#include "event.h"
#include "netlink_policy.h"
#include "node.h"

struct qn_peer;

/* Every refusal has a text; what is missing is named by its number, too. */
#define qn_nl_missing(info, attribute, text) ({				\
	NL_SET_ERR_ATTR_MISS((info)->extack, NULL, attribute);		\
	NL_SET_ERR_MSG((info)->extack, text);				\
	-EINVAL;							\
})

#define qn_nl_bad(info, attribute, error, text) ({			\
	NL_SET_ERR_MSG_ATTR((info)->extack, (info)->attrs[attribute],	\
			    text);					\
	error;								\
})

#define qn_nl_fail(info, error, text) ({				\
	NL_SET_ERR_MSG((info)->extack, text);				\
	error;								\
})

/**
 * typedef qn_nl_fill - put the attributes of an object into a message
 * @skb: the message
 * @node: the node, its lock held
 * @object: what it is about
 * @brief: leave out what costs time and room
 *
 * Return: 0, or -EMSGSIZE: no room.
 */
typedef int (*qn_nl_fill)(struct sk_buff *skb, struct qn_node *node,
			  void *object, bool brief);

/**
 * struct qn_nl_dump - where a dump is, in the callback's context
 * @cursor: place in a list
 * @peer: only what belongs to this peer; 0: all
 * @place: place within one object
 * @place_of: low half of the serial number of that object; another one, that
 *	has taken its turn since it is gone, is told from its start
 * @brief: as asked for
 * @over: all is told
 */
struct qn_nl_dump {
	struct qn_cursor cursor;
	u64 peer;
	u32 place;
	u32 place_of;
	bool brief;
	bool over;
};

static inline struct qn_nl_dump *qn_nl_dump(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct qn_nl_dump) > sizeof(cb->ctx));
	return (struct qn_nl_dump *)cb->ctx;
}

int qn_nl_begin(struct genl_info *info, u64 takes, struct qn_node **node);
int qn_nl_privileged(struct sk_buff *skb, struct genl_info *info);
int qn_nl_answer(struct genl_info *info, u8 cmd, qn_nl_fill fill,
		 struct qn_node *node, void *object);
int qn_nl_dump_begin(struct netlink_callback *cb, u64 takes);
u64 qn_nl_dump_u64(struct netlink_callback *cb, int attribute);
int qn_nl_dump_item(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		    qn_nl_fill fill, struct qn_node *node, void *object);
struct qn_node *qn_nl_dump_lock(struct sk_buff *skb);
int qn_nl_dump_unlock(struct sk_buff *skb, struct netlink_callback *cb,
		      struct qn_node *node);
struct qn_peer *qn_nl_peer(struct genl_info *info, struct qn_node *node,
			   int attribute);
bool qn_nl_node_id_ok(u64 id);

struct qn_books;
int qn_nl_put_books(struct sk_buff *skb, int attribute,
		    const struct qn_books *b);
int qn_nl_put_counters(struct sk_buff *skb, int attribute, const u64 *counter);

/* Handlers, by file. */
int qn_nl_node_get(struct sk_buff *skb, struct genl_info *info);
int qn_nl_node_set(struct sk_buff *skb, struct genl_info *info);
int qn_nl_node_del(struct sk_buff *skb, struct genl_info *info);
int qn_nl_stats_get(struct sk_buff *skb, struct genl_info *info);

int qn_nl_peer_get(struct sk_buff *skb, struct genl_info *info);
int qn_nl_peer_start(struct netlink_callback *cb);
int qn_nl_peer_dump(struct sk_buff *skb, struct netlink_callback *cb);
int qn_nl_peer_new(struct sk_buff *skb, struct genl_info *info);
int qn_nl_peer_set(struct sk_buff *skb, struct genl_info *info);
int qn_nl_peer_del(struct sk_buff *skb, struct genl_info *info);

int qn_nl_source_get(struct sk_buff *skb, struct genl_info *info);
int qn_nl_source_start(struct netlink_callback *cb);
int qn_nl_source_dump(struct sk_buff *skb, struct netlink_callback *cb);
int qn_nl_source_new(struct sk_buff *skb, struct genl_info *info);
int qn_nl_source_del(struct sk_buff *skb, struct genl_info *info);

int qn_nl_route_get(struct sk_buff *skb, struct genl_info *info);
int qn_nl_route_start(struct netlink_callback *cb);
int qn_nl_route_dump(struct sk_buff *skb, struct netlink_callback *cb);
int qn_nl_route_new(struct sk_buff *skb, struct genl_info *info);
int qn_nl_route_del(struct sk_buff *skb, struct genl_info *info);

int qn_nl_contract_get(struct sk_buff *skb, struct genl_info *info);
int qn_nl_contract_start(struct netlink_callback *cb);
int qn_nl_contract_dump(struct sk_buff *skb, struct netlink_callback *cb);
int qn_nl_contract_new(struct sk_buff *skb, struct genl_info *info);
int qn_nl_contract_set(struct sk_buff *skb, struct genl_info *info);
int qn_nl_contract_del(struct sk_buff *skb, struct genl_info *info);
int qn_nl_contract_mark(struct sk_buff *skb, struct genl_info *info);

int qn_nl_flow_start(struct netlink_callback *cb);
int qn_nl_flow_dump(struct sk_buff *skb, struct netlink_callback *cb);
int qn_nl_relay_get(struct sk_buff *skb, struct genl_info *info);
int qn_nl_relay_start(struct netlink_callback *cb);
int qn_nl_relay_dump(struct sk_buff *skb, struct netlink_callback *cb);
int qn_nl_supply_start(struct netlink_callback *cb);
int qn_nl_supply_dump(struct sk_buff *skb, struct netlink_callback *cb);

int qn_nl_binding_get(struct sk_buff *skb, struct genl_info *info);
int qn_nl_binding_start(struct netlink_callback *cb);
int qn_nl_binding_dump(struct sk_buff *skb, struct netlink_callback *cb);
int qn_nl_binding_new(struct sk_buff *skb, struct genl_info *info);
int qn_nl_binding_del(struct sk_buff *skb, struct genl_info *info);
int qn_nl_binding_rekey(struct sk_buff *skb, struct genl_info *info);
int qn_nl_binding_move(struct sk_buff *skb, struct genl_info *info);

#endif /* _QN_NETLINK_PARTS_H */
