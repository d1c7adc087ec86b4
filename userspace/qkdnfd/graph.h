/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a provider sees of the federation, as a graph: gateway nodes and the resources
 * between them, and paths through it.
 *
 * A resource inside a provider leads from one of its borders (or access nodes) to
 * another; inner nodes are nobody else's business (design of the federation, "Visible").
 * A resource between providers is the QKD link of two gateways. Which provider a node
 * is of is the upper half of its id.
 *
 * A graph belongs to one thread at a time: paths are found in memory that it keeps.
 */
#ifndef QF_GRAPH_H
#define QF_GRAPH_H

#include "base.h"

/* Costs are below this, so that no sum over a path can overflow. */
#define QF_COST_MAX ((UINT64_C(1) << 36) - 1)

/* Relay schemes of ITU-T Y.3803, one bit each. */
#define QF_SCHEME_XOR 1
#define QF_SCHEME_OTP 2

/**
 * struct qf_edge - one direction of a resource
 * @from: gateway or access node, provider:node
 * @to: the other one
 * @resource: the caller's number for it; both directions may share one
 * @free_bps: key that is not held or committed yet, bit/s
 * @cost: of a unit of key over it, as the caller steers: price, made dearer by a poor
 *	rating; at most QF_COST_MAX
 * @latency_us: microseconds
 * @assurance: class of the least trusted node behind it
 * @schemes: QF_SCHEME_* that its nodes relay by
 */
struct qf_edge {
	uint64_t from;
	uint64_t to;
	uint64_t resource;
	uint64_t free_bps;
	uint64_t cost;
	uint32_t latency_us;
	uint8_t assurance;
	uint8_t schemes;
};

struct qf_graph;

/**
 * qf_graph_new() - index resources
 * @edges: copied; their order does not matter
 * @count: of them
 *
 * Return: the graph, for qf_graph_free().
 */
struct qf_graph *qf_graph_new(const struct qf_edge *edges, uint32_t count);
void qf_graph_free(struct qf_graph *graph);

/**
 * qf_graph_update() - a resource changed its capacity or its cost
 * @graph: the graph
 * @resource: which; all its directions change
 * @free_bps: bit/s
 * @cost: at most QF_COST_MAX
 *
 * Return: how many edges that were; 0 if there is no such resource.
 */
unsigned int qf_graph_update(struct qf_graph *graph, uint64_t resource, uint64_t free_bps,
			     uint64_t cost);

/* --- for route.c ------------------------------------------------------------------- */

/* No vertex, no edge, no group. */
#define QF_NONE UINT32_MAX

/**
 * struct qf_need - which edges a path may take, and what they weigh
 * @bps: least free capacity
 * @assurance: least class
 * @schemes: all of these
 * @fastest: latency alone counts
 * @per_us: else, what each microsecond of latency adds, in 1/256 of the unit of cost; 0
 *	asks for the cheapest
 * @allowed: which vertices may be entered; NULL: all
 */
struct qf_need {
	uint64_t bps;
	uint8_t assurance;
	uint8_t schemes;
	bool fastest;
	uint64_t per_us;
	const bool *allowed;
};

/**
 * struct qf_path - edges from the start to the end
 * @edges: indexes for qf_graph_edge()
 * @count: of them
 */
struct qf_path {
	uint32_t *edges;
	uint32_t count;
};

/**
 * struct qf_crowd - what the other paths of a search already take
 * @provider: what coming into a provider costs on top, in 1/256 of the unit of cost
 * @vertex: what coming to a vertex costs on top
 * @taken: how many paths take a resource, by qf_graph_place()
 * @full: what a resource costs on top that has no room for one more path
 */
struct qf_crowd {
	uint64_t *provider;
	uint64_t *vertex;
	uint8_t *taken;
	uint64_t full;
};

uint32_t qf_graph_vertices(const struct qf_graph *graph);
uint32_t qf_graph_edges(const struct qf_graph *graph);
uint32_t qf_graph_providers(const struct qf_graph *graph);
uint32_t qf_graph_resources(const struct qf_graph *graph);
const struct qf_edge *qf_graph_edge(const struct qf_graph *graph, uint32_t edge);
/* The vertex of a node, or QF_NONE. */
uint32_t qf_graph_vertex(const struct qf_graph *graph, uint64_t node);
/* Ends of an edge as vertices. */
uint32_t qf_graph_from(const struct qf_graph *graph, uint32_t edge);
uint32_t qf_graph_to(const struct qf_graph *graph, uint32_t edge);
/* The provider of a vertex, numbered from 0. */
uint32_t qf_graph_provider(const struct qf_graph *graph, uint32_t vertex);
/* The resource of an edge, numbered from 0: one number for all its directions. */
uint32_t qf_graph_place(const struct qf_graph *graph, uint32_t edge);
/* May a path take the edge? */
bool qf_graph_fits(const struct qf_graph *graph, uint32_t edge, const struct qf_need *need);
/* Has the edge's resource room for so many paths at once? */
bool qf_graph_room(const struct qf_graph *graph, uint32_t edge, const struct qf_need *need,
		   unsigned int paths);

/**
 * qf_graph_path() - the lightest path from one of some nodes to one of others
 * @graph: the graph
 * @from: vertices
 * @from_count: of them, at least one
 * @to: likewise; a vertex in both makes an empty path
 * @to_count: of them
 * @need: which edges it may take
 * @crowd: what the others take, or NULL
 * @path: the answer, for free(@path->edges); fewest edges among equally light ones, and
 *	the same ones on every machine
 *
 * Return: was there one?
 */
bool qf_graph_path(struct qf_graph *graph, const uint32_t *from, uint32_t from_count,
		   const uint32_t *to, uint32_t to_count, const struct qf_need *need,
		   const struct qf_crowd *crowd, struct qf_path *path);

#endif
