/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ingresses: which neighbour brought which flows, and how many he may bring.
 *
 * A neighbour names origin and destination of what it relays, so it can make up
 * as many streams as it likes. It fills its own share of the table with them and
 * no other's.
 */
#ifndef _QN_INGRESS_H
#define _QN_INGRESS_H

#include <linux/list.h>
#include <linux/rhashtable.h>
#include <linux/types.h>

struct qn_flow;
struct qn_flows;

/**
 * struct qn_ingress - the flows that came from one neighbour
 *
 * There while it has flows. All under the lock of the node's flows.
 */
struct qn_ingress {
	u64 peer;			/* node id; 0: this node is the origin */
	struct rhash_head hash;
	struct list_head flows;		/* those looked at longest ago first */
	u32 count;
	struct rcu_head rcu;		/* the table is still being walked */
};

int qn_ingress_init(struct qn_flows *fs);
void qn_ingress_exit(struct qn_flows *fs);

/* Under fs->lock. */
bool qn_ingress_full(struct qn_flows *fs, u64 peer);
struct qn_flow *qn_ingress_idle(struct qn_flows *fs, u64 peer);
int qn_ingress_join(struct qn_flows *fs, struct qn_flow *f, u64 peer);
void qn_ingress_leave(struct qn_flows *fs, struct qn_flow *f);

#endif /* _QN_INGRESS_H */
