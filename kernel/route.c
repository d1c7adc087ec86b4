// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes: one cache line for a look-up, and no lock on the datapath.
 *
 * Routes to nodes and to providers' prefixes are in a table each. The latter is
 * small and stays in the cache; the former is asked only about providers of which
 * it has a node. What a reader gathers from tables and pairs of hops is whole if
 * the sequence counter did not move meanwhile.
 *
 * Locks: node->lock orders all configuration. rs->lock is for the few stores that
 * readers must not see half of, and for what the datapath itself writes down.
 */
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/qkdnf.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/seqlock.h>
#include <linux/slab.h>

#include "cursor.h"
#include "limits.h"
#include "node.h"
#include "peer.h"
#include "route.h"

/*
 * A next hop that was out of key is left alone for so long, so that a link
 * with a trickle of key does not make its routes switch with every frame.
 */
#define DRY_HOLD	HZ

/* Providers are told apart by so many bits of a hash. */
#define FILTER_BITS	10

/*
 * A table that has room, but not within reach of a route, is doubled so many
 * times. Numbers that were chosen by who knows no seed do not come here.
 */
#define TRIES		3

struct qn_routes {
	seqcount_spinlock_t seq;
	bool frozen;			/* under lock: a table is being copied */
	struct qn_route_table __rcu *table[2];	/* [wide] */
	struct qn_hop_pairs hops;
	/* Of which providers are there routes to nodes? */
	DECLARE_BITMAP(filter, 1 << FILTER_BITS);
	u32 filtered[1 << FILTER_BITS];	/* such routes, under node->lock */
	spinlock_t lock;		/* BH */
	struct list_head list;
	u32 count;
};

/* Between these two, readers that are under way learn that they must look again. */
static void change_begin(struct qn_routes *rs)
	__acquires(&rs->lock)
{
	spin_lock_bh(&rs->lock);
	write_seqcount_begin(&rs->seq);
}

static void change_end(struct qn_routes *rs)
	__releases(&rs->lock)
{
	write_seqcount_end(&rs->seq);
	spin_unlock_bh(&rs->lock);
}

/* The table, for who holds node->lock or rs->lock. */
static struct qn_route_table *table_of(struct qn_routes *rs, bool wide)
{
	return rcu_dereference_protected(rs->table[wide], true);
}

static u64 prefix_of(u64 destination)
{
	return destination & GENMASK_ULL(63, 32);
}

static u32 filter_bit(u64 destination)
{
	return hash_32(qn_provider(destination), FILTER_BITS);
}

/*
 * Replace a table by one of at least so many lines with a new seed. Meanwhile
 * readers use the old one and nothing is written down in it.
 */
