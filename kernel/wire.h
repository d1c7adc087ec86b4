/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frames as they stand on the wire: docs/protocol.md sections 2 to 6.
 *
 * Structures here are overlaid on packet data: big-endian, no padding. What is
 * read from one has been length-checked by qn_wire_parse() and nowhere else.
 */
#ifndef _QN_WIRE_H
#define _QN_WIRE_H

#include <linux/types.h>
#include <asm/byteorder.h>

#include "limits.h"

#define QN_WIRE_VERSION 1

enum qn_frame_type {
	QN_PROBE = 1,
	QN_HELLO = 2,
	QN_GRANT = 3,
	QN_SUPPLY = 4,
	QN_RELAY = 5,
	QN_RELAY_ACK = 6,
	QN_RELAY_NAK = 7,
	QN_SA_REQ = 8,
	QN_SA_ACK = 9,
	QN_SA_END = 10,
	QN_SA_MOVE = 11,
	QN_DATA = 16,
	__QN_TYPES,
};

enum qn_frame_flags {
	QN_F_REPLY = 0x01,
	QN_F_KEYED = 0x02,
	QN_F_RNG = 0x04,
	QN_F_PADDED = 0x08,
	QN_F_ALL = 0x0f,
};

struct qn_wire_hdr {
	u8 version;
	u8 type;
	u8 flags;
	u8 hop_limit;
	__be16 length;
	u8 share;		/* index << 4 | count */
	u8 shift;
	__be64 sender;
	__be64 offset;
	__be64 origin;
	__be64 destination;
	__be64 incarnation;
	__be64 remote_offset;
	__be32 contract;
	__be16 weight;
	__be16 reserved;
	u8 tag[QN_TAG_OCTETS];
} __packed __aligned(4);

#define QN_HDR_OCTETS	80
#define QN_AUTH_OCTETS	64	/* of the header, under the tag */
#define QN_FRAME_MAX	(QN_HDR_OCTETS + QN_CHUNK)	/* of all types but DATA */
#define QN_DATAGRAM_MAX	(QN_HDR_OCTETS + QN_DATA_MAX)

struct qn_wire_probe {
	__be64 echo;
	__be64 barrier;
	__be64 time;
	__be64 echo_time;
	__be64 reserved;
} __packed __aligned(4);

struct qn_wire_hello {
	__be64 echo;
	__be64 barrier;
	__be64 time;
	__be64 echo_time;
	__be32 period;
	__be32 income;
	__be64 level;
	__be16 want;
	__be16 bits;
	__be16 readings;
	__be16 reserved;
	__be64 base;
	__be64 horizon;
	__be64 hash;		/* offset of the hash key of own bulk frames */
	__be64 hash_held;	/* ... of the other end's, as held here */
	u8 maps[];		/* held, done, then the readings */
} __packed __aligned(4);

#define QN_HASH_NONE	(~0ULL)	/* no stream is so long */

struct qn_wire_reading {
	__be32 contract;
	__be32 mark;
	__be64 accepted;
	__be64 accepted_at_mark;
} __packed __aligned(4);

struct qn_wire_grant {
	__be16 count;
	u8 reserved[6];
	__be64 entry[];		/* a reply has pairs: index, status */
} __packed __aligned(4);

enum { QN_GRANT_TAKEN = 1, QN_GRANT_NOT_HELD = 2 };

struct qn_wire_supply {
	u8 op;
	u8 status;
	__be16 label_len;
	__be32 ttl;
	__be64 number;
	__be64 offset;
	__be64 octets;
	u8 reserved[16];
	u8 label[QN_LABEL_MAX];
} __packed __aligned(4);

enum { QN_SUPPLY_MARK = 1, QN_SUPPLY_TAKEN = 2 };
enum { QN_SUPPLY_DONE = 1, QN_SUPPLY_NOT_HELD = 2 };

struct qn_wire_ack_entry {
	u8 kind;
	u8 share;
	u8 reserved[6];
	__be64 segment;
	u8 data[16];
} __packed __aligned(4);

enum { QN_ACK_CONFIRMED = 1, QN_ACK_PARTIAL = 2 };

struct qn_wire_ack {
	__be64 far_incarnation;
	__be64 cumulative;
	__be32 rate;
	__be16 entries;
	__be16 reserved;
	__be64 echo_time;
	struct qn_wire_ack_entry entry[];
} __packed __aligned(4);

