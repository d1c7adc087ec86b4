// SPDX-License-Identifier: GPL-2.0-only
/*
 * Before suspend and hibernation allocation stops and all streams are erased:
 * an image of memory on a disk must hold no key, and a machine that is resumed
 * twice must not spend the same octets twice. After resume each end begins a new
 * incarnation. IPsec associations are taken out as well: two lives of one would send
 * under the same key and numbers.
 *
 * A copy of a virtual machine that the kernel hears of (VM generation id) is
 * treated alike, as best effort: the notice comes after the processors run.
 */
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/suspend.h>
#include <net/net_namespace.h>

#include "binding.h"
#include "event.h"
#include "hashkey.h"
#include "node.h"
#include "pairing.h"
#include "peer.h"
#include "power.h"
#include "remote.h"
#include "stream.h"
#include "xfrm.h"

static void stop_peer(struct qn_peer *peer)
{
	struct qn_remote *r = peer->remote_half;

	/*
	 * Under one hold of the lock: no segment is begun any more, and none is
	 * written to when the stream lets go of them.
	 */
	if (r) {
		spin_lock_bh(&r->lock);
		qn_stream_halt(peer->stream);
		qn_remote_forget(r);
		spin_unlock_bh(&r->lock);
	}
	qn_stream_stop(peer->stream);
	spin_lock_bh(&peer->lock);
	qn_hashkey_drop(peer);
	spin_unlock_bh(&peer->lock);
}

static void start_peer(struct qn_peer *peer)
{
	qn_pairing_restart(peer);
	qn_stream_start(peer->stream);
	/* A tick that came before found the stream stopped, and nothing to do. */
	qn_peer_kick(peer, 0);
}

/*
 * From before the first stream is erased until before the first one starts: a
 * peer that is made in between must not fill up, or its key is in the image.
 */
static bool suspending;

/**
 * qn_power_suspending - shall a new stream take no key yet?
 *
 * Context: under node->lock, which the walk over all peers takes as well.
 */
bool qn_power_suspending(void)
{
	return READ_ONCE(suspending);
}

typedef void (*peer_fn)(struct qn_peer *peer);

static void all_peers(peer_fn fn, bool stop)
{
	struct qn_node *node;
	struct qn_peer *peer;
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net) {
		node = qn_node_get(net);
		if (!node)
			continue;
		mutex_lock(&node->lock);
		/* One that was taken away meanwhile has neither any more. */
		if (!node->dead) {
			list_for_each_entry(peer, &node->peer_list, list)
				fn(peer);
			/* After: no stream gives key for another association. */
			if (stop)
				qn_bindings_drop(node);
		}
		mutex_unlock(&node->lock);
		qn_node_put(node);
		if (stop)
			qn_event(net, QKDNF_EVENT_TYPE_SUSPENDED,
				 &(struct qn_event_args){});
	}
	up_read(&net_rwsem);
	/* ESP's own copies of the key go with the states. */
	if (stop)
		qn_xfrm_flush();
	/* Freed segments were wiped before; let the callbacks run all the same. */
	rcu_barrier();
}

static int pm_event(struct notifier_block *nb, unsigned long action, void *data)
{
	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		WRITE_ONCE(suspending, true);
		all_peers(stop_peer, true);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		WRITE_ONCE(suspending, false);
		all_peers(start_peer, false);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block pm_block = { .notifier_call = pm_event };

static void fork_work(struct work_struct *work)
{
	all_peers(stop_peer, true);
	all_peers(start_peer, false);
}

static DECLARE_WORK(fork_worker, fork_work);

static int vmfork_event(struct notifier_block *nb, unsigned long action,
			void *data)
{
	schedule_work(&fork_worker);
	return NOTIFY_DONE;
}

static struct notifier_block vmfork_block = { .notifier_call = vmfork_event };

int qn_power_init(void)
{
	int err = register_pm_notifier(&pm_block);

	if (err)
		return err;
	err = register_random_vmfork_notifier(&vmfork_block);
	if (err)
		unregister_pm_notifier(&pm_block);
	return err;
}

void qn_power_exit(void)
{
	unregister_random_vmfork_notifier(&vmfork_block);
	cancel_work_sync(&fork_worker);
	unregister_pm_notifier(&pm_block);
}
