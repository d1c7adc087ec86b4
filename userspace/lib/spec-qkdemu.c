// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generated from tools/netlink/qkdemu.yaml by userspace/lib/gen-spec.py.
 */
#include <linux/qkdemu.h>

#include "spec.h"

static const char *const emu_ends_names[] = {
	"a",
	"b",
};

const struct qn_enum qn_enum_emu_ends = {
	.name = "ends",
	.names = emu_ends_names,
	.count = 2,
	.flags = true,
};

static const char *const emu_admin_names[] = {
	"down",
	"up",
};

const struct qn_enum qn_enum_emu_admin = {
	.name = "admin",
	.names = emu_admin_names,
	.count = 2,
};

static const char *const emu_state_names[] = {
	"waiting",
	"up",
	"down",
	"outage",
	"stopped",
};

const struct qn_enum qn_enum_emu_state = {
	.name = "state",
	.names = emu_state_names,
	.count = 5,
};

static const char *const emu_reason_names[] = {
	"none",
	"qber",
	"fault",
};

const struct qn_enum qn_enum_emu_reason = {
	.name = "reason",
	.names = emu_reason_names,
	.count = 3,
};

static const struct qn_attr emu_link_attrs[] = {
	[QKDEMU_A_NAME] = {
		.name = "name", .type = QN_STRING, .max = 31
	},
	[QKDEMU_A_ENDS] = {
		.name = "ends", .type = QN_U32, .values = &qn_enum_emu_ends, .min = 1ULL,
		.max = 3ULL
	},
	[QKDEMU_A_SEED] = {
		.name = "seed", .type = QN_BINARY, .min = 32, .max = 32
	},
	[QKDEMU_A_START_TIME] = {
		.name = "start-time", .type = QN_U64, .format = QN_FMT_TIME_NS, .min = 1ULL,
		.max = 4611686018427387904ULL
	},
	[QKDEMU_A_RATE] = {
		.name = "rate", .type = QN_U64, .format = QN_FMT_BITRATE, .min = 1ULL,
		.max = 1000000000ULL
	},
	[QKDEMU_A_BLOCK_SIZE] = {
		.name = "block-size", .type = QN_U32, .format = QN_FMT_OCTETS, .min = 32ULL,
		.max = 65536ULL
	},
	[QKDEMU_A_DEPTH] = {
		.name = "depth", .type = QN_U32, .min = 1ULL, .max = 1048576ULL
	},
	[QKDEMU_A_QBER] = {
		.name = "qber", .type = QN_U32, .format = QN_FMT_PPM, .max = 500000ULL
	},
	[QKDEMU_A_QBER_LIMIT] = {
		.name = "qber-limit", .type = QN_U32, .format = QN_FMT_PPM, .max = 500000ULL
	},
	[QKDEMU_A_EAVESDROP] = {
		.name = "eavesdrop", .type = QN_U32, .format = QN_FMT_PPM, .max = 1000000ULL
	},
	[QKDEMU_A_ADMIN] = {
		.name = "admin", .type = QN_U8, .values = &qn_enum_emu_admin, .max = 1ULL
	},
	[QKDEMU_A_END_A] = {
		.name = "end-a", .type = QN_NEST, .nest = &qn_set_emu_end
	},
	[QKDEMU_A_END_B] = {
		.name = "end-b", .type = QN_NEST, .nest = &qn_set_emu_end
	},
	[QKDEMU_A_OUTAGES] = {
		.name = "outages", .type = QN_NEST, .nest = &qn_set_emu_outages
	},
	[QKDEMU_A_BASE_TIME] = {
		.name = "base-time", .type = QN_U64, .format = QN_FMT_TIME_NS, .min = 1ULL,
		.max = 4611686018427387904ULL
	},
	[QKDEMU_A_BASE_INDEX] = {
		.name = "base-index", .type = QN_U64, .max = 140737488355327ULL
	},
	[QKDEMU_A_LINK_ID] = {
		.name = "link-id", .type = QN_U64, .format = QN_FMT_HEX,
		.max = 18446744073709551615ULL
	},
	[QKDEMU_A_STATE] = {
		.name = "state", .type = QN_U32, .values = &qn_enum_emu_state
	},
	[QKDEMU_A_REASON] = {
		.name = "reason", .type = QN_U32, .values = &qn_enum_emu_reason
	},
	[QKDEMU_A_INDEX] = {
		.name = "index", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDEMU_A_QBER_NOW] = {
		.name = "qber-now", .type = QN_U32, .format = QN_FMT_PPM, .max = 4294967295ULL
	},
};

const struct qn_set qn_set_emu_link = {
	.name = "link",
	.attrs = emu_link_attrs,
	.max = QKDEMU_A_MAX,
};

_Static_assert(QKDEMU_A_MAX < 64, "presence is 64 bits");

