// SPDX-License-Identifier: GPL-2.0-only
/*
 * Telling the other end that a binding is gone: docs/protocol.md section 5.5.
 *
 * What the other end sends under an SPI of ours meets nobody any more, so it has to
 * know. That is told again until it is answered, by a note that outlives the binding;
 * a few times only, since a request that is refused says the same later.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/qkdnf.h>

#include "sa.h"
#include "sa_parts.h"

#define TIMES	6	/* 250 ms, 500 ms ... 4 s apart */
#define MANY	256	/* notes of a node; who deletes more tells the others once */

struct farewell {
	struct list_head list;		/* under qn_bindings.farewell_lock */
	u32 reqid;
	u64 peer;
	struct qn_sa_pairing of;
	u64 id;
	unsigned long at;		/* jiffies of the next repetition */
	u32 wait;			/* milliseconds to the one after */
	u32 left;			/* repetitions */
};

static void say(struct qn_node *node, const struct farewell *f)
{
	struct qn_sa_pairing now;
	struct qn_peer *peer;

	rcu_read_lock();
	peer = qn_sa_peer_of(node, f->peer, &now);
	if (peer && qn_sa_same(&now, f->of.own, f->of.other))
		qn_sa_answer(peer, QN_SA_END, 0, f->reqid, QN_SA_GONE, f->id, 0);
	rcu_read_unlock();
}

/* Take one that is due, for a last time or not. Return: false if none is. */
static bool due(struct qn_bindings *bs, struct farewell *copy, u32 *next)
{
	struct farewell *f, *n;
	bool found = false;

	*next = 0;
	spin_lock_bh(&bs->farewell_lock);
	list_for_each_entry_safe(f, n, &bs->farewells, list) {
		if (time_before(jiffies, f->at)) {
			*next = *next ? min(*next, qn_sa_until(f->at)) :
					qn_sa_until(f->at);
			continue;
		}
		*copy = *f;
		found = true;
		f->at = jiffies + msecs_to_jiffies(f->wait);
		f->wait *= 2;
		if (!--f->left) {
			list_del(&f->list);
			bs->farewell_count--;
			kfree(f);
		}
		break;
	}
	spin_unlock_bh(&bs->farewell_lock);
	return found;
}

/**
 * qn_sa_farewell_work - repeat what is not answered
 * @work: qn_bindings.farewell
 */
void qn_sa_farewell_work(struct work_struct *work)
{
	struct qn_bindings *bs = container_of(to_delayed_work(work),
					      struct qn_bindings, farewell);
	struct farewell f;
	u32 next;

	while (due(bs, &f, &next))
		say(bs->node, &f);
	if (next)
		queue_delayed_work(bs->node->wq, &bs->farewell,
				   msecs_to_jiffies(next));
}

/**
 * qn_sa_farewell - tell the other end that a binding is gone
 * @b: the binding, which nobody finds any more
 *
 * Context: process, under node->lock.
 */
void qn_sa_farewell(struct qn_binding *b)
{
	struct qn_bindings *bs = b->node->bindings;
	struct farewell *f, once = {
		.reqid = b->c.reqid,
		.peer = b->c.peer,
		.wait = 2 * QN_SA_REPEAT_MS,
		.left = TIMES - 1,
	};
	bool met;

	rcu_read_lock();
	met = qn_sa_peer(b, &once.of);
	rcu_read_unlock();
	if (!met)
		return;
	/* Above the ids of its requests, and below those of the next such binding. */
	once.id = max_t(u64, b->request.id + 1, ktime_get_boottime_ns());
	once.at = jiffies + msecs_to_jiffies(QN_SA_REPEAT_MS);
	say(b->node, &once);
	f = kmemdup(&once, sizeof(once), GFP_KERNEL_ACCOUNT);
	if (!f)
		return;
	spin_lock_bh(&bs->farewell_lock);
	if (bs->farewell_count < MANY) {
		bs->farewell_count++;
		list_add_tail(&f->list, &bs->farewells);
		f = NULL;
	}
	spin_unlock_bh(&bs->farewell_lock);
	kfree(f);
	mod_delayed_work(b->node->wq, &bs->farewell, 1);
}

/**
 * qn_sa_farewell_done - no need to say it again
 * @bs: the bindings of a node
 * @peer: the other end
 * @reqid: of the binding
 * @id: that the other end has heard; 0: any, since there is such a binding again
 *
 * Context: any.
 */
void qn_sa_farewell_done(struct qn_bindings *bs, u64 peer, u32 reqid, u64 id)
{
	struct farewell *f, *n;

	spin_lock_bh(&bs->farewell_lock);
	list_for_each_entry_safe(f, n, &bs->farewells, list) {
		if (f->peer != peer || f->reqid != reqid || (id && f->id != id))
			continue;
		list_del(&f->list);
		bs->farewell_count--;
		kfree(f);
	}
	spin_unlock_bh(&bs->farewell_lock);
}

/**
 * qn_sa_farewells_end - say nothing any more
 * @bs: the bindings of a node that goes away; none are there
 *
 * Context: process.
 */
void qn_sa_farewells_end(struct qn_bindings *bs)
{
	struct farewell *f, *n;

	cancel_delayed_work_sync(&bs->farewell);
	list_for_each_entry_safe(f, n, &bs->farewells, list)
		kfree(f);
}
