// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes for an order: one, or several that keep apart. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "apart.h"
#include "route.h"

/* A price for latency is tried so often; four or five are usual. */
#define LATENCY_STEPS 16

void qf_route_clear(struct qf_route *route)
{
	free(route->edges);
	memset(route, 0, sizeof(*route));
}

static void measure(const struct qf_graph *graph, struct qf_route *route)
{
	uint32_t i;

	route->cost = 0;
	route->latency_us = 0;
	for (i = 0; i < route->count; i++) {
		const struct qf_edge *edge = qf_graph_edge(graph, route->edges[i]);

		route->cost += edge->cost;
		route->latency_us += edge->latency_us;
	}
}

static bool lightest(struct qf_search *s, bool fastest, uint64_t per_us, struct qf_route *route)
{
	struct qf_path path;

	s->need.fastest = fastest;
	s->need.per_us = per_us;
	if (!qf_graph_path(s->graph, s->from, s->from_count, s->to, s->to_count, &s->need, s->crowd,
			   &path))
		return false;
	route->edges = path.edges;
	route->count = path.count;
	measure(s->graph, route);
	return true;
}

/*
 * The cheapest route that is fast enough is a hard problem. Where the cheapest of all is too
 * slow and the fastest is too dear, the price of a microsecond at which both cost the same
 * brings one between them, which takes the place of either, until nothing is between
 * (Lagrangian relaxation). There may be a cheaper route that no price brings, but never
 * none where one is.
 */
bool qf_search_path(struct qf_search *s, struct qf_route *best)
{
	struct qf_route slow, between;
	unsigned int i;

	if (!lightest(s, false, 0, best))
		return false;
	if (!s->latency_us || best->latency_us <= s->latency_us)
		return true;
	slow = *best;
	memset(best, 0, sizeof(*best));
	if (!lightest(s, true, 0, best) || best->latency_us > s->latency_us) {
		qf_route_clear(&slow);
		qf_route_clear(best);
		return false;
	}
	for (i = 0; i < LATENCY_STEPS && best->cost > slow.cost; i++) {
		uint64_t dearer = best->cost - slow.cost;
		uint64_t faster = slow.latency_us - best->latency_us;

		if (!lightest(s, false, (dearer << 8) / faster, &between))
			break;
		if (between.latency_us > s->latency_us) {
			bool same = between.latency_us == slow.latency_us;

			qf_route_clear(&slow);
			slow = between;
			if (same)
				break;
		} else {
			bool same = between.cost >= best->cost;

			if (!same) {
				qf_route_clear(best);
				*best = between;
				continue;
			}
			qf_route_clear(&between);
			break;
		}
	}
	qf_route_clear(&slow);
	return true;
}

/* --- what is in the way ----------------------------------------------------------- */

static bool would_do(struct qf_search *s, struct qf_need need, uint64_t latency_us)
{
	struct qf_need was = s->need;
	uint64_t limit = s->latency_us;
	struct qf_route route;
	bool found;

	s->need = need;
	s->latency_us = latency_us;
	found = qf_search_path(s, &route);
	s->need = was;
	s->latency_us = limit;
	if (found)
		qf_route_clear(&route);
	return found;
}

/* The greatest rate that a route has room for. */
static uint64_t widest(struct qf_search *s)
{
	uint64_t low = 0, high = s->need.bps;
	struct qf_need need = s->need;

	while (low + 1 < high) {
		need.bps = low + (high - low) / 2;
		if (would_do(s, need, s->latency_us))
			low = need.bps;
		else
			high = need.bps;
	}
	return low;
}

/* Why is there no route? The first demand whose absence alone would bring one is named. */
static int explain(struct qf_search *s, struct qn_error *err)
{
	struct qf_need any = { 0 }, need;

	if (!would_do(s, any, 0))
		return qn_fail(err, "no resources that may be used connect the two ends: "
				    "an agreement with a provider in between is missing");
	need = s->need;
	need.bps = 0;
	if (would_do(s, need, s->latency_us))
		return qn_fail(err,
			       "no route has %" PRIu64 " bit/s of key free; %" PRIu64
			       " is the most: ask for less, or for another time",
			       s->need.bps, widest(s));
	need = s->need;
	need.assurance = 0;
	if (would_do(s, need, s->latency_us))
		return qn_fail(err, "no route has nodes of assurance class %u all the way",
			       s->need.assurance);
	need = s->need;
	need.schemes = 0;
	if (would_do(s, need, s->latency_us))
		return qn_fail(err, "no route offers the relay scheme all the way");
	if (would_do(s, s->need, 0))
		return qn_fail(err, "no route is as fast as %" PRIu64 " microseconds",
			       s->latency_us);
	return qn_fail(err, "no route meets rate, assurance, relay scheme and latency "
			    "together: lower one of them");
}

/* --- all of it ---------------------------------------------------------------------- */

static int ends(const struct qf_graph *graph, const uint64_t *nodes, uint32_t count,
		const char *which, uint32_t **vertices, uint32_t *found, struct qn_error *err)
{
	uint32_t i, v;

	*vertices = qn_alloc((count + 1) * sizeof(**vertices));
	*found = 0;
	for (i = 0; i < count; i++) {
		v = qf_graph_vertex(graph, nodes[i]);
		if (v != QF_NONE)
			(*vertices)[(*found)++] = v;
	}
	if (*found)
		return 0;
	if (count == 1)
		return qn_fail(err, "no resource reaches %s, %" PRIu64 ":%" PRIu64, which,
			       nodes[0] >> 32, nodes[0] & UINT32_MAX);
	return qn_fail(err, "no resource reaches %s: none of its %" PRIu32 " nodes is known", which,
		       count);
}

int qf_route_find(struct qf_graph *graph, const struct qf_demand *demand, struct qf_route *routes,
		  struct qn_error *err)
{
	struct qf_search s = {
		.graph = graph,
		.need = { .bps = demand->bps,
			  .assurance = demand->assurance,
			  .schemes = demand->schemes },
		.latency_us = demand->latency_us,
		.apart = demand->apart,
	};
	int ret = -1;
	unsigned int i;

	if (!demand->shares || demand->shares > QF_SHARES_MAX)
		return qn_fail(err, "a stream has 1 to %d shares, not %u", QF_SHARES_MAX,
			       demand->shares);
	memset(routes, 0, demand->shares * sizeof(*routes));
	if (ends(graph, demand->from, demand->from_count, "the start", &s.from, &s.from_count, err))
		goto out;
	if (ends(graph, demand->to, demand->to_count, "the end", &s.to, &s.to_count, err))
		goto out;
	if (!qf_search_path(&s, &routes[0]))
		ret = explain(&s, err);
	else if (demand->shares == 1)
		ret = 0;
	else
		ret = qf_apart_find(&s, demand->shares, routes, err);
out:
	for (i = 0; ret && i < demand->shares; i++)
		qf_route_clear(&routes[i]);
	free(s.from);
	free(s.to);
	return ret;
}
