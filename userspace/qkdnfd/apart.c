// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several routes that keep apart.
 *
 * The cheapest such set is a hard problem once a provider with many borders counts as one
 * thing. So routes negotiate: each in turn takes its best path while it pays for what the
 * others take, more in each round and for ever after where it came to a crowd, until none
 * is shared. Should they not come to terms, a flow through the providers (or gateways)
 * tells whether they can keep apart at all, and through which of them.
 */
#include <stdlib.h>
#include <string.h>

#include "apart.h"
#include "flow.h"

/* Rounds of negotiation, and pairs of ends that are tried where there is a choice. */
#define ROUNDS 24
#define PAIRS  8

/**
 * struct talk - a negotiation
 * @s: the demand, between two vertices
 * @graph: its graph
 * @start: where all begin
 * @end: where all end
 * @shares: how many
 * @routes: so far; without edges where there is none yet
 * @crowd: prices, and what is taken
 * @by_provider: routes in each provider
 * @by_vertex: routes at each vertex
 * @past: what was crowded in earlier rounds: providers, or vertices
 * @unit: a price that matters: the first route's
 */
struct talk {
	struct qf_search *s;
	struct qf_graph *graph;
	uint32_t start;
	uint32_t end;
	unsigned int shares;
	struct qf_route *routes;
	struct qf_crowd crowd;
	uint8_t *by_provider;
	uint8_t *by_vertex;
	uint64_t *past;
	uint64_t unit;
};

static bool of_the_ends(const struct talk *t, uint32_t vertex)
{
	uint32_t provider = qf_graph_provider(t->graph, vertex);

	return provider == qf_graph_provider(t->graph, t->start) ||
	       provider == qf_graph_provider(t->graph, t->end);
}

/* May but one route pass here? */
static bool exclusive(const struct talk *t, uint32_t vertex)
{
	if (t->s->apart == QF_APART_PROVIDER)
		return !of_the_ends(t, vertex);
	return vertex != t->start && vertex != t->end;
}

/* Was the route in the provider before it came to its edge @before? */
static bool was_there(const struct talk *t, const struct qf_route *route, uint32_t before,
		      uint32_t provider)
{
	while (before--)
		if (qf_graph_provider(t->graph, qf_graph_to(t->graph, route->edges[before])) ==
		    provider)
			return true;
	return false;
}

/* Add a route to what is taken, or take it away again. */
static void count(struct talk *t, const struct qf_route *route, int by)
{
	uint32_t i;

	for (i = 0; i < route->count; i++) {
		uint32_t to = qf_graph_to(t->graph, route->edges[i]);
		uint32_t provider = qf_graph_provider(t->graph, to);

		t->crowd.taken[qf_graph_place(t->graph, route->edges[i])] += by;
		t->by_vertex[to] += by;
		if (!was_there(t, route, i, provider))
			t->by_provider[provider] += by;
	}
}

/* What all that is taken costs the next one, in this round. */
static void price(struct talk *t, unsigned int round)
{
	uint64_t now = t->unit << (round < 16 ? round : 16);
	uint32_t v, p;

	t->crowd.full = now;
	for (v = 0; v < qf_graph_vertices(t->graph); v++) {
		p = qf_graph_provider(t->graph, v);
		t->crowd.vertex[v] = 0;
		if (t->s->apart == QF_APART_PROVIDER) {
			if (of_the_ends(t, v)) /* where it can be had */
				t->crowd.vertex[v] = v == t->end ? 0 : t->unit * t->by_vertex[v];
			else
				t->crowd.provider[p] = now * t->by_provider[p] + t->past[p];
		} else if (exclusive(t, v)) {
			t->crowd.vertex[v] = now * t->by_vertex[v] + t->past[v];
		}
	}
}

/* Is anything shared that may not be? What is, will be dearer. */
static bool crowded(struct talk *t)
{
	bool found = false;
	uint32_t i, v, p;

	for (v = 0; v < qf_graph_vertices(t->graph); v++) {
		if (!exclusive(t, v))
			continue;
		p = qf_graph_provider(t->graph, v);
		if (t->s->apart == QF_APART_NODE && t->by_vertex[v] > 1) {
			t->past[v] += t->unit;
			found = true;
		}
		if (t->s->apart == QF_APART_PROVIDER && t->by_provider[p] > 1 && t->by_vertex[v]) {
			t->past[p] += t->unit;
			found = true;
		}
	}
	for (i = 0; i < qf_graph_edges(t->graph); i++) {
		unsigned int taken = t->crowd.taken[qf_graph_place(t->graph, i)];

		if (taken > 1 && !qf_graph_room(t->graph, i, &t->s->need, taken))
			found = true;
	}
	return found;
}

static void forget(struct talk *t)
{
	unsigned int i;

	for (i = 0; i < t->shares; i++) {
		count(t, &t->routes[i], -1);
		qf_route_clear(&t->routes[i]);
	}
}

static bool negotiate(struct talk *t)
{
	unsigned int round, i;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < t->shares; i++) {
			count(t, &t->routes[i], -1);
			qf_route_clear(&t->routes[i]);
			price(t, round);
			if (!qf_search_path(t->s, &t->routes[i]))
				return false;
			count(t, &t->routes[i], 1);
		}
		if (!crowded(t))
			return true;
	}
	return false;
}

/* --- by a flow ------------------------------------------------------------------------ */

static uint32_t group_of(const struct talk *t, uint32_t vertex)
{
	return t->s->apart == QF_APART_PROVIDER ? qf_graph_provider(t->graph, vertex) : vertex;
}

