// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes across providers, against all simple paths of small federations, counted out.
 * QKDNF_SEED=N: other federations.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "route.h"

#define ROUNDS	  4000
#define EDGES_MAX 96
#define PATHS_MAX 20000
#define LONGEST	  12

static int failures;
static uint64_t seed = 1;

__attribute__((format(printf, 3, 4))) static void check(const char *name, bool good,
							const char *fmt, ...)
{
	va_list ap;

	if (good) {
		printf("ok %s\n", name);
		return;
	}
	failures++;
	printf("not ok %s - ", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static uint64_t random64(void)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t below(uint64_t n)
{
	return random64() % n;
}

static uint64_t node(uint32_t provider, uint32_t number)
{
	return (uint64_t)provider << 32 | number;
}

/* --- small federations ------------------------------------------------------------------ */

struct world {
	struct qf_edge edges[EDGES_MAX];
	uint32_t count;
	uint64_t nodes[32];
	uint32_t node_count;
	uint64_t resources;
};

static void join(struct world *w, uint64_t a, uint64_t b)
{
	struct qf_edge edge = {
		.from = a,
		.to = b,
		.resource = ++w->resources,
		.free_bps = 1000 * (1 + below(4)),
		.cost = below(50),
		.latency_us = below(100),
		.assurance = below(3),
		.schemes = below(8) ? QF_SCHEME_XOR | QF_SCHEME_OTP : QF_SCHEME_OTP,
	};

	if (w->count + 2 > EDGES_MAX)
		return;
	w->edges[w->count++] = edge;
	edge.from = b;
	edge.to = a;
	w->edges[w->count++] = edge;
}

/* Providers with one to three gateways, connected inside at random or @wholly. */
static void make(struct world *w, uint32_t providers, bool wholly)
{
	uint32_t gateways[8], p, i, j;

	memset(w, 0, sizeof(*w));
	for (p = 0; p < providers; p++) {
		gateways[p] = 1 + below(3);
		for (i = 0; i < gateways[p]; i++)
			w->nodes[w->node_count++] = node(p + 1, i + 1);
		for (i = 0; i < gateways[p]; i++)
			for (j = 0; j < i; j++)
				if (wholly || below(4))
					join(w, node(p + 1, i + 1), node(p + 1, j + 1));
	}
	for (p = 0; p < providers; p++)
		for (i = 0; i < p; i++)
			if (below(5) < 3)
				join(w, node(p + 1, 1 + below(gateways[p])),
				     node(i + 1, 1 + below(gateways[i])));
}

/* --- all simple paths ----------------------------------------------------------------------- */

struct found {
	uint32_t edges[LONGEST];
	uint32_t count;
	uint64_t cost;
	uint64_t latency;
};

static struct found *all;
static uint32_t all_count;

static bool may(const struct world *w, const struct qf_demand *d, uint32_t edge)
{
	const struct qf_edge *e = &w->edges[edge];

	return e->free_bps >= d->bps && e->assurance >= d->assurance &&
	       (e->schemes & d->schemes) == d->schemes;
}

static void walk(const struct world *w, const struct qf_demand *d, uint64_t at, struct found *path)
{
	uint32_t i, j;

	if (at == d->to[0]) {
		if ((!d->latency_us || path->latency <= d->latency_us) && all_count < PATHS_MAX)
			all[all_count++] = *path;
		return;
	}
	if (path->count == LONGEST)
		return;
	for (i = 0; i < w->count; i++) {
		bool seen = w->edges[i].to == d->from[0];

		if (w->edges[i].from != at || !may(w, d, i))
			continue;
		for (j = 0; j < path->count; j++)
			seen |= w->edges[path->edges[j]].to == w->edges[i].to;
		if (seen)
			continue;
		path->edges[path->count++] = i;
		path->cost += w->edges[i].cost;
		path->latency += w->edges[i].latency_us;
		walk(w, d, w->edges[i].to, path);
		path->count--;
		path->cost -= w->edges[i].cost;
		path->latency -= w->edges[i].latency_us;
	}
}

static void enumerate(const struct world *w, const struct qf_demand *d)
{
	struct found path = { .count = 0 };

	all_count = 0;
	walk(w, d, d->from[0], &path);
}

static bool end_provider(const struct qf_demand *d, uint64_t at)
{
	return at >> 32 == d->from[0] >> 32 || at >> 32 == d->to[0] >> 32;
}

/* Do two ways keep apart, as the demand has it? */
static bool apart(const struct qf_demand *d, const uint64_t *a, uint32_t a_count, const uint64_t *b,
		  uint32_t b_count)
{
	uint32_t i, j;

	for (i = 0; i < a_count; i++) {
		for (j = 0; j < b_count; j++) {
			if (d->apart == QF_APART_NODE && a[i] == b[j] && a[i] != d->to[0])
				return false;
			if (d->apart == QF_APART_PROVIDER && a[i] >> 32 == b[j] >> 32 &&
			    !end_provider(d, a[i]))
				return false;
		}
	}
	return true;
}

static uint32_t ends_of(const struct world *w, const struct found *path, uint64_t *nodes)
{
	uint32_t i;

	for (i = 0; i < path->count; i++)
		nodes[i] = w->edges[path->edges[i]].to;
	return path->count;
}

/* Two paths of all that keep apart and fit together: the cheapest sum, or UINT64_MAX. */
static uint64_t best_pair(const struct world *w, const struct qf_demand *d)
{
	uint64_t best = UINT64_MAX, a[LONGEST], b[LONGEST];
	uint32_t i, j, k, l, a_count, b_count;

	for (i = 0; i < all_count; i++) {
		a_count = ends_of(w, &all[i], a);
		for (j = 0; j <= i; j++) {
			bool fits = true;

			if (all[i].cost + all[j].cost >= best)
				continue;
			b_count = ends_of(w, &all[j], b);
			for (k = 0; k < all[i].count; k++)
				for (l = 0; l < all[j].count; l++)
					if (w->edges[all[i].edges[k]].resource ==
						    w->edges[all[j].edges[l]].resource &&
					    w->edges[all[i].edges[k]].free_bps / 2 < d->bps)
						fits = false;
			if (fits && apart(d, a, a_count, b, b_count))
				best = all[i].cost + all[j].cost;
		}
	}
	return best;
}

/* Is what was found a route at all, and does it keep to the demand? */
static const char *wrong(const struct qf_graph *graph, const struct qf_demand *d,
			 const struct qf_route *route)
{
	uint64_t at = d->from[0], cost = 0, latency = 0;
	uint32_t i;

	for (i = 0; i < route->count; i++) {
		const struct qf_edge *e = qf_graph_edge(graph, route->edges[i]);

		if (e->from != at)
			return "it is broken";
		if (e->free_bps < d->bps || e->assurance < d->assurance ||
		    (e->schemes & d->schemes) != d->schemes)
			return "it takes what it may not";
		at = e->to;
		cost += e->cost;
		latency += e->latency_us;
	}
	if (at != d->to[0])
		return "it ends elsewhere";
	if (cost != route->cost || latency != route->latency_us)
		return "its sums are wrong";
	if (d->latency_us && latency > d->latency_us)
		return "it is too slow";
	return NULL;
}

static struct qf_demand demand_of(const struct world *w, uint64_t *ends)
{
	struct qf_demand d = {
		.from = &ends[0],
		.from_count = 1,
		.to = &ends[1],
		.to_count = 1,
		.bps = 1000 * below(3),
		.assurance = below(4) ? 0 : 1,
		.schemes = QF_SCHEME_XOR,
		.shares = 1,
	};

	ends[0] = w->nodes[below(w->node_count)];
	do
		ends[1] = w->nodes[below(w->node_count)];
	while (ends[1] == ends[0]);
	return d;
}

static void single(void)
{
	unsigned int round, dearer = 0, routes = 0, none = 0, slow_missed = 0, dear = 0, slow = 0;
	const char *fault = NULL;
	struct qn_error err;
	struct world w;

	for (round = 0; round < ROUNDS && !fault; round++) {
		uint64_t ends[2], least = UINT64_MAX;
		struct qf_route route;
		struct qf_graph *graph;
		struct qf_demand d;
		bool found;
		uint32_t i;

		make(&w, 2 + below(4), false);
		d = demand_of(&w, ends);
		if (round & 1)
			d.latency_us = 1 + below(300);
		enumerate(&w, &d);
		for (i = 0; i < all_count; i++)
			if (all[i].cost < least)
				least = all[i].cost;
		graph = qf_graph_new(w.edges, w.count);
		found = !qf_route_find(graph, &d, &route, &err);
		if (found)
			fault = wrong(graph, &d, &route);
		if (found ? !all_count : all_count) {
			slow_missed++;
		} else if (!found) {
			none++;
		} else {
			routes++;
			slow += d.latency_us > 0;
			dearer += !d.latency_us && route.cost != least;
			dear += d.latency_us && route.cost != least;
		}
		qf_route_clear(&route);
		qf_graph_free(graph);
	}
	check("route-is-one", !fault, "%s, in round %u", fault, round);
	check("route-is-found-if-there-is-one", !slow_missed && routes > 100 && none > 100,
	      "%u of %u not, %u found", slow_missed, none, routes);
	check("route-is-the-cheapest", !dearer, "%u of %u are not", dearer, routes);
	check("route-within-a-latency-is-cheap", slow > 100 && dear * 20 < slow,
	      "%u of %u are not the cheapest", dear, slow);
	printf("# %u routes, %u times none; %u of %u with a latency not the cheapest\n", routes,
	       none, dear, slow);
}

static void shares(enum qf_apart mode, const char *name)
{
	unsigned int round, missed = 0, invented = 0, pairs = 0, none = 0;
	uint64_t sum = 0, best_sum = 0;
	const char *fault = NULL;
	char text[64];
	struct world w;

	for (round = 0; round < ROUNDS / 2 && !fault; round++) {
		uint64_t ends[2], best, a[64], b[64];
		struct qf_route routes[2];
		struct qf_graph *graph;
		struct qn_error err;
		struct qf_demand d;
		bool found;
		uint32_t i;

		make(&w, 3 + below(3), true);
		d = demand_of(&w, ends);
		d.shares = 2;
		d.apart = mode;
		/* Capacity that two shares of one edge would need is single()'s affair. */
		for (i = 0; i < w.count; i++)
			w.edges[i].free_bps = 8000;
		d.assurance = 0;
		enumerate(&w, &d);
		best = best_pair(&w, &d);
		graph = qf_graph_new(w.edges, w.count);
		found = !qf_route_find(graph, &d, routes, &err);
		if (found) {
			fault = wrong(graph, &d, &routes[0]);
			if (!fault)
				fault = wrong(graph, &d, &routes[1]);
			for (i = 0; i < routes[0].count; i++)
				a[i] = qf_graph_edge(graph, routes[0].edges[i])->to;
			for (i = 0; i < routes[1].count; i++)
				b[i] = qf_graph_edge(graph, routes[1].edges[i])->to;
			if (!fault && !apart(&d, a, routes[0].count, b, routes[1].count))
				fault = "they meet";
		}
		if (found && best == UINT64_MAX) {
			invented++;
		} else if (!found && best != UINT64_MAX) {
			missed++;
		} else if (found) {
			pairs++;
			sum += routes[0].cost + routes[1].cost;
			best_sum += best;
		} else {
			none++;
		}
		qf_route_clear(&routes[0]);
		qf_route_clear(&routes[1]);
		qf_graph_free(graph);
	}
	snprintf(text, sizeof(text), "shares-keep-apart-by-%s", name);
	check(text, !fault && !invented, "%s, in round %u; %u invented", fault, round, invented);
	snprintf(text, sizeof(text), "shares-by-%s-are-found-if-they-can-be", name);
	check(text, pairs > 100 && none > 20 && !missed, "%u missed, %u found, %u not there",
	      missed, pairs, none);
	snprintf(text, sizeof(text), "shares-by-%s-are-cheap", name);
	check(text, sum <= best_sum + best_sum / 10,
	      "%" PRIu64 " in all where %" PRIu64 " were enough", sum, best_sum);
	printf("# by %s: %u pairs cost %.3f of the cheapest, %u times none\n", name, pairs,
	       best_sum ? (double)sum / (double)best_sum : 0, none);
}

/* Two daemons that see the same resources, in any order, choose alike. */
static void alike(void)
{
	unsigned int round, i, differ = 0, seen = 0;
	struct qn_error err;
	struct world w;

	for (round = 0; round < 200; round++) {
		struct qf_route one[2], two[2];
		struct qf_graph *a, *b;
		struct qf_demand d;
		uint64_t ends[2];

		make(&w, 5, false);
		for (i = 0; i < w.count; i++)
			w.edges[i].cost = below(3); /* many that are equally cheap */
		d = demand_of(&w, ends);
		d.shares = 1 + below(2);
		a = qf_graph_new(w.edges, w.count);
		for (i = w.count; i > 1; i--) {
			unsigned int other = below(i);
			struct qf_edge edge = w.edges[i - 1];

			w.edges[i - 1] = w.edges[other];
			w.edges[other] = edge;
		}
		b = qf_graph_new(w.edges, w.count);
		if (qf_route_find(a, &d, one, &err) == 0) {
			seen++;
			if (qf_route_find(b, &d, two, &err))
				differ++;
			for (i = 0; i < d.shares; i++) {
				if (one[i].count != two[i].count ||
				    memcmp(one[i].edges, two[i].edges,
					   one[i].count * sizeof(uint32_t)))
					differ++;
				qf_route_clear(&two[i]);
			}
		}
		for (i = 0; i < d.shares; i++)
			qf_route_clear(&one[i]);
		qf_graph_free(a);
		qf_graph_free(b);
	}
	check("route-does-not-depend-on-order", !differ && seen > 20, "%u of %u differ", differ,
	      seen);
}

/* --- what is said --------------------------------------------------------------------------- */

static void refuse(struct qf_graph *graph, struct qf_demand d, const char *name, const char *want)
{
	struct qf_route routes[QF_SHARES_MAX];
	struct qn_error err = { .text = "" };
	int ret = qf_route_find(graph, &d, routes, &err);

	check(name, ret && strstr(err.text, want), "returned %d: %s", ret, err.text);
}

static void refusals(void)
{
	/* A - B - C in a row, and B's inside. */
	struct qf_edge edges[] = {
		{ node(1, 1), node(2, 1), 1, 5000, 10, 50, 2, QF_SCHEME_XOR },
		{ node(2, 1), node(2, 2), 2, 3000, 10, 50, 1, QF_SCHEME_XOR },
		{ node(2, 2), node(3, 1), 3, 5000, 10, 50, 2, QF_SCHEME_XOR },
		{ node(9, 1), node(9, 2), 4, 5000, 10, 50, 2, QF_SCHEME_XOR },
	};
	struct qf_graph *graph = qf_graph_new(edges, QN_ARRAY_SIZE(edges));
	const uint64_t a = node(1, 1), c = node(3, 1), away = node(9, 2), nobody = node(7, 7);
	const struct qf_demand d = {
		.from = &a,
		.from_count = 1,
		.to = &c,
		.to_count = 1,
		.bps = 3000,
		.assurance = 1,
		.schemes = QF_SCHEME_XOR,
		.shares = 1,
		.latency_us = 150,
	};
	struct qf_route route;
	struct qf_demand bad;
	struct qn_error err;

	check("route-as-good-as-asked-for",
	      !qf_route_find(graph, &d, &route, &err) && route.count == 3 && route.cost == 30 &&
		      route.latency_us == 150,
	      "%s", err.text);
	qf_route_clear(&route);
	bad = d;
	bad.bps = 3001;
	refuse(graph, bad, "route-says-what-rate-there-is", "3000 is the most");
	bad = d;
	bad.assurance = 2;
	refuse(graph, bad, "route-says-that-assurance-is-too-high", "assurance class 2");
	bad = d;
	bad.schemes = QF_SCHEME_OTP;
	refuse(graph, bad, "route-says-that-the-scheme-is-not-offered", "relay scheme");
	bad = d;
	bad.latency_us = 149;
	refuse(graph, bad, "route-says-that-it-is-too-slow", "149 microseconds");
	bad = d;
	bad.to = &away;
	refuse(graph, bad, "route-says-that-nothing-connects", "an agreement");
	bad = d;
	bad.to = &nobody;
	refuse(graph, bad, "route-says-that-an-end-is-unknown", "reaches the end, 7:7");
	bad = d;
	bad.shares = 2;
	refuse(graph, bad, "route-says-how-many-shares-there-is-room-for", "1 routes");
	bad = d;
	bad.shares = 2;
	bad.to = &a;
	refuse(graph, bad, "route-of-shares-needs-two-ends", "two ends");
	bad = d;
	bad.shares = 5;
	refuse(graph, bad, "route-of-too-many-shares", "1 to 4 shares");
	check("route-after-a-change",
	      qf_graph_update(graph, 2, 2999, 10) == 1 && qf_route_find(graph, &d, &route, &err) &&
		      !qf_graph_update(graph, 77, 0, 0),
	      "the change of a resource is not seen");
	qf_graph_free(graph);

	graph = qf_graph_new(NULL, 0);
	refuse(graph, d, "route-without-any-resource", "reaches the start");
	qf_graph_free(graph);
}

int main(void)
{
	if (getenv("QKDNF_SEED"))
		seed = strtoull(getenv("QKDNF_SEED"), NULL, 0);
	all = malloc(PATHS_MAX * sizeof(*all));
	single();
	shares(QF_APART_NODE, "gateway");
	shares(QF_APART_PROVIDER, "provider");
	alike();
	refusals();
	free(all);
	return failures ? 1 : 0;
}
