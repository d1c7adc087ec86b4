// SPDX-License-Identifier: GPL-2.0-only
/*
 * The settings of a link, as requests state them: policies and parsing.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "limits.h"
#include "link.h"
#include "netlink_parts.h"

#define EMU_TIME_MAX	BIT_ULL(62)	/* ns since 1970: the year 2116 */

/* Not const: the pointer in Linux 6.1's policies is not. */
static struct netlink_range_validation emu_time_range = {
	.min = 1, .max = EMU_TIME_MAX,
};

static struct netlink_range_validation emu_rate_range = {
	.min = 1, .max = EMU_RATE_MAX,
};

static struct netlink_range_validation emu_block_size_range = {
	.min = QKD_BLOCK_SIZE_MIN, .max = QKD_BLOCK_SIZE_MAX,
};

static struct netlink_range_validation emu_depth_range = {
	.min = 1, .max = EMU_DEPTH_MAX,
};

static struct netlink_range_validation emu_qber_range = {
	.max = EMU_QBER_MAX,
};

static struct netlink_range_validation emu_ppm_range = {
	.max = EMU_PPM,
};

static struct netlink_range_validation emu_index_range = {
	.max = EMU_INDEX_MAX,
};

static const struct nla_policy emu_end_policy[QKDEMU_A_END_ERROR + 1] = {
	[QKDEMU_A_END_LOSS] = NLA_POLICY_FULL_RANGE(NLA_U32, &emu_ppm_range),
	[QKDEMU_A_END_ERROR] = NLA_POLICY_FULL_RANGE(NLA_U32, &emu_qber_range),
};

static const struct nla_policy emu_outage_policy[QKDEMU_A_OUTAGE_MAX + 1] = {
	[QKDEMU_A_OUTAGE_START] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &emu_time_range),
	[QKDEMU_A_OUTAGE_DURATION] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &emu_time_range),
};

static const struct nla_policy emu_outages_policy[QKDEMU_A_OUTAGES_MAX + 1] = {
	[QKDEMU_A_OUTAGES_OUTAGE] = NLA_POLICY_NESTED(emu_outage_policy),
};

const struct nla_policy emu_config_policy[QKDEMU_A_BASE_INDEX + 1] = {
	[QKDEMU_A_NAME] = { .type = NLA_NUL_STRING, .len = QKDEMU_NAME_LEN },
	[QKDEMU_A_ENDS] = NLA_POLICY_RANGE(NLA_U32, QKDEMU_ENDS_A,
					   QKDEMU_ENDS_A | QKDEMU_ENDS_B),
	[QKDEMU_A_SEED] = NLA_POLICY_EXACT_LEN(QKDEMU_SEED_LEN),
	[QKDEMU_A_START_TIME] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &emu_time_range),
	[QKDEMU_A_RATE] = NLA_POLICY_FULL_RANGE(NLA_U64, &emu_rate_range),
	[QKDEMU_A_BLOCK_SIZE] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &emu_block_size_range),
	[QKDEMU_A_DEPTH] = NLA_POLICY_FULL_RANGE(NLA_U32, &emu_depth_range),
	[QKDEMU_A_QBER] = NLA_POLICY_FULL_RANGE(NLA_U32, &emu_qber_range),
	[QKDEMU_A_QBER_LIMIT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &emu_qber_range),
	[QKDEMU_A_EAVESDROP] = NLA_POLICY_FULL_RANGE(NLA_U32, &emu_ppm_range),
	[QKDEMU_A_ADMIN] = NLA_POLICY_MAX(NLA_U8, QKDEMU_ADMIN_UP),
	[QKDEMU_A_END_A] = NLA_POLICY_NESTED(emu_end_policy),
	[QKDEMU_A_END_B] = NLA_POLICY_NESTED(emu_end_policy),
	[QKDEMU_A_OUTAGES] = NLA_POLICY_NESTED(emu_outages_policy),
	[QKDEMU_A_BASE_TIME] = NLA_POLICY_FULL_RANGE(NLA_U64, &emu_time_range),
	[QKDEMU_A_BASE_INDEX] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &emu_index_range),
};

const struct nla_policy emu_name_policy[QKDEMU_A_NAME + 1] = {
	[QKDEMU_A_NAME] = { .type = NLA_NUL_STRING, .len = QKDEMU_NAME_LEN },
};

/**
 * emu_nl_once() - refuse an attribute that is given twice
 * @head: the first attribute
 * @len: octets of them all
 * @extack: takes the reason
 *
 * Netlink takes the last of the two; people mean neither.
 *
 * Return: 0 or -EINVAL.
 */
int emu_nl_once(const struct nlattr *head, int len,
		struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	unsigned long seen = 0;
	int rest;

	nla_for_each_attr(attr, head, len, rest) {
		if (__test_and_set_bit(nla_type(attr), &seen)) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "attribute given twice");
			return -EINVAL;
		}
	}
	return 0;
}

static int emu_nl_once_nested(const struct nlattr *nest,
			      struct netlink_ext_ack *extack)
{
	return emu_nl_once(nla_data(nest), nla_len(nest), extack);
}

static int emu_nl_parse_end(const struct nlattr *attr, struct emu_config *config,
			    unsigned int which, u32 ends,
			    struct netlink_ext_ack *extack)
{
	struct nlattr *tb[QKDEMU_A_END_ERROR + 1];
	int err;

