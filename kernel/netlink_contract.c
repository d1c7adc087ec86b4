// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on contracts.
 */
#include <linux/ktime.h>

#include "contract.h"
#include "netlink_parts.h"
#include "pairing.h"
#include "peer.h"

#define TAKES_GET	(BIT_ULL(QKDNF_A_CONTRACT_PEER) |	\
			 BIT_ULL(QKDNF_A_CONTRACT_ID) |		\
			 BIT_ULL(QKDNF_A_CONTRACT_DIRECTION))
#define TAKES_DUMP	BIT_ULL(QKDNF_A_CONTRACT_PEER)

static int put64(struct sk_buff *skb, int attribute, u64 value)
{
	return nla_put_u64_64bit(skb, attribute, value, QKDNF_A_CONTRACT_PAD);
}

static int terms_fill(struct sk_buff *skb, const struct qn_contract_terms *t,
		      bool out)
{
	if ((!out && t->out_id &&
	     nla_put_u32(skb, QKDNF_A_CONTRACT_OUT_ID, t->out_id)) ||
	    put64(skb, QKDNF_A_CONTRACT_SOURCE, t->source) ||
	    (t->source_wide &&
	     nla_put_flag(skb, QKDNF_A_CONTRACT_SOURCE_WIDE)) ||
	    put64(skb, QKDNF_A_CONTRACT_DESTINATION, t->destination) ||
	    (t->destination_wide &&
	     nla_put_flag(skb, QKDNF_A_CONTRACT_DESTINATION_WIDE)) ||
	    put64(skb, QKDNF_A_CONTRACT_RATE, t->rate) ||
	    put64(skb, QKDNF_A_CONTRACT_BURST, t->burst) ||
	    put64(skb, QKDNF_A_CONTRACT_VOLUME, t->volume) ||
	    put64(skb, QKDNF_A_CONTRACT_EXPIRY, t->expiry) ||
	    nla_put_u16(skb, QKDNF_A_CONTRACT_WEIGHT, t->weight))
		return -EMSGSIZE;
	return 0;
}

static int meters_fill(struct sk_buff *skb, struct qn_node *node,
		       const struct qn_contract *c)
{
	struct qn_peer *peer;
	u64 incarnation = c->incarnation;

	if (c->key.out) {
		if (put64(skb, QKDNF_A_CONTRACT_SENT, c->metered) ||
		    put64(skb, QKDNF_A_CONTRACT_PEER_ACCEPTED,
			  c->peer_accepted))
			return -EMSGSIZE;
		if (c->mark &&
		    put64(skb, QKDNF_A_CONTRACT_MARK_SENT, c->mark_metered))
			return -EMSGSIZE;
		/* the carrier's reading at this mark, if it has passed it, too */
		if (c->mark && c->peer_mark == c->mark &&
		    put64(skb, QKDNF_A_CONTRACT_MARK_PEER_ACCEPTED,
			  c->mark_peer_accepted))
			return -EMSGSIZE;
	} else {
		if (put64(skb, QKDNF_A_CONTRACT_ACCEPTED, c->metered))
			return -EMSGSIZE;
		if (c->mark &&
		    put64(skb, QKDNF_A_CONTRACT_MARK_ACCEPTED,
			  c->mark_metered))
			return -EMSGSIZE;
		rcu_read_lock();
		peer = qn_peer_find(node, c->key.peer);
		incarnation = peer ? READ_ONCE(peer->pairing.own) : 0;
		rcu_read_unlock();
	}
	if (put64(skb, QKDNF_A_CONTRACT_REFUSED_RATE, c->refused_rate) ||
	    put64(skb, QKDNF_A_CONTRACT_REFUSED_VOLUME, c->refused_volume) ||
	    put64(skb, QKDNF_A_CONTRACT_REFUSED_EXPIRED, c->refused_expired) ||
	    put64(skb, QKDNF_A_CONTRACT_REFUSED_MISMATCH,
		  c->refused_mismatch) ||
	    (c->mark && nla_put_u32(skb, QKDNF_A_CONTRACT_MARK, c->mark)) ||
	    (incarnation &&
	     put64(skb, QKDNF_A_CONTRACT_INCARNATION, incarnation)))
		return -EMSGSIZE;
	return 0;
}

static int contract_fill(struct sk_buff *skb, struct qn_node *node,
			 void *object, bool brief)
{
	struct qn_contract *c = object;
	int err;

	if (put64(skb, QKDNF_A_CONTRACT_PEER, c->key.peer) ||
	    nla_put_u32(skb, QKDNF_A_CONTRACT_ID, c->key.id) ||
	    nla_put_u32(skb, QKDNF_A_CONTRACT_DIRECTION,
			c->key.out ? QKDNF_DIRECTION_OUT : QKDNF_DIRECTION_IN))
		return -EMSGSIZE;
	/* one lock over all, so that the meters fit each other */
	spin_lock_bh(&c->lock);
	err = terms_fill(skb, &c->terms, c->key.out);
	if (!err)
		err = meters_fill(skb, node, c);
	spin_unlock_bh(&c->lock);
	return err;
}

