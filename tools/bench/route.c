// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long an order's route takes in a federation of 1,000 providers and 10,000 resources:
 * the daemon's own files. Half of the resources join gateways of two providers, near ones
 * more often than far ones, as on a map; the others join the gateways inside.
 *
 *	route RUNS	prints an array of figures
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "route.h"

#define PROVIDERS 1000
#define RESOURCES 10000
#define GATEWAYS  5
#define ORDERS	  400
#define RUNS_MAX  99

static uint64_t seed = 1;

static uint64_t random64(void)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint32_t below(uint32_t n)
{
	return random64() % n;
}

static uint64_t gateway(uint32_t provider)
{
	return (uint64_t)(64512 + provider) << 32 | (1 + below(GATEWAYS));
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Resources work both ways: an edge for each. */
static uint32_t federation(struct qf_edge *edges)
{
	double x[PROVIDERS], y[PROVIDERS];
	uint32_t made = 0, p, other;

	for (p = 0; p < PROVIDERS; p++) {
		x[p] = below(1000000) / 1e6;
		y[p] = below(1000000) / 1e6;
	}
	while (made < RESOURCES) {
		struct qf_edge e = {
			.resource = made,
			.free_bps = 1000 + below(200000),
			.cost = 1 + below(10000),
			.latency_us = 100 + below(5000),
			.assurance = 1 + below(3),
			.schemes = QF_SCHEME_XOR,
		};

		p = below(PROVIDERS);
		e.from = gateway(p);
		if (made & 1) {
			e.to = gateway(p);
			if (e.to == e.from)
				continue;
		} else {
			other = below(PROVIDERS);
			if (other == p ||
			    hypot(x[p] - x[other], y[p] - y[other]) > 0.08 + below(100) / 1000.0)
				continue;
			e.to = gateway(other);
		}
		edges[2 * made] = e;
		edges[2 * made + 1] = e;
		edges[2 * made + 1].from = e.to;
		edges[2 * made + 1].to = e.from;
		made++;
	}
	return 2 * made;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *name, double *values, int runs, const char *against, int last)
{
	qsort(values, runs, sizeof(*values), by_value);
	printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"ms\",\"min\":%.3f,\"max\":%.3f,"
	       "\"runs\":%d,\"against\":\"%s\"}%s\n",
	       name, values[runs / 2], values[0], values[runs - 1], runs, against,
	       last ? "]" : ",");
}

/* Orders between any two gateways. Returns milliseconds each, found or not. */
static double orders(struct qf_graph *graph, uint8_t shares, uint64_t latency_us, uint32_t *found)
{
	double began = now_ms();
	uint32_t i, k;

	*found = 0;
	for (i = 0; i < ORDERS; i++) {
		uint64_t from = gateway(below(PROVIDERS)), to = gateway(below(PROVIDERS));
		struct qf_demand demand = {
			.from = &from,
			.from_count = 1,
			.to = &to,
			.to_count = 1,
			.bps = 20000,
			.latency_us = latency_us,
			.assurance = 1,
			.schemes = QF_SCHEME_XOR,
			.shares = shares,
			.apart = QF_APART_PROVIDER,
		};
		struct qf_route routes[QF_SHARES_MAX];
		struct qn_error err;

		if (qf_route_find(graph, &demand, routes, &err))
			continue;
		(*found)++;
		/* What it reserves is seen by the next one. */
		for (k = 0; k < shares; k++) {
			const struct qf_edge *e = qf_graph_edge(graph, routes[k].edges[0]);

			qf_graph_update(graph, e->resource, e->free_bps - 1, e->cost);
			qf_route_clear(&routes[k]);
		}
	}
	return (now_ms() - began) / ORDERS;
}

int main(int argc, char **argv)
{
	static struct qf_edge edges[2 * RESOURCES];
	double index[RUNS_MAX], one[RUNS_MAX], late[RUNS_MAX], two[RUNS_MAX];
	uint32_t found[3] = { 0 }, count;
	int runs = argc > 1 ? atoi(argv[1]) : 5, i;
	char text[256];

	if (runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: route RUNS, 1 to %d\n", RUNS_MAX);
		return 2;
	}
	count = federation(edges);
	for (i = 0; i < runs; i++) {
		double began = now_ms();
		struct qf_graph *graph = qf_graph_new(edges, count);

		index[i] = now_ms() - began;
		one[i] = orders(graph, 1, 0, &found[0]);
		late[i] = orders(graph, 1, 30000, &found[1]);
		two[i] = orders(graph, 2, 0, &found[2]);
		qf_graph_free(graph);
	}
	snprintf(text, sizeof(text),
		 "nothing: %d providers, %d resources, index kept, mean of %d orders, %u of which "
		 "have a route; one core",
		 PROVIDERS, RESOURCES, ORDERS, found[0]);
	printf("[");
	report("route_ms", one, runs, text, 0);
	report("route_index_ms", index, runs, "nothing: making the index of all resources", 0);
	snprintf(text, sizeof(text), "nothing: the same, within 30 ms of latency (%u have a route)",
		 found[1]);
	report("route_latency_ms", late, runs, text, 0);
	snprintf(text, sizeof(text),
		 "nothing: the same, two shares apart by provider (%u have routes)", found[2]);
	report("route_shares_ms", two, runs, text, 1);
	return 0;
}
