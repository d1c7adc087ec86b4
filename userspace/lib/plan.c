// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans: comparing what is wanted with what runs. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/qkdemu.h>
#include <linux/qkdnf.h>

#include "index.h"
#include "plan.h"
#include "text.h"

#define SHIFT_DEFAULT	 16
#define SEGMENTS_DEFAULT 64
#define HELLO_MS_DEFAULT 1000
#define BURST_MIN	 992

/* Marks of records of what runs. */
#define WANTED 1 /* the file names it */
#define GONE   2 /* another step takes it away */

struct planner {
	struct qn_plan *plan;
	const struct qn_conf *conf;
	struct qn_model *have;
	struct qn_index peers, sources, routes, contracts; /* of what runs */
	uint64_t own;
	struct qn_error *err;
};

/* --- naming things ------------------------------------------------------------ */

/* What a record is called in the plan. */
static char *name_of(const struct qn_rec *rec)
{
	char a[64], b[64], c[64];

	if (rec->set == &qn_set_peer) {
		qn_format_node(a, sizeof(a), qn_get(rec, QKDNF_A_PEER_ID, 0));
		if (!*qn_get_str(rec, QKDNF_A_PEER_NAME))
			return qn_asprintf("peer %s", a);
		return qn_asprintf("peer %s (%s)", a, qn_get_str(rec, QKDNF_A_PEER_NAME));
	}
	if (rec->set == &qn_set_route) {
		qn_format_node(a, sizeof(a), qn_get(rec, QKDNF_A_ROUTE_DESTINATION, 0));
		if (!qn_has(rec, QKDNF_A_ROUTE_SHARE))
			return qn_asprintf("route to %s", a);
		return qn_asprintf("route to %s share %" PRIu64, a,
				   qn_get(rec, QKDNF_A_ROUTE_SHARE, 0));
	}
	if (rec->set == &qn_set_contract) {
		qn_format_node(a, sizeof(a), qn_get(rec, QKDNF_A_CONTRACT_PEER, 0));
		qn_format_value(b, sizeof(b), rec, QKDNF_A_CONTRACT_ID, true);
		qn_format_value(c, sizeof(c), rec, QKDNF_A_CONTRACT_DIRECTION, true);
		return qn_asprintf("contract %s %s %s", a, b, c);
	}
	if (rec->set == &qn_set_source) {
		qn_format_node(a, sizeof(a), qn_get(rec, QKDNF_A_SOURCE_PEER, 0));
		return qn_asprintf("source of peer %s", a);
	}
	if (rec->set == &qn_set_emu_link)
		return qn_asprintf("emulated link %s", qn_get_str(rec, QKDEMU_A_NAME));
	qn_format_node(a, sizeof(a), qn_get(rec, QKDNF_A_NODE_ID, 0));
	return qn_asprintf("node %s", a);
}

/* --- steps ------------------------------------------------------------------- */

/* Takes @req and @text over. */
static struct qn_step *add(struct planner *p, char sign, unsigned int cmd, struct qn_rec *req,
			   char *text)
{
	struct qn_step *step = qn_alloc(sizeof(*step));

	step->family = req->set == &qn_set_emu_link ? &qn_family_qkdemu : &qn_family_qkdnf;
	step->cmd = cmd;
	step->req = req;
	step->sign = sign;
	step->text = text;
	*p->plan->tail = step;
	p->plan->tail = &step->next;
	p->plan->count++;
	return step;
}

/* A request with some attributes of a record, those that are there. */
static struct qn_rec *pick(const struct qn_rec *rec, uint64_t attrs)
{
	struct qn_rec *copy = qn_rec_copy(rec);
	unsigned int i;

	for (i = 1; i <= copy->set->max; i++)
		if (!(attrs & QN_BIT(i)))
			qn_unset(copy, i);
	return copy;
}

static struct qn_step *add_removal(struct planner *p, unsigned int cmd, const struct qn_rec *rec,
				   uint64_t names, const char *why)
{
	char *name = name_of(rec);
	struct qn_step *step = add(p, '-', cmd, pick(rec, names), qn_asprintf("%s%s", name, why));

	free(name);
	return step;
}

