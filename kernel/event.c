// SPDX-License-Identifier: GPL-2.0-only
#include "event.h"

#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>
#include <net/netns/generic.h>

/*
 * The limit: each type of event has one bucket for each class of peers, so
 * that one peer that flaps does not silence the others, and the memory does
 * not grow with the peers. A bucket lets EVENT_BURST events through at once and
 * EVENT_PER_SECOND lastingly.
 */
enum {
	EVENT_CLASS_BITS = 3,
	EVENT_PER_SECOND = 16,
	EVENT_BURST = 128,
};

#define EVENT_INTERVAL_NS	(NSEC_PER_SEC / EVENT_PER_SECOND)
#define EVENT_TOLERANCE_NS	((u64)(EVENT_BURST - 1) * EVENT_INTERVAL_NS)

/*
 * No event is larger: what it takes of the listener's receive buffer is what
 * was allocated.
 */
#define EVENT_OCTETS	(5 * nla_total_size_64bit(sizeof(u64)) +	\
			 4 * nla_total_size(sizeof(u32)) +		\
			 nla_total_size(sizeof(u8)) +			\
			 nla_total_size(QKDNF_NAME_LEN_MAX + 1) +	\
			 nla_total_size(QKDNF_REASON_LEN_MAX + 1))

/**
 * struct bucket - limit of one type and class
 * @due: when the bucket would be full again, ns of the monotonic clock
 * @suppressed: events not told since one was
 */
struct bucket {
	atomic64_t due;
	atomic_t suppressed;
};

struct event_net {
	atomic64_t dropped;
	struct bucket bucket[__QKDNF_EVENT_TYPE_MAX][1 << EVENT_CLASS_BITS];
};

static unsigned int event_net_id __read_mostly;

/* The family stands: set and cleared by the netlink room. */
static bool event_open;

/*
 * Takes one event from the bucket, or says that it is empty. Lockless, since
 * events come from any context up to softirq and under locks of every room.
 */
static bool bucket_take(struct bucket *b)
{
	u64 now = ktime_get_ns();
	s64 old = atomic64_read(&b->due);
	u64 due;

	do {
		due = max_t(u64, old, now);
		if (due - now > EVENT_TOLERANCE_NS)
			return false;
	} while (!atomic64_try_cmpxchg(&b->due, &old, due + EVENT_INTERVAL_NS));
	return true;
}

static int put_string(struct sk_buff *skb, int attr, const char *text,
		      size_t max)
{
	char *to;
	struct nlattr *nla;
	size_t len = strnlen(text, max);

	nla = nla_reserve(skb, attr, len + 1);
	if (!nla)
		return -EMSGSIZE;
	to = nla_data(nla);
	memcpy(to, text, len);
	to[len] = '\0';
	return 0;
}

static int fill(struct sk_buff *skb, enum qkdnf_event_type type,
		const struct qn_event_args *a, u32 suppressed)
{
	void *hdr = genlmsg_put(skb, 0, 0, &qn_genl_family, 0,
				QKDNF_CMD_EVENT_NTF);

	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(skb, QKDNF_A_EVENT_TYPE, type) ||
	    nla_put_u64_64bit(skb, QKDNF_A_EVENT_TIME_NS, ktime_get_real_ns(),
			      QKDNF_A_EVENT_PAD) ||
	    nla_put_u64_64bit(skb, QKDNF_A_EVENT_NUMBER, a->number,
			      QKDNF_A_EVENT_PAD))
		goto full;
	if (a->peer && nla_put_u64_64bit(skb, QKDNF_A_EVENT_PEER, a->peer,
					 QKDNF_A_EVENT_PAD))
		goto full;
	if (a->peer_name && a->peer_name[0] &&
	    put_string(skb, QKDNF_A_EVENT_PEER_NAME, a->peer_name,
		       QKDNF_NAME_LEN_MAX))
		goto full;
	if (a->destination &&
	    nla_put_u64_64bit(skb, QKDNF_A_EVENT_DESTINATION, a->destination,
			      QKDNF_A_EVENT_PAD))
		goto full;
	if (a->has_share && nla_put_u8(skb, QKDNF_A_EVENT_SHARE, a->share))
		goto full;
	if (a->contract &&
	    (nla_put_u32(skb, QKDNF_A_EVENT_CONTRACT, a->contract) ||
	     nla_put_u32(skb, QKDNF_A_EVENT_DIRECTION, a->direction)))
		goto full;
	if (a->has_segment &&
	    nla_put_u64_64bit(skb, QKDNF_A_EVENT_SEGMENT, a->segment,
			      QKDNF_A_EVENT_PAD))
		goto full;
	if (a->reason && put_string(skb, QKDNF_A_EVENT_REASON, a->reason,
				    QKDNF_REASON_LEN_MAX))
		goto full;
	if (suppressed &&
	    nla_put_u32(skb, QKDNF_A_EVENT_SUPPRESSED, suppressed))
		goto full;
	genlmsg_end(skb, hdr);
	return 0;

