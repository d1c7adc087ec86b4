// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tunnels as links of kind qkdnf: made, changed, shown and deleted by rtnetlink.
 *
 * Order of locks: RTNL, then node->lock, then what ties device and peer together.
 */
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

#include "node.h"
#include "socket.h"
#include "stream.h"
#include "tunnel.h"

#define QUEUE_PACKETS	1000

/* Default marks, in segments. */
#define KEEP		1
#define RESUME		2

static LIST_HEAD(tunnels);	/* under RTNL */

static const struct nla_policy policy[IFLA_QKDNF_MAX + 1] = {
	[IFLA_QKDNF_PAD] = { .type = NLA_REJECT },
	[IFLA_QKDNF_PEER] = { .type = NLA_U64 },
	[IFLA_QKDNF_TTL] = { .type = NLA_U8 },
	[IFLA_QKDNF_TTL_INHERIT] = NLA_POLICY_MAX(NLA_U8, 1),
	[IFLA_QKDNF_TOS] = { .type = NLA_U8 },
	[IFLA_QKDNF_TOS_INHERIT] = NLA_POLICY_MAX(NLA_U8, 1),
	[IFLA_QKDNF_LOW] = { .type = NLA_U64 },
	[IFLA_QKDNF_HIGH] = { .type = NLA_U64 },
	[IFLA_QKDNF_ALLOW_RNG] = NLA_POLICY_MAX(NLA_U8, 1),
	[IFLA_QKDNF_STATE] = { .type = NLA_REJECT },
	[IFLA_QKDNF_LEVEL] = { .type = NLA_REJECT },
	[IFLA_QKDNF_WAITS] = { .type = NLA_REJECT },
};

/* --- the device --------------------------------------------------------------- */

static int tunnel_init(struct net_device *dev)
{
	struct qn_tunnel *t = netdev_priv(dev);
	int err;

	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!dev->tstats)
		return -ENOMEM;
	err = gro_cells_init(&t->cells, dev);
	if (err) {
		free_percpu(dev->tstats);
		return err;
	}
	list_add_tail(&t->list, &tunnels);
	return 0;
}

static void tunnel_uninit(struct net_device *dev)
{
	struct qn_tunnel *t = netdev_priv(dev);

	list_del(&t->list);
	qn_tunnel_unbind(t);
}

/* After the grace period: nothing is heard or sent by it any more. */
static void tunnel_free(struct net_device *dev)
{
	struct qn_tunnel *t = netdev_priv(dev);

	gro_cells_destroy(&t->cells);
	free_percpu(dev->tstats);
}

/* Do not wait for the tick: it looks once a second while all is well. */
static int tunnel_open(struct net_device *dev)
{
	struct qn_tunnel *t = netdev_priv(dev);
	struct qn_peer *peer;

	netif_tx_start_all_queues(dev);
	rcu_read_lock();
	peer = rcu_dereference(t->peer);
	if (peer)
		qn_peer_kick(peer, 0);
	rcu_read_unlock();
	return 0;
}

static int tunnel_stop(struct net_device *dev)
{
	netif_tx_stop_all_queues(dev);
	netif_carrier_off(dev);
	return 0;
}

static const struct net_device_ops tunnel_ops = {
	.ndo_init = tunnel_init,
	.ndo_uninit = tunnel_uninit,
	.ndo_open = tunnel_open,
	.ndo_stop = tunnel_stop,
	.ndo_start_xmit = qn_tunnel_xmit,
	.ndo_get_stats64 = dev_get_tstats64,
};

static const struct device_type tunnel_type = { .name = QKDNF_TUNNEL_KIND };

/*
 * No feature of hardware is promised, so the stack cuts bursts and computes
 * checksums itself, in the one pass that makes the copy which is then padded.
 * The device has real queues, in which packets wait while there is no key.
 */
