// SPDX-License-Identifier: GPL-2.0-only
/*
 * xfrm, the kernel's IPsec: putting associations into it, taking them out, and
 * what it tells a key manager.
 *
 * ESP reads the key only when a state is initialised. It is erased there right
 * after, and its length set to 0: a copy that somebody makes of the state
 * (migration, offload) then fails for want of a key, instead of running under an
 * all-zero one.
 */
#include <linux/pfkeyv2.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/udp.h>
#include <net/xfrm.h>
#include <linux/qkdnf.h>

#include "binding.h"
#include "xfrm.h"

#define SPI_MIN		0x1000	/* below are reserved ones and those of people */
#define SPI_TRIES	16
#define ICV_BITS	128

/* Inbound lasts longer, since the sender's clock of a lifetime starts later. */
#define INBOUND_SECONDS	10

static const char *const algorithm_name[] = {
	[QKDNF_IPSEC_ALGORITHM_AES_GCM] = "rfc4106(gcm(aes))",
	[QKDNF_IPSEC_ALGORITHM_CHACHA20_POLY1305] = "rfc7539esp(chacha20,poly1305)",
};

/**
 * qn_xfrm_has_algorithm - can this kernel do it?
 * @algorithm: enum qkdnf_ipsec_algorithm
 *
 * Context: process, may load modules.
 */
bool qn_xfrm_has_algorithm(u8 algorithm)
{
	return xfrm_aead_get_byname(algorithm_name[algorithm], ICV_BITS, 1);
}

static int set_key(struct xfrm_state *x, u8 algorithm, const u8 *key)
{
	const char *name = algorithm_name[algorithm];
	struct xfrm_algo_desc *desc = xfrm_aead_get_byname(name, ICV_BITS, 1);

	if (!desc)
		return -EOPNOTSUPP;
	x->aead = kzalloc(sizeof(*x->aead) + QN_SA_KEY_OCTETS, GFP_KERNEL);
	if (!x->aead)
		return -ENOMEM;
	strscpy(x->aead->alg_name, name, sizeof(x->aead->alg_name));
	x->aead->alg_key_len = QN_SA_KEY_OCTETS * 8;
	x->aead->alg_icv_len = ICV_BITS;
	memcpy(x->aead->alg_key, key, QN_SA_KEY_OCTETS);
	x->props.ealgo = desc->desc.sadb_alg_id;
	x->geniv = desc->uinfo.aead.geniv;
	return 0;
}

static void forget_key(struct xfrm_state *x)
{
	if (!x->aead)
		return;
	memzero_explicit(x->aead->alg_key, QN_SA_KEY_OCTETS);
	x->aead->alg_key_len = 0;
}

static int set_window(struct xfrm_state *x, const struct qn_binding_config *c)
{
	u32 words = DIV_ROUND_UP(c->window, 32);
	size_t size = sizeof(*x->replay_esn) + words * sizeof(u32);

	x->replay_esn = kzalloc(size, GFP_KERNEL);
	if (!x->replay_esn)
		return -ENOMEM;
	x->replay_esn->bmp_len = words;
	x->replay_esn->replay_window = c->window;
	x->preplay_esn = kmemdup(x->replay_esn, size, GFP_KERNEL);
	if (!x->preplay_esn)
		return -ENOMEM;
	if (c->esn)
		x->props.flags |= XFRM_STATE_ESN;
	return 0;
}

static u64 or_never(u64 limit)
{
	return limit ?: XFRM_INF;
}

static void set_limits(struct xfrm_state *x, const struct qn_binding_config *c,
		       bool out)
{
	struct xfrm_lifetime_cfg *l = &x->lft;

	l->hard_byte_limit = or_never(c->hard.octets);
	l->hard_packet_limit = or_never(c->hard.packets);
	l->hard_add_expires_seconds = c->hard.seconds;
	/* Who sends replaces; the other end only stops listening in the end. */
	if (out) {
		l->soft_byte_limit = or_never(c->soft.octets);
		l->soft_packet_limit = or_never(c->soft.packets);
		l->soft_add_expires_seconds = c->soft.seconds;
	} else if (c->hard.seconds) {
		l->hard_add_expires_seconds += INBOUND_SECONDS;
	}
}

static int set_encap(struct xfrm_state *x, const struct qn_binding_config *c,
		     const struct qn_sa_ends *outer, bool out)
{
	if (!c->encap)
		return 0;
	x->encap = kzalloc(sizeof(*x->encap), GFP_KERNEL);
	if (!x->encap)
		return -ENOMEM;
	x->encap->encap_type = UDP_ENCAP_ESPINUDP;
	x->encap->encap_sport = htons(out ? c->encap : outer->far_port);
	x->encap->encap_dport = htons(out ? outer->far_port : c->encap);
	return 0;
}

