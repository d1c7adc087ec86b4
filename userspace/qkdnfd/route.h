/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes across providers, for an order: which resources carry it, once for each share.
 */
#ifndef QF_ROUTE_H
#define QF_ROUTE_H

#include "graph.h"

/* As many as the key manager agrees a stream over. */
#define QF_SHARES_MAX 4

/* What the routes of several shares may not have in common, but for the ends. */
enum qf_apart {
	QF_APART_PROVIDER, /* no provider but those of the two ends */
	QF_APART_NODE,	   /* no gateway */
};

/**
 * struct qf_demand - what an order asks of its routes
 * @from: nodes where it may begin: one, or a region's access nodes
 * @from_count: of them
 * @to: nodes where it may end
 * @to_count: of them
 * @bps: key rate in bit/s; each share takes as much, being as long as the key
 * @latency_us: greatest latency of each route in microseconds, 0 if it does not matter
 * @assurance: least class of any node
 * @schemes: QF_SCHEME_* that all have to offer
 * @shares: 1 to QF_SHARES_MAX
 * @apart: what they may not have in common
 */
struct qf_demand {
	const uint64_t *from;
	uint32_t from_count;
	const uint64_t *to;
	uint32_t to_count;
	uint64_t bps;
	uint64_t latency_us;
	uint8_t assurance;
	uint8_t schemes;
	uint8_t shares;
	enum qf_apart apart;
};

/**
 * struct qf_route - one share's
 * @edges: for qf_graph_edge(), from the start to the end
 * @count: of them
 * @cost: sum of its edges'
 * @latency_us: likewise
 */
struct qf_route {
	uint32_t *edges;
	uint32_t count;
	uint64_t cost;
	uint64_t latency_us;
};

/**
 * qf_route_find() - routes for an order
 * @graph: what there is
 * @demand: what is asked for
 * @routes: @demand->shares of them, for qf_route_clear() each; none on errors
 * @err: what is in the way: which demand would have to be lowered, or how many shares
 *	there is room for
 *
 * One route is the cheapest there is; with a limit of latency it may be dearer than the
 * cheapest that keeps to the limit, but one is found if there is any. Several shares begin
 * at one node and end at one node; they are found if there is a way for them to keep apart
 * where every provider's borders are all connected with one another, and are as cheap as
 * the search's patience allows (routes pay for what they crowd until none do).
 * Two daemons that see the same graph find the same routes.
 *
 * Return: 0, or -1 with @err.
 */
int qf_route_find(struct qf_graph *graph, const struct qf_demand *demand, struct qf_route *routes,
		  struct qn_error *err);
void qf_route_clear(struct qf_route *route);

#endif