/* What every operation on one contract needs. */
static int contract_key(struct genl_info *info, struct qn_contract_key *key)
{
	struct nlattr **a = info->attrs;

	if (!a[QKDNF_A_CONTRACT_PEER])
		return qn_nl_missing(info, QKDNF_A_CONTRACT_PEER,
				     "a contract is named by peer, id and direction: peer is missing");
	if (!a[QKDNF_A_CONTRACT_ID])
		return qn_nl_missing(info, QKDNF_A_CONTRACT_ID,
				     "a contract is named by peer, id and direction: id is missing");
	if (!a[QKDNF_A_CONTRACT_DIRECTION])
		return qn_nl_missing(info, QKDNF_A_CONTRACT_DIRECTION,
				     "a contract is named by peer, id and direction: direction is missing");
	memset(key, 0, sizeof(*key));
	key->peer = nla_get_u64(a[QKDNF_A_CONTRACT_PEER]);
	key->id = nla_get_u32(a[QKDNF_A_CONTRACT_ID]);
	key->out = nla_get_u32(a[QKDNF_A_CONTRACT_DIRECTION]) ==
		   QKDNF_DIRECTION_OUT;
	return 0;
}

static int contract_unknown(struct genl_info *info)
{
	return qn_nl_bad(info, QKDNF_A_CONTRACT_ID, -ENOENT,
			 "no contract of this peer, id and direction");
}

/* A node, or with the flag a provider. */
static int party(struct genl_info *info, int attribute, int wide_flag, u64 *id,
		 bool *wide)
{
	*id = nla_get_u64(info->attrs[attribute]);
	*wide = !!info->attrs[wide_flag];
	if (*wide && (!upper_32_bits(*id) || lower_32_bits(*id)))
		return qn_nl_bad(info, attribute, -EINVAL,
				 "a whole provider has node part 0");
	if (!*wide && !qn_nl_node_id_ok(*id))
		return qn_nl_bad(info, attribute, -EINVAL,
				 "a node id has a provider and a node part, neither of them 0");
	return 0;
}

static int parties(struct genl_info *info, struct qn_contract_terms *t)
{
	int err;

	if (!info->attrs[QKDNF_A_CONTRACT_SOURCE])
		return qn_nl_missing(info, QKDNF_A_CONTRACT_SOURCE,
				     "a contract needs a source");
	if (!info->attrs[QKDNF_A_CONTRACT_DESTINATION])
		return qn_nl_missing(info, QKDNF_A_CONTRACT_DESTINATION,
				     "a contract needs a destination");
	err = party(info, QKDNF_A_CONTRACT_SOURCE,
		    QKDNF_A_CONTRACT_SOURCE_WIDE, &t->source, &t->source_wide);
	if (err)
		return err;
	return party(info, QKDNF_A_CONTRACT_DESTINATION,
		     QKDNF_A_CONTRACT_DESTINATION_WIDE, &t->destination,
		     &t->destination_wide);
}

/* What can be changed: what is named overwrites what is in @t. */
static int terms_parse(struct genl_info *info, bool out,
		       struct qn_contract_terms *t)
{
	struct nlattr **a = info->attrs;

	if (a[QKDNF_A_CONTRACT_OUT_ID]) {
		if (out)
			return qn_nl_bad(info, QKDNF_A_CONTRACT_OUT_ID, -EINVAL,
					 "out-id belongs to a contract of direction in");
		t->out_id = nla_get_u32(a[QKDNF_A_CONTRACT_OUT_ID]);
	}
	if (a[QKDNF_A_CONTRACT_RATE])
		t->rate = nla_get_u64(a[QKDNF_A_CONTRACT_RATE]);
	if (a[QKDNF_A_CONTRACT_BURST])
		t->burst = nla_get_u64(a[QKDNF_A_CONTRACT_BURST]);
	else if (!t->burst)
		t->burst = max_t(u64, t->rate, QN_CHUNK);
	if (a[QKDNF_A_CONTRACT_VOLUME])
		t->volume = nla_get_u64(a[QKDNF_A_CONTRACT_VOLUME]);
	if (a[QKDNF_A_CONTRACT_EXPIRY]) {
		t->expiry = nla_get_u64(a[QKDNF_A_CONTRACT_EXPIRY]);
		if (t->expiry && t->expiry <= ktime_get_real_seconds())
			return qn_nl_bad(info, QKDNF_A_CONTRACT_EXPIRY, -EINVAL,
					 "expiry is past");
	}
	if (a[QKDNF_A_CONTRACT_WEIGHT])
		t->weight = nla_get_u16(a[QKDNF_A_CONTRACT_WEIGHT]);
	return 0;
}

/* One contract, its terms and meters. */
int qn_nl_contract_get(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_contract_key key;
	struct qn_contract *c;
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, TAKES_GET, &node);
	if (!err)
		err = contract_key(info, &key);
	if (err)
		return err;
	mutex_lock(&node->lock);
	rcu_read_lock();
	c = qn_contract_find(node, &key);
	rcu_read_unlock();	/* node->lock keeps the contract */
	if (c)
		err = qn_nl_answer(info, QKDNF_CMD_CONTRACT_GET, contract_fill,
				   node, c);
	else
		err = contract_unknown(info);
	mutex_unlock(&node->lock);
	return err;
}

