// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration files: do the parts fit together?
 *
 * All that can be known without the kernel is refused here, before the first
 * change, with the line it stands in.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/qkdemu.h>
#include <linux/qkdnf.h>

#include "conf.h"
#include "index.h"
#include "plan.h"
#include "text.h"
#include "tunnel.h"
#include "xfrm.h"

/* What is checked, and ways to find things in it. */
struct checker {
	struct qn_conf *conf;
	struct qn_index peers, routes, contracts, sources, bindings;
	struct qn_rec *source_list; /* the sources as records */
};

static int bad(struct qn_conf *conf, const struct qn_rec *rec, struct qn_error *err)
{
	return qn_fail_prefix(err, "%s:%u", conf->name, rec->line);
}

static void warn(struct qn_conf *conf, const struct qn_rec *rec, const char *text)
{
	char *all = qn_asprintf("%s%s:%u: %s\n", conf->warnings ? conf->warnings : "", conf->name,
				rec->line, text);

	free(conf->warnings);
	conf->warnings = all;
}

static char *node_text(uint64_t id)
{
	static char text[2][32];
	static unsigned int i;

	i ^= 1;
	return qn_format_node(text[i], sizeof(text[i]), id);
}

static bool addressed(const struct qn_rec *peer)
{
	return qn_has(peer, QKDNF_A_PEER_ADDR4) || qn_has(peer, QKDNF_A_PEER_ADDR6);
}

static int check_marks(const struct qn_rec *given, struct qn_error *err)
{
	struct qn_rec *peer = qn_plan_peer_defaults(given, 0);
	uint64_t segment = 1ULL << qn_get(peer, QKDNF_A_PEER_SEG_SHIFT, 0);
	uint64_t pool = qn_get(peer, QKDNF_A_PEER_POOL_MAX, 0);
	uint64_t low = qn_get(peer, QKDNF_A_PEER_LOW, 0), high = qn_get(peer, QKDNF_A_PEER_HIGH, 0);

	qn_rec_free(peer);
	if (pool < 8 * segment || pool > QKDNF_SEGMENTS_MAX * segment)
		return qn_fail(err,
			       "a pool of %" PRIu64 " octets is not 8 to %d segments of %" PRIu64,
			       pool, QKDNF_SEGMENTS_MAX, segment);
	if (high > pool)
		return qn_fail(err, "high mark %" PRIu64 " is above the pool of %" PRIu64 " octets",
			       high, pool);
	if (low > high)
		return qn_fail(err, "low mark %" PRIu64 " is above the high mark %" PRIu64, low,
			       high);
	return 0;
}

static int check_kind(const struct checker *c, const struct qn_rec *peer, struct qn_error *err)
{
	static const uint8_t remote_only[] = {
		QKDNF_A_PEER_SCHEME,
		QKDNF_A_PEER_SHARES,
		QKDNF_A_PEER_WEIGHT,
		QKDNF_A_PEER_MAX_RATE,
	};
	static const uint8_t link_only[] = {
		QKDNF_A_PEER_BORDER,
	};
	bool link = qn_get(peer, QKDNF_A_PEER_KIND, 0) == QKDNF_PEER_KIND_LINK;
	struct qn_rec *like;
	bool source;
	size_t i;

	if ((qn_has(peer, QKDNF_A_PEER_ADDR4) && qn_has(peer, QKDNF_A_PEER_LOCAL_ADDR6)) ||
	    (qn_has(peer, QKDNF_A_PEER_ADDR6) && qn_has(peer, QKDNF_A_PEER_LOCAL_ADDR4)))
		return qn_fail(err, "address and local are not of one IP version");
	if (link) {
		for (i = 0; i < QN_ARRAY_SIZE(remote_only); i++)
			if (qn_has(peer, remote_only[i]))
				return qn_fail(err, "%s is for remote peers only",
					       qn_set_peer.attrs[remote_only[i]].name);
		if (!addressed(peer))
			return qn_fail(err, "a link peer needs an address");
		return 0;
	}
	/* A remote peer's address serves what is sent straight to it: key supply. */
	for (i = 0; i < QN_ARRAY_SIZE(link_only); i++)
		if (qn_has(peer, link_only[i]))
			return qn_fail(err, "%s is for link peers only",
				       qn_set_peer.attrs[link_only[i]].name);
	like = qn_rec_new(&qn_set_source);
	qn_set(like, QKDNF_A_SOURCE_PEER, qn_get(peer, QKDNF_A_PEER_ID, 0));
	source = qn_index_find(&c->sources, like);
	qn_rec_free(like);
	if (source)
		return qn_fail(err, "a remote peer is filled by relay, it takes no source");
	return 0;
}

