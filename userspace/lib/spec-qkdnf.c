// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generated from tools/netlink/qkdnf.yaml by userspace/lib/gen-spec.py.
 */
#include <linux/qkdnf.h>

#include "spec.h"

static const char *const peer_kind_names[] = {
	"link",
	"remote",
};

const struct qn_enum qn_enum_peer_kind = {
	.name = "peer-kind",
	.names = peer_kind_names,
	.count = 2,
};

static const char *const peer_state_names[] = {
	"new",
	"probing",
	"paired",
	"up",
	"down",
};

const struct qn_enum qn_enum_peer_state = {
	.name = "peer-state",
	.names = peer_state_names,
	.count = 5,
};

static const char *const scheme_names[] = {
	"xor",
	"otp",
};

const struct qn_enum qn_enum_scheme = {
	.name = "scheme",
	.names = scheme_names,
	.count = 2,
};

static const char *const source_kind_names[] = {
	"fd",
	"push",
	"relay",
};

const struct qn_enum qn_enum_source_kind = {
	.name = "source-kind",
	.names = source_kind_names,
	.count = 3,
};

static const char *const source_state_names[] = {
	"waiting",
	"running",
	"silent",
	"stopped",
	"refused",
};

const struct qn_enum qn_enum_source_state = {
	.name = "source-state",
	.names = source_state_names,
	.count = 5,
};

static const char *const route_active_names[] = {
	"none",
	"primary",
	"backup",
};

const struct qn_enum qn_enum_route_active = {
	.name = "route-active",
	.names = route_active_names,
	.count = 3,
};

static const char *const direction_names[] = {
	"in",
	"out",
};

const struct qn_enum qn_enum_direction = {
	.name = "direction",
	.names = direction_names,
	.count = 2,
};

static const char *const relay_state_names[] = {
	"unpaired",
	"pairing",
	"idle",
	"filling",
	"paused",
	"no-route",
	"no-key",
};

const struct qn_enum qn_enum_relay_state = {
	.name = "relay-state",
	.names = relay_state_names,
	.count = 7,
};

static const char *const nak_code_names[] = {
	"none",
	"no-route",
	"no-key",
	"contract-exceeded",
	"contract-unknown",
	"hop-limit",
	"over-rate",
};

const struct qn_enum qn_enum_nak_code = {
	.name = "nak-code",
	.names = nak_code_names,
	.count = 7,
};

static const char *const supply_state_names[] = {
	"marked",
	"taken",
	"announced",
	"waiting",
};

const struct qn_enum qn_enum_supply_state = {
	.name = "supply-state",
	.names = supply_state_names,
	.count = 4,
};

static const char *const ipsec_mode_names[] = {
	"tunnel",
	"transport",
};

const struct qn_enum qn_enum_ipsec_mode = {
	.name = "ipsec-mode",
	.names = ipsec_mode_names,
	.count = 2,
};

static const char *const ipsec_algorithm_names[] = {
	"aes-gcm",
	"chacha20-poly1305",
};

const struct qn_enum qn_enum_ipsec_algorithm = {
	.name = "ipsec-algorithm",
	.names = ipsec_algorithm_names,
	.count = 2,
};

static const char *const binding_state_names[] = {
	"waiting",
	"one-way",
	"up",
};

const struct qn_enum qn_enum_binding_state = {
	.name = "binding-state",
	.names = binding_state_names,
	.count = 3,
};

static const char *const event_type_names[] = {
	"stream-low",
	"stream-ready",
	"stream-empty",
	"peer-up",
	"peer-down",
	"pairing-made",
	"pairing-lost",
	"route-switched",
	"sa-rekeyed",
	"sa-failed",
	"source-silent",
	"source-repeating",
	"source-stopped",
	"source-eavesdropping",
	"source-resumed",
	"source-refused",
	"tag-failures",
	"contract-exhausted",
	"contract-meter",
	"contract-mark",
	"nak",
	"confirm-mismatch",
	"segment-size-mismatch",
	"memory-limit",
	"suspended",
};

const struct qn_enum qn_enum_event_type = {
	.name = "event-type",
	.names = event_type_names,
	.count = 25,
};