int qn_nl_contract_start(struct netlink_callback *cb)
{
	int err = qn_nl_dump_begin(cb, TAKES_DUMP);

	if (!err)
		qn_nl_dump(cb)->peer =
			qn_nl_dump_u64(cb, QKDNF_A_CONTRACT_PEER);
	return err;
}

int qn_nl_contract_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct qn_node *node = qn_nl_dump_lock(skb);
	struct qn_nl_dump *d = qn_nl_dump(cb);
	struct list_head *head, *at;

	if (!node)
		goto out;
	head = qn_contracts_list(node);
	at = qn_cursor_seek(&d->cursor, head, struct qn_contract, list);
	for (at = at->next; at != head; at = at->next) {
		struct qn_contract *c = list_entry(at, struct qn_contract,
						   list);

		if (d->peer && c->key.peer != d->peer)
			continue;
		if (qn_nl_dump_item(skb, cb, QKDNF_CMD_CONTRACT_GET,
				    contract_fill, node, c))
			break;
		qn_cursor_told(&d->cursor, at, c->serial);
	}
out:
	return qn_nl_dump_unlock(skb, cb, node);
}

static int contract_add(struct genl_info *info, struct qn_node *node,
			const struct qn_contract_key *key,
			const struct qn_contract_terms *terms)
{
	struct qn_peer *peer = qn_nl_peer(info, node, QKDNF_A_CONTRACT_PEER);
	int err;

	if (IS_ERR(peer))
		return PTR_ERR(peer);
	if (peer->remote)
		return qn_nl_bad(info, QKDNF_A_CONTRACT_PEER, -EINVAL,
				 "a contract is with a link peer, this one is remote");
	err = qn_contract_add(node, key, terms);
	if (err == -EEXIST)
		return qn_nl_bad(info, QKDNF_A_CONTRACT_ID, err,
				 "there is a contract of this peer, id and direction: change it with contract-set");
	if (err == -ENOSPC)
		return qn_nl_fail(info, err, "too many contracts");
	if (err)
		return qn_nl_fail(info, err, "the contract could not be made");
	return 0;
}

/* Make a contract. */
int qn_nl_contract_new(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_contract_terms terms = {};
	struct qn_contract_key key;
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (!err)
		err = contract_key(info, &key);
	if (!err)
		err = parties(info, &terms);
	if (err)
		return err;
	if (!info->attrs[QKDNF_A_CONTRACT_RATE])
		return qn_nl_missing(info, QKDNF_A_CONTRACT_RATE,
				     "a contract needs a rate");
	err = terms_parse(info, key.out, &terms);
	if (err)
		return err;
	mutex_lock(&node->lock);
	err = contract_add(info, node, &key, &terms);
	mutex_unlock(&node->lock);
	return err;
}

static int contract_change(struct genl_info *info, struct qn_node *node,
			   const struct qn_contract_key *key)
{
	struct qn_contract_terms terms;
	struct qn_contract *c;
	int err;

	rcu_read_lock();
	c = qn_contract_find(node, key);
	rcu_read_unlock();
	if (!c)
		return contract_unknown(info);
	/* under node->lock, which every change of the terms takes */
	terms = c->terms;
	err = terms_parse(info, key->out, &terms);
	if (err)
		return err;
	err = qn_contract_set(node, key, &terms);
	if (err)
		return qn_nl_fail(info, err,
				  "the contract could not be changed");
	return 0;
}

/* Change the terms of a contract. */
int qn_nl_contract_set(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_contract_key key;
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (!err)
		err = contract_key(info, &key);
	if (err)
		return err;
	mutex_lock(&node->lock);
	err = contract_change(info, node, &key);
	mutex_unlock(&node->lock);
	return err;
}

/* Take a contract away. */
int qn_nl_contract_del(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_contract_key key;
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (!err)
		err = contract_key(info, &key);
	if (err)
		return err;
	mutex_lock(&node->lock);
	err = qn_contract_del(node, &key);
	mutex_unlock(&node->lock);
	return err ? contract_unknown(info) : 0;
}

/* Freeze the meters under a number. */
int qn_nl_contract_mark(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_contract_key key;
	struct qn_node *node;
	int err;

	err = qn_nl_begin(info, ~0ULL, &node);
	if (!err)
		err = contract_key(info, &key);
	if (err)
		return err;
	if (!info->attrs[QKDNF_A_CONTRACT_MARK])
		return qn_nl_missing(info, QKDNF_A_CONTRACT_MARK,
				     "a settlement mark has a number: mark");
	mutex_lock(&node->lock);
	err = qn_contract_mark(node, &key,
			       nla_get_u32(info->attrs[QKDNF_A_CONTRACT_MARK]));
	mutex_unlock(&node->lock);
	if (err == -ENOENT)
		return contract_unknown(info);
	if (err)
		return qn_nl_bad(info, QKDNF_A_CONTRACT_MARK, -ERANGE,
				 "a mark is one more than the last; the first is 1");
	return 0;
}