struct qn_wire_nak {
	u8 code;
	u8 share;
	u8 reserved[2];
	__be32 wait;
	__be64 reporter;
	__be32 contract;
	__be32 reserved2;
} __packed __aligned(4);

enum qn_nak_code {
	QN_NAK_NO_ROUTE = 1,
	QN_NAK_NO_KEY = 2,
	QN_NAK_CONTRACT_EXCEEDED = 3,
	QN_NAK_CONTRACT_UNKNOWN = 4,
	QN_NAK_HOP_LIMIT = 5,
	QN_NAK_RATE = 6,
	__QN_NAK_CODES,
};

struct qn_wire_sa_req {
	__be32 reqid;
	u8 algorithm;
	u8 mode;
	u8 flags;
	u8 reserved;
	__be64 id;
	__be64 offset;
	__be32 octets;
	__be32 reserved2;
} __packed __aligned(4);

enum { QN_SA_AES_GCM = 1, QN_SA_CHACHA20_POLY1305 = 2, __QN_SA_ALGORITHMS };
enum { QN_SA_TUNNEL = 1, QN_SA_TRANSPORT = 2, __QN_SA_MODES };
enum {
	QN_SA_ESN = 0x01,
	QN_SA_TOGETHER = 0x02,
	QN_SA_IN_UDP = 0x04,
	QN_SA_FLAGS = 0x07,
};

struct qn_wire_sa_ack {		/* SA_END likewise */
	__be32 reqid;
	u8 status;		/* SA_END: why */
	u8 reserved[3];
	__be64 id;
	__be32 spi;
	__be32 reserved2;
} __packed __aligned(4);

enum qn_sa_status {
	QN_SA_DONE = 1,
	QN_SA_NOT_HELD = 2,
	QN_SA_NO_BINDING = 3,
	QN_SA_MISMATCH = 4,
	QN_SA_FAILED = 5,
	__QN_SA_STATUS,
};

enum { QN_SA_REPLACED = 1, QN_SA_GONE = 2, __QN_SA_ENDS };

#define QN_SPI_MIN		256

struct qn_wire_sa_move {
	__be32 reqid;
	u8 status;		/* of an answer; else 0 */
	u8 family;		/* 4 or 6 */
	u8 reserved[2];
	__be64 id;
	u8 address[16];		/* the sender's; IPv4 in the first four */
} __packed __aligned(4);

#define QN_RATE_UNLIMITED	0xffffffffU

/*
 * struct qn_frame - a parsed frame, in host order
 *
 * @hdr points into the packet; the header and, unless QN_F_KEYED, @length
 * octets of payload behind it are linear and writable by the caller's promise.
 */
struct qn_frame {
	struct qn_wire_hdr *hdr;
	u8 *payload;
	u64 sender, offset, origin, destination, incarnation, remote_offset;
	u32 contract;
	u16 length;		/* as in the header */
	u16 present;		/* payload octets that follow: 0 with KEYED */
	u16 span;		/* octets of key: tag key and pad */
	u16 weight;
	u8 type, flags, hop_limit, share, shares, shift;
};

enum qn_wire_error {
	QN_WIRE_OK = 0,
	QN_WIRE_SHORT,
	QN_WIRE_VERSION_BAD,
	QN_WIRE_TYPE,
	QN_WIRE_FORM,
};

enum qn_wire_error qn_wire_parse(void *data, size_t len, struct qn_frame *f);
void qn_wire_build(struct qn_wire_hdr *h, const struct qn_frame *f);

/**
 * qn_span - key octets that a frame spends, in whole granules
 * @pad: octets of pad
 */
static inline u32 qn_span(u32 pad)
{
	return (QN_KEY_OCTETS + pad + QN_GRANULE - 1) & ~(QN_GRANULE - 1);
}

/**
 * qn_chunks - chunks in a remote segment
 * @shift: log2 of the segment's size
 */
static inline u32 qn_chunks(u8 shift)
{
	return ((1u << shift) + QN_CHUNK - 1) / QN_CHUNK;
}

/**
 * qn_chunk_len - octets of one chunk of a remote segment; the last is short
 * @shift: log2 of the segment size
 * @chunk: chunk of the segment
 */
static inline u32 qn_chunk_len(u8 shift, u32 chunk)
{
	u32 left = (1u << shift) - chunk * QN_CHUNK;

	return left < QN_CHUNK ? left : QN_CHUNK;
}

#endif /* _QN_WIRE_H */
