// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the netlink specification says that the kernel does with a request.
 *
 * Written from tools/netlink/qkdnf.yaml, not from the planner: it fills in the
 * defaults, and refuses what refers to nothing, what is there already, what is
 * fixed, and what still has a use.
 */
#include <linux/qkdemu.h>
#include <linux/qkdnf.h>
#include <string.h>

#include "ctl_test.h"

static void append(struct qn_rec **list, struct qn_rec *rec)
{
	while (*list)
		list = &(*list)->next;
	rec->next = NULL;
	*list = rec;
}

static void drop(struct qn_rec **list, struct qn_rec *rec)
{
	while (*list != rec)
		list = &(*list)->next;
	*list = rec->next;
	rec->next = NULL;
	qn_rec_free(rec);
}

static void preset(struct qn_rec *rec, unsigned int attr, uint64_t value)
{
	if (!qn_has(rec, attr))
		qn_set(rec, attr, value);
}

/* What is named overwrites what is there. */
static void overlay(struct qn_rec *rec, const struct qn_rec *req)
{
	struct qn_rec *copy = qn_rec_copy(req);
	unsigned int i;

	for (i = 1; i <= rec->set->max; i++) {
		if (!qn_has(copy, i))
			continue;
		qn_unset(rec, i);
		rec->v[i] = copy->v[i];
		rec->present |= QN_BIT(i);
		copy->present &= ~QN_BIT(i);
	}
	qn_rec_free(copy);
}

static bool zero(const struct qn_rec *rec, unsigned int attr)
{
	const uint8_t *octets;
	size_t len, i;

	octets = qn_get_bin(rec, attr, &len);
	for (i = 0; i < len; i++)
		if (octets[i])
			return false;
	return len > 0;
}

static struct qn_rec *peer_of(struct qn_model *k, const struct qn_rec *req, unsigned int attr)
{
	return qn_find(k->peers, QKDNF_A_PEER_ID, qn_get(req, attr, 0));
}

static bool is_link(const struct qn_rec *peer)
{
	return peer && qn_get(peer, QKDNF_A_PEER_KIND, 9) == QKDNF_PEER_KIND_LINK;
}

/* What the kernel tells of a peer: no empty name, no unspecified own address. */
static void tidy_peer(struct qn_rec *peer)
{
	if (!*qn_get_str(peer, QKDNF_A_PEER_NAME))
		qn_unset(peer, QKDNF_A_PEER_NAME);
	if (zero(peer, QKDNF_A_PEER_LOCAL_ADDR4))
		qn_unset(peer, QKDNF_A_PEER_LOCAL_ADDR4);
	if (zero(peer, QKDNF_A_PEER_LOCAL_ADDR6))
		qn_unset(peer, QKDNF_A_PEER_LOCAL_ADDR6);
}

static int peer_new(struct qn_model *k, const struct qn_rec *req, struct qn_error *err)
{
	uint64_t id = qn_get(req, QKDNF_A_PEER_ID, 0), pool;
	struct qn_rec *peer;

	if (peer_of(k, req, QKDNF_A_PEER_ID))
		return qn_fail(err, "EEXIST peer");
	peer = qn_rec_copy(req);
	preset(peer, QKDNF_A_PEER_SEG_SHIFT, 16);
	preset(peer, QKDNF_A_PEER_POOL_MAX, 64ULL << qn_get(peer, QKDNF_A_PEER_SEG_SHIFT, 0));
	pool = qn_get(peer, QKDNF_A_PEER_POOL_MAX, 0);
	preset(peer, QKDNF_A_PEER_LOW, pool / 4);
	preset(peer, QKDNF_A_PEER_HIGH, pool / 4 * 3);
	preset(peer, QKDNF_A_PEER_HELLO_MS, 1000);
	if (is_link(peer)) {
		preset(peer, QKDNF_A_PEER_PORT, 17717);
		preset(peer, QKDNF_A_PEER_BORDER,
		       id >> 32 != qn_get(k->node, QKDNF_A_NODE_ID, 0) >> 32);
	} else {
		preset(peer, QKDNF_A_PEER_SCHEME, 0);
		preset(peer, QKDNF_A_PEER_SHARES, 1);
		preset(peer, QKDNF_A_PEER_WEIGHT, 1);
		preset(peer, QKDNF_A_PEER_MAX_RATE, 0);
	}
	tidy_peer(peer);
	/* room for twice the segments: the line is that of no file here */
	for (peer->line = 1; peer->line < pool >> qn_get(peer, QKDNF_A_PEER_SEG_SHIFT, 0);)
		peer->line *= 2;
	append(&k->peers, peer);
	return 0;
}

