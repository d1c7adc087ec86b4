/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The linear hash under the tags of bulk frames: docs/protocol.md section 4.1.
 */
#ifndef _QN_HASH_H
#define _QN_HASH_H

#include <linux/build_bug.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "limits.h"
#include "wire.h"

#define QN_HASH_WORDS	(QN_HASH_OCTETS / 8)
#define QN_DIGEST_OCTETS 32

static_assert(QN_HASH_BLOCK == QN_AUTH_OCTETS + QN_CHUNK);

/*
 * struct qn_hash - the hash key of one direction of a pairing
 * @offset: where in the stream it was taken from
 * @key: its octets as little-endian words, in the order of the machine
 */
struct qn_hash {
	u64 offset;
	struct rcu_head rcu;
	u64 key[QN_HASH_WORDS];
};

void qn_hash_load(struct qn_hash *h, const u8 *octets);
void qn_hash_digest(u8 *digest, const u64 *key, const u8 *head, size_t head_len,
		    const u8 *body, size_t body_len);
void qn_hash_tag(u8 *tag, const u8 *key, const struct qn_hash *h,
		 const void *head, const void *body, size_t body_len);
bool qn_hash_verify(const u8 *tag, const u8 *key, const struct qn_hash *h,
		    const void *head, const void *body, size_t body_len);
int qn_hash_selftest(void);

/**
 * qn_bulk - is a frame of this type tagged by way of the linear hash?
 * @type: its type
 */
static inline bool qn_bulk(u8 type)
{
	return type == QN_RELAY || type == QN_DATA;
}

#endif /* _QN_HASH_H */
