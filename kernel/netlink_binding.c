// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on bindings: IPsec traffic that a peer's key protects.
 */
#include <linux/jiffies.h>
#include <net/xfrm.h>

#include "binding.h"
#include "netlink_parts.h"
#include "peer.h"
#include "sa.h"
#include "xfrm.h"

#define TAKES_NAME	BIT_ULL(QKDNF_A_BINDING_REQID)
#define TAKES_MOVE	(TAKES_NAME | BIT_ULL(QKDNF_A_BINDING_ADDR4) |	\
			 BIT_ULL(QKDNF_A_BINDING_ADDR6) |		\
			 BIT_ULL(QKDNF_A_BINDING_LOCAL_ADDR4) |		\
			 BIT_ULL(QKDNF_A_BINDING_LOCAL_ADDR6))
#define TAKES_DUMP	BIT_ULL(QKDNF_A_BINDING_PEER)

#define WINDOW_DEFAULT	128

#define ASSOCIATIONS_SHOWN	8	/* of each direction */

/*
 * A fresh key each minute; without any more key another ten. Far below what
 * either algorithm allows under one key.
 */
static const struct qn_lifetime soft_default = {
	.octets = 1ULL << 32, .packets = 1ULL << 30, .seconds = 60,
};

static const struct qn_lifetime hard_default = {
	.octets = 1ULL << 34, .packets = 3ULL << 30, .seconds = 600,
};

static int put_config(struct sk_buff *skb, struct qn_binding *b)
{
	const struct qn_binding_config *c = &b->c;
	struct qn_sa_ends outer = qn_binding_outer(b);
	bool v4 = c->family == AF_INET;
	u32 len = v4 ? 4 : 16;

	if (nla_put_u32(skb, QKDNF_A_BINDING_REQID, c->reqid) ||
	    nla_put_u64_64bit(skb, QKDNF_A_BINDING_PEER, c->peer,
			      QKDNF_A_BINDING_PAD) ||
	    nla_put(skb, v4 ? QKDNF_A_BINDING_ADDR4 : QKDNF_A_BINDING_ADDR6,
		    len, &outer.remote) ||
	    nla_put(skb, v4 ? QKDNF_A_BINDING_LOCAL_ADDR4 :
			      QKDNF_A_BINDING_LOCAL_ADDR6, len, &outer.local) ||
	    nla_put_u32(skb, QKDNF_A_BINDING_MODE, c->mode) ||
	    nla_put_u32(skb, QKDNF_A_BINDING_ALGORITHM, c->algorithm) ||
	    nla_put_u8(skb, QKDNF_A_BINDING_ESN, c->esn) ||
	    nla_put_u32(skb, QKDNF_A_BINDING_WINDOW, c->window) ||
	    nla_put_u32(skb, QKDNF_A_BINDING_IF_ID, c->if_id) ||
	    nla_put_u16(skb, QKDNF_A_BINDING_ENCAP, c->encap) ||
	    (c->encap &&
	     (nla_put_u16(skb, QKDNF_A_BINDING_ENCAP_TO, outer.far_port) ||
	      nla_put_u8(skb, QKDNF_A_BINDING_MAPPED, READ_ONCE(b->mapped)))) ||
	    nla_put_u64_64bit(skb, QKDNF_A_BINDING_SOFT_OCTETS, c->soft.octets,
			      QKDNF_A_BINDING_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_BINDING_SOFT_PACKETS,
			      c->soft.packets, QKDNF_A_BINDING_PAD) ||
	    nla_put_u32(skb, QKDNF_A_BINDING_SOFT_SECONDS, c->soft.seconds) ||
	    nla_put_u64_64bit(skb, QKDNF_A_BINDING_HARD_OCTETS, c->hard.octets,
			      QKDNF_A_BINDING_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_BINDING_HARD_PACKETS,
			      c->hard.packets, QKDNF_A_BINDING_PAD) ||
	    nla_put_u32(skb, QKDNF_A_BINDING_HARD_SECONDS, c->hard.seconds))
		return -EMSGSIZE;
	return 0;
}

/* The attributes of one direction, in the order of the specification. */
struct place {
	int spi, age, octets, packets, old;
};

static const struct place out_place = {
	QKDNF_A_BINDING_OUT_SPI, QKDNF_A_BINDING_OUT_AGE_MS,
	QKDNF_A_BINDING_OUT_OCTETS, QKDNF_A_BINDING_OUT_PACKETS,
	QKDNF_A_BINDING_OLD_OUT,
};

