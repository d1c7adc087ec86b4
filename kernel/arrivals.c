// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that have arrived. See arrivals.h.
 */
#include <linux/minmax.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <net/dst.h>

#include "arrivals.h"
#include "segment.h"
#include "wire.h"

/* So many wait at most. What comes beyond is worked on in place, the oldest first. */
#define WAITING_MAX	256

/*
 * struct qn_arrivals - those of one processor
 * @queue: they; its lock is taken by this processor alone, unless its work was
 *	handed to another since it went offline
 */
struct qn_arrivals {
	struct napi_struct napi;
	struct sk_buff_head queue;
	struct qn_node *node;
	qn_arrived_fn fn;
};

/* NAPI wants a device; this one is none. */
static struct net_device nobody;

static void fetch(const struct sk_buff *skb)
{
	qn_prefetch(skb->data, min_t(u32, skb_headlen(skb), QN_FRAME_MAX));
}

static int poll(struct napi_struct *napi, int budget)
{
	struct qn_arrivals *a = container_of(napi, struct qn_arrivals, napi);
	struct sk_buff_head now;
	struct sk_buff *skb;
	int done;

	__skb_queue_head_init(&now);
	spin_lock(&a->queue.lock);
	for (done = 0; done < budget; done++) {
		skb = __skb_dequeue(&a->queue);
		if (!skb)
			break;
		__skb_queue_tail(&now, skb);
	}
	spin_unlock(&a->queue.lock);

	rcu_read_lock();
	while ((skb = __skb_dequeue(&now))) {
		/* From the second cache to the first. */
		if (!skb_queue_empty(&now))
			fetch(skb_peek(&now));
		a->fn(a->node, skb);
	}
	rcu_read_unlock();
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

/**
 * qn_arrivals_put - a frame has arrived
 * @arrivals: the node's
 * @skb: the frame, its data behind the UDP header; consumed
 *
 * Context: softirq, under rcu_read_lock().
 */
void qn_arrivals_put(struct qn_arrivals __percpu *arrivals, struct sk_buff *skb)
{
	struct qn_arrivals *a = this_cpu_ptr(arrivals);
	struct sk_buff *oldest = NULL;
	u32 waiting;

	fetch(skb);
	/* Neither is held for as long as it may wait, nor of use any more. */
	skb_dst_drop(skb);
	skb->dev = NULL;
	spin_lock(&a->queue.lock);
	__skb_queue_tail(&a->queue, skb);
	waiting = skb_queue_len(&a->queue);
	if (waiting > WAITING_MAX)
		oldest = __skb_dequeue(&a->queue);
	spin_unlock(&a->queue.lock);
	if (waiting == 1)
		napi_schedule(&a->napi);
	if (oldest)
		a->fn(a->node, oldest);
}

/**
 * qn_arrivals_new - queues for a node
 * @node: the node
 * @fn: called for each frame, in softirq under rcu_read_lock(), in the order in
 *	which a processor was given them; consumes it
 *
 * Context: process, may sleep. Return: them or NULL.
 */
struct qn_arrivals __percpu *qn_arrivals_new(struct qn_node *node,
					     qn_arrived_fn fn)
{
	struct qn_arrivals __percpu *arrivals = alloc_percpu(struct qn_arrivals);
	int cpu;

	if (!arrivals)
		return NULL;
	for_each_possible_cpu(cpu) {
		struct qn_arrivals *a = per_cpu_ptr(arrivals, cpu);

		skb_queue_head_init(&a->queue);
		a->node = node;
		a->fn = fn;
		/* No socket of a user's reads what comes here. */
		set_bit(NAPI_STATE_NO_BUSY_POLL, &a->napi.state);
		netif_napi_add(&nobody, &a->napi, poll);
		napi_enable(&a->napi);
	}
	return arrivals;
}

/**
 * qn_arrivals_free - drop what still waits, and the queues
 * @arrivals: from qn_arrivals_new(); nothing is put there any more
 *
 * Context: process, may sleep.
 */
void qn_arrivals_free(struct qn_arrivals __percpu *arrivals)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct qn_arrivals *a = per_cpu_ptr(arrivals, cpu);

		napi_disable(&a->napi);
		__netif_napi_del(&a->napi);
		skb_queue_purge(&a->queue);
	}
	synchronize_net();	/* as __netif_napi_del() asks for */
	free_percpu(arrivals);
}

/**
 * qn_arrivals_init - once, before any node is made
 */
void __init qn_arrivals_init(void)
{
	init_dummy_netdev(&nobody);
}