static int peer_set(struct qn_model *k, const struct qn_rec *req, struct qn_error *err)
{
	struct qn_rec *peer = peer_of(k, req, QKDNF_A_PEER_ID);

	if (!peer)
		return qn_fail(err, "ENOENT peer");
	if (qn_get(req, QKDNF_A_PEER_POOL_MAX, 0) >> qn_get(peer, QKDNF_A_PEER_SEG_SHIFT, 0) >
	    peer->line)
		return qn_fail(err, "E2BIG the pool cannot grow so much");
	/* another version of IP: nothing of the old one stays */
	if (qn_has(req, QKDNF_A_PEER_ADDR4) && qn_has(peer, QKDNF_A_PEER_ADDR6)) {
		qn_unset(peer, QKDNF_A_PEER_ADDR6);
		qn_unset(peer, QKDNF_A_PEER_LOCAL_ADDR6);
	}
	if (qn_has(req, QKDNF_A_PEER_ADDR6) && qn_has(peer, QKDNF_A_PEER_ADDR4)) {
		qn_unset(peer, QKDNF_A_PEER_ADDR4);
		qn_unset(peer, QKDNF_A_PEER_LOCAL_ADDR4);
	}
	overlay(peer, req);
	if (qn_get(peer, QKDNF_A_PEER_LOW, 0) > qn_get(peer, QKDNF_A_PEER_HIGH, 0) ||
	    qn_get(peer, QKDNF_A_PEER_HIGH, 0) > qn_get(peer, QKDNF_A_PEER_POOL_MAX, 0))
		return qn_fail(err, "EINVAL marks");
	tidy_peer(peer);
	return 0;
}

static int peer_del(struct qn_model *k, const struct qn_rec *req, struct qn_error *err)
{
	struct qn_rec *peer = peer_of(k, req, QKDNF_A_PEER_ID), *rec, *next;
	uint64_t id = qn_get(req, QKDNF_A_PEER_ID, 0);

	if (!peer)
		return qn_fail(err, "ENOENT peer");
	for (rec = k->sources; rec; rec = next) {
		next = rec->next;
		if (qn_get(rec, QKDNF_A_SOURCE_PEER, 0) == id)
			drop(&k->sources, rec);
	}
	for (rec = k->contracts; rec; rec = next) {
		next = rec->next;
		if (qn_get(rec, QKDNF_A_CONTRACT_PEER, 0) == id)
			drop(&k->contracts, rec);
	}
	for (rec = k->routes; rec; rec = next) {
		next = rec->next;
		if (qn_get(rec, QKDNF_A_ROUTE_BACKUP, 0) == id)
			qn_unset(rec, QKDNF_A_ROUTE_BACKUP);
		if (qn_get(rec, QKDNF_A_ROUTE_VIA, 0) == id)
			drop(&k->routes, rec);
	}
	for (rec = k->tunnels; rec; rec = next) {
		next = rec->next;
		if (qn_get(rec, IFLA_QKDNF_PEER, 0) == id)
			drop(&k->tunnels, rec);
	}
	drop(&k->peers, peer);
	return 0;
}

static struct qn_rec *route_of(struct qn_model *k, const struct qn_rec *req)
{
	struct qn_rec *r;

	for (r = k->routes; r; r = r->next)
		if (qn_rec_equal(r, req, QKDNF_A_ROUTE_DESTINATION) &&
		    qn_rec_equal(r, req, QKDNF_A_ROUTE_PROVIDER_WIDE) &&
		    qn_rec_equal(r, req, QKDNF_A_ROUTE_SHARE))
			break;
	return r;
}

static int route_new(struct qn_model *k, const struct qn_rec *req, struct qn_error *err)
{
	struct qn_rec *old = route_of(k, req), *route;

	if (old && !qn_has(req, QKDNF_A_ROUTE_REPLACE))
		return qn_fail(err, "EEXIST route");
	if (!is_link(peer_of(k, req, QKDNF_A_ROUTE_VIA)))
		return qn_fail(err, "ENOENT via");
	if (qn_has(req, QKDNF_A_ROUTE_BACKUP) && !is_link(peer_of(k, req, QKDNF_A_ROUTE_BACKUP)))
		return qn_fail(err, "ENOENT backup");
	if (old)
		drop(&k->routes, old);
	route = qn_rec_copy(req);
	qn_unset(route, QKDNF_A_ROUTE_REPLACE);
	append(&k->routes, route);
	return 0;
}

