/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bounded memory: a tree of budgets, peer under namespace under module.
 *
 * A charge goes to each budget on the way up or to none.
 */
#ifndef _QN_MEM_H
#define _QN_MEM_H

#include <linux/atomic.h>
#include <linux/sched/mm.h>
#include <linux/types.h>

struct qn_mem {
	atomic_long_t used;
	long max;
	struct qn_mem *parent;
	struct mem_cgroup *group;	/* pays as well, held; NULL: nobody does */
};

static inline void qn_mem_init(struct qn_mem *m, long max, struct qn_mem *parent)
{
	atomic_long_set(&m->used, 0);
	m->max = max;
	m->parent = parent;
	m->group = NULL;
}

/**
 * qn_mem_enter - have allocations with __GFP_ACCOUNT paid for by a budget's group
 * @m: budget; may be NULL
 *
 * Most memory is got by workers and in softirq, which no group pays for. Context:
 * any. Return: for qn_mem_leave().
 */
static inline struct mem_cgroup *qn_mem_enter(const struct qn_mem *m)
{
	return m && m->group ? set_active_memcg(m->group) : NULL;
}

/**
 * qn_mem_leave - no longer
 * @m: budget; may be NULL
 * @before: what qn_mem_enter() returned
 */
static inline void qn_mem_leave(const struct qn_mem *m, struct mem_cgroup *before)
{
	if (m && m->group)
		set_active_memcg(before);
}

/**
 * qn_mem_uncharge - give octets back to @m and to the budgets above, up to @end
 * @m: budget
 * @octets: octets
 * @end: where to stop; NULL: at the top
 */
static inline void qn_mem_uncharge(struct qn_mem *m, long octets,
				   struct qn_mem *end)
{
	for (; m != end; m = m->parent)
		atomic_long_sub(octets, &m->used);
}

/**
 * qn_mem_charge - take octets from @m and every budget above it
 * @m: budget
 * @octets: octets
 *
 * Context: any. Return: false, with nothing taken, if one of them is spent.
 */
static inline bool qn_mem_charge(struct qn_mem *m, long octets)
{
	struct qn_mem *at;

	for (at = m; at; at = at->parent) {
		if (atomic_long_add_return(octets, &at->used) > READ_ONCE(at->max)) {
			atomic_long_sub(octets, &at->used);
			qn_mem_uncharge(m, octets, at);
			return false;
		}
	}
	return true;
}

/**
 * qn_mem_has - would a charge succeed just now?
 * @m: budget; NULL has all
 * @octets: octets
 */
static inline bool qn_mem_has(const struct qn_mem *m, long octets)
{
	for (; m; m = m->parent)
		if (atomic_long_read(&m->used) + octets > READ_ONCE(m->max))
			return false;
	return true;
}

#endif /* _QN_MEM_H */