/* Does some route lead to a node, for a share? */
static bool routed(const struct checker *c, uint64_t id, unsigned int share)
{
	struct qn_rec *like = qn_rec_new(&qn_set_route);
	bool found;

	qn_set(like, QKDNF_A_ROUTE_DESTINATION, id);
	found = qn_index_find(&c->routes, like);
	qn_set(like, QKDNF_A_ROUTE_SHARE, share);
	found = found || qn_index_find(&c->routes, like);
	qn_set(like, QKDNF_A_ROUTE_DESTINATION, id >> 32 << 32);
	qn_set(like, QKDNF_A_ROUTE_PROVIDER_WIDE, 1);
	found = found || qn_index_find(&c->routes, like);
	qn_unset(like, QKDNF_A_ROUTE_SHARE);
	found = found || qn_index_find(&c->routes, like);
	qn_rec_free(like);
	return found;
}

static int check_peers(const struct checker *c, struct qn_error *err)
{
	struct qn_conf *conf = c->conf;
	uint64_t own = qn_get(conf->want.node, QKDNF_A_NODE_ID, 0);
	struct qn_rec *peer;
	unsigned int share;

	for (peer = conf->want.peers; peer; peer = peer->next) {
		uint64_t id = qn_get(peer, QKDNF_A_PEER_ID, 0);
		const struct qn_rec *first;

		if (!id) {
			qn_fail(err, "a peer needs an id");
			return bad(conf, peer, err);
		}
		if (id == own) {
			qn_fail(err, "%s is the node itself", node_text(id));
			return bad(conf, peer, err);
		}
		first = qn_index_find(&c->peers, peer);
		if (first != peer) {
			qn_fail(err, "peer %s is there twice, first in line %u", node_text(id),
				first->line);
			return bad(conf, peer, err);
		}
		if (!qn_has(peer, QKDNF_A_PEER_KIND))
			qn_set(peer, QKDNF_A_PEER_KIND,
			       addressed(peer) ? QKDNF_PEER_KIND_LINK : QKDNF_PEER_KIND_REMOTE);
		if (check_kind(c, peer, err) || check_marks(peer, err))
			return bad(conf, peer, err);
		if (qn_get(peer, QKDNF_A_PEER_KIND, 0) == QKDNF_PEER_KIND_LINK)
			continue;
		for (share = 0; share < qn_get(peer, QKDNF_A_PEER_SHARES, 1); share++)
			if (!routed(c, id, share))
				break;
		if (share < qn_get(peer, QKDNF_A_PEER_SHARES, 1)) {
			char *text =
				qn_asprintf("no route to %s for share %u: it stays without key",
					    node_text(id), share);

			warn(conf, peer, text);
			free(text);
		}
	}
	return 0;
}

static int check_link_peer(const struct checker *c, const struct qn_rec *rec, unsigned int attr,
			   struct qn_error *err)
{
	uint64_t id = qn_get(rec, attr, 0);
	struct qn_rec *like = qn_rec_new(&qn_set_peer);
	const struct qn_rec *peer;

	qn_set(like, QKDNF_A_PEER_ID, id);
	peer = qn_index_find(&c->peers, like);
	qn_rec_free(like);
	if (!peer)
		return qn_fail(err, "%s %s is not among the peers of this file",
			       rec->set->attrs[attr].name, node_text(id));
	if (qn_get(peer, QKDNF_A_PEER_KIND, 0) != QKDNF_PEER_KIND_LINK)
		return qn_fail(err, "%s %s is a remote peer: a link peer is wanted",
			       rec->set->attrs[attr].name, node_text(id));
	return 0;
}

