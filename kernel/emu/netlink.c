// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family of the emulator. tools/netlink/qkdemu.yaml is the
 * contract. Key is in no message; the seed is in link-new only, and is wiped
 * from it.
 */
#include <linux/ctype.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "limits.h"
#include "link.h"
#include "netlink.h"
#include "netlink_parts.h"

static bool emu_userns;

/* what every request but a dump begins with */
static int emu_nl_begin(struct genl_info *info)
{
	int err;

	BUILD_BUG_ON(QKDEMU_A_MAX >= 32);
	err = emu_nl_once(nlmsg_attrdata(info->nlhdr, GENL_HDRLEN),
			  nlmsg_attrlen(info->nlhdr, GENL_HDRLEN),
			  info->extack);
	if (err)
		return err;
	if (GENL_REQ_ATTR_CHECK(info, QKDEMU_A_NAME)) {
		NL_SET_ERR_MSG(info->extack, "the name of a link is needed");
		return -EINVAL;
	}
	return 0;
}

/* may the sender change this link, or create one (NULL)? */
static int emu_nl_may(struct sk_buff *skb, struct genl_info *info,
		      const struct emu_link *link)
{
	if (netlink_capable(skb, CAP_NET_ADMIN))
		return 0;
	if (!emu_userns) {
		NL_SET_ERR_MSG(info->extack,
			       "needs CAP_NET_ADMIN in the initial user namespace, or qkdemu loaded with userns=1");
		return -EPERM;
	}
	if (link && !netlink_ns_capable(skb, link->user_ns, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(info->extack,
			       "the link belongs to another user namespace");
		return -EPERM;
	}
	return 0;
}

static struct emu_link *emu_nl_find(struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[QKDEMU_A_NAME];
	struct emu_link *link = emu_link_find(nla_data(attr));

	if (!link)
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "no such link");
	return link;
}

static int emu_nl_check_name(const struct nlattr *attr,
			     struct netlink_ext_ack *extack)
{
	const char *name = nla_data(attr), *c;

	/* islower() would let Latin-1 pass. */
	for (c = name; *c; c++)
		if (!(*c >= 'a' && *c <= 'z') && !isdigit(*c) &&
		    (c == name || !strchr("._-", *c)))
			break;
	if (*name && !*c)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "a name is 1 to 31 of a-z 0-9 . _ -, the first a letter or a digit");
	return -EINVAL;
}

static void emu_nl_explain(struct genl_info *info, int err)
{
	switch (err) {
	case -EEXIST:
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[QKDEMU_A_NAME],
				    "a link of this name exists");
		break;
	case -EBUSY:
		NL_SET_ERR_MSG(info->extack,
			       "no room for more links: delete some");
		break;
	case -ERANGE:
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[QKDEMU_A_BASE_TIME],
				    "this base lies in the future or would rewind the index");
		break;
	}
}

static int emu_nl_create(struct genl_info *info)
{
	struct user_namespace *user_ns = genl_info_net(info)->user_ns;
	struct emu_config config = {
		.depth = EMU_DEPTH_DEFAULT,
		.qber_limit_ppm = EMU_QBER_LIMIT_DEFAULT,
		.up = true,
	};
	u32 block_size = EMU_BLOCK_SIZE_DEFAULT;
	u32 ends = QKDEMU_ENDS_A | QKDEMU_ENDS_B;
	u64 start_ns = ktime_get_real_ns();
	struct nlattr **tb = info->attrs;
	struct emu_link *link;
	bool rebase;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, QKDEMU_A_SEED) ||
	    GENL_REQ_ATTR_CHECK(info, QKDEMU_A_RATE)) {
		NL_SET_ERR_MSG(info->extack,
			       "a link needs a seed and a rate");
		return -EINVAL;
	}
	err = emu_nl_check_name(tb[QKDEMU_A_NAME], info->extack);
	if (err)
		return err;
	if (tb[QKDEMU_A_ENDS])
		ends = nla_get_u32(tb[QKDEMU_A_ENDS]);
	if (tb[QKDEMU_A_START_TIME])
		start_ns = nla_get_u64(tb[QKDEMU_A_START_TIME]);
	if (tb[QKDEMU_A_BLOCK_SIZE])
		block_size = nla_get_u32(tb[QKDEMU_A_BLOCK_SIZE]);
	if (block_size % QKD_BLOCK_ALIGN) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[QKDEMU_A_BLOCK_SIZE],
				    "the block size must be a multiple of 16 octets");
		return -EINVAL;
	}
	config.base_ns = start_ns;
	err = emu_nl_parse_config(info, ends, &config, &rebase);
	if (err)
		goto out;

	link = emu_link_create(nla_data(tb[QKDEMU_A_NAME]), ends,
			       nla_data(tb[QKDEMU_A_SEED]), start_ns,
			       block_size, &config, user_ns);
	err = PTR_ERR_OR_ZERO(link);
	emu_nl_explain(info, err);
