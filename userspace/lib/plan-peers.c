// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans: peers, which cannot change everything while they live. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/qkdemu.h>
#include <linux/qkdnf.h>

#include "plan-parts.h"
#include "text.h"
#include "tunnel.h"

#define SHIFT_DEFAULT	 16
#define SEGMENTS_DEFAULT 64
#define HELLO_MS_DEFAULT 1000

struct qn_rec *qn_plan_peer_defaults(const struct qn_rec *given, uint64_t own)
{
	struct qn_rec *peer = qn_rec_copy(given);
	uint64_t id = qn_get(peer, QKDNF_A_PEER_ID, 0), pool;

	qn_step_default(peer, QKDNF_A_PEER_SEG_SHIFT, SHIFT_DEFAULT);
	qn_step_default(peer, QKDNF_A_PEER_POOL_MAX,
			(uint64_t)SEGMENTS_DEFAULT << qn_get(peer, QKDNF_A_PEER_SEG_SHIFT, 0));
	pool = qn_get(peer, QKDNF_A_PEER_POOL_MAX, 0);
	qn_step_default(peer, QKDNF_A_PEER_LOW, pool / 4);
	qn_step_default(peer, QKDNF_A_PEER_HIGH, pool / 4 * 3);
	qn_step_default(peer, QKDNF_A_PEER_HELLO_MS, HELLO_MS_DEFAULT);
	if (!qn_has(peer, QKDNF_A_PEER_NAME))
		qn_set_str(peer, QKDNF_A_PEER_NAME, "");
	if (qn_get(peer, QKDNF_A_PEER_KIND, 0) == QKDNF_PEER_KIND_LINK) {
		qn_step_default(peer, QKDNF_A_PEER_PORT, QKDNF_PORT_DEFAULT);
		qn_step_default(peer, QKDNF_A_PEER_BORDER, id >> 32 != own >> 32);
		return peer;
	}
	qn_step_default(peer, QKDNF_A_PEER_SCHEME, QKDNF_SCHEME_XOR);
	qn_step_default(peer, QKDNF_A_PEER_SHARES, 1);
	qn_step_default(peer, QKDNF_A_PEER_WEIGHT, 1);
	qn_step_default(peer, QKDNF_A_PEER_MAX_RATE, 0);
	return peer;
}

/*
 * An own address that is no longer wanted is put back by the unspecified one,
 * since what a request does not name stays.
 */
static void clear_local(struct qn_rec *want, const struct qn_rec *have)
{
	static const uint8_t none[16];

	if (qn_has(want, QKDNF_A_PEER_ADDR4) && qn_has(have, QKDNF_A_PEER_LOCAL_ADDR4) &&
	    !qn_has(want, QKDNF_A_PEER_LOCAL_ADDR4))
		qn_set_bin(want, QKDNF_A_PEER_LOCAL_ADDR4, none, 4);
	if (qn_has(want, QKDNF_A_PEER_ADDR6) && qn_has(have, QKDNF_A_PEER_LOCAL_ADDR6) &&
	    !qn_has(want, QKDNF_A_PEER_LOCAL_ADDR6))
		qn_set_bin(want, QKDNF_A_PEER_LOCAL_ADDR6, none, 16);
}

/* What goes with a peer goes with it in the kernel, too. */
static void forget_dependants(struct planner *p, uint64_t id)
{
	struct qn_rec *rec;

	for (rec = p->have->sources; rec; rec = rec->next)
		if (qn_get(rec, QKDNF_A_SOURCE_PEER, 0) == id)
			rec->mark |= GONE;
	for (rec = p->have->contracts; rec; rec = rec->next)
		if (qn_get(rec, QKDNF_A_CONTRACT_PEER, 0) == id)
			rec->mark |= GONE;
	for (rec = p->have->routes; rec; rec = rec->next) {
		if (qn_get(rec, QKDNF_A_ROUTE_VIA, 0) == id)
			rec->mark |= GONE;
		if (qn_get(rec, QKDNF_A_ROUTE_BACKUP, 0) == id)
			qn_unset(rec, QKDNF_A_ROUTE_BACKUP);
	}
	for (rec = p->have->tunnels; rec; rec = rec->next)
		if (qn_get(rec, IFLA_QKDNF_PEER, 0) == id)
			rec->mark |= GONE;
}