static struct qn_step *add_new(struct planner *p, unsigned int cmd, const struct qn_rec *rec)
{
	char *name = name_of(rec);
	const struct qn_op *op = rec->set == &qn_set_emu_link ? &qn_family_qkdemu.ops[cmd] :
								&qn_family_qkdnf.ops[cmd];
	struct qn_step *step = add(p, '+', cmd, pick(rec, op->request), qn_strdup(name));

	free(name);
	return step;
}

/*
 * Compare attributes one by one. Those that differ go into @change, and a text
 * "attr old -> new" for each into the step's text. @names stay in the request.
 */
static struct qn_rec *differences(const struct qn_rec *want, const struct qn_rec *have,
				  uint64_t attrs, uint64_t names, char **text)
{
	struct qn_rec *req = pick(want, names);
	bool any = false;
	unsigned int i;

	*text = name_of(want);
	for (i = 1; i <= want->set->max; i++) {
		char from[QN_TEXT_MAX], to[QN_TEXT_MAX], *longer;
		struct qn_rec *one;

		if (!(attrs & QN_BIT(i)) || !qn_has(want, i) || qn_rec_equal(want, have, i))
			continue;
		one = pick(want, QN_BIT(i));
		req->v[i] = one->v[i];
		req->present |= QN_BIT(i);
		one->present = 0;
		qn_rec_free(one);
		qn_format_value(from, sizeof(from), have, i, true);
		qn_format_value(to, sizeof(to), want, i, true);
		longer = qn_asprintf("%s%s%s %s -> %s", *text, any ? ", " : ": ",
				     want->set->attrs[i].name, *from ? from : "-", *to ? to : "-");
		free(*text);
		*text = longer;
		any = true;
	}
	if (any)
		return req;
	qn_rec_free(req);
	free(*text);
	*text = NULL;
	return NULL;
}

static bool differ_in(const struct qn_rec *want, const struct qn_rec *have, uint64_t attrs)
{
	unsigned int i;

	for (i = 1; i <= want->set->max; i++)
		if ((attrs & QN_BIT(i)) && qn_has(want, i) && !qn_rec_equal(want, have, i))
			return true;
	return false;
}

/* --- node -------------------------------------------------------------------- */

static int plan_node(struct planner *p)
{
	const struct qn_rec *have = p->have->node;
	struct qn_rec *want, *req;
	char *text, id[32];

	if (!p->conf->want.node)
		return 0;
	if (!have) {
		add_new(p, QKDNF_CMD_NODE_SET, p->conf->want.node);
		return 0;
	}
	if (qn_get(have, QKDNF_A_NODE_ID, 0) != p->own)
		return qn_fail(p->err,
			       "node %s runs here, the file is for another one: 'qkdnfctl node del' takes it away",
			       qn_format_node(id, sizeof(id), qn_get(have, QKDNF_A_NODE_ID, 0)));
	want = qn_rec_copy(p->conf->want.node);
	if (!qn_has(want, QKDNF_A_NODE_PORT))
		qn_set(want, QKDNF_A_NODE_PORT, QKDNF_PORT_DEFAULT);
	if (differ_in(want, have, QN_BIT(QKDNF_A_NODE_PORT))) {
		qn_rec_free(want);
		return qn_fail(p->err,
			       "the UDP port is fixed while the node is there: 'qkdnfctl node del' takes it away");
	}
	req = differences(want, have, QN_BIT(QKDNF_A_NODE_MEM_MAX), 0, &text);
	if (req)
		add(p, '~', QKDNF_CMD_NODE_SET, req, text);
	qn_rec_free(want);
	return 0;
}

/* --- peers ------------------------------------------------------------------- */

static void set_default(struct qn_rec *rec, unsigned int attr, uint64_t value)
{
	if (!qn_has(rec, attr))
		qn_set(rec, attr, value);
}