static struct xfrm_state *state_new(struct qn_binding *b,
				    const struct qn_sa_ends *outer, bool out,
				    const u8 *key, int *err)
{
	const struct qn_binding_config *c = &b->c;
	struct xfrm_state *x = xfrm_state_alloc(b->node->net);

	*err = -ENOMEM;
	if (!x)
		return NULL;
	x->id.proto = IPPROTO_ESP;
	x->id.daddr = out ? outer->remote : outer->local;
	x->props.saddr = out ? outer->local : outer->remote;
	x->props.family = c->family;
	x->props.reqid = c->reqid;
	x->props.mode = qn_xfrm_mode(c);
	if (c->mode == QKDNF_IPSEC_MODE_TUNNEL)
		x->props.flags |= XFRM_STATE_AF_UNSPEC;
	else
		x->sel.family = c->family;
	x->if_id = c->if_id;
	set_limits(x, c, out);
	*err = set_encap(x, c, outer, out);
	if (!*err)
		*err = set_window(x, c);
	if (!*err)
		*err = set_key(x, c->algorithm, key);
	if (!*err)
		*err = xfrm_init_state(x);
	forget_key(x);
	if (!*err)
		return x;
	x->km.state = XFRM_STATE_DEAD;
	xfrm_state_put(x);
	return NULL;
}

/* Inbound: any SPI that nobody uses. Outbound: the one that the receiver chose. */
static int state_add(struct xfrm_state *x, __be32 spi)
{
	int tries = spi ? 1 : SPI_TRIES, err = -EEXIST;

	while (tries-- && err == -EEXIST) {
		do
			x->id.spi = spi ?: cpu_to_be32(get_random_u32());
		while (be32_to_cpu(x->id.spi) < SPI_MIN);
		err = xfrm_state_add(x);
	}
	return err;
}

static void tell(struct xfrm_state *x, u32 event)
{
	struct km_event c = { .event = event };

	km_state_notify(x, &c);
}

/**
 * qn_xfrm_install - put an association into xfrm
 * @b: its binding
 * @a: the association, with its addresses; @a->spi as the receiver chose it if @out, else set here
 * @out: traffic that this node sends
 * @key: QN_SA_KEY_OCTETS; erased here, whatever happens
 *
 * Context: process, may sleep. Return: 0, -EOPNOTSUPP (no such algorithm),
 * -EEXIST (somebody has that SPI), or what xfrm says.
 */
int qn_xfrm_install(struct qn_binding *b, struct qn_association *a, bool out,
		    u8 *key)
{
	struct xfrm_state *x;
	int err;

	x = state_new(b, &a->outer, out, key, &err);
	memzero_explicit(key, QN_SA_KEY_OCTETS);
	if (!x)
		return err;
	xfrm_state_hold(x);
	err = state_add(x, out ? a->spi : 0);
	if (err) {
		x->km.state = XFRM_STATE_DEAD;
		__xfrm_state_put(x);
		xfrm_state_put(x);
		return err;
	}
	tell(x, XFRM_MSG_NEWSA);
	a->spi = x->id.spi;
	a->x = x;
	return 0;
}

/**
 * qn_xfrm_remove - take an association out of xfrm
 * @a: installed; @a->x is let go of
 *
 * It may be gone already, if it expired or somebody deleted it. Context: process.
 */
void qn_xfrm_remove(struct qn_association *a)
{
	if (!xfrm_state_delete(a->x))
		tell(a->x, XFRM_MSG_DELSA);
	xfrm_state_put(a->x);
	a->x = NULL;
}

/**
 * qn_xfrm_valid - is an association at work still?
 * @a: installed
 *
 * Context: any. Return: false if it expired, or somebody deleted it.
 */
bool qn_xfrm_valid(const struct qn_association *a)
{
	return READ_ONCE(a->x->km.state) == XFRM_STATE_VALID;
}

/**
 * qn_xfrm_dying - did an association reach a soft limit, or was it superseded?
 * @a: installed
 */
bool qn_xfrm_dying(const struct qn_association *a)
{
	return READ_ONCE(a->x->km.dying);
}

/**
 * qn_xfrm_supersede - have xfrm prefer any other association for what it sends
 * @a: installed, outbound
 *
 * It is used as long as there is no other. Context: process.
 */
void qn_xfrm_supersede(struct qn_association *a)
{
	spin_lock_bh(&a->x->lock);
	a->x->km.dying = 1;
	spin_unlock_bh(&a->x->lock);
}

/**
 * qn_xfrm_use - what an association has carried
 * @a: installed
 * @use: out
 */
