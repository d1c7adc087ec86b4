// SPDX-License-Identifier: GPL-2.0-only
/* Generated from tools/netlink/qkdnf.yaml by tools/netlink/gen.py. */
#include "netlink_policy.h"

/* Not const: the pointer in Linux 6.1's policies is not. */
static struct netlink_range_validation peer_pool_max_range = {
	.min = QKDNF_POOL_MIN,
	.max = QKDNF_POOL_MAX,
};

static struct netlink_range_validation peer_low_range = {
	.max = QKDNF_POOL_MAX,
};

static struct netlink_range_validation peer_high_range = {
	.max = QKDNF_POOL_MAX,
};

static struct netlink_range_validation peer_max_rate_range = {
	.max = QKDNF_RATE_MAX,
};

static struct netlink_range_validation peer_hello_ms_range = {
	.min = QKDNF_HELLO_MS_MIN,
	.max = QKDNF_HELLO_MS_MAX,
};

static struct netlink_range_validation contract_rate_range = {
	.min = 1,
	.max = QKDNF_RATE_MAX,
};

static struct netlink_range_validation contract_burst_range = {
	.min = 992,
	.max = QKDNF_RATE_MAX,
};

static struct netlink_range_validation binding_soft_seconds_range = {
	.max = QKDNF_LIFETIME_MAX,
};

static struct netlink_range_validation binding_hard_seconds_range = {
	.max = QKDNF_LIFETIME_MAX,
};

const struct nla_policy qn_node_set_policy[QKDNF_A_NODE_MEM_MAX + 1] = {
	[QKDNF_A_NODE_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_NODE_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[QKDNF_A_NODE_MEM_MAX] = { .type = NLA_U64 },
};

const struct nla_policy qn_peer_get_policy[QKDNF_A_PEER_BRIEF + 1] = {
	[QKDNF_A_PEER_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_PEER_BRIEF] = { .type = NLA_FLAG },
};

const struct nla_policy qn_peer_new_policy[QKDNF_A_PEER_BORDER + 1] = {
	[QKDNF_A_PEER_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_PEER_KIND] = NLA_POLICY_MAX(NLA_U32, QKDNF_PEER_KIND_MAX),
	[QKDNF_A_PEER_NAME] =
		{ .type = NLA_NUL_STRING, .len = QKDNF_NAME_LEN_MAX },
	[QKDNF_A_PEER_ADDR4] = NLA_POLICY_EXACT_LEN(4),
	[QKDNF_A_PEER_ADDR6] = NLA_POLICY_EXACT_LEN(16),
	[QKDNF_A_PEER_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[QKDNF_A_PEER_LOCAL_ADDR4] = NLA_POLICY_EXACT_LEN(4),
	[QKDNF_A_PEER_LOCAL_ADDR6] = NLA_POLICY_EXACT_LEN(16),
	[QKDNF_A_PEER_SEG_SHIFT] =
		NLA_POLICY_RANGE(NLA_U8, QKDNF_SEG_SHIFT_MIN, QKDNF_SEG_SHIFT_MAX),
	[QKDNF_A_PEER_POOL_MAX] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &peer_pool_max_range),
	[QKDNF_A_PEER_LOW] = NLA_POLICY_FULL_RANGE(NLA_U64, &peer_low_range),
	[QKDNF_A_PEER_HIGH] = NLA_POLICY_FULL_RANGE(NLA_U64, &peer_high_range),
	[QKDNF_A_PEER_SCHEME] = NLA_POLICY_MAX(NLA_U32, QKDNF_SCHEME_MAX),
	[QKDNF_A_PEER_SHARES] = NLA_POLICY_RANGE(NLA_U8, 1, QKDNF_SHARES_MAX),
	[QKDNF_A_PEER_WEIGHT] = NLA_POLICY_MIN(NLA_U16, 1),
	[QKDNF_A_PEER_MAX_RATE] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &peer_max_rate_range),
	[QKDNF_A_PEER_HELLO_MS] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &peer_hello_ms_range),
	[QKDNF_A_PEER_BORDER] = NLA_POLICY_MAX(NLA_U8, 1),
};

const struct nla_policy qn_peer_set_policy[QKDNF_A_PEER_BORDER + 1] = {
	[QKDNF_A_PEER_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_PEER_NAME] =
		{ .type = NLA_NUL_STRING, .len = QKDNF_NAME_LEN_MAX },
	[QKDNF_A_PEER_ADDR4] = NLA_POLICY_EXACT_LEN(4),
	[QKDNF_A_PEER_ADDR6] = NLA_POLICY_EXACT_LEN(16),
	[QKDNF_A_PEER_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[QKDNF_A_PEER_LOCAL_ADDR4] = NLA_POLICY_EXACT_LEN(4),
	[QKDNF_A_PEER_LOCAL_ADDR6] = NLA_POLICY_EXACT_LEN(16),
	[QKDNF_A_PEER_POOL_MAX] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &peer_pool_max_range),
	[QKDNF_A_PEER_LOW] = NLA_POLICY_FULL_RANGE(NLA_U64, &peer_low_range),
	[QKDNF_A_PEER_HIGH] = NLA_POLICY_FULL_RANGE(NLA_U64, &peer_high_range),
	[QKDNF_A_PEER_WEIGHT] = NLA_POLICY_MIN(NLA_U16, 1),
	[QKDNF_A_PEER_MAX_RATE] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &peer_max_rate_range),
	[QKDNF_A_PEER_HELLO_MS] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &peer_hello_ms_range),
	[QKDNF_A_PEER_BORDER] = NLA_POLICY_MAX(NLA_U8, 1),
};