struct qn_rec *qn_plan_peer_defaults(const struct qn_rec *given, uint64_t own)
{
	struct qn_rec *peer = qn_rec_copy(given);
	uint64_t id = qn_get(peer, QKDNF_A_PEER_ID, 0), pool;

	set_default(peer, QKDNF_A_PEER_SEG_SHIFT, SHIFT_DEFAULT);
	set_default(peer, QKDNF_A_PEER_POOL_MAX,
		    (uint64_t)SEGMENTS_DEFAULT << qn_get(peer, QKDNF_A_PEER_SEG_SHIFT, 0));
	pool = qn_get(peer, QKDNF_A_PEER_POOL_MAX, 0);
	set_default(peer, QKDNF_A_PEER_LOW, pool / 4);
	set_default(peer, QKDNF_A_PEER_HIGH, pool / 4 * 3);
	set_default(peer, QKDNF_A_PEER_HELLO_MS, HELLO_MS_DEFAULT);
	if (!qn_has(peer, QKDNF_A_PEER_NAME))
		qn_set_str(peer, QKDNF_A_PEER_NAME, "");
	if (qn_get(peer, QKDNF_A_PEER_KIND, 0) == QKDNF_PEER_KIND_LINK) {
		set_default(peer, QKDNF_A_PEER_PORT, QKDNF_PORT_DEFAULT);
		set_default(peer, QKDNF_A_PEER_BORDER, id >> 32 != own >> 32);
		return peer;
	}
	set_default(peer, QKDNF_A_PEER_SCHEME, QKDNF_SCHEME_XOR);
	set_default(peer, QKDNF_A_PEER_SHARES, 1);
	set_default(peer, QKDNF_A_PEER_WEIGHT, 1);
	set_default(peer, QKDNF_A_PEER_MAX_RATE, 0);
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

/* What goes with a link peer goes with it in the kernel, too. */
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
}

static void add_new_peer(struct planner *p, const struct qn_rec *peer)
{
	struct qn_step *step = add_new(p, QKDNF_CMD_PEER_NEW, peer);
	char addr[64], *longer;

	qn_format_value(addr, sizeof(addr), peer,
			qn_has(peer, QKDNF_A_PEER_ADDR6) ? QKDNF_A_PEER_ADDR6 : QKDNF_A_PEER_ADDR4,
			true);
	longer = qn_asprintf("%s %s", step->text, *addr ? addr : "remote");
	free(step->text);
	step->text = longer;
}

static void plan_peer(struct planner *p, const struct qn_rec *given)
{
	const uint64_t fixed = QN_BIT(QKDNF_A_PEER_KIND) | QN_BIT(QKDNF_A_PEER_SEG_SHIFT) |
			       QN_BIT(QKDNF_A_PEER_SCHEME) | QN_BIT(QKDNF_A_PEER_SHARES);
	const uint64_t marks = QN_BIT(QKDNF_A_PEER_POOL_MAX) | QN_BIT(QKDNF_A_PEER_LOW) |
			       QN_BIT(QKDNF_A_PEER_HIGH);
	const uint64_t settable = qn_family_qkdnf.ops[QKDNF_CMD_PEER_SET].request;
	uint64_t id = qn_get(given, QKDNF_A_PEER_ID, 0);
	struct qn_rec *have = qn_index_find(&p->peers, given);
	struct qn_rec *want = qn_plan_peer_defaults(given, p->own), *req;
	char *text;

	if (have) {
		have->mark |= WANTED;
		if (!qn_has(have, QKDNF_A_PEER_NAME))
			qn_set_str(have, QKDNF_A_PEER_NAME, "");
		if (differ_in(want, have, fixed)) {
			add_removal(p, QKDNF_CMD_PEER_DEL, have, QN_BIT(QKDNF_A_PEER_ID),
				    ", to be made anew: kind, segment, scheme and shares are fixed")
				->breaks = true;
			forget_dependants(p, id);
			have = NULL;
		}
	}
	if (!have) {
		if (!*qn_get_str(want, QKDNF_A_PEER_NAME))
			qn_unset(want, QKDNF_A_PEER_NAME);
		add_new_peer(p, want);
		qn_rec_free(want);
		return;
	}
	clear_local(want, have);
	req = differences(want, have, settable & ~QN_BIT(QKDNF_A_PEER_ID), QN_BIT(QKDNF_A_PEER_ID),
			  &text);
	if (req) {
		/* Marks that are not named follow the pool, so name them. */
		if (qn_has(req, QKDNF_A_PEER_POOL_MAX)) {
			struct qn_rec *all = pick(want, req->present | marks);

			qn_rec_free(req);
			req = all;
		}
		add(p, '~', QKDNF_CMD_PEER_SET, req, text);
	}
	qn_rec_free(want);
}

