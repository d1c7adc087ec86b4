// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/math64.h>

#include "traffic_test.h"

static struct qn_peer *a;
#define LANE (2ULL << 20)		/* 32 segments of 64 KiB */

static bool admit_from(struct qn_peer *to, struct qn_peer *from, u64 origin,
		       u16 weight)
{
	struct qn_frame f = relay_frame(origin, ID(3, 6), 100, 0);
	bool ok;

	f.weight = weight;
	IN_SOFTIRQ(ok = qn_flow_admit(to, &f, f.length, from));
	return ok;
}

static bool admit(struct qn_peer *to, u64 origin, u16 weight)
{
	return admit_from(to, NULL, origin, weight);
}

static u32 allowed(u64 origin, u32 rate)
{
	u32 on;

	IN_SOFTIRQ(on = qn_flow_allow(a, origin, ID(3, 6), rate));
	return on;
}

static int count_one(struct qn_flow *flow, void *data)
{
	(*(u32 *)data)++;
	return 0;
}

static int count_three(struct qn_flow *flow, void *data)
{
	u32 *n = data;

	if (*n == 3)
		return -EMSGSIZE;
	(*n)++;
	return 0;
}

static int make_old(struct qn_flow *flow, void *data)
{
	if (!data || flow->key.origin == *(u64 *)data)
		flow->last = jiffies - 11 * HZ;
	return 0;
}

/* No machine is so slow that these are idle before the test has done. */
static int make_busy(struct qn_flow *flow, void *data)
{
	flow->last = jiffies + 600 * HZ;
	return 0;
}

static u32 flows(void)
{
	struct qn_cursor all = {};
	u32 n = 0;

	qn_flows_walk(node, &all, count_one, &n);
	return n;
}

/* A link that is short of key is shared by weight, and policed. */
void test_flow_shares(void)
{
	u64 x = ID(1, 5), y = ID(1, 6);
	u32 one, two, i, passed;
	u64 shared_us, now_us;

	a = peer_make(ID(1, 10));
	stock = LANE;
	CHECK(allowed(x, 12345) == 12345);	/* nothing known: nothing lowered */
	for (i = 0; i < 2000; i++)
		CHECK(admit(a, x, 1) && admit(a, y, 2));
	shared_us = ktime_to_us(ktime_get());
	qn_flow_share_out(a);
	CHECK(allowed(x, QN_RATE_UNLIMITED) == QN_RATE_UNLIMITED);
	CHECK(allowed(x, 5000) == 5000 && qn_flow_wanted(a) == 0);

	/* an income of 1 MB/s and hardly any stock: shares of that */
	stock = LANE / 8;
	a->lane_income = 1000000;
	a->income = 2000000;
	allowed(x, QN_RATE_UNLIMITED);
	for (i = 0; i < 4; i++) {
		for (passed = 0; passed < 10 * 300; passed++) {
			if (passed % 300 == 0)
				msleep(100);
			admit(a, x, 1);
			admit(a, y, 2);
		}
		/* However long that took on a busy machine. */
		now_us = ktime_to_us(ktime_get());
		atomic64_add(now_us - shared_us, &a->stream->gained);
		shared_us = now_us;
		qn_flow_share_out(a);
	}
	one = allowed(x, QN_RATE_UNLIMITED);
	two = allowed(y, QN_RATE_UNLIMITED);
	CHECK(one > 200000 && one < 400000);
	CHECK(two > 2 * one - 10 && two < 2 * one + 10);
	CHECK(allowed(x, 1000) == 1000);
	CHECK(qn_flow_wanted(a) > 500000);
	/* it is held to a quarter more than that and half a second at once */
	now_us = ktime_to_us(ktime_get());
	for (i = passed = 0; i < 5000; i++)
		passed += admit(a, x, 1);
	now_us = ktime_to_us(ktime_get()) - now_us;
	CHECK(passed < (one + one / 4) / QN_CHUNK + 16 +
	      div_u64(now_us * (one + one / 4), QN_CHUNK * USEC_PER_SEC));
	/* a newcomer is not let in without a limit */
	CHECK(admit(a, ID(1, 7), 1));
	CHECK(allowed(ID(1, 7), QN_RATE_UNLIMITED) < 1000000);

	/* plenty again: nobody is held */
	stock = LANE;
	msleep(100);
	qn_flow_share_out(a);
	CHECK(allowed(x, QN_RATE_UNLIMITED) == QN_RATE_UNLIMITED);
	for (i = 0; i < 5000; i++)
		CHECK(admit(a, x, 1));
	peer_free(a);
}

/* Streams under one contract share its rate, on a link that has plenty. */
void test_flow_contract(void)
{
	const struct qn_contract_terms t = {
		.source = ID(1, 0), .source_wide = true,
		.destination = ID(3, 6), .rate = 100000, .burst = 100000,
	};
	struct qn_contract_key key = { .peer = ID(3, 1), .id = 4, .out = 1 };
	u64 x = ID(1, 5), y = ID(1, 6);
	u32 i;

	a = peer_make(ID(3, 1));
	stock = LANE;
	for (i = 0; i < 2000; i++)
		CHECK(admit(a, x, 1) && admit(a, y, 3));
	qn_flow_share_out(a);
	CHECK(allowed(x, QN_RATE_UNLIMITED) == QN_RATE_UNLIMITED);
	mutex_lock(&node->lock);
	CHECK(qn_contract_add(node, &key, &t) == 0);
	mutex_unlock(&node->lock);
	for (i = 0; i < 2000; i++)
		CHECK(admit(a, x, 1) && admit(a, y, 3));
	CHECK(admit(a, ID(2, 9), 1));		/* not under the contract */
	msleep(100);
	qn_flow_share_out(a);
	CHECK(allowed(x, QN_RATE_UNLIMITED) == 25000);
	CHECK(allowed(y, QN_RATE_UNLIMITED) == 75000);
	CHECK(allowed(ID(2, 9), QN_RATE_UNLIMITED) == QN_RATE_UNLIMITED);
	peer_free(a);
}