static const struct place in_place = {
	QKDNF_A_BINDING_IN_SPI, QKDNF_A_BINDING_IN_AGE_MS,
	QKDNF_A_BINDING_IN_OCTETS, QKDNF_A_BINDING_IN_PACKETS,
	QKDNF_A_BINDING_OLD_IN,
};

static int put_direction(struct sk_buff *skb, struct list_head *list,
			 const struct place *at, bool *valid)
{
	struct qn_association *a;
	struct qn_xfrm_use use;
	u32 old = 0;

	*valid = false;
	list_for_each_entry(a, list, list) {
		if (!list_is_first(&a->list, list)) {
			old++;
			continue;
		}
		*valid = qn_xfrm_valid(a);
		qn_xfrm_use(a, &use);
		if (nla_put_u32(skb, at->spi, be32_to_cpu(a->spi)) ||
		    nla_put_u32(skb, at->age,
				jiffies_to_msecs(jiffies - a->born)) ||
		    nla_put_u64_64bit(skb, at->octets, use.octets,
				      QKDNF_A_BINDING_PAD) ||
		    nla_put_u64_64bit(skb, at->packets, use.packets,
				      QKDNF_A_BINDING_PAD))
			return -EMSGSIZE;
	}
	return nla_put_u32(skb, at->old, old);
}

