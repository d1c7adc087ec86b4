// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways that do not meet: a flow through groups that let one way pass each. */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "flow.h"

#define NONE UINT32_MAX

/*
 * A group is two vertices, where ways come in and where they leave, with an arc of one way
 * between them. Arcs stand in pairs, each the other's way back.
 */
struct arc {
	uint32_t to;
	uint32_t next;	/* of the same vertex */
	uint32_t left;	/* ways it still has room for */
	uint32_t whole; /* at first */
};

struct qf_flow {
	uint32_t groups;
	uint32_t start;
	uint32_t end;
	uint32_t *head;
	struct arc *arcs;
	uint32_t count;
	uint32_t room;
	uint32_t *via;
	uint32_t *queue;
};

#define IN(g)  (2 * (g))
#define OUT(g) (2 * (g) + 1)

static void add(struct qf_flow *f, uint32_t from, uint32_t to, uint32_t ways)
{
	if (f->count + 2 > f->room) {
		f->room = 2 * f->room + 64;
		f->arcs = qn_realloc(f->arcs, f->room * sizeof(*f->arcs));
	}
	f->arcs[f->count] = (struct arc){ to, f->head[from], ways, ways };
	f->head[from] = f->count++;
	f->arcs[f->count] = (struct arc){ from, f->head[to], 0, 0 };
	f->head[to] = f->count++;
}

struct qf_flow *qf_flow_new(uint32_t groups, uint32_t start, uint32_t end)
{
	struct qf_flow *f = qn_alloc(sizeof(*f));
	uint32_t g;

	f->groups = groups;
	f->start = start;
	f->end = end;
	f->head = qn_alloc(2 * (size_t)groups * sizeof(*f->head));
	f->via = qn_alloc(2 * (size_t)groups * sizeof(*f->via));
	f->queue = qn_alloc(2 * (size_t)groups * sizeof(*f->queue));
	memset(f->head, 0xff, 2 * (size_t)groups * sizeof(*f->head));
	for (g = 0; g < groups; g++)
		if (g != start && g != end)
			add(f, IN(g), OUT(g), 1);
	return f;
}

void qf_flow_free(struct qf_flow *f)
{
	if (!f)
		return;
	free(f->head);
	free(f->arcs);
	free(f->via);
	free(f->queue);
	free(f);
}

void qf_flow_arc(struct qf_flow *f, uint32_t from, uint32_t to, unsigned int ways)
{
	/* No way passes a start twice, or goes on from its end. */
	if (to == f->start || from == f->end)
		return;
	add(f, OUT(from), IN(to), ways);
}

/* One more way, the shortest there is room for. */
static bool augment(struct qf_flow *f)
{
	uint32_t first = 0, last = 0, v, a;

	memset(f->via, 0xff, 2 * (size_t)f->groups * sizeof(*f->via));
	f->queue[last++] = OUT(f->start);
	while (first < last) {
		v = f->queue[first++];
		if (v == IN(f->end))
			break;
		for (a = f->head[v]; a != NONE; a = f->arcs[a].next) {
			uint32_t to = f->arcs[a].to;

			if (!f->arcs[a].left || f->via[to] != NONE || to == OUT(f->start))
				continue;
			f->via[to] = a;
			f->queue[last++] = to;
		}
	}
	if (f->via[IN(f->end)] == NONE)
		return false;
	for (v = IN(f->end); v != OUT(f->start); v = f->arcs[f->via[v] ^ 1].to) {
		f->arcs[f->via[v]].left--;
		f->arcs[f->via[v] ^ 1].left++;
	}
	return true;
}

unsigned int qf_flow_most(struct qf_flow *f, unsigned int limit)
{
	unsigned int found = 0;

	while (found < limit && augment(f))
		found++;
	return found;
}

uint32_t qf_flow_next(struct qf_flow *f, uint32_t group)
{
	uint32_t a;

	if (group == f->end)
		return NONE;
	for (a = f->head[OUT(group)]; a != NONE; a = f->arcs[a].next) {
		if (a & 1 || f->arcs[a].left == f->arcs[a].whole)
			continue;
		f->arcs[a].left++;
		return f->arcs[a].to / 2;
	}
	return NONE;
}