static int rebuild(struct qn_routes *rs, bool wide, u32 lines)
{
	struct qn_route_table *old = table_of(rs, wide), *new = NULL;
	int tries;

	spin_lock_bh(&rs->lock);
	rs->frozen = true;
	spin_unlock_bh(&rs->lock);
	for (tries = 0; tries < TRIES; tries++, lines *= 2) {
		new = qn_route_table_new(lines, get_random_u64(), get_random_u64(),
					 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (!new || qn_route_table_copy(new, old))
			break;
		kvfree(new);
		new = NULL;
	}
	change_begin(rs);
	if (new)
		rcu_assign_pointer(rs->table[wide], new);
	rs->frozen = false;
	change_end(rs);
	if (!new)
		return -ENOMEM;
	kvfree_rcu(old, rcu);
	return 0;
}

static void shrink(struct qn_routes *rs, bool wide)
{
	struct qn_route_table *t = table_of(rs, wide);
	u32 lines = qn_route_table_fit(t);

	if (lines <= t->mask)
		rebuild(rs, wide, lines);	/* or stay as large */
}

/**
 * qn_routes_init - an empty table
 * @node: the node being made
 *
 * Context: process, may sleep. Return: 0 or -ENOMEM.
 */
int qn_routes_init(struct qn_node *node)
{
	struct qn_routes *rs = kvzalloc(sizeof(*rs), GFP_KERNEL_ACCOUNT);
	struct qn_route_table *t;
	int wide;

	if (!rs)
		return -ENOMEM;
	node->routes = rs;
	INIT_LIST_HEAD(&rs->list);
	spin_lock_init(&rs->lock);
	seqcount_spinlock_init(&rs->seq, &rs->lock);
	if (qn_hops_init(&rs->hops))
		goto fail;
	for (wide = 0; wide < 2; wide++) {
		t = qn_route_table_new(QN_ROUTE_LINES_MIN, get_random_u64(),
				       get_random_u64(), GFP_KERNEL_ACCOUNT);
		if (!t)
			goto fail;
		RCU_INIT_POINTER(rs->table[wide], t);
	}
	return 0;
fail:
	qn_routes_exit(node);
	return -ENOMEM;
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
	list_for_each_entry_safe(r, next, &rs->list, list) {
		hlist_del(&r->by_hops);
		qn_hops_put(&rs->hops, r->hops);
		qn_cursor_del(&r->list);
		kfree(r);
	}
	qn_hops_exit(&rs->hops);
	kvfree(table_of(rs, false));
	kvfree(table_of(rs, true));
	node->routes = NULL;
	kvfree(rs);
}

/* The place of the route of exactly this key. Context: as table_of(). */
static bool slot_of(struct qn_routes *rs, const struct qn_route_key *key, u32 *slot)
{
	u32 word = qn_route_table_word(table_of(rs, key->wide), key->destination,
				       key->share, slot);

	return word && (word & QN_WORD_TAG) == qn_route_tag(key->share);
}

static struct qn_route *route_of(struct qn_routes *rs,
				 const struct qn_route_key *key)
{
	u32 slot;

	if (!slot_of(rs, key, &slot))
		return NULL;
	return *qn_route_table_cold(table_of(rs, key->wide), slot);
}

static void hops_set(struct qn_route *r, struct qn_hops *hops)
{
	hlist_add_head(&r->by_hops, &hops->routes);
	r->hops = hops;
}

static void filter_add(struct qn_routes *rs, const struct qn_route_key *key)
{
	u32 bit = filter_bit(key->destination);

	if (!key->wide && !rs->filtered[bit]++)
		set_bit(bit, rs->filter);
}

static void filter_del(struct qn_routes *rs, const struct qn_route_key *key)
{
	u32 bit = filter_bit(key->destination);

	if (!key->wide && !--rs->filtered[bit])
		clear_bit(bit, rs->filter);
}

static void remove(struct qn_routes *rs, struct qn_route *r)
{
	u32 slot;

	change_begin(rs);
	if (!WARN_ON_ONCE(!slot_of(rs, &r->key, &slot)))
		qn_route_table_del(table_of(rs, r->key.wide), slot);
	filter_del(rs, &r->key);
	change_end(rs);
	WRITE_ONCE(rs->count, rs->count - 1);
	hlist_del(&r->by_hops);
	qn_hops_put(&rs->hops, r->hops);
	qn_cursor_del(&r->list);
	kfree_rcu(r, rcu);
}

/* Lead a route somewhere else. No reader sees it without next hops. */
static void redirect(struct qn_routes *rs, struct qn_route *r,
		     struct qn_hops *hops)
{
	struct qn_hops *old = r->hops;
	u32 slot, *word;

	change_begin(rs);
	if (!WARN_ON_ONCE(!slot_of(rs, &r->key, &slot))) {
		word = qn_route_table_at(table_of(rs, r->key.wide), slot);
		WRITE_ONCE(*word, (*word & (QN_WORD_TAG | QN_WORD_ACTIVE)) |
				  hops->index << QN_WORD_HOPS_SHIFT);
	}
	WRITE_ONCE(r->dry, 0);
	change_end(rs);
	hlist_del(&r->by_hops);
	hops_set(r, hops);
	qn_hops_put(&rs->hops, old);
}

/* Put a new route in the table, which is made larger if it must be. */
static int publish(struct qn_routes *rs, struct qn_route *r)
{
	u32 word = qn_route_tag(r->key.share) |
		   QKDNF_ROUTE_ACTIVE_NONE << QN_WORD_ACTIVE_SHIFT |
		   r->hops->index << QN_WORD_HOPS_SHIFT;
	struct qn_route_table *t = table_of(rs, r->key.wide);
	int tries, err = 0;
	bool done;

	if (qn_route_table_full(t))
		err = rebuild(rs, r->key.wide, (t->mask + 1) * 2);
	for (tries = 0; !err && tries < TRIES; tries++) {
		t = table_of(rs, r->key.wide);
		change_begin(rs);
		done = qn_route_table_put(t, r->key.destination, word, r);
		if (done)
			filter_add(rs, &r->key);
		change_end(rs);
		if (done)
			return 0;
		err = rebuild(rs, r->key.wide, (t->mask + 1) * 2);
	}
	return err ?: -ENOSPC;
}

/**
 * qn_route_add - make a route, or change where it leads
 * @node: node
 * @key: destination; the node part is 0 if, and only if, it is wide
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
	struct qn_hops *hops;
	struct qn_route *r;
	int err;

	lockdep_assert_held(&node->lock);
	if (!via || via == backup || via->remote || (backup && backup->remote))
		return -EINVAL;
	r = route_of(rs, key);
	if (r && !replace)
		return -EEXIST;
	if (!r && !create)
		return -ENOENT;
	if (!r && rs->count >= QN_ROUTES_MAX)
		return -ENOSPC;
	hops = qn_hops_get(&rs->hops, via, backup);
	if (IS_ERR(hops))
		return PTR_ERR(hops);
	if (r) {
		redirect(rs, r, hops);
		return 0;
	}
	err = -ENOMEM;
	r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	if (!r)
		goto put;
	r->key = *key;
	hops_set(r, hops);
	err = publish(rs, r);
	if (err)
		goto free;
	WRITE_ONCE(rs->count, rs->count + 1);
	qn_cursor_add(&r->list, &r->serial, &rs->list);
	return 0;
free:
	hlist_del(&r->by_hops);
	kfree(r);
put:
	qn_hops_put(&rs->hops, hops);
	return err;
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
	struct qn_routes *rs = node->routes;
	struct qn_route *r;

	lockdep_assert_held(&node->lock);
	r = route_of(rs, key);
	if (!r)
		return -ENOENT;
	remove(rs, r);
	shrink(rs, key->wide);
	return 0;
}

/* The pair itself goes with the last of its routes. */
static void remove_all(struct qn_routes *rs, struct qn_hops *hops)
{
	struct hlist_node *next;
	struct qn_route *r;

	hlist_for_each_entry_safe(r, next, &hops->routes, by_hops)
		remove(rs, r);
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
	struct hlist_node *next;
	struct qn_hops *hops;
	u32 bucket;

	lockdep_assert_held(&node->lock);
	for (bucket = 0; bucket < ARRAY_SIZE(rs->hops.by_peers); bucket++) {
		hlist_for_each_entry_safe(hops, next, &rs->hops.by_peers[bucket],
					  by_peers) {
			if (hops->backup == peer)
				qn_hops_lose_backup(&rs->hops, hops);
			else if (hops->via == peer)
				remove_all(rs, hops);
		}
	}
	shrink(rs, false);
	shrink(rs, true);
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

/*
 * The longest match of (node, share), (node, any), (provider, share),
 * (provider, any): its word and where it is, or 0.
 */
static __always_inline u32 best_match(struct qn_routes *rs, u64 destination,
				      u8 share, struct qn_route_table **t,
				      u32 *slot)
{
	u32 word;

	if (test_bit(filter_bit(destination), rs->filter)) {
		*t = rcu_dereference_check(rs->table[false],
					   lockdep_is_held(&rs->lock));
		word = qn_route_table_word(*t, destination, share, slot);
		if (word)
			return word;
	}
	*t = rcu_dereference_check(rs->table[true], lockdep_is_held(&rs->lock));
	return qn_route_table_word(*t, prefix_of(destination), share, slot);
}

static bool is_dry(const struct qn_route *r)
{
	unsigned long dry = READ_ONCE(r->dry);

	return dry && time_before(jiffies, dry);
}

/* False: the array is not the one that this word speaks of. */
static bool hops_of(struct qn_routes *rs, u32 word, struct qn_way *way)
{
	const struct qn_hop_array *array = rcu_dereference(rs->hops.array);
	const struct qn_hop_pair *pair = &array->pair[word >> QN_WORD_HOPS_SHIFT];

	if (unlikely(word >> QN_WORD_HOPS_SHIFT >= array->size))
		return false;
	way->via = rcu_dereference(pair->via);
	way->backup = rcu_dereference(pair->backup);
	return true;
}

/**
 * qn_route_way - where do frames to a destination go?
 * @node: node
 * @destination: node id
 * @share: share index, or QN_SHARE_ANY
 * @way: the answer
 *
 * The longest match of (node, share), (node, any), (provider, share),
 * (provider, any).
 *
 * Context: under rcu_read_lock(). Return: false if there is no route.
 */
bool qn_route_way(struct qn_node *node, u64 destination, u8 share,
		  struct qn_way *way)
{
	struct qn_routes *rs = node->routes;
	struct qn_route_table *t;
	struct qn_route *r;
	unsigned int seq;
	u32 slot;

	do {
		seq = read_seqcount_begin(&rs->seq);
		way->via = NULL;
		way->dry = false;
		way->word = best_match(rs, destination, share, &t, &slot);
		if (!way->word || !hops_of(rs, way->word, way))
			continue;
		if (unlikely(way->word & QN_WORD_DRY)) {
			r = READ_ONCE(*qn_route_table_cold(t, slot));
			way->dry = r && is_dry(r);
		}
	} while (read_seqcount_retry(&rs->seq, seq));
	return way->via;
}

/**
 * qn_route_find - the route that frames to a destination take
 * @node: node
 * @destination: node id
 * @share: share index, or QN_SHARE_ANY
 *
 * As qn_route_way(), for who wants to know more of the route.
 *
 * Context: under rcu_read_lock(). Return: the route, or NULL.
 */
struct qn_route *qn_route_find(struct qn_node *node, u64 destination, u8 share)
{
	struct qn_routes *rs = node->routes;
	struct qn_route_table *t;
	struct qn_route *r;
	unsigned int seq;
	u32 slot;

	do {
		seq = read_seqcount_begin(&rs->seq);
		r = NULL;
		if (best_match(rs, destination, share, &t, &slot))
			r = READ_ONCE(*qn_route_table_cold(t, slot));
	} while (read_seqcount_retry(&rs->seq, seq));
	return r;
}

/**
 * qn_route_note - write down which hop frames take now
 * @node: node
 * @destination: as to qn_route_way()
 * @share: as to qn_route_way()
 * @way: what that answered
 * @active: enum qkdnf_route_active
 * @dry: the next hop was just found to be out of key, too
 *
 * Many CPUs may see a change at once; one of them writes it down. If the route or
 * its table is changing at this moment, a later frame will.
 *
 * Context: under rcu_read_lock(), process or softirq. Return: the route if its
 * frames switched from one hop to another and the caller is to tell; else NULL.
 */
struct qn_route *qn_route_note(struct qn_node *node, u64 destination, u8 share,
			       const struct qn_way *way, int active, bool dry)
{
	struct qn_routes *rs = node->routes;
	struct qn_route *r, *switched = NULL;
	struct qn_route_table *t;
	u32 word, slot, state;

	spin_lock_bh(&rs->lock);
	if (rs->frozen)
		goto out;
	word = best_match(rs, destination, share, &t, &slot);
	if (!word || word >> QN_WORD_HOPS_SHIFT != way->word >> QN_WORD_HOPS_SHIFT)
		goto out;
	r = *qn_route_table_cold(t, slot);
	if (dry)
		WRITE_ONCE(r->dry, (jiffies + DRY_HOLD) | 1);
	else if (!is_dry(r))
		WRITE_ONCE(r->dry, 0);
	state = active << QN_WORD_ACTIVE_SHIFT | (r->dry ? QN_WORD_DRY : 0);
	WRITE_ONCE(*qn_route_table_at(t, slot),
		   (word & ~(QN_WORD_ACTIVE | QN_WORD_DRY)) | state);
	if (r->active == active)
		goto out;
	/* The first use of a new route is no switch. */
	if (r->active != QKDNF_ROUTE_ACTIVE_NONE || atomic_read(&r->switched)) {
		atomic_inc(&r->switched);
		switched = r;
	}
	WRITE_ONCE(r->active, active);
out:
	spin_unlock_bh(&rs->lock);
	return switched;
}
