// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans: what is done, and in which order; nothing the second time. */
#define _GNU_SOURCE
#include <linux/qkdnf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_test.h"

/* Do a plan in the kernel that is none. */
static void run(const struct qn_plan *plan, struct qn_model *kernel)
{
	const struct qn_step *step;
	struct qn_error err;

	for (step = plan->steps; step; step = step->next)
		if (kernel_step(kernel, step, &err))
			test_fail(__FILE__, __LINE__, "%c %s: %s", step->sign, step->text,
				  err.text);
}

/* The name of the file is another one each time. */
static char *plain_error(const struct qn_error *err, const char *name)
{
	const char *at = strstr(err->text, name);

	if (!at)
		return qn_asprintf("error: %s", err->text);
	return qn_asprintf("error: %.*sconf%s", (int)(at - err->text), err->text,
			   at + strlen(name));
}

static void forget(struct qn_rec *list)
{
	for (; list; list = list->next)
		list->mark = 0;
}

/* Apply a file to a kernel; what was done, to be freed. */
static char *apply(const char *yaml, struct qn_model *kernel, unsigned int flags)
{
	struct qn_error err = { 0 };
	struct qn_conf conf;
	struct qn_plan plan = { 0 };
	char *lines;

	if (conf_from(&conf, yaml, &err) || qn_plan_make(&plan, &conf, kernel, flags, &err)) {
		lines = plain_error(&err, conf.name);
	} else {
		lines = plan_lines(&plan);
		run(&plan, kernel);
	}
	qn_plan_free(&plan);
	qn_conf_free(&conf);
	/* Marks are of one plan; the real kernel is read anew each time. */
	forget(kernel->peers);
	forget(kernel->routes);
	forget(kernel->contracts);
	forget(kernel->sources);
	forget(kernel->bindings);
	forget(kernel->tunnels);
	forget(kernel->interfaces);
	forget(kernel->policies);
	return lines;
}

static void expect(const char *yaml, struct qn_model *kernel, unsigned int flags, const char *lines)
{
	char *got = apply(yaml, kernel, flags);

	CHECK_STR(got, lines);
	free(got);
}

static const char first[] =
	"node: {id: 64496:1}\n"
	"peers:\n"
	"- {id: 64498:3}\n"
	"- {id: 64496:2, name: a2, address: 192.0.2.2, source: /dev/null}\n"
	"- {id: 64497:1, address: 2001:db8::1, local: 2001:db8::2, source: push}\n"
	"routes:\n"
	"- {to: 64498:*, via: 64496:2, backup: 64497:1}\n"
	"contracts:\n"
	"- {peer: 64497:1, id: 7, direction: out, from: 64496:*, to: 64498:*, rate: 1k}\n"
	"- {peer: 64497:1, id: 7, direction: in, from: 64497:*, to: 64496:1, rate: 1Mbit}\n";

static void life(void)
{
	struct qn_model kernel = { 0 };

	test_begin("plan-from-nothing");
	expect(first, &kernel, 0,
	       "+ node 64496:1\n"
	       "+ peer 64496:2 (a2) 192.0.2.2\n"
	       "+ peer 64497:1 2001:db8::1\n"
	       "+ source of peer 64496:2: /dev/null\n"
	       "+ source of peer 64497:1: push\n"
	       "+ contract 64497:1 7 out\n"
	       "+ contract 64497:1 7 in\n"
	       "+ route to 64498:* via 64496:2 backup 64497:1\n"
	       "+ peer 64498:3 remote\n");

	test_begin("plan-twice");
	expect(first, &kernel, 0, "");

	/* The new way is there before the old one goes. */
	test_begin("plan-make-before-break");
	expect("node: {id: 64496:1}\n"
	       "peers:\n"
	       "- {id: 64496:4, address: 192.0.2.4}\n"
	       "- {id: 64498:3, weight: 2}\n"
	       "routes:\n"
	       "- {to: 64498:*, via: 64496:4}\n",
	       &kernel, 0,
	       "+ peer 64496:4 192.0.2.4\n"
	       "~ route to 64498:*: via 64496:2 backup 64497:1 -> via 64496:4\n"
	       "~ peer 64498:3: weight 1 -> 2\n"
	       "- contract 64497:1 7 out\n"
	       "- contract 64497:1 7 in\n"
	       "- source of peer 64496:2\n"
	       "- source of peer 64497:1\n"
	       "- peer 64496:2 (a2)\n"
	       "- peer 64497:1\n");

	test_begin("plan-keep");
	expect("node: {id: 64496:1}\npeers:\n- {id: 64496:5, address: 192.0.2.5}\n", &kernel,
	       QN_PLAN_KEEP,
	       "+ peer 64496:5 192.0.2.5\n");

	test_begin("plan-to-nothing");
	expect("node: {id: 64496:1}\n", &kernel, 0,
	       "- peer 64498:3\n"
	       "- route to 64498:*\n"
	       "- peer 64496:4\n"
	       "- peer 64496:5\n");
	CHECK(!kernel.peers && !kernel.routes && !kernel.contracts && !kernel.sources);
	qn_model_free(&kernel);
}

