/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files that the emulator's netlink family is made of. */
#ifndef _QKDEMU_NETLINK_PARTS_H
#define _QKDEMU_NETLINK_PARTS_H

#include <linux/build_bug.h>
#include <linux/qkdemu.h>
#include <net/genetlink.h>

struct emu_config;

extern struct genl_family emu_family;
extern const struct nla_policy emu_config_policy[QKDEMU_A_BASE_INDEX + 1];
extern const struct nla_policy emu_name_policy[QKDEMU_A_NAME + 1];

int emu_nl_once(const struct nlattr *head, int len,
		struct netlink_ext_ack *extack);
int emu_nl_parse_config(struct genl_info *info, u32 ends,
			struct emu_config *config, bool *rebase);

/* pads alike in all attribute sets */
static inline int emu_put_u64(struct sk_buff *skb, int type, u64 value)
{
	BUILD_BUG_ON((int)QKDEMU_A_END_PAD != (int)QKDEMU_A_PAD);
	BUILD_BUG_ON((int)QKDEMU_A_OUTAGE_PAD != (int)QKDEMU_A_PAD);
	return nla_put_u64_64bit(skb, type, value, QKDEMU_A_PAD);
}

#endif