static void plan_peers(struct planner *p, enum qkdnf_peer_kind kind)
{
	const struct qn_rec *peer;

	for (peer = p->conf->want.peers; peer; peer = peer->next)
		if (qn_get(peer, QKDNF_A_PEER_KIND, 0) == kind)
			plan_peer(p, peer);
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
	name = name_of(req);
	text = qn_asprintf("%s: %s", name, source->device ? source->device : "push");
	free(name);
	step = add(p, '+', QKDNF_CMD_SOURCE_NEW, req, text);
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
		add_removal(p, QKDNF_CMD_SOURCE_DEL, have, QN_BIT(QKDNF_A_SOURCE_PEER), why);
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

	set_default(want, QKDNF_A_CONTRACT_BURST, rate > BURST_MIN ? rate : BURST_MIN);
	set_default(want, QKDNF_A_CONTRACT_VOLUME, 0);
	set_default(want, QKDNF_A_CONTRACT_EXPIRY, 0);
	set_default(want, QKDNF_A_CONTRACT_WEIGHT, 0);
	if (qn_get(want, QKDNF_A_CONTRACT_DIRECTION, 0) == QKDNF_DIRECTION_IN)
		set_default(want, QKDNF_A_CONTRACT_OUT_ID, 0);
	if (have && (have->mark & GONE))
		have = NULL;
	if (have) {
		have->mark |= WANTED;
		/* The kernel leaves an out-id of 0 out. */
		if (qn_has(want, QKDNF_A_CONTRACT_OUT_ID))
			set_default(have, QKDNF_A_CONTRACT_OUT_ID, 0);
		if (!qn_rec_equal(want, have, QKDNF_A_CONTRACT_SOURCE) ||
		    !qn_rec_equal(want, have, QKDNF_A_CONTRACT_SOURCE_WIDE) ||
		    !qn_rec_equal(want, have, QKDNF_A_CONTRACT_DESTINATION) ||
		    !qn_rec_equal(want, have, QKDNF_A_CONTRACT_DESTINATION_WIDE)) {
			add_removal(p, QKDNF_CMD_CONTRACT_DEL, have, names,
				    ", to be made anew: from and to are fixed");
			have = NULL;
		}
	}
	if (!have) {
		add_new(p, QKDNF_CMD_CONTRACT_NEW, want);
		qn_rec_free(want);
		return;
	}
	req = differences(want, have, settable, names, &text);
	if (req)
		add(p, '~', QKDNF_CMD_CONTRACT_SET, req, text);
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
	char *name = name_of(want), *to = hops(want), *from;

	if (!have || (have->mark & GONE)) {
		add(p, '+', QKDNF_CMD_ROUTE_NEW, pick(want, all), qn_asprintf("%s %s", name, to));
		goto out;
	}
	have->mark |= WANTED;
	if (qn_rec_equal(want, have, QKDNF_A_ROUTE_VIA) &&
	    qn_rec_equal(want, have, QKDNF_A_ROUTE_BACKUP))
		goto out;
	from = hops(have);
	req = pick(want, all);
	qn_set(req, QKDNF_A_ROUTE_REPLACE, 1);
	add(p, '~', QKDNF_CMD_ROUTE_NEW, req, qn_asprintf("%s: %s -> %s", name, from, to));
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
		add_new(p, QKDEMU_CMD_LINK_NEW, want);
		return 0;
	}
	if (differ_in(want, have, fixed)) {
		qn_fail(p->err,
			"emulated link %s runs with other ends, start or block: 'qkdnfctl emu del %s' takes it away",
			qn_get_str(want, QKDEMU_A_NAME), qn_get_str(want, QKDEMU_A_NAME));
		return qn_fail_prefix(p->err, "%s:%u", p->conf->name, want->line);
	}
	req = differences(want, have, settable & ~QN_BIT(QKDEMU_A_NAME), QN_BIT(QKDEMU_A_NAME),
			  &text);
	if (req)
		add(p, '~', QKDEMU_CMD_LINK_SET, req, text);
	return 0;
}

