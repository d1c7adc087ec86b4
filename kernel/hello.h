/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HELLO: what the ends of a stream show each other while they are paired.
 */
#ifndef _QN_HELLO_H
#define _QN_HELLO_H

#include <linux/types.h>

struct qn_peer;
struct qn_rx;

bool qn_hello_rx(struct qn_rx *rx);
u32 qn_hello_tick(struct qn_peer *peer);
int qn_hello_send(struct qn_peer *peer, u64 next_segment);
u64 qn_echo_time(const struct qn_peer *peer);
void qn_echo_heard(struct qn_peer *peer, u64 echoed);
void qn_levels_check(struct qn_peer *peer);

#endif /* _QN_HELLO_H */