static const struct qn_attr books_attrs[] = {
	[QKDNF_A_BOOKS_IN] = {
		.name = "in", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_BOOKS_SPENT] = {
		.name = "spent", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_BOOKS_HELD] = {
		.name = "held", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_BOOKS_ERASED] = {
		.name = "erased", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
};

const struct qn_set qn_set_books = {
	.name = "books",
	.attrs = books_attrs,
	.max = QKDNF_A_BOOKS_MAX,
};

_Static_assert(QKDNF_A_BOOKS_MAX < 64, "presence is 64 bits");

static const struct qn_attr counters_attrs[] = {
	[QKDNF_A_COUNTERS_RX_FRAMES] = {
		.name = "rx-frames", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_RX_OCTETS] = {
		.name = "rx-octets", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_TX_FRAMES] = {
		.name = "tx-frames", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_TX_OCTETS] = {
		.name = "tx-octets", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_PROBE_RX] = {
		.name = "probe-rx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_PROBE_TX] = {
		.name = "probe-tx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_HELLO_RX] = {
		.name = "hello-rx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_HELLO_TX] = {
		.name = "hello-tx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_GRANT_IN] = {
		.name = "grant-in", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_GRANT_OUT] = {
		.name = "grant-out", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_SUPPLY_RX] = {
		.name = "supply-rx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_SUPPLY_TX] = {
		.name = "supply-tx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_RELAY_RX] = {
		.name = "relay-rx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_RELAY_TX] = {
		.name = "relay-tx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_RELAY_FORWARDED] = {
		.name = "relay-forwarded", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_ACK_RX] = {
		.name = "ack-rx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_ACK_TX] = {
		.name = "ack-tx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_NAK_RX] = {
		.name = "nak-rx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_NAK_TX] = {
		.name = "nak-tx", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_CONTROL_OCTETS] = {
		.name = "control-octets", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_FORM] = {
		.name = "drop-form", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_ADDRESS] = {
		.name = "drop-address", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_SEGMENT] = {
		.name = "drop-segment", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_OWNER] = {
		.name = "drop-owner", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_CLAIMED] = {
		.name = "drop-claimed", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_TAG] = {
		.name = "drop-tag", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_STALE] = {
		.name = "drop-stale", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_BINDING] = {
		.name = "drop-binding", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_ROUTE] = {
		.name = "drop-route", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_KEY] = {
		.name = "drop-key", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_HOP_LIMIT] = {
		.name = "drop-hop-limit", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_CONTRACT] = {
		.name = "drop-contract", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_RATE] = {
		.name = "drop-rate", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_DUPLICATE] = {
		.name = "drop-duplicate", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_DROP_MEMORY] = {
		.name = "drop-memory", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_TX_KEY] = {
		.name = "tx-key", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_TX_ERROR] = {
		.name = "tx-error", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_CONFIRM_MISMATCH] = {
		.name = "confirm-mismatch", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_FLOW_EVICTED] = {
		.name = "flow-evicted", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_COUNTERS_FLOW_REFUSED] = {
		.name = "flow-refused", .type = QN_U64, .max = 18446744073709551615ULL
	},
};

const struct qn_set qn_set_counters = {
	.name = "counters",
	.attrs = counters_attrs,
	.max = QKDNF_A_COUNTERS_MAX,
};

_Static_assert(QKDNF_A_COUNTERS_MAX < 64, "presence is 64 bits");

static const struct qn_attr unclaimed_attrs[] = {
	[QKDNF_A_UNCLAIMED_RX_FRAMES] = {
		.name = "rx-frames", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_UNCLAIMED_SHORT] = {
		.name = "short", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_UNCLAIMED_VERSION] = {
		.name = "version", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_UNCLAIMED_TYPE] = {
		.name = "type", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_UNCLAIMED_FORM] = {
		.name = "form", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_UNCLAIMED_SENDER] = {
		.name = "sender", .type = QN_U64, .max = 18446744073709551615ULL
	},
};

const struct qn_set qn_set_unclaimed = {
	.name = "unclaimed",
	.attrs = unclaimed_attrs,
	.max = QKDNF_A_UNCLAIMED_MAX,
};

_Static_assert(QKDNF_A_UNCLAIMED_MAX < 64, "presence is 64 bits");

static const struct qn_attr node_attrs[] = {
	[QKDNF_A_NODE_ID] = {
		.name = "id", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_NODE_PORT] = {
		.name = "port", .type = QN_U16, .min = 1ULL, .max = 65535ULL
	},
	[QKDNF_A_NODE_MEM_MAX] = {
		.name = "mem-max", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_NODE_MEM_USED] = {
		.name = "mem-used", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_NODE_START_TIME] = {
		.name = "start-time", .type = QN_U64, .format = QN_FMT_TIME,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_NODE_PEERS] = {
		.name = "peers", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_NODE_ROUTES] = {
		.name = "routes", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_NODE_CONTRACTS] = {
		.name = "contracts", .type = QN_U32, .max = 4294967295ULL
	},
};

const struct qn_set qn_set_node = {
	.name = "node",
	.attrs = node_attrs,
	.max = QKDNF_A_NODE_MAX,
};

_Static_assert(QKDNF_A_NODE_MAX < 64, "presence is 64 bits");

static const struct qn_attr peer_attrs[] = {
	[QKDNF_A_PEER_ID] = {
		.name = "id", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_PEER_KIND] = {
		.name = "kind", .type = QN_U32, .values = &qn_enum_peer_kind
	},
	[QKDNF_A_PEER_NAME] = {
		.name = "name", .type = QN_STRING, .max = 31
	},
	[QKDNF_A_PEER_ADDR4] = {
		.name = "addr4", .type = QN_BINARY, .format = QN_FMT_ADDR, .min = 4, .max = 4
	},
	[QKDNF_A_PEER_ADDR6] = {
		.name = "addr6", .type = QN_BINARY, .format = QN_FMT_ADDR, .min = 16, .max = 16
	},
	[QKDNF_A_PEER_PORT] = {
		.name = "port", .type = QN_U16, .min = 1ULL, .max = 65535ULL
	},
	[QKDNF_A_PEER_LOCAL_ADDR4] = {
		.name = "local-addr4", .type = QN_BINARY, .format = QN_FMT_ADDR, .min = 4,
		.max = 4
	},
	[QKDNF_A_PEER_LOCAL_ADDR6] = {
		.name = "local-addr6", .type = QN_BINARY, .format = QN_FMT_ADDR, .min = 16,
		.max = 16
	},
	[QKDNF_A_PEER_SEG_SHIFT] = {
		.name = "seg-shift", .type = QN_U8, .min = 12ULL, .max = 16ULL
	},
	[QKDNF_A_PEER_POOL_MAX] = {
		.name = "pool-max", .type = QN_U64, .format = QN_FMT_OCTETS, .min = 32768ULL,
		.max = 67108864ULL
	},
	[QKDNF_A_PEER_LOW] = {
		.name = "low", .type = QN_U64, .format = QN_FMT_OCTETS, .max = 67108864ULL
	},
	[QKDNF_A_PEER_HIGH] = {
		.name = "high", .type = QN_U64, .format = QN_FMT_OCTETS, .max = 67108864ULL
	},
	[QKDNF_A_PEER_SCHEME] = {
		.name = "scheme", .type = QN_U32, .values = &qn_enum_scheme
	},
	[QKDNF_A_PEER_SHARES] = {
		.name = "shares", .type = QN_U8, .min = 1ULL, .max = 4ULL
	},
	[QKDNF_A_PEER_WEIGHT] = {
		.name = "weight", .type = QN_U16, .min = 1ULL, .max = 65535ULL
	},
	[QKDNF_A_PEER_MAX_RATE] = {
		.name = "max-rate", .type = QN_U64, .format = QN_FMT_RATE, .max = 4294967294ULL
	},
	[QKDNF_A_PEER_HELLO_MS] = {
		.name = "hello-ms", .type = QN_U32, .format = QN_FMT_MS, .min = 100ULL,
		.max = 60000ULL
	},
	[QKDNF_A_PEER_BORDER] = {
		.name = "border", .type = QN_U8, .format = QN_FMT_BOOL, .max = 1ULL
	},
	[QKDNF_A_PEER_BRIEF] = {
		.name = "brief", .type = QN_FLAG
	},
	[QKDNF_A_PEER_STATE] = {
		.name = "state", .type = QN_U32, .values = &qn_enum_peer_state
	},
	[QKDNF_A_PEER_INCARNATION] = {
		.name = "incarnation", .type = QN_U64, .format = QN_FMT_HEX,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_PEER_PEER_INCARNATION] = {
		.name = "peer-incarnation", .type = QN_U64, .format = QN_FMT_HEX,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_PEER_BARRIER] = {
		.name = "barrier", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_PEER_RTT_US] = {
		.name = "rtt-us", .type = QN_U32, .format = QN_FMT_US, .max = 4294967295ULL
	},
	[QKDNF_A_PEER_OWN_LEVEL] = {
		.name = "own-level", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_PEER_OTHER_LEVEL] = {
		.name = "other-level", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_PEER_HELD] = {
		.name = "held", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_PEER_INCOME] = {
		.name = "income", .type = QN_U32, .format = QN_FMT_RATE, .max = 4294967295ULL
	},
	[QKDNF_A_PEER_HORIZON] = {
		.name = "horizon", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_PEER_SEGMENTS] = {
		.name = "segments", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_PEER_LAST_HEARD_MS] = {
		.name = "last-heard-ms", .type = QN_U64, .format = QN_FMT_MS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_PEER_COMPUTATIONAL] = {
		.name = "computational", .type = QN_FLAG
	},
	[QKDNF_A_PEER_HASH_OFFSET] = {
		.name = "hash-offset", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_PEER_OTHER_HASH_OFFSET] = {
		.name = "other-hash-offset", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_PEER_COUNTERS] = {
		.name = "counters", .type = QN_NEST, .nest = &qn_set_counters
	},
	[QKDNF_A_PEER_BOOKS] = {
		.name = "books", .type = QN_NEST, .nest = &qn_set_books
	},
};

const struct qn_set qn_set_peer = {
	.name = "peer",
	.attrs = peer_attrs,
	.max = QKDNF_A_PEER_MAX,
};

_Static_assert(QKDNF_A_PEER_MAX < 64, "presence is 64 bits");

static const struct qn_attr source_attrs[] = {
	[QKDNF_A_SOURCE_PEER] = {
		.name = "peer", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_SOURCE_KIND] = {
		.name = "kind", .type = QN_U32, .values = &qn_enum_source_kind
	},
	[QKDNF_A_SOURCE_FD] = {
		.name = "fd", .type = QN_S32, .min = 0ULL, .max = 2147483647ULL
	},
	[QKDNF_A_SOURCE_STATE] = {
		.name = "state", .type = QN_U32, .values = &qn_enum_source_state
	},
	[QKDNF_A_SOURCE_REASON] = {
		.name = "reason", .type = QN_STRING
	},
	[QKDNF_A_SOURCE_BLOCK] = {
		.name = "block", .type = QN_U32, .format = QN_FMT_OCTETS, .max = 4294967295ULL
	},
	[QKDNF_A_SOURCE_BLOCKS] = {
		.name = "blocks", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_SOURCE_OCTETS] = {
		.name = "octets", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_SOURCE_DROPPED] = {
		.name = "dropped", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_SOURCE_REPEATS] = {
		.name = "repeats", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_SOURCE_NEXT_INDEX] = {
		.name = "next-index", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_SOURCE_QBER_PPM] = {
		.name = "qber-ppm", .type = QN_U32, .format = QN_FMT_PPM, .max = 4294967295ULL
	},
	[QKDNF_A_SOURCE_LAST_BLOCK_MS] = {
		.name = "last-block-ms", .type = QN_U64, .format = QN_FMT_MS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_SOURCE_GAPS] = {
		.name = "gaps", .type = QN_U64, .max = 18446744073709551615ULL
	},
};

const struct qn_set qn_set_source = {
	.name = "source",
	.attrs = source_attrs,
	.max = QKDNF_A_SOURCE_MAX,
};

_Static_assert(QKDNF_A_SOURCE_MAX < 64, "presence is 64 bits");

static const struct qn_attr route_attrs[] = {
	[QKDNF_A_ROUTE_DESTINATION] = {
		.name = "destination", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_ROUTE_PROVIDER_WIDE] = {
		.name = "provider-wide", .type = QN_FLAG
	},
	[QKDNF_A_ROUTE_SHARE] = {
		.name = "share", .type = QN_U8, .max = 3ULL
	},
	[QKDNF_A_ROUTE_VIA] = {
		.name = "via", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_ROUTE_BACKUP] = {
		.name = "backup", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_ROUTE_ACTIVE] = {
		.name = "active", .type = QN_U32, .values = &qn_enum_route_active
	},
	[QKDNF_A_ROUTE_SWITCHED] = {
		.name = "switched", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_ROUTE_REPLACE] = {
		.name = "replace", .type = QN_FLAG
	},
};

const struct qn_set qn_set_route = {
	.name = "route",
	.attrs = route_attrs,
	.max = QKDNF_A_ROUTE_MAX,
};

_Static_assert(QKDNF_A_ROUTE_MAX < 64, "presence is 64 bits");

static const struct qn_attr contract_attrs[] = {
	[QKDNF_A_CONTRACT_PEER] = {
		.name = "peer", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_ID] = {
		.name = "id", .type = QN_U32, .min = 1ULL, .max = 4294967295ULL
	},
	[QKDNF_A_CONTRACT_DIRECTION] = {
		.name = "direction", .type = QN_U32, .values = &qn_enum_direction
	},
	[QKDNF_A_CONTRACT_OUT_ID] = {
		.name = "out-id", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_CONTRACT_SOURCE] = {
		.name = "source", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_SOURCE_WIDE] = {
		.name = "source-wide", .type = QN_FLAG
	},
	[QKDNF_A_CONTRACT_DESTINATION] = {
		.name = "destination", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_DESTINATION_WIDE] = {
		.name = "destination-wide", .type = QN_FLAG
	},
	[QKDNF_A_CONTRACT_RATE] = {
		.name = "rate", .type = QN_U64, .format = QN_FMT_RATE, .min = 1ULL,
		.max = 4294967294ULL
	},
	[QKDNF_A_CONTRACT_BURST] = {
		.name = "burst", .type = QN_U64, .format = QN_FMT_OCTETS, .min = 992ULL,
		.max = 4294967294ULL
	},
	[QKDNF_A_CONTRACT_VOLUME] = {
		.name = "volume", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_EXPIRY] = {
		.name = "expiry", .type = QN_U64, .format = QN_FMT_TIME,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_WEIGHT] = {
		.name = "weight", .type = QN_U16, .max = 65535ULL
	},
	[QKDNF_A_CONTRACT_ACCEPTED] = {
		.name = "accepted", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_SENT] = {
		.name = "sent", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_PEER_ACCEPTED] = {
		.name = "peer-accepted", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_REFUSED_RATE] = {
		.name = "refused-rate", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_REFUSED_VOLUME] = {
		.name = "refused-volume", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_REFUSED_EXPIRED] = {
		.name = "refused-expired", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_REFUSED_MISMATCH] = {
		.name = "refused-mismatch", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_MARK] = {
		.name = "mark", .type = QN_U32, .min = 1ULL, .max = 4294967295ULL
	},
	[QKDNF_A_CONTRACT_MARK_ACCEPTED] = {
		.name = "mark-accepted", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_MARK_SENT] = {
		.name = "mark-sent", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_MARK_PEER_ACCEPTED] = {
		.name = "mark-peer-accepted", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_CONTRACT_INCARNATION] = {
		.name = "incarnation", .type = QN_U64, .format = QN_FMT_HEX,
		.max = 18446744073709551615ULL
	},
};

const struct qn_set qn_set_contract = {
	.name = "contract",
	.attrs = contract_attrs,
	.max = QKDNF_A_CONTRACT_MAX,
};

_Static_assert(QKDNF_A_CONTRACT_MAX < 64, "presence is 64 bits");

static const struct qn_attr flow_attrs[] = {
	[QKDNF_A_FLOW_PEER] = {
		.name = "peer", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_FLOW_ORIGIN] = {
		.name = "origin", .type = QN_U64, .format = QN_FMT_NODE,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_FLOW_DESTINATION] = {
		.name = "destination", .type = QN_U64, .format = QN_FMT_NODE,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_FLOW_WEIGHT] = {
		.name = "weight", .type = QN_U16, .max = 65535ULL
	},
	[QKDNF_A_FLOW_RATE] = {
		.name = "rate", .type = QN_U32, .format = QN_FMT_RATE, .max = 4294967295ULL
	},
	[QKDNF_A_FLOW_ALLOWED] = {
		.name = "allowed", .type = QN_U32, .format = QN_FMT_RATE, .max = 4294967295ULL
	},
	[QKDNF_A_FLOW_DEMAND] = {
		.name = "demand", .type = QN_U32, .format = QN_FMT_RATE, .max = 4294967295ULL
	},
	[QKDNF_A_FLOW_LAST_MS] = {
		.name = "last-ms", .type = QN_U64, .format = QN_FMT_MS,
		.max = 18446744073709551615ULL
	},
};

const struct qn_set qn_set_flow = {
	.name = "flow",
	.attrs = flow_attrs,
	.max = QKDNF_A_FLOW_MAX,
};

_Static_assert(QKDNF_A_FLOW_MAX < 64, "presence is 64 bits");

static const struct qn_attr relay_attrs[] = {
	[QKDNF_A_RELAY_PEER] = {
		.name = "peer", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_RELAY_SCHEME] = {
		.name = "scheme", .type = QN_U32, .values = &qn_enum_scheme
	},
	[QKDNF_A_RELAY_SHARES] = {
		.name = "shares", .type = QN_U8, .max = 255ULL
	},
	[QKDNF_A_RELAY_STATE] = {
		.name = "state", .type = QN_U32, .values = &qn_enum_relay_state
	},
	[QKDNF_A_RELAY_NAK] = {
		.name = "nak", .type = QN_U32, .values = &qn_enum_nak_code
	},
	[QKDNF_A_RELAY_NAK_NODE] = {
		.name = "nak-node", .type = QN_U64, .format = QN_FMT_NODE,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_RELAY_IN_FLIGHT] = {
		.name = "in-flight", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_RELAY_WINDOW] = {
		.name = "window", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_RELAY_NEXT_SEGMENT] = {
		.name = "next-segment", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_RELAY_SENT] = {
		.name = "sent", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_RELAY_RETRANSMITS] = {
		.name = "retransmits", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_RELAY_CONFIRMED] = {
		.name = "confirmed", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_RELAY_GIVEN_UP] = {
		.name = "given-up", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_RELAY_MISMATCHED] = {
		.name = "mismatched", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_RELAY_ALLOWED_RATE] = {
		.name = "allowed-rate", .type = QN_U32, .format = QN_FMT_RATE,
		.max = 4294967295ULL
	},
	[QKDNF_A_RELAY_RTT_US] = {
		.name = "rtt-us", .type = QN_U32, .format = QN_FMT_US, .max = 4294967295ULL
	},
	[QKDNF_A_RELAY_ASSEMBLING] = {
		.name = "assembling", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_RELAY_CHUNKS] = {
		.name = "chunks", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_RELAY_DUPLICATES] = {
		.name = "duplicates", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_RELAY_CONFIRMED_IN] = {
		.name = "confirmed-in", .type = QN_U64, .max = 18446744073709551615ULL
	},
};

const struct qn_set qn_set_relay = {
	.name = "relay",
	.attrs = relay_attrs,
	.max = QKDNF_A_RELAY_MAX,
};

_Static_assert(QKDNF_A_RELAY_MAX < 64, "presence is 64 bits");

static const struct qn_attr supply_attrs[] = {
	[QKDNF_A_SUPPLY_PEER] = {
		.name = "peer", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_SUPPLY_OFFSET] = {
		.name = "offset", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_SUPPLY_OCTETS] = {
		.name = "octets", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_SUPPLY_LABEL] = {
		.name = "label", .type = QN_BINARY, .format = QN_FMT_LABEL
	},
	[QKDNF_A_SUPPLY_STATE] = {
		.name = "state", .type = QN_U32, .values = &qn_enum_supply_state
	},
	[QKDNF_A_SUPPLY_TTL] = {
		.name = "ttl", .type = QN_U32, .format = QN_FMT_SECONDS, .max = 4294967295ULL
	},
};

const struct qn_set qn_set_supply = {
	.name = "supply",
	.attrs = supply_attrs,
	.max = QKDNF_A_SUPPLY_MAX,
};

_Static_assert(QKDNF_A_SUPPLY_MAX < 64, "presence is 64 bits");

static const struct qn_attr association_attrs[] = {
	[QKDNF_A_ASSOCIATION_DIRECTION] = {
		.name = "direction", .type = QN_U32, .values = &qn_enum_direction
	},
	[QKDNF_A_ASSOCIATION_SPI] = {
		.name = "spi", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_ASSOCIATION_AGE_MS] = {
		.name = "age-ms", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_ASSOCIATION_OCTETS] = {
		.name = "octets", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_ASSOCIATION_PACKETS] = {
		.name = "packets", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_ASSOCIATION_VALID] = {
		.name = "valid", .type = QN_U8, .max = 1ULL
	},
	[QKDNF_A_ASSOCIATION_LEAVES_MS] = {
		.name = "leaves-ms", .type = QN_U32, .max = 4294967295ULL
	},
};

const struct qn_set qn_set_association = {
	.name = "association",
	.attrs = association_attrs,
	.max = QKDNF_A_ASSOCIATION_MAX,
};

_Static_assert(QKDNF_A_ASSOCIATION_MAX < 64, "presence is 64 bits");

static const struct qn_attr binding_attrs[] = {
	[QKDNF_A_BINDING_REQID] = {
		.name = "reqid", .type = QN_U32, .min = 1ULL, .max = 4294967295ULL
	},
	[QKDNF_A_BINDING_PEER] = {
		.name = "peer", .type = QN_U64, .format = QN_FMT_NODE, .min = 1ULL,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_ADDR4] = {
		.name = "addr4", .type = QN_BINARY, .format = QN_FMT_ADDR, .min = 4, .max = 4
	},
	[QKDNF_A_BINDING_LOCAL_ADDR4] = {
		.name = "local-addr4", .type = QN_BINARY, .format = QN_FMT_ADDR, .min = 4,
		.max = 4
	},
	[QKDNF_A_BINDING_ADDR6] = {
		.name = "addr6", .type = QN_BINARY, .format = QN_FMT_ADDR, .min = 16, .max = 16
	},
	[QKDNF_A_BINDING_LOCAL_ADDR6] = {
		.name = "local-addr6", .type = QN_BINARY, .format = QN_FMT_ADDR, .min = 16,
		.max = 16
	},
	[QKDNF_A_BINDING_MODE] = {
		.name = "mode", .type = QN_U32, .values = &qn_enum_ipsec_mode
	},
	[QKDNF_A_BINDING_ALGORITHM] = {
		.name = "algorithm", .type = QN_U32, .values = &qn_enum_ipsec_algorithm
	},
	[QKDNF_A_BINDING_ESN] = {
		.name = "esn", .type = QN_U8, .format = QN_FMT_BOOL, .max = 1ULL
	},
	[QKDNF_A_BINDING_WINDOW] = {
		.name = "window", .type = QN_U32, .min = 1ULL, .max = 4096ULL
	},
	[QKDNF_A_BINDING_IF_ID] = {
		.name = "if-id", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_BINDING_SOFT_OCTETS] = {
		.name = "soft-octets", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_SOFT_PACKETS] = {
		.name = "soft-packets", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_SOFT_SECONDS] = {
		.name = "soft-seconds", .type = QN_U32, .format = QN_FMT_SECONDS,
		.max = 31536000ULL
	},
	[QKDNF_A_BINDING_HARD_OCTETS] = {
		.name = "hard-octets", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_HARD_PACKETS] = {
		.name = "hard-packets", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_HARD_SECONDS] = {
		.name = "hard-seconds", .type = QN_U32, .format = QN_FMT_SECONDS,
		.max = 31536000ULL
	},
	[QKDNF_A_BINDING_STATE] = {
		.name = "state", .type = QN_U32, .values = &qn_enum_binding_state
	},
	[QKDNF_A_BINDING_REASON] = {
		.name = "reason", .type = QN_STRING
	},
	[QKDNF_A_BINDING_OUT_SPI] = {
		.name = "out-spi", .type = QN_U32, .format = QN_FMT_HEX, .max = 4294967295ULL
	},
	[QKDNF_A_BINDING_IN_SPI] = {
		.name = "in-spi", .type = QN_U32, .format = QN_FMT_HEX, .max = 4294967295ULL
	},
	[QKDNF_A_BINDING_OUT_AGE_MS] = {
		.name = "out-age-ms", .type = QN_U32, .format = QN_FMT_MS, .max = 4294967295ULL
	},
	[QKDNF_A_BINDING_IN_AGE_MS] = {
		.name = "in-age-ms", .type = QN_U32, .format = QN_FMT_MS, .max = 4294967295ULL
	},
	[QKDNF_A_BINDING_OUT_OCTETS] = {
		.name = "out-octets", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_OUT_PACKETS] = {
		.name = "out-packets", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_IN_OCTETS] = {
		.name = "in-octets", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_IN_PACKETS] = {
		.name = "in-packets", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_REKEYS_OUT] = {
		.name = "rekeys-out", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_REKEYS_IN] = {
		.name = "rekeys-in", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_KEY_OCTETS] = {
		.name = "key-octets", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_FAILED] = {
		.name = "failed", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_ACQUIRED] = {
		.name = "acquired", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_BINDING_OLD_OUT] = {
		.name = "old-out", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_BINDING_OLD_IN] = {
		.name = "old-in", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_BINDING_ASSOCIATION] = {
		.name = "association", .type = QN_NEST, .multi = true,
		.nest = &qn_set_association
	},
	[QKDNF_A_BINDING_ENCAP] = {
		.name = "encap", .type = QN_U16, .max = 65535ULL
	},
	[QKDNF_A_BINDING_ENCAP_TO] = {
		.name = "encap-to", .type = QN_U16, .min = 1ULL, .max = 65535ULL
	},
	[QKDNF_A_BINDING_MAPPED] = {
		.name = "mapped", .type = QN_U8, .format = QN_FMT_BOOL, .max = 1ULL
	},
};

const struct qn_set qn_set_binding = {
	.name = "binding",
	.attrs = binding_attrs,
	.max = QKDNF_A_BINDING_MAX,
};

_Static_assert(QKDNF_A_BINDING_MAX < 64, "presence is 64 bits");

static const struct qn_attr stats_attrs[] = {
	[QKDNF_A_STATS_MEM_MAX] = {
		.name = "mem-max", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_STATS_MEM_USED] = {
		.name = "mem-used", .type = QN_U64, .format = QN_FMT_OCTETS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_STATS_PEERS] = {
		.name = "peers", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_STATS_PEERS_UP] = {
		.name = "peers-up", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_STATS_EVENTS_DROPPED] = {
		.name = "events-dropped", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_STATS_COUNTERS] = {
		.name = "counters", .type = QN_NEST, .nest = &qn_set_counters
	},
	[QKDNF_A_STATS_UNCLAIMED] = {
		.name = "unclaimed", .type = QN_NEST, .nest = &qn_set_unclaimed
	},
	[QKDNF_A_STATS_BOOKS] = {
		.name = "books", .type = QN_NEST, .nest = &qn_set_books
	},
};

const struct qn_set qn_set_stats = {
	.name = "stats",
	.attrs = stats_attrs,
	.max = QKDNF_A_STATS_MAX,
};

_Static_assert(QKDNF_A_STATS_MAX < 64, "presence is 64 bits");

static const struct qn_attr event_attrs[] = {
	[QKDNF_A_EVENT_TYPE] = {
		.name = "type", .type = QN_U32, .values = &qn_enum_event_type
	},
	[QKDNF_A_EVENT_TIME_NS] = {
		.name = "time-ns", .type = QN_U64, .format = QN_FMT_TIME_NS,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_EVENT_PEER] = {
		.name = "peer", .type = QN_U64, .format = QN_FMT_NODE,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_EVENT_PEER_NAME] = {
		.name = "peer-name", .type = QN_STRING
	},
	[QKDNF_A_EVENT_DESTINATION] = {
		.name = "destination", .type = QN_U64, .format = QN_FMT_NODE,
		.max = 18446744073709551615ULL
	},
	[QKDNF_A_EVENT_SHARE] = {
		.name = "share", .type = QN_U8, .max = 255ULL
	},
	[QKDNF_A_EVENT_CONTRACT] = {
		.name = "contract", .type = QN_U32, .max = 4294967295ULL
	},
	[QKDNF_A_EVENT_DIRECTION] = {
		.name = "direction", .type = QN_U32, .values = &qn_enum_direction
	},
	[QKDNF_A_EVENT_SEGMENT] = {
		.name = "segment", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_EVENT_NUMBER] = {
		.name = "number", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDNF_A_EVENT_REASON] = {
		.name = "reason", .type = QN_STRING
	},
	[QKDNF_A_EVENT_SUPPRESSED] = {
		.name = "suppressed", .type = QN_U32, .max = 4294967295ULL
	},
};

const struct qn_set qn_set_event = {
	.name = "event",
	.attrs = event_attrs,
	.max = QKDNF_A_EVENT_MAX,
};

_Static_assert(QKDNF_A_EVENT_MAX < 64, "presence is 64 bits");

static const struct qn_op qkdnf_ops[] = {
	[QKDNF_CMD_NODE_GET] = {
		.name = "node-get",
		.set = &qn_set_node,
	},
	[QKDNF_CMD_NODE_SET] = {
		.name = "node-set",
		.set = &qn_set_node,
		.request =
			QN_BIT(QKDNF_A_NODE_ID) |
			QN_BIT(QKDNF_A_NODE_PORT) |
			QN_BIT(QKDNF_A_NODE_MEM_MAX),
	},
	[QKDNF_CMD_NODE_DEL] = {
		.name = "node-del",
		.set = &qn_set_node,
	},
	[QKDNF_CMD_PEER_GET] = {
		.name = "peer-get",
		.set = &qn_set_peer,
		.request =
			QN_BIT(QKDNF_A_PEER_ID) |
			QN_BIT(QKDNF_A_PEER_BRIEF),
		.dump_request =
			QN_BIT(QKDNF_A_PEER_BRIEF),
	},
	[QKDNF_CMD_PEER_NEW] = {
		.name = "peer-new",
		.set = &qn_set_peer,
		.request =
			QN_BIT(QKDNF_A_PEER_ID) |
			QN_BIT(QKDNF_A_PEER_KIND) |
			QN_BIT(QKDNF_A_PEER_NAME) |
			QN_BIT(QKDNF_A_PEER_ADDR4) |
			QN_BIT(QKDNF_A_PEER_ADDR6) |
			QN_BIT(QKDNF_A_PEER_PORT) |
			QN_BIT(QKDNF_A_PEER_LOCAL_ADDR4) |
			QN_BIT(QKDNF_A_PEER_LOCAL_ADDR6) |
			QN_BIT(QKDNF_A_PEER_SEG_SHIFT) |
			QN_BIT(QKDNF_A_PEER_POOL_MAX) |
			QN_BIT(QKDNF_A_PEER_LOW) |
			QN_BIT(QKDNF_A_PEER_HIGH) |
			QN_BIT(QKDNF_A_PEER_SCHEME) |
			QN_BIT(QKDNF_A_PEER_SHARES) |
			QN_BIT(QKDNF_A_PEER_WEIGHT) |
			QN_BIT(QKDNF_A_PEER_MAX_RATE) |
			QN_BIT(QKDNF_A_PEER_HELLO_MS) |
			QN_BIT(QKDNF_A_PEER_BORDER),
	},
	[QKDNF_CMD_PEER_SET] = {
		.name = "peer-set",
		.set = &qn_set_peer,
		.request =
			QN_BIT(QKDNF_A_PEER_ID) |
			QN_BIT(QKDNF_A_PEER_NAME) |
			QN_BIT(QKDNF_A_PEER_ADDR4) |
			QN_BIT(QKDNF_A_PEER_ADDR6) |
			QN_BIT(QKDNF_A_PEER_PORT) |
			QN_BIT(QKDNF_A_PEER_LOCAL_ADDR4) |
			QN_BIT(QKDNF_A_PEER_LOCAL_ADDR6) |
			QN_BIT(QKDNF_A_PEER_POOL_MAX) |
			QN_BIT(QKDNF_A_PEER_LOW) |
			QN_BIT(QKDNF_A_PEER_HIGH) |
			QN_BIT(QKDNF_A_PEER_WEIGHT) |
			QN_BIT(QKDNF_A_PEER_MAX_RATE) |
			QN_BIT(QKDNF_A_PEER_HELLO_MS) |
			QN_BIT(QKDNF_A_PEER_BORDER),
	},
	[QKDNF_CMD_PEER_DEL] = {
		.name = "peer-del",
		.set = &qn_set_peer,
		.request =
			QN_BIT(QKDNF_A_PEER_ID),
	},
	[QKDNF_CMD_SOURCE_GET] = {
		.name = "source-get",
		.set = &qn_set_source,
		.request =
			QN_BIT(QKDNF_A_SOURCE_PEER),
	},
	[QKDNF_CMD_SOURCE_NEW] = {
		.name = "source-new",
		.set = &qn_set_source,
		.request =
			QN_BIT(QKDNF_A_SOURCE_PEER) |
			QN_BIT(QKDNF_A_SOURCE_KIND) |
			QN_BIT(QKDNF_A_SOURCE_FD),
	},
	[QKDNF_CMD_SOURCE_DEL] = {
		.name = "source-del",
		.set = &qn_set_source,
		.request =
			QN_BIT(QKDNF_A_SOURCE_PEER),
	},
	[QKDNF_CMD_ROUTE_GET] = {
		.name = "route-get",
		.set = &qn_set_route,
		.request =
			QN_BIT(QKDNF_A_ROUTE_DESTINATION) |
			QN_BIT(QKDNF_A_ROUTE_SHARE),
		.dump_request =
			QN_BIT(QKDNF_A_ROUTE_VIA),
	},
	[QKDNF_CMD_ROUTE_NEW] = {
		.name = "route-new",
		.set = &qn_set_route,
		.request =
			QN_BIT(QKDNF_A_ROUTE_DESTINATION) |
			QN_BIT(QKDNF_A_ROUTE_PROVIDER_WIDE) |
			QN_BIT(QKDNF_A_ROUTE_SHARE) |
			QN_BIT(QKDNF_A_ROUTE_VIA) |
			QN_BIT(QKDNF_A_ROUTE_BACKUP) |
			QN_BIT(QKDNF_A_ROUTE_REPLACE),
	},
	[QKDNF_CMD_ROUTE_DEL] = {
		.name = "route-del",
		.set = &qn_set_route,
		.request =
			QN_BIT(QKDNF_A_ROUTE_DESTINATION) |
			QN_BIT(QKDNF_A_ROUTE_PROVIDER_WIDE) |
			QN_BIT(QKDNF_A_ROUTE_SHARE),
	},
	[QKDNF_CMD_CONTRACT_GET] = {
		.name = "contract-get",
		.set = &qn_set_contract,
		.request =
			QN_BIT(QKDNF_A_CONTRACT_PEER) |
			QN_BIT(QKDNF_A_CONTRACT_ID) |
			QN_BIT(QKDNF_A_CONTRACT_DIRECTION),
		.dump_request =
			QN_BIT(QKDNF_A_CONTRACT_PEER),
	},
	[QKDNF_CMD_CONTRACT_NEW] = {
		.name = "contract-new",
		.set = &qn_set_contract,
		.request =
			QN_BIT(QKDNF_A_CONTRACT_PEER) |
			QN_BIT(QKDNF_A_CONTRACT_ID) |
			QN_BIT(QKDNF_A_CONTRACT_DIRECTION) |
			QN_BIT(QKDNF_A_CONTRACT_OUT_ID) |
			QN_BIT(QKDNF_A_CONTRACT_SOURCE) |
			QN_BIT(QKDNF_A_CONTRACT_SOURCE_WIDE) |
			QN_BIT(QKDNF_A_CONTRACT_DESTINATION) |
			QN_BIT(QKDNF_A_CONTRACT_DESTINATION_WIDE) |
			QN_BIT(QKDNF_A_CONTRACT_RATE) |
			QN_BIT(QKDNF_A_CONTRACT_BURST) |
			QN_BIT(QKDNF_A_CONTRACT_VOLUME) |
			QN_BIT(QKDNF_A_CONTRACT_EXPIRY) |
			QN_BIT(QKDNF_A_CONTRACT_WEIGHT),
	},
	[QKDNF_CMD_CONTRACT_SET] = {
		.name = "contract-set",
		.set = &qn_set_contract,
		.request =
			QN_BIT(QKDNF_A_CONTRACT_PEER) |
			QN_BIT(QKDNF_A_CONTRACT_ID) |
			QN_BIT(QKDNF_A_CONTRACT_DIRECTION) |
			QN_BIT(QKDNF_A_CONTRACT_OUT_ID) |
			QN_BIT(QKDNF_A_CONTRACT_RATE) |
			QN_BIT(QKDNF_A_CONTRACT_BURST) |
			QN_BIT(QKDNF_A_CONTRACT_VOLUME) |
			QN_BIT(QKDNF_A_CONTRACT_EXPIRY) |
			QN_BIT(QKDNF_A_CONTRACT_WEIGHT),
	},
	[QKDNF_CMD_CONTRACT_DEL] = {
		.name = "contract-del",
		.set = &qn_set_contract,
		.request =
			QN_BIT(QKDNF_A_CONTRACT_PEER) |
			QN_BIT(QKDNF_A_CONTRACT_ID) |
			QN_BIT(QKDNF_A_CONTRACT_DIRECTION),
	},
	[QKDNF_CMD_CONTRACT_MARK] = {
		.name = "contract-mark",
		.set = &qn_set_contract,
		.request =
			QN_BIT(QKDNF_A_CONTRACT_PEER) |
			QN_BIT(QKDNF_A_CONTRACT_ID) |
			QN_BIT(QKDNF_A_CONTRACT_DIRECTION) |
			QN_BIT(QKDNF_A_CONTRACT_MARK),
	},
	[QKDNF_CMD_FLOW_GET] = {
		.name = "flow-get",
		.set = &qn_set_flow,
		.dump_request =
			QN_BIT(QKDNF_A_FLOW_PEER),
	},
	[QKDNF_CMD_RELAY_GET] = {
		.name = "relay-get",
		.set = &qn_set_relay,
		.request =
			QN_BIT(QKDNF_A_RELAY_PEER),
	},
	[QKDNF_CMD_SUPPLY_GET] = {
		.name = "supply-get",
		.set = &qn_set_supply,
		.dump_request =
			QN_BIT(QKDNF_A_SUPPLY_PEER),
	},
	[QKDNF_CMD_STATS_GET] = {
		.name = "stats-get",
		.set = &qn_set_stats,
	},
	[QKDNF_CMD_EVENT_NTF] = {
		.name = "event-ntf",
		.set = &qn_set_event,
	},
	[QKDNF_CMD_BINDING_GET] = {
		.name = "binding-get",
		.set = &qn_set_binding,
		.request =
			QN_BIT(QKDNF_A_BINDING_REQID),
		.dump_request =
			QN_BIT(QKDNF_A_BINDING_PEER),
	},
	[QKDNF_CMD_BINDING_NEW] = {
		.name = "binding-new",
		.set = &qn_set_binding,
		.request =
			QN_BIT(QKDNF_A_BINDING_REQID) |
			QN_BIT(QKDNF_A_BINDING_PEER) |
			QN_BIT(QKDNF_A_BINDING_ADDR4) |
			QN_BIT(QKDNF_A_BINDING_ADDR6) |
			QN_BIT(QKDNF_A_BINDING_LOCAL_ADDR4) |
			QN_BIT(QKDNF_A_BINDING_LOCAL_ADDR6) |
			QN_BIT(QKDNF_A_BINDING_MODE) |
			QN_BIT(QKDNF_A_BINDING_ALGORITHM) |
			QN_BIT(QKDNF_A_BINDING_ESN) |
			QN_BIT(QKDNF_A_BINDING_WINDOW) |
			QN_BIT(QKDNF_A_BINDING_IF_ID) |
			QN_BIT(QKDNF_A_BINDING_SOFT_OCTETS) |
			QN_BIT(QKDNF_A_BINDING_SOFT_PACKETS) |
			QN_BIT(QKDNF_A_BINDING_SOFT_SECONDS) |
			QN_BIT(QKDNF_A_BINDING_HARD_OCTETS) |
			QN_BIT(QKDNF_A_BINDING_HARD_PACKETS) |
			QN_BIT(QKDNF_A_BINDING_HARD_SECONDS) |
			QN_BIT(QKDNF_A_BINDING_ENCAP) |
			QN_BIT(QKDNF_A_BINDING_ENCAP_TO),
	},
	[QKDNF_CMD_BINDING_DEL] = {
		.name = "binding-del",
		.set = &qn_set_binding,
		.request =
			QN_BIT(QKDNF_A_BINDING_REQID),
	},
	[QKDNF_CMD_BINDING_REKEY] = {
		.name = "binding-rekey",
		.set = &qn_set_binding,
		.request =
			QN_BIT(QKDNF_A_BINDING_REQID),
	},
	[QKDNF_CMD_BINDING_MOVE] = {
		.name = "binding-move",
		.set = &qn_set_binding,
		.request =
			QN_BIT(QKDNF_A_BINDING_REQID) |
			QN_BIT(QKDNF_A_BINDING_ADDR4) |
			QN_BIT(QKDNF_A_BINDING_ADDR6) |
			QN_BIT(QKDNF_A_BINDING_LOCAL_ADDR4) |
			QN_BIT(QKDNF_A_BINDING_LOCAL_ADDR6),
	},
};

const struct qn_family qn_family_qkdnf = {
	.name = "qkdnf",
	.version = 1,
	.group = "events",
	.ops = qkdnf_ops,
	.max = QKDNF_CMD_MAX,
};
