/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans: what the parts of the planner share; nobody else includes it. */
#ifndef QN_PLAN_PARTS_H
#define QN_PLAN_PARTS_H

#include <linux/qkdnf.h>

#include "index.h"
#include "plan.h"

/* Marks of records of what runs. */
#define WANTED 1 /* the file names it */
#define GONE   2 /* another step takes it away */

struct planner {
	struct qn_plan *plan;
	const struct qn_conf *conf;
	struct qn_model *have;
	struct qn_index peers, sources, routes, contracts, bindings; /* of what runs */
	uint64_t own;
	unsigned int flags;
	struct qn_error *err;
};

/* What a record is called in the plan; the caller frees. */
char *qn_step_name(const struct qn_rec *rec);
/* Append a step. Takes @req and @text over. */
struct qn_step *qn_step_add(struct planner *p, char sign, unsigned int cmd, struct qn_rec *req,
			    char *text);
struct qn_step *qn_step_removal(struct planner *p, unsigned int cmd, const struct qn_rec *rec,
				uint64_t names, const char *why);
struct qn_step *qn_step_new(struct planner *p, unsigned int cmd, const struct qn_rec *rec);
/* A request with some attributes of a record, those that are there. */
struct qn_rec *qn_step_pick(const struct qn_rec *rec, uint64_t attrs);
/*
 * Compare attributes one by one. Those that @want has and that differ go into
 * the request that is returned, beside @names; @text tells of them. NULL if
 * there are none.
 */
struct qn_rec *qn_step_differences(const struct qn_rec *want, const struct qn_rec *have,
				   uint64_t attrs, uint64_t names, char **text);
bool qn_step_differ(const struct qn_rec *want, const struct qn_rec *have, uint64_t attrs);
/* Give an attribute a value if it has none. */
void qn_step_default(struct qn_rec *rec, unsigned int attr, uint64_t value);

/* All peers of a kind. */
int qn_plan_peers(struct planner *p, enum qkdnf_peer_kind kind);

void qn_plan_bindings(struct planner *p);
void qn_plan_binding_removals(struct planner *p);
/*
 * xfrm interfaces and policies of bindings of the file that say something of them; nobody
 * else's. Called after qn_plan_bindings(), whose marks tell which are made anew.
 */
int qn_plan_xfrm(struct planner *p);
void qn_plan_xfrm_removals(struct planner *p);
void qn_plan_tunnels(struct planner *p);
void qn_plan_tunnel_removals(struct planner *p);

#endif
