// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contracts: the table. What happens to frames is in border.c, what the two
 * sides tell each other in reading.c.
 */
#include <linux/ktime.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "contract.h"
#include "cursor.h"
#include "limits.h"
#include "meter.h"
#include "node.h"
#include "peer.h"

struct qn_contracts {
	struct rhashtable table;	/* struct qn_contract by key */
	struct rhltable parties;	/* outgoing ones by whom they are for */
	struct rhashtable borders;
	struct list_head list;
	u32 count;
};

static const struct rhashtable_params table_params = {
	.key_len = sizeof(struct qn_contract_key),
	.key_offset = offsetof(struct qn_contract, key),
	.head_offset = offsetof(struct qn_contract, hash),
	.automatic_shrinking = true,
};

static const struct rhashtable_params parties_params = {
	.key_len = sizeof(struct qn_contract_parties),
	.key_offset = offsetof(struct qn_contract, parties),
	.head_offset = offsetof(struct qn_contract, by_parties),
	.automatic_shrinking = true,
};

static const struct rhashtable_params border_params = {
	.key_len = sizeof(u64),
	.key_offset = offsetof(struct qn_border, peer),
	.head_offset = offsetof(struct qn_border, hash),
	.automatic_shrinking = true,
};

/**
 * qn_contracts_init - an empty table
 * @node: the node being made; its budget of memory stands
 *
 * Context: process, may sleep. Return: 0 or -ENOMEM.
 */
int qn_contracts_init(struct qn_node *node)
{
	struct qn_contracts *cs = kzalloc(sizeof(*cs), GFP_KERNEL_ACCOUNT);
	int err;

	if (!cs)
		return -ENOMEM;
	INIT_LIST_HEAD(&cs->list);
	err = rhashtable_init(&cs->table, &table_params);
	if (err)
		goto free;
	err = rhltable_init(&cs->parties, &parties_params);
	if (err)
		goto table;
	err = rhashtable_init(&cs->borders, &border_params);
	if (err)
		goto parties;
	node->contracts = cs;
	return 0;

parties:
	rhltable_destroy(&cs->parties);
table:
	rhashtable_destroy(&cs->table);
free:
	kfree(cs);
	return err;
}

/**
 * qn_contract_find - a contract by its name
 * @node: node
 * @key: peer, id and direction
 *
 * Context: under rcu_read_lock(); node->lock keeps the contract beyond it.
 * Return: the contract, or NULL.
 */
struct qn_contract *qn_contract_find(struct qn_node *node,
				     const struct qn_contract_key *key)
{
	return rhashtable_lookup(&node->contracts->table, key, table_params);
}

/**
 * qn_border_find - the contracts with a peer
 * @node: node
 * @peer: its node id
 *
 * Context: under rcu_read_lock(). Return: the border, or NULL: no contracts.
 */
struct qn_border *qn_border_find(struct qn_node *node, u64 peer)
{
	return rhashtable_lookup(&node->contracts->borders, &peer, border_params);
}

static bool can_carry(const struct qn_contract *c)
{
	const struct qn_contract_terms *t = &c->terms;

	return !qn_contract_expired(c) &&
	       (!t->volume || READ_ONCE(c->metered) < READ_ONCE(t->volume));
}

/**
 * qn_contract_find_for - the contract that a stream of this network goes under
 * @egress: the neighbour across the border
 * @origin: node id
 * @destination: node id
 *
 * The one that names the two most closely; of several the first that can still
 * carry, so that a successor takes over where its predecessor ends.
 *
 * Context: under rcu_read_lock(). Return: the contract, perhaps one that
 * cannot carry, to say why; NULL: there is none.
 */
struct qn_contract *qn_contract_find_for(struct qn_peer *egress, u64 origin,
					 u64 destination)
{
	struct qn_contracts *cs = egress->node->contracts;
	struct qn_contract_parties key = { .peer = egress->id };
	struct qn_contract *c, *any = NULL;
	struct rhlist_head *all, *at;
	u32 wide;

	for (wide = 0; wide < 4; wide++) {
		key.source_wide = wide >> 1;
		key.destination_wide = wide & 1;
		key.source = origin &
			     (key.source_wide ? GENMASK_ULL(63, 32) : ~0ULL);
		key.destination = destination &
			(key.destination_wide ? GENMASK_ULL(63, 32) : ~0ULL);
		all = rhltable_lookup(&cs->parties, &key, parties_params);
		rhl_for_each_entry_rcu(c, at, all, by_parties) {
			if (can_carry(c))
				return c;
			any = c;
		}
	}
	return any;
}

