// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans: steps, their names, and what two records differ in. */
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
#include "xfrm.h"

char *qn_step_name(const struct qn_rec *rec)
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
	if (rec->set == &qn_set_binding)
		return qn_asprintf("binding of reqid %" PRIu64,
				   qn_get(rec, QKDNF_A_BINDING_REQID, 0));
	if (rec->set == &qn_set_tunnel) {
		if (!qn_has(rec, IFLA_QKDNF_PEER))
			return qn_asprintf("tunnel %s", qn_get_str(rec, QN_TUNNEL_NAME));
		qn_format_node(a, sizeof(a), qn_get(rec, IFLA_QKDNF_PEER, 0));
		return qn_asprintf("tunnel %s to %s", qn_get_str(rec, QN_TUNNEL_NAME), a);
	}
	if (rec->set == &qn_set_xfrm_interface)
		return qn_asprintf("xfrm interface %s", qn_get_str(rec, QN_XFRM_IF_NAME));
	if (rec->set == &qn_set_policy)
		return qn_asprintf("policies of reqid %" PRIu64 " between %s and %s",
				   qn_get(rec, QN_POLICY_REQID, 0), qn_get_str(rec, QN_POLICY_OWN),
				   qn_get_str(rec, QN_POLICY_FAR));
	if (rec->set == &qn_set_emu_link)
		return qn_asprintf("emulated link %s", qn_get_str(rec, QKDEMU_A_NAME));
	qn_format_node(a, sizeof(a), qn_get(rec, QKDNF_A_NODE_ID, 0));
	return qn_asprintf("node %s", a);
}

static const struct qn_family *family_of(const struct qn_set *set)
{
	return set == &qn_set_emu_link				      ? &qn_family_qkdemu :
	       set == &qn_set_tunnel				      ? &qn_family_tunnel :
	       set == &qn_set_policy || set == &qn_set_xfrm_interface ? &qn_family_xfrm :
									&qn_family_qkdnf;
}

struct qn_step *qn_step_add(struct planner *p, char sign, unsigned int cmd, struct qn_rec *req,
			    char *text)
{
	struct qn_step *step = qn_alloc(sizeof(*step));

	step->family = family_of(req->set);
	step->cmd = cmd;
	step->req = req;
	step->sign = sign;
	step->text = text;
	*p->plan->tail = step;
	p->plan->tail = &step->next;
	p->plan->count++;
	return step;
}

struct qn_rec *qn_step_pick(const struct qn_rec *rec, uint64_t attrs)
{
	struct qn_rec *copy = qn_rec_copy(rec);
	unsigned int i;

	for (i = 1; i <= copy->set->max; i++)
		if (!(attrs & QN_BIT(i)))
			qn_unset(copy, i);
	return copy;
}

struct qn_step *qn_step_removal(struct planner *p, unsigned int cmd, const struct qn_rec *rec,
				uint64_t names, const char *why)
{
	char *name = qn_step_name(rec), meter[64] = "";
	struct qn_step *step;

	/* Meters go with their contract: this is the last that is seen of them. */
	if (rec->set == &qn_set_contract) {
		bool in = qn_has(rec, QKDNF_A_CONTRACT_ACCEPTED);
		unsigned int attr = in ? QKDNF_A_CONTRACT_ACCEPTED : QKDNF_A_CONTRACT_SENT;

		if (qn_has(rec, attr))
			snprintf(meter, sizeof(meter), ", meter at %" PRIu64 " octets %s",
				 qn_get(rec, attr, 0), in ? "accepted" : "sent");
	}
	step = qn_step_add(p, '-', cmd, qn_step_pick(rec, names),
			   qn_asprintf("%s%s%s", name, meter, why));
	free(name);
	return step;
}

struct qn_step *qn_step_new(struct planner *p, unsigned int cmd, const struct qn_rec *rec)
{
	char *name = qn_step_name(rec);
	const struct qn_op *op = &family_of(rec->set)->ops[cmd];
	struct qn_step *step =
		qn_step_add(p, '+', cmd, qn_step_pick(rec, op->request), qn_strdup(name));

	free(name);
	return step;
}

struct qn_rec *qn_step_differences(const struct qn_rec *want, const struct qn_rec *have,
				   uint64_t attrs, uint64_t names, char **text)
{
	struct qn_rec *req = qn_step_pick(want, names);
	bool any = false;
	unsigned int i;

	*text = qn_step_name(want);
	for (i = 1; i <= want->set->max; i++) {
		char from[QN_TEXT_MAX], to[QN_TEXT_MAX], *longer;
		struct qn_rec *one;

		if (!(attrs & QN_BIT(i)) || !qn_has(want, i) || qn_rec_equal(want, have, i))
			continue;
		one = qn_step_pick(want, QN_BIT(i));
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

bool qn_step_differ(const struct qn_rec *want, const struct qn_rec *have, uint64_t attrs)
{
	unsigned int i;

	for (i = 1; i <= want->set->max; i++)
		if ((attrs & QN_BIT(i)) && qn_has(want, i) && !qn_rec_equal(want, have, i))
			return true;
	return false;
}

void qn_step_default(struct qn_rec *rec, unsigned int attr, uint64_t value)
{
	if (!qn_has(rec, attr))
		qn_set(rec, attr, value);
}
