/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bounded memory: a tree of budgets, peer under namespace under module.
 *
 * A charge goes to each budget on the way up or to none.
 */
#ifndef _QN_MEM_H
#define _QN_MEM_H

#include <linux/atomic.h>
#include <linux/types.h>

struct qn_mem {
	atomic_long_t used;
	long max;
	struct qn_mem *parent;
};

static inline void qn_mem_init(struct qn_mem *m, long max, struct qn_mem *parent)
{
	atomic_long_set(&m->used, 0);
	m->max = max;
	m->parent = parent;
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
