// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on peers: what is asked for is checked here, made in setup.c.
 */
#include <linux/ctype.h>
#include <linux/inet.h>
#include <net/ipv6.h>

#include "hashkey.h"
#include "netlink_parts.h"
#include "peer.h"
#include "setup.h"
#include "stream.h"
#include "tunnel.h"

#define TAKES_GET	(BIT_ULL(QKDNF_A_PEER_ID) | \
			 BIT_ULL(QKDNF_A_PEER_BRIEF))
#define TAKES_DUMP	BIT_ULL(QKDNF_A_PEER_BRIEF)

static int put64(struct sk_buff *skb, int attribute, u64 value)
{
	return nla_put_u64_64bit(skb, attribute, value, QKDNF_A_PEER_PAD);
}

static int endpoint_fill(struct sk_buff *skb, const struct qn_endpoint *end)
{
	int err = 0;

	switch (end->family) {
	case AF_INET:
		err = nla_put_in_addr(skb, QKDNF_A_PEER_ADDR4, end->addr4);
		if (!err && end->local4)
			err = nla_put_in_addr(skb, QKDNF_A_PEER_LOCAL_ADDR4,
					      end->local4);
		break;
	case AF_INET6:
		err = nla_put_in6_addr(skb, QKDNF_A_PEER_ADDR6, &end->addr6);
		if (!err && !ipv6_addr_any(&end->local6))
			err = nla_put_in6_addr(skb, QKDNF_A_PEER_LOCAL_ADDR6,
					       &end->local6);
		break;
	default:
		return 0;
	}
	if (!err)
		err = nla_put_u16(skb, QKDNF_A_PEER_PORT, ntohs(end->port));
	return err;
}

static int config_fill(struct sk_buff *skb, const struct qn_peer_config *c)
{
	if (put64(skb, QKDNF_A_PEER_ID, c->id) ||
	    nla_put_u32(skb, QKDNF_A_PEER_KIND, c->remote ?
			QKDNF_PEER_KIND_REMOTE : QKDNF_PEER_KIND_LINK) ||
	    (c->name[0] &&
	     nla_put_string(skb, QKDNF_A_PEER_NAME, c->name)) ||
	    endpoint_fill(skb, &c->end) ||
	    nla_put_u8(skb, QKDNF_A_PEER_SEG_SHIFT, c->shift) ||
	    put64(skb, QKDNF_A_PEER_POOL_MAX, c->pool_max) ||
	    put64(skb, QKDNF_A_PEER_LOW, c->low) ||
	    put64(skb, QKDNF_A_PEER_HIGH, c->high) ||
	    nla_put_u32(skb, QKDNF_A_PEER_HELLO_MS, c->hello_ms))
		return -EMSGSIZE;
	if (!c->remote)
		return nla_put_u8(skb, QKDNF_A_PEER_BORDER, c->border);
	if (nla_put_u32(skb, QKDNF_A_PEER_SCHEME, c->scheme) ||
	    nla_put_u8(skb, QKDNF_A_PEER_SHARES, c->shares) ||
	    nla_put_u16(skb, QKDNF_A_PEER_WEIGHT, c->weight) ||
	    put64(skb, QKDNF_A_PEER_MAX_RATE, c->max_rate))
		return -EMSGSIZE;
	return 0;
}

static enum qkdnf_peer_state peer_state(const struct qn_peer *peer)
{
	if (!peer->pairing.made)
		return peer->pairing.has_probe ? QKDNF_PEER_STATE_PROBING :
					     QKDNF_PEER_STATE_NEW;
	if (peer->up)
		return peer->remote || qn_peer_usable(peer) ?
		       QKDNF_PEER_STATE_UP : QKDNF_PEER_STATE_PAIRED;
	return peer->pairing.heard ? QKDNF_PEER_STATE_DOWN :
				     QKDNF_PEER_STATE_PAIRED;
}

