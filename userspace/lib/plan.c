// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans: comparing what is wanted with what runs. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/qkdemu.h>
#include <linux/qkdnf.h>

#include "plan-parts.h"
#include "text.h"

#define BURST_MIN 992

/* --- node -------------------------------------------------------------------- */

static int plan_node(struct planner *p)
{
	const struct qn_rec *have = p->have->node;
	struct qn_rec *want, *req;
	char *text, id[32];

	if (!p->conf->want.node)
		return 0;
	if (!have) {
		qn_step_new(p, QKDNF_CMD_NODE_SET, p->conf->want.node);
		return 0;
	}
	if (qn_get(have, QKDNF_A_NODE_ID, 0) != p->own)
		return qn_fail(p->err,
			       "node %s runs here, the file is for another one: 'qkdnfctl node del' takes it away",
			       qn_format_node(id, sizeof(id), qn_get(have, QKDNF_A_NODE_ID, 0)));
	want = qn_rec_copy(p->conf->want.node);
	if (!qn_has(want, QKDNF_A_NODE_PORT))
		qn_set(want, QKDNF_A_NODE_PORT, QKDNF_PORT_DEFAULT);
	if (qn_step_differ(want, have, QN_BIT(QKDNF_A_NODE_PORT))) {
		qn_rec_free(want);
		return qn_fail(p->err,
			       "the UDP port is fixed while the node is there: 'qkdnfctl node del' takes it away");
	}
	req = qn_step_differences(want, have, QN_BIT(QKDNF_A_NODE_MEM_MAX), 0, &text);
	if (req)
		qn_step_add(p, '~', QKDNF_CMD_NODE_SET, req, text);
	qn_rec_free(want);
	return 0;
}

/* --- sources ----------------------------------------------------------------- */

static void add_source(struct planner *p, const struct qn_conf_source *source)
{
	struct qn_rec *req = qn_rec_new(&qn_set_source);
	struct qn_step *step;
	char *text, *name;

	qn_set(req, QKDNF_A_SOURCE_PEER, source->peer);
	qn_set(req, QKDNF_A_SOURCE_KIND,
	       source->device ? QKDNF_SOURCE_KIND_FD : QKDNF_SOURCE_KIND_PUSH);
	name = qn_step_name(req);
	text = qn_asprintf("%s: %s", name, source->device ? source->device : "push");
	free(name);
	step = qn_step_add(p, '+', QKDNF_CMD_SOURCE_NEW, req, text);
	if (source->device)
		step->device = qn_strdup(source->device);
}

static void plan_source(struct planner *p, const struct qn_conf_source *source, struct qn_rec *have)
{
	uint64_t kind = source->device ? QKDNF_SOURCE_KIND_FD : QKDNF_SOURCE_KIND_PUSH;
	const char *why = NULL;

	if (have && !(have->mark & GONE)) {
		have->mark |= WANTED;
		if (qn_get(have, QKDNF_A_SOURCE_KIND, 0) != kind)
			why = ", another kind is wanted";
		else if (qn_get(have, QKDNF_A_SOURCE_STATE, 0) == QKDNF_SOURCE_STATE_REFUSED)
			why = ", which is refused, to be opened again";
		if (!why)
			return;
		qn_step_removal(p, QKDNF_CMD_SOURCE_DEL, have, QN_BIT(QKDNF_A_SOURCE_PEER), why);
	}
	add_source(p, source);
}

static void plan_sources(struct planner *p)
{
	struct qn_rec *like = qn_rec_new(&qn_set_source);
	const struct qn_conf_source *source;

	for (source = p->conf->sources; source; source = source->next) {
		qn_set(like, QKDNF_A_SOURCE_PEER, source->peer);
		plan_source(p, source, qn_index_find(&p->sources, like));
	}
	qn_rec_free(like);
}

/* --- contracts --------------------------------------------------------------- */

