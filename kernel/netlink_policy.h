/* SPDX-License-Identifier: GPL-2.0-only */
/* Generated from tools/netlink/qkdnf.yaml by tools/netlink/gen.py. */
#ifndef _QN_NETLINK_POLICY_H
#define _QN_NETLINK_POLICY_H

#include <net/netlink.h>
#include <linux/qkdnf.h>

extern const struct nla_policy qn_node_set_policy[QKDNF_A_NODE_MEM_MAX + 1];
extern const struct nla_policy qn_peer_get_policy[QKDNF_A_PEER_BRIEF + 1];
extern const struct nla_policy qn_peer_new_policy[QKDNF_A_PEER_BORDER + 1];
extern const struct nla_policy qn_peer_set_policy[QKDNF_A_PEER_BORDER + 1];
extern const struct nla_policy qn_peer_del_policy[QKDNF_A_PEER_ID + 1];
extern const struct nla_policy qn_source_get_policy[QKDNF_A_SOURCE_PEER + 1];
extern const struct nla_policy qn_source_new_policy[QKDNF_A_SOURCE_FD + 1];
extern const struct nla_policy qn_source_del_policy[QKDNF_A_SOURCE_PEER + 1];
extern const struct nla_policy qn_route_get_policy[QKDNF_A_ROUTE_VIA + 1];
extern const struct nla_policy qn_route_new_policy[QKDNF_A_ROUTE_REPLACE + 1];
extern const struct nla_policy qn_route_del_policy[QKDNF_A_ROUTE_SHARE + 1];
extern const struct nla_policy
qn_contract_get_policy[QKDNF_A_CONTRACT_DIRECTION + 1];
extern const struct nla_policy
qn_contract_new_policy[QKDNF_A_CONTRACT_WEIGHT + 1];
extern const struct nla_policy
qn_contract_set_policy[QKDNF_A_CONTRACT_WEIGHT + 1];
extern const struct nla_policy
qn_contract_del_policy[QKDNF_A_CONTRACT_DIRECTION + 1];
extern const struct nla_policy
qn_contract_mark_policy[QKDNF_A_CONTRACT_MARK + 1];
extern const struct nla_policy qn_flow_get_policy[QKDNF_A_FLOW_PEER + 1];
extern const struct nla_policy qn_relay_get_policy[QKDNF_A_RELAY_PEER + 1];
extern const struct nla_policy qn_supply_get_policy[QKDNF_A_SUPPLY_PEER + 1];
extern const struct nla_policy qn_binding_get_policy[QKDNF_A_BINDING_PEER + 1];
extern const struct nla_policy
qn_binding_new_policy[QKDNF_A_BINDING_ENCAP_TO + 1];
extern const struct nla_policy qn_binding_del_policy[QKDNF_A_BINDING_REQID + 1];
extern const struct nla_policy
qn_binding_rekey_policy[QKDNF_A_BINDING_REQID + 1];
extern const struct nla_policy
qn_binding_move_policy[QKDNF_A_BINDING_LOCAL_ADDR6 + 1];

#endif /* _QN_NETLINK_POLICY_H */