/* What is under the peer's lock. */
static int pairing_fill(struct sk_buff *skb, struct qn_peer *peer)
{
	const struct qn_pairing *p = &peer->pairing;
	u64 hash_out, hash_in;
	int err = -EMSGSIZE;

	spin_lock_bh(&peer->lock);
	qn_hashkey_offsets(peer, &hash_out, &hash_in);
	if (nla_put_u32(skb, QKDNF_A_PEER_STATE, peer_state(peer)) ||
	    put64(skb, QKDNF_A_PEER_INCARNATION, p->own) ||
	    (p->made && put64(skb, QKDNF_A_PEER_PEER_INCARNATION, p->other)) ||
	    (p->made && put64(skb, QKDNF_A_PEER_BARRIER, p->barrier)) ||
	    (peer->rtt_us &&
	     nla_put_u32(skb, QKDNF_A_PEER_RTT_US, peer->rtt_us)) ||
	    nla_put_u32(skb, QKDNF_A_PEER_INCOME, peer->income) ||
	    (hash_out != QN_HASH_NONE &&
	     put64(skb, QKDNF_A_PEER_HASH_OFFSET, hash_out)) ||
	    (hash_in != QN_HASH_NONE &&
	     put64(skb, QKDNF_A_PEER_OTHER_HASH_OFFSET, hash_in)) ||
	    (p->heard && put64(skb, QKDNF_A_PEER_LAST_HEARD_MS,
			       jiffies_to_msecs(jiffies - peer->heard_at))))
		goto out;
	err = 0;
out:
	spin_unlock_bh(&peer->lock);
	return err;
}

static int stream_fill(struct sk_buff *skb, struct qn_peer *peer)
{
	struct qn_stream *s = peer->stream;

	if (put64(skb, QKDNF_A_PEER_OWN_LEVEL, qn_stream_level(s)) ||
	    put64(skb, QKDNF_A_PEER_OTHER_LEVEL, qn_stream_level_other(s)) ||
	    nla_put_u32(skb, QKDNF_A_PEER_SEGMENTS, READ_ONCE(s->count)) ||
	    (!s->remote && put64(skb, QKDNF_A_PEER_HORIZON,
				 qn_stream_index(s, READ_ONCE(s->fill_next)))))
		return -EMSGSIZE;
	return 0;
}

static int peer_fill(struct sk_buff *skb, struct qn_node *node, void *object,
		     bool brief)
{
	struct qn_peer *peer = object;
	struct qn_peer_config config;
	u64 counter[__QN_C_MAX];
	struct qn_books books;
	int i;

	qn_peer_config_get(peer, &config);
	if (config_fill(skb, &config) || pairing_fill(skb, peer) ||
	    stream_fill(skb, peer))
		return -EMSGSIZE;
	if (READ_ONCE(peer->computational) &&
	    nla_put_flag(skb, QKDNF_A_PEER_COMPUTATIONAL))
		return -EMSGSIZE;
	if (brief)
		return 0;
	qn_stream_books(peer->stream, &books);
	for (i = 0; i < __QN_C_MAX; i++)
		counter[i] = atomic64_read(&peer->counter[i]);
	if (put64(skb, QKDNF_A_PEER_HELD, books.held) ||
	    qn_nl_put_books(skb, QKDNF_A_PEER_BOOKS, &books))
		return -EMSGSIZE;
	return qn_nl_put_counters(skb, QKDNF_A_PEER_COUNTERS, counter);
}

static int address4(struct genl_info *info, int attribute, bool own, __be32 *to)
{
	*to = nla_get_in_addr(info->attrs[attribute]);
	if (own && !*to)
		return 0;	/* back to what routing chooses */
	if (ipv4_is_zeronet(*to) || ipv4_is_multicast(*to) ||
	    ipv4_is_lbcast(*to))
		return qn_nl_bad(info, attribute, -EINVAL,
				 "not the address of one node");
	return 0;
}

static int address6(struct genl_info *info, int attribute, bool own,
		    struct in6_addr *to)
{
	*to = nla_get_in6_addr(info->attrs[attribute]);
	if (own && ipv6_addr_any(to))
		return 0;
	if (ipv6_addr_any(to) || ipv6_addr_is_multicast(to) ||
	    ipv6_addr_v4mapped(to))
		return qn_nl_bad(info, attribute, -EINVAL,
				 "not the address of one node");
	if (ipv6_addr_type(to) & IPV6_ADDR_LINKLOCAL)
		return qn_nl_bad(info, attribute, -EINVAL,
				 "a link-local address does not say which link: give a global one");
	return 0;
}