static void setup(struct net_device *dev)
{
	struct qn_tunnel *t = netdev_priv(dev);

	t->dev = dev;
	dev->netdev_ops = &tunnel_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->hard_header_len = 0;
	dev->addr_len = 0;
	/*
	 * No needed_headroom: IP would copy each forwarded packet to make that
	 * room, in clear. What lacks it gets it as it is padded.
	 */
	dev->tx_queue_len = QUEUE_PACKETS;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = QN_DATA_MAX;
	dev->mtu = ETH_DATA_LEN - qn_tunnel_overhead(AF_INET6);
	dev->needs_free_netdev = true;
	netif_keep_dst(dev);	/* for path MTU */
	dev->priv_destructor = tunnel_free;
	SET_NETDEV_DEVTYPE(dev, &tunnel_type);
}

/* --- what it shall be --------------------------------------------------------- */

static int bad(struct netlink_ext_ack *extack, const struct nlattr *attr,
	       const char *why)
{
	NL_SET_ERR_MSG_ATTR(extack, attr, "");
	if (extack)
		extack->_msg = why;
	return -EINVAL;
}

static int config_parse(struct nlattr *data[], struct qn_tunnel_config *c,
			struct netlink_ext_ack *extack)
{
	if (data[IFLA_QKDNF_TTL]) {
		c->ttl = nla_get_u8(data[IFLA_QKDNF_TTL]);
		c->ttl_inherit = false;
	}
	if (data[IFLA_QKDNF_TTL_INHERIT])
		c->ttl_inherit = nla_get_u8(data[IFLA_QKDNF_TTL_INHERIT]);
	if (c->ttl && c->ttl_inherit)
		c->ttl = 0;
	if (data[IFLA_QKDNF_TOS]) {
		c->tos = nla_get_u8(data[IFLA_QKDNF_TOS]);
		c->tos_inherit = false;
		if (c->tos & INET_ECN_MASK)
			return bad(extack, data[IFLA_QKDNF_TOS],
				   "the two lower bits of tos are ECN's: leave them 0");
	}
	if (data[IFLA_QKDNF_TOS_INHERIT])
		c->tos_inherit = nla_get_u8(data[IFLA_QKDNF_TOS_INHERIT]);
	if (c->tos && c->tos_inherit)
		c->tos = 0;
	if (data[IFLA_QKDNF_LOW])
		c->low = nla_get_u64(data[IFLA_QKDNF_LOW]);
	if (data[IFLA_QKDNF_HIGH])
		c->high = nla_get_u64(data[IFLA_QKDNF_HIGH]);
	if (data[IFLA_QKDNF_ALLOW_RNG])
		c->allow_rng = nla_get_u8(data[IFLA_QKDNF_ALLOW_RNG]);
	if (c->high && c->high <= c->low)
		return bad(extack, data[IFLA_QKDNF_HIGH] ?: data[IFLA_QKDNF_LOW],
			   "high must be more than low");
	return 0;
}

static u32 segments(const struct qn_peer *peer, u64 octets)
{
	return min_t(u64, (octets >> peer->shift) +
			  !!(octets & ((1ULL << peer->shift) - 1)), QN_SEGS_MAX);
}

/* Under node->lock. */
static int marks_of(const struct qn_peer *peer, const struct qn_tunnel_config *c,
		    u32 *keep, u32 *resume, struct netlink_ext_ack *extack)
{
	*keep = max_t(u32, segments(peer, c->low), KEEP);
	*resume = max_t(u32, segments(peer, c->high), max_t(u32, *keep + 1, RESUME));
	if (*resume > max_t(u32, RESUME, peer->stream->max_segs / 4)) {
		NL_SET_ERR_MSG(extack, "low or high is above a quarter of the peer's pool");
		return -EINVAL;
	}
	return 0;
}

static int peer_fits(const struct qn_peer *peer, const struct qn_tunnel_config *c,
		     struct netlink_ext_ack *extack)
{
	if (!peer->end.family) {
		NL_SET_ERR_MSG(extack, "the peer has no address: set it by 'qkdnfctl peer set'");
		return -EDESTADDRREQ;
	}
	if (READ_ONCE(peer->computational) && !c->allow_rng) {
		NL_SET_ERR_MSG(extack, "its key is from a random number generator: see allow-rng");
		return -EKEYREJECTED;
	}
	return 0;
}

