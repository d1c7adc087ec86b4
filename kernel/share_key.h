/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Share keys: what each route of a stream with shares carried of a segment, kept
 * until the far end has confirmed it, so that it can be sent again.
 *
 * A buffer is as large as a segment, too large to be got where nobody may wait:
 * process context makes them ahead and pays for them from the peer's budget.
 */
#ifndef _QN_SHARE_KEY_H
#define _QN_SHARE_KEY_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "limits.h"

struct qn_mem;

/**
 * struct qn_share_keys - the buffers of one stream
 * @lock: BH, innermost; of what follows
 * @mem: pays for them
 * @shift: log2 of the octets of each
 * @total: made and not freed
 * @spares: of these, not in use
 * @spare: those, all zeros
 */
struct qn_share_keys {
	spinlock_t lock;	/* BH, innermost; all below */
	struct qn_mem *mem;
	u8 shift;
	u32 total;
	u32 spares;
	u8 *spare[QN_WINDOW_SEGS * QN_SHARES_MAX];
};

void qn_share_keys_init(struct qn_share_keys *k, u8 shift, struct qn_mem *mem);
void qn_share_keys_want(struct qn_share_keys *k, u32 want);
u8 *qn_share_key_get(struct qn_share_keys *k);
void qn_share_key_put(struct qn_share_keys *k, u8 *key);

#endif /* _QN_SHARE_KEY_H */
