/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several routes that keep apart, for the shares of a stream. For route.c. */
#ifndef QF_APART_H
#define QF_APART_H

#include "route.h"

/**
 * struct qf_search - a demand, as vertices of the graph
 * @graph: what there is
 * @need: which edges may be taken
 * @crowd: what the other shares take, or NULL
 * @latency_us: limit, 0 if none
 * @from: where it may begin
 * @from_count: of them
 * @to: where it may end
 * @to_count: of them
 * @apart: what shares may not have in common
 */
struct qf_search {
	struct qf_graph *graph;
	struct qf_need need;
	struct qf_crowd *crowd;
	uint64_t latency_us;
	uint32_t *from;
	uint32_t from_count;
	uint32_t *to;
	uint32_t to_count;
	enum qf_apart apart;
};

/* route.c: one route that keeps to the limit of latency. */
bool qf_search_path(struct qf_search *s, struct qf_route *best);

/**
 * qf_apart_find() - routes for all shares
 * @s: the demand
 * @shares: 2 to QF_SHARES_MAX
 * @routes: the first is the best single one; filled in, as far as it went on errors
 * @err: how many there is room for
 *
 * Return: 0, or -1 with @err.
 */
int qf_apart_find(struct qf_search *s, unsigned int shares, struct qf_route *routes,
		  struct qn_error *err);

#endif