static int check_route(const struct checker *c, struct qn_rec *route, struct qn_error *err)
{
	uint64_t own = qn_get(c->conf->want.node, QKDNF_A_NODE_ID, 0);
	const struct qn_rec *first;

	if (!qn_has(route, QKDNF_A_ROUTE_DESTINATION) || !qn_has(route, QKDNF_A_ROUTE_VIA))
		return qn_fail(err, "a route needs 'to' and 'via'");
	if (qn_get(route, QKDNF_A_ROUTE_DESTINATION, 0) == own)
		return qn_fail(err, "%s is the node itself", node_text(own));
	if (check_link_peer(c, route, QKDNF_A_ROUTE_VIA, err))
		return -1;
	first = qn_index_find(&c->routes, route);
	if (first != route)
		return qn_fail(err, "this route is there twice, first in line %u", first->line);
	if (!qn_has(route, QKDNF_A_ROUTE_BACKUP))
		return 0;
	if (qn_get(route, QKDNF_A_ROUTE_BACKUP, 0) == qn_get(route, QKDNF_A_ROUTE_VIA, 0))
		return qn_fail(err, "the backup is the next hop itself");
	return check_link_peer(c, route, QKDNF_A_ROUTE_BACKUP, err);
}

static int check_contract(const struct checker *c, struct qn_rec *contract, struct qn_error *err)
{
	static const struct {
		unsigned int attr;
		const char *word;
	} needed[] = {
		{ QKDNF_A_CONTRACT_PEER, "peer" },	     { QKDNF_A_CONTRACT_ID, "id" },
		{ QKDNF_A_CONTRACT_DIRECTION, "direction" }, { QKDNF_A_CONTRACT_SOURCE, "from" },
		{ QKDNF_A_CONTRACT_DESTINATION, "to" },	     { QKDNF_A_CONTRACT_RATE, "rate" },
	};
	const struct qn_rec *first;
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(needed); i++)
		if (!qn_has(contract, needed[i].attr))
			return qn_fail(err, "a contract needs %s", needed[i].word);
	if (check_link_peer(c, contract, QKDNF_A_CONTRACT_PEER, err))
		return -1;
	if (qn_has(contract, QKDNF_A_CONTRACT_OUT_ID) &&
	    qn_get(contract, QKDNF_A_CONTRACT_DIRECTION, 0) == QKDNF_DIRECTION_OUT)
		return qn_fail(err, "out-id belongs to a contract of direction in");
	first = qn_index_find(&c->contracts, contract);
	if (first != contract)
		return qn_fail(err, "this contract is there twice, first in line %u", first->line);
	if (qn_get(contract, QKDNF_A_CONTRACT_EXPIRY, 0) &&
	    qn_get(contract, QKDNF_A_CONTRACT_EXPIRY, 0) <= (uint64_t)time(NULL))
		warn(c->conf, contract, "this contract is over: nothing is carried under it");
	return 0;
}

static int check_binding(const struct checker *c, struct qn_rec *binding, struct qn_error *err)
{
	static const struct {
		unsigned int attr4, attr6;
		const char *word;
	} needed[] = {
		{ QKDNF_A_BINDING_REQID, 0, "reqid" },
		{ QKDNF_A_BINDING_PEER, 0, "peer" },
		{ QKDNF_A_BINDING_ADDR4, QKDNF_A_BINDING_ADDR6, "address" },
		{ QKDNF_A_BINDING_LOCAL_ADDR4, QKDNF_A_BINDING_LOCAL_ADDR6, "local" },
	};
	static const uint8_t limits[][2] = {
		{ QKDNF_A_BINDING_SOFT_OCTETS, QKDNF_A_BINDING_HARD_OCTETS },
		{ QKDNF_A_BINDING_SOFT_PACKETS, QKDNF_A_BINDING_HARD_PACKETS },
		{ QKDNF_A_BINDING_SOFT_SECONDS, QKDNF_A_BINDING_HARD_SECONDS },
	};
	const struct qn_rec *first, *peer;
	struct qn_rec *full, *like;
	bool good = true;
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(needed); i++)
		if (!qn_has(binding, needed[i].attr4) &&
		    !(needed[i].attr6 && qn_has(binding, needed[i].attr6)))
			return qn_fail(err, "a binding needs %s", needed[i].word);
	if (qn_has(binding, QKDNF_A_BINDING_ADDR4) != qn_has(binding, QKDNF_A_BINDING_LOCAL_ADDR4))
		return qn_fail(err, "address and local are not of one IP version");
	first = qn_index_find(&c->bindings, binding);
	if (first != binding)
		return qn_fail(err, "reqid %" PRIu64 " is there twice, first in line %u",
			       qn_get(binding, QKDNF_A_BINDING_REQID, 0), first->line);
	full = qn_plan_binding_defaults(binding);
	for (i = 0; i < QN_ARRAY_SIZE(limits); i++) {
		uint64_t soft = qn_get(full, limits[i][0], 0), hard = qn_get(full, limits[i][1], 0);

		good = good && (!soft || !hard || soft < hard);
	}
	qn_rec_free(full);
	if (!good)
		return qn_fail(err, "each soft limit must be below its hard limit, or 0 for none");
	if (qn_has(binding, QKDNF_A_BINDING_ENCAP_TO) && !qn_get(binding, QKDNF_A_BINDING_ENCAP, 0))
		return qn_fail(err, "encap-to goes with encap, the own UDP port");
	like = qn_rec_new(&qn_set_peer);
	qn_set(like, QKDNF_A_PEER_ID, qn_get(binding, QKDNF_A_BINDING_PEER, 0));
	peer = qn_index_find(&c->peers, like);
	qn_rec_free(like);
	if (!peer)
		return qn_fail(err, "peer %s is not among the peers of this file",
			       node_text(qn_get(binding, QKDNF_A_BINDING_PEER, 0)));
	if (!addressed(peer))
		return qn_fail(err, "peer %s has no address, which a binding needs",
			       node_text(qn_get(binding, QKDNF_A_BINDING_PEER, 0)));
	return 0;
}