#define BIND "ipsec:\n- {reqid: 7, peer: 64496:2, address: 192.0.2.2, local: 192.0.2.1"
#define BASE	"node: {id: 64496:1}\npeers:\n- {id: 64496:2, address: 192.0.2.2"

#define BOUND(id, more)                                                                       \
	BASE ", segment: 16Ki, source: push}\nipsec:\n- {reqid: 7, peer: 64496:2, address: "  \
	     "192.0.2.2, local: 192.0.2.1" id more "}\n"
#define TWO(id7, if7, id8, if8)                                                               \
	BOUND(", if-id: " id7, ", interface: " if7)                                           \
	"- {reqid: 8, peer: 64496:2, address: 192.0.2.2, local: 192.0.2.1, if-id: " id8       \
	", interface: " if8 "}\n"
#define POLICIES ", policies: [{own: 10.1.0.0/16, far: 10.2.0.0/16}]"

static struct qn_rec *policy(struct qn_model *kernel, uint64_t reqid, const char *own,
			     const char *far)
{
	struct qn_rec *rec = qn_rec_new(&qn_set_policy), **at = &kernel->policies;

	qn_set(rec, QN_POLICY_REQID, reqid);
	qn_set(rec, QN_POLICY_IF_ID, 7);
	qn_set_str(rec, QN_POLICY_OWN, own);
	qn_set_str(rec, QN_POLICY_FAR, far);
	while (*at)
		at = &(*at)->next;
	return *at = rec;
}

static void foreign_interface(struct qn_model *kernel, const char *name, uint64_t if_id)
{
	struct qn_rec *rec = qn_rec_new(&qn_set_xfrm_interface);

	qn_set_str(rec, QN_XFRM_IF_NAME, name);
	qn_set(rec, QN_XFRM_IF_ID, if_id);
	rec->next = kernel->interfaces;
	kernel->interfaces = rec;
}