const struct nla_policy qn_peer_del_policy[QKDNF_A_PEER_ID + 1] = {
	[QKDNF_A_PEER_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

const struct nla_policy qn_source_get_policy[QKDNF_A_SOURCE_PEER + 1] = {
	[QKDNF_A_SOURCE_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
};

const struct nla_policy qn_source_new_policy[QKDNF_A_SOURCE_FD + 1] = {
	[QKDNF_A_SOURCE_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_SOURCE_KIND] = NLA_POLICY_MAX(NLA_U32, QKDNF_SOURCE_KIND_MAX),
	[QKDNF_A_SOURCE_FD] = NLA_POLICY_MIN(NLA_S32, 0),
};

const struct nla_policy qn_source_del_policy[QKDNF_A_SOURCE_PEER + 1] = {
	[QKDNF_A_SOURCE_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
};

const struct nla_policy qn_route_get_policy[QKDNF_A_ROUTE_VIA + 1] = {
	[QKDNF_A_ROUTE_DESTINATION] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_ROUTE_SHARE] = NLA_POLICY_MAX(NLA_U8, 3),
	[QKDNF_A_ROUTE_VIA] = NLA_POLICY_MIN(NLA_U64, 1),
};

const struct nla_policy qn_route_new_policy[QKDNF_A_ROUTE_REPLACE + 1] = {
	[QKDNF_A_ROUTE_DESTINATION] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_ROUTE_PROVIDER_WIDE] = { .type = NLA_FLAG },
	[QKDNF_A_ROUTE_SHARE] = NLA_POLICY_MAX(NLA_U8, 3),
	[QKDNF_A_ROUTE_VIA] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_ROUTE_BACKUP] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_ROUTE_REPLACE] = { .type = NLA_FLAG },
};

const struct nla_policy qn_route_del_policy[QKDNF_A_ROUTE_SHARE + 1] = {
	[QKDNF_A_ROUTE_DESTINATION] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_ROUTE_PROVIDER_WIDE] = { .type = NLA_FLAG },
	[QKDNF_A_ROUTE_SHARE] = NLA_POLICY_MAX(NLA_U8, 3),
};

const struct nla_policy
qn_contract_get_policy[QKDNF_A_CONTRACT_DIRECTION + 1] = {
	[QKDNF_A_CONTRACT_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_CONTRACT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[QKDNF_A_CONTRACT_DIRECTION] =
		NLA_POLICY_MAX(NLA_U32, QKDNF_DIRECTION_MAX),
};

const struct nla_policy qn_contract_new_policy[QKDNF_A_CONTRACT_WEIGHT + 1] = {
	[QKDNF_A_CONTRACT_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_CONTRACT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[QKDNF_A_CONTRACT_DIRECTION] =
		NLA_POLICY_MAX(NLA_U32, QKDNF_DIRECTION_MAX),
	[QKDNF_A_CONTRACT_OUT_ID] = { .type = NLA_U32 },
	[QKDNF_A_CONTRACT_SOURCE] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_CONTRACT_SOURCE_WIDE] = { .type = NLA_FLAG },
	[QKDNF_A_CONTRACT_DESTINATION] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_CONTRACT_DESTINATION_WIDE] = { .type = NLA_FLAG },
	[QKDNF_A_CONTRACT_RATE] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &contract_rate_range),
	[QKDNF_A_CONTRACT_BURST] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &contract_burst_range),
	[QKDNF_A_CONTRACT_VOLUME] = { .type = NLA_U64 },
	[QKDNF_A_CONTRACT_EXPIRY] = { .type = NLA_U64 },
	[QKDNF_A_CONTRACT_WEIGHT] = { .type = NLA_U16 },
};

const struct nla_policy qn_contract_set_policy[QKDNF_A_CONTRACT_WEIGHT + 1] = {
	[QKDNF_A_CONTRACT_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_CONTRACT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[QKDNF_A_CONTRACT_DIRECTION] =
		NLA_POLICY_MAX(NLA_U32, QKDNF_DIRECTION_MAX),
	[QKDNF_A_CONTRACT_OUT_ID] = { .type = NLA_U32 },
	[QKDNF_A_CONTRACT_RATE] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &contract_rate_range),
	[QKDNF_A_CONTRACT_BURST] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &contract_burst_range),
	[QKDNF_A_CONTRACT_VOLUME] = { .type = NLA_U64 },
	[QKDNF_A_CONTRACT_EXPIRY] = { .type = NLA_U64 },
	[QKDNF_A_CONTRACT_WEIGHT] = { .type = NLA_U16 },
};