static int check_tunnel(const struct checker *c, struct qn_rec *tunnel, struct qn_error *err)
{
	const char *name = qn_get_str(tunnel, QN_TUNNEL_NAME);
	uint64_t id = qn_get(tunnel, IFLA_QKDNF_PEER, 0);
	const struct qn_rec *other, *peer;
	struct qn_rec *like;

	if (!*name)
		return qn_fail(err, "a tunnel needs name");
	if (!qn_tunnel_name_fits(name))
		return qn_fail(err, "'%s' cannot name a device", name);
	if (!id)
		return qn_fail(err, "a tunnel needs peer");
	for (other = c->conf->want.tunnels; other != tunnel; other = other->next) {
		if (!strcmp(qn_get_str(other, QN_TUNNEL_NAME), name))
			return qn_fail(err, "tunnel %s is there twice, first in line %u", name,
				       other->line);
		if (qn_get(other, IFLA_QKDNF_PEER, 0) == id)
			return qn_fail(err, "peer %s has a tunnel already, in line %u",
				       node_text(id), other->line);
	}
	like = qn_rec_new(&qn_set_peer);
	qn_set(like, QKDNF_A_PEER_ID, id);
	peer = qn_index_find(&c->peers, like);
	qn_rec_free(like);
	if (!peer)
		return qn_fail(err, "peer %s is not among the peers of this file", node_text(id));
	if (!addressed(peer))
		return qn_fail(err, "peer %s has no address, which a tunnel needs", node_text(id));
	return 0;
}

/* A device is there once; bindings of one if-id share it. */
static int check_interface(const struct checker *c, struct qn_rec *rec, struct qn_error *err)
{
	const char *name = qn_get_str(rec, QN_XFRM_IF_NAME);
	const struct qn_rec *other;

	if (!qn_get(rec, QN_XFRM_IF_ID, 0))
		return qn_fail(err, "interface goes with if-id: give the binding one");
	if (!qn_tunnel_name_fits(name))
		return qn_fail(err, "'%s' cannot name a device", name);
	for (other = c->conf->want.interfaces; other != rec; other = other->next)
		if (!strcmp(qn_get_str(other, QN_XFRM_IF_NAME), name) !=
		    qn_rec_equal(other, rec, QN_XFRM_IF_ID))
			return qn_fail(err,
				       "an if-id has one interface, and it one if-id: see line %u",
				       other->line);
	for (other = c->conf->want.tunnels; other; other = other->next)
		if (!strcmp(qn_get_str(other, QN_TUNNEL_NAME), name))
			return qn_fail(err, "%s names a tunnel, in line %u", name, other->line);
	return 0;
}