static struct qn_rec *contract_of(struct qn_model *k, const struct qn_rec *req)
{
	struct qn_rec *c;

	for (c = k->contracts; c; c = c->next)
		if (qn_rec_equal(c, req, QKDNF_A_CONTRACT_PEER) &&
		    qn_rec_equal(c, req, QKDNF_A_CONTRACT_ID) &&
		    qn_rec_equal(c, req, QKDNF_A_CONTRACT_DIRECTION))
			break;
	return c;
}

static void tidy_contract(struct qn_rec *c)
{
	uint64_t rate = qn_get(c, QKDNF_A_CONTRACT_RATE, 0);

	preset(c, QKDNF_A_CONTRACT_BURST, rate > 992 ? rate : 992);
	preset(c, QKDNF_A_CONTRACT_VOLUME, 0);
	preset(c, QKDNF_A_CONTRACT_EXPIRY, 0);
	preset(c, QKDNF_A_CONTRACT_WEIGHT, 0);
	if (!qn_get(c, QKDNF_A_CONTRACT_OUT_ID, 0))
		qn_unset(c, QKDNF_A_CONTRACT_OUT_ID);
}

static int contract_put(struct qn_model *k, const struct qn_rec *req, bool new,
			struct qn_error *err)
{
	struct qn_rec *c = contract_of(k, req);

	if (new == !!c)
		return qn_fail(err, new ? "EEXIST contract" : "ENOENT contract");
	if (new && !is_link(peer_of(k, req, QKDNF_A_CONTRACT_PEER)))
		return qn_fail(err, "ENOENT peer of contract");
	if (qn_has(req, QKDNF_A_CONTRACT_OUT_ID) &&
	    qn_get(req, QKDNF_A_CONTRACT_DIRECTION, 0) == QKDNF_DIRECTION_OUT)
		return qn_fail(err, "EINVAL out-id");
	if (new) {
		c = qn_rec_copy(req);
		append(&k->contracts, c);
	} else {
		overlay(c, req);
	}
	tidy_contract(c);
	return 0;
}

static int source_new(struct qn_model *k, const struct qn_rec *req, struct qn_error *err)
{
	struct qn_rec *source;

	if (!is_link(peer_of(k, req, QKDNF_A_SOURCE_PEER)))
		return qn_fail(err, "ENOENT peer of source");
	if (qn_find(k->sources, QKDNF_A_SOURCE_PEER, qn_get(req, QKDNF_A_SOURCE_PEER, 0)))
		return qn_fail(err, "EEXIST source");
	source = qn_rec_copy(req);
	qn_set(source, QKDNF_A_SOURCE_STATE, QKDNF_SOURCE_STATE_RUNNING);
	append(&k->sources, source);
	return 0;
}

static int binding_new(struct qn_model *k, const struct qn_rec *req, struct qn_error *err)
{
	uint64_t reqid = qn_get(req, QKDNF_A_BINDING_REQID, 0);
	struct qn_rec *peer = peer_of(k, req, QKDNF_A_BINDING_PEER), *b;

	if (!peer)
		return qn_fail(err, "ENOENT peer of binding");
	if (!qn_has(peer, QKDNF_A_PEER_ADDR4) && !qn_has(peer, QKDNF_A_PEER_ADDR6))
		return qn_fail(err, "EINVAL the peer has no address");
	if (!reqid || qn_find(k->bindings, QKDNF_A_BINDING_REQID, reqid))
		return qn_fail(err, "EEXIST binding");
	b = qn_rec_copy(req);
	preset(b, QKDNF_A_BINDING_MODE, 0);
	preset(b, QKDNF_A_BINDING_ALGORITHM, 0);
	preset(b, QKDNF_A_BINDING_ESN, 1);
	preset(b, QKDNF_A_BINDING_WINDOW, 128);
	preset(b, QKDNF_A_BINDING_IF_ID, 0);
	preset(b, QKDNF_A_BINDING_ENCAP, 0);
	if (qn_get(b, QKDNF_A_BINDING_ENCAP, 0)) {
		preset(b, QKDNF_A_BINDING_ENCAP_TO, qn_get(b, QKDNF_A_BINDING_ENCAP, 0));
		preset(b, QKDNF_A_BINDING_MAPPED, 0);
	}
	preset(b, QKDNF_A_BINDING_SOFT_OCTETS, 4294967296);
	preset(b, QKDNF_A_BINDING_SOFT_PACKETS, 1073741824);
	preset(b, QKDNF_A_BINDING_SOFT_SECONDS, 60);
	preset(b, QKDNF_A_BINDING_HARD_OCTETS, 17179869184);
	preset(b, QKDNF_A_BINDING_HARD_PACKETS, 3221225472);
	preset(b, QKDNF_A_BINDING_HARD_SECONDS, 600);
	append(&k->bindings, b);
	return 0;
}