void qn_xfrm_use(const struct qn_association *a, struct qn_xfrm_use *use)
{
	spin_lock_bh(&a->x->lock);
	use->octets = a->x->curlft.bytes;
	use->packets = a->x->curlft.packets;
	spin_unlock_bh(&a->x->lock);
}

struct follow {
	u32 reqid, if_id;
	u16 family;
	const struct qn_sa_ends *outer;
	bool out, exact;
	struct xfrm_policy *found;
	int dir;
};

/* Put an address in place of another; false if it is there. */
static bool put(xfrm_address_t *place, const xfrm_address_t *a, u16 family,
		bool change)
{
	if (xfrm_addr_equal(place, a, family))
		return false;
	if (change)
		*place = *a;
	return true;
}

/*
 * What comes in is held against the sender's address alone, and an unspecified one
 * is any. Those that never named addresses are left alone.
 */
static bool adapt(struct xfrm_policy *p, int dir, const struct follow *f,
		  bool change)
{
	static const xfrm_address_t any;
	bool differs = false, far, near;
	struct xfrm_tmpl *t;
	int i;

	for (i = 0; i < p->xfrm_nr; i++) {
		t = &p->xfrm_vec[i];
		if (t->reqid != f->reqid || t->id.proto != IPPROTO_ESP ||
		    t->mode != XFRM_MODE_TUNNEL || t->encap_family != f->family)
			continue;
		near = !xfrm_addr_any(&t->id.daddr, f->family);
		far = !xfrm_addr_any(&t->saddr, f->family);
		if (dir == XFRM_POLICY_OUT) {
			if (!f->out)
				continue;
			if (far)
				differs |= put(&t->saddr, &f->outer->local,
					       f->family, change);
			if (near)
				differs |= put(&t->id.daddr, &f->outer->remote,
					       f->family, change);
			continue;
		}
		if (near || (far && !f->exact))
			differs |= put(&t->id.daddr, &f->outer->local, f->family,
				       change);
		if (!f->exact)
			differs |= put(&t->saddr, &any, f->family, change);
		else if (near || far)
			differs |= put(&t->saddr, &f->outer->remote, f->family,
				       change);
	}
	return differs;
}

static int find(struct xfrm_policy *p, int dir, int count, void *arg)
{
	struct follow *f = arg;

	/* Those of another interface are another's, whatever their reqid. */
	if (p->if_id != f->if_id || !adapt(p, dir, f, false))
		return 0;
	xfrm_pol_hold(p);
	f->found = p;
	f->dir = dir;
	return -EAGAIN;		/* the walk goes on from here */
}

/**
 * qn_xfrm_follow - have the policies of a binding name other addresses
 * @b: the binding, in tunnel mode
 * @outer: where its ends are
 * @out: those for what goes out, too
 * @exact: those for what comes in take @outer's other end only, else any
 *
 * Templates are changed in place, as xfrm's own migration does. Context: process.
 */
void qn_xfrm_follow(struct qn_binding *b, const struct qn_sa_ends *outer, bool out,
		    bool exact)
{
	struct follow f = { .reqid = b->c.reqid, .if_id = b->c.if_id,
			    .family = b->c.family, .outer = outer, .out = out, .exact = exact };
	struct net *net = b->node->net;
	struct xfrm_policy_walk walk;

	xfrm_policy_walk_init(&walk, XFRM_POLICY_TYPE_MAIN);
	do {
		f.found = NULL;
		xfrm_policy_walk(net, &walk, find, &f);
		if (!f.found)
			break;
		write_lock_bh(&f.found->lock);
		adapt(f.found, f.dir, &f, true);
		/* Routes that were resolved by it are looked up again. */
		atomic_inc(&f.found->genid);
		write_unlock_bh(&f.found->lock);
		xfrm_pol_put(f.found);
	} while (true);
	xfrm_policy_walk_done(&walk, net);
}

/**
 * qn_xfrm_flush - have associations that were removed freed, and their key wiped
 *
 * But for those that packets on their way still hold. Context: process.
 */
void qn_xfrm_flush(void)
{
	xfrm_flush_gc();
}

/* The binding that a state or template may belong to. */
static struct qn_binding *binding_of(struct net *net, u32 reqid)
{
	struct qn_node *node = qn_node_of(net);

	return node && reqid ? qn_binding_find(node, reqid) : NULL;
}

/*
 * Traffic met no association. Called under RCU, with a state that is not hashed
 * yet; 0 tells xfrm that somebody is at it.
 */
static int acquire(struct xfrm_state *x, struct xfrm_tmpl *tmpl,
		   struct xfrm_policy *policy)
{
	struct qn_binding *b = binding_of(xs_net(x), tmpl->reqid);
	struct qn_sa_ends outer;

