// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration files: what is wrong is refused where it stands. */
#include <stdio.h>
#include <string.h>

#include "ctl_test.h"

#define NODE	"node: {id: 64496:1}\n"
#define PEERS	NODE "peers:\n- {id: 64496:2, address: 192.0.2.2}\n- {id: 64497:1}\n"

#define BIND(peer) "ipsec:\n- {reqid: 7, peer: " peer ", address: 192.0.2.2, local: 192.0.2.1"

#define BIND8 "- {reqid: 8, peer: 64496:2, address: 192.0.2.2, local: 192.0.2.1"

static const struct {
	const char *yaml;
	const char *words;
} wrong[] = {
	{ "", "is empty" },
	{ "- a\n", "conf:1:1: a file has sections" },
	{ "nodes: {id: 1:1}\n", "conf:1:1: unknown section 'nodes'" },
	{ NODE "node: {id: 64496:1}\n", "conf:2:1: section node is there twice" },
	{ NODE "routes:\nroutes:\n", "conf:3:1: section routes is there twice" },
	{ "node: {port: 5}\n", "conf:1: the node needs an id" },
	{ "node: {id: 64496:1, prt: 5}\n",
	  "conf:1:21: unknown setting 'prt' of a node: did you mean 'port'?" },
	{ "node: {id: 64496:1, port: 0}\n", "conf:1:27: node port: 0 is out of range: 1 to 65535" },
	{ "node: {id: 64496:1, port: [1]}\n", "conf:1:27: port wants one value" },
	{ "node: {id: 64496:1, [a]: 1}\n", "the name of a setting is wanted" },
	{ "node: {id: 64496:1, id: 64496:2}\n", "id is given twice" },
	{ "peers:\n- {id: 64496:2}\n", "section node is missing" },
	{ NODE "peers: {id: 64496:2}\n", "conf:2:8: peers is a list" },
	{ NODE "peers:\n- 64496:2\n", "conf:3:3: a peer is written as" },
	{ NODE "peers:\n- {address: 192.0.2.2}\n", "conf:3: a peer needs an id" },
	{ NODE "peers:\n- {id: 64496:1, address: 192.0.2.2}\n",
	  "conf:3: 64496:1 is the node itself" },
	{ NODE "peers:\n- {id: 64496:2}\n- {id: 64496:2}\n",
	  "conf:4: peer 64496:2 is there twice, first in line 3" },
	{ NODE "peers:\n- {id: 64496:2, kind: link}\n", "conf:3: a link peer needs an address" },
	{ NODE "peers:\n- {id: 64496:2, address: 192.0.2.2, shares: 2}\n",
	  "shares is for remote peers only" },
	{ NODE "peers:\n- {id: 64496:2, border: yes}\n", "border is for link peers only" },
	{ NODE "peers:\n- {id: 64496:2, source: push}\n", "a remote peer is filled by relay" },
	{ NODE "peers:\n- {id: 64496:2, address: 192.0.2.2, local: 2001:db8::1}\n",
	  "not of one IP version" },
	{ NODE "peers:\n- {id: 64496:2, address: 192.0.2.2, source: qkd0}\n",
	  "conf:3:45: 'qkd0' is no source" },
	{ NODE "peers:\n- {id: 64496:2, low: 4Mi, high: 1Mi}\n",
	  "low mark 4194304 is above the high mark" },
	{ NODE "peers:\n- {id: 64496:2, high: 5Mi}\n", "high mark 5242880 is above the pool" },
	{ NODE "peers:\n- {id: 64496:2, pool: 256Ki}\n", "is not 8 to 1024 segments" },
	{ NODE "peers:\n- {id: 64496:2, weight: 1, weight: 2}\n", "weight is given twice" },
	{ PEERS "routes:\n- {to: 64498:1}\n", "conf:6: a route needs 'to' and 'via'" },
	{ PEERS "routes:\n- {to: 64496:1, via: 64496:2}\n", "conf:6: 64496:1 is the node itself" },
	{ PEERS "routes:\n- {to: 64498:1, via: 64496:3}\n",
	  "conf:6: via 64496:3 is not among the peers" },
	{ PEERS "routes:\n- {to: 64498:1, via: 64497:1}\n",
	  "conf:6: via 64497:1 is a remote peer" },
	{ PEERS "routes:\n- {to: 64498:1, via: 64496:2, backup: 64496:2}\n",
	  "the backup is the next hop itself" },
	{ PEERS "routes:\n- {to: 64498:*, via: 64496:2}\n- {to: 64498:*, via: 64496:2}\n",
	  "conf:7: this route is there twice, first in line 6" },
	{ PEERS "contracts:\n- {peer: 64496:2}\n", "conf:6: a contract needs id" },
	{ PEERS
	  "contracts:\n- {peer: 64497:1, id: 1, direction: in, from: 1:*, to: 2:*, rate: 1}\n",
	  "peer 64497:1 is a remote peer" },
	{ PEERS
	  "contracts:\n- {peer: 64496:2, id: 1, direction: out, from: 1:*, to: 2:*, rate: 1, out-id: 2}\n",
	  "out-id belongs" },
	{ PEERS
	  "contracts:\n- {peer: 64496:2, id: 1, direction: out, from: 1:*, to: 2:*, rate: 1, expiry: +1d}\n",
	  "a file needs a fixed time" },
	{ PEERS "ipsec:\n- {peer: 64496:2}\n", "conf:6: a binding needs reqid" },
	{ PEERS "ipsec:\n- {reqid: 7, peer: 64496:2, address: 192.0.2.2}\n",
	  "conf:6: a binding needs local" },
	{ PEERS "ipsec:\n- {reqid: 7, peer: 64496:2, address: 192.0.2.2, local: 2001:db8::1}\n",
	  "conf:6: address and local are not of one IP version" },
	{ PEERS BIND("64496:3") "}\n", "conf:6: peer 64496:3 is not among the peers" },
	{ PEERS BIND("64497:1") "}\n", "conf:6: peer 64497:1 has no address" },
	{ PEERS BIND("64496:2") ", soft-seconds: 10m}\n", "conf:6: each soft limit" },
	{ PEERS BIND("64496:2") ", mode: tunel}\n", "mode" },
	{ PEERS BIND("64496:2") "}\n- {reqid: 7, peer: 64496:2, address: '::1', local: '::2'}\n",
	  "conf:7: reqid 7 is there twice, first in line 6" },
	{ PEERS BIND("64496:2") ", interface: x0}\n", "conf:6: interface goes with if-id" },
	{ PEERS BIND("64496:2") ", if-id: 7, interface: [x0]}\n", "interface wants one value" },
	{ PEERS BIND("64496:2") ", if-id: 7, interface: a/b}\n", "'a/b' cannot name a device" },
	{ PEERS BIND("64496:2") ", if-id: 7, interface: x0, interface: x1}\n",
	  "interface is given twice" },
	{ PEERS BIND("64496:2") ", if-id: 7, interface: x0}\n"
	  "tunnels:\n- {name: x0, peer: 64496:2}\n",
	  "conf:6: x0 names a tunnel, in line 8" },
	{ PEERS BIND("64496:2") ", if-id: 7, interface: x0}\n" BIND8 ", if-id: 8, interface: x0}\n",
	  "conf:7: an if-id has one interface, and it one if-id: see line 6" },
	{ PEERS BIND("64496:2") ", if-id: 7, interface: x0}\n" BIND8 ", if-id: 7, interface: x1}\n",
	  "conf:7: an if-id has one interface" },
	{ PEERS BIND("64496:2") ", policies: 10.1.0.0/16}\n", "policies is a list" },
	{ PEERS BIND("64496:2") ", policies: [10.1.0.0/16]}\n", "a policy is written as" },
	{ PEERS BIND("64496:2") ", policies: [], policies: []}\n", "policies is given twice" },
	{ PEERS BIND("64496:2") ", policies: [{own: 10.1.0.0/16}]}\n",
	  "conf:6: a policy needs far" },
	{ PEERS BIND("64496:2") ", policies: [{own: 10.1.0.0/16, for: 10.2.0.0/16}]}\n",
	  "unknown setting 'for' of a policy: did you mean 'far'?" },
	{ PEERS BIND("64496:2") ", policies: [{own: 10.1.0.0/8, far: 10.2.0.0/16}]}\n",
	  "conf:6: 10.1.0.0/8: there are bits behind the prefix" },
	{ PEERS BIND("64496:2") ", policies: [{own: 10.1.0.0/33, far: 10.2.0.0/16}]}\n",
	  "conf:6: 10.1.0.0/33: 33 is out of range: 0 to 32" },
	{ PEERS BIND("64496:2") ", policies: [{own: 10.1.0.0/16, far: fd00::/64}]}\n",
	  "conf:6: the two networks are not of one IP version" },
	{ PEERS BIND("64496:2") ", policies: [{own: 10.1.0.1, far: 10.2.0.1},\n"
	  "  {own: 10.1.0.1/32, far: 10.2.0.1}]}\n",
	  "conf:7: this policy is there twice, first in line 6" },
	{ PEERS "tunnels:\n- {peer: 64496:2}\n", "conf:6: a tunnel needs name" },
	{ PEERS "tunnels:\n- {name: t0}\n", "conf:6: a tunnel needs peer" },
	{ PEERS "tunnels:\n- {name: a/b, peer: 64496:2}\n", "conf:6: 'a/b' cannot name a device" },
	{ PEERS "tunnels:\n- {name: t0, peer: 64496:3}\n", "conf:6: peer 64496:3 is not among" },
	{ PEERS "tunnels:\n- {name: t0, peer: 64497:1}\n", "conf:6: peer 64497:1 has no address" },
	{ PEERS "tunnels:\n- {name: t0, peer: 64496:2}\n- {name: t1, peer: 64496:2}\n",
	  "conf:7: peer 64496:2 has a tunnel already, in line 6" },
	{ PEERS BIND("64496:2") ", encap-to: 4500}\n", "conf:6: encap-to goes with encap" },
	{ "emu:\n- {name: l}\n", "conf:2: an emulated link needs name and rate" },
	{ "emu:\n- {name: l, rate: 1M}\n- {name: l, rate: 1M}\n", "conf:3: link l is there twice" },
	{ "emu:\n- {name: l, rate: 1M, ends: a}\n", "needs the seed and start" },
	{ NODE "---\n" NODE, "two documents" },
	{ "node: {id: 64496:1\n", "conf:2:1: " },
	{ "node: *nobody\n", "conf:1:7: found undefined alias" },
	{ "node: {id: \"64496:1\\0\"}\n", "conf:1:12: id wants one value" },
};

