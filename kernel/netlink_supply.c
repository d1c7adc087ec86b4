// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of the streams serves applications. Offsets and labels, never key.
 */
#include <linux/jiffies.h>

#include "netlink_parts.h"
#include "peer.h"
#include "supply.h"

#define SUPPLY_TAKES_DUMP	BIT_ULL(QKDNF_A_SUPPLY_PEER)

/* One line of the dump: a segment that is set aside, or a range of one. */
struct item {
	struct qn_peer *peer;
	const struct qn_supply_seg *seg;
	const struct qn_supply_range *range;
};

static u32 state_of(const struct qn_supply_range *range)
{
	if (!range->own)
		return QKDNF_SUPPLY_STATE_WAITING;
	return range->announced ? QKDNF_SUPPLY_STATE_ANNOUNCED :
				  QKDNF_SUPPLY_STATE_TAKEN;
}

static int supply_fill(struct sk_buff *skb, struct qn_node *node, void *object,
		       bool brief)
{
	const struct qn_supply_range *range;
	struct item *item = object;
	u64 offset, octets;
	long left;

	range = item->range;
	offset = range ? range->offset : item->seg->index << item->peer->shift;
	octets = range ? range->octets : 1ULL << item->peer->shift;
	if (nla_put_u64_64bit(skb, QKDNF_A_SUPPLY_PEER, item->peer->id,
			      QKDNF_A_SUPPLY_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_SUPPLY_OFFSET, offset,
			      QKDNF_A_SUPPLY_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_SUPPLY_OCTETS, octets,
			      QKDNF_A_SUPPLY_PAD) ||
	    nla_put_u32(skb, QKDNF_A_SUPPLY_STATE,
			range ? state_of(range) : QKDNF_SUPPLY_STATE_MARKED))
		return -EMSGSIZE;
	if (!range)
		return 0;
	left = (long)(range->expires - jiffies);
	if ((range->label.len && nla_put(skb, QKDNF_A_SUPPLY_LABEL,
					 range->label.len, range->label.octet)) ||
	    nla_put_u32(skb, QKDNF_A_SUPPLY_TTL, left > 0 ? left / HZ : 0))
		return -EMSGSIZE;
	return 0;
}

/* The lines of one peer, from d->place on. Return: true if the skb is full. */
static bool peer_lines(struct sk_buff *skb, struct netlink_callback *cb,
		       struct qn_node *node, struct qn_peer *peer)
{
	struct qn_supply *s = rcu_dereference_raw(peer->supply);
	struct qn_nl_dump *d = qn_nl_dump(cb);
	struct item item = { .peer = peer };
	bool full = false;
	u32 i = 0;

	if (d->place_of != lower_32_bits(peer->serial)) {
		d->place_of = lower_32_bits(peer->serial);
		d->place = 0;
	}
	spin_lock_bh(&s->lock);
	list_for_each_entry(item.seg, &s->segs, list) {
		if (!item.seg->own || i++ < d->place)
			continue;
		full = qn_nl_dump_item(skb, cb, QKDNF_CMD_SUPPLY_GET, supply_fill,
				       node, &item);
		if (full)
			goto out;
		d->place++;
	}
	list_for_each_entry(item.range, &s->ranges, list) {
		if (i++ < d->place)
			continue;
		full = qn_nl_dump_item(skb, cb, QKDNF_CMD_SUPPLY_GET, supply_fill,
				       node, &item);
		if (full)
			goto out;
		d->place++;
	}
	d->place = 0;
out:
	spin_unlock_bh(&s->lock);
	return full;
}

int qn_nl_supply_start(struct netlink_callback *cb)
{
	int err = qn_nl_dump_begin(cb, SUPPLY_TAKES_DUMP);

	if (!err)
		qn_nl_dump(cb)->peer = qn_nl_dump_u64(cb, QKDNF_A_SUPPLY_PEER);
	return err;
}

int qn_nl_supply_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct qn_node *node = qn_nl_dump_lock(skb);
	struct qn_nl_dump *d = qn_nl_dump(cb);
	struct list_head *at;

	if (!node)
		goto out;
	at = qn_cursor_seek(&d->cursor, &node->peer_list, struct qn_peer, list);
	for (at = at->next; at != &node->peer_list; at = at->next) {
		struct qn_peer *peer = list_entry(at, struct qn_peer, list);

		if (d->peer && d->peer != peer->id)
			continue;
		if (peer_lines(skb, cb, node, peer))
			break;
		qn_cursor_told(&d->cursor, at, peer->serial);
	}
out:
	return qn_nl_dump_unlock(skb, cb, node);
}
