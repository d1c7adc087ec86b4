// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans: bindings, which are fixed once they are made. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/qkdnf.h>

#include "plan-parts.h"
#include "text.h"
#include "xfrm.h"

struct qn_rec *qn_plan_binding_defaults(const struct qn_rec *given)
{
	static const struct {
		unsigned int attr;
		uint64_t value;
	} defaults[] = {
		{ QKDNF_A_BINDING_MODE, QKDNF_IPSEC_MODE_TUNNEL },
		{ QKDNF_A_BINDING_ALGORITHM, QKDNF_IPSEC_ALGORITHM_AES_GCM },
		{ QKDNF_A_BINDING_ESN, 1 },
		{ QKDNF_A_BINDING_WINDOW, 128 },
		{ QKDNF_A_BINDING_IF_ID, 0 },
		{ QKDNF_A_BINDING_ENCAP, 0 },
		{ QKDNF_A_BINDING_SOFT_OCTETS, 1ULL << 32 },
		{ QKDNF_A_BINDING_SOFT_PACKETS, 1ULL << 30 },
		{ QKDNF_A_BINDING_SOFT_SECONDS, 60 },
		{ QKDNF_A_BINDING_HARD_OCTETS, 1ULL << 34 },
		{ QKDNF_A_BINDING_HARD_PACKETS, 3ULL << 30 },
		{ QKDNF_A_BINDING_HARD_SECONDS, 600 },
	};
	struct qn_rec *binding = qn_rec_copy(given);
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(defaults); i++)
		qn_step_default(binding, defaults[i].attr, defaults[i].value);
	if (qn_get(binding, QKDNF_A_BINDING_ENCAP, 0))
		qn_step_default(binding, QKDNF_A_BINDING_ENCAP_TO,
				qn_get(binding, QKDNF_A_BINDING_ENCAP, 0));
	return binding;
}

static void add_binding(struct planner *p, const struct qn_rec *binding)
{
	struct qn_step *step = qn_step_new(p, QKDNF_CMD_BINDING_NEW, binding);
	char addr[64], *longer;

	qn_format_value(addr, sizeof(addr), binding,
			qn_has(binding, QKDNF_A_BINDING_ADDR6) ? QKDNF_A_BINDING_ADDR6 :
								 QKDNF_A_BINDING_ADDR4,
			true);
	longer = qn_asprintf("%s to %s", step->text, addr);
	free(step->text);
	step->text = longer;
}

/* Tunnels whose addresses alone differ move, with all that is in them. */
static bool can_move(const struct qn_rec *want, const struct qn_rec *have, const struct qn_rec *req)
{
	const uint64_t ends = QN_BIT(QKDNF_A_BINDING_ADDR4) | QN_BIT(QKDNF_A_BINDING_ADDR6) |
			      QN_BIT(QKDNF_A_BINDING_LOCAL_ADDR4) |
			      QN_BIT(QKDNF_A_BINDING_LOCAL_ADDR6);

	return !(req->present & ~ends) &&
	       qn_get(want, QKDNF_A_BINDING_MODE, 0) == QKDNF_IPSEC_MODE_TUNNEL &&
	       qn_has(want, QKDNF_A_BINDING_ADDR4) == qn_has(have, QKDNF_A_BINDING_ADDR4);
}

static void plan_binding(struct planner *p, const struct qn_rec *given)
{
	uint64_t all = qn_family_qkdnf.ops[QKDNF_CMD_BINDING_NEW].request;
	struct qn_rec *have = qn_index_find(&p->bindings, given);
	struct qn_rec *want = qn_plan_binding_defaults(given), *req;
	char *text = NULL, *why;

	if (have)
		have->mark |= WANTED;
	/* A NAT put the other end elsewhere than the file says. */
	if (have && qn_get(have, QKDNF_A_BINDING_MAPPED, 0))
		all &= ~(QN_BIT(QKDNF_A_BINDING_ADDR4) | QN_BIT(QKDNF_A_BINDING_ADDR6) |
			 QN_BIT(QKDNF_A_BINDING_ENCAP_TO));
	req = have ? qn_step_differences(want, have, all, 0, &text) : NULL;
	if (req && can_move(want, have, req)) {
		qn_set(req, QKDNF_A_BINDING_REQID, qn_get(want, QKDNF_A_BINDING_REQID, 0));
		qn_step_add(p, '~', QKDNF_CMD_BINDING_MOVE, req, text);
		qn_rec_free(want);
		return;
	}
	if (req) {
		why = qn_asprintf(", to be made anew%s", text + strcspn(text, ":"));
		qn_step_removal(p, QKDNF_CMD_BINDING_DEL, have, QN_BIT(QKDNF_A_BINDING_REQID), why);
		have->mark |= GONE;
		free(why);
		free(text);
		qn_rec_free(req);
	}
	if (!have || req)
		add_binding(p, given);
	qn_rec_free(want);
}

void qn_plan_bindings(struct planner *p)
{
	const struct qn_rec *binding;

	for (binding = p->conf->want.bindings; binding; binding = binding->next)
		plan_binding(p, binding);
}

void qn_plan_binding_removals(struct planner *p)
{
	const struct qn_rec *rec;
	bool policies;

	/* Without its policies what it protected might leave in clear. */
	for (rec = p->have->bindings; rec; rec = rec->next) {
		if (rec->mark)
			continue;
		policies = qn_find(p->have->policies, QN_POLICY_REQID,
				   qn_get(rec, QKDNF_A_BINDING_REQID, 0));
		qn_step_removal(p, QKDNF_CMD_BINDING_DEL, rec, QN_BIT(QKDNF_A_BINDING_REQID),
				policies ? ", whose policies stay and let nothing through" : "");
	}
}
