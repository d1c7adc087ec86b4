/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bindings: IPsec traffic, named by reqid, and the peer whose key protects it.
 */
#ifndef _QN_BINDING_H
#define _QN_BINDING_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xfrm.h>

#include "node.h"
#include "wire.h"

struct xfrm_state;

/* Key and salt of either algorithm; spends whole granules. */
#define QN_SA_KEY_OCTETS	36

/* struct qn_lifetime - when an association is replaced, or ends; 0: never */
struct qn_lifetime {
	u64 octets;
	u64 packets;
	u32 seconds;
};

/* struct qn_sa_ends - the addresses of an association, in the binding's family */
struct qn_sa_ends {
	xfrm_address_t local, remote;
	u16 far_port;			/* UDP encapsulation: the other end's, 0: none */
};

/**
 * struct qn_binding_config - what can be said about a binding
 *
 * Checked by who fills it, and fixed when the binding is made, but for @outer.
 */
struct qn_binding_config {
	u32 reqid;
	u64 peer;
	u16 family;			/* of the outer addresses */
	struct qn_sa_ends outer;		/* under qn_binding.lock */
	u8 mode;			/* enum qkdnf_ipsec_mode */
	u8 algorithm;			/* enum qkdnf_ipsec_algorithm */
	bool esn;
	u32 window;			/* replay window, packets */
	u32 if_id;			/* of the xfrm interface, 0: none */
	u16 encap;			/* own UDP port of encapsulation, 0: none */
	struct qn_lifetime soft, hard;
};

/* struct qn_association - one direction's key at work in xfrm */
struct qn_association {
	struct list_head list;
	struct xfrm_state *x;		/* held */
	u64 id;				/* as the sender of the direction calls it */
	u64 own, other;			/* pairing that it was agreed in */
	__be32 spi;
	struct qn_sa_ends outer;
	unsigned long born;		/* jiffies */
	unsigned long leave_at;		/* jiffies | 1; 0: stays */
};

/* struct qn_sa_request - this end asks the other to take what it will send under */
struct qn_sa_request {
	enum { QN_SA_IDLE, QN_SA_ASKED, QN_SA_ANSWERED } state;
	u64 id;
	u64 offset;			/* of the key in the stream */
	u64 own, other;			/* pairing that it counts in */
	unsigned long at;		/* jiffies of the next repetition */
	u32 wait;			/* milliseconds to the one after */
	__be32 spi;			/* the answer */
	u8 status;			/* the answer */
	bool together;			/* the other end shall do the same */
	u8 key[QN_SA_KEY_OCTETS];
};

/* struct qn_sa_offer - the other end asked; the newest of its requests */
struct qn_sa_offer {
	enum { QN_SA_NONE, QN_SA_TAKEN, QN_SA_INSTALLED } state;
	u64 id;
	u64 own, other;
	__be32 spi;
	u8 key[QN_SA_KEY_OCTETS];
};

/*
 * struct qn_sa_move - this end's outer address, if it ever moved: the other end has
 * to know, in each pairing anew
 */
struct qn_sa_move {
	u64 id;				/* 0: never moved */
	u64 own, other;			/* pairing in which it was answered */
	u8 refused;			/* the status that refused it, 0: none */
	unsigned long at;		/* jiffies of the next repetition */
	u32 wait;			/* milliseconds to the one after */
};

enum qn_binding_flags {
	QN_B_REKEY,			/* agree another outbound association */
	QN_B_TOGETHER,			/* ... and ask the other end to do so */
	QN_B_SOON,			/* forget that it was refused */
	QN_B_ENDED,			/* the other end took its binding away */
	QN_B_FOLLOW,			/* policies shall follow the addresses */
	QN_B_SHARED,			/* somebody put in an association like its own */
};

/*
 * @mutex: the associations; process context, outside @lock.
 * @lock: BH; request, offer, outer addresses. Neither may be held where xfrm is called with
 * the lock of a state, since xfrm tells us of expiry under that.
 */
struct qn_binding {
	struct qn_binding_config c;
	struct qn_encap *encap;		/* held, NULL: none */
	struct rhash_head hash;		/* by reqid */
	struct qn_node *node;
	struct list_head list;		/* node->bindings->list */
	u64 serial;			/* place in it: cursor.h */
	bool dead;
	struct delayed_work work;
	unsigned long flags;		/* enum qn_binding_flags */

	struct mutex mutex;		/* the associations; the newest is first */
	struct list_head out, in;
	unsigned long again_at;		/* jiffies of the next attempt */
	u32 again_ms;			/* wait of the last failure, 0: none */
	unsigned long nudge_at;		/* jiffies: ask the other end again to ask */
	u32 nudge_ms;
	unsigned long keepalive_at;	/* jiffies | 1 of the next one; 0: at once */
	const char *reason;		/* why there is no association */

	spinlock_t lock;		/* BH: down to @moved_other */
	struct qn_sa_request request;
	struct qn_sa_offer offer;
	u64 left_id;			/* the sender uses none up to this one ... */
	u64 left_own, left_other;	/* ... of this pairing */
	u64 gone_id;			/* the sender said that it ended ... */
	u64 gone_own, gone_other;	/* ... in this pairing */
	bool mapped;			/* a NAT decides where the other end is */
	struct qn_sa_move move;
	u64 moved_id;			/* the newest that the other end told ... */
	u64 moved_own, moved_other;	/* ... in this pairing */

	atomic64_t rekeys_out, rekeys_in;
	atomic64_t key_octets;		/* of the stream, both directions */
	atomic64_t failed;
	atomic64_t acquired;
	struct rcu_head rcu;
};

struct qn_bindings {
	struct rhashtable table;
	spinlock_t lock;		/* the list, beside node->lock */
	struct list_head list;		/* in order of creation */
	struct list_head encaps;	/* under node->lock */
	u32 count;
	struct qn_node *node;
	spinlock_t farewell_lock;	/* BH: down to @farewell_count */
	struct list_head farewells;	/* sa_farewell.c */
	u32 farewell_count;
	struct delayed_work farewell;
	struct work_struct look;	/* all of them shall look at their states */
};

/* qn_binding_outer - where the ends of a binding are now. Context: any. */
static inline struct qn_sa_ends qn_binding_outer(struct qn_binding *b)
{
	struct qn_sa_ends outer;

	spin_lock_bh(&b->lock);
	outer = b->c.outer;
	spin_unlock_bh(&b->lock);
	return outer;
}

int qn_bindings_init(struct qn_node *node);
void qn_bindings_exit(struct qn_node *node);
struct qn_binding *qn_binding_find(struct qn_node *node, u32 reqid);
int qn_binding_add(struct qn_node *node, const struct qn_binding_config *c);
void qn_binding_del(struct qn_binding *b);
void qn_binding_kick(struct qn_binding *b);
void qn_bindings_drop(struct qn_node *node);
void qn_bindings_look(struct qn_node *node);

#endif /* _QN_BINDING_H */
