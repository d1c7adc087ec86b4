/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/qkdnf: key for applications, and blocks of key from a process. */
#ifndef QN_DEVICE_H
#define QN_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "base.h"

/* Memory for key: never swapped, never in a core dump, wiped when freed. */
void *qn_key_alloc(size_t size, struct qn_error *err);
void qn_key_free(void *key, size_t size);

/**
 * struct qn_key_range - key of a stream that an application uses
 * @peer: node that has the other end
 * @offset: in octets in the stream: filled in by take, given to fetch
 * @octets: how much
 * @ttl: take: seconds that the other end keeps it
 * @label: what both ends call it
 * @label_len: octets of @label, 0 to 64
 */
struct qn_key_range {
	uint64_t peer;
	uint64_t offset;
	uint64_t octets;
	uint32_t ttl;
	uint8_t label[64];
	size_t label_len;
};

/**
 * qn_key_take() - take key here, for the other end to fetch
 * @range: what; @offset is filled in
 * @key: room for @range->octets, from qn_key_alloc()
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err; nothing is in @key then.
 */
int qn_key_take(struct qn_key_range *range, uint8_t *key, struct qn_error *err);
/* The same for key that the other end took. Works once. */
int qn_key_fetch(struct qn_key_range *range, uint8_t *key, struct qn_error *err);

/**
 * qn_key_push() - hand blocks of key (linux/qkd_block.h) to the push source of a peer
 * @peer: a link peer with a push source
 * @fd: where to read the blocks from, until its end
 * @blocks: how many were handed over, whatever is returned
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err.
 */
int qn_key_push(uint64_t peer, int fd, uint64_t *blocks, struct qn_error *err);

#endif
