// SPDX-License-Identifier: GPL-2.0-or-later
/* The federation as a graph: index and lightest paths (Dijkstra). */
#include <stdlib.h>
#include <string.h>

#include "graph.h"

struct entry {
	uint64_t weight;
	uint32_t vertex;
};

/*
 * Edges stand in the order of the vertex that they leave, so that a search walks through
 * memory; @first has where each vertex's begin.
 */
struct qf_graph {
	uint32_t vertices;
	uint32_t edges;
	uint32_t providers;
	uint32_t resources;
	uint64_t *nodes;
	uint32_t *provider;
	uint32_t *first;
	struct qf_edge *edge;
	uint32_t *to;
	uint32_t *from;
	uint32_t *place;
	uint64_t *resource;

	/* of a search */
	uint64_t *weight;
	uint32_t *via;
	uint32_t *round;
	uint32_t *settled;
	uint32_t *goal;
	uint32_t now;
	struct entry *heap;
	uint32_t heaped;
};

static int by_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int by_edge(const void *a, const void *b)
{
	const struct qf_edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->resource != y->resource)
		return x->resource < y->resource ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* Sort and drop repetitions. Returns how many are left. */
static uint32_t distinct(uint64_t *list, uint32_t count)
{
	uint32_t i, kept = 0;

	qsort(list, count, sizeof(*list), by_u64);
	for (i = 0; i < count; i++)
		if (!i || list[i] != list[i - 1])
			list[kept++] = list[i];
	return kept;
}