static int endpoint_parse(struct genl_info *info, struct qn_endpoint *end)
{
	struct nlattr **a = info->attrs;
	__be16 port = end->port;
	int err = 0;

	if (a[QKDNF_A_PEER_ADDR4] && a[QKDNF_A_PEER_ADDR6])
		return qn_nl_bad(info, QKDNF_A_PEER_ADDR6, -EINVAL,
				 "a peer has one address: addr4 or addr6");
	if (a[QKDNF_A_PEER_ADDR4] && end->family != AF_INET) {
		memset(end, 0, sizeof(*end));
		end->family = AF_INET;
	} else if (a[QKDNF_A_PEER_ADDR6] && end->family != AF_INET6) {
		memset(end, 0, sizeof(*end));
		end->family = AF_INET6;
	}
	end->port = port;
	if (a[QKDNF_A_PEER_LOCAL_ADDR4] && end->family != AF_INET)
		return qn_nl_bad(info, QKDNF_A_PEER_LOCAL_ADDR4, -EINVAL,
				 "the peer's address is not IPv4");
	if (a[QKDNF_A_PEER_LOCAL_ADDR6] && end->family != AF_INET6)
		return qn_nl_bad(info, QKDNF_A_PEER_LOCAL_ADDR6, -EINVAL,
				 "the peer's address is not IPv6");
	if (a[QKDNF_A_PEER_ADDR4])
		err = address4(info, QKDNF_A_PEER_ADDR4, false, &end->addr4);
	if (!err && a[QKDNF_A_PEER_ADDR6])
		err = address6(info, QKDNF_A_PEER_ADDR6, false, &end->addr6);
	if (!err && a[QKDNF_A_PEER_LOCAL_ADDR4])
		err = address4(info, QKDNF_A_PEER_LOCAL_ADDR4, true,
			       &end->local4);
	if (!err && a[QKDNF_A_PEER_LOCAL_ADDR6])
		err = address6(info, QKDNF_A_PEER_LOCAL_ADDR6, true,
			       &end->local6);
	if (err)
		return err;
	if (a[QKDNF_A_PEER_PORT]) {
		if (!end->family)
			return qn_nl_bad(info, QKDNF_A_PEER_PORT, -EINVAL,
					 "a port without an address");
		end->port = htons(nla_get_u16(a[QKDNF_A_PEER_PORT]));
	}
	return 0;
}

static int name_parse(struct genl_info *info, char *name)
{
	int i, len = nla_strscpy(name, info->attrs[QKDNF_A_PEER_NAME],
				 QKDNF_NAME_LEN_MAX + 1);

	/* names are printed on terminals */
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !isprint(name[i]))
			return qn_nl_bad(info, QKDNF_A_PEER_NAME, -EINVAL,
					 "a name is printable ASCII");
	return len < 0 ? len : 0;
}

/* The bad attribute of a pair is the one that was given. */
static int marks_check(struct genl_info *info, const struct qn_peer_config *c)
{
	struct nlattr **a = info->attrs;
	u64 segment = 1ULL << c->shift;

	if (c->pool_max < QN_SEGS_MIN * segment ||
	    c->pool_max > QN_SEGS_MAX * segment) {
		NL_SET_ERR_MSG(info->extack,
			       "pool-max is 8 to 1024 segments of 2^seg-shift octets");
		goto bad_pool;
	}
	if (c->high > c->pool_max) {
		NL_SET_ERR_MSG(info->extack, "high is above pool-max");
		goto bad_high;
	}
	if (c->low > c->high) {
		NL_SET_ERR_MSG(info->extack, "low is above high");
		goto bad_low;
	}
	return 0;

bad_low:
	if (a[QKDNF_A_PEER_LOW]) {
		NL_SET_BAD_ATTR(info->extack, a[QKDNF_A_PEER_LOW]);
		return -EINVAL;
	}
bad_high:
	if (a[QKDNF_A_PEER_HIGH]) {
		NL_SET_BAD_ATTR(info->extack, a[QKDNF_A_PEER_HIGH]);
		return -EINVAL;
	}
bad_pool:
	if (a[QKDNF_A_PEER_POOL_MAX])
		NL_SET_BAD_ATTR(info->extack, a[QKDNF_A_PEER_POOL_MAX]);
	else if (a[QKDNF_A_PEER_SEG_SHIFT])
		NL_SET_BAD_ATTR(info->extack, a[QKDNF_A_PEER_SEG_SHIFT]);
	return -EINVAL;
}

static int marks_parse(struct genl_info *info, struct qn_peer_config *c)
{
	struct nlattr **a = info->attrs;

	if (a[QKDNF_A_PEER_POOL_MAX])
		c->pool_max = nla_get_u64(a[QKDNF_A_PEER_POOL_MAX]);
	if (a[QKDNF_A_PEER_LOW])
		c->low = nla_get_u64(a[QKDNF_A_PEER_LOW]);
	if (a[QKDNF_A_PEER_HIGH])
		c->high = nla_get_u64(a[QKDNF_A_PEER_HIGH]);
	return marks_check(info, c);
}