static void plan_contract(struct planner *p, const struct qn_rec *given)
{
	const uint64_t names = qn_family_qkdnf.ops[QKDNF_CMD_CONTRACT_DEL].request;
	const uint64_t settable = qn_family_qkdnf.ops[QKDNF_CMD_CONTRACT_SET].request & ~names;
	struct qn_rec *have = qn_index_find(&p->contracts, given), *req;
	struct qn_rec *want = qn_rec_copy(given);
	uint64_t rate = qn_get(want, QKDNF_A_CONTRACT_RATE, 0);
	char *text;

	qn_step_default(want, QKDNF_A_CONTRACT_BURST, rate > BURST_MIN ? rate : BURST_MIN);
	qn_step_default(want, QKDNF_A_CONTRACT_VOLUME, 0);
	qn_step_default(want, QKDNF_A_CONTRACT_EXPIRY, 0);
	qn_step_default(want, QKDNF_A_CONTRACT_WEIGHT, 0);
	if (qn_get(want, QKDNF_A_CONTRACT_DIRECTION, 0) == QKDNF_DIRECTION_IN)
		qn_step_default(want, QKDNF_A_CONTRACT_OUT_ID, 0);
	if (have && (have->mark & GONE))
		have = NULL;
	if (have) {
		have->mark |= WANTED;
		/* The kernel leaves an out-id of 0 out. */
		if (qn_has(want, QKDNF_A_CONTRACT_OUT_ID))
			qn_step_default(have, QKDNF_A_CONTRACT_OUT_ID, 0);
		if (!qn_rec_equal(want, have, QKDNF_A_CONTRACT_SOURCE) ||
		    !qn_rec_equal(want, have, QKDNF_A_CONTRACT_SOURCE_WIDE) ||
		    !qn_rec_equal(want, have, QKDNF_A_CONTRACT_DESTINATION) ||
		    !qn_rec_equal(want, have, QKDNF_A_CONTRACT_DESTINATION_WIDE)) {
			qn_step_removal(p, QKDNF_CMD_CONTRACT_DEL, have, names,
					", to be made anew: from and to are fixed");
			have = NULL;
		}
	}
	if (!have) {
		qn_step_new(p, QKDNF_CMD_CONTRACT_NEW, want);
		qn_rec_free(want);
		return;
	}
	req = qn_step_differences(want, have, settable, names, &text);
	if (req)
		qn_step_add(p, '~', QKDNF_CMD_CONTRACT_SET, req, text);
	qn_rec_free(want);
}

/* --- routes ------------------------------------------------------------------ */

static char *hops(const struct qn_rec *route)
{
	char via[32], backup[32] = "";

	qn_format_value(via, sizeof(via), route, QKDNF_A_ROUTE_VIA, true);
	qn_format_value(backup, sizeof(backup), route, QKDNF_A_ROUTE_BACKUP, true);
	return qn_asprintf("via %s%s%s", *via ? via : "-", *backup ? " backup " : "", backup);
}

static void plan_route(struct planner *p, const struct qn_rec *want)
{
	const uint64_t all = qn_family_qkdnf.ops[QKDNF_CMD_ROUTE_NEW].request;
	struct qn_rec *req, *have = qn_index_find(&p->routes, want);
	char *name = qn_step_name(want), *to = hops(want), *from;

	if (!have || (have->mark & GONE)) {
		qn_step_add(p, '+', QKDNF_CMD_ROUTE_NEW, qn_step_pick(want, all),
			    qn_asprintf("%s %s", name, to));
		goto out;
	}
	have->mark |= WANTED;
	if (qn_rec_equal(want, have, QKDNF_A_ROUTE_VIA) &&
	    qn_rec_equal(want, have, QKDNF_A_ROUTE_BACKUP))
		goto out;
	from = hops(have);
	req = qn_step_pick(want, all);
	qn_set(req, QKDNF_A_ROUTE_REPLACE, 1);
	qn_step_add(p, '~', QKDNF_CMD_ROUTE_NEW, req, qn_asprintf("%s: %s -> %s", name, from, to));
	free(from);
out:
	free(name);
	free(to);
}

/* --- emulated links ---------------------------------------------------------- */

static struct qn_rec *find_link(struct qn_rec *list, const char *name)
{
	for (; list; list = list->next)
		if (!strcmp(qn_get_str(list, QKDEMU_A_NAME), name))
			return list;
	return NULL;
}

/*
 * Links belong to the machine: other namespaces may use those that the file
 * does not name, so they stay.
 */
static int plan_link(struct planner *p, const struct qn_rec *want)
{
	const uint64_t fixed = QN_BIT(QKDEMU_A_ENDS) | QN_BIT(QKDEMU_A_START_TIME) |
			       QN_BIT(QKDEMU_A_BLOCK_SIZE);
	const uint64_t settable = qn_family_qkdemu.ops[QKDEMU_CMD_LINK_SET].request;
	struct qn_rec *have = find_link(p->have->emu, qn_get_str(want, QKDEMU_A_NAME)), *req;
	char *text;

	if (!have) {
		qn_step_new(p, QKDEMU_CMD_LINK_NEW, want);
		return 0;
	}
	if (qn_step_differ(want, have, fixed)) {
		qn_fail(p->err,
			"emulated link %s runs with other ends, start or block: 'qkdnfctl emu del %s' takes it away",
			qn_get_str(want, QKDEMU_A_NAME), qn_get_str(want, QKDEMU_A_NAME));
		return qn_fail_prefix(p->err, "%s:%u", p->conf->name, want->line);
	}
	req = qn_step_differences(want, have, settable & ~QN_BIT(QKDEMU_A_NAME),
				  QN_BIT(QKDEMU_A_NAME), &text);
	if (req)
		qn_step_add(p, '~', QKDEMU_CMD_LINK_SET, req, text);
	return 0;
}

