// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is under way: relayed streams, and the flows that use the links.
 */
#include "flow.h"
#include "netlink_parts.h"
#include "peer.h"
#include "remote.h"

#define RELAY_TAKES_GET		BIT_ULL(QKDNF_A_RELAY_PEER)
#define RELAY_TAKES_DUMP	0
#define FLOW_TAKES_DUMP		BIT_ULL(QKDNF_A_FLOW_PEER)

static int put64(struct sk_buff *skb, int attribute, u64 value)
{
	return nla_put_u64_64bit(skb, attribute, value, QKDNF_A_RELAY_PAD);
}

static int generator_fill(struct sk_buff *skb, const struct qn_remote *r)
{
	u32 in_flight = 0;
	u64 rate = 0;
	int i;

	for (i = 0; i < QN_WINDOW_SEGS; i++)
		in_flight += !!r->out[i].seg;
	for (i = 0; i < r->shares; i++)
		rate += r->rate[i];
	if (nla_put_u32(skb, QKDNF_A_RELAY_STATE, r->state) ||
	    nla_put_u32(skb, QKDNF_A_RELAY_NAK, r->nak) ||
	    (r->nak_node &&
	     put64(skb, QKDNF_A_RELAY_NAK_NODE, r->nak_node)) ||
	    nla_put_u32(skb, QKDNF_A_RELAY_IN_FLIGHT, in_flight) ||
	    nla_put_u32(skb, QKDNF_A_RELAY_WINDOW, r->window) ||
	    put64(skb, QKDNF_A_RELAY_NEXT_SEGMENT, r->next) ||
	    put64(skb, QKDNF_A_RELAY_SENT, r->sent) ||
	    put64(skb, QKDNF_A_RELAY_RETRANSMITS, r->retransmits) ||
	    put64(skb, QKDNF_A_RELAY_CONFIRMED, r->confirmed) ||
	    put64(skb, QKDNF_A_RELAY_GIVEN_UP, r->given_up) ||
	    put64(skb, QKDNF_A_RELAY_MISMATCHED, r->mismatched) ||
	    (rate < QN_RATE_UNLIMITED &&
	     nla_put_u32(skb, QKDNF_A_RELAY_ALLOWED_RATE, rate)))
		return -EMSGSIZE;
	return 0;
}

static int assembly_fill(struct sk_buff *skb, const struct qn_remote *r)
{
	u32 assembling = 0;
	int i;

	for (i = 0; i < QN_ASSEMBLY_SEGS; i++)
		assembling += !!r->in[i].seg;
	if (nla_put_u32(skb, QKDNF_A_RELAY_ASSEMBLING, assembling) ||
	    put64(skb, QKDNF_A_RELAY_CHUNKS, r->chunks) ||
	    put64(skb, QKDNF_A_RELAY_DUPLICATES, r->duplicates) ||
	    put64(skb, QKDNF_A_RELAY_CONFIRMED_IN, r->confirmed_in))
		return -EMSGSIZE;
	return 0;
}

static int relay_fill(struct sk_buff *skb, struct qn_node *node, void *object,
		      bool brief)
{
	struct qn_peer *peer = object;
	struct qn_remote *r = peer->remote_half;
	u32 rtt = READ_ONCE(peer->rtt_us);
	int err;

	if (put64(skb, QKDNF_A_RELAY_PEER, peer->id) ||
	    nla_put_u32(skb, QKDNF_A_RELAY_SCHEME, r->scheme) ||
	    nla_put_u8(skb, QKDNF_A_RELAY_SHARES, r->shares) ||
	    (rtt && nla_put_u32(skb, QKDNF_A_RELAY_RTT_US, rtt)))
		return -EMSGSIZE;
	spin_lock_bh(&r->lock);
	err = generator_fill(skb, r);
	if (!err)
		err = assembly_fill(skb, r);
	spin_unlock_bh(&r->lock);
	return err;
}

