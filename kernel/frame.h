/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames: sealed on the way out, opened on the way in, handed to their room.
 */
#ifndef _QN_FRAME_H
#define _QN_FRAME_H

#include <linux/skbuff.h>

#include "peer.h"
#include "segment.h"
#include "stream.h"
#include "wire.h"

/*
 * struct qn_rx - a frame that was verified and whose key was claimed
 * @peer: who sealed it
 * @f: the frame; its payload is as transmitted
 * @key: its range: 32 octets of tag key, then the pad; erased by the caller of
 *	the handler
 * @skb: the packet; data begins at the header
 */
struct qn_rx {
	struct qn_peer *peer;
	struct qn_frame f;
	struct qn_range key;
	struct sk_buff *skb;
};

/* Return: true if the handler took the skb. Softirq, under RCU. */
typedef bool (*qn_rx_fn)(struct qn_rx *rx);

void qn_frame_on(enum qn_frame_type type, qn_rx_fn fn);
void qn_frame_rx(struct qn_node *node, struct sk_buff *skb);

struct sk_buff *qn_frame_skb(u32 payload);
bool qn_frame_seal(struct qn_peer *to, struct qn_frame *f, struct qn_range *key);
bool qn_frame_put(struct qn_peer *to, struct sk_buff *skb, struct qn_frame *f,
		  const void *body, struct qn_range *key);
int qn_frame_send(struct qn_peer *peer, struct qn_frame *f, const void *body,
		  enum qn_alloc how);
void qn_frame_own(struct qn_peer *peer, struct qn_frame *f,
		  enum qn_frame_type type, u16 length);

static inline u8 *qn_rx_pad(struct qn_rx *rx)
{
	return rx->key.key + QN_KEY_OCTETS;
}

#endif /* _QN_FRAME_H */
