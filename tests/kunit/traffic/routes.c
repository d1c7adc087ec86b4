// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/ktime.h>

#include "traffic_test.h"

static struct qn_route_key key(u64 destination, u8 share, bool wide)
{
	return (struct qn_route_key){
		.destination = destination, .share = share, .wide = wide,
	};
}

static int add(struct qn_route_key k, struct qn_peer *via,
	       struct qn_peer *backup, bool replace)
{
	int err;

	mutex_lock(&node->lock);
	err = qn_route_add(node, &k, via, backup, true, replace);
	mutex_unlock(&node->lock);
	return err;
}

static int del(struct qn_route_key k)
{
	int err;

	mutex_lock(&node->lock);
	err = qn_route_del(node, &k);
	mutex_unlock(&node->lock);
	return err;
}

static struct qn_peer *next(u64 destination, u8 share, u8 shares,
			    struct qn_peer *not_to)
{
	struct qn_peer *to;

	rcu_read_lock();
	to = qn_route_next(node, destination, share, shares, not_to);
	rcu_read_unlock();
	return to;
}

/* The longest match wins, in each of its four forms. */
void test_routes(void)
{
	struct qn_peer *p[4];
	u64 to = ID(2, 9);
	int i;

	for (i = 0; i < 4; i++)
		p[i] = peer_make(ID(1, 10 + i));
	CHECK(!next(to, 0, 1, NULL));
	CHECK(add(key(ID(2, 0), QN_SHARE_ANY, true), p[0], NULL, false) == 0);
	CHECK(next(to, 0, 1, NULL) == p[0]);
	CHECK(add(key(ID(2, 0), 1, true), p[1], NULL, false) == 0);
	CHECK(next(to, 0, 2, NULL) == p[0] && next(to, 1, 2, NULL) == p[1]);
	CHECK(add(key(to, QN_SHARE_ANY, false), p[2], NULL, false) == 0);
	CHECK(next(to, 1, 2, NULL) == p[2]);
	CHECK(add(key(to, 1, false), p[3], NULL, false) == 0);
	CHECK(next(to, 1, 2, NULL) == p[3] && next(to, 0, 2, NULL) == p[2]);
	CHECK(next(ID(2, 8), 0, 1, NULL) == p[0]);
	CHECK(!next(ID(3, 9), 0, 1, NULL));

	/* a frame comes from where its origin is to be reached */
	rcu_read_lock();
	CHECK(qn_route_from(node, to, 1, 2, p[3]));
	CHECK(!qn_route_from(node, to, 1, 2, p[2]));
	CHECK(!qn_route_from(node, ID(3, 9), 0, 1, p[2]));
	rcu_read_unlock();

	CHECK(add(key(to, 1, false), p[0], NULL, false) == -EEXIST);
	CHECK(add(key(to, 1, false), p[0], p[0], true) == -EINVAL);
	CHECK(add(key(to, 1, false), p[0], p[1], true) == 0);
	CHECK(next(to, 1, 2, NULL) == p[0] && qn_routes_count(node) == 4);
	CHECK(del(key(to, 1, false)) == 0 && del(key(to, 1, false)) == -ENOENT);
	CHECK(next(to, 1, 2, NULL) == p[2]);

	/* a peer that goes takes its routes, and is nobody's backup any more */
	CHECK(add(key(ID(4, 1), QN_SHARE_ANY, false), p[1], p[2], false) == 0);
	peer_free(p[2]);
	CHECK(next(to, 1, 2, NULL) == p[1] && qn_routes_count(node) == 3);
	peer_up(p[1], false);
	CHECK(!next(ID(4, 1), 0, 1, NULL));
	peer_free(p[1]);
	CHECK(qn_routes_count(node) == 1);
	peer_free(p[0]);
	CHECK(qn_routes_count(node) == 0 && !next(to, 0, 1, NULL));
	peer_free(p[3]);
}

