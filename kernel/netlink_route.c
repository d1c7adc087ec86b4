// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on routes.
 */
#include "netlink_parts.h"
#include "peer.h"
#include "route.h"

#define TAKES_GET	(BIT_ULL(QKDNF_A_ROUTE_DESTINATION) | \
			 BIT_ULL(QKDNF_A_ROUTE_SHARE))
#define TAKES_DUMP	BIT_ULL(QKDNF_A_ROUTE_VIA)

static int route_fill(struct sk_buff *skb, struct qn_node *node, void *object,
		      bool brief)
{
	struct qn_route *route = object;
	const struct qn_hops *hops = route->hops;

	if (nla_put_u64_64bit(skb, QKDNF_A_ROUTE_DESTINATION,
			      route->key.destination, QKDNF_A_ROUTE_PAD) ||
	    (route->key.wide &&
	     nla_put_flag(skb, QKDNF_A_ROUTE_PROVIDER_WIDE)) ||
	    (route->key.share != QN_SHARE_ANY &&
	     nla_put_u8(skb, QKDNF_A_ROUTE_SHARE, route->key.share)) ||
	    nla_put_u64_64bit(skb, QKDNF_A_ROUTE_VIA, hops->via->id,
			      QKDNF_A_ROUTE_PAD) ||
	    (hops->backup &&
	     nla_put_u64_64bit(skb, QKDNF_A_ROUTE_BACKUP, hops->backup->id,
			       QKDNF_A_ROUTE_PAD)) ||
	    nla_put_u32(skb, QKDNF_A_ROUTE_ACTIVE, READ_ONCE(route->active)) ||
	    nla_put_u32(skb, QKDNF_A_ROUTE_SWITCHED,
			atomic_read(&route->switched)))
		return -EMSGSIZE;
	return 0;
}

/* The key of a route, as route-new and route-del name it. */
static int route_key(struct genl_info *info, struct qn_node *node,
		     struct qn_route_key *key)
{
	struct nlattr **a = info->attrs;

	if (!a[QKDNF_A_ROUTE_DESTINATION])
		return qn_nl_missing(info, QKDNF_A_ROUTE_DESTINATION,
				     "a route needs a destination");
	memset(key, 0, sizeof(*key));
	key->destination = nla_get_u64(a[QKDNF_A_ROUTE_DESTINATION]);
	key->wide = !!a[QKDNF_A_ROUTE_PROVIDER_WIDE];
	key->share = a[QKDNF_A_ROUTE_SHARE] ?
		nla_get_u8(a[QKDNF_A_ROUTE_SHARE]) : QN_SHARE_ANY;
	if (key->wide && (!upper_32_bits(key->destination) ||
			  lower_32_bits(key->destination)))
		return qn_nl_bad(info, QKDNF_A_ROUTE_DESTINATION, -EINVAL,
				 "a provider-wide destination has node part 0");
	if (!key->wide && !qn_nl_node_id_ok(key->destination))
		return qn_nl_bad(info, QKDNF_A_ROUTE_DESTINATION, -EINVAL,
				 "a node id has a provider and a node part, neither of them 0");
	return 0;
}

/* Which route do frames to a destination use? */
int qn_nl_route_get(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_route *route;
	struct qn_node *node;
	u8 share = QN_SHARE_ANY;
	int err;

	err = qn_nl_begin(info, TAKES_GET, &node);
	if (err)
		return err;
	if (!info->attrs[QKDNF_A_ROUTE_DESTINATION])
		return qn_nl_missing(info, QKDNF_A_ROUTE_DESTINATION,
				     "the route to which destination?");
	if (info->attrs[QKDNF_A_ROUTE_SHARE])
		share = nla_get_u8(info->attrs[QKDNF_A_ROUTE_SHARE]);
	mutex_lock(&node->lock);
	rcu_read_lock();
	route = qn_route_find(node,
			      nla_get_u64(info->attrs[QKDNF_A_ROUTE_DESTINATION]),
			      share);
	rcu_read_unlock();	/* node->lock keeps the route */
	if (route)
		err = qn_nl_answer(info, QKDNF_CMD_ROUTE_GET, route_fill, node,
				   route);
	else
		err = qn_nl_bad(info, QKDNF_A_ROUTE_DESTINATION, -ENOENT,
				"no route to this destination");
	mutex_unlock(&node->lock);
	return err;
}