static int __must_check put_on(struct net *net, struct qn_tunnel *t, u64 id,
			       bool bind, struct netlink_ext_ack *extack)
{
	struct qn_node *node = qn_node_get(net);
	struct qn_peer *peer = NULL;
	int err = -ENOENT;

	if (!node) {
		NL_SET_ERR_MSG(extack, "no node here: 'qkdnfctl node set' makes it");
		return -ENODEV;
	}
	mutex_lock(&node->lock);
	rcu_read_lock();
	if (!node->dead)
		peer = qn_peer_find(node, id);
	rcu_read_unlock();
	if (!peer) {
		NL_SET_ERR_MSG(extack, "no such peer");
		goto out;
	}
	err = peer_fits(peer, &t->c, extack);
	if (!err)
		err = marks_of(peer, &t->c, &t->keep, &t->resume, extack);
	if (err)
		goto out;
	if (rcu_access_pointer(peer->tunnel)) {
		NL_SET_ERR_MSG(extack, "the peer has a tunnel already");
		err = -EEXIST;
	} else if (bind) {
		err = qn_tunnel_bind(t, peer);
	} else if (t->dev->reg_state == NETREG_UNINITIALIZED) {
		t->dev->mtu = ETH_DATA_LEN - qn_tunnel_overhead(peer->end.family);
	}
out:
	mutex_unlock(&node->lock);
	qn_node_put(node);
	return err;
}

static int newlink(struct net *src_net, struct net_device *dev,
		   struct nlattr *tb[], struct nlattr *data[],
		   struct netlink_ext_ack *extack)
{
	struct qn_tunnel *t = netdev_priv(dev);
	u32 mtu = tb[IFLA_MTU] ? dev->mtu : 0;
	int err;

	if (!data || !data[IFLA_QKDNF_PEER]) {
		NL_SET_ERR_MSG(extack, "to which peer? 'qkdnfctl tunnel add' says it");
		return -EINVAL;
	}
	t->net = src_net;
	t->peer_id = nla_get_u64(data[IFLA_QKDNF_PEER]);
	t->waiting = true;
	t->waiting_at = jiffies;
	err = config_parse(data, &t->c, extack);
	if (!err)
		err = put_on(src_net, t, t->peer_id, false, extack);
	if (err)
		return err;
	if (mtu)
		dev->mtu = mtu;
	netif_carrier_off(dev);
	err = register_netdevice(dev);
	if (err)
		return err;
	/* Only now: what it hears needs the device to be whole. */
	err = put_on(src_net, t, t->peer_id, true, extack);
	if (err)
		unregister_netdevice(dev);
	return err;
}

static int changelink(struct net_device *dev, struct nlattr *tb[],
		      struct nlattr *data[], struct netlink_ext_ack *extack)
{
	struct qn_tunnel *t = netdev_priv(dev);
	struct qn_tunnel_config c = t->c;
	u32 keep = t->keep, resume = t->resume;
	struct qn_node *node;
	struct qn_peer *peer;
	int err;

	if (!data)
		return 0;
	if (data[IFLA_QKDNF_PEER] &&
	    nla_get_u64(data[IFLA_QKDNF_PEER]) != t->peer_id) {
		NL_SET_ERR_MSG_ATTR(extack, data[IFLA_QKDNF_PEER],
				    "the peer of a tunnel is fixed: delete it and make another");
		return -EOPNOTSUPP;
	}
	err = config_parse(data, &c, extack);
	if (err)
		return err;
	node = qn_node_get(t->net);
	if (!node) {
		NL_SET_ERR_MSG(extack, "the node of this tunnel is going away");
		return -ENODEV;
	}
	mutex_lock(&node->lock);
	peer = rcu_dereference_protected(t->peer, lockdep_is_held(&node->lock));
	err = -ENOENT;
	if (peer)
		err = marks_of(peer, &c, &keep, &resume, extack);
	else
		NL_SET_ERR_MSG(extack, "the peer of this tunnel is going away");
	if (!err) {
		WRITE_ONCE(t->keep, keep);
		WRITE_ONCE(t->resume, resume);
		t->c = c;
		qn_peer_kick(peer, 0);
	}
	mutex_unlock(&node->lock);
	qn_node_put(node);
	return err;
}

