// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes: one hash table, at most four probes, no lock on the datapath.
 *
 * Which hop a route uses now is not kept up to date by anybody who watches the
 * links: each frame asks both hops, and the first frame that gets another
 * answer than the one before records the switch. A switch so costs nothing
 * until a frame needs it, and then takes effect for that very frame.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "cursor.h"
#include "event.h"
#include "limits.h"
#include "node.h"
#include "peer.h"
#include "route.h"

/*
 * A next hop that was out of key is left alone for so long, so that a link
 * with a trickle of key does not make its routes switch with every frame.
 */
#define DRY_HOLD	HZ

#define HOP_BITS	8

struct qn_routes {
	struct rhashtable table;
	struct list_head list;
	u32 count;
	/* Routes of each form: a form that no route has is not looked for. */
	u32 forms[2][2];		/* [wide][any share] */
	struct hlist_head by_via[1 << HOP_BITS];
	struct hlist_head by_backup[1 << HOP_BITS];
};

static const struct rhashtable_params route_params = {
	.key_len = sizeof(struct qn_route_key),
	.key_offset = offsetof(struct qn_route, key),
	.head_offset = offsetof(struct qn_route, hash),
	.automatic_shrinking = true,
};

static u32 *form_of(struct qn_routes *rs, const struct qn_route_key *key)
{
	return &rs->forms[!!key->wide][key->share == QN_SHARE_ANY];
}

static struct qn_peer *hop(struct qn_peer __rcu *const *p,
			   const struct qn_node *node)
{
	return rcu_dereference_protected(*p, lockdep_is_held(&node->lock));
}

/**
 * qn_routes_init - an empty table
 * @node: the node being made
 *
 * Context: process, may sleep. Return: 0 or -ENOMEM.
 */
int qn_routes_init(struct qn_node *node)
{
	struct qn_routes *rs = kzalloc(sizeof(*rs), GFP_KERNEL_ACCOUNT);
	int err;

	if (!rs)
		return -ENOMEM;
	INIT_LIST_HEAD(&rs->list);
	err = rhashtable_init(&rs->table, &route_params);
	if (err) {
		kfree(rs);
		return err;
	}
	node->routes = rs;
	return 0;
}

/**
 * qn_routes_exit - free the table and what is in it
 * @node: the node going away
 *
 * Context: process, may sleep; no reader is left.
 */
void qn_routes_exit(struct qn_node *node)
{
	struct qn_routes *rs = node->routes;
	struct qn_route *r, *next;

	if (!rs)
		return;
	/* Before the objects: a resize that is under way still walks them. */
	rhashtable_destroy(&rs->table);
	list_for_each_entry_safe(r, next, &rs->list, list) {
		qn_cursor_del(&r->list);
		kfree(r);
	}
	node->routes = NULL;
	kfree(rs);
}

static void hops_link(struct qn_routes *rs, struct qn_route *r,
		      struct qn_peer *via, struct qn_peer *backup)
{
	hlist_add_head(&r->by_via, &rs->by_via[hash_64(via->id, HOP_BITS)]);
	if (backup)
		hlist_add_head(&r->by_backup,
			       &rs->by_backup[hash_64(backup->id, HOP_BITS)]);
	rcu_assign_pointer(r->via, via);
	rcu_assign_pointer(r->backup, backup);
	WRITE_ONCE(r->dry, 0);
}

static void hops_unlink(struct qn_route *r)
{
	hlist_del_init(&r->by_via);
	hlist_del_init(&r->by_backup);
}

static void remove(struct qn_node *node, struct qn_route *r)
{
	struct qn_routes *rs = node->routes;
	u32 *form = form_of(rs, &r->key);

	rhashtable_remove_fast(&rs->table, &r->hash, route_params);
	WRITE_ONCE(*form, *form - 1);
	rs->count--;
	hops_unlink(r);
	qn_cursor_del(&r->list);
	kfree_rcu(r, rcu);
}

/* The route of exactly this key. */
static struct qn_route *probe(struct qn_routes *rs,
			      const struct qn_route_key *key)
{
	return rhashtable_lookup(&rs->table, key, route_params);
}