const struct nla_policy
qn_contract_del_policy[QKDNF_A_CONTRACT_DIRECTION + 1] = {
	[QKDNF_A_CONTRACT_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_CONTRACT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[QKDNF_A_CONTRACT_DIRECTION] =
		NLA_POLICY_MAX(NLA_U32, QKDNF_DIRECTION_MAX),
};

const struct nla_policy qn_contract_mark_policy[QKDNF_A_CONTRACT_MARK + 1] = {
	[QKDNF_A_CONTRACT_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_CONTRACT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[QKDNF_A_CONTRACT_DIRECTION] =
		NLA_POLICY_MAX(NLA_U32, QKDNF_DIRECTION_MAX),
	[QKDNF_A_CONTRACT_MARK] = NLA_POLICY_MIN(NLA_U32, 1),
};

const struct nla_policy qn_flow_get_policy[QKDNF_A_FLOW_PEER + 1] = {
	[QKDNF_A_FLOW_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
};

const struct nla_policy qn_relay_get_policy[QKDNF_A_RELAY_PEER + 1] = {
	[QKDNF_A_RELAY_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
};

const struct nla_policy qn_supply_get_policy[QKDNF_A_SUPPLY_PEER + 1] = {
	[QKDNF_A_SUPPLY_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
};

const struct nla_policy qn_binding_get_policy[QKDNF_A_BINDING_PEER + 1] = {
	[QKDNF_A_BINDING_REQID] = NLA_POLICY_MIN(NLA_U32, 1),
	[QKDNF_A_BINDING_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
};

const struct nla_policy qn_binding_new_policy[QKDNF_A_BINDING_ENCAP_TO + 1] = {
	[QKDNF_A_BINDING_REQID] = NLA_POLICY_MIN(NLA_U32, 1),
	[QKDNF_A_BINDING_PEER] = NLA_POLICY_MIN(NLA_U64, 1),
	[QKDNF_A_BINDING_ADDR4] = NLA_POLICY_EXACT_LEN(4),
	[QKDNF_A_BINDING_LOCAL_ADDR4] = NLA_POLICY_EXACT_LEN(4),
	[QKDNF_A_BINDING_ADDR6] = NLA_POLICY_EXACT_LEN(16),
	[QKDNF_A_BINDING_LOCAL_ADDR6] = NLA_POLICY_EXACT_LEN(16),
	[QKDNF_A_BINDING_MODE] = NLA_POLICY_MAX(NLA_U32, QKDNF_IPSEC_MODE_MAX),
	[QKDNF_A_BINDING_ALGORITHM] =
		NLA_POLICY_MAX(NLA_U32, QKDNF_IPSEC_ALGORITHM_MAX),
	[QKDNF_A_BINDING_ESN] = NLA_POLICY_MAX(NLA_U8, 1),
	[QKDNF_A_BINDING_WINDOW] =
		NLA_POLICY_RANGE(NLA_U32, 1, QKDNF_WINDOW_MAX),
	[QKDNF_A_BINDING_IF_ID] = { .type = NLA_U32 },
	[QKDNF_A_BINDING_SOFT_OCTETS] = { .type = NLA_U64 },
	[QKDNF_A_BINDING_SOFT_PACKETS] = { .type = NLA_U64 },
	[QKDNF_A_BINDING_SOFT_SECONDS] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &binding_soft_seconds_range),
	[QKDNF_A_BINDING_HARD_OCTETS] = { .type = NLA_U64 },
	[QKDNF_A_BINDING_HARD_PACKETS] = { .type = NLA_U64 },
	[QKDNF_A_BINDING_HARD_SECONDS] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &binding_hard_seconds_range),
	[QKDNF_A_BINDING_ENCAP] = { .type = NLA_U16 },
	[QKDNF_A_BINDING_ENCAP_TO] = NLA_POLICY_MIN(NLA_U16, 1),
};

const struct nla_policy qn_binding_del_policy[QKDNF_A_BINDING_REQID + 1] = {
	[QKDNF_A_BINDING_REQID] = NLA_POLICY_MIN(NLA_U32, 1),
};

const struct nla_policy qn_binding_rekey_policy[QKDNF_A_BINDING_REQID + 1] = {
	[QKDNF_A_BINDING_REQID] = NLA_POLICY_MIN(NLA_U32, 1),
};

const struct nla_policy
qn_binding_move_policy[QKDNF_A_BINDING_LOCAL_ADDR6 + 1] = {
	[QKDNF_A_BINDING_REQID] = NLA_POLICY_MIN(NLA_U32, 1),
	[QKDNF_A_BINDING_ADDR4] = NLA_POLICY_EXACT_LEN(4),
	[QKDNF_A_BINDING_LOCAL_ADDR4] = NLA_POLICY_EXACT_LEN(4),
	[QKDNF_A_BINDING_ADDR6] = NLA_POLICY_EXACT_LEN(16),
	[QKDNF_A_BINDING_LOCAL_ADDR6] = NLA_POLICY_EXACT_LEN(16),
};