/* Attributes of one kind of peer, given for the other. */
static int kind_check(struct genl_info *info, bool remote)
{
	static const int remote_only[] = {
		QKDNF_A_PEER_SCHEME, QKDNF_A_PEER_SHARES, QKDNF_A_PEER_WEIGHT,
		QKDNF_A_PEER_MAX_RATE,
	};
	unsigned int i;

	if (remote) {
		if (info->attrs[QKDNF_A_PEER_BORDER])
			return qn_nl_bad(info, QKDNF_A_PEER_BORDER, -EINVAL,
					 "only a link can be a border");
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(remote_only); i++)
		if (info->attrs[remote_only[i]])
			return qn_nl_bad(info, remote_only[i], -EINVAL,
					 "for remote peers only");
	return 0;
}

/* What peer-new and peer-set share: what is named overwrites what is in @c. */
static int config_parse(struct genl_info *info, struct qn_peer_config *c)
{
	struct nlattr **a = info->attrs;
	int err;

	err = kind_check(info, c->remote);
	if (!err && a[QKDNF_A_PEER_NAME])
		err = name_parse(info, c->name);
	if (!err)
		err = endpoint_parse(info, &c->end);
	if (!err)
		err = marks_parse(info, c);
	if (err)
		return err;
	if (!c->remote && !c->end.family)
		return qn_nl_missing(info, QKDNF_A_PEER_ADDR4,
				     "a link peer needs an address: addr4 or addr6");
	if (a[QKDNF_A_PEER_WEIGHT])
		c->weight = nla_get_u16(a[QKDNF_A_PEER_WEIGHT]);
	if (a[QKDNF_A_PEER_MAX_RATE])
		c->max_rate = nla_get_u64(a[QKDNF_A_PEER_MAX_RATE]);
	if (a[QKDNF_A_PEER_HELLO_MS])
		c->hello_ms = nla_get_u32(a[QKDNF_A_PEER_HELLO_MS]);
	if (a[QKDNF_A_PEER_BORDER])
		c->border = nla_get_u8(a[QKDNF_A_PEER_BORDER]);
	return 0;
}

/* What is fixed when the peer is made. */
static int config_new(struct genl_info *info, struct qn_node *node,
		      struct qn_peer_config *c)
{
	struct nlattr **a = info->attrs;

	if (!a[QKDNF_A_PEER_ID])
		return qn_nl_missing(info, QKDNF_A_PEER_ID,
				     "a peer needs an id");
	if (!a[QKDNF_A_PEER_KIND])
		return qn_nl_missing(info, QKDNF_A_PEER_KIND,
				     "a peer needs a kind: link or remote");
	c->id = nla_get_u64(a[QKDNF_A_PEER_ID]);
	if (!qn_nl_node_id_ok(c->id))
		return qn_nl_bad(info, QKDNF_A_PEER_ID, -EINVAL,
				 "a node id has a provider and a node part, neither of them 0");
	if (c->id == node->id)
		return qn_nl_bad(info, QKDNF_A_PEER_ID, -EINVAL,
				 "this is the id of the node itself");
	c->remote = nla_get_u32(a[QKDNF_A_PEER_KIND]) == QKDNF_PEER_KIND_REMOTE;
	c->shift = a[QKDNF_A_PEER_SEG_SHIFT] ?
		nla_get_u8(a[QKDNF_A_PEER_SEG_SHIFT]) : QN_SHIFT_DEFAULT;
	c->scheme = a[QKDNF_A_PEER_SCHEME] ?
		nla_get_u32(a[QKDNF_A_PEER_SCHEME]) : QKDNF_SCHEME_XOR;
	c->shares = a[QKDNF_A_PEER_SHARES] ?
		nla_get_u8(a[QKDNF_A_PEER_SHARES]) : 1;
	c->weight = 1;
	c->hello_ms = QN_HELLO_MS;
	c->border = !c->remote && qn_provider(c->id) != qn_provider(node->id);
	c->end.port = htons(QN_UDP_PORT);
	c->pool_max = a[QKDNF_A_PEER_POOL_MAX] ?
		nla_get_u64(a[QKDNF_A_PEER_POOL_MAX]) : 64ULL << c->shift;
	c->low = c->pool_max / 4;
	c->high = c->pool_max / 4 * 3;
	return config_parse(info, c);
}