	if (!b)
		return -ESRCH;
	outer = qn_binding_outer(b);
	if (tmpl->id.proto != IPPROTO_ESP ||
	    x->props.family != b->c.family ||
	    !xfrm_addr_equal(&x->id.daddr, &outer.remote, b->c.family))
		return -ESRCH;
	atomic64_inc(&b->acquired);
	qn_binding_kick(b);
	return 0;
}

/*
 * What came under an inbound association verified, and came from elsewhere: a NAT on
 * the way maps the other end anew. Called under RCU.
 */
static int new_mapping(struct xfrm_state *x, xfrm_address_t *from, __be16 port)
{
	struct qn_binding *b = binding_of(xs_net(x), x->props.reqid);
	struct qn_sa_ends *outer;
	bool here, changed;

	/* A state whose key is still in it is another one's with this reqid. */
	if (!b || !b->c.encap || b->c.mode != QKDNF_IPSEC_MODE_TUNNEL ||
	    x->props.family != b->c.family || !x->aead || x->aead->alg_key_len)
		return -EINVAL;
	outer = &b->c.outer;
	spin_lock_bh(&b->lock);
	here = xfrm_addr_equal(&x->id.daddr, &outer->local, b->c.family);
	changed = here && (outer->far_port != ntohs(port) ||
			   !xfrm_addr_equal(&outer->remote, from, b->c.family));
	if (changed) {
		outer->far_port = ntohs(port);
		outer->remote = *from;
		WRITE_ONCE(b->mapped, true);
	}
	spin_unlock_bh(&b->lock);
	if (!here)
		return -EINVAL;
	if (!changed)
		return 0;
	/* Both directions: what the other end sends under names the old place. */
	set_bit(QN_B_TOGETHER, &b->flags);
	set_bit(QN_B_REKEY, &b->flags);
	set_bit(QN_B_SOON, &b->flags);
	set_bit(QN_B_FOLLOW, &b->flags);
	qn_binding_kick(b);
	return 0;
}

/* Somebody put an association in: one that is mistaken for the binding's? */
static void added(struct qn_binding *b, const struct xfrm_state *x)
{
	struct qn_sa_ends outer = qn_binding_outer(b);

	if (!qn_xfrm_mistakable(x, &b->c, &outer))
		return;
	set_bit(QN_B_SHARED, &b->flags);
	qn_binding_kick(b);
}

/*
 * A state changed, anybody's, in any namespace; @x is NULL when all are flushed.
 * Called under RCU, on expiry also under the lock of the state: the work looks.
 */
static int notify(struct xfrm_state *x, const struct km_event *c)
{
	struct qn_binding *b;
	struct qn_node *node;

	switch (c->event) {
	case XFRM_MSG_FLUSHSA:
		node = qn_node_of(c->net);
		if (node)
			qn_bindings_look(node);
		break;
	case XFRM_MSG_NEWSA:
	case XFRM_MSG_UPDSA:
		b = x ? binding_of(xs_net(x), x->props.reqid) : NULL;
		if (b)
			added(b, x);
		break;
	case XFRM_MSG_EXPIRE:
	case XFRM_MSG_DELSA:
		b = x ? binding_of(xs_net(x), x->props.reqid) : NULL;
		if (b)
			qn_binding_kick(b);
		break;
	}
	return 0;
}

/* xfrm calls it without asking whether it is there. */
static struct xfrm_policy *compile_policy(struct sock *sk, int opt, u8 *data,
					  int len, int *dir)
{
	*dir = -EOPNOTSUPP;
	return NULL;
}

/* Without a manager that is alive xfrm drops packets without asking any. */
static bool is_alive(const struct km_event *c)
{
	struct qn_node *node;
	bool alive;

	rcu_read_lock();
	node = qn_node_of(c->net);
	alive = node && READ_ONCE(node->bindings->count);
	rcu_read_unlock();
	return alive;
}

static struct xfrm_mgr manager = {
	.notify = notify,
	.acquire = acquire,
	.compile_policy = compile_policy,
	.new_mapping = new_mapping,
	.is_alive = is_alive,
};

/**
 * qn_xfrm_init - become a key manager of xfrm
 *
 * Context: module start, when nodes can be found. Return: 0.
 */
int __init qn_xfrm_init(void)
{
	xfrm_register_km(&manager);
	return 0;
}

/**
 * qn_xfrm_exit - be no key manager any more; bindings are taken away after
 *
 * Context: process. Nothing of ours is called by xfrm when it returns.
 */
void qn_xfrm_exit(void)
{
	xfrm_unregister_km(&manager);
}
