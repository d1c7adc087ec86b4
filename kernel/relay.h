/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Relay: frames on their way from origin to destination.
 */
#ifndef _QN_RELAY_H
#define _QN_RELAY_H

#include <linux/types.h>

struct qn_frame;
struct qn_node;
struct qn_peer;
struct qn_rx;

bool qn_relay_rx(struct qn_rx *rx);
bool qn_relay_ack_rx(struct qn_rx *rx);
bool qn_relay_nak_rx(struct qn_rx *rx);
bool qn_relay_probe_rx(struct qn_rx *rx);
bool qn_relay_forward(struct qn_rx *rx);
int qn_relay_originate(struct qn_node *node, struct qn_frame *f,
		       const void *body);

#endif /* _QN_RELAY_H */
