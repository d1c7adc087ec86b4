/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/qkdnf: the descriptors over which key moves.
 *
 * A descriptor belongs to the network namespace that opened it. It begins
 * without a purpose; one ioctl gives it one, for good:
 *
 *	QKDNF_IOC_PUSH	write() delivers QKD blocks (linux/qkd_block.h) to the
 *			push source of a link peer
 *	QKDNF_IOC_TAKE	read() returns key taken from the stream of a peer
 *	QKDNF_IOC_FETCH	read() returns the same key at the other end
 *
 * All need CAP_NET_ADMIN in the user namespace that owns the network namespace.
 *
 * Key that is read is erased; what is not read when the descriptor is closed is
 * erased then. read() returns fewer octets than asked at the end, then 0.
 */
#ifndef _UAPI_LINUX_QKDNF_DEV_H
#define _UAPI_LINUX_QKDNF_DEV_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define QKDNF_DEV_LABEL_MAX	64

/**
 * struct qkdnf_push - deliver blocks
 * @peer: node id of a link peer with a push source
 *
 * Errors: ENODEV no node here, ENOENT no such peer, EOPNOTSUPP the peer has no
 * push source, EBUSY another descriptor has it.
 *
 * write() takes whole blocks and returns the octets of those taken. EMSGSIZE:
 * not one whole block; ESTALE: the index came before, nothing was taken;
 * EPROTO: the framing was broken, the source is refused from now on.
 */
struct qkdnf_push {
	__u64 peer;
};

/**
 * struct qkdnf_take - take or fetch key for an application
 * @peer: node id of the peer that has the other end
 * @octets: how much, 1 to the segment size of the stream
 * @offset: in the stream: out for take, in for fetch
 * @ttl: take: seconds that the other end keeps it for fetching, 1 to 86400
 * @label_len: octets of @label, 0 to 64
 * @label: what both ends call it; fetch must state the same
 * @reserved: 0
 *
 * Take waits for the other end to confirm that it holds the key (up to ten
 * seconds; EAGAIN at once with O_NONBLOCK). Errors: EAGAIN no key yet, ETIMEDOUT
 * the other end did not answer, EMSGSIZE @octets out of range, EINVAL, ENODEV,
 * ENOENT (fetch: no such range, label, or already fetched).
 */
struct qkdnf_take {
	__u64 peer;
	__u64 octets;
	__u64 offset;
	__u32 ttl;
	__u16 label_len;
	__u16 reserved;
	__u8 label[QKDNF_DEV_LABEL_MAX];
};

#define QKDNF_IOC_MAGIC	0xb7
#define QKDNF_IOC_PUSH	_IOW(QKDNF_IOC_MAGIC, 1, struct qkdnf_push)
#define QKDNF_IOC_TAKE	_IOWR(QKDNF_IOC_MAGIC, 2, struct qkdnf_take)
#define QKDNF_IOC_FETCH	_IOW(QKDNF_IOC_MAGIC, 3, struct qkdnf_take)

#endif /* _UAPI_LINUX_QKDNF_DEV_H */
