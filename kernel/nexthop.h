/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Next hops: which neighbour a relayed frame goes to, and which neighbour may
 * bring one from there.
 */
#ifndef _QN_NEXTHOP_H
#define _QN_NEXTHOP_H

#include <linux/types.h>

struct qn_node;
struct qn_peer;

/* All under rcu_read_lock(). */
struct qn_peer *qn_route_next(struct qn_node *node, u64 destination, u8 share,
			      u8 shares, const struct qn_peer *not_to);
struct qn_peer *qn_route_other(struct qn_node *node, u64 destination, u8 share,
			       u8 shares, const struct qn_peer *tried);
bool qn_route_from(struct qn_node *node, u64 far_end, u8 share, u8 shares,
		   const struct qn_peer *ingress);

#endif /* _QN_NEXTHOP_H */