/* The backup takes over in the datapath, for one share only. */
void test_route_backup(void)
{
	struct qn_peer *via = peer_make(ID(1, 10)), *other;
	struct qn_peer *backup = peer_make(ID(1, 11));
	u64 to = ID(2, 9);
	struct qn_route *r;
	int was;

	CHECK(add(key(to, QN_SHARE_ANY, false), via, backup, false) == 0);
	was = atomic_read(&events);
	CHECK(next(to, 0, 1, NULL) == via);
	CHECK(atomic_read(&events) == was);	/* the first use is no switch */
	rcu_read_lock();
	CHECK(qn_route_from(node, to, 0, 1, via) && qn_route_from(node, to, 0, 1, backup));
	CHECK(qn_route_from(node, to, 0, 2, via));
	CHECK(!qn_route_from(node, to, 0, 2, backup));
	r = qn_route_find(node, to, 0);
	CHECK(r && r->active == QKDNF_ROUTE_ACTIVE_PRIMARY);
	rcu_read_unlock();

	peer_up(via, false);
	CHECK(next(to, 0, 1, NULL) == backup && next(to, 0, 1, NULL) == backup);
	CHECK(atomic_read(&events) == was + 1);
	CHECK(last_type == QKDNF_EVENT_TYPE_ROUTE_SWITCHED);
	CHECK(last_event.number == QKDNF_ROUTE_ACTIVE_BACKUP);
	CHECK(last_event.destination == to && last_event.peer == backup->id);
	CHECK(!next(to, 0, 2, NULL));		/* many shares: no failover */
	CHECK(!next(to, 0, 1, backup));		/* nor back where it came from */
	CHECK(atomic_read(&events) == was + 1);

	peer_up(backup, false);
	CHECK(!next(to, 0, 1, NULL) && atomic_read(&events) == was + 2);
	CHECK(last_event.number == QKDNF_ROUTE_ACTIVE_NONE);
	peer_up(via, true);
	peer_up(backup, true);
	CHECK(next(to, 0, 1, NULL) == via && atomic_read(&events) == was + 3);
	CHECK(next(to, 0, 1, via) == backup && !next(to, 0, 2, via));
	CHECK(atomic_read(&events) == was + 3);

	/* out of key: the backup for a second, then back */
	rcu_read_lock();
	other = qn_route_other(node, to, 0, 2, via);
	CHECK(!other);
	other = qn_route_other(node, to, 0, 1, via);
	CHECK(other == backup);
	CHECK(qn_route_other(node, to, 0, 1, backup) == via);
	CHECK(!qn_route_other(node, ID(3, 3), 0, 1, via));
	rcu_read_unlock();
	CHECK(atomic_read(&events) == was + 4);
	CHECK(next(to, 0, 1, NULL) == backup && next(to, 0, 2, NULL) == via);
	schedule_timeout_uninterruptible(HZ + HZ / 2);
	CHECK(next(to, 0, 1, NULL) == via && atomic_read(&events) == was + 5);
	rcu_read_lock();
	r = qn_route_find(node, to, 0);
	CHECK(r && atomic_read(&r->switched) == 5);
	rcu_read_unlock();
	peer_free(via);
	peer_free(backup);
}

/* --- look-ups while everything changes -------------------------------------------- */

#define RACE_ROUTES	3000
#define RACE_ROUNDS	5
#define RACE_ROUNDS_MAX	500

static struct qn_peer *racer[7];	/* hops of four kinds, backup, prefix, steady */
static int race_over;
static u32 race_exact, race_wide;

/* Routes come, change and go; the table grows and shrinks; links go up and down. */
static void race_write(void)
{
	u32 round, i;

	/* On a busy machine the other processor may be late. */
	for (round = 0; round < RACE_ROUNDS ||
	     (round < RACE_ROUNDS_MAX && num_online_cpus() > 1 &&
	      !(READ_ONCE(race_exact) && READ_ONCE(race_wide))); round++) {
		for (i = 0; i < RACE_ROUTES; i++) {
			CHECK(add(key(ID(2, 1 + i), i % 3 ? QN_SHARE_ANY : 0, false),
				  racer[i % 4], i % 5 ? racer[4] : NULL, false) == 0);
			if (i % 50 == 0)
				peer_up(racer[i / 50 % 4], i / 200 % 2);
			if (i % 8 == 0)
				CHECK(add(key(ID(3, 1 + i % 32), QN_SHARE_ANY, false),
					  racer[6], i % 16 ? NULL : racer[4], true) == 0);
		}
		for (i = 0; i < RACE_ROUTES; i++)
			CHECK(del(key(ID(2, 1 + i), i % 3 ? QN_SHARE_ANY : 0, false)) == 0);
		cond_resched();
	}
	WRITE_ONCE(race_over, 1);
}