	if (!attr)
		return 0;
	if (!(ends & BIT(which))) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "this end of the link is not on this machine");
		return -EINVAL;
	}
	err = emu_nl_once_nested(attr, extack) ?:
	      nla_parse_nested(tb, QKDEMU_A_END_ERROR, attr, emu_end_policy,
			       extack);
	if (err)
		return err;
	if (tb[QKDEMU_A_END_LOSS])
		config->loss_ppm[which] = nla_get_u32(tb[QKDEMU_A_END_LOSS]);
	if (tb[QKDEMU_A_END_ERROR])
		config->error_ppm[which] = nla_get_u32(tb[QKDEMU_A_END_ERROR]);
	return 0;
}

static int emu_nl_parse_outage(const struct nlattr *attr, struct emu_plan *plan,
			       struct netlink_ext_ack *extack)
{
	struct emu_outage *outage = &plan->outage[plan->count];
	struct nlattr *tb[QKDEMU_A_OUTAGE_MAX + 1];
	int err;

	if (plan->count == EMU_OUTAGES_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "a link has at most 32 outages");
		return -E2BIG;
	}
	err = emu_nl_once_nested(attr, extack) ?:
	      nla_parse_nested(tb, QKDEMU_A_OUTAGE_MAX, attr,
			       emu_outage_policy, extack);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(extack, attr, tb, QKDEMU_A_OUTAGE_START) ||
	    NL_REQ_ATTR_CHECK(extack, attr, tb, QKDEMU_A_OUTAGE_DURATION)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "an outage needs a start and a duration");
		return -EINVAL;
	}
	outage->start = nla_get_u64(tb[QKDEMU_A_OUTAGE_START]);
	outage->end = outage->start +
		      nla_get_u64(tb[QKDEMU_A_OUTAGE_DURATION]);
	if (plan->count && outage->start < outage[-1].end) {
		NL_SET_ERR_MSG_ATTR(extack, tb[QKDEMU_A_OUTAGE_START],
				    "outages come in ascending order and do not overlap");
		return -EINVAL;
	}
	plan->count++;
	return 0;
}

static int emu_nl_parse_outages(const struct nlattr *attr,
				struct emu_config *config,
				struct netlink_ext_ack *extack)
{
	struct emu_plan *plan;
	struct nlattr *pos;
	int rest, err;

	if (!attr)
		return 0;
	plan = kzalloc(struct_size(plan, outage, EMU_OUTAGES_MAX),
		       GFP_KERNEL_ACCOUNT);
	if (!plan)
		return -ENOMEM;
	refcount_set(&plan->refs, 1);
	nla_for_each_nested(pos, attr, rest) {
		err = emu_nl_parse_outage(pos, plan, extack);
		if (err) {
			emu_plan_put(plan);
			return err;
		}
	}
	emu_plan_put(config->plan);
	config->plan = plan;
	return 0;
}

/**
 * emu_nl_parse_config() - take what a request names into the settings
 * @info: the request
 * @ends: QKDEMU_ENDS_* that the link has
 * @config: the settings; the caller holds a reference for the plan
 * @rebase: out: a base is named
 *
 * Return: 0 or -EINVAL, -ENOMEM, with the reason in the request's extack.
 */
int emu_nl_parse_config(struct genl_info *info, u32 ends,
			struct emu_config *config, bool *rebase)
{
	struct netlink_ext_ack *extack = info->extack;
	struct nlattr **tb = info->attrs;
	int err;

	*rebase = tb[QKDEMU_A_BASE_TIME] || tb[QKDEMU_A_BASE_INDEX];
	if (*rebase && (GENL_REQ_ATTR_CHECK(info, QKDEMU_A_BASE_TIME) ||
			GENL_REQ_ATTR_CHECK(info, QKDEMU_A_BASE_INDEX))) {
		NL_SET_ERR_MSG(extack,
			       "base-time and base-index go together");
		return -EINVAL;
	}
	if (*rebase) {
		config->base_ns = nla_get_u64(tb[QKDEMU_A_BASE_TIME]);
		config->base_index = nla_get_u64(tb[QKDEMU_A_BASE_INDEX]);
	}
	if (tb[QKDEMU_A_RATE])
		config->rate = nla_get_u64(tb[QKDEMU_A_RATE]);
	if (tb[QKDEMU_A_DEPTH])
		config->depth = nla_get_u32(tb[QKDEMU_A_DEPTH]);
	if (tb[QKDEMU_A_QBER])
		config->qber_ppm = nla_get_u32(tb[QKDEMU_A_QBER]);
	if (tb[QKDEMU_A_QBER_LIMIT])
		config->qber_limit_ppm = nla_get_u32(tb[QKDEMU_A_QBER_LIMIT]);
	if (tb[QKDEMU_A_EAVESDROP])
		config->eavesdrop_ppm = nla_get_u32(tb[QKDEMU_A_EAVESDROP]);
	if (tb[QKDEMU_A_ADMIN])
		config->up = nla_get_u8(tb[QKDEMU_A_ADMIN]) == QKDEMU_ADMIN_UP;
	err = emu_nl_parse_end(tb[QKDEMU_A_END_A], config, 0, ends, extack) ?:
	      emu_nl_parse_end(tb[QKDEMU_A_END_B], config, 1, ends, extack);
	return err ?: emu_nl_parse_outages(tb[QKDEMU_A_OUTAGES], config, extack);
}