/**
 * qn_route_add - make a route, or change where it leads
 * @node: node
 * @key: destination; the node part is 0 if it is wide
 * @via: next hop, a link peer of @node
 * @backup: another, or NULL
 * @create: make it if it is not there
 * @replace: change it if it is there, without a gap for the datapath
 *
 * Context: process, under node->lock. Return: 0, -EEXIST, -ENOENT, -ENOMEM,
 * -ENOSPC; -EINVAL for hops that are one, or remote.
 */
int qn_route_add(struct qn_node *node, const struct qn_route_key *key,
		 struct qn_peer *via, struct qn_peer *backup, bool create,
		 bool replace)
{
	struct qn_routes *rs = node->routes;
	struct qn_route *r;
	u32 *form;
	int err;

	lockdep_assert_held(&node->lock);
	if (!via || via == backup || via->remote || (backup && backup->remote))
		return -EINVAL;
	rcu_read_lock();
	r = probe(rs, key);
	rcu_read_unlock();	/* node->lock keeps it */
	if (r) {
		if (!replace)
			return -EEXIST;
		hops_unlink(r);
		hops_link(rs, r, via, backup);
		return 0;
	}
	if (!create)
		return -ENOENT;
	if (rs->count >= QN_ROUTES_MAX)
		return -ENOSPC;
	r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	if (!r)
		return -ENOMEM;
	r->key = *key;
	hops_link(rs, r, via, backup);
	/* First: a reader that sees the route looks for its form. */
	form = form_of(rs, key);
	WRITE_ONCE(*form, *form + 1);
	err = rhashtable_insert_fast(&rs->table, &r->hash, route_params);
	if (err) {
		WRITE_ONCE(*form, *form - 1);
		hops_unlink(r);
		kfree(r);
		return err == -E2BIG ? -ENOSPC : -ENOMEM;
	}
	rs->count++;
	qn_cursor_add(&r->list, &r->serial, &rs->list);
	return 0;
}

/**
 * qn_route_del - take a route away
 * @node: node
 * @key: its key
 *
 * Context: process, under node->lock. Return: 0 or -ENOENT.
 */
int qn_route_del(struct qn_node *node, const struct qn_route_key *key)
{
	struct qn_route *r;

	lockdep_assert_held(&node->lock);
	rcu_read_lock();
	r = probe(node->routes, key);
	rcu_read_unlock();
	if (!r)
		return -ENOENT;
	remove(node, r);
	return 0;
}

/**
 * qn_routes_forget_peer - a link peer goes away
 * @node: node
 * @peer: the peer
 *
 * Routes via it go; routes that have it as backup lose the backup. The
 * datapath may still hold @peer until a grace period has passed.
 *
 * Context: process, under node->lock.
 */
void qn_routes_forget_peer(struct qn_node *node, struct qn_peer *peer)
{
	struct qn_routes *rs = node->routes;
	u32 bucket = hash_64(peer->id, HOP_BITS);
	struct hlist_node *next;
	struct qn_route *r;

	lockdep_assert_held(&node->lock);
	hlist_for_each_entry_safe(r, next, &rs->by_backup[bucket], by_backup) {
		if (hop(&r->backup, node) != peer)
			continue;
		hlist_del_init(&r->by_backup);
		RCU_INIT_POINTER(r->backup, NULL);
	}
	hlist_for_each_entry_safe(r, next, &rs->by_via[bucket], by_via)
		if (hop(&r->via, node) == peer)
			remove(node, r);
}

/**
 * qn_routes_count - how many routes there are
 * @node: node
 *
 * Context: any.
 */
u32 qn_routes_count(struct qn_node *node)
{
	return READ_ONCE(node->routes->count);
}

/**
 * qn_routes_list - all routes, in order of creation, for dumps
 * @node: node
 *
 * Context: process, under node->lock.
 */
struct list_head *qn_routes_list(struct qn_node *node)
{
	lockdep_assert_held(&node->lock);
	return &node->routes->list;
}

