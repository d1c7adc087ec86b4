/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arrivals: frames between the UDP socket and the work on them.
 *
 * A frame's payload lies in memory, not in a cache, and a hop reads and writes all
 * of it. Frames are therefore not worked on as UDP hands them over, one by one:
 * each has its payload fetched and waits in a queue of its processor, while IP
 * brings the next. Work then goes on by NAPI, a batch of frames with the same
 * instructions and without a wait for memory. Relayed frames gain a tenth.
 */
#ifndef _QN_ARRIVALS_H
#define _QN_ARRIVALS_H

#include <linux/percpu.h>
#include <linux/skbuff.h>

struct qn_arrivals;
struct qn_node;

typedef void (*qn_arrived_fn)(struct qn_node *node, struct sk_buff *skb);

void qn_arrivals_init(void);
struct qn_arrivals __percpu *qn_arrivals_new(struct qn_node *node,
					     qn_arrived_fn fn);
void qn_arrivals_free(struct qn_arrivals __percpu *arrivals);
void qn_arrivals_put(struct qn_arrivals __percpu *arrivals, struct sk_buff *skb);

#endif /* _QN_ARRIVALS_H */