out:
	emu_plan_put(config.plan);
	return err;
}

static int emu_nl_link_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *seed = info->attrs[QKDEMU_A_SEED];
	int err;

	err = emu_nl_begin(info) ?: emu_nl_may(skb, info, NULL);
	if (!err) {
		mutex_lock(&emu_links_lock);
		err = emu_nl_create(info);
		mutex_unlock(&emu_links_lock);
	}
	if (seed)
		memzero_explicit(nla_data(seed), nla_len(seed));
	return err;
}

/* what a link is made of stays as it is */
static int emu_nl_check_fixed(struct genl_info *info)
{
	static const u8 fixed[] = {
		QKDEMU_A_ENDS, QKDEMU_A_SEED, QKDEMU_A_START_TIME,
		QKDEMU_A_BLOCK_SIZE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++) {
		if (!info->attrs[fixed[i]])
			continue;
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[fixed[i]],
				    "fixed for the link's life: delete the link and create it anew");
		return -EINVAL;
	}
	return 0;
}

static int emu_nl_change(struct emu_link *link, struct genl_info *info)
{
	struct emu_config config;
	bool rebase;
	int err;

	mutex_lock(&link->lock);
	config = link->config;
	emu_plan_get(config.plan);
	err = emu_nl_parse_config(info, link->ends, &config, &rebase) ?:
	      emu_link_set(link, &config, rebase);
	emu_plan_put(config.plan);
	mutex_unlock(&link->lock);
	emu_nl_explain(info, err);
	return err;
}

static int emu_nl_link_set(struct sk_buff *skb, struct genl_info *info)
{
	struct emu_link *link;
	int err;

	err = emu_nl_begin(info) ?: emu_nl_check_fixed(info);
	if (err)
		return err;
	mutex_lock(&emu_links_lock);
	link = emu_nl_find(info);
	err = -ENOENT;
	if (link)
		err = emu_nl_may(skb, info, link) ?: emu_nl_change(link, info);
	mutex_unlock(&emu_links_lock);
	return err;
}

static int emu_nl_link_del(struct sk_buff *skb, struct genl_info *info)
{
	struct emu_link *link;
	int err;

	err = emu_nl_begin(info);
	if (err)
		return err;
	mutex_lock(&emu_links_lock);
	link = emu_nl_find(info);
	err = link ? emu_nl_may(skb, info, link) : -ENOENT;
	if (!err)
		emu_link_delete(link);
	mutex_unlock(&emu_links_lock);
	return err;
}

