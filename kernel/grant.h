/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GRANT: the owner of a link's segment gives it to the other end, once.
 */
#ifndef _QN_GRANT_H
#define _QN_GRANT_H

#include <linux/types.h>

struct qn_peer;
struct qn_rx;

bool qn_grant_rx(struct qn_rx *rx);
void qn_grant_asked(struct qn_peer *peer, u32 want, u64 other_level);
u32 qn_grant_tick(struct qn_peer *peer);
void qn_grants_forget(struct qn_peer *peer);

#endif /* _QN_GRANT_H */
