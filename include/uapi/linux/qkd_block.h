/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * QKD block framing: what a source of key reads as.
 *
 * A source is a character device (the emulator of qkdemu.ko, a vendor's card)
 * or a process that writes into the push file of a peer. Either way key moves
 * as a sequence of blocks. A block is one header of QKD_BLOCK_HDR_LEN octets
 * followed by `len` octets of key; nothing stands between blocks.
 *
 * Rules of a source
 * -----------------
 * - All integers are big-endian, so that a captured stream reads the same on
 *   any machine.
 * - The block size (octets of key in a block) is fixed for the source's life,
 *   stated in every header, a multiple of QKD_BLOCK_ALIGN between
 *   QKD_BLOCK_SIZE_MIN and QKD_BLOCK_SIZE_MAX. `len` is the block size in a key
 *   block, and 0 in a status block; no other value is legal.
 * - The octets of block i are the octets [i * size, (i + 1) * size) of the
 *   link's key stream, at both ends. Indexes grow strictly from one key block
 *   to the next; an index that is skipped never comes. A source delivers each
 *   index at most once, across restarts too.
 * - A status block carries no key: it says that delivery stopped, and why, or
 *   that it goes on. No key block with an index below that of a status block
 *   follows it. It may carry the same index as the key block after it.
 * - A read returns whole blocks only, as many as there are and as fit. A buffer
 *   that cannot hold QKD_BLOCK_HDR_LEN + block size octets is refused with
 *   EMSGSIZE, and nothing is consumed. A non-blocking read with nothing to
 *   deliver returns EAGAIN, a read after the source is gone ENODEV.
 */
#ifndef _UAPI_LINUX_QKD_BLOCK_H
#define _UAPI_LINUX_QKD_BLOCK_H

#include <linux/types.h>

#define QKD_BLOCK_MAGIC		0x514b4442	/* "QKDB" */
#define QKD_BLOCK_VERSION	1
#define QKD_BLOCK_HDR_LEN	64		/* octets */
#define QKD_BLOCK_ALIGN		16		/* octets */
#define QKD_BLOCK_SIZE_MIN	32		/* octets */
#define QKD_BLOCK_SIZE_MAX	65536		/* octets */

/*
 * flags of a block
 *
 * A receiver refuses a block with a flag that it does not know.
 */
#define QKD_BLOCK_F_STOPPED	(1u << 0)	/* status: delivery stopped */
#define QKD_BLOCK_F_RESUMED	(1u << 1)	/* status: delivery goes on */
#define QKD_BLOCK_F_GAP		(1u << 2)	/* indexes before this one were
						 * skipped since the block before,
						 * for any cause
						 */
#define QKD_BLOCK_F_EMULATED	(1u << 3)	/* no quantum about it */

#define QKD_BLOCK_F_STATUS	(QKD_BLOCK_F_STOPPED | QKD_BLOCK_F_RESUMED)
#define QKD_BLOCK_F_ALL		(QKD_BLOCK_F_STATUS | QKD_BLOCK_F_GAP | \
				 QKD_BLOCK_F_EMULATED)

/**
 * enum qkd_block_reason - why delivery stopped
 * @QKD_BLOCK_REASON_NONE: not stopped; the value in every key block
 * @QKD_BLOCK_REASON_QBER: the estimated error rate passed the limit:
 *	somebody may be listening
 * @QKD_BLOCK_REASON_FAULT: the device failed
 */
enum qkd_block_reason {
	QKD_BLOCK_REASON_NONE,
	QKD_BLOCK_REASON_QBER,
	QKD_BLOCK_REASON_FAULT,
};

/**
 * struct qkd_block_hdr - what stands before the key of a block
 * @magic: QKD_BLOCK_MAGIC
 * @version: QKD_BLOCK_VERSION; another version may have another layout
 * @hdr_len: octets of this header, QKD_BLOCK_HDR_LEN
 * @flags: QKD_BLOCK_F_*
 * @link: identifies the QKD link, the same at both ends; never 0
 * @index: index of the block in the link's key stream
 * @time_ns: when the block was ready (or the status changed),
 *	in nanoseconds since 1970-01-01 UTC
 * @len: octets of key that follow: @size, or 0 in a status block
 * @size: block size of the source, in octets
 * @qber_ppm: estimated quantum bit error rate, in units of 1e-6
 * @reason: enum qkd_block_reason
 * @reserved: 0; a receiver refuses anything else
 */
struct qkd_block_hdr {
	__be32	magic;
	__u8	version;
	__u8	hdr_len;
	__be16	flags;
	__be64	link;
	__be64	index;
	__be64	time_ns;
	__be32	len;
	__be32	size;
	__be32	qber_ppm;
	__be32	reason;
	__u8	reserved[16];
};

#endif /* _UAPI_LINUX_QKD_BLOCK_H */