/* How often can an edge between the groups of both ends be taken? */
static unsigned int times(const struct talk *t, uint32_t edge)
{
	unsigned int n = t->shares;

	while (n > 1 && !qf_graph_room(t->graph, edge, &t->s->need, n))
		n--;
	return n;
}

static struct qf_flow *flow_of(const struct talk *t)
{
	uint32_t groups = t->s->apart == QF_APART_PROVIDER ? qf_graph_providers(t->graph) :
							     qf_graph_vertices(t->graph);
	struct qf_flow *flow = qf_flow_new(groups, group_of(t, t->start), group_of(t, t->end));
	uint32_t i, from, to;

	for (i = 0; i < qf_graph_edges(t->graph); i++) {
		from = group_of(t, qf_graph_from(t->graph, i));
		to = group_of(t, qf_graph_to(t->graph, i));
		if (from != to && qf_graph_fits(t->graph, i, &t->s->need))
			qf_flow_arc(flow, from, to, times(t, i));
	}
	return flow;
}

/* Each route through the groups that the flow gave it. */
static bool follow(struct talk *t, struct qf_flow *flow)
{
	uint32_t vertices = qf_graph_vertices(t->graph), v, group;
	bool *allowed = qn_alloc(vertices * sizeof(*allowed)), good = true;
	unsigned int i;

	t->s->need.allowed = allowed;
	for (i = 0; i < t->shares && good; i++) {
		for (v = 0; v < vertices; v++)
			allowed[v] = !exclusive(t, v);
		for (group = group_of(t, t->start); group != QF_NONE;
		     group = qf_flow_next(flow, group))
			for (v = 0; v < vertices; v++)
				if (group_of(t, v) == group)
					allowed[v] = true;
		price(t, ROUNDS);
		good = qf_search_path(t->s, &t->routes[i]);
		if (good)
			count(t, &t->routes[i], 1);
	}
	t->s->need.allowed = NULL;
	free(allowed);
	return good && !crowded(t);
}

/* Return: how many routes keep apart, of as many as were asked for. */
static unsigned int between(struct talk *t, bool *found)
{
	struct qf_flow *flow;
	unsigned int room;

	*found = negotiate(t);
	if (*found)
		return t->shares;
	forget(t);
	/* Inside one provider no route needs another: a flow knows nothing of that. */
	if (group_of(t, t->start) == group_of(t, t->end))
		return t->shares;
	flow = flow_of(t);
	room = qf_flow_most(flow, t->shares);
	if (room == t->shares) {
		*found = follow(t, flow);
		if (!*found)
			forget(t);
	}
	qf_flow_free(flow);
	return room;
}

/* --- all of it ---------------------------------------------------------------------- */

static void drop(uint32_t *list, uint32_t *length, uint32_t vertex)
{
	uint32_t i, kept = 0;

	for (i = 0; i < *length; i++)
		if (list[i] != vertex)
			list[kept++] = list[i];
	*length = kept;
}

static bool try_pair(struct qf_search *s, unsigned int shares, struct qf_route *routes,
		     unsigned int *room)
{
	uint32_t vertices = qf_graph_vertices(s->graph), providers = qf_graph_providers(s->graph);
	uint32_t start = qf_graph_from(s->graph, routes[0].edges[0]);
	uint32_t end = qf_graph_to(s->graph, routes[0].edges[routes[0].count - 1]);
	struct qf_search one = *s;
	struct talk t = {
		.s = &one,
		.graph = s->graph,
		.start = start,
		.end = end,
		.shares = shares,
		.routes = routes,
		.crowd = { .provider = qn_alloc(providers * sizeof(*t.crowd.provider)),
			   .vertex = qn_alloc(vertices * sizeof(*t.crowd.vertex)),
			   .taken = qn_alloc(qf_graph_resources(s->graph)) },
		.by_provider = qn_alloc(providers),
		.by_vertex = qn_alloc(vertices),
		.past = qn_alloc(vertices * sizeof(*t.past)),
		.unit = (routes[0].cost << 8) + 256,
	};
	bool found;

	one.from = &t.start;
	one.from_count = 1;
	one.to = &t.end;
	one.to_count = 1;
	one.crowd = &t.crowd;
	count(&t, &routes[0], 1);
	*room = between(&t, &found);
	free(t.crowd.provider);
	free(t.crowd.vertex);
	free(t.crowd.taken);
	free(t.by_provider);
	free(t.by_vertex);
	free(t.past);
	return found;
}

int qf_apart_find(struct qf_search *s, unsigned int shares, struct qf_route *routes,
		  struct qn_error *err)
{
	unsigned int pairs, room, most = 0;

	for (pairs = 0; pairs < PAIRS && s->to_count; pairs++) {
		uint32_t end;

		if (!routes[0].edges && !qf_search_path(s, &routes[0]))
			break;
		if (!routes[0].count)
			return qn_fail(err, "shares need two ends: the order begins and ends at "
					    "one node");
		end = qf_graph_to(s->graph, routes[0].edges[routes[0].count - 1]);
		if (try_pair(s, shares, routes, &room))
			return 0;
		if (room > most)
			most = room;
		drop(s->to, &s->to_count, end);
	}
	if (most < shares)
		return qn_fail(err,
			       "%u routes that meet the order keep apart by %s, not %u: ask for "
			       "fewer shares, or add resources",
			       most, s->apart == QF_APART_PROVIDER ? "provider" : "gateway",
			       shares);
	return qn_fail(err,
		       "no %u routes that keep apart by %s were found: ask for fewer shares, or "
		       "less of each route",
		       shares, s->apart == QF_APART_PROVIDER ? "provider" : "gateway");
}
