/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that touches xfrm, the kernel's IPsec.
 */
#ifndef _QN_XFRM_H
#define _QN_XFRM_H

#include <linux/types.h>

struct net;
struct qn_association;
struct qn_binding;
struct qn_binding_config;
struct qn_sa_ends;
struct xfrm_state;

/* struct qn_xfrm_use - what an association has carried */
struct qn_xfrm_use {
	u64 octets;
	u64 packets;
};

bool qn_xfrm_has_algorithm(u8 algorithm);
int qn_xfrm_install(struct qn_binding *b, struct qn_association *a, bool out,
		    u8 *key);
void qn_xfrm_remove(struct qn_association *a);
bool qn_xfrm_valid(const struct qn_association *a);
bool qn_xfrm_dying(const struct qn_association *a);
void qn_xfrm_supersede(struct qn_association *a);
void qn_xfrm_use(const struct qn_association *a, struct qn_xfrm_use *use);
u8 qn_xfrm_mode(const struct qn_binding_config *c);
bool qn_xfrm_mistakable(const struct xfrm_state *x,
			const struct qn_binding_config *c,
			const struct qn_sa_ends *e);
bool qn_xfrm_shared(struct net *net, const struct qn_binding_config *c,
		    const struct qn_sa_ends *outer);
void qn_xfrm_follow(struct qn_binding *b, const struct qn_sa_ends *outer, bool out,
		    bool exact);
void qn_xfrm_flush(void);
int qn_xfrm_init(void);
void qn_xfrm_exit(void);

#endif /* _QN_XFRM_H */