static void add_new_peer(struct planner *p, const struct qn_rec *peer)
{
	struct qn_step *step = qn_step_new(p, QKDNF_CMD_PEER_NEW, peer);
	char addr[64], *longer;

	qn_format_value(addr, sizeof(addr), peer,
			qn_has(peer, QKDNF_A_PEER_ADDR6) ? QKDNF_A_PEER_ADDR6 : QKDNF_A_PEER_ADDR4,
			true);
	longer = qn_asprintf("%s %s", step->text, *addr ? addr : "remote");
	free(step->text);
	step->text = longer;
}

/*
 * Can a living peer not become what is wanted? A pool grows in place up to the
 * next power of two of segments: it may have more room, but none can be seen.
 */
static bool must_remake(struct planner *p, const struct qn_rec *want, const struct qn_rec *have)
{
	const uint64_t fixed = QN_BIT(QKDNF_A_PEER_KIND) | QN_BIT(QKDNF_A_PEER_SEG_SHIFT) |
			       QN_BIT(QKDNF_A_PEER_SCHEME) | QN_BIT(QKDNF_A_PEER_SHARES);
	uint64_t room = 1ULL << qn_get(have, QKDNF_A_PEER_SEG_SHIFT, 0);

	if (qn_step_differ(want, have, fixed))
		return true;
	/* Without leave to make it anew the kernel is asked, which knows better. */
	if (!(p->flags & QN_PLAN_REMAKE))
		return false;
	while (room < qn_get(have, QKDNF_A_PEER_POOL_MAX, 0))
		room *= 2;
	return qn_get(want, QKDNF_A_PEER_POOL_MAX, 0) > room;
}

static int remake(struct planner *p, struct qn_rec *have, const struct qn_rec *given)
{
	char id[32];

	if (!(p->flags & QN_PLAN_REMAKE)) {
		qn_fail(p->err,
			"peer %s has to be made anew, which erases its key, since kind, segment, scheme and shares are fixed: allow it with --remake",
			qn_format_node(id, sizeof(id), qn_get(have, QKDNF_A_PEER_ID, 0)));
		return qn_fail_prefix(p->err, "%s:%u", p->conf->name, given->line);
	}
	qn_step_removal(p, QKDNF_CMD_PEER_DEL, have, QN_BIT(QKDNF_A_PEER_ID), ", to be made anew")
		->breaks = true;
	forget_dependants(p, qn_get(have, QKDNF_A_PEER_ID, 0));
	return 0;
}

static void change_peer(struct planner *p, struct qn_rec *want, const struct qn_rec *have)
{
	const uint64_t marks = QN_BIT(QKDNF_A_PEER_POOL_MAX) | QN_BIT(QKDNF_A_PEER_LOW) |
			       QN_BIT(QKDNF_A_PEER_HIGH);
	const uint64_t settable = qn_family_qkdnf.ops[QKDNF_CMD_PEER_SET].request;
	struct qn_rec *req, *all;
	char *text;

	clear_local(want, have);
	req = qn_step_differences(want, have, settable & ~QN_BIT(QKDNF_A_PEER_ID),
				  QN_BIT(QKDNF_A_PEER_ID), &text);
	if (!req)
		return;
	/* Pool and marks are checked together, so they go together. */
	if (req->present & marks) {
		all = qn_step_pick(want, req->present | marks);
		qn_rec_free(req);
		req = all;
	}
	qn_step_add(p, '~', QKDNF_CMD_PEER_SET, req, text);
}

static int plan_peer(struct planner *p, const struct qn_rec *given)
{
	struct qn_rec *have = qn_index_find(&p->peers, given);
	struct qn_rec *want = qn_plan_peer_defaults(given, p->own);
	int ret = 0;

	if (have) {
		have->mark |= WANTED;
		if (!qn_has(have, QKDNF_A_PEER_NAME))
			qn_set_str(have, QKDNF_A_PEER_NAME, "");
		if (must_remake(p, want, have)) {
			ret = remake(p, have, given);
			have = NULL;
		}
	}
	if (!ret && have) {
		change_peer(p, want, have);
	} else if (!ret) {
		if (!*qn_get_str(want, QKDNF_A_PEER_NAME))
			qn_unset(want, QKDNF_A_PEER_NAME);
		add_new_peer(p, want);
	}
	qn_rec_free(want);
	return ret;
}

int qn_plan_peers(struct planner *p, enum qkdnf_peer_kind kind)
{
	const struct qn_rec *peer;

	for (peer = p->conf->want.peers; peer; peer = peer->next)
		if (qn_get(peer, QKDNF_A_PEER_KIND, 0) == kind && plan_peer(p, peer))
			return -1;
	return 0;
}
