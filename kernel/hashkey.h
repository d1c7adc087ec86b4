/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hash keys: two ends agree what tags their bulk frames.
 */
#ifndef _QN_HASHKEY_H
#define _QN_HASHKEY_H

#include "peer.h"

void qn_hashkey_prepare(struct qn_peer *peer);
void qn_hashkey_name(struct qn_peer *peer, struct qn_wire_hello *w);
void qn_hashkey_heard(struct qn_peer *peer, u64 named, u64 held);
void qn_hashkey_offsets(const struct qn_peer *peer, u64 *out, u64 *in);
void qn_hashkey_drop(struct qn_peer *peer);

#endif /* _QN_HASHKEY_H */
