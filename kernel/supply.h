/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Key supply: whole segments for applications, taken at one end, fetched at the
 * other, once each.
 */
#ifndef _QN_SUPPLY_H
#define _QN_SUPPLY_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "limits.h"

struct qn_peer;
struct qn_rx;

/* struct qn_label - what both ends call a range */
struct qn_label {
	u16 len;
	u8 octet[QN_LABEL_MAX];
};

/* struct qn_supply_seg - a segment that serves applications */
struct qn_supply_seg {
	struct list_head list;
	u64 index;
	u64 number;			/* of the MARK */
	unsigned long at;		/* jiffies of the next repeat */
	unsigned long spoken;		/* jiffies when the ends last spoke of it */
	u32 cursor;			/* own: next octet to take */
	bool own;
	bool confirmed;			/* own: the other end holds it */
	bool closed;			/* nothing more is taken */
};

/* struct qn_supply_range - a range under a label */
struct qn_supply_range {
	struct list_head list;
	u64 offset, octets;
	u64 number;			/* of the TAKEN */
	unsigned long at, expires;	/* jiffies */
	struct qn_label label;
	u32 ttl;			/* seconds */
	bool own;
	bool announced;			/* own: the other end knows */
	bool open;			/* a descriptor has it */
};

struct qn_supply {
	spinlock_t lock;		/* BH; inside it peer->lock, stream's */
	struct list_head segs;
	struct list_head ranges;
	u32 range_count;
	u64 number;			/* of the last own request */
	wait_queue_head_t wait;		/* a MARK was answered */
};

int qn_supply_init(struct qn_peer *peer);
void qn_supply_free(struct qn_peer *peer);
bool qn_supply_rx(struct qn_rx *rx);
u32 qn_supply_tick(struct qn_peer *peer);

int qn_supply_take(struct qn_peer *peer, u64 octets, const struct qn_label *label,
		   u32 ttl, u64 *offset);
int qn_supply_fetch(struct qn_peer *peer, u64 offset, u64 octets,
		    const struct qn_label *label);
int qn_supply_read(struct qn_peer *peer, u64 offset, u8 *key, u32 len);
void qn_supply_close(struct qn_peer *peer, u64 offset, u64 octets, u64 done);

#endif /* _QN_SUPPLY_H */
