/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _TRAFFIC_TEST_H
#define _TRAFFIC_TEST_H

#include <linux/bottom_half.h>
#include <linux/slab.h>

#include "contract.h"
#include "event.h"
#include "flow.h"
#include "hash.h"
#include "nexthop.h"
#include "node.h"
#include "peer.h"
#include "route.h"
#include "stream.h"

/* The first reason of a failure is told, with its line. */
extern const char *test_why;
extern int test_line;

#define CHECK(c) do {							\
	if (!(c) && !test_why) {					\
		test_why = #c;						\
		test_line = __LINE__;					\
	}								\
} while (0)

#define ID(provider, node) ((u64)(provider) << 32 | (node))
#define OWN ID(1, 1)

extern struct qn_node *node;
extern struct qn_event_args last_event;
extern int last_type;
extern atomic_t events;
extern u64 stock;			/* what every stream holds */

struct qn_peer *peer_make(u64 id);
void peer_up(struct qn_peer *peer, bool up);
void peer_free(struct qn_peer *peer);
struct qn_frame relay_frame(u64 origin, u64 destination, u64 index, u32 chunk);

/* Two threads at once, each on a processor of its own if there are two. */
void in_two_threads(void (*fn)(int which));

/* The datapath's context. */
#define IN_SOFTIRQ(x) do {						\
	rcu_read_lock();						\
	local_bh_disable();						\
	x;								\
	local_bh_enable();						\
	rcu_read_unlock();						\
} while (0)

void test_routes(void);
void test_route_backup(void);
void test_routes_many(void);
void test_route_races(void);
void test_contract_border(void);
void test_contract_limits(void);
void test_contract_readings(void);
void test_contract_settlement(void);
void test_contract_races(void);
void test_flow_shares(void);
void test_flow_contract(void);
void test_flow_life(void);
void test_flow_liar(void);
void test_flow_races(void);

#endif