/* Whatever is under way, a frame goes where its own route or prefix leads. */
static void race_read(void)
{
	struct qn_peer *to;
	u32 i = 1;

	while (!READ_ONCE(race_over)) {
		u32 n = (i = i * 1664525 + 1013904223) >> 8;

		IN_SOFTIRQ(to = qn_route_next(node, ID(2, 1 + n % RACE_ROUTES), 0, 1, NULL));
		CHECK(!to || to == racer[n % RACE_ROUTES % 4] || to == racer[4] ||
		      to == racer[5]);
		if (to == racer[5])
			race_wide++;
		else if (to)
			race_exact++;
		IN_SOFTIRQ(to = qn_route_next(node, ID(3, 1 + n % 32 / 8 * 8), 0, 1, NULL));
		CHECK(to == racer[6]);
		IN_SOFTIRQ(to = qn_route_next(node, ID(4, n), 0, 1, NULL));
		CHECK(!to);
		if (n % 256 == 0)
			cond_resched();
	}
}

static void race(int which)
{
	if (which)
		race_read();
	else
		race_write();
}

void test_route_races(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(racer); i++)
		racer[i] = peer_make(ID(1, 10 + i));
	race_over = 0;
	race_exact = 0;
	race_wide = 0;
	CHECK(add(key(ID(2, 0), QN_SHARE_ANY, true), racer[5], NULL, false) == 0);
	for (i = 0; i < 32; i += 8)
		CHECK(add(key(ID(3, 1 + i), QN_SHARE_ANY, false), racer[6], NULL, false) == 0);
	in_two_threads(race);
	if (num_online_cpus() > 1)
		CHECK(race_exact && race_wide);
	CHECK(qn_routes_count(node) == 5);
	for (i = 0; i < ARRAY_SIZE(racer); i++)
		peer_free(racer[i]);
	CHECK(qn_routes_count(node) == 0);
}

static u64 time_of(u32 routes)
{
	u64 best = ~0ULL, start;
	u32 i, round;

	for (round = 0; round < 5; round++) {
		start = ktime_get_ns();
		for (i = 0; i < 20000; i++)
			CHECK(next(ID(2 + i * 7919 % routes / 1000,
				      1 + i * 7919 % routes % 1000), 0, 1, NULL));
		best = min(best, ktime_get_ns() - start);
	}
	return best;
}

/* 100,000 routes are found about as fast as 100, and go with their peer. */
void test_routes_many(void)
{
	struct qn_peer *via = peer_make(ID(1, 10));
	struct qn_peer *backup = peer_make(ID(1, 11));
	u64 few, many, start;
	u32 i;

	for (i = 0; i < 100000; i++) {
		if (i == 100)
			few = time_of(100);
		CHECK(add(key(ID(2 + i / 1000, 1 + i % 1000), QN_SHARE_ANY, false),
			  via, backup, false) == 0);
	}
	many = time_of(100000);
	pr_info("traffic: 20,000 look-ups: %llu us of 100 routes, %llu us of 100,000\n",
		few / 1000, many / 1000);
	/* A cache miss apart: what must not be is a second one, or a search. */
	CHECK(many < 8 * few);
	start = ktime_get_ns();
	peer_free(backup);
	peer_free(via);
	CHECK(qn_routes_count(node) == 0);
	pr_info("traffic: their peers went in %llu us\n",
		(ktime_get_ns() - start) / 1000);
}