static int remove_one(struct qn_rec **list, struct qn_rec *rec, struct qn_error *err)
{
	if (!rec)
		return qn_fail(err, "ENOENT object to take away");
	drop(list, rec);
	return 0;
}

/* A peer has one tunnel at the most. */
static int tunnel_step(struct qn_model *k, const struct qn_step *step, struct qn_error *err)
{
	struct qn_rec **at, *tunnel;

	for (at = &k->tunnels; *at; at = &(*at)->next) {
		if (!strcmp(qn_get_str(*at, QN_TUNNEL_NAME),
			    qn_get_str(step->req, QN_TUNNEL_NAME)))
			break;
		if (step->cmd == QN_TUNNEL_NEW && qn_rec_equal(*at, step->req, IFLA_QKDNF_PEER))
			return qn_fail(err, "EEXIST peer");
	}
	tunnel = *at;
	if (step->cmd == QN_TUNNEL_NEW ? !!tunnel : !tunnel)
		return qn_fail(err, "tunnel");
	if (step->cmd == QN_TUNNEL_SET) {
		overlay(tunnel, step->req);
	} else if (step->cmd == QN_TUNNEL_DEL) {
		drop(&k->tunnels, tunnel);
	} else {
		tunnel = qn_rec_copy(step->req);
		preset(tunnel, IFLA_QKDNF_TTL, 0);
		preset(tunnel, IFLA_QKDNF_TTL_INHERIT, 0);
		preset(tunnel, IFLA_QKDNF_TOS, 0);
		preset(tunnel, IFLA_QKDNF_TOS_INHERIT, 0);
		preset(tunnel, IFLA_QKDNF_LOW, 0);
		preset(tunnel, IFLA_QKDNF_HIGH, 0);
		preset(tunnel, IFLA_QKDNF_ALLOW_RNG, 0);
		/* what fits 1500 octets: IP, UDP, and a header of 80 */
		preset(tunnel, QN_TUNNEL_MTU,
		       1500 - 8 - 80 -
			       (qn_has(peer_of(k, tunnel, IFLA_QKDNF_PEER), QKDNF_A_PEER_ADDR6) ?
					40 : 20));
		append(&k->tunnels, tunnel);
	}
	return 0;
}

static bool same_text(const struct qn_rec *a, const struct qn_rec *b, unsigned int attr)
{
	return !strcmp(qn_get_str(a, attr), qn_get_str(b, attr));
}

/* Names and if-ids are there once. */
static int interface_step(struct qn_model *k, const struct qn_step *step, struct qn_error *err)
{
	struct qn_rec *by_name, *by_id;

	for (by_name = k->interfaces; by_name; by_name = by_name->next)
		if (same_text(by_name, step->req, QN_XFRM_IF_NAME))
			break;
	by_id = qn_find(k->interfaces, QN_XFRM_IF_ID, qn_get(step->req, QN_XFRM_IF_ID, 0));
	switch (step->cmd) {
	case QN_XFRM_IF_NEW:
		if (by_name || by_id)
			return qn_fail(err, "EEXIST interface");
		append(&k->interfaces, qn_rec_copy(step->req));
		return 0;
	case QN_XFRM_IF_SET:
		if (!by_name || by_id)
			return qn_fail(err, "EEXIST interface");
		overlay(by_name, step->req);
		return 0;
	}
	if (!by_name || by_name != by_id)
		return qn_fail(err, "ENODEV");
	drop(&k->interfaces, by_name);
	return 0;
}