/* What leads traffic to bindings; that of others stays. */
static void traffic(struct qn_model *kernel)
{
	struct qn_rec *rec;

	test_begin("plan-xfrm");
	foreign_interface(kernel, "other", 99);
	policy(kernel, 99, "10.8.0.0/16", "10.9.0.0/16");
	expect(BOUND(", if-id: 7", ", interface: x7" POLICIES), kernel, 0,
	       "+ binding of reqid 7 to 192.0.2.2\n"
	       "+ xfrm interface x7\n"
	       "+ policies of reqid 7 between 10.1.0.0/16 and 10.2.0.0/16\n");
	rec = qn_find(kernel->policies, QN_POLICY_REQID, 7);
	CHECK(rec && qn_get(rec, QN_POLICY_DIRECTIONS, 0) == 7 &&
	      qn_get(rec, QN_POLICY_IF_ID, 0) == 7);
	expect(BOUND(", if-id: 7", ", interface: x7" POLICIES), kernel, 0, "");
	/* A file that says nothing of them leaves them alone. */
	expect(BOUND(", if-id: 7", ""), kernel, 0, "");
	expect(BOUND(", if-id: 7", ", interface: y7"), kernel, 0,
	       "- xfrm interface x7, its if-id gets another one\n"
	       "+ xfrm interface y7\n");
	/* Traffic of another if-id finds its way to the same device. */
	expect(BOUND(", if-id: 8", ", interface: y7" POLICIES), kernel, 0,
	       "- binding of reqid 7, to be made anew: if-id 7 -> 8\n"
	       "+ binding of reqid 7 to 192.0.2.2\n"
	       "~ xfrm interface y7: if-id 7 -> 8\n"
	       "+ policies of reqid 7 between 10.1.0.0/16 and 10.2.0.0/16\n"
	       "- policies of reqid 7 between 10.1.0.0/16 and 10.2.0.0/16\n");
	expect(BOUND(", if-id: 8", ", interface: y7" POLICIES), kernel, 0, "");
	/* What somebody took away, or made weaker, comes back. */
	rec = qn_find(kernel->policies, QN_POLICY_REQID, 7);
	qn_set(rec, QN_POLICY_DIRECTIONS, 2);
	qn_set(rec, QN_POLICY_OPTIONAL, 1);
	expect(BOUND(", if-id: 8", ", interface: y7" POLICIES), kernel, 0,
	       "~ policies of reqid 7 between 10.1.0.0/16 and 10.2.0.0/16: directions out -> in+out+forward, optional yes -> no\n");
	/* A binding made anew may be elsewhere; one that moves takes them along itself. */
	expect(BOUND(", if-id: 8, mode: transport", ", interface: y7" POLICIES), kernel, 0,
	       "- binding of reqid 7, to be made anew: mode tunnel -> transport\n"
	       "+ binding of reqid 7 to 192.0.2.2\n"
	       "~ policies of reqid 7 between 10.1.0.0/16 and 10.2.0.0/16: directions in+out+forward -> in+out, mode tunnel -> transport\n");
	expect(BOUND(", if-id: 8", ", interface: y7" POLICIES), kernel, 0,
	       "- binding of reqid 7, to be made anew: mode transport -> tunnel\n"
	       "+ binding of reqid 7 to 192.0.2.2\n"
	       "~ policies of reqid 7 between 10.1.0.0/16 and 10.2.0.0/16: directions in+out -> in+out+forward, mode transport -> tunnel\n");
	expect(BASE ", segment: 16Ki, source: push}\nipsec:\n- {reqid: 7, peer: 64496:2, address: "
	       "192.0.2.2, local: 192.0.2.9, if-id: 8, interface: y7" POLICIES "}\n", kernel, 0,
	       "~ binding of reqid 7: local-addr4 192.0.2.1 -> 192.0.2.9\n");
	expect(BOUND(", if-id: 8, esn: no", POLICIES), kernel, 0,
	       "- binding of reqid 7, to be made anew: local-addr4 192.0.2.9 -> 192.0.2.1, esn yes -> no\n"
	       "+ binding of reqid 7 to 192.0.2.2\n");
	/* One that has ports is nobody's here. */
	qn_set(policy(kernel, 7, "10.1.0.0/16", "10.3.0.0/16"), QN_POLICY_NARROW, 1);
	expect(BOUND(", if-id: 8, esn: no",
		     ", policies: [{own: 10.1.0.0/16, far: 10.4.0.0/16}]"), kernel, 0,
	       "+ policies of reqid 7 between 10.1.0.0/16 and 10.4.0.0/16\n"
	       "- policies of reqid 7 between 10.1.0.0/16 and 10.2.0.0/16\n");
	expect(BOUND(", if-id: 8, esn: no", ", policies: []"), kernel, QN_PLAN_KEEP, "");
	/* Nothing leaves in clear for want of a line. */
	expect(BASE ", segment: 16Ki, source: push}\n", kernel, 0,
	       "- binding of reqid 7, whose policies stay and let nothing through\n");
	expect(BOUND(", if-id: 8", ", policies: []"), kernel, 0,
	       "+ binding of reqid 7 to 192.0.2.2\n"
	       "- policies of reqid 7 between 10.1.0.0/16 and 10.4.0.0/16\n");

	test_begin("plan-xfrm-swapped");
	free(apply(TWO("7", "x7", "8", "x8"), kernel, 0));
	expect(TWO("7", "x7", "8", "x8"), kernel, 0, "");
	expect(TWO("8", "x7", "7", "x8"), kernel, 0,
	       "- binding of reqid 7, to be made anew: if-id 7 -> 8\n"
	       "+ binding of reqid 7 to 192.0.2.2\n"
	       "- binding of reqid 8, to be made anew: if-id 8 -> 7\n"
	       "+ binding of reqid 8 to 192.0.2.2\n"
	       "- xfrm interface x8, its if-id gets another one\n"
	       "~ xfrm interface x7: if-id 7 -> 8\n"
	       "+ xfrm interface x8\n");
	expect(TWO("8", "x7", "7", "x8"), kernel, 0, "");
	free(apply(BOUND(", if-id: 8", ", interface: x7"), kernel, 0));

	test_begin("plan-xfrm-others");
	expect(BOUND(", if-id: 8", ", interface: other"), kernel, 0,
	       "error: conf:5: other is the xfrm interface of if-id 99, which is none of this binding's: it stays, give another name");
	CHECK(qn_find(kernel->interfaces, QN_XFRM_IF_ID, 99));
	CHECK(qn_find(kernel->policies, QN_POLICY_REQID, 99));
	expect(BASE ", segment: 16Ki, source: push}\n", kernel, 0,
	       "- binding of reqid 7, whose policies stay and let nothing through\n");
}

