/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UDP ports that encapsulated ESP comes to.
 */
#ifndef _QN_ENCAP_H
#define _QN_ENCAP_H

#include <linux/types.h>
#include <linux/xfrm.h>

struct list_head;
struct qn_encap;
struct qn_node;

struct qn_encap *qn_encap_get(struct qn_node *node, struct list_head *list,
			      u16 family, u16 port);
void qn_encap_put(struct qn_encap *e);
void qn_encap_keepalive(struct qn_encap *e, const xfrm_address_t *local,
			const xfrm_address_t *remote, u16 port);

#endif /* _QN_ENCAP_H */
