// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tunnel and its peer: who points at whom, and whether there is key.
 *
 * The queues of the device follow the peer's lane with hysteresis. A sender that
 * finds less than the low mark stops its queue and leaves the packet in it; the
 * peer's tick starts the queues when the lane has the high mark again. If that
 * takes long the carrier goes, so that routing looks for another way.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>

#include "hash.h"
#include "stream.h"
#include "tunnel.h"

#define WAIT_MS		50	/* how often a waiting tunnel looks for key */
#define CARRIER_MS	3000	/* so long without key, and the carrier goes */

/* Nests in everything; nothing is done under it but to set the pointers. */
static DEFINE_SPINLOCK(bind_lock);

/**
 * qn_tunnel_bind - let a device send to, and hear, a peer
 * @t: registered device without a peer
 * @peer: the peer
 *
 * Context: process, under RTNL and node->lock, so that the peer stays. Return: 0,
 * or -EEXIST: it has a tunnel.
 */
int qn_tunnel_bind(struct qn_tunnel *t, struct qn_peer *peer)
{
	int err = 0;

	lockdep_assert_held(&peer->node->lock);
	spin_lock_bh(&bind_lock);
	if (rcu_access_pointer(peer->tunnel)) {
		err = -EEXIST;
	} else {
		rcu_assign_pointer(t->peer, peer);
		rcu_assign_pointer(peer->tunnel, t);
		/* A remote stream's ends agree a hash key on demand. */
		WRITE_ONCE(peer->hash_wanted, true);
	}
	spin_unlock_bh(&bind_lock);
	if (!err)
		qn_peer_kick(peer, 0);
	return err;
}

static void unbind_locked(struct qn_tunnel *t, struct qn_peer *peer)
{
	lockdep_assert_held(&bind_lock);
	RCU_INIT_POINTER(t->peer, NULL);
	RCU_INIT_POINTER(peer->tunnel, NULL);
	WRITE_ONCE(peer->hash_wanted, false);
	WRITE_ONCE(peer->key_wanted, false);
}

/**
 * qn_tunnel_unbind - the device goes
 * @t: the device; it is freed after a grace period
 *
 * Context: process, under RTNL.
 */
void qn_tunnel_unbind(struct qn_tunnel *t)
{
	struct qn_peer *peer;

	spin_lock_bh(&bind_lock);
	peer = rcu_dereference_protected(t->peer, lockdep_is_held(&bind_lock));
	if (peer)
		unbind_locked(t, peer);
	spin_unlock_bh(&bind_lock);
}

/**
 * qn_tunnel_forget_peer - the peer goes, and its tunnel has nobody to send to
 * @peer: the peer; it is freed after a grace period
 *
 * The device itself is taken away by qn_tunnel_reap(), which needs RTNL.
 *
 * Context: process, under node->lock.
 */
void qn_tunnel_forget_peer(struct qn_peer *peer)
{
	struct qn_tunnel *t;

	spin_lock_bh(&bind_lock);
	t = rcu_dereference_protected(peer->tunnel, lockdep_is_held(&bind_lock));
	if (t) {
		unbind_locked(t, peer);
		netif_carrier_off(t->dev);
	}
	spin_unlock_bh(&bind_lock);
}

/**
 * qn_tunnel_state - does it carry traffic, and if not, why
 * @t: the tunnel
 * @peer: its peer
 *
 * Context: under rcu_read_lock().
 */
enum qkdnf_tunnel_state qn_tunnel_state(const struct qn_tunnel *t,
					const struct qn_peer *peer)
{
	if (!netif_running(t->dev))
		return QKDNF_TUNNEL_DOWN;
	if (!READ_ONCE(peer->pairing.made) || !rcu_access_pointer(peer->hash_out))
		return QKDNF_TUNNEL_UNPAIRED;
	if (READ_ONCE(peer->computational) && !READ_ONCE(t->c.allow_rng))
		return QKDNF_TUNNEL_RNG;
	return READ_ONCE(t->waiting) ? QKDNF_TUNNEL_WAITING : QKDNF_TUNNEL_UP;
}

static void begin_waiting(struct qn_tunnel *t, struct qn_peer *peer)
{
	t->waiting_at = jiffies;
	WRITE_ONCE(t->waiting, true);
	WRITE_ONCE(peer->key_wanted, netif_running(t->dev));
}

/* Return: milliseconds to the next look. */
static u32 look(struct qn_tunnel *t, struct qn_peer *peer)
{
	u32 ready = READ_ONCE(peer->stream->ready_count);

	if (ready >= READ_ONCE(t->resume)) {
		WRITE_ONCE(t->waiting, false);
		WRITE_ONCE(peer->key_wanted, false);
	} else if (!t->waiting &&
		   (ready < READ_ONCE(t->keep) || READ_ONCE(t->starved))) {
		begin_waiting(t, peer);
		atomic64_inc(&t->waits);
	}
	WRITE_ONCE(t->starved, false);
	switch (qn_tunnel_state(t, peer)) {
	case QKDNF_TUNNEL_UP:
		netif_carrier_on(t->dev);
		/* Whether or not we know of it: a sender may just have stopped. */
		netif_tx_wake_all_queues(t->dev);
		return QN_HELLO_MS;
	case QKDNF_TUNNEL_WAITING:
		if (time_after(jiffies, t->waiting_at + msecs_to_jiffies(CARRIER_MS)))
			netif_carrier_off(t->dev);
		return WAIT_MS;
	default:
		/* It begins, and begins again, with the high mark. */
		begin_waiting(t, peer);
		netif_carrier_off(t->dev);
		return QN_HELLO_MS;
	}
}

/**
 * qn_tunnel_tick - have a tunnel's queues and carrier follow its peer
 * @peer: any peer
 *
 * Context: process. Return: milliseconds until it is due again.
 */
u32 qn_tunnel_tick(struct qn_peer *peer)
{
	u32 next = QN_PROBE_MS_MAX;
	struct qn_tunnel *t;

	rcu_read_lock();
	t = rcu_dereference(peer->tunnel);
	if (t)
		next = look(t, peer);
	rcu_read_unlock();
	return next;
}