/* Made by frames, told by dumps, forgotten in silence and with the peer. */
void test_flow_life(void)
{
	struct qn_peer *b = peer_make(ID(1, 11));
	struct qn_cursor some = {}, all = {};
	u64 one = ID(1, 103);
	u32 i, n = 0;

	a = peer_make(ID(1, 10));
	stock = LANE;
	for (i = 0; i < 8; i++)
		CHECK(admit(a, ID(1, 100 + i), 1) && admit(a, ID(1, 100 + i), 1));
	CHECK(admit(b, ID(1, 100), 1));
	CHECK(flows() == 9);
	/* a dump in pieces tells each once */
	CHECK(qn_flows_walk(node, &some, count_three, &n) == -EMSGSIZE && n == 3);
	n = 0;
	CHECK(qn_flows_walk(node, &some, count_one, &n) == 0 && n == 6);

	qn_flow_share_out(a);
	CHECK(flows() == 9);
	qn_flows_walk(node, &all, make_old, &one);
	msleep(60);
	qn_flow_share_out(a);
	CHECK(flows() == 8);
	CHECK(admit(a, one, 1) && flows() == 9);
	peer_free(a);
	CHECK(flows() == 1);
	/* what is still on its way to a dead peer makes no flow that stays */
	b->dead = true;
	qn_flows_forget_peer(node, b);
	CHECK(flows() == 0 && admit(b, one, 1) && flows() == 0);
	peer_free(b);
}

static u64 counted(const struct qn_peer *peer, enum qn_counter c)
{
	return atomic64_read(&peer->counter[c]);
}

/* A neighbour that makes up origins fills its own share, and nobody else's. */
void test_flow_liar(void)
{
	struct qn_peer *liar = peer_make(ID(1, 20)), *other = peer_make(ID(1, 21));
	const u32 share = QN_FLOWS_INGRESS_MAX;
	struct qn_cursor busy = {}, old = {};
	u32 i;

	a = peer_make(ID(1, 10));
	stock = LANE;
	for (i = 0; i < share; i++) {
		CHECK(admit_from(a, liar, ID(9, 1 + i), 1));
		if (i % 256 == 0)
			cond_resched();
	}
	qn_flows_walk(node, &busy, make_busy, NULL);
	for (i = 0; i < 1000; i++)
		CHECK(admit_from(a, liar, ID(6, 1 + i), 1));
	/* None of them idle, so there is no room for more of its own ... */
	CHECK(flows() == share);
	CHECK(counted(liar, QN_C_FLOW_REFUSED) == 1000);
	CHECK(!counted(liar, QN_C_FLOW_EVICTED));
	/* ... and all the room there was for others, and for this node itself. */
	for (i = 0; i < 100; i++)
		CHECK(admit_from(a, other, ID(8, 1 + i), 1));
	CHECK(admit(a, ID(1, 5), 1));
	CHECK(flows() == share + 101 && !counted(other, QN_C_FLOW_REFUSED));

	/* An idle one of its own makes room, an idle one of another does not. */
	qn_flows_walk(node, &old, make_old, NULL);
	for (i = 0; i < share; i++) {
		CHECK(admit_from(a, liar, ID(7, 1 + i), 1));
		if (i % 256 == 0)
			cond_resched();
	}
	CHECK(flows() == share + 101);
	CHECK(counted(liar, QN_C_FLOW_EVICTED) == share);
	CHECK(counted(liar, QN_C_FLOW_REFUSED) == 1000);
	/* What is forgotten gives its room back. */
	qn_flows_forget_peer(node, a);
	CHECK(flows() == 0);
	CHECK(admit_from(other, liar, ID(9, 1), 1) && flows() == 1);
	peer_free(a);
	peer_free(other);
	CHECK(flows() == 0);
	peer_free(liar);
}

static void storm(int which)
{
	u32 i;

	for (i = 0; i < 30000; i++) {
		admit_from(a, i & 1 ? a : NULL, ID(1, 1 + i * 7 % 500), 1 + i % 3);
		if (which && i % 500 == 0)
			qn_flow_share_out(a);
		if (!which && i % 1000 == 0) {
			struct qn_cursor all = {};

			qn_flows_walk(node, &all, make_old, NULL);
		}
		if (!which && i % 300 == 0)
			qn_flows_forget_peer(node, a);
		if (i % 16 == 0)
			cond_resched();
	}
}

/* Frames, sharing out, ageing and forgetting at the same time. */
void test_flow_races(void)
{
	a = peer_make(ID(1, 10));
	stock = LANE / 8;
	a->lane_income = 1000000;
	in_two_threads(storm);
	CHECK(flows() <= 500);
	peer_free(a);
	CHECK(flows() == 0);
}