/* Networks and if-id name a policy for the kernel; the reqid is in its template. */
static int policy_step(struct qn_model *k, const struct qn_step *step, struct qn_error *err)
{
	const struct qn_rec *req = step->req;
	struct qn_rec *p;

	for (p = k->policies; p; p = p->next)
		if (same_text(p, req, QN_POLICY_OWN) && same_text(p, req, QN_POLICY_FAR) &&
		    qn_rec_equal(p, req, QN_POLICY_IF_ID))
			break;
	if (step->cmd == QN_POLICY_NEW) {
		if (p)
			return qn_fail(err, "EEXIST policy");
		append(&k->policies, qn_rec_copy(req));
		return 0;
	}
	if (!p || !qn_rec_equal(p, req, QN_POLICY_REQID))
		return qn_fail(err, "ENOENT policy, or somebody else's");
	if (step->cmd == QN_POLICY_SET)
		overlay(p, req);
	else
		drop(&k->policies, p);
	return 0;
}

int kernel_step(struct qn_model *k, const struct qn_step *step, struct qn_error *err)
{
	const struct qn_rec *req = step->req;
	struct qn_rec *link;

	if (req->present & ~step->family->ops[step->cmd].request)
		return qn_fail(err, "EINVAL attribute that the operation does not take");
	if (step->family == &qn_family_qkdemu) {
		for (link = k->emu; link; link = link->next)
			if (!strcmp(qn_get_str(link, QKDEMU_A_NAME),
				    qn_get_str(req, QKDEMU_A_NAME)))
				break;
		if (step->cmd == QKDEMU_CMD_LINK_NEW ? !!link : !link)
			return qn_fail(err, "link");
		if (link)
			overlay(link, req);
		else
			append(&k->emu, qn_rec_copy(req));
		return 0;
	}
	if (step->family == &qn_family_tunnel)
		return tunnel_step(k, step, err);
	if (step->family == &qn_family_xfrm)
		return step->req->set == &qn_set_policy ? policy_step(k, step, err) :
							  interface_step(k, step, err);
	if (step->cmd == QKDNF_CMD_NODE_SET) {
		if (!k->node) {
			k->node = qn_rec_copy(req);
			preset(k->node, QKDNF_A_NODE_PORT, 17717);
			preset(k->node, QKDNF_A_NODE_MEM_MAX, 100 << 20);
		} else {
			overlay(k->node, req);
		}
		return 0;
	}
	if (!k->node)
		return qn_fail(err, "ENODEV");
	switch (step->cmd) {
	case QKDNF_CMD_PEER_NEW:
		return peer_new(k, req, err);
	case QKDNF_CMD_PEER_SET:
		return peer_set(k, req, err);
	case QKDNF_CMD_PEER_DEL:
		return peer_del(k, req, err);
	case QKDNF_CMD_SOURCE_NEW:
		return source_new(k, req, err);
	case QKDNF_CMD_SOURCE_DEL:
		return remove_one(&k->sources,
				  qn_find(k->sources, QKDNF_A_SOURCE_PEER,
					  qn_get(req, QKDNF_A_SOURCE_PEER, 0)), err);
	case QKDNF_CMD_BINDING_NEW:
		return binding_new(k, req, err);
	case QKDNF_CMD_BINDING_MOVE:
		link = qn_find(k->bindings, QKDNF_A_BINDING_REQID,
			       qn_get(req, QKDNF_A_BINDING_REQID, 0));
		if (!link)
			return qn_fail(err, "ENOENT binding");
		overlay(link, req);
		return 0;
	case QKDNF_CMD_BINDING_DEL:
		return remove_one(&k->bindings,
				  qn_find(k->bindings, QKDNF_A_BINDING_REQID,
					  qn_get(req, QKDNF_A_BINDING_REQID, 0)), err);
	case QKDNF_CMD_ROUTE_NEW:
		return route_new(k, req, err);
	case QKDNF_CMD_ROUTE_DEL:
		return remove_one(&k->routes, route_of(k, req), err);
	case QKDNF_CMD_CONTRACT_NEW:
		return contract_put(k, req, true, err);
	case QKDNF_CMD_CONTRACT_SET:
		return contract_put(k, req, false, err);
	case QKDNF_CMD_CONTRACT_DEL:
		return remove_one(&k->contracts, contract_of(k, req), err);
	}
	return qn_fail(err, "a plan has no use for command %u", step->cmd);
}