static void dellink(struct net_device *dev, struct list_head *head)
{
	unregister_netdevice_queue(dev, head);
}

static size_t get_size(const struct net_device *dev)
{
	return 5 * nla_total_size_64bit(sizeof(u64)) + 6 * nla_total_size(sizeof(u8));
}

static int fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct qn_tunnel *t = netdev_priv(dev);
	const struct qn_tunnel_config *c = &t->c;
	u8 state = QKDNF_TUNNEL_DOWN;
	struct qn_peer *peer;
	u64 level = 0;

	rcu_read_lock();
	peer = rcu_dereference(t->peer);
	if (peer) {
		state = qn_tunnel_state(t, peer);
		level = qn_stream_level(peer->stream);
	}
	rcu_read_unlock();
	if (nla_put_u64_64bit(skb, IFLA_QKDNF_PEER, t->peer_id, IFLA_QKDNF_PAD) ||
	    nla_put_u8(skb, IFLA_QKDNF_TTL, c->ttl) ||
	    nla_put_u8(skb, IFLA_QKDNF_TTL_INHERIT, c->ttl_inherit) ||
	    nla_put_u8(skb, IFLA_QKDNF_TOS, c->tos) ||
	    nla_put_u8(skb, IFLA_QKDNF_TOS_INHERIT, c->tos_inherit) ||
	    nla_put_u64_64bit(skb, IFLA_QKDNF_LOW, c->low, IFLA_QKDNF_PAD) ||
	    nla_put_u64_64bit(skb, IFLA_QKDNF_HIGH, c->high, IFLA_QKDNF_PAD) ||
	    nla_put_u8(skb, IFLA_QKDNF_ALLOW_RNG, c->allow_rng) ||
	    nla_put_u8(skb, IFLA_QKDNF_STATE, state) ||
	    nla_put_u64_64bit(skb, IFLA_QKDNF_LEVEL, level, IFLA_QKDNF_PAD) ||
	    nla_put_u64_64bit(skb, IFLA_QKDNF_WAITS, atomic64_read(&t->waits),
			      IFLA_QKDNF_PAD))
		return -EMSGSIZE;
	return 0;
}

static struct net *get_link_net(const struct net_device *dev)
{
	return ((struct qn_tunnel *)netdev_priv(dev))->net;
}

static unsigned int get_num_queues(void)
{
	return netif_get_num_default_rss_queues();
}

static struct rtnl_link_ops link_ops __read_mostly = {
	.kind = QKDNF_TUNNEL_KIND,
	.maxtype = IFLA_QKDNF_MAX,
	.policy = policy,
	.priv_size = sizeof(struct qn_tunnel),
	.setup = setup,
	.newlink = newlink,
	.changelink = changelink,
	.dellink = dellink,
	.get_size = get_size,
	.fill_info = fill_info,
	.get_link_net = get_link_net,
	.get_num_tx_queues = get_num_queues,
	.get_num_rx_queues = get_num_queues,
};

/**
 * qn_tunnel_reap - take away devices whose peers are gone
 *
 * Context: process; takes RTNL, so without node->lock. A device may have been moved
 * to another namespace than its node's, so that namespace's end does not wait.
 */
void qn_tunnel_reap(void)
{
	struct qn_tunnel *t, *next;
	LIST_HEAD(gone);

	rtnl_lock();
	list_for_each_entry_safe(t, next, &tunnels, list)
		if (!rcu_access_pointer(t->peer))
			unregister_netdevice_queue(t->dev, &gone);
	unregister_netdevice_many(&gone);
	rtnl_unlock();
}

/**
 * qn_tunnel_init - offer links of kind qkdnf
 *
 * Context: module start. Return: 0 or an error.
 */
int qn_tunnel_init(void)
{
	return rtnl_link_register(&link_ops);
}

/**
 * qn_tunnel_exit - take all tunnels away, in all namespaces
 *
 * Context: module exit.
 */
void qn_tunnel_exit(void)
{
	rtnl_link_unregister(&link_ops);
}

MODULE_ALIAS_RTNL_LINK(QKDNF_TUNNEL_KIND);