/* One peer, or all. */
int qn_nl_peer_get(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_node *node;
	struct qn_peer *peer;
	int err;

	err = qn_nl_begin(info, TAKES_GET, &node);
	if (err)
		return err;
	if (!info->attrs[QKDNF_A_PEER_ID])
		return qn_nl_missing(info, QKDNF_A_PEER_ID,
				     "which peer? give id, or ask for a dump");
	mutex_lock(&node->lock);
	peer = qn_nl_peer(info, node, QKDNF_A_PEER_ID);
	if (IS_ERR(peer))
		err = PTR_ERR(peer);
	else
		err = qn_nl_answer(info, QKDNF_CMD_PEER_GET, peer_fill, node,
				   peer);
	mutex_unlock(&node->lock);
	return err;
}

int qn_nl_peer_start(struct netlink_callback *cb)
{
	int err = qn_nl_dump_begin(cb, TAKES_DUMP);

	if (!err)
		qn_nl_dump(cb)->brief = nlmsg_find_attr(cb->nlh, GENL_HDRLEN,
							QKDNF_A_PEER_BRIEF);
	return err;
}

int qn_nl_peer_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct qn_node *node = qn_nl_dump_lock(skb);
	struct qn_nl_dump *d = qn_nl_dump(cb);
	struct list_head *at;

	if (!node)
		goto out;
	at = qn_cursor_seek(&d->cursor, &node->peer_list, struct qn_peer, list);
	for (at = at->next; at != &node->peer_list; at = at->next) {
		struct qn_peer *peer = list_entry(at, struct qn_peer, list);

		if (qn_nl_dump_item(skb, cb, QKDNF_CMD_PEER_GET, peer_fill,
				    node, peer))
			break;
		qn_cursor_told(&d->cursor, at, peer->serial);
	}
out:
	return qn_nl_dump_unlock(skb, cb, node);
}

/* Make a peer. */
int qn_nl_peer_new(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_peer_config config = {};
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (!err)
		err = qn_nl_privileged(skb, info);
	if (!err)
		err = config_new(info, node, &config);
	if (err)
		return err;
	config.charged = !netlink_capable(skb, CAP_NET_ADMIN);
	mutex_lock(&node->lock);
	err = qn_peer_setup(node, &config);
	mutex_unlock(&node->lock);
	switch (err) {
	case 0:
		return 0;
	case -EEXIST:
		return qn_nl_bad(info, QKDNF_A_PEER_ID, err,
				 "there is a peer of this id: change it with peer-set");
	case -ENOSPC:
		return qn_nl_fail(info, err, "too many peers");
	case -ENOMEM:
		return qn_nl_fail(info, err,
				  "no memory for the peer and its stream: lower pool-max, or raise mem-max of the node");
	default:
		return qn_nl_fail(info, err, "the peer could not be made");
	}
}

static int peer_change(struct genl_info *info, struct qn_node *node)
{
	struct qn_peer *peer = qn_nl_peer(info, node, QKDNF_A_PEER_ID);
	struct qn_peer_config config;
	int err;

	if (IS_ERR(peer))
		return PTR_ERR(peer);
	qn_peer_config_get(peer, &config);
	err = config_parse(info, &config);
	if (err)
		return err;
	err = qn_peer_config_set(peer, &config);
	if (err)
		return qn_nl_bad(info, QKDNF_A_PEER_POOL_MAX, err,
				 "the pool cannot grow so much in a living peer: make the peer anew");
	return 0;
}

/* Change a peer. */
int qn_nl_peer_set(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (err)
		return err;
	if (!info->attrs[QKDNF_A_PEER_ID])
		return qn_nl_missing(info, QKDNF_A_PEER_ID,
				     "which peer? give id");
	mutex_lock(&node->lock);
	err = peer_change(info, node);
	mutex_unlock(&node->lock);
	return err;
}

/* Take a peer away. */
int qn_nl_peer_del(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_node *node;
	struct qn_peer *peer;
	bool tunnel = false;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (err)
		return err;
	if (!info->attrs[QKDNF_A_PEER_ID])
		return qn_nl_missing(info, QKDNF_A_PEER_ID,
				     "which peer? give id");
	mutex_lock(&node->lock);
	peer = qn_nl_peer(info, node, QKDNF_A_PEER_ID);
	if (!IS_ERR(peer)) {
		tunnel = rcu_access_pointer(peer->tunnel);
		qn_peer_teardown(peer);
	}
	mutex_unlock(&node->lock);
	if (tunnel)
		qn_tunnel_reap();
	return PTR_ERR_OR_ZERO(peer);
}