static void changes(void)
{
	struct qn_model kernel = { 0 };
	struct qn_error err = { 0 };
	char *none;

	test_begin("plan-changes");
	none = apply(BASE "}\n", &kernel, 0);
	free(none);
	expect(BASE ", pool: 8Mi}\n", &kernel, QN_PLAN_REMAKE,
	       "- peer 64496:2, to be made anew\n"
	       "+ peer 64496:2 192.0.2.2\n");
	expect(BASE ", pool: 4Mi}\n", &kernel, 0,
	       "~ peer 64496:2: pool-max 8388608 -> 4194304, low 2097152 -> 1048576, high 6291456 -> 3145728\n");
	/* A pool that once was larger grows in place. */
	expect(BASE ", pool: 8Mi}\n", &kernel, 0,
	       "~ peer 64496:2: pool-max 4194304 -> 8388608, low 1048576 -> 2097152, high 3145728 -> 6291456\n");
	/* Marks that are named stay although the pool shrinks. */
	expect(BASE ", pool: 4Mi, low: 1Mi, high: 4Mi}\n", &kernel, 0,
	       "~ peer 64496:2: pool-max 8388608 -> 4194304, low 2097152 -> 1048576, high 6291456 -> 4194304\n");
	expect(BASE ", low: 1Mi, high: 4Mi}\n", &kernel, 0, "");
	expect(BASE ", name: two, local: 192.0.2.1}\n", &kernel, 0,
	       "~ peer 64496:2 (two): name - -> two, local-addr4 - -> 192.0.2.1, high 4194304 -> 3145728\n");
	expect(BASE "}\n", &kernel, 0,
	       "~ peer 64496:2: name two -> -, local-addr4 192.0.2.1 -> 0.0.0.0\n");
	expect(BASE "}\n", &kernel, 0, "");
	expect("node: {id: 64496:1}\npeers:\n- {id: 64496:2, address: 2001:db8::2}\n", &kernel,
	       0, "~ peer 64496:2: addr6 - -> 2001:db8::2\n");
	expect("node: {id: 64496:1}\npeers:\n- {id: 64496:2, address: 2001:db8::2}\n", &kernel,
	       0, "");

	test_begin("plan-fixed");
	expect(BASE ", source: push}\nroutes:\n- {to: 64498:1, via: 64496:2}\n", &kernel, 0,
	       "~ peer 64496:2: addr4 - -> 192.0.2.2\n"
	       "+ source of peer 64496:2: push\n"
	       "+ route to 64498:1 via 64496:2\n");
	expect(BASE ", segment: 16Ki}\n", &kernel, 0,
	       "error: conf:3: peer 64496:2 has to be made anew, which erases its key, since kind, segment, scheme and shares are fixed: allow it with --remake");
	/* What went with the peer is made anew. */
	expect(BASE ", segment: 16Ki, source: push}\nroutes:\n- {to: 64498:1, via: 64496:2}\n",
	       &kernel, QN_PLAN_REMAKE,
	       "- peer 64496:2, to be made anew\n"
	       "+ peer 64496:2 192.0.2.2\n"
	       "+ source of peer 64496:2: push\n"
	       "+ route to 64498:1 via 64496:2\n");

	test_begin("plan-sources");
	expect(BASE ", segment: 16Ki, source: /dev/null}\nroutes:\n- {to: 64498:1, via: 64496:2}\n",
	       &kernel, 0,
	       "- source of peer 64496:2, another kind is wanted\n"
	       "+ source of peer 64496:2: /dev/null\n");
	qn_set(kernel.sources, QKDNF_A_SOURCE_STATE, QKDNF_SOURCE_STATE_REFUSED);
	expect(BASE ", segment: 16Ki, source: /dev/null}\nroutes:\n- {to: 64498:1, via: 64496:2}\n",
	       &kernel, 0,
	       "- source of peer 64496:2, which is refused, to be opened again\n"
	       "+ source of peer 64496:2: /dev/null\n");

	test_begin("plan-bindings");
	expect(BASE ", segment: 16Ki, source: push}\n" BIND "}\n", &kernel, 0,
	       "- source of peer 64496:2, another kind is wanted\n"
	       "+ source of peer 64496:2: push\n"
	       "+ binding of reqid 7 to 192.0.2.2\n"
	       "- route to 64498:1\n");
	expect(BASE ", segment: 16Ki, source: push}\n" BIND "}\n", &kernel, 0, "");
	expect(BASE ", segment: 16Ki, source: push}\n" BIND ", esn: no, soft-seconds: 30s}\n",
	       &kernel, 0,
	       "- binding of reqid 7, to be made anew: esn yes -> no, soft-seconds 60s -> 30s\n"
	       "+ binding of reqid 7 to 192.0.2.2\n");
	expect(BASE ", segment: 16Ki, source: push}\n" BIND ", esn: no, soft-seconds: 30s}\n",
	       &kernel, 0, "");
	/* Addresses alone move, in one family. */
	expect(BASE ", segment: 16Ki, source: push}\nipsec:\n- {reqid: 7, peer: 64496:2, address: "
	       "192.0.2.2, local: 192.0.2.9, esn: no, soft-seconds: 30s}\n",
	       &kernel, 0, "~ binding of reqid 7: local-addr4 192.0.2.1 -> 192.0.2.9\n");
	expect(BASE ", segment: 16Ki, source: push}\nipsec:\n- {reqid: 7, peer: 64496:2, address: "
	       "'2001:db8::2', local: '2001:db8::9', esn: no, soft-seconds: 30s}\n",
	       &kernel, 0,
	       "- binding of reqid 7, to be made anew: addr6 - -> 2001:db8::2, local-addr6 - -> 2001:db8::9\n"
	       "+ binding of reqid 7 to 2001:db8::2\n");
	expect(BASE ", segment: 16Ki, source: push}\n" BIND ", esn: no, soft-seconds: 30s}\n",
	       &kernel, 0,
	       "- binding of reqid 7, to be made anew: addr4 - -> 192.0.2.2, local-addr4 - -> 192.0.2.1\n"
	       "+ binding of reqid 7 to 192.0.2.2\n");
	/* It finds its peer by node id, and stays when that is made anew. */
	expect(BASE ", source: push}\n" BIND ", esn: no, soft-seconds: 30s}\n", &kernel,
	       QN_PLAN_REMAKE,
	       "- peer 64496:2, to be made anew\n"
	       "+ peer 64496:2 192.0.2.2\n"
	       "+ source of peer 64496:2: push\n");
	expect(BASE ", source: push}\n", &kernel, QN_PLAN_KEEP, "");
	expect(BASE ", source: push}\n", &kernel, 0, "- binding of reqid 7\n");

	test_begin("plan-tunnels");
	expect(BASE ", source: push}\ntunnels:\n- {name: t0, peer: 64496:2, ttl: 9}\n", &kernel, 0,
	       "+ tunnel t0 to 64496:2\n");
	expect(BASE ", source: push}\ntunnels:\n- {name: t0, peer: 64496:2, ttl: 9}\n", &kernel, 0,
	       "");
	expect(BASE ", source: push}\ntunnels:\n- {name: t0, peer: 64496:2, low: 64Ki}\n", &kernel,
	       0, "~ tunnel t0 to 64496:2: ttl 9 -> 0, low 0 -> 65536\n");
	expect(BASE ", source: push}\ntunnels:\n- {name: t0, peer: 64496:2, high: 128Ki, mtu: 1300}\n",
	       &kernel, 0,
	       "~ tunnel t0 to 64496:2: low 65536 -> 0, high 0 -> 131072, mtu 1392 -> 1300\n");
	/* What is not said any more is as if it never had been. */
	expect(BASE ", source: push}\ntunnels:\n- {name: t0, peer: 64496:2}\n", &kernel, 0,
	       "~ tunnel t0 to 64496:2: high 131072 -> 0, mtu 1300 -> 1392\n");
	expect(BASE ", source: push}\ntunnels:\n- {name: t0, peer: 64496:2}\n", &kernel, 0, "");
	/* It goes with its peer. */
	expect(BASE ", segment: 16Ki, source: push}\ntunnels:\n- {name: t0, peer: 64496:2}\n",
	       &kernel, QN_PLAN_REMAKE,
	       "- peer 64496:2, to be made anew\n"
	       "+ peer 64496:2 192.0.2.2\n"
	       "+ source of peer 64496:2: push\n"
	       "+ tunnel t0 to 64496:2\n");
	expect(BASE ", segment: 16Ki, source: push}\ntunnels:\n- {name: t1, peer: 64496:2}\n",
	       &kernel, 0,
	       "- tunnel t0 to 64496:2, its peer gets another one\n"
	       "+ tunnel t1 to 64496:2\n");
	expect(BASE ", segment: 16Ki, source: push}\n", &kernel, QN_PLAN_KEEP, "");
	expect(BASE ", segment: 16Ki, source: push}\n", &kernel, 0, "- tunnel t1 to 64496:2\n");

	traffic(&kernel);

	test_begin("plan-impossible");
	expect("node: {id: 64496:9}\n", &kernel, 0,
	       "error: node 64496:1 runs here, the file is for another one: 'qkdnfctl node del' takes it away");
	expect("node: {id: 64496:1, port: 5}\n", &kernel, 0,
	       "error: the UDP port is fixed while the node is there: 'qkdnfctl node del' takes it away");
	expect("emu:\n- {name: l, rate: 1M, block: 4Ki}\n", &kernel, 0, "+ emulated link l\n");
	expect("emu:\n- {name: l, rate: 2M, block: 4Ki}\n", &kernel, 0,
	       "~ emulated link l: rate 1000000bit/s -> 2000000bit/s\n");
	none = apply("emu:\n- {name: l, rate: 2M, block: 8Ki}\n", &kernel, 0);
	CHECK_HAS(none, "emulated link l runs with other ends, start or block");
	free(none);
	(void)err;
	qn_model_free(&kernel);
}