static const struct qn_attr emu_end_attrs[] = {
	[QKDEMU_A_END_LOSS] = {
		.name = "loss", .type = QN_U32, .format = QN_FMT_PPM, .max = 1000000ULL
	},
	[QKDEMU_A_END_ERROR] = {
		.name = "error", .type = QN_U32, .format = QN_FMT_PPM, .max = 500000ULL
	},
	[QKDEMU_A_END_OPEN] = {
		.name = "open", .type = QN_U8, .format = QN_FMT_BOOL, .max = 255ULL
	},
	[QKDEMU_A_END_NEXT_INDEX] = {
		.name = "next-index", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDEMU_A_END_DELIVERED] = {
		.name = "delivered", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDEMU_A_END_OVERFLOW] = {
		.name = "overflow", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDEMU_A_END_LOST] = {
		.name = "lost", .type = QN_U64, .max = 18446744073709551615ULL
	},
	[QKDEMU_A_END_BUFFERED] = {
		.name = "buffered", .type = QN_U64, .max = 18446744073709551615ULL
	},
};

const struct qn_set qn_set_emu_end = {
	.name = "end",
	.attrs = emu_end_attrs,
	.max = QKDEMU_A_END_MAX,
};

_Static_assert(QKDEMU_A_END_MAX < 64, "presence is 64 bits");

static const struct qn_attr emu_outages_attrs[] = {
	[QKDEMU_A_OUTAGES_OUTAGE] = {
		.name = "outage", .type = QN_NEST, .multi = true, .nest = &qn_set_emu_outage
	},
};

const struct qn_set qn_set_emu_outages = {
	.name = "outages",
	.attrs = emu_outages_attrs,
	.max = QKDEMU_A_OUTAGES_MAX,
};

_Static_assert(QKDEMU_A_OUTAGES_MAX < 64, "presence is 64 bits");

static const struct qn_attr emu_outage_attrs[] = {
	[QKDEMU_A_OUTAGE_START] = {
		.name = "start", .type = QN_U64, .format = QN_FMT_TIME_NS, .min = 1ULL,
		.max = 4611686018427387904ULL
	},
	[QKDEMU_A_OUTAGE_DURATION] = {
		.name = "duration", .type = QN_U64, .format = QN_FMT_NS, .min = 1ULL,
		.max = 4611686018427387904ULL
	},
};

const struct qn_set qn_set_emu_outage = {
	.name = "outage",
	.attrs = emu_outage_attrs,
	.max = QKDEMU_A_OUTAGE_MAX,
};

_Static_assert(QKDEMU_A_OUTAGE_MAX < 64, "presence is 64 bits");

static const struct qn_op qkdemu_ops[] = {
	[QKDEMU_CMD_LINK_NEW] = {
		.name = "link-new",
		.set = &qn_set_emu_link,
		.request =
			QN_BIT(QKDEMU_A_NAME) |
			QN_BIT(QKDEMU_A_ENDS) |
			QN_BIT(QKDEMU_A_SEED) |
			QN_BIT(QKDEMU_A_START_TIME) |
			QN_BIT(QKDEMU_A_RATE) |
			QN_BIT(QKDEMU_A_BLOCK_SIZE) |
			QN_BIT(QKDEMU_A_DEPTH) |
			QN_BIT(QKDEMU_A_QBER) |
			QN_BIT(QKDEMU_A_QBER_LIMIT) |
			QN_BIT(QKDEMU_A_EAVESDROP) |
			QN_BIT(QKDEMU_A_ADMIN) |
			QN_BIT(QKDEMU_A_END_A) |
			QN_BIT(QKDEMU_A_END_B) |
			QN_BIT(QKDEMU_A_OUTAGES) |
			QN_BIT(QKDEMU_A_BASE_TIME) |
			QN_BIT(QKDEMU_A_BASE_INDEX),
	},
	[QKDEMU_CMD_LINK_SET] = {
		.name = "link-set",
		.set = &qn_set_emu_link,
		.request =
			QN_BIT(QKDEMU_A_NAME) |
			QN_BIT(QKDEMU_A_RATE) |
			QN_BIT(QKDEMU_A_DEPTH) |
			QN_BIT(QKDEMU_A_QBER) |
			QN_BIT(QKDEMU_A_QBER_LIMIT) |
			QN_BIT(QKDEMU_A_EAVESDROP) |
			QN_BIT(QKDEMU_A_ADMIN) |
			QN_BIT(QKDEMU_A_END_A) |
			QN_BIT(QKDEMU_A_END_B) |
			QN_BIT(QKDEMU_A_OUTAGES) |
			QN_BIT(QKDEMU_A_BASE_TIME) |
			QN_BIT(QKDEMU_A_BASE_INDEX),
	},
	[QKDEMU_CMD_LINK_DEL] = {
		.name = "link-del",
		.set = &qn_set_emu_link,
		.request =
			QN_BIT(QKDEMU_A_NAME),
	},
	[QKDEMU_CMD_LINK_GET] = {
		.name = "link-get",
		.set = &qn_set_emu_link,
		.request =
			QN_BIT(QKDEMU_A_NAME),
	},
	[QKDEMU_CMD_LINK_STOPPED_NTF] = {
		.name = "link-stopped-ntf",
		.set = &qn_set_emu_link,
	},
	[QKDEMU_CMD_LINK_RESUMED_NTF] = {
		.name = "link-resumed-ntf",
		.set = &qn_set_emu_link,
	},
	[QKDEMU_CMD_OVERFLOW_NTF] = {
		.name = "overflow-ntf",
		.set = &qn_set_emu_link,
	},
};

const struct qn_family qn_family_qkdemu = {
	.name = "qkdemu",
	.version = 1,
	.group = "events",
	.ops = qkdemu_ops,
	.max = QKDEMU_CMD_MAX,
};
