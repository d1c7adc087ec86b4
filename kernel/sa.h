/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agreement of IPsec associations: docs/protocol.md section 5.5.
 */
#ifndef _QN_SA_H
#define _QN_SA_H

#include <linux/types.h>

struct qn_binding;
struct qn_bindings;
struct qn_sa_ends;
struct qn_rx;
struct work_struct;

bool qn_sa_req_rx(struct qn_rx *rx);
bool qn_sa_ack_rx(struct qn_rx *rx);
bool qn_sa_end_rx(struct qn_rx *rx);
u32 qn_sa_run(struct qn_binding *b);
bool qn_sa_move_rx(struct qn_rx *rx);
void qn_sa_move(struct qn_binding *b, const struct qn_sa_ends *outer);
void qn_sa_drop(struct qn_binding *b);
void qn_sa_end(struct qn_binding *b);
void qn_sa_farewell_work(struct work_struct *work);
void qn_sa_farewell_done(struct qn_bindings *bs, u64 peer, u32 reqid, u64 id);
void qn_sa_farewells_end(struct qn_bindings *bs);

#endif /* _QN_SA_H */