/* The example of the manual is an example of a file that works. */
static void manual(void)
{
	FILE *file = fopen("../../docs/man/qkdnfctl.8", "r");
	char line[512], text[4096] = "";
	bool example = false;
	struct qn_error err;
	struct qn_conf conf = { 0 };

	test_begin("conf-manual");
	CHECK(file);
	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, ".Ed", 3))
			example = false;
		if (example)
			strncat(text, line, sizeof(text) - strlen(text) - 1);
		if (!strncmp(line, ".Bd -literal -offset", 20))
			example = true;
	}
	if (file)
		fclose(file);
	if (conf_from(&conf, text, &err))
		test_fail(__FILE__, __LINE__, "%s", err.text);
	CHECK(conf.want.peers && conf.want.routes && conf.want.emu && !conf.warnings);
	CHECK(conf.want.interfaces && conf.want.policies);
	qn_conf_free(&conf);
}

void test_conf(void)
{
	struct qn_error err;
	struct qn_conf conf;
	size_t i;

	test_begin("conf-refused");
	for (i = 0; i < QN_ARRAY_SIZE(wrong); i++) {
		err.text[0] = 0;
		if (!conf_from(&conf, wrong[i].yaml, &err))
			test_fail(__FILE__, __LINE__, "case %zu was taken", i);
		else if (!strstr(err.text, wrong[i].words))
			test_fail(__FILE__, __LINE__, "case %zu: '%s', expected '%s'", i, err.text,
				  wrong[i].words);
		qn_conf_free(&conf);
	}

	manual();

	test_begin("conf-taken");
	if (conf_from(&conf, PEERS "routes:\n", &err))
		test_fail(__FILE__, __LINE__, "%s", err.text);
	else
		CHECK_HAS(conf.warnings ? conf.warnings : "", "no route to 64497:1 for share 0");
	qn_conf_free(&conf);
	if (conf_from(&conf, PEERS "routes:\n- {to: 64497:*, via: 64496:2}\n", &err))
		test_fail(__FILE__, __LINE__, "%s", err.text);
	CHECK(!conf.warnings);
	qn_conf_free(&conf);
	/* Traffic of a binding, wherever its if-id stands; the same network is one text. */
	if (conf_from(&conf, PEERS BIND("64496:2") ", interface: x0, policies: [{own: 'FD00:0::/64', "
			     "far: 'fd01::'}], if-id: 7}\n" BIND8 ", if-id: 7, interface: x0, policies: }\n",
		      &err))
		test_fail(__FILE__, __LINE__, "%s", err.text);
	CHECK(qn_get(conf.want.interfaces, QN_XFRM_IF_ID, 0) == 7);
	CHECK(qn_get(conf.want.policies, QN_POLICY_REQID, 0) == 7);
	CHECK_STR(qn_get_str(conf.want.policies, QN_POLICY_OWN), "fd00::/64");
	CHECK_STR(qn_get_str(conf.want.policies, QN_POLICY_FAR), "fd01::/128");
	CHECK(conf.want.bindings->next->mark == QN_CONF_POLICIES);
	qn_conf_free(&conf);
}