static int put_association(struct sk_buff *skb, struct qn_association *a,
			   u32 direction)
{
	struct nlattr *nest = nla_nest_start(skb, QKDNF_A_BINDING_ASSOCIATION);
	struct qn_xfrm_use use;
	u32 left = 0;

	if (!nest)
		return -EMSGSIZE;
	qn_xfrm_use(a, &use);
	if (a->leave_at && time_after(a->leave_at, jiffies))
		left = jiffies_to_msecs(a->leave_at - jiffies);
	if (nla_put_u32(skb, QKDNF_A_ASSOCIATION_DIRECTION, direction) ||
	    nla_put_u32(skb, QKDNF_A_ASSOCIATION_SPI, be32_to_cpu(a->spi)) ||
	    nla_put_u32(skb, QKDNF_A_ASSOCIATION_AGE_MS,
			jiffies_to_msecs(jiffies - a->born)) ||
	    nla_put_u64_64bit(skb, QKDNF_A_ASSOCIATION_OCTETS, use.octets,
			      QKDNF_A_ASSOCIATION_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_ASSOCIATION_PACKETS, use.packets,
			      QKDNF_A_ASSOCIATION_PAD) ||
	    nla_put_u8(skb, QKDNF_A_ASSOCIATION_VALID, qn_xfrm_valid(a)) ||
	    (a->leave_at &&
	     nla_put_u32(skb, QKDNF_A_ASSOCIATION_LEAVES_MS, left))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* The newest ones: all there are, unless something is much amiss. */
static int put_associations(struct sk_buff *skb, struct list_head *list,
			    u32 direction)
{
	struct qn_association *a;
	int n = 0, err;

	list_for_each_entry(a, list, list) {
		if (n++ == ASSOCIATIONS_SHOWN)
			break;
		err = put_association(skb, a, direction);
		if (err)
			return err;
	}
	return 0;
}

static int put_count(struct sk_buff *skb, int attribute, atomic64_t *count)
{
	return nla_put_u64_64bit(skb, attribute, atomic64_read(count),
				 QKDNF_A_BINDING_PAD);
}

static int put_state(struct sk_buff *skb, struct qn_binding *b)
{
	const char *reason = READ_ONCE(b->reason);
	bool out, in;

	if (put_direction(skb, &b->out, &out_place, &out) ||
	    put_direction(skb, &b->in, &in_place, &in) ||
	    nla_put_u32(skb, QKDNF_A_BINDING_STATE,
			out && in ? QKDNF_BINDING_STATE_UP :
			out ? QKDNF_BINDING_STATE_ONE_WAY :
			      QKDNF_BINDING_STATE_WAITING) ||
	    (reason && nla_put_string(skb, QKDNF_A_BINDING_REASON, reason)) ||
	    put_count(skb, QKDNF_A_BINDING_REKEYS_OUT, &b->rekeys_out) ||
	    put_count(skb, QKDNF_A_BINDING_REKEYS_IN, &b->rekeys_in) ||
	    put_count(skb, QKDNF_A_BINDING_KEY_OCTETS, &b->key_octets) ||
	    put_count(skb, QKDNF_A_BINDING_FAILED, &b->failed) ||
	    put_count(skb, QKDNF_A_BINDING_ACQUIRED, &b->acquired))
		return -EMSGSIZE;
	return 0;
}

static int binding_fill(struct sk_buff *skb, struct qn_node *node, void *object,
			bool brief)
{
	struct qn_binding *b = object;
	int err;

	mutex_lock(&b->mutex);
	err = put_config(skb, b);
	if (!err)
		err = put_state(skb, b);
	if (!err)
		err = put_associations(skb, &b->out, QKDNF_DIRECTION_OUT);
	if (!err)
		err = put_associations(skb, &b->in, QKDNF_DIRECTION_IN);
	mutex_unlock(&b->mutex);
	return err;
}

typedef int (*binding_fn)(struct genl_info *info, struct qn_node *node,
			  struct qn_binding *b);

/* Do something with the binding that a request names, under the node's lock. */
static int on_named(struct genl_info *info, u64 takes, binding_fn fn)
{
	struct nlattr *reqid = info->attrs[QKDNF_A_BINDING_REQID];
	struct qn_binding *b;
	struct qn_node *node;
	int err = qn_nl_begin(info, takes, &node);

	if (err)
		return err;
	if (!reqid)
		return qn_nl_missing(info, QKDNF_A_BINDING_REQID,
				     "which binding? reqid names it");
	mutex_lock(&node->lock);
	rcu_read_lock();
	b = qn_binding_find(node, nla_get_u32(reqid));
	rcu_read_unlock();	/* node->lock keeps the binding */
	err = b ? fn(info, node, b) :
		qn_nl_bad(info, QKDNF_A_BINDING_REQID, -ENOENT,
			  "no binding with this reqid: make it with binding-new");
	mutex_unlock(&node->lock);
	return err;
}

static int answer(struct genl_info *info, struct qn_node *node,
		  struct qn_binding *b)
{
	return qn_nl_answer(info, QKDNF_CMD_BINDING_GET, binding_fill, node, b);
}

int qn_nl_binding_get(struct sk_buff *skb, struct genl_info *info)
{
	return on_named(info, TAKES_NAME, answer);
}

int qn_nl_binding_start(struct netlink_callback *cb)
{
	int err = qn_nl_dump_begin(cb, TAKES_DUMP);

	if (!err)
		qn_nl_dump(cb)->peer = qn_nl_dump_u64(cb, QKDNF_A_BINDING_PEER);
	return err;
}

int qn_nl_binding_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct qn_node *node = qn_nl_dump_lock(skb);
	struct qn_nl_dump *d = qn_nl_dump(cb);
	struct list_head *head, *at;

	if (!node)
		goto out;
	head = &node->bindings->list;
	at = qn_cursor_seek(&d->cursor, head, struct qn_binding, list);
	for (at = at->next; at != head; at = at->next) {
		struct qn_binding *b = list_entry(at, struct qn_binding, list);

		if (d->peer && d->peer != b->c.peer)
			continue;
		if (qn_nl_dump_item(skb, cb, QKDNF_CMD_BINDING_GET,
				    binding_fill, node, b))
			break;
		qn_cursor_told(&d->cursor, at, b->serial);
	}
out:
	return qn_nl_dump_unlock(skb, cb, node);
}

static u32 u32_or(struct genl_info *info, int attribute, u32 otherwise)
{
	return info->attrs[attribute] ? nla_get_u32(info->attrs[attribute]) :
					otherwise;
}

static u64 u64_or(struct genl_info *info, int attribute, u64 otherwise)
{
	return info->attrs[attribute] ? nla_get_u64(info->attrs[attribute]) :
					otherwise;
}

static int real_ends(struct genl_info *info, const struct qn_sa_ends *o, u16 family)
{
	bool v4 = family == AF_INET;
	int far = v4 ? QKDNF_A_BINDING_ADDR4 : QKDNF_A_BINDING_ADDR6;
	int own = v4 ? QKDNF_A_BINDING_LOCAL_ADDR4 : QKDNF_A_BINDING_LOCAL_ADDR6;

	if (xfrm_addr_any(&o->remote, family))
		return qn_nl_bad(info, far, -EINVAL,
				 "the outer address must be a real one");
	if (xfrm_addr_any(&o->local, family))
		return qn_nl_bad(info, own, -EINVAL,
				 "the outer address must be a real one");
	if (xfrm_addr_equal(&o->remote, &o->local, family))
		return qn_nl_bad(info, info->attrs[own] ? own : far, -EINVAL,
				 "both outer addresses are the same");
	return 0;
}

static int outer_ends(struct genl_info *info, struct qn_binding_config *c)
{
	struct nlattr **a = info->attrs;
	bool v4 = a[QKDNF_A_BINDING_ADDR4], v6 = a[QKDNF_A_BINDING_ADDR6];
	int far = v4 ? QKDNF_A_BINDING_ADDR4 : QKDNF_A_BINDING_ADDR6;
	int own = v4 ? QKDNF_A_BINDING_LOCAL_ADDR4 : QKDNF_A_BINDING_LOCAL_ADDR6;
	int wrong = v4 ? QKDNF_A_BINDING_LOCAL_ADDR6 :
			 QKDNF_A_BINDING_LOCAL_ADDR4;

	if (!v4 && !v6)
		return qn_nl_missing(info, QKDNF_A_BINDING_ADDR4,
				     "a binding needs the outer address of the other end: addr4 or addr6");
	if (v4 && v6)
		return qn_nl_bad(info, QKDNF_A_BINDING_ADDR6, -EINVAL,
				 "give one outer address of the other end, not two");
	if (a[wrong])
		return qn_nl_bad(info, wrong, -EINVAL,
				 "the outer addresses are of one family");
	if (!a[own])
		return qn_nl_missing(info, own,
				     "a binding needs its own outer address: local-addr4 or local-addr6");
	c->family = v4 ? AF_INET : AF_INET6;
	nla_memcpy(&c->outer.remote, a[far], sizeof(c->outer.remote));
	nla_memcpy(&c->outer.local, a[own], sizeof(c->outer.local));
	return real_ends(info, &c->outer, c->family);
}

static bool below(u64 soft, u64 hard)
{
	return !soft || !hard || soft < hard;
}

static int limits(struct genl_info *info, struct qn_binding_config *c)
{
	c->soft.octets = u64_or(info, QKDNF_A_BINDING_SOFT_OCTETS,
				soft_default.octets);
	c->soft.packets = u64_or(info, QKDNF_A_BINDING_SOFT_PACKETS,
				 soft_default.packets);
	c->soft.seconds = u32_or(info, QKDNF_A_BINDING_SOFT_SECONDS,
				 soft_default.seconds);
	c->hard.octets = u64_or(info, QKDNF_A_BINDING_HARD_OCTETS,
				hard_default.octets);
	c->hard.packets = u64_or(info, QKDNF_A_BINDING_HARD_PACKETS,
				 hard_default.packets);
	c->hard.seconds = u32_or(info, QKDNF_A_BINDING_HARD_SECONDS,
				 hard_default.seconds);
	if (!below(c->soft.octets, c->hard.octets) ||
	    !below(c->soft.packets, c->hard.packets) ||
	    !below(c->soft.seconds, c->hard.seconds))
		return qn_nl_fail(info, -EINVAL,
				  "each soft limit must be below its hard limit, or 0 for none");
	return 0;
}

static int in_udp(struct genl_info *info, struct qn_binding_config *c)
{
	struct nlattr *own = info->attrs[QKDNF_A_BINDING_ENCAP];
	struct nlattr *far = info->attrs[QKDNF_A_BINDING_ENCAP_TO];

	if (own)
		c->encap = nla_get_u16(own);
	if (far && !c->encap)
		return qn_nl_bad(info, QKDNF_A_BINDING_ENCAP_TO, -EINVAL,
				 "encap-to goes with encap, the own UDP port");
	if (c->encap)
		c->outer.far_port = far ? nla_get_u16(far) : c->encap;
	return 0;
}

static int config(struct genl_info *info, struct qn_binding_config *c)
{
	struct nlattr **a = info->attrs;
	int err;

	memset(c, 0, sizeof(*c));
	if (!a[QKDNF_A_BINDING_REQID])
		return qn_nl_missing(info, QKDNF_A_BINDING_REQID,
				     "a binding needs a reqid, that of its policies");
	if (!a[QKDNF_A_BINDING_PEER])
		return qn_nl_missing(info, QKDNF_A_BINDING_PEER,
				     "a binding needs a peer, whose key feeds it");
	c->reqid = nla_get_u32(a[QKDNF_A_BINDING_REQID]);
	c->peer = nla_get_u64(a[QKDNF_A_BINDING_PEER]);
	c->mode = u32_or(info, QKDNF_A_BINDING_MODE, QKDNF_IPSEC_MODE_TUNNEL);
	c->algorithm = u32_or(info, QKDNF_A_BINDING_ALGORITHM,
			      QKDNF_IPSEC_ALGORITHM_AES_GCM);
	c->esn = !a[QKDNF_A_BINDING_ESN] || nla_get_u8(a[QKDNF_A_BINDING_ESN]);
	c->window = u32_or(info, QKDNF_A_BINDING_WINDOW, WINDOW_DEFAULT);
	c->if_id = u32_or(info, QKDNF_A_BINDING_IF_ID, 0);
	err = outer_ends(info, c);
	if (!err)
		err = in_udp(info, c);
	if (!err)
		err = limits(info, c);
	if (err)
		return err;
	if (!qn_xfrm_has_algorithm(c->algorithm))
		return qn_nl_fail(info, -EOPNOTSUPP,
				  "this kernel lacks the algorithm: load its module, or choose the other one");
	return 0;
}

int qn_nl_binding_new(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_binding_config c;
	struct qn_node *node;
	struct qn_peer *peer;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (!err)
		err = config(info, &c);
	if (err)
		return err;
	mutex_lock(&node->lock);
	peer = qn_nl_peer(info, node, QKDNF_A_BINDING_PEER);
	if (IS_ERR(peer))
		err = PTR_ERR(peer);
	else if (!peer->end.family)
		err = qn_nl_bad(info, QKDNF_A_BINDING_PEER, -EINVAL,
				"the peer has no address: give it one with peer-set");
	else if (qn_xfrm_shared(node->net, &c, &c.outer))
		err = -EBUSY;
	else
		err = qn_binding_add(node, &c);
	mutex_unlock(&node->lock);
	if (err == -EBUSY)
		return qn_nl_bad(info, QKDNF_A_BINDING_REQID, err,
				 "somebody else has this reqid between these addresses: choose another reqid, or take his association away");
	if (err == -EEXIST)
		return qn_nl_bad(info, QKDNF_A_BINDING_REQID, err,
				 "there is a binding with this reqid: take it away first");
	if (err == -EADDRINUSE)
		return qn_nl_bad(info, QKDNF_A_BINDING_ENCAP, err,
				 "another program has this UDP port: choose another, at the other end as encap-to");
	if (err == -ENOSPC)
		return qn_nl_fail(info, err, "too many bindings");
	return err;
}

static int del(struct genl_info *info, struct qn_node *node,
	       struct qn_binding *b)
{
	qn_binding_del(b);
	return 0;
}

int qn_nl_binding_del(struct sk_buff *skb, struct genl_info *info)
{
	return on_named(info, TAKES_NAME, del);
}

static int rekey(struct genl_info *info, struct qn_node *node,
		 struct qn_binding *b)
{
	set_bit(QN_B_SOON, &b->flags);
	set_bit(QN_B_TOGETHER, &b->flags);
	set_bit(QN_B_REKEY, &b->flags);
	qn_binding_kick(b);
	return 0;
}

int qn_nl_binding_rekey(struct sk_buff *skb, struct genl_info *info)
{
	return on_named(info, TAKES_NAME, rekey);
}

static int elsewhere(struct genl_info *info, struct qn_node *node,
		     struct qn_binding *b)
{
	bool v4 = b->c.family == AF_INET;
	int far = v4 ? QKDNF_A_BINDING_ADDR4 : QKDNF_A_BINDING_ADDR6;
	int own = v4 ? QKDNF_A_BINDING_LOCAL_ADDR4 : QKDNF_A_BINDING_LOCAL_ADDR6;
	int wrong_far = v4 ? QKDNF_A_BINDING_ADDR6 : QKDNF_A_BINDING_ADDR4;
	int wrong_own = v4 ? QKDNF_A_BINDING_LOCAL_ADDR6 :
			     QKDNF_A_BINDING_LOCAL_ADDR4;
	struct qn_sa_ends outer = qn_binding_outer(b);
	struct nlattr **a = info->attrs;
	int err;

	if (b->c.mode != QKDNF_IPSEC_MODE_TUNNEL)
		return qn_nl_bad(info, QKDNF_A_BINDING_REQID, -EOPNOTSUPP,
				 "only tunnel mode can move: in transport mode the addresses are the traffic's own");
	if (a[wrong_far] || a[wrong_own])
		return qn_nl_bad(info, a[wrong_far] ? wrong_far : wrong_own,
				 -EINVAL,
				 "a binding stays in its family: take it away and make it anew");
	if (!a[far] && !a[own])
		return qn_nl_missing(info, own,
				     "where to? give the own outer address, or that of the other end");
	if (a[far])
		nla_memcpy(&outer.remote, a[far], sizeof(outer.remote));
	if (a[own])
		nla_memcpy(&outer.local, a[own], sizeof(outer.local));
	err = real_ends(info, &outer, b->c.family);
	if (!err)
		qn_sa_move(b, &outer);
	return err;
}

int qn_nl_binding_move(struct sk_buff *skb, struct genl_info *info)
{
	return on_named(info, TAKES_MOVE, elsewhere);
}
