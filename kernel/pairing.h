/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pairing: two incarnations meet, and meet again.
 */
#ifndef _QN_PAIRING_H
#define _QN_PAIRING_H

#include <linux/types.h>

struct qn_peer;
struct qn_rx;

bool qn_pairing_rx(struct qn_rx *rx);
u32 qn_pairing_tick(struct qn_peer *peer);

void qn_pairing_heard(struct qn_peer *peer);
void qn_pairing_restart(struct qn_peer *peer);

u64 qn_now_us(void);

#endif /* _QN_PAIRING_H */