/* Makes it if it is not there. */
static struct qn_border *border_get(struct qn_node *node, u64 peer)
{
	struct qn_border *b;

	rcu_read_lock();
	b = qn_border_find(node, peer);
	rcu_read_unlock();	/* node->lock keeps it */
	if (b)
		return b;
	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return NULL;
	b->peer = peer;
	spin_lock_init(&b->lock);
	INIT_LIST_HEAD(&b->in);
	INIT_LIST_HEAD(&b->out);
	if (rhashtable_insert_fast(&node->contracts->borders, &b->hash,
				   border_params)) {
		kfree(b);
		return NULL;
	}
	return b;
}

static void border_put(struct qn_node *node, struct qn_border *b)
{
	if (!list_empty(&b->in) || !list_empty(&b->out))
		return;
	rhashtable_remove_fast(&node->contracts->borders, &b->hash,
			       border_params);
	kfree_rcu(b, rcu);
}

/* A frame must fit the bucket, or none would ever pass. */
static void terms_take(struct qn_contract *c, const struct qn_contract_terms *t)
{
	c->terms = *t;
	if (!c->terms.burst)
		c->terms.burst = c->terms.rate;
	c->terms.burst = max_t(u64, c->terms.burst, QN_CHUNK);
}

/**
 * qn_contract_add - make a contract
 * @node: node
 * @key: peer, id and direction; the peer is a link peer
 * @terms: its terms; burst 0 is one second of the rate
 *
 * Context: process, under node->lock. Return: 0, -EEXIST, -ENOSPC, -ENOMEM.
 */
int qn_contract_add(struct qn_node *node, const struct qn_contract_key *key,
		    const struct qn_contract_terms *terms)
{
	struct qn_contracts *cs = node->contracts;
	struct qn_contract *c;
	struct qn_border *b;
	int err = -ENOMEM;

	lockdep_assert_held(&node->lock);
	if (cs->count >= QN_CONTRACTS_MAX)
		return -ENOSPC;
	b = border_get(node, key->peer);
	if (!b)
		return -ENOMEM;
	c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	if (!c)
		goto border;
	c->key = *key;
	spin_lock_init(&c->lock);
	terms_take(c, terms);
	c->parties.peer = key->peer;
	c->parties.source = terms->source;
	c->parties.destination = terms->destination;
	c->parties.source_wide = terms->source_wide;
	c->parties.destination_wide = terms->destination_wide;
	qn_bucket_fill(&c->bucket, c->terms.burst, ktime_get_ns());

	err = rhashtable_lookup_insert_fast(&cs->table, &c->hash, table_params);
	if (err)
		goto free;
	if (key->out) {
		err = rhltable_insert(&cs->parties, &c->by_parties,
				      parties_params);
		if (err)
			goto unhash;
	}
	spin_lock_bh(&b->lock);
	list_add_tail(&c->by_peer, key->out ? &b->out : &b->in);
	spin_unlock_bh(&b->lock);
	qn_cursor_add(&c->list, &c->serial, &cs->list);
	cs->count++;
	return 0;

unhash:
	/* Readers may have met it: it goes the way of a contract. */
	rhashtable_remove_fast(&cs->table, &c->hash, table_params);
	kfree_rcu(c, rcu);
	border_put(node, b);
	return -ENOMEM;
free:
	kfree(c);
border:
	border_put(node, b);
	return err == -EEXIST ? err : err == -E2BIG ? -ENOSPC : -ENOMEM;
}

/**
 * qn_contract_set - change the terms of a contract; the meters go on
 * @node: node
 * @key: its name
 * @terms: all of its terms; source and destination stay as they are
 *
 * Context: process, under node->lock. Return: 0, -ENOENT; -EOPNOTSUPP if
 * @terms has another source or destination.
 */
