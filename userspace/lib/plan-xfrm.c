// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans: xfrm interfaces and policies of bindings. */
#define _GNU_SOURCE
#include <string.h>

#include <linux/qkdnf.h>

#include "plan-parts.h"
#include "xfrm.h"

#define NAMES                                                                      \
	(QN_BIT(QN_POLICY_REQID) | QN_BIT(QN_POLICY_OWN) | QN_BIT(QN_POLICY_FAR) | \
	 QN_BIT(QN_POLICY_IF_ID))

/* --- interfaces ---------------------------------------------------------------- */

static struct qn_rec *interface_named(struct qn_rec *list, const char *name)
{
	for (; list; list = list->next)
		if (!strcmp(qn_get_str(list, QN_XFRM_IF_NAME), name))
			return list;
	return NULL;
}

/* Did a binding that now wants @if_id have that of @have? */
static bool was_its(const struct planner *p, const struct qn_rec *have, uint64_t if_id)
{
	const struct qn_rec *binding, *runs;

	for (binding = p->conf->want.bindings; binding; binding = binding->next) {
		if (qn_get(binding, QKDNF_A_BINDING_IF_ID, 0) != if_id)
			continue;
		runs = qn_index_find(&p->bindings, binding);
		if (runs &&
		    qn_get(runs, QKDNF_A_BINDING_IF_ID, 0) == qn_get(have, QN_XFRM_IF_ID, 0))
			return true;
	}
	return false;
}

static int plan_interface(struct planner *p, const struct qn_rec *want)
{
	const char *name = qn_get_str(want, QN_XFRM_IF_NAME);
	struct qn_rec *have = interface_named(p->have->interfaces, name), *other, *req;
	uint64_t if_id = qn_get(want, QN_XFRM_IF_ID, 0);
	char *text;

	if (have && (have->mark & WANTED))
		return 0; /* of more than one binding */
	if (have && (have->mark & GONE))
		have = NULL;
	if (have && !qn_rec_equal(have, want, QN_XFRM_IF_ID) && !was_its(p, have, if_id)) {
		qn_fail(p->err,
			"%s is the xfrm interface of if-id %u, which is none of this binding's: it stays, give another name",
			name, (unsigned int)qn_get(have, QN_XFRM_IF_ID, 0));
		return qn_fail_prefix(p->err, "%s:%u", p->conf->name, want->line);
	}
	other = qn_find(p->have->interfaces, QN_XFRM_IF_ID, if_id);
	if (other && other != have && !other->mark) {
		qn_step_removal(p, QN_XFRM_IF_DEL, other, ~0ULL, ", its if-id gets another one");
		other->mark |= GONE;
	}
	if (!have) {
		/* Of two lines that say the same, the first makes it. */
		const struct qn_rec *first = interface_named(p->conf->want.interfaces, name);

		if (first == want)
			qn_step_new(p, QN_XFRM_IF_NEW, want);
		return 0;
	}
	have->mark |= WANTED;
	req = qn_step_differences(want, have, QN_BIT(QN_XFRM_IF_ID), QN_BIT(QN_XFRM_IF_NAME),
				  &text);
	if (req)
		qn_step_add(p, '~', QN_XFRM_IF_SET, req, text);
	return 0;
}

/* --- policies ------------------------------------------------------------------ */

static struct qn_rec *policy_like(struct qn_rec *list, const struct qn_rec *like)
{
	for (; list; list = list->next)
		if (!qn_get(list, QN_POLICY_NARROW, 0) &&
		    qn_rec_equal(list, like, QN_POLICY_REQID) &&
		    qn_rec_equal(list, like, QN_POLICY_IF_ID) &&
		    qn_rec_equal(list, like, QN_POLICY_OWN) &&
		    qn_rec_equal(list, like, QN_POLICY_FAR))
			return list;
	return NULL;
}

/*
 * Addresses in templates are the kernel's while the binding lives: they follow it when it
 * moves, some seconds later.
 */
static void plan_policy(struct planner *p, const struct qn_rec *given,
			const struct qn_rec *given_binding)
{
	uint64_t all = QN_BIT(QN_POLICY_MODE) | QN_BIT(QN_POLICY_DIRECTIONS) |
		       QN_BIT(QN_POLICY_OPTIONAL);
	const struct qn_rec *runs = qn_index_find(&p->bindings, given_binding);
	struct qn_rec *have = policy_like(p->have->policies, given), *want, *binding, *req;
	char *text;

	if (runs && (runs->mark & GONE))
		runs = NULL;
	/* A NAT put the other end elsewhere than the file says. */
	binding = runs && qn_get(runs, QKDNF_A_BINDING_MAPPED, 0) ?
			  qn_rec_copy(runs) :
			  qn_plan_binding_defaults(given_binding);
	want = qn_rec_copy(given);
	qn_policy_complete(want, binding);
	qn_rec_free(binding);
	if (!have) {
		qn_step_new(p, QN_POLICY_NEW, want);
		qn_rec_free(want);
		return;
	}
	have->mark |= WANTED;
	if (!runs)
		all |= QN_BIT(QN_POLICY_LOCAL) | QN_BIT(QN_POLICY_ADDRESS);
	req = qn_step_differences(want, have, all, 0, &text);
	if (req) {
		qn_rec_free(req);
		req = qn_step_pick(want, qn_family_xfrm.ops[QN_POLICY_SET].request);
		qn_step_add(p, '~', QN_POLICY_SET, req, text);
	}
	qn_rec_free(want);
}

int qn_plan_xfrm(struct planner *p)
{
	const struct qn_rec *rec;

	for (rec = p->conf->want.interfaces; rec; rec = rec->next)
		if (plan_interface(p, rec))
			return -1;
	for (rec = p->conf->want.policies; rec; rec = rec->next)
		plan_policy(p, rec,
			    qn_find(p->conf->want.bindings, QKDNF_A_BINDING_REQID,
				    qn_get(rec, QN_POLICY_REQID, 0)));
	return 0;
}

void qn_plan_xfrm_removals(struct planner *p)
{
	const struct qn_rec *rec, *binding;

	for (rec = p->have->policies; rec; rec = rec->next) {
		binding = qn_find(p->conf->want.bindings, QKDNF_A_BINDING_REQID,
				  qn_get(rec, QN_POLICY_REQID, 0));
		if (binding && (binding->mark & QN_CONF_POLICIES) && !rec->mark &&
		    !qn_get(rec, QN_POLICY_NARROW, 0))
			qn_step_removal(p, QN_POLICY_DEL, rec, NAMES, "");
	}
}
