/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring of a stream, for the files that the stream is made of: a slot for
 * each index, replaced under the lane lock.
 */
#ifndef _QN_RING_H
#define _QN_RING_H

#include "stream.h"

static inline struct qn_segment __rcu **qn_ring_slot(struct qn_stream *s, u64 index)
{
	return &s->ring[index & s->ring_mask];
}

static inline struct qn_segment *qn_ring_locked(struct qn_stream *s, u64 index)
{
	return rcu_dereference_protected(*qn_ring_slot(s, index),
					 lockdep_is_held(&s->lock));
}

static inline struct qn_segment *qn_ring_next(struct qn_stream *s, u32 *i)
{
	struct qn_segment *seg;

	for (; *i <= s->ring_mask; ++*i) {
		seg = qn_ring_locked(s, *i);
		if (seg)
			return seg;
	}
	return NULL;
}

#define qn_ring_for_each(s, i, seg)					\
	for ((i) = 0; ((seg) = qn_ring_next(s, &(i))); (i)++)

/* Of stream.c: erase what was doomed before, whoever is at it. May sleep. */
void qn_stream_wipe_doomed(struct qn_stream *s);

#endif /* _QN_RING_H */
