// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of the emulator: what a link does by itself.
 */
#include <linux/ktime.h>
#include <net/genetlink.h>

#include "link.h"
#include "netlink.h"
#include "netlink_parts.h"

static struct sk_buff *emu_event_begin(const struct emu_link *link, u8 cmd,
				       void **hdr)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, 0, 0, &emu_family, 0, cmd);
	if (!*hdr || nla_put_string(skb, QKDEMU_A_NAME, link->name) ||
	    emu_put_u64(skb, QKDEMU_A_LINK_ID, link->id)) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

/* Links are the machine's, so their events go to all network namespaces. */
static void emu_event_send(struct sk_buff *skb, void *hdr)
{
	genlmsg_end(skb, hdr);
	genlmsg_multicast_allns(&emu_family, skb, 0, 0);
}

/**
 * emu_event_status() - say that a link stopped by itself, or goes on
 * @link: the link
 * @stopped: which of the two
 *
 * Context: the link's lock held, may sleep. An event that finds no memory is
 * not sent.
 */
void emu_event_status(const struct emu_link *link, bool stopped)
{
	u64 index = emu_schedule_index(&link->schedule, ktime_get_real_ns());
	struct sk_buff *skb;
	void *hdr;

	skb = emu_event_begin(link, stopped ? QKDEMU_CMD_LINK_STOPPED_NTF :
					      QKDEMU_CMD_LINK_RESUMED_NTF, &hdr);
	if (!skb)
		return;
	if ((stopped &&
	     nla_put_u32(skb, QKDEMU_A_REASON, QKDEMU_REASON_QBER)) ||
	    emu_put_u64(skb, QKDEMU_A_INDEX, index) ||
	    nla_put_u32(skb, QKDEMU_A_QBER_NOW,
			emu_config_qber(&link->config))) {
		nlmsg_free(skb);
		return;
	}
	emu_event_send(skb, hdr);
}

/**
 * emu_event_overflow() - say that an end began to drop blocks
 * @end: the end
 *
 * Context: the end's lock held, may sleep. An event that finds no memory is not
 * sent.
 */
void emu_event_overflow(const struct emu_end *end)
{
	struct nlattr *nest;
	struct sk_buff *skb;
	void *hdr;

	skb = emu_event_begin(end->link, QKDEMU_CMD_OVERFLOW_NTF, &hdr);
	if (!skb)
		return;
	nest = nla_nest_start(skb, QKDEMU_A_END_A + end->which);
	if (!nest ||
	    emu_put_u64(skb, QKDEMU_A_END_NEXT_INDEX,
			atomic64_read(&end->next)) ||
	    emu_put_u64(skb, QKDEMU_A_END_OVERFLOW,
			atomic64_read(&end->overflow))) {
		nlmsg_free(skb);
		return;
	}
	nla_nest_end(skb, nest);
	emu_event_send(skb, hdr);
}
