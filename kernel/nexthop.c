// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which hop a route uses now is not kept up to date by anybody who watches the
 * links: each frame asks both hops, and the first frame that gets another
 * answer than the one before records the switch. A switch so costs nothing
 * until a frame needs it, and then takes effect for that very frame.
 */
#include "event.h"
#include "nexthop.h"
#include "node.h"
#include "peer.h"
#include "route.h"

static void tell_switch(struct qn_node *node, const struct qn_route *r,
			const struct qn_peer *to, int active)
{
	struct qn_event_args a = {
		.destination = r->key.destination,
		.number = active,
	};

	if (to) {
		a.peer = to->id;
		a.peer_name = to->name;
	}
	if (r->key.share != QN_SHARE_ANY) {
		a.share = r->key.share;
		a.has_share = true;
	}
	if (active == QKDNF_ROUTE_ACTIVE_PRIMARY)
		a.reason = "the next hop is usable again";
	else if (active == QKDNF_ROUTE_ACTIVE_NONE)
		a.reason = "no next hop is usable";
	else
		a.reason = READ_ONCE(r->dry) ? "the next hop is out of key" :
					       "the next hop is down";
	qn_event(node->net, QKDNF_EVENT_TYPE_ROUTE_SWITCHED, &a);
}

/* What a frame goes by; a look-up and what it found. */
struct choice {
	struct qn_node *node;
	u64 destination;
	u8 share;
	struct qn_way way;
};

static noinline void note(const struct choice *c, const struct qn_peer *to,
			  int active, bool dry)
{
	struct qn_route *r = qn_route_note(c->node, c->destination, c->share,
					   &c->way, active, dry);

	if (r)
		tell_switch(c->node, r, to, active);
}

static void record(const struct choice *c, const struct qn_peer *to, int active)
{
	u32 state = active << QN_WORD_ACTIVE_SHIFT;

	if (c->way.dry)
		state |= QN_WORD_DRY;
	if (unlikely((c->way.word & (QN_WORD_ACTIVE | QN_WORD_DRY)) != state))
		note(c, to, active, false);
}

/**
 * qn_route_next - the neighbour that a frame goes to
 * @node: node
 * @destination: where it goes at last
 * @share: its share index
 * @shares: how many shares its stream has; above 1 the backup is not for it
 * @not_to: the neighbour that it came from, or NULL: frames do not turn back
 *
 * Context: under rcu_read_lock(). Return: a usable link peer, valid until
 * rcu_read_unlock(), or NULL.
 */
struct qn_peer *qn_route_next(struct qn_node *node, u64 destination, u8 share,
			      u8 shares, const struct qn_peer *not_to)
{
	struct choice c = {
		.node = node, .destination = destination, .share = share,
	};
	struct qn_peer *via, *backup;
	bool via_up, backup_up;

	if (!qn_route_way(node, destination, share, &c.way))
		return NULL;
	via = c.way.via;
	via_up = qn_peer_usable(via);
	/*
	 * Whoever could cut the first hop of every share but his own would
	 * gather all shares if they failed over.
	 */
	if (shares > 1)
		return via_up && via != not_to ? via : NULL;

	backup = c.way.backup;
	backup_up = backup && qn_peer_usable(backup);
	if (via_up && !(backup_up && c.way.dry)) {
		record(&c, via, QKDNF_ROUTE_ACTIVE_PRIMARY);
		if (via != not_to)
			return via;
		return backup_up ? backup : NULL;
	}
	if (backup_up) {
		record(&c, backup, QKDNF_ROUTE_ACTIVE_BACKUP);
		if (backup != not_to)
			return backup;
		return via_up ? via : NULL;
	}
	record(&c, NULL, QKDNF_ROUTE_ACTIVE_NONE);
	return NULL;
}

/**
 * qn_route_other - where else, when the neighbour that was chosen has no key?
 * @node: node
 * @destination: as to qn_route_next()
 * @share: as to qn_route_next()
 * @shares: as to qn_route_next()
 * @tried: what qn_route_next() answered
 *
 * Frames that come after go to the backup for a second, too. The caller sees
 * to it that the frame does not turn back.
 *
 * Context: under rcu_read_lock(). Return: another usable link peer, or NULL.
 */
struct qn_peer *qn_route_other(struct qn_node *node, u64 destination, u8 share,
			       u8 shares, const struct qn_peer *tried)
{
	struct choice c = {
		.node = node, .destination = destination, .share = share,
	};
	struct qn_peer *via, *backup;

	if (shares > 1 || !qn_route_way(node, destination, share, &c.way))
		return NULL;
	via = c.way.via;
	backup = c.way.backup;
	if (!backup)
		return NULL;
	if (tried == backup)
		return qn_peer_usable(via) ? via : NULL;
	if (tried != via || !qn_peer_usable(backup))
		return NULL;
	note(&c, backup, QKDNF_ROUTE_ACTIVE_BACKUP, true);
	return backup;
}

/**
 * qn_route_from - may this neighbour bring frames of that far end?
 * @node: node
 * @far_end: the frame's origin
 * @share: its share index
 * @shares: how many shares its stream has
 * @ingress: the neighbour that sealed it
 *
 * A frame comes from where this node would send to its origin. The other end
 * of the link may be using its backup while we are not, so either hop will do,
 * save for shares: those never go by the backup, so none comes from there but by
 * who has one share's route and speaks for another.
 *
 * Context: under rcu_read_lock().
 */
bool qn_route_from(struct qn_node *node, u64 far_end, u8 share, u8 shares,
		   const struct qn_peer *ingress)
{
	struct qn_way way;

	return qn_route_way(node, far_end, share, &way) &&
	       (way.via == ingress || (shares == 1 && way.backup == ingress));
}
