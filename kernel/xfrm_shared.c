// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other people's associations that xfrm would take for a binding's: those of its
 * reqid and interface between the same addresses.
 */
#include <net/xfrm.h>
#include <linux/qkdnf.h>

#include "binding.h"
#include "xfrm.h"

/**
 * qn_xfrm_mode - a binding's mode, as xfrm calls it
 * @c: the binding
 */
u8 qn_xfrm_mode(const struct qn_binding_config *c)
{
	return c->mode == QKDNF_IPSEC_MODE_TUNNEL ? XFRM_MODE_TUNNEL :
						    XFRM_MODE_TRANSPORT;
}

/**
 * qn_xfrm_mistakable - is a state somebody else's, and like a binding's?
 * @x: the state, at work
 * @c: the binding, made already or not
 * @e: where its ends are
 *
 * A state whose key is still in it is not ours. What stands for an answer to ACQUIRE
 * is nobody's yet. Context: any.
 */
bool qn_xfrm_mistakable(const struct xfrm_state *x,
			const struct qn_binding_config *c,
			const struct qn_sa_ends *e)
{
	if (x->km.state != XFRM_STATE_VALID ||
	    (x->aead && !x->aead->alg_key_len) ||
	    x->id.proto != IPPROTO_ESP || x->props.family != c->family ||
	    x->props.reqid != c->reqid || x->if_id != c->if_id ||
	    x->props.mode != qn_xfrm_mode(c))
		return false;
	return (xfrm_addr_equal(&x->id.daddr, &e->remote, c->family) &&
		xfrm_addr_equal(&x->props.saddr, &e->local, c->family)) ||
	       (xfrm_addr_equal(&x->id.daddr, &e->local, c->family) &&
		xfrm_addr_equal(&x->props.saddr, &e->remote, c->family));
}

struct look {
	const struct qn_binding_config *c;
	const struct qn_sa_ends *outer;
	bool found;
};

static int look_at(struct xfrm_state *x, int count, void *arg)
{
	struct look *l = arg;

	l->found = qn_xfrm_mistakable(x, l->c, l->outer);
	return l->found ? -EEXIST : 0;
}

/**
 * qn_xfrm_shared - has somebody else an association like a binding's?
 * @net: where
 * @c: the binding, made already or not
 * @outer: where its ends are
 *
 * Looks at all states of the namespace. Context: process. Return: true if so.
 */
bool qn_xfrm_shared(struct net *net, const struct qn_binding_config *c,
		    const struct qn_sa_ends *outer)
{
	struct look l = { .c = c, .outer = outer };
	struct xfrm_state_walk walk;

	xfrm_state_walk_init(&walk, IPPROTO_ESP, NULL);
	xfrm_state_walk(net, &walk, look_at, &l);
	xfrm_state_walk_done(&walk, net);
	return l.found;
}