void test_plan(void)
{
	life();
	changes();
}

/* --- random files, one after the other -------------------------------------------- */

static uint64_t seed;

static unsigned int below(unsigned int n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)((seed >> 33) % n);
}

static void put(char **at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(char **at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*at += vsprintf(*at, fmt, ap);
	va_end(ap);
}

/* A file about nodes 2 to 9 of provider 1, of which the even ones are links. */
static void random_file(char *text)
{
	unsigned int i, links[8], n = 0, shares, if_id;
	char *at = text;

	put(&at, "node: {id: 1:1, memory: %uMi}\npeers:\n", 64 + below(2));
	for (i = 2; i < 10; i++) {
		bool link = below(8) ? i % 2 == 0 : i % 2;

		if (!below(3))
			continue;
		put(&at, "- {id: 1:%u", i);
		if (link) {
			links[n++] = i;
			put(&at, below(4) ? ", address: 192.0.2.%u" : ", address: '2001:db8::%u'",
			    i + below(2));
			if (below(2))
				put(&at, ", source: %s", below(2) ? "push" : "/dev/null");
			if (!below(4))
				put(&at, ", border: yes, port: %u", 17717 + below(2));
		} else {
			shares = 1 + below(2);
			put(&at, ", shares: %u, weight: %u, max-rate: %u", shares, 1 + below(3),
			    below(3));
		}
		if (below(2))
			put(&at, ", name: n%u", below(3));
		if (!below(3))
			put(&at, ", segment: %uKi", 16 << below(2));
		if (!below(2))
			put(&at, ", pool: %uMi", 2 + below(3));
		if (!below(4))
			put(&at, ", low: %uKi", 64 + below(2));
		put(&at, "}\n");
	}
	if (!n)
		return;
	put(&at, "routes:\n");
	for (i = 10; i < 16; i++) {
		unsigned int via = links[below(n)], backup = links[below(n)];

		if (!below(3))
			continue;
		put(&at, i < 14 ? "- {to: 1:%u, via: 1:%u" : "- {to: %u:*, via: 1:%u", i, via);
		if (backup != via)
			put(&at, ", backup: 1:%u", backup);
		if (!below(4))
			put(&at, ", share: %u", below(4));
		put(&at, "}\n");
	}
	put(&at, "ipsec:\n");
	for (i = 1; i < 4; i++) {
		if (!below(3))
			continue;
		put(&at, "- {reqid: %u, peer: 1:%u, address: 192.0.2.%u, local: 192.0.2.1", i,
		    links[below(n)], i + 1 + below(2));
		if_id = below(4) ? i : i + 10;
		put(&at, ", mode: %s, if-id: %u", below(2) ? "tunnel" : "transport", if_id);
		if (below(2))
			put(&at, ", interface: %c%u", below(4) ? 'x' : 'y', if_id);
		if (below(3)) {
			put(&at, ", policies: [");
			for (shares = below(3); shares; shares--)
				put(&at, "{own: 10.%u.0.0/16, far: 10.9.0.%u},", i, shares);
			put(&at, "]");
		}
		put(&at, "}\n");
	}
	put(&at, "contracts:\n");
	for (i = 1; i < 5; i++) {
		bool in = below(2);

		if (!below(3))
			continue;
		put(&at, "- {peer: 1:%u, id: %u, direction: %s, from: %s, to: 3:*, rate: %u",
		    links[below(n)], i, in ? "in" : "out", below(8) ? "2:*" : "2:2",
		    500 + below(2) * 1000);
		if (in && below(2))
			put(&at, ", out-id: %u", below(3));
		if (below(2))
			put(&at, ", volume: %uM, weight: %u", 1 + below(2), below(2));
		put(&at, "}\n");
	}
}

/*
 * From any state to any other: no step is refused, and then nothing is left to
 * do. And a fresh kernel comes to the same, so that no past is left over.
 */
void test_random_plans(void)
{
	struct qn_model kernel = { 0 }, fresh;
	char text[8192], *lines;
	unsigned int i;

	test_begin("plan-random");
	seed = 7;
	for (i = 0; i < 3000; i++) {
		random_file(text);
		lines = apply(text, &kernel, QN_PLAN_REMAKE);
		if (!strncmp(lines, "error", 5))
			test_fail(__FILE__, __LINE__, "file %u: %s", i, lines);
		free(lines);
		lines = apply(text, &kernel, QN_PLAN_REMAKE);
		if (*lines)
			test_fail(__FILE__, __LINE__, "file %u, again: %s", i, lines);
		free(lines);
		memset(&fresh, 0, sizeof(fresh));
		free(apply(text, &fresh, QN_PLAN_REMAKE));
		lines = apply(text, &fresh, QN_PLAN_REMAKE);
		CHECK_STR(lines, "");
		free(lines);
		qn_model_free(&fresh);
	}
	qn_model_free(&kernel);
}
