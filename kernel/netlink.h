/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family: the control plane of the key manager.
 *
 * tools/netlink/qkdnf.yaml is the contract. Handlers run under the genl lock,
 * which orders them among each other and against the life of the node: a
 * socket holds its network namespace, so that the namespace's exit cannot run
 * beside one. node->lock orders them against the rooms below.
 */
#ifndef _QN_NETLINK_H
#define _QN_NETLINK_H

int qn_netlink_init(void);
void qn_netlink_exit(void);

#endif /* _QN_NETLINK_H */