full:
	genlmsg_cancel(skb, hdr);
	return -EMSGSIZE;
}

/**
 * qn_event - tell the listeners of a namespace that something happened
 * @net: the node's namespace
 * @type: what happened
 * @a: what it is about, or NULL
 *
 * Costs a test of one bit when nobody listens. Limited in rate for each type
 * and class of peers; what is suppressed is counted, and told with the next
 * event of its bucket.
 *
 * Context: process or softirq; sleeps not, takes no lock of ours.
 */
void qn_event(struct net *net, enum qkdnf_event_type type,
	      const struct qn_event_args *a)
{
	static const struct qn_event_args nothing;
	struct event_net *en;
	struct bucket *b;
	struct sk_buff *skb;
	u32 suppressed;

	if (!a)
		a = &nothing;
	/* qn_event_close() waits for the readers of event_open */
	rcu_read_lock();
	if (!READ_ONCE(event_open) ||
	    !genl_has_listeners(&qn_genl_family, net, QN_EVENT_GROUP))
		goto out;
	en = net_generic(net, event_net_id);
	b = &en->bucket[type][hash_64(a->peer, EVENT_CLASS_BITS)];
	if (!bucket_take(b)) {
		atomic_inc(&b->suppressed);
		atomic64_inc(&en->dropped);
		goto out;
	}
	suppressed = atomic_xchg(&b->suppressed, 0);
	skb = genlmsg_new(EVENT_OCTETS, GFP_ATOMIC);
	if (!skb)
		goto lost;
	if (fill(skb, type, a, suppressed)) {
		nlmsg_free(skb);
		goto lost;
	}
	/* a slow listener sees ENOBUFS on its own socket, the others do not */
	genlmsg_multicast_netns(&qn_genl_family, net, skb, 0, QN_EVENT_GROUP,
				GFP_ATOMIC);
	goto out;

lost:
	atomic_add(suppressed + 1, &b->suppressed);
	atomic64_inc(&en->dropped);
out:
	rcu_read_unlock();
}

/**
 * qn_event_dropped - events that were not told in a namespace
 * @net: the namespace
 *
 * Counts those suppressed by the limit or lost for want of memory while
 * somebody listened. Context: any.
 */
u64 qn_event_dropped(struct net *net)
{
	struct event_net *en = net_generic(net, event_net_id);

	return atomic64_read(&en->dropped);
}

/**
 * qn_event_open - the family is registered: events may be sent
 *
 * Context: process, by the netlink room only.
 */
void qn_event_open(void)
{
	WRITE_ONCE(event_open, true);
}

/**
 * qn_event_close - the family is about to go: no event is sent from here on
 *
 * The group's number may be given to another family at once, which must not
 * hear ours. Context: process, may sleep.
 */
void qn_event_close(void)
{
	WRITE_ONCE(event_open, false);
	synchronize_rcu();
}

static struct pernet_operations event_net_ops = {
	.id = &event_net_id,
	.size = sizeof(struct event_net),
};

/**
 * qn_event_init - get ready; before any node or the family
 *
 * Context: module init. Return: 0 or an error of register_pernet_subsys().
 */
int __init qn_event_init(void)
{
	return register_pernet_subsys(&event_net_ops);
}

/**
 * qn_event_exit - undo qn_event_init(); after all nodes are gone
 *
 * Context: module exit, or init that failed.
 */
void qn_event_exit(void)
{
	unregister_pernet_subsys(&event_net_ops);
}