int qn_nl_route_start(struct netlink_callback *cb)
{
	int err = qn_nl_dump_begin(cb, TAKES_DUMP);

	if (!err)
		qn_nl_dump(cb)->peer = qn_nl_dump_u64(cb, QKDNF_A_ROUTE_VIA);
	return err;
}

static bool route_uses(const struct qn_route *route, u64 peer)
{
	const struct qn_hops *hops = route->hops;

	return hops->via->id == peer || (hops->backup && hops->backup->id == peer);
}

int qn_nl_route_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct qn_node *node = qn_nl_dump_lock(skb);
	struct qn_nl_dump *d = qn_nl_dump(cb);
	struct list_head *head, *at;

	if (!node)
		goto out;
	head = qn_routes_list(node);
	at = qn_cursor_seek(&d->cursor, head, struct qn_route, list);
	for (at = at->next; at != head; at = at->next) {
		struct qn_route *route = list_entry(at, struct qn_route, list);

		if (d->peer && !route_uses(route, d->peer))
			continue;
		if (qn_nl_dump_item(skb, cb, QKDNF_CMD_ROUTE_GET, route_fill,
				    node, route))
			break;
		qn_cursor_told(&d->cursor, at, route->serial);
	}
out:
	return qn_nl_dump_unlock(skb, cb, node);
}

/* A next hop: a link peer. */
static struct qn_peer *next_hop(struct genl_info *info, struct qn_node *node,
				int attribute)
{
	struct qn_peer *peer = qn_nl_peer(info, node, attribute);

	if (!IS_ERR(peer) && peer->remote) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attribute],
				    "a next hop is a link peer, this one is remote");
		return ERR_PTR(-EINVAL);
	}
	return peer;
}

static int route_add(struct genl_info *info, struct qn_node *node,
		     const struct qn_route_key *key)
{
	bool replace = info->attrs[QKDNF_A_ROUTE_REPLACE];
	struct qn_peer *via, *backup = NULL;
	int err;

	via = next_hop(info, node, QKDNF_A_ROUTE_VIA);
	if (IS_ERR(via))
		return PTR_ERR(via);
	if (info->attrs[QKDNF_A_ROUTE_BACKUP]) {
		backup = next_hop(info, node, QKDNF_A_ROUTE_BACKUP);
		if (IS_ERR(backup))
			return PTR_ERR(backup);
		if (backup == via)
			return qn_nl_bad(info, QKDNF_A_ROUTE_BACKUP, -EINVAL,
					 "the backup is the next hop itself");
	}
	err = qn_route_add(node, key, via, backup, true, replace);
	if (err == -EEXIST)
		return qn_nl_bad(info, QKDNF_A_ROUTE_DESTINATION, err,
				 "there is a route for this destination and share: give replace to change it");
	if (err == -ENOSPC)
		return qn_nl_fail(info, err, "too many routes");
	if (err)
		return qn_nl_fail(info, err, "the route could not be made");
	return 0;
}

/* Make a route, or with `replace` change it. */
int qn_nl_route_new(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_route_key key;
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (!err)
		err = route_key(info, node, &key);
	if (err)
		return err;
	if (!info->attrs[QKDNF_A_ROUTE_VIA])
		return qn_nl_missing(info, QKDNF_A_ROUTE_VIA,
				     "a route needs a next hop: via");
	if (!key.wide && key.destination == node->id)
		return qn_nl_bad(info, QKDNF_A_ROUTE_DESTINATION, -EINVAL,
				 "the destination is this node");
	mutex_lock(&node->lock);
	err = route_add(info, node, &key);
	mutex_unlock(&node->lock);
	return err;
}

/* Take a route away. */
int qn_nl_route_del(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_route_key key;
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (!err)
		err = route_key(info, node, &key);
	if (err)
		return err;
	mutex_lock(&node->lock);
	err = qn_route_del(node, &key);
	mutex_unlock(&node->lock);
	if (err)
		return qn_nl_bad(info, QKDNF_A_ROUTE_DESTINATION, err,
				 "no such route");
	return 0;
}