/* One remote stream, or all. */
int qn_nl_relay_get(struct sk_buff *skb, struct genl_info *info)
{
	struct qn_node *node;
	struct qn_peer *peer;
	int err;

	err = qn_nl_begin(info, RELAY_TAKES_GET, &node);
	if (err)
		return err;
	if (!info->attrs[QKDNF_A_RELAY_PEER])
		return qn_nl_missing(info, QKDNF_A_RELAY_PEER,
				     "the relay of which peer? give peer, or ask for a dump");
	mutex_lock(&node->lock);
	peer = qn_nl_peer(info, node, QKDNF_A_RELAY_PEER);
	if (IS_ERR(peer))
		err = PTR_ERR(peer);
	else if (!peer->remote_half)
		err = qn_nl_bad(info, QKDNF_A_RELAY_PEER, -EINVAL,
				"this is a link peer: only remote peers are filled by relay");
	else
		err = qn_nl_answer(info, QKDNF_CMD_RELAY_GET, relay_fill, node,
				   peer);
	mutex_unlock(&node->lock);
	return err;
}

int qn_nl_relay_start(struct netlink_callback *cb)
{
	return qn_nl_dump_begin(cb, RELAY_TAKES_DUMP);
}

int qn_nl_relay_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct qn_node *node = qn_nl_dump_lock(skb);
	struct qn_nl_dump *d = qn_nl_dump(cb);
	struct list_head *at;

	if (!node)
		goto out;
	at = qn_cursor_seek(&d->cursor, &node->peer_list, struct qn_peer, list);
	for (at = at->next; at != &node->peer_list; at = at->next) {
		struct qn_peer *peer = list_entry(at, struct qn_peer, list);

		if (!peer->remote_half)
			continue;
		if (qn_nl_dump_item(skb, cb, QKDNF_CMD_RELAY_GET, relay_fill,
				    node, peer))
			break;
		qn_cursor_told(&d->cursor, at, peer->serial);
	}
out:
	return qn_nl_dump_unlock(skb, cb, node);
}

static int flow_fill(struct sk_buff *skb, struct qn_node *node, void *object,
		     bool brief)
{
	struct qn_flow *flow = object;

	if (nla_put_u64_64bit(skb, QKDNF_A_FLOW_PEER, flow->key.peer,
			      QKDNF_A_FLOW_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_FLOW_ORIGIN, flow->key.origin,
			      QKDNF_A_FLOW_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_FLOW_DESTINATION,
			      flow->key.destination, QKDNF_A_FLOW_PAD) ||
	    nla_put_u16(skb, QKDNF_A_FLOW_WEIGHT, READ_ONCE(flow->weight)) ||
	    nla_put_u32(skb, QKDNF_A_FLOW_RATE, READ_ONCE(flow->rate)) ||
	    nla_put_u32(skb, QKDNF_A_FLOW_ALLOWED, READ_ONCE(flow->allowed)) ||
	    nla_put_u32(skb, QKDNF_A_FLOW_DEMAND, READ_ONCE(flow->demand)) ||
	    nla_put_u64_64bit(skb, QKDNF_A_FLOW_LAST_MS,
			      jiffies_to_msecs(jiffies - READ_ONCE(flow->last)),
			      QKDNF_A_FLOW_PAD))
		return -EMSGSIZE;
	return 0;
}

int qn_nl_flow_start(struct netlink_callback *cb)
{
	int err = qn_nl_dump_begin(cb, FLOW_TAKES_DUMP);

	if (!err)
		qn_nl_dump(cb)->peer = qn_nl_dump_u64(cb, QKDNF_A_FLOW_PEER);
	return err;
}

struct piece {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	struct qn_node *node;
};

static int flow_tell(struct qn_flow *flow, void *data)
{
	struct piece *p = data;
	u64 peer = qn_nl_dump(p->cb)->peer;

	if (peer && flow->key.peer != peer)
		return 0;
	return qn_nl_dump_item(p->skb, p->cb, QKDNF_CMD_FLOW_GET, flow_fill,
			       p->node, flow);
}

int qn_nl_flow_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct piece p = {
		.skb = skb,
		.cb = cb,
		.node = qn_nl_dump_lock(skb),
	};

	if (p.node)
		qn_flows_walk(p.node, &qn_nl_dump(cb)->cursor, flow_tell, &p);
	return qn_nl_dump_unlock(skb, cb, p.node);
}