static int check_policy(const struct checker *c, struct qn_rec *policy, struct qn_error *err)
{
	static const uint8_t ends[] = { QN_POLICY_OWN, QN_POLICY_FAR };
	const struct qn_rec *other;
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(ends); i++) {
		char *text;
		int ret;

		if (!qn_has(policy, ends[i]))
			return qn_fail(err, "a policy needs %s, a network",
				       qn_set_policy.attrs[ends[i]].name);
		text = qn_strdup(qn_get_str(policy, ends[i]));
		ret = qn_network_parse(policy, ends[i], text, err);
		free(text);
		if (ret)
			return ret;
	}
	for (other = c->conf->want.policies; other != policy; other = other->next)
		if (qn_rec_equal(other, policy, QN_POLICY_OWN) &&
		    qn_rec_equal(other, policy, QN_POLICY_FAR) &&
		    qn_rec_equal(other, policy, QN_POLICY_IF_ID))
			return qn_fail(err, "this policy is there twice, first in line %u",
				       other->line);
	return qn_policy_check(policy, err);
}

static int check_emu(struct qn_conf *conf, struct qn_rec *link, struct qn_error *err)
{
	const struct qn_rec *other;

	if (!qn_has(link, QKDEMU_A_NAME) || !qn_has(link, QKDEMU_A_RATE))
		return qn_fail(err, "an emulated link needs name and rate");
	if (qn_has(link, QKDEMU_A_ENDS) && qn_get(link, QKDEMU_A_ENDS, 0) != 3 &&
	    (!qn_has(link, QKDEMU_A_SEED) || !qn_has(link, QKDEMU_A_START_TIME)))
		return qn_fail(err, "one end of a link needs the seed and start of the other end");
	for (other = conf->want.emu; other != link; other = other->next)
		if (!strcmp(qn_get_str(other, QKDEMU_A_NAME), qn_get_str(link, QKDEMU_A_NAME)))
			return qn_fail(err, "link %s is there twice, first in line %u",
				       qn_get_str(link, QKDEMU_A_NAME), other->line);
	return 0;
}

static int check_all(const struct checker *c, struct qn_error *err)
{
	struct qn_model *want = &c->conf->want;
	struct qn_rec *rec;

	if (check_peers(c, err))
		return -1;
	for (rec = want->routes; rec; rec = rec->next)
		if (check_route(c, rec, err))
			return bad(c->conf, rec, err);
	for (rec = want->contracts; rec; rec = rec->next)
		if (check_contract(c, rec, err))
			return bad(c->conf, rec, err);
	for (rec = want->bindings; rec; rec = rec->next)
		if (check_binding(c, rec, err))
			return bad(c->conf, rec, err);
	for (rec = want->tunnels; rec; rec = rec->next)
		if (check_tunnel(c, rec, err))
			return bad(c->conf, rec, err);
	for (rec = want->interfaces; rec; rec = rec->next)
		if (check_interface(c, rec, err))
			return bad(c->conf, rec, err);
	for (rec = want->policies; rec; rec = rec->next)
		if (check_policy(c, rec, err))
			return bad(c->conf, rec, err);
	for (rec = want->emu; rec; rec = rec->next)
		if (check_emu(c->conf, rec, err))
			return bad(c->conf, rec, err);
	return 0;
}

int qn_conf_check(struct qn_conf *conf, struct qn_error *err)
{
	struct checker c = { .conf = conf };
	struct qn_model *want = &conf->want;
	const struct qn_conf_source *source;
	int ret;

	/* A file of emulated links alone makes sense: they belong to no node. */
	if (!want->node && (want->peers || want->routes || want->contracts || want->bindings ||
			    want->tunnels || !want->emu))
		return qn_fail(err, "%s: section node is missing", conf->name);
	if (want->node && !qn_has(want->node, QKDNF_A_NODE_ID)) {
		qn_fail(err, "the node needs an id");
		return bad(conf, want->node, err);
	}
	for (source = conf->sources; source; source = source->next) {
		struct qn_rec *rec = qn_rec_new(&qn_set_source);

		qn_set(rec, QKDNF_A_SOURCE_PEER, source->peer);
		rec->next = c.source_list;
		c.source_list = rec;
	}
	qn_index_make(&c.peers, want->peers, qn_names_peer);
	qn_index_make(&c.routes, want->routes, qn_names_route);
	qn_index_make(&c.contracts, want->contracts, qn_names_contract);
	qn_index_make(&c.sources, c.source_list, qn_names_source);
	qn_index_make(&c.bindings, want->bindings, qn_names_binding);
	ret = check_all(&c, err);
	qn_index_free(&c.peers);
	qn_index_free(&c.routes);
	qn_index_free(&c.contracts);
	qn_index_free(&c.sources);
	qn_index_free(&c.bindings);
	qn_rec_list_free(c.source_list);
	return ret;
}
