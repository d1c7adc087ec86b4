/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two halves of the agreement share: the work (sa.c) and its frames
 * (sa_frames.c). Nobody else includes it.
 */
#ifndef _QN_SA_PARTS_H
#define _QN_SA_PARTS_H

#include "binding.h"
#include "frame.h"

/* struct qn_sa_pairing - the pairing that something was said in */
struct qn_sa_pairing { u64 own, other; };

static inline bool qn_sa_same(const struct qn_sa_pairing *p, u64 own, u64 other)
{
	return p->own == own && p->other == other;
}

static inline struct qn_association *qn_sa_newest(struct list_head *list)
{
	return list_first_entry_or_null(list, struct qn_association, list);
}

u32 qn_sa_until(unsigned long at);
bool qn_sa_in_pairing(struct qn_rx *rx, struct qn_sa_pairing *now);
struct qn_binding *qn_sa_binding(struct qn_rx *rx, u32 reqid);
bool qn_sa_here(struct qn_binding *b, const struct qn_association *a);
bool qn_sa_told(struct qn_binding *b, const struct qn_sa_pairing *now);
u32 qn_sa_moving(struct qn_binding *b);
void qn_sa_follow(struct qn_binding *b);
const char *qn_sa_move_reason(struct qn_binding *b, const struct qn_sa_pairing *now);
struct qn_peer *qn_sa_peer_of(struct qn_node *node, u64 id, struct qn_sa_pairing *p);
struct qn_peer *qn_sa_peer(struct qn_binding *b, struct qn_sa_pairing *p);
void qn_sa_answer(struct qn_peer *peer, enum qn_frame_type type, u8 flags, u32 reqid,
		  u8 status, u64 id, __be32 spi);
void qn_sa_farewell(struct qn_binding *b);
void qn_sa_send_request(struct qn_binding *b, struct qn_peer *peer);
void qn_sa_tell(struct qn_binding *b, enum qn_frame_type type, u8 status, u64 id,
		__be32 spi, u64 own, u64 other);

#endif /* _QN_SA_PARTS_H */
