// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hash keys of bulk frames: docs/protocol.md section 5.2.1.
 *
 * Each end takes the key of its own direction from its own lane, once a pairing,
 * and names its place in HELLO until the other end says that it holds it. The
 * octets serve nothing else, live as long as the pairing and die with it.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "hash.h"
#include "hashkey.h"
#include "stream.h"

static void free_rcu_cb(struct rcu_head *head)
{
	kfree_sensitive(container_of(head, struct qn_hash, rcu));
}

static void put(struct qn_hash *h)
{
	if (h)
		call_rcu(&h->rcu, free_rcu_cb);
}

static struct qn_hash *swap_in(struct qn_peer *peer, struct qn_hash *h)
{
	return rcu_replace_pointer(peer->hash_in, h,
				   lockdep_is_held(&peer->lock));
}

/**
 * qn_hashkey_offsets - where the hash keys in use were taken from
 * @peer: any peer
 * @out: of own bulk frames, or QN_HASH_NONE
 * @in: of the other end's, or QN_HASH_NONE
 *
 * Context: under peer->lock.
 */
void qn_hashkey_offsets(const struct qn_peer *peer, u64 *out, u64 *in)
{
	struct qn_hash *o = rcu_dereference_protected(peer->hash_out,
						      lockdep_is_held(&peer->lock));
	struct qn_hash *i = rcu_dereference_protected(peer->hash_in,
						      lockdep_is_held(&peer->lock));

	*out = o ? o->offset : QN_HASH_NONE;
	*in = i ? i->offset : QN_HASH_NONE;
}

/**
 * qn_hashkey_prepare - have a hash key to name, if the pairing lacks one
 * @peer: a peer, paired and up
 *
 * One that was named several times in vain is given up for another: its octets
 * may be gone at the other end. Each is named twice as often as the one before, as
 * the answer may only be slow: the way there and back can take many HELLOs.
 *
 * Context: process.
 */
void qn_hashkey_prepare(struct qn_peer *peer)
{
	struct qn_hash *h, *old = NULL;
	struct qn_range r;

	if (rcu_access_pointer(peer->hash_out) ||
	    (READ_ONCE(peer->hash_named) &&
	     READ_ONCE(peer->hash_names) < READ_ONCE(peer->hash_patience)))
		return;
	h = kzalloc(sizeof(*h), GFP_KERNEL);
	if (!h)
		return;
	rcu_read_lock();
	spin_lock_bh(&peer->lock);
	/* The pairing may have ended meanwhile, and key of another be taken. */
	if (peer->pairing.made && peer->up && !rcu_access_pointer(peer->hash_out) &&
	    !qn_stream_alloc(peer->stream, QN_HASH_OCTETS, QN_ALLOC_DATA, &r)) {
		qn_hash_load(h, r.key);
		qn_range_erase(&r);
		h->offset = r.offset;
		qn_count_add(peer, QN_C_CONTROL_OCTETS, QN_HASH_OCTETS);
		old = peer->hash_named;
		peer->hash_named = h;
		peer->hash_names = 0;
		peer->hash_patience = old ? min(2 * peer->hash_patience,
						QN_HASH_NAMED_MAX) : QN_HASH_NAMED;
		peer->hello_at = jiffies;
		h = NULL;
	}
	spin_unlock_bh(&peer->lock);
	rcu_read_unlock();
	kfree_sensitive(old);
	kfree(h);
}

/**
 * qn_hashkey_name - write into a HELLO which hash keys there are
 * @peer: a peer
 * @w: the HELLO
 *
 * On a remote stream, which has no periodic HELLO, naming a key asks for an answer:
 * one that is known to be held is not named any more.
 *
 * Context: under peer->lock.
 */
void qn_hashkey_name(struct qn_peer *peer, struct qn_wire_hello *w)
{
	u64 own, other;

	qn_hashkey_offsets(peer, &own, &other);
	if (peer->hash_named) {
		own = peer->hash_named->offset;
		if (peer->hash_names < U8_MAX)
			peer->hash_names++;
	} else if (peer->remote) {
		own = QN_HASH_NONE;
	}
	w->hash = cpu_to_be64(own);
	w->hash_held = cpu_to_be64(other);
}

/* Take the other end's: claimed like any frame's key, so it counts once. */
static bool take(struct qn_peer *peer, u64 offset)
{
	struct qn_range r;
	struct qn_hash *h;
	u64 own, held;

	qn_hashkey_offsets(peer, &own, &held);
	if (offset == QN_HASH_NONE || offset % QN_GRANULE || offset == held ||
	    qn_stream_peek(peer->stream, offset, QN_HASH_OCTETS, false, &r))
		return false;
	h = kzalloc(sizeof(*h), GFP_ATOMIC);
	if (!h)
		return false;
	if (!qn_stream_claim(peer->stream, &r)) {
		kfree(h);
		return false;
	}
	qn_hash_load(h, r.key);
	qn_range_erase(&r);
	h->offset = offset;
	put(swap_in(peer, h));
	return true;
}

/**
 * qn_hashkey_heard - what a HELLO of the pairing says of hash keys
 * @peer: a peer, paired
 * @named: offset of the other end's key, or QN_HASH_NONE
 * @echoed: offset of the own key that the other end holds, or QN_HASH_NONE
 *
 * Context: softirq, under RCU and peer->lock.
 */
void qn_hashkey_heard(struct qn_peer *peer, u64 named, u64 echoed)
{
	struct qn_hash *own = peer->hash_named;
	u64 out, in;

	lockdep_assert_held(&peer->lock);
	if (own && echoed == own->offset) {
		peer->hash_named = NULL;
		put(rcu_replace_pointer(peer->hash_out, own,
					lockdep_is_held(&peer->lock)));
	}
	if (take(peer, named)) {
		/* The other end waits for this before it relays. */
		peer->hello_at = jiffies;
		qn_peer_kick(peer, 0);
	}
	qn_hashkey_offsets(peer, &out, &in);
	if (peer->remote && named != QN_HASH_NONE && named == in) {
		/* Also once more: the first answer may have been lost. */
		peer->hello_owed = true;
		qn_peer_kick(peer, 0);
	}
}

/**
 * qn_hashkey_drop - the pairing is over, and its hash keys with it
 * @peer: any peer
 *
 * Context: any, under peer->lock.
 */
void qn_hashkey_drop(struct qn_peer *peer)
{
	lockdep_assert_held(&peer->lock);
	put(swap_in(peer, NULL));
	put(rcu_replace_pointer(peer->hash_out, NULL,
				lockdep_is_held(&peer->lock)));
	kfree_sensitive(peer->hash_named);
	peer->hash_named = NULL;
	peer->hello_owed = false;
}