/* --- removals ---------------------------------------------------------------- */

static void plan_peer_removals(struct planner *p, enum qkdnf_peer_kind kind)
{
	struct qn_rec *rec;

	for (rec = p->have->peers; rec; rec = rec->next)
		if (!rec->mark && qn_get(rec, QKDNF_A_PEER_KIND, 0) == kind)
			qn_step_removal(p, QKDNF_CMD_PEER_DEL, rec, QN_BIT(QKDNF_A_PEER_ID), "")
				->breaks = true;
}

static void plan_removals(struct planner *p)
{
	struct qn_rec *rec;

	qn_plan_tunnel_removals(p);
	qn_plan_xfrm_removals(p);
	qn_plan_binding_removals(p);
	plan_peer_removals(p, QKDNF_PEER_KIND_REMOTE);
	for (rec = p->have->routes; rec; rec = rec->next)
		if (!rec->mark)
			qn_step_removal(p, QKDNF_CMD_ROUTE_DEL, rec,
					qn_family_qkdnf.ops[QKDNF_CMD_ROUTE_DEL].request, "");
	for (rec = p->have->contracts; rec; rec = rec->next)
		if (!rec->mark)
			qn_step_removal(p, QKDNF_CMD_CONTRACT_DEL, rec,
					qn_family_qkdnf.ops[QKDNF_CMD_CONTRACT_DEL].request, "");
	for (rec = p->have->sources; rec; rec = rec->next)
		if (!rec->mark && qn_get(rec, QKDNF_A_SOURCE_KIND, 0) != QKDNF_SOURCE_KIND_RELAY)
			qn_step_removal(p, QKDNF_CMD_SOURCE_DEL, rec, QN_BIT(QKDNF_A_SOURCE_PEER),
					"");
	plan_peer_removals(p, QKDNF_PEER_KIND_LINK);
}

static int plan_all(struct planner *p)
{
	const struct qn_rec *rec;

	for (rec = p->conf->want.emu; rec; rec = rec->next)
		if (plan_link(p, rec))
			return -1;
	if (!p->conf->want.node)
		return 0;
	if (plan_node(p))
		return -1;
	if (qn_plan_peers(p, QKDNF_PEER_KIND_LINK))
		return -1;
	plan_sources(p);
	for (rec = p->conf->want.contracts; rec; rec = rec->next)
		plan_contract(p, rec);
	for (rec = p->conf->want.routes; rec; rec = rec->next)
		plan_route(p, rec);
	if (qn_plan_peers(p, QKDNF_PEER_KIND_REMOTE))
		return -1;
	qn_plan_bindings(p);
	if (qn_plan_xfrm(p))
		return -1;
	qn_plan_tunnels(p);
	if (!(p->flags & QN_PLAN_KEEP))
		plan_removals(p);
	return 0;
}

int qn_plan_make(struct qn_plan *plan, const struct qn_conf *conf, struct qn_model *have,
		 unsigned int flags, struct qn_error *err)
{
	struct planner p = { .plan = plan, .conf = conf, .have = have, .flags = flags, .err = err };
	int ret;

	memset(plan, 0, sizeof(*plan));
	plan->tail = &plan->steps;
	p.own = qn_get(conf->want.node, QKDNF_A_NODE_ID, 0);
	qn_index_make(&p.peers, have->peers, qn_names_peer);
	qn_index_make(&p.sources, have->sources, qn_names_source);
	qn_index_make(&p.routes, have->routes, qn_names_route);
	qn_index_make(&p.contracts, have->contracts, qn_names_contract);
	qn_index_make(&p.bindings, have->bindings, qn_names_binding);
	ret = plan_all(&p);
	qn_index_free(&p.peers);
	qn_index_free(&p.sources);
	qn_index_free(&p.routes);
	qn_index_free(&p.contracts);
	qn_index_free(&p.bindings);
	return ret;
}
