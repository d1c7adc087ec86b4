// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs when it is loaded, prints "traffic: ok NAME" or "traffic: not ok NAME -
 * why" to the kernel log, and unloads as any module does.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <net/net_namespace.h>

#include "traffic_test.h"

const char *test_why;
int test_line;
struct qn_node *node;
struct qn_event_args last_event;
int last_type;
atomic_t events;
u64 stock;

/* What the rooms above and below would give. */
void qn_event(struct net *net, enum qkdnf_event_type type,
	      const struct qn_event_args *a)
{
	last_event = *a;
	last_type = type;
	atomic_inc(&events);
}

u64 qn_stream_level(struct qn_stream *s)
{
	return stock;
}

struct qn_peer *peer_make(u64 id)
{
	struct qn_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL | __GFP_NOFAIL);

	peer->id = id;
	peer->node = node;
	peer->stream = kzalloc(sizeof(*peer->stream), GFP_KERNEL | __GFP_NOFAIL);
	peer->stream->shift = 16;
	peer->stream->max_segs = 64;
	peer->pairing.own = 77;
	peer->border = qn_provider(id) != qn_provider(OWN);
	peer_up(peer, true);
	return peer;
}

/* Nothing is sealed here: that there is a hash key is enough. */
static struct qn_hash some_hash;

void peer_up(struct qn_peer *peer, bool up)
{
	peer->up = up;
	peer->pairing.made = up;
	RCU_INIT_POINTER(peer->hash_out, up ? &some_hash : NULL);
}

/* As the order is in setup.c: hidden, a grace period, freed. */
void peer_free(struct qn_peer *peer)
{
	peer->dead = true;
	mutex_lock(&node->lock);
	qn_routes_forget_peer(node, peer);
	qn_contracts_forget_peer(node, peer);
	qn_flows_forget_peer(node, peer);
	mutex_unlock(&node->lock);
	synchronize_net();
	kfree(peer->stream);
	kfree(peer);
}

struct qn_frame relay_frame(u64 origin, u64 destination, u64 index, u32 chunk)
{
	return (struct qn_frame){
		.type = QN_RELAY,
		.origin = origin,
		.destination = destination,
		.incarnation = 5,
		.shift = 16,
		.shares = 1,
		.weight = 10,
		.length = QN_CHUNK,
		.remote_offset = (index << 16) + chunk * QN_CHUNK,
	};
}

struct runner {
	void (*fn)(int which);
	int which;
	struct completion done;
};

static int run(void *arg)
{
	struct runner *r = arg;

	r->fn(r->which);
	complete(&r->done);
	return 0;
}

void in_two_threads(void (*fn)(int which))
{
	struct runner r[2] = { { fn, 0 }, { fn, 1 } };
	int i;

	for (i = 0; i < 2; i++) {
		init_completion(&r[i].done);
		if (IS_ERR(kthread_run(run, &r[i], "traffic/%d", i)))
			complete(&r[i].done);
	}
	for (i = 0; i < 2; i++)
		wait_for_completion(&r[i].done);
}

static int __init node_make(void)
{
	int err;

	node = kzalloc(sizeof(*node), GFP_KERNEL);
	if (!node)
		return -ENOMEM;
	node->id = OWN;
	node->net = &init_net;
	mutex_init(&node->lock);
	qn_mem_init(&node->mem, 256L << 20, NULL);
	err = qn_routes_init(node);
	if (!err)
		err = qn_contracts_init(node);
	if (!err)
		err = qn_flows_init(node);
	return err;
}

static void __init node_free(void)
{
	synchronize_net();
	mutex_lock(&node->lock);
	qn_flows_exit(node);
	qn_contracts_exit(node);
	qn_routes_exit(node);
	mutex_unlock(&node->lock);
	CHECK(!atomic_long_read(&node->mem.used));
	kfree(node);
}

#define TEST(t) { #t, t }

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	TEST(test_routes),
	TEST(test_route_backup),
	TEST(test_routes_many),
	TEST(test_route_races),
	TEST(test_contract_border),
	TEST(test_contract_limits),
	TEST(test_contract_readings),
	TEST(test_contract_settlement),
	TEST(test_contract_races),
	TEST(test_flow_shares),
	TEST(test_flow_contract),
	TEST(test_flow_life),
	TEST(test_flow_liar),
	TEST(test_flow_races),
};

static int __init traffic_test_init(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		test_why = NULL;
		err = node_make();
		if (err)
			return err;	/* the guest ends here */
		tests[i].run();
		node_free();
		if (test_why)
			pr_info("traffic: not ok %s - line %d: %s\n",
				tests[i].name, test_line, test_why);
		else
			pr_info("traffic: ok %s\n", tests[i].name);
	}
	return 0;
}

static void __exit traffic_test_exit(void)
{
	rcu_barrier();
}

module_init(traffic_test_init);
module_exit(traffic_test_exit);
MODULE_DESCRIPTION("Test of routes, contracts and flows of qkdnf");
MODULE_LICENSE("GPL");