static uint32_t find(const uint64_t *list, uint32_t count, uint64_t value)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (list[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && list[low] == value ? low : QF_NONE;
}

struct qf_graph *qf_graph_new(const struct qf_edge *edges, uint32_t count)
{
	struct qf_graph *g = qn_alloc(sizeof(*g));
	uint32_t i, v;

	g->edges = count;
	g->edge = qn_alloc((count + 1) * sizeof(*g->edge));
	if (count)
		memcpy(g->edge, edges, count * sizeof(*edges));
	qsort(g->edge, count, sizeof(*g->edge), by_edge);

	g->nodes = qn_alloc((2 * (size_t)count + 1) * sizeof(*g->nodes));
	g->resource = qn_alloc((count + 1) * sizeof(*g->resource));
	for (i = 0; i < count; i++) {
		g->nodes[2 * i] = g->edge[i].from;
		g->nodes[2 * i + 1] = g->edge[i].to;
		g->resource[i] = g->edge[i].resource;
	}
	g->vertices = distinct(g->nodes, 2 * count);
	g->resources = distinct(g->resource, count);

	g->from = qn_alloc((count + 1) * sizeof(*g->from));
	g->to = qn_alloc((count + 1) * sizeof(*g->to));
	g->place = qn_alloc((count + 1) * sizeof(*g->place));
	g->first = qn_alloc((g->vertices + 1) * sizeof(*g->first));
	for (i = 0, v = 0; i < count; i++) {
		while (g->nodes[v] != g->edge[i].from)
			g->first[++v] = i;
		g->from[i] = v;
		g->to[i] = find(g->nodes, g->vertices, g->edge[i].to);
		g->place[i] = find(g->resource, g->resources, g->edge[i].resource);
	}
	while (v < g->vertices)
		g->first[++v] = count;

	/* The nodes are in order, so a provider's are together. */
	g->provider = qn_alloc((g->vertices + 1) * sizeof(*g->provider));
	for (v = 0; v < g->vertices; v++) {
		if (v && g->nodes[v] >> 32 != g->nodes[v - 1] >> 32)
			g->providers++;
		g->provider[v] = g->providers;
	}
	if (g->vertices)
		g->providers++;

	g->weight = qn_alloc((g->vertices + 1) * sizeof(*g->weight));
	g->via = qn_alloc((g->vertices + 1) * sizeof(*g->via));
	g->round = qn_alloc((g->vertices + 1) * sizeof(*g->round));
	g->settled = qn_alloc((g->vertices + 1) * sizeof(*g->settled));
	g->goal = qn_alloc((g->vertices + 1) * sizeof(*g->goal));
	/* Each edge puts its end on the heap once at most, each start once. */
	g->heap = qn_alloc(((size_t)count + g->vertices + 1) * sizeof(*g->heap));
	return g;
}

void qf_graph_free(struct qf_graph *g)
{
	if (!g)
		return;
	free(g->nodes);
	free(g->provider);
	free(g->first);
	free(g->edge);
	free(g->to);
	free(g->from);
	free(g->place);
	free(g->resource);
	free(g->weight);
	free(g->via);
	free(g->round);
	free(g->settled);
	free(g->goal);
	free(g->heap);
	free(g);
}

unsigned int qf_graph_update(struct qf_graph *g, uint64_t resource, uint64_t free_bps,
			     uint64_t cost)
{
	uint32_t place = find(g->resource, g->resources, resource), i;
	unsigned int changed = 0;

	if (place == QF_NONE)
		return 0;
	for (i = 0; i < g->edges; i++) {
		if (g->place[i] != place)
			continue;
		g->edge[i].free_bps = free_bps;
		g->edge[i].cost = cost;
		changed++;
	}
	return changed;
}

uint32_t qf_graph_vertices(const struct qf_graph *g)
{
	return g->vertices;
}

uint32_t qf_graph_edges(const struct qf_graph *g)
{
	return g->edges;
}

uint32_t qf_graph_providers(const struct qf_graph *g)
{
	return g->providers;
}

uint32_t qf_graph_resources(const struct qf_graph *g)
{
	return g->resources;
}

const struct qf_edge *qf_graph_edge(const struct qf_graph *g, uint32_t edge)
{
	return &g->edge[edge];
}

uint32_t qf_graph_vertex(const struct qf_graph *g, uint64_t node)
{
	return find(g->nodes, g->vertices, node);
}

uint32_t qf_graph_from(const struct qf_graph *g, uint32_t edge)
{
	return g->from[edge];
}

uint32_t qf_graph_to(const struct qf_graph *g, uint32_t edge)
{
	return g->to[edge];
}

uint32_t qf_graph_provider(const struct qf_graph *g, uint32_t vertex)
{
	return g->provider[vertex];
}

uint32_t qf_graph_place(const struct qf_graph *g, uint32_t edge)
{
	return g->place[edge];
}

bool qf_graph_room(const struct qf_graph *g, uint32_t edge, const struct qf_need *need,
		   unsigned int paths)
{
	return g->edge[edge].free_bps / paths >= need->bps;
}

bool qf_graph_fits(const struct qf_graph *g, uint32_t edge, const struct qf_need *need)
{
	const struct qf_edge *e = &g->edge[edge];

	return e->free_bps >= need->bps && e->assurance >= need->assurance &&
	       (e->schemes & need->schemes) == need->schemes &&
	       (!need->allowed || need->allowed[g->to[edge]]);
}

/* --- heap ----------------------------------------------------------------------------- */

static bool lighter(const struct entry *a, const struct entry *b)
{
	/* A search must come out alike on every machine. */
	return a->weight != b->weight ? a->weight < b->weight : a->vertex < b->vertex;
}

static void push(struct qf_graph *g, uint64_t weight, uint32_t vertex)
{
	struct entry entry = { .weight = weight, .vertex = vertex };
	uint32_t i = g->heaped++;

	while (i && lighter(&entry, &g->heap[(i - 1) / 2])) {
		g->heap[i] = g->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	g->heap[i] = entry;
}

static struct entry pop(struct qf_graph *g)
{
	struct entry top = g->heap[0], last = g->heap[--g->heaped];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < g->heaped) {
		if (child + 1 < g->heaped && lighter(&g->heap[child + 1], &g->heap[child]))
			child++;
		if (!lighter(&g->heap[child], &last))
			break;
		g->heap[i] = g->heap[child];
		i = child;
	}
	g->heap[i] = last;
	return top;
}

/* --- search ----------------------------------------------------------------------------- */

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/*
 * What an edge adds to a path. The last digits count edges, so that of equally dear paths
 * the shorter one is lighter.
 */
static uint64_t weigh(const struct qf_graph *g, uint32_t edge, const struct qf_need *need,
		      const struct qf_crowd *crowd)
{
	const struct qf_edge *e = &g->edge[edge];
	uint32_t to = g->to[edge], taken;
	uint64_t weight;

	if (need->fastest)
		return ((uint64_t)e->latency_us << 8) + 1;
	weight = plus((e->cost << 8) + 1, times(need->per_us, e->latency_us));
	if (!crowd)
		return weight;
	weight = plus(weight, crowd->vertex[to]);
	if (g->provider[to] != g->provider[g->from[edge]])
		weight = plus(weight, crowd->provider[g->provider[to]]);
	taken = crowd->taken[g->place[edge]];
	if (taken && !qf_graph_room(g, edge, need, taken + 1))
		weight = plus(weight, crowd->full);
	return weight;
}

static bool take(struct qf_graph *g, uint32_t last, struct qf_path *path)
{
	uint32_t v, count = 0;

	for (v = last; g->via[v] != QF_NONE; v = g->from[g->via[v]])
		count++;
	path->count = count;
	path->edges = qn_alloc((count + 1) * sizeof(*path->edges));
	for (v = last; g->via[v] != QF_NONE; v = g->from[g->via[v]])
		path->edges[--count] = g->via[v];
	return true;
}

bool qf_graph_path(struct qf_graph *g, const uint32_t *from, uint32_t from_count,
		   const uint32_t *to, uint32_t to_count, const struct qf_need *need,
		   const struct qf_crowd *crowd, struct qf_path *path)
{
	uint32_t i;

	path->edges = NULL;
	path->count = 0;
	if (!++g->now) { /* the marks of 2^32 searches ago look fresh again */
		memset(g->round, 0, g->vertices * sizeof(*g->round));
		memset(g->settled, 0, g->vertices * sizeof(*g->settled));
		memset(g->goal, 0, g->vertices * sizeof(*g->goal));
		g->now = 1;
	}
	g->heaped = 0;
	for (i = 0; i < to_count; i++)
		g->goal[to[i]] = g->now;
	for (i = 0; i < from_count; i++) {
		if (g->round[from[i]] == g->now)
			continue;
		g->round[from[i]] = g->now;
		g->weight[from[i]] = 0;
		g->via[from[i]] = QF_NONE;
		push(g, 0, from[i]);
	}
	while (g->heaped) {
		uint32_t v = pop(g).vertex;

		if (g->settled[v] == g->now)
			continue;
		g->settled[v] = g->now;
		if (g->goal[v] == g->now)
			return take(g, v, path);
		for (i = g->first[v]; i < g->first[v + 1]; i++) {
			uint32_t next = g->to[i];
			uint64_t weight;

			if (g->settled[next] == g->now || !qf_graph_fits(g, i, need))
				continue;
			weight = plus(g->weight[v], weigh(g, i, need, crowd));
			if (g->round[next] == g->now && weight >= g->weight[next])
				continue;
			g->round[next] = g->now;
			g->weight[next] = weight;
			g->via[next] = i;
			push(g, weight, next);
		}
	}
	return false;
}