static int emu_nl_fill_end(struct sk_buff *skb, const struct emu_link *link,
			   unsigned int which, u64 now_index)
{
	const struct emu_end *end = &link->end[which];
	u64 next = atomic64_read(&end->next), live = 0;
	struct nlattr *nest;

	if (!(link->ends & BIT(which)))
		return 0;
	nest = nla_nest_start(skb, QKDEMU_A_END_A + which);
	if (!nest)
		return -EMSGSIZE;
	if (next < now_index)
		live = emu_schedule_live(&link->schedule, next, now_index);
	live = min_t(u64, live, link->config.depth);
	if (nla_put_u32(skb, QKDEMU_A_END_LOSS, link->config.loss_ppm[which]) ||
	    nla_put_u32(skb, QKDEMU_A_END_ERROR,
			link->config.error_ppm[which]) ||
	    nla_put_u8(skb, QKDEMU_A_END_OPEN, emu_end_is_open(end)) ||
	    emu_put_u64(skb, QKDEMU_A_END_NEXT_INDEX, next) ||
	    emu_put_u64(skb, QKDEMU_A_END_DELIVERED,
			atomic64_read(&end->delivered)) ||
	    emu_put_u64(skb, QKDEMU_A_END_OVERFLOW,
			atomic64_read(&end->overflow)) ||
	    emu_put_u64(skb, QKDEMU_A_END_LOST, atomic64_read(&end->lost)) ||
	    emu_put_u64(skb, QKDEMU_A_END_BUFFERED, live))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int emu_nl_fill_outages(struct sk_buff *skb, const struct emu_plan *plan)
{
	struct nlattr *outages, *nest;
	unsigned int i;
	u64 start;

	outages = nla_nest_start(skb, QKDEMU_A_OUTAGES);
	if (!outages)
		return -EMSGSIZE;
	for (i = 0; plan && i < plan->count; i++) {
		start = plan->outage[i].start;
		nest = nla_nest_start(skb, QKDEMU_A_OUTAGES_OUTAGE);
		if (!nest ||
		    emu_put_u64(skb, QKDEMU_A_OUTAGE_START, start) ||
		    emu_put_u64(skb, QKDEMU_A_OUTAGE_DURATION,
				plan->outage[i].end - start))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	nla_nest_end(skb, outages);
	return 0;
}

static int emu_nl_fill_config(struct sk_buff *skb, const struct emu_link *link)
{
	const struct emu_config *config = &link->config;

	return nla_put_string(skb, QKDEMU_A_NAME, link->name) ?:
	       nla_put_u32(skb, QKDEMU_A_ENDS, link->ends) ?:
	       emu_put_u64(skb, QKDEMU_A_START_TIME, link->start_ns) ?:
	       emu_put_u64(skb, QKDEMU_A_RATE, config->rate) ?:
	       nla_put_u32(skb, QKDEMU_A_BLOCK_SIZE, link->block_size) ?:
	       nla_put_u32(skb, QKDEMU_A_DEPTH, config->depth) ?:
	       nla_put_u32(skb, QKDEMU_A_QBER, config->qber_ppm) ?:
	       nla_put_u32(skb, QKDEMU_A_QBER_LIMIT, config->qber_limit_ppm) ?:
	       nla_put_u32(skb, QKDEMU_A_EAVESDROP, config->eavesdrop_ppm) ?:
	       nla_put_u8(skb, QKDEMU_A_ADMIN,
			  config->up ? QKDEMU_ADMIN_UP : QKDEMU_ADMIN_DOWN) ?:
	       emu_nl_fill_outages(skb, config->plan) ?:
	       emu_put_u64(skb, QKDEMU_A_BASE_TIME, config->base_ns) ?:
	       emu_put_u64(skb, QKDEMU_A_BASE_INDEX, config->base_index);
}

static int emu_nl_fill_state(struct sk_buff *skb, const struct emu_link *link)
{
	u64 now_ns = ktime_get_real_ns();
	u64 now_index = emu_schedule_index(&link->schedule, now_ns);
	enum qkdemu_state state = emu_link_state(link, now_ns);
	u32 reason = state == QKDEMU_STATE_STOPPED ? QKDEMU_REASON_QBER :
						     QKDEMU_REASON_NONE;

	return emu_put_u64(skb, QKDEMU_A_LINK_ID, link->id) ?:
	       nla_put_u32(skb, QKDEMU_A_STATE, state) ?:
	       nla_put_u32(skb, QKDEMU_A_REASON, reason) ?:
	       emu_put_u64(skb, QKDEMU_A_INDEX, now_index) ?:
	       nla_put_u32(skb, QKDEMU_A_QBER_NOW,
			   emu_config_qber(&link->config)) ?:
	       emu_nl_fill_end(skb, link, 0, now_index) ?:
	       emu_nl_fill_end(skb, link, 1, now_index);
}

static int emu_nl_fill(struct sk_buff *skb, struct emu_link *link, u32 portid,
		       u32 seq, struct netlink_callback *cb)
{
	void *hdr = genlmsg_put(skb, portid, seq, &emu_family,
				cb ? NLM_F_MULTI : 0, QKDEMU_CMD_LINK_GET);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	if (cb)
		genl_dump_check_consistent(cb, hdr);
	mutex_lock(&link->lock);
	err = emu_nl_fill_config(skb, link) ?: emu_nl_fill_state(skb, link);
	mutex_unlock(&link->lock);
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

static int emu_nl_link_get(struct sk_buff *skb, struct genl_info *info)
{
	struct emu_link *link;
	struct sk_buff *reply;
	int err;

	err = emu_nl_begin(info);
	if (err)
		return err;
	reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	mutex_lock(&emu_links_lock);
	link = emu_nl_find(info);
	err = link ? emu_nl_fill(reply, link, info->snd_portid, info->snd_seq,
				 NULL) : -ENOENT;
	mutex_unlock(&emu_links_lock);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	return genlmsg_reply(reply, info);
}

static int emu_nl_link_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long slot = cb->args[0];
	struct emu_link *link;

	/* Not in .start, whose text 6.1 does not pass on. */
	if (nlmsg_attrlen(cb->nlh, GENL_HDRLEN)) {
		NL_SET_ERR_MSG(cb->extack,
			       "a dump is of all links and takes no attribute");
		return -EINVAL;
	}
	mutex_lock(&emu_links_lock);
	cb->seq = emu_links_generation();
	for (link = emu_link_from(&slot); link;
	     slot++, link = emu_link_from(&slot))
		if (emu_nl_fill(skb, link, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, cb))
			break;
	mutex_unlock(&emu_links_lock);
	cb->args[0] = slot;
	return skb->len;
}

static const struct genl_ops emu_ops[] = {
	{
		.cmd = QKDEMU_CMD_LINK_NEW,
		.doit = emu_nl_link_new,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = emu_config_policy,
		.maxattr = ARRAY_SIZE(emu_config_policy) - 1,
	}, {
		.cmd = QKDEMU_CMD_LINK_SET,
		.doit = emu_nl_link_set,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = emu_config_policy,
		.maxattr = ARRAY_SIZE(emu_config_policy) - 1,
	}, {
		.cmd = QKDEMU_CMD_LINK_DEL,
		.doit = emu_nl_link_del,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = emu_name_policy,
		.maxattr = ARRAY_SIZE(emu_name_policy) - 1,
	}, {
		.cmd = QKDEMU_CMD_LINK_GET,
		.doit = emu_nl_link_get,
		.dumpit = emu_nl_link_dump,
		.policy = emu_name_policy,
		.maxattr = ARRAY_SIZE(emu_name_policy) - 1,
	},
};

static const struct genl_multicast_group emu_groups[] = {
	{ .name = QKDEMU_MCGRP_EVENTS },
};

struct genl_family emu_family __ro_after_init = {
	.name = QKDEMU_FAMILY_NAME,
	.version = QKDEMU_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.ops = emu_ops,
	.n_ops = ARRAY_SIZE(emu_ops),
	.mcgrps = emu_groups,
	.n_mcgrps = ARRAY_SIZE(emu_groups),
};

/**
 * emu_netlink_setup() - register the family
 * @userns: CAP_NET_ADMIN in another user namespace is enough
 */
int __init emu_netlink_setup(bool userns)
{
	emu_userns = userns;
	return genl_register_family(&emu_family);
}

void emu_netlink_cleanup(void)
{
	genl_unregister_family(&emu_family);
}
