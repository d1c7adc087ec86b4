/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: what the multicast group `events` is told.
 *
 * An event is advice to people and daemons, never state: whoever misses one
 * (a slow socket, the rate limit) finds the truth in the get operations.
 */
#ifndef _QN_EVENT_H
#define _QN_EVENT_H

#include <linux/types.h>
#include <linux/qkdnf.h>

struct genl_family;
struct net;

/* Defined in the netlink room, which alone knows its operations. */
extern struct genl_family qn_genl_family;

enum { QN_EVENT_GROUP = 0 };		/* index of `events` in the family */

/**
 * struct qn_event_args - what an event is about; what is 0 is left out
 *
 * @peer: node id of the peer; the rate limit also goes by it
 * @peer_name: its name, or NULL or empty
 * @destination: node id, of the route or remote stream
 * @reason: one line for people, or NULL; at most QKDNF_REASON_LEN_MAX octets
 *	of it are told. Never key
 * @segment: segment index; told if @has_segment
 * @number: what the type says, see enum qkdnf_event_type; always told
 * @contract: contract id; if not 0, @direction is told too
 * @direction: enum qkdnf_direction
 * @share: share index; told if @has_share
 * @has_segment: @segment is meant
 * @has_share: @share is meant
 */
struct qn_event_args {
	u64 peer;
	const char *peer_name;
	u64 destination;
	const char *reason;
	u64 segment;
	u64 number;
	u32 contract;
	u8 direction;
	u8 share;
	bool has_segment;
	bool has_share;
};

void qn_event(struct net *net, enum qkdnf_event_type type,
	      const struct qn_event_args *a);
u64 qn_event_dropped(struct net *net);

int qn_event_init(void);
void qn_event_exit(void);
void qn_event_open(void);
void qn_event_close(void);

#endif /* _QN_EVENT_H */