/**
 * qn_route_find - the route that frames to a destination take
 * @node: node
 * @destination: node id
 * @share: share index, or QN_SHARE_ANY
 *
 * The longest match of (node, share), (node, any), (provider, share),
 * (provider, any).
 *
 * Context: under rcu_read_lock(). Return: the route, or NULL.
 */
struct qn_route *qn_route_find(struct qn_node *node, u64 destination, u8 share)
{
	struct qn_routes *rs = node->routes;
	struct qn_route_key key = {};
	struct qn_route *r = NULL;
	u32 wide;

	for (wide = 0; wide < 2; wide++) {
		key.wide = wide;
		key.destination = wide ? destination & GENMASK_ULL(63, 32) :
					 destination;
		if (share != QN_SHARE_ANY && READ_ONCE(rs->forms[wide][0])) {
			key.share = share;
			r = probe(rs, &key);
			if (r)
				break;
		}
		if (READ_ONCE(rs->forms[wide][1])) {
			key.share = QN_SHARE_ANY;
			r = probe(rs, &key);
			if (r)
				break;
		}
	}
	return r;
}

static bool is_dry(const struct qn_route *r)
{
	unsigned long dry = READ_ONCE(r->dry);

	return dry && time_before(jiffies, dry);
}

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
		a.reason = is_dry(r) ? "the next hop is out of key" :
				       "the next hop is down";
	qn_event(node->net, QKDNF_EVENT_TYPE_ROUTE_SWITCHED, &a);
}

/* Many CPUs may see the change at once; one of them records and tells it. */
static void record(struct qn_node *node, struct qn_route *r,
		   const struct qn_peer *to, int active)
{
	int was = READ_ONCE(r->active);

	if (likely(was == active))
		return;
	if (cmpxchg(&r->active, was, active) != was)
		return;
	/* The first use of a new route is no switch. */
	if (was == QKDNF_ROUTE_ACTIVE_NONE && !atomic_read(&r->switched))
		return;
	atomic_inc(&r->switched);
	tell_switch(node, r, to, active);
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
	struct qn_route *r = qn_route_find(node, destination, share);
	bool via_up, backup_up;
	struct qn_peer *via, *backup;

	if (!r)
		return NULL;
	via = rcu_dereference(r->via);
	via_up = qn_peer_usable(via);
	/*
	 * Whoever could cut the first hop of every share but his own would
	 * gather all shares if they failed over.
	 */
	if (shares > 1)
		return via_up && via != not_to ? via : NULL;

	backup = rcu_dereference(r->backup);
	backup_up = backup && qn_peer_usable(backup);
	if (via_up && !(backup_up && is_dry(r))) {
		record(node, r, via, QKDNF_ROUTE_ACTIVE_PRIMARY);
		if (via != not_to)
			return via;
		return backup_up ? backup : NULL;
	}
	if (backup_up) {
		record(node, r, backup, QKDNF_ROUTE_ACTIVE_BACKUP);
		if (backup != not_to)
			return backup;
		return via_up ? via : NULL;
	}
	record(node, r, NULL, QKDNF_ROUTE_ACTIVE_NONE);
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
	struct qn_peer *via, *backup;
	struct qn_route *r;

	if (shares > 1)
		return NULL;
	r = qn_route_find(node, destination, share);
	if (!r)
		return NULL;
	via = rcu_dereference(r->via);
	backup = rcu_dereference(r->backup);
	if (!backup)
		return NULL;
	if (tried == backup)
		return qn_peer_usable(via) ? via : NULL;
	if (tried != via || !qn_peer_usable(backup))
		return NULL;
	WRITE_ONCE(r->dry, (jiffies + DRY_HOLD) | 1);
	record(node, r, backup, QKDNF_ROUTE_ACTIVE_BACKUP);
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
	struct qn_route *r = qn_route_find(node, far_end, share);

	return r && (rcu_access_pointer(r->via) == ingress ||
		     (shares == 1 && rcu_access_pointer(r->backup) == ingress));
}