int qn_contract_set(struct qn_node *node, const struct qn_contract_key *key,
		    const struct qn_contract_terms *terms)
{
	struct qn_contract *c;

	lockdep_assert_held(&node->lock);
	rcu_read_lock();
	c = qn_contract_find(node, key);
	rcu_read_unlock();
	if (!c)
		return -ENOENT;
	if (terms->source != c->terms.source ||
	    terms->destination != c->terms.destination ||
	    terms->source_wide != c->terms.source_wide ||
	    terms->destination_wide != c->terms.destination_wide)
		return -EOPNOTSUPP;
	spin_lock_bh(&c->lock);
	terms_take(c, terms);
	c->bucket.tokens = min(c->bucket.tokens, c->terms.burst);
	c->told = 0;
	spin_unlock_bh(&c->lock);
	return 0;
}

static void remove(struct qn_node *node, struct qn_contract *c)
{
	struct qn_contracts *cs = node->contracts;
	struct qn_meter *meter;
	struct qn_border *b;

	rhashtable_remove_fast(&cs->table, &c->hash, table_params);
	if (c->key.out)
		rhltable_remove(&cs->parties, &c->by_parties, parties_params);
	rcu_read_lock();
	b = qn_border_find(node, c->key.peer);
	rcu_read_unlock();
	spin_lock_bh(&b->lock);
	list_del(&c->by_peer);
	spin_unlock_bh(&b->lock);
	border_put(node, b);
	qn_cursor_del(&c->list);
	cs->count--;

	/* A frame that has found the contract before must not use the meter. */
	spin_lock_bh(&c->lock);
	c->dead = true;
	meter = c->meter;
	c->meter = NULL;
	spin_unlock_bh(&c->lock);
	qn_meter_free(meter);
	kfree_rcu(c, rcu);
}

/**
 * qn_contract_del - take a contract away, with its meters
 * @node: node
 * @key: its name
 *
 * Context: process, under node->lock. Return: 0 or -ENOENT.
 */
int qn_contract_del(struct qn_node *node, const struct qn_contract_key *key)
{
	struct qn_contract *c;

	lockdep_assert_held(&node->lock);
	rcu_read_lock();
	c = qn_contract_find(node, key);
	rcu_read_unlock();
	if (!c)
		return -ENOENT;
	remove(node, c);
	return 0;
}

/**
 * qn_contracts_forget_peer - a peer goes away, and its contracts with it
 * @node: node
 * @peer: the peer
 *
 * Context: process, under node->lock.
 */
void qn_contracts_forget_peer(struct qn_node *node, struct qn_peer *peer)
{
	struct qn_contract *c, *next;
	struct qn_border *b;

	lockdep_assert_held(&node->lock);
	rcu_read_lock();
	b = qn_border_find(node, peer->id);
	rcu_read_unlock();
	if (!b)
		return;
	list_for_each_entry_safe(c, next, &node->contracts->list, list)
		if (c->key.peer == peer->id)
			remove(node, c);
}

/**
 * qn_contracts_exit - free all contracts
 * @node: the node going away
 *
 * Context: process, may sleep; no reader is left.
 */
void qn_contracts_exit(struct qn_node *node)
{
	struct qn_contracts *cs = node->contracts;
	struct qn_contract *c, *next;

	if (!cs)
		return;
	list_for_each_entry_safe(c, next, &cs->list, list)
		remove(node, c);
	rhashtable_destroy(&cs->borders);
	rhltable_destroy(&cs->parties);
	rhashtable_destroy(&cs->table);
	node->contracts = NULL;
	kfree(cs);
}

/**
 * qn_contracts_count - how many contracts there are
 * @node: node
 *
 * Context: any.
 */
u32 qn_contracts_count(struct qn_node *node)
{
	return READ_ONCE(node->contracts->count);
}

/**
 * qn_contracts_list - all contracts, in order of creation, for dumps
 * @node: node
 *
 * Context: process, under node->lock.
 */
struct list_head *qn_contracts_list(struct qn_node *node)
{
	lockdep_assert_held(&node->lock);
	return &node->contracts->list;
}