/* --- removals ---------------------------------------------------------------- */

static void plan_peer_removals(struct planner *p, enum qkdnf_peer_kind kind)
{
	struct qn_rec *rec;

	for (rec = p->have->peers; rec; rec = rec->next)
		if (!rec->mark && qn_get(rec, QKDNF_A_PEER_KIND, 0) == kind)
			add_removal(p, QKDNF_CMD_PEER_DEL, rec, QN_BIT(QKDNF_A_PEER_ID), "")
				->breaks = true;
}

static void plan_removals(struct planner *p)
{
	struct qn_rec *rec;

	plan_peer_removals(p, QKDNF_PEER_KIND_REMOTE);
	for (rec = p->have->routes; rec; rec = rec->next)
		if (!rec->mark)
			add_removal(p, QKDNF_CMD_ROUTE_DEL, rec,
				    qn_family_qkdnf.ops[QKDNF_CMD_ROUTE_DEL].request, "");
	for (rec = p->have->contracts; rec; rec = rec->next)
		if (!rec->mark)
			add_removal(p, QKDNF_CMD_CONTRACT_DEL, rec,
				    qn_family_qkdnf.ops[QKDNF_CMD_CONTRACT_DEL].request, "");
	for (rec = p->have->sources; rec; rec = rec->next)
		if (!rec->mark && qn_get(rec, QKDNF_A_SOURCE_KIND, 0) != QKDNF_SOURCE_KIND_RELAY)
			add_removal(p, QKDNF_CMD_SOURCE_DEL, rec, QN_BIT(QKDNF_A_SOURCE_PEER), "");
	plan_peer_removals(p, QKDNF_PEER_KIND_LINK);
}

static int plan_all(struct planner *p, bool keep)
{
	const struct qn_rec *rec;

	for (rec = p->conf->want.emu; rec; rec = rec->next)
		if (plan_link(p, rec))
			return -1;
	if (!p->conf->want.node)
		return 0;
	if (plan_node(p))
		return -1;
	plan_peers(p, QKDNF_PEER_KIND_LINK);
	plan_sources(p);
	for (rec = p->conf->want.contracts; rec; rec = rec->next)
		plan_contract(p, rec);
	for (rec = p->conf->want.routes; rec; rec = rec->next)
		plan_route(p, rec);
	plan_peers(p, QKDNF_PEER_KIND_REMOTE);
	if (!keep)
		plan_removals(p);
	return 0;
}

int qn_plan_make(struct qn_plan *plan, const struct qn_conf *conf, struct qn_model *have, bool keep,
		 struct qn_error *err)
{
	struct planner p = { .plan = plan, .conf = conf, .have = have, .err = err };
	int ret;

	memset(plan, 0, sizeof(*plan));
	plan->tail = &plan->steps;
	p.own = qn_get(conf->want.node, QKDNF_A_NODE_ID, 0);
	qn_index_make(&p.peers, have->peers, qn_names_peer);
	qn_index_make(&p.sources, have->sources, qn_names_source);
	qn_index_make(&p.routes, have->routes, qn_names_route);
	qn_index_make(&p.contracts, have->contracts, qn_names_contract);
	ret = plan_all(&p, keep);
	qn_index_free(&p.peers);
	qn_index_free(&p.sources);
	qn_index_free(&p.routes);
	qn_index_free(&p.contracts);
	return ret;
}
