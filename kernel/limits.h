/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every constant of the key manager in one place.
 *
 * Lengths are octets and times are milliseconds unless the name says
 * otherwise.
 */
#ifndef _QN_LIMITS_H
#define _QN_LIMITS_H

enum qn_limits {
	/* Streams: docs/protocol.md section 1. */
	QN_GRANULE = 16,		/* the unit in which key is spent */
	QN_GRANULE_SHIFT = 4,
	QN_SHIFT_MIN = 12,		/* segments of 4 KiB ... */
	QN_SHIFT_MAX = 16,		/* ... to 64 KiB */
	QN_SHIFT_DEFAULT = 16,
	QN_WORD_OCTETS = 1024,		/* key behind one 64-bit claim word */
	QN_ALLOC_MAX = 1 << (QN_SHIFT_MIN - 1),	/* octets at once */
	QN_SEGS_MAX = 1024,		/* segments that a stream may hold */
	QN_WINDOW_BITS = 2048,		/* ... and may span: what a HELLO speaks about */
	QN_SEGS_MIN = 8,

	/* Frames. */
	QN_KEY_OCTETS = 32,		/* one-time Poly1305 key */
	QN_TAG_OCTETS = 16,
	QN_CHUNK = QN_WORD_OCTETS - QN_KEY_OCTETS,
	QN_DATA_MAX = QN_ALLOC_MAX - QN_KEY_OCTETS,	/* a tunnel's packet */
	QN_HASH_BLOCK = 64 + QN_CHUNK,	/* that the linear hash takes at once */
	QN_HASH_OCTETS = QN_HASH_BLOCK + QN_GRANULE,	/* its key */
	QN_HASH_NAMED = 4,		/* HELLOs that name the first key in vain ... */
	QN_HASH_NAMED_MAX = 128,	/* ... and at most, each key twice as many */
	QN_HOP_LIMIT = 64,
	QN_SHARES_MAX = 4,
	QN_UDP_PORT = 17717,

	/* Control. */
	QN_HELLO_MS = 1000,
	QN_HELLO_MS_MAX = 60000,
	QN_SILENT_PERIODS = 3,
	QN_PROBE_MS_MIN = 1000,
	QN_PROBE_MS_MAX = 60000,
	QN_CONTROL_PERCENT = 1,		/* control may take so much of the income */
	QN_READINGS_MAX = 16,		/* contract readings in one HELLO */
	QN_GRANTS_MAX = 32,		/* segments in one GRANT */
	QN_GRANT_REPEAT_MS = 1000,
	QN_DONE_GRACE_MS = 2000,

	/* Relay. */
	QN_ACK_FRAMES = 16,		/* at most so many frames per ACK ... */
	QN_ACK_DELAY_MS = 80,		/* ... and at the latest after */
	QN_ACK_ENTRIES_MAX = 28,
	QN_ACK_CREDIT_MAX = 1024,	/* relayed ACKs that RELAY frames paid for */
	QN_WINDOW_SEGS = 8,		/* unconfirmed segments per remote stream */
	QN_ASSEMBLY_SEGS = 16,		/* incomplete ones at the far end */
	QN_RETRANSMIT_MS_MIN = 100,
	QN_RETRANSMIT_MS_MAX = 4000,
	QN_GIVE_UP_TRIES = 12,
	QN_NAK_PER_SECOND = 10,		/* per ingress peer */

	/* Supply. */
	QN_LABEL_MAX = 64,
	QN_SUPPLY_TTL_MAX_S = 86400,

	/* IPsec. */
	QN_SA_REPEAT_MS = 250,		/* a request, the first time; then twice ... */
	QN_SA_REPEAT_MS_MAX = 4000,	/* ... the time, up to */
	QN_SA_AGAIN_MS = 1000,		/* after a refusal, then twice the time ... */
	QN_SA_AGAIN_MS_MAX = 60000,	/* ... up to */
	QN_SA_NO_KEY_MS = 500,		/* look for key so often */
	QN_SA_OUT_GRACE_MS = 1500,	/* packets bound to an old one leave */
	QN_SA_IN_GRACE_MS = 2000,	/* packets sent under an old one arrive */
	QN_SA_OLD_MAX = 64,		/* replaced ones, each direction of a binding */
	QN_BINDINGS_MAX = 65536,

	/* Memory. */
	QN_PEERS_MAX = 65536,
	QN_ROUTES_MAX = 1 << 20,
	QN_CONTRACTS_MAX = 65536,
	QN_FLOWS_MAX = 65536,
	QN_FLOWS_INGRESS_MAX = QN_FLOWS_MAX / 8,	/* that one neighbour brings */
};

#endif /* _QN_LIMITS_H */
