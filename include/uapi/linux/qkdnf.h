/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Generated from tools/netlink/qkdnf.yaml by tools/netlink/gen.py.
 *
 * Key manager of a QKD node.
 *
 * All of it is per network namespace: a namespace holds at most one node. No
 * message carries key in either direction. Key moves over file descriptors.
 *
 * A node id is one 64-bit number, provider << 32 | node. Lengths and amounts
 * are octets, rates octets of key per second, unless the name says otherwise.
 * Times say their unit in the name; ages and intervals are relative, expiry
 * and start-time are Unix time in seconds.
 *
 * An attribute that an operation does not name, an unknown one, one given
 * twice and a value out of range are refused with EINVAL or ERANGE. Each
 * refusal carries a text and, where an attribute is at fault, its place. All
 * operations but node-get need CAP_NET_ADMIN in the user namespace that owns
 * the network namespace; node-set, peer-new and source-new need it in the
 * initial user namespace, unless the module parameter unprivileged_ns is set.
 *
 * Errors common to all: EPERM, EINVAL, ENOMEM, ENODEV (no node in this
 * namespace), ENOENT (no such object; or, with the bad attribute marked, no
 * object that the attribute refers to), EEXIST (creating what is there),
 * EOPNOTSUPP (a setting that cannot be changed in a living object).
 */
#ifndef _UAPI_LINUX_QKDNF_H
#define _UAPI_LINUX_QKDNF_H

#define QKDNF_FAMILY_NAME	"qkdnf"
#define QKDNF_FAMILY_VERSION	1

#define QKDNF_MCGRP_EVENTS	"events"

#define QKDNF_PORT_DEFAULT	17717
#define QKDNF_NAME_LEN_MAX	31
#define QKDNF_LABEL_LEN_MAX	64
#define QKDNF_REASON_LEN_MAX	127
#define QKDNF_SHARES_MAX	4
#define QKDNF_SEG_SHIFT_MIN	12
#define QKDNF_SEG_SHIFT_MAX	16
#define QKDNF_POOL_MIN		32768
#define QKDNF_POOL_MAX		67108864
#define QKDNF_SEGMENTS_MAX	1024
#define QKDNF_HELLO_MS_MIN	100
#define QKDNF_HELLO_MS_MAX	60000
#define QKDNF_RATE_MAX		4294967294
#define QKDNF_WINDOW_MAX	4096
#define QKDNF_LIFETIME_MAX	31536000

/**
 * enum qkdnf_peer_kind - How a node shares key with this one
 * @QKDNF_PEER_KIND_LINK: adjacent, over a QKD link
 * @QKDNF_PEER_KIND_REMOTE: not adjacent, by relay
 */
enum qkdnf_peer_kind {
	QKDNF_PEER_KIND_LINK,
	QKDNF_PEER_KIND_REMOTE,

	/* private: */
	__QKDNF_PEER_KIND_MAX,
	QKDNF_PEER_KIND_MAX = (__QKDNF_PEER_KIND_MAX - 1)
};

/**
 * enum qkdnf_peer_state - Where a peer stands
 * @QKDNF_PEER_STATE_NEW: no key to probe with yet (link), or no route (remote)
 * @QKDNF_PEER_STATE_PROBING: probes are sent, no pairing yet
 * @QKDNF_PEER_STATE_PAIRED: a pairing was made; nothing was heard in it yet,
 *	or (link) the other end does not hold the hash key of relay frames yet
 * @QKDNF_PEER_STATE_UP: paired, heard within three periods, and able to carry
 *	relay frames
 * @QKDNF_PEER_STATE_DOWN: was up, silent for three periods; the pairing lives
 */
enum qkdnf_peer_state {
	QKDNF_PEER_STATE_NEW,
	QKDNF_PEER_STATE_PROBING,
	QKDNF_PEER_STATE_PAIRED,
	QKDNF_PEER_STATE_UP,
	QKDNF_PEER_STATE_DOWN,

	/* private: */
	__QKDNF_PEER_STATE_MAX,
	QKDNF_PEER_STATE_MAX = (__QKDNF_PEER_STATE_MAX - 1)
};

/**
 * enum qkdnf_scheme - How a remote stream is agreed
 * @QKDNF_SCHEME_XOR: XOR relay; the key is key of the origin's QKD link
 * @QKDNF_SCHEME_OTP: hop-by-hop one-time pad over key of a random number
 *	generator
 */
enum qkdnf_scheme {
	QKDNF_SCHEME_XOR,
	QKDNF_SCHEME_OTP,

	/* private: */
	__QKDNF_SCHEME_MAX,
	QKDNF_SCHEME_MAX = (__QKDNF_SCHEME_MAX - 1)
};

/**
 * enum qkdnf_source_kind - What fills a stream
 * @QKDNF_SOURCE_KIND_FD: the module reads blocks from an open character device
 * @QKDNF_SOURCE_KIND_PUSH: a process writes blocks to the push descriptor of
 *	the peer
 * @QKDNF_SOURCE_KIND_RELAY: the module agrees segments with the remote node
 */
enum qkdnf_source_kind {
	QKDNF_SOURCE_KIND_FD,
	QKDNF_SOURCE_KIND_PUSH,
	QKDNF_SOURCE_KIND_RELAY,

	/* private: */
	__QKDNF_SOURCE_KIND_MAX,
	QKDNF_SOURCE_KIND_MAX = (__QKDNF_SOURCE_KIND_MAX - 1)
};

/**
 * enum qkdnf_source_state - Where a source stands
 * @QKDNF_SOURCE_STATE_WAITING: no block yet
 * @QKDNF_SOURCE_STATE_RUNNING: blocks are coming
 * @QKDNF_SOURCE_STATE_SILENT: no block for three times as long as usual
 * @QKDNF_SOURCE_STATE_STOPPED: the source said that it stopped; see reason
 * @QKDNF_SOURCE_STATE_REFUSED: the module refuses the source; see reason
 */
enum qkdnf_source_state {
	QKDNF_SOURCE_STATE_WAITING,
	QKDNF_SOURCE_STATE_RUNNING,
	QKDNF_SOURCE_STATE_SILENT,
	QKDNF_SOURCE_STATE_STOPPED,
	QKDNF_SOURCE_STATE_REFUSED,

	/* private: */
	__QKDNF_SOURCE_STATE_MAX,
	QKDNF_SOURCE_STATE_MAX = (__QKDNF_SOURCE_STATE_MAX - 1)
};

/**
 * enum qkdnf_route_active - Which next hop a route uses now
 * @QKDNF_ROUTE_ACTIVE_NONE: neither is usable
 * @QKDNF_ROUTE_ACTIVE_PRIMARY: via
 * @QKDNF_ROUTE_ACTIVE_BACKUP: backup
 */
enum qkdnf_route_active {
	QKDNF_ROUTE_ACTIVE_NONE,
	QKDNF_ROUTE_ACTIVE_PRIMARY,
	QKDNF_ROUTE_ACTIVE_BACKUP,

	/* private: */
	__QKDNF_ROUTE_ACTIVE_MAX,
	QKDNF_ROUTE_ACTIVE_MAX = (__QKDNF_ROUTE_ACTIVE_MAX - 1)
};

/**
 * enum qkdnf_direction - Which side of a contract this node is; or the way an
 *	association goes
 * @QKDNF_DIRECTION_IN: this node carries for the peer; frames arrive from it
 * @QKDNF_DIRECTION_OUT: the peer carries for this node; frames leave to it
 */
enum qkdnf_direction {
	QKDNF_DIRECTION_IN,
	QKDNF_DIRECTION_OUT,

	/* private: */
	__QKDNF_DIRECTION_MAX,
	QKDNF_DIRECTION_MAX = (__QKDNF_DIRECTION_MAX - 1)
};

/**
 * enum qkdnf_relay_state - What the generator of a remote stream does
 * @QKDNF_RELAY_STATE_UNPAIRED: no probe was answered yet
 * @QKDNF_RELAY_STATE_PAIRING: probes are under way
 * @QKDNF_RELAY_STATE_IDLE: the stream is at its high mark
 * @QKDNF_RELAY_STATE_FILLING: segments are being agreed
 * @QKDNF_RELAY_STATE_PAUSED: a node on the way refused; see nak, and it
 *	resumes by itself
 * @QKDNF_RELAY_STATE_NO_ROUTE: no usable route for some share
 * @QKDNF_RELAY_STATE_NO_KEY: the first link of some share has no key to spend
 */
enum qkdnf_relay_state {
	QKDNF_RELAY_STATE_UNPAIRED,
	QKDNF_RELAY_STATE_PAIRING,
	QKDNF_RELAY_STATE_IDLE,
	QKDNF_RELAY_STATE_FILLING,
	QKDNF_RELAY_STATE_PAUSED,
	QKDNF_RELAY_STATE_NO_ROUTE,
	QKDNF_RELAY_STATE_NO_KEY,

	/* private: */
	__QKDNF_RELAY_STATE_MAX,
	QKDNF_RELAY_STATE_MAX = (__QKDNF_RELAY_STATE_MAX - 1)
};

/**
 * enum qkdnf_nak_code - Why a frame could not go on; the codes of RELAY_NAK
 * @QKDNF_NAK_CODE_NONE: nothing was refused
 * @QKDNF_NAK_CODE_NO_ROUTE: no usable route
 * @QKDNF_NAK_CODE_NO_KEY: the next link has no key to spend
 * @QKDNF_NAK_CODE_CONTRACT_EXCEEDED: rate or volume of the contract used up
 * @QKDNF_NAK_CODE_CONTRACT_UNKNOWN: contract unknown, expired, or for another
 *	path
 * @QKDNF_NAK_CODE_HOP_LIMIT: hop limit reached
 * @QKDNF_NAK_CODE_OVER_RATE: the stream sends more than it was allowed
 */
enum qkdnf_nak_code {
	QKDNF_NAK_CODE_NONE,
	QKDNF_NAK_CODE_NO_ROUTE,
	QKDNF_NAK_CODE_NO_KEY,
	QKDNF_NAK_CODE_CONTRACT_EXCEEDED,
	QKDNF_NAK_CODE_CONTRACT_UNKNOWN,
	QKDNF_NAK_CODE_HOP_LIMIT,
	QKDNF_NAK_CODE_OVER_RATE,

	/* private: */
	__QKDNF_NAK_CODE_MAX,
	QKDNF_NAK_CODE_MAX = (__QKDNF_NAK_CODE_MAX - 1)
};

/**
 * enum qkdnf_supply_state - Where a range of key for applications stands
 * @QKDNF_SUPPLY_STATE_MARKED: own segment, serves applications only
 * @QKDNF_SUPPLY_STATE_TAKEN: taken here, the other end does not know yet
 * @QKDNF_SUPPLY_STATE_ANNOUNCED: taken here, the other end confirmed
 * @QKDNF_SUPPLY_STATE_WAITING: taken at the other end, not fetched here yet
 */
enum qkdnf_supply_state {
	QKDNF_SUPPLY_STATE_MARKED,
	QKDNF_SUPPLY_STATE_TAKEN,
	QKDNF_SUPPLY_STATE_ANNOUNCED,
	QKDNF_SUPPLY_STATE_WAITING,

	/* private: */
	__QKDNF_SUPPLY_STATE_MAX,
	QKDNF_SUPPLY_STATE_MAX = (__QKDNF_SUPPLY_STATE_MAX - 1)
};

/**
 * enum qkdnf_ipsec_mode - How packets are wrapped
 * @QKDNF_IPSEC_MODE_TUNNEL: whole packets, between two gateways
 * @QKDNF_IPSEC_MODE_TRANSPORT: the payload of packets between the two ends
 *	themselves
 */
enum qkdnf_ipsec_mode {
	QKDNF_IPSEC_MODE_TUNNEL,
	QKDNF_IPSEC_MODE_TRANSPORT,

	/* private: */
	__QKDNF_IPSEC_MODE_MAX,
	QKDNF_IPSEC_MODE_MAX = (__QKDNF_IPSEC_MODE_MAX - 1)
};

/**
 * enum qkdnf_ipsec_algorithm - What an association encrypts and authenticates
 *	with
 * @QKDNF_IPSEC_ALGORITHM_AES_GCM: rfc4106(gcm(aes)), 256-bit key, 128-bit tag
 * @QKDNF_IPSEC_ALGORITHM_CHACHA20_POLY1305: rfc7539esp(chacha20,poly1305)
 */
enum qkdnf_ipsec_algorithm {
	QKDNF_IPSEC_ALGORITHM_AES_GCM,
	QKDNF_IPSEC_ALGORITHM_CHACHA20_POLY1305,

	/* private: */
	__QKDNF_IPSEC_ALGORITHM_MAX,
	QKDNF_IPSEC_ALGORITHM_MAX = (__QKDNF_IPSEC_ALGORITHM_MAX - 1)
};

/**
 * enum qkdnf_binding_state - Where a binding stands
 * @QKDNF_BINDING_STATE_WAITING: not both directions have a valid association;
 *	see reason
 * @QKDNF_BINDING_STATE_ONE_WAY: this end can send, but does not receive yet
 * @QKDNF_BINDING_STATE_UP: both directions have a valid association
 */
enum qkdnf_binding_state {
	QKDNF_BINDING_STATE_WAITING,
	QKDNF_BINDING_STATE_ONE_WAY,
	QKDNF_BINDING_STATE_UP,

	/* private: */
	__QKDNF_BINDING_STATE_MAX,
	QKDNF_BINDING_STATE_MAX = (__QKDNF_BINDING_STATE_MAX - 1)
};

/**
 * enum qkdnf_event_type - What happened
 * @QKDNF_EVENT_TYPE_STREAM_LOW: the level fell below the low mark; number is
 *	the level
 * @QKDNF_EVENT_TYPE_STREAM_READY: the level rose above the low mark; number is
 *	the level
 * @QKDNF_EVENT_TYPE_STREAM_EMPTY: an allocation failed for want of key
 * @QKDNF_EVENT_TYPE_PEER_UP: the peer is heard
 * @QKDNF_EVENT_TYPE_PEER_DOWN: the peer is silent; number is milliseconds of
 *	silence
 * @QKDNF_EVENT_TYPE_PAIRING_MADE: number is the barrier, a segment index
 * @QKDNF_EVENT_TYPE_PAIRING_LOST: the other end began anew, or the pairing was
 *	dropped
 * @QKDNF_EVENT_TYPE_ROUTE_SWITCHED: a route uses another next hop; number is
 *	enum qkdnf_route_active
 * @QKDNF_EVENT_TYPE_SA_REKEYED: an IPsec association was renewed; number is
 *	the SPI
 * @QKDNF_EVENT_TYPE_SA_FAILED: an IPsec association could not be renewed;
 *	number is the SPI
 * @QKDNF_EVENT_TYPE_SOURCE_SILENT: no block in time; number is milliseconds of
 *	silence
 * @QKDNF_EVENT_TYPE_SOURCE_REPEATING: a block was refused as repeated or
 *	rewound; number is its index
 * @QKDNF_EVENT_TYPE_SOURCE_STOPPED: the source stopped by itself; number is
 *	its QBER in ppm
 * @QKDNF_EVENT_TYPE_SOURCE_EAVESDROPPING: the source stopped and suspects a
 *	listener; number is its QBER in ppm
 * @QKDNF_EVENT_TYPE_SOURCE_RESUMED: blocks come again
 * @QKDNF_EVENT_TYPE_SOURCE_REFUSED: the source broke the framing and was
 *	closed; see reason
 * @QKDNF_EVENT_TYPE_TAG_FAILURES: frames failed to verify; number is how many
 *	since the last event
 * @QKDNF_EVENT_TYPE_CONTRACT_EXHAUSTED: rate, volume or time used up; number
 *	is enum qkdnf_nak_code
 * @QKDNF_EVENT_TYPE_CONTRACT_METER: a reading of the carrier was refused since
 *	it is above the own count or below an earlier one; number is the reading
 * @QKDNF_EVENT_TYPE_CONTRACT_MARK: both sides passed settlement mark number
 * @QKDNF_EVENT_TYPE_NAK: a node refused a frame of ours; number is enum
 *	qkdnf_nak_code
 * @QKDNF_EVENT_TYPE_CONFIRM_MISMATCH: key of a relayed segment differed at the
 *	ends and was discarded
 * @QKDNF_EVENT_TYPE_SEGMENT_SIZE_MISMATCH: the other end has another
 *	seg-shift; number is its
 * @QKDNF_EVENT_TYPE_MEMORY_LIMIT: no memory left under the limit; number is
 *	the limit, or 0 where the control group or the machine has none to give
 * @QKDNF_EVENT_TYPE_SUSPENDED: all streams were erased for suspend or
 *	hibernation
 */
enum qkdnf_event_type {
	QKDNF_EVENT_TYPE_STREAM_LOW,
	QKDNF_EVENT_TYPE_STREAM_READY,
	QKDNF_EVENT_TYPE_STREAM_EMPTY,
	QKDNF_EVENT_TYPE_PEER_UP,
	QKDNF_EVENT_TYPE_PEER_DOWN,
	QKDNF_EVENT_TYPE_PAIRING_MADE,
	QKDNF_EVENT_TYPE_PAIRING_LOST,
	QKDNF_EVENT_TYPE_ROUTE_SWITCHED,
	QKDNF_EVENT_TYPE_SA_REKEYED,
	QKDNF_EVENT_TYPE_SA_FAILED,
	QKDNF_EVENT_TYPE_SOURCE_SILENT,
	QKDNF_EVENT_TYPE_SOURCE_REPEATING,
	QKDNF_EVENT_TYPE_SOURCE_STOPPED,
	QKDNF_EVENT_TYPE_SOURCE_EAVESDROPPING,
	QKDNF_EVENT_TYPE_SOURCE_RESUMED,
	QKDNF_EVENT_TYPE_SOURCE_REFUSED,
	QKDNF_EVENT_TYPE_TAG_FAILURES,
	QKDNF_EVENT_TYPE_CONTRACT_EXHAUSTED,
	QKDNF_EVENT_TYPE_CONTRACT_METER,
	QKDNF_EVENT_TYPE_CONTRACT_MARK,
	QKDNF_EVENT_TYPE_NAK,
	QKDNF_EVENT_TYPE_CONFIRM_MISMATCH,
	QKDNF_EVENT_TYPE_SEGMENT_SIZE_MISMATCH,
	QKDNF_EVENT_TYPE_MEMORY_LIMIT,
	QKDNF_EVENT_TYPE_SUSPENDED,

	/* private: */
	__QKDNF_EVENT_TYPE_MAX,
	QKDNF_EVENT_TYPE_MAX = (__QKDNF_EVENT_TYPE_MAX - 1)
};

/*
 * Attributes: books
 * Invariant: in = spent + held + erased, at any instant that none of them
 * changes.
 *
 * IN (u64): octets that sources delivered and the stream took
 * SPENT (u64): octets used, here or by the other end, and erased by that
 * HELD (u64): octets in memory now
 * ERASED (u64): octets erased without use
 */
enum {
	QKDNF_A_BOOKS_PAD = 1,
	QKDNF_A_BOOKS_IN,
	QKDNF_A_BOOKS_SPENT,
	QKDNF_A_BOOKS_HELD,
	QKDNF_A_BOOKS_ERASED,

	__QKDNF_A_BOOKS_MAX,
	QKDNF_A_BOOKS_MAX = (__QKDNF_A_BOOKS_MAX - 1)
};

/*
 * Attributes: counters
 * Frames of a peer since it was made. A drop is counted once, under the first
 * reason met.
 *
 * RX_FRAMES (u64): frames heard, whatever became of them
 * RX_OCTETS (u64): octets of these, UDP payload
 * TX_FRAMES (u64): frames sent
 * TX_OCTETS (u64): octets of these, UDP payload
 * PROBE_RX (u64): verified PROBE frames
 * PROBE_TX (u64): PROBE frames, repetitions too
 * HELLO_RX (u64): verified HELLO frames
 * HELLO_TX (u64): HELLO frames
 * GRANT_IN (u64): segments granted to this node
 * GRANT_OUT (u64): segments granted to the other end
 * SUPPLY_RX (u64): verified SUPPLY frames
 * SUPPLY_TX (u64): SUPPLY frames, repetitions too
 * RELAY_RX (u64): verified RELAY frames
 * RELAY_TX (u64): RELAY frames sent to this peer, own and relayed
 * RELAY_FORWARDED (u64): RELAY frames from this peer that went on to another
 * ACK_RX (u64): verified RELAY_ACK frames
 * ACK_TX (u64): RELAY_ACK frames, own and relayed
 * NAK_RX (u64): verified RELAY_NAK frames
 * NAK_TX (u64): RELAY_NAK frames, own and relayed
 * CONTROL_OCTETS (u64): octets of key that control frames to this peer spent
 * DROP_FORM (u64): a length, flag, type or reserved field that is wrong
 * DROP_ADDRESS (u64): from another address than the peer's
 * DROP_SEGMENT (u64): names a segment that is not held here
 * DROP_OWNER (u64): names a segment that its sender does not own
 * DROP_CLAIMED (u64): names octets already used (a replay) or never filled
 * DROP_TAG (u64): the tag does not verify
 * DROP_STALE (u64): verified, but of another incarnation or older than one
 *	taken
 * DROP_BINDING (u64): verified, but this neighbour may not speak for that
 *	origin
 * DROP_ROUTE (u64): verified, no usable route to go on
 * DROP_KEY (u64): verified, the next link has no key
 * DROP_HOP_LIMIT (u64): verified, hop limit reached
 * DROP_CONTRACT (u64): verified, refused by a contract
 * DROP_RATE (u64): verified, over the rate allowed to its stream
 * DROP_DUPLICATE (u64): verified, the chunk had arrived before
 * DROP_MEMORY (u64): no memory for a frame or a segment
 * TX_KEY (u64): frames to this peer not sent for want of key
 * TX_ERROR (u64): frames to this peer that the network refused
 * CONFIRM_MISMATCH (u64): relayed segments discarded since the ends' tags
 *	differ
 * FLOW_EVICTED (u64): idle streams from this peer forgotten for newer ones
 *	from it
 * FLOW_REFUSED (u64): frames of streams from this peer that found no entry, as
 *	it has its share of them
 */
enum {
	QKDNF_A_COUNTERS_PAD = 1,
	QKDNF_A_COUNTERS_RX_FRAMES,
	QKDNF_A_COUNTERS_RX_OCTETS,
	QKDNF_A_COUNTERS_TX_FRAMES,
	QKDNF_A_COUNTERS_TX_OCTETS,
	QKDNF_A_COUNTERS_PROBE_RX,
	QKDNF_A_COUNTERS_PROBE_TX,
	QKDNF_A_COUNTERS_HELLO_RX,
	QKDNF_A_COUNTERS_HELLO_TX,
	QKDNF_A_COUNTERS_GRANT_IN,
	QKDNF_A_COUNTERS_GRANT_OUT,
	QKDNF_A_COUNTERS_SUPPLY_RX,
	QKDNF_A_COUNTERS_SUPPLY_TX,
	QKDNF_A_COUNTERS_RELAY_RX,
	QKDNF_A_COUNTERS_RELAY_TX,
	QKDNF_A_COUNTERS_RELAY_FORWARDED,
	QKDNF_A_COUNTERS_ACK_RX,
	QKDNF_A_COUNTERS_ACK_TX,
	QKDNF_A_COUNTERS_NAK_RX,
	QKDNF_A_COUNTERS_NAK_TX,
	QKDNF_A_COUNTERS_CONTROL_OCTETS,
	QKDNF_A_COUNTERS_DROP_FORM,
	QKDNF_A_COUNTERS_DROP_ADDRESS,
	QKDNF_A_COUNTERS_DROP_SEGMENT,
	QKDNF_A_COUNTERS_DROP_OWNER,
	QKDNF_A_COUNTERS_DROP_CLAIMED,
	QKDNF_A_COUNTERS_DROP_TAG,
	QKDNF_A_COUNTERS_DROP_STALE,
	QKDNF_A_COUNTERS_DROP_BINDING,
	QKDNF_A_COUNTERS_DROP_ROUTE,
	QKDNF_A_COUNTERS_DROP_KEY,
	QKDNF_A_COUNTERS_DROP_HOP_LIMIT,
	QKDNF_A_COUNTERS_DROP_CONTRACT,
	QKDNF_A_COUNTERS_DROP_RATE,
	QKDNF_A_COUNTERS_DROP_DUPLICATE,
	QKDNF_A_COUNTERS_DROP_MEMORY,
	QKDNF_A_COUNTERS_TX_KEY,
	QKDNF_A_COUNTERS_TX_ERROR,
	QKDNF_A_COUNTERS_CONFIRM_MISMATCH,
	QKDNF_A_COUNTERS_FLOW_EVICTED,
	QKDNF_A_COUNTERS_FLOW_REFUSED,

	__QKDNF_A_COUNTERS_MAX,
	QKDNF_A_COUNTERS_MAX = (__QKDNF_A_COUNTERS_MAX - 1)
};

/*
 * Attributes: unclaimed
 * Frames dropped before a peer was found.
 *
 * RX_FRAMES (u64): frames heard on the port, whatever became of them
 * SHORT (u64): shorter than a header
 * VERSION (u64): unknown version
 * TYPE (u64): unknown type
 * FORM (u64): a length, flag or reserved field that is wrong
 * SENDER (u64): unknown sender
 */
enum {
	QKDNF_A_UNCLAIMED_PAD = 1,
	QKDNF_A_UNCLAIMED_RX_FRAMES,
	QKDNF_A_UNCLAIMED_SHORT,
	QKDNF_A_UNCLAIMED_VERSION,
	QKDNF_A_UNCLAIMED_TYPE,
	QKDNF_A_UNCLAIMED_FORM,
	QKDNF_A_UNCLAIMED_SENDER,

	__QKDNF_A_UNCLAIMED_MAX,
	QKDNF_A_UNCLAIMED_MAX = (__QKDNF_A_UNCLAIMED_MAX - 1)
};

/*
 * Attributes: node
 *
 * ID (u64): node id, provider << 32 | node; neither part is 0 [at least 1]
 * PORT (u16): UDP port, default 17717; fixed when the node is made [at least
 *	1]
 * MEM_MAX (u64): most octets that streams of this node may hold; 0 is the
 *	module's default
 * MEM_USED (u64): octets of memory that streams hold now
 * START_TIME (u64): when the node was made, Unix time in seconds
 * PEERS (u32): number of peers
 * ROUTES (u32): number of routes
 * CONTRACTS (u32): number of contracts
 */
enum {
	QKDNF_A_NODE_PAD = 1,
	QKDNF_A_NODE_ID,
	QKDNF_A_NODE_PORT,
	QKDNF_A_NODE_MEM_MAX,
	QKDNF_A_NODE_MEM_USED,
	QKDNF_A_NODE_START_TIME,
	QKDNF_A_NODE_PEERS,
	QKDNF_A_NODE_ROUTES,
	QKDNF_A_NODE_CONTRACTS,

	__QKDNF_A_NODE_MAX,
	QKDNF_A_NODE_MAX = (__QKDNF_A_NODE_MAX - 1)
};

/*
 * Attributes: peer
 *
 * ID (u64): node id of the peer [at least 1]
 * KIND (u32, enum qkdnf_peer_kind)
 * NAME (string): for people; printable ASCII [at most 31 characters]
 * ADDR4 (binary): IPv4 address of the peer; either this or addr6 [4 octets]
 * ADDR6 (binary): IPv6 address of the peer [16 octets]
 * PORT (u16): UDP port of the peer, default 17717 [at least 1]
 * LOCAL_ADDR4 (binary): own IPv4 address; default is what routing chooses [4
 *	octets]
 * LOCAL_ADDR6 (binary): own IPv6 address; default is what routing chooses [16
 *	octets]
 * SEG_SHIFT (u8): log2 of the segment size, default 16; equal at both ends,
 *	fixed when the peer is made [12 to 16]
 * POOL_MAX (u64): most octets that the stream holds, default 64 segments; 8 to
 *	1024 segments [32768 to 67108864]
 * LOW (u64): low mark. A remote stream whose level is below is filled with
 *	urgency; on any stream crossing it is an event. Default a quarter of
 *	pool-max [at most 67108864]
 * HIGH (u64): high mark. A remote stream is filled up to it. Default three
 *	quarters of pool-max; at least low, at most pool-max [at most 67108864]
 * SCHEME (u32, enum qkdnf_scheme): remote only, default xor
 * SHARES (u8): remote only, number of routes agreed over at once, default 1 [1
 *	to 4]
 * WEIGHT (u16): remote only, share of a contended link, default 1 [at least 1]
 * MAX_RATE (u64): remote only, most octets of key per second to generate; 0 is
 *	no limit [at most 4294967294]
 * HELLO_MS (u32): period of HELLO, default 1000 [100 to 60000]
 * BORDER (u8): 1 if the link crosses into another provider's network, so that
 *	contracts hold there; default is whether the provider numbers differ [at
 *	most 1]
 * BRIEF (flag): leave counters and books out of the answer
 * STATE (u32, enum qkdnf_peer_state)
 * INCARNATION (u64): own incarnation
 * PEER_INCARNATION (u64): the incarnation of the other end that is paired;
 *	absent if none
 * BARRIER (u64): lowest segment index that may be spent in the pairing
 * RTT_US (u32): smoothed round-trip time; absent if not measured
 * OWN_LEVEL (u64): octets that this node can allocate now
 * OTHER_LEVEL (u64): octets that the other end can allocate now, by what both
 *	hold
 * HELD (u64): octets in memory, usable or not
 * INCOME (u32): octets per second delivered into the stream, smoothed
 * HORIZON (u64): link only, segment index below which nothing new will be held
 * SEGMENTS (u32): segments in memory
 * LAST_HEARD_MS (u64): milliseconds since the last verified frame; absent if
 *	none
 * COMPUTATIONAL (flag): key of this stream is only computationally secure,
 *	since a random number generator of the kernel drew some of it
 * HASH_OFFSET (u64): link only, stream offset of the hash key of the relay
 *	frames that this node sends; absent until the other end holds it
 * OTHER_HASH_OFFSET (u64): link only, stream offset of the hash key of the
 *	relay frames that the other end sends; absent until this node holds it
 * COUNTERS (nest of QKDNF_A_COUNTERS_*)
 * BOOKS (nest of QKDNF_A_BOOKS_*)
 */
enum {
	QKDNF_A_PEER_PAD = 1,
	QKDNF_A_PEER_ID,
	QKDNF_A_PEER_KIND,
	QKDNF_A_PEER_NAME,
	QKDNF_A_PEER_ADDR4,
	QKDNF_A_PEER_ADDR6,
	QKDNF_A_PEER_PORT,
	QKDNF_A_PEER_LOCAL_ADDR4,
	QKDNF_A_PEER_LOCAL_ADDR6,
	QKDNF_A_PEER_SEG_SHIFT,
	QKDNF_A_PEER_POOL_MAX,
	QKDNF_A_PEER_LOW,
	QKDNF_A_PEER_HIGH,
	QKDNF_A_PEER_SCHEME,
	QKDNF_A_PEER_SHARES,
	QKDNF_A_PEER_WEIGHT,
	QKDNF_A_PEER_MAX_RATE,
	QKDNF_A_PEER_HELLO_MS,
	QKDNF_A_PEER_BORDER,
	QKDNF_A_PEER_BRIEF,
	QKDNF_A_PEER_STATE,
	QKDNF_A_PEER_INCARNATION,
	QKDNF_A_PEER_PEER_INCARNATION,
	QKDNF_A_PEER_BARRIER,
	QKDNF_A_PEER_RTT_US,
	QKDNF_A_PEER_OWN_LEVEL,
	QKDNF_A_PEER_OTHER_LEVEL,
	QKDNF_A_PEER_HELD,
	QKDNF_A_PEER_INCOME,
	QKDNF_A_PEER_HORIZON,
	QKDNF_A_PEER_SEGMENTS,
	QKDNF_A_PEER_LAST_HEARD_MS,
	QKDNF_A_PEER_COMPUTATIONAL,
	QKDNF_A_PEER_HASH_OFFSET,
	QKDNF_A_PEER_OTHER_HASH_OFFSET,
	QKDNF_A_PEER_COUNTERS,
	QKDNF_A_PEER_BOOKS,

	__QKDNF_A_PEER_MAX,
	QKDNF_A_PEER_MAX = (__QKDNF_A_PEER_MAX - 1)
};

/*
 * Attributes: source
 *
 * PEER (u64): the peer whose stream it fills; a peer has at most one source
 *	[at least 1]
 * KIND (u32, enum qkdnf_source_kind): fd or push; a relay source comes with
 *	its remote peer
 * FD (s32): kind fd only: an open descriptor of a character device that reads
 *	as blocks (linux/qkd_block.h); the module keeps the file, not the number [at
 *	least 0]
 * STATE (u32, enum qkdnf_source_state)
 * REASON (string): why it is stopped or refused
 * BLOCK (u32): octets of key in a block; absent until the first came
 * BLOCKS (u64): blocks taken
 * OCTETS (u64): octets of key taken
 * DROPPED (u64): blocks dropped, whole or in part, since the stream had no
 *	room
 * REPEATS (u64): blocks refused as repeated or rewound
 * NEXT_INDEX (u64): lowest block index that may come
 * QBER_PPM (u32): QBER that the source stated last, parts per million
 * LAST_BLOCK_MS (u64): milliseconds since the last block; absent if none
 * GAPS (u64): times that block indexes were skipped
 */
enum {
	QKDNF_A_SOURCE_PAD = 1,
	QKDNF_A_SOURCE_PEER,
	QKDNF_A_SOURCE_KIND,
	QKDNF_A_SOURCE_FD,
	QKDNF_A_SOURCE_STATE,
	QKDNF_A_SOURCE_REASON,
	QKDNF_A_SOURCE_BLOCK,
	QKDNF_A_SOURCE_BLOCKS,
	QKDNF_A_SOURCE_OCTETS,
	QKDNF_A_SOURCE_DROPPED,
	QKDNF_A_SOURCE_REPEATS,
	QKDNF_A_SOURCE_NEXT_INDEX,
	QKDNF_A_SOURCE_QBER_PPM,
	QKDNF_A_SOURCE_LAST_BLOCK_MS,
	QKDNF_A_SOURCE_GAPS,

	__QKDNF_A_SOURCE_MAX,
	QKDNF_A_SOURCE_MAX = (__QKDNF_A_SOURCE_MAX - 1)
};

/*
 * Attributes: route
 *
 * DESTINATION (u64): node id; with provider-wide the node part is 0 [at least
 *	1]
 * PROVIDER_WIDE (flag): matches every node of the provider that no other route
 *	names
 * SHARE (u8): for this share only; absent is for any that has no own route [at
 *	most 3]
 * VIA (u64): next hop, a link peer [at least 1]
 * BACKUP (u64): next hop while via is down or out of key, another link peer;
 *	not used by frames of more than one share [at least 1]
 * ACTIVE (u32, enum qkdnf_route_active)
 * SWITCHED (u32): times that the next hop changed
 * REPLACE (flag): if the route is there, change it (an attribute since the
 *	core refuses NLM_F_REPLACE in a request of a family like this one)
 */
enum {
	QKDNF_A_ROUTE_PAD = 1,
	QKDNF_A_ROUTE_DESTINATION,
	QKDNF_A_ROUTE_PROVIDER_WIDE,
	QKDNF_A_ROUTE_SHARE,
	QKDNF_A_ROUTE_VIA,
	QKDNF_A_ROUTE_BACKUP,
	QKDNF_A_ROUTE_ACTIVE,
	QKDNF_A_ROUTE_SWITCHED,
	QKDNF_A_ROUTE_REPLACE,

	__QKDNF_A_ROUTE_MAX,
	QKDNF_A_ROUTE_MAX = (__QKDNF_A_ROUTE_MAX - 1)
};

/*
 * Attributes: contract
 *
 * PEER (u64): the link peer at the other side of the border [at least 1]
 * ID (u32): label of frames on that border [at least 1]
 * DIRECTION (u32, enum qkdnf_direction)
 * OUT_ID (u32): in only: label that forwarded frames carry at the next border;
 *	absent or 0 if they end in this network
 * SOURCE (u64): origin that it is for [at least 1]
 * SOURCE_WIDE (flag): source is a whole provider; its node part is 0
 * DESTINATION (u64): destination that it is for [at least 1]
 * DESTINATION_WIDE (flag): destination is a whole provider; its node part is 0
 * RATE (u64): octets of key per second [1 to 4294967294]
 * BURST (u64): octets of key above the rate at once; default one second of
 *	rate [992 to 4294967294]
 * VOLUME (u64): octets of key in all; 0 is no limit
 * EXPIRY (u64): Unix time in seconds; 0 is never
 * WEIGHT (u16): cap on the weight of streams under it; 0 is none
 * ACCEPTED (u64): in: octets accepted, that is verified, claimed and not
 *	accepted before
 * SENT (u64): out: octets sent, each once however often repeated
 * PEER_ACCEPTED (u64): out: octets accepted by the carrier, its last reading
 * REFUSED_RATE (u64): frames refused, over rate and burst
 * REFUSED_VOLUME (u64): frames refused, volume used up
 * REFUSED_EXPIRED (u64): frames refused, after expiry
 * REFUSED_MISMATCH (u64): frames refused, other source or destination
 * MARK (u32): settlement mark; the first is 1, each one more than the last [at
 *	least 1]
 * MARK_ACCEPTED (u64): in: octets accepted when the mark was set
 * MARK_SENT (u64): out: octets sent when the mark was set
 * MARK_PEER_ACCEPTED (u64): out: octets that the carrier says it had accepted
 *	at this mark
 * INCARNATION (u64): incarnation that the readings count from: own for in, the
 *	carrier's for out
 */
enum {
	QKDNF_A_CONTRACT_PAD = 1,
	QKDNF_A_CONTRACT_PEER,
	QKDNF_A_CONTRACT_ID,
	QKDNF_A_CONTRACT_DIRECTION,
	QKDNF_A_CONTRACT_OUT_ID,
	QKDNF_A_CONTRACT_SOURCE,
	QKDNF_A_CONTRACT_SOURCE_WIDE,
	QKDNF_A_CONTRACT_DESTINATION,
	QKDNF_A_CONTRACT_DESTINATION_WIDE,
	QKDNF_A_CONTRACT_RATE,
	QKDNF_A_CONTRACT_BURST,
	QKDNF_A_CONTRACT_VOLUME,
	QKDNF_A_CONTRACT_EXPIRY,
	QKDNF_A_CONTRACT_WEIGHT,
	QKDNF_A_CONTRACT_ACCEPTED,
	QKDNF_A_CONTRACT_SENT,
	QKDNF_A_CONTRACT_PEER_ACCEPTED,
	QKDNF_A_CONTRACT_REFUSED_RATE,
	QKDNF_A_CONTRACT_REFUSED_VOLUME,
	QKDNF_A_CONTRACT_REFUSED_EXPIRED,
	QKDNF_A_CONTRACT_REFUSED_MISMATCH,
	QKDNF_A_CONTRACT_MARK,
	QKDNF_A_CONTRACT_MARK_ACCEPTED,
	QKDNF_A_CONTRACT_MARK_SENT,
	QKDNF_A_CONTRACT_MARK_PEER_ACCEPTED,
	QKDNF_A_CONTRACT_INCARNATION,

	__QKDNF_A_CONTRACT_MAX,
	QKDNF_A_CONTRACT_MAX = (__QKDNF_A_CONTRACT_MAX - 1)
};

/*
 * Attributes: flow
 * A remote stream that passes, or starts at, this node.
 *
 * PEER (u64): the link peer that it leaves to [at least 1]
 * ORIGIN (u64)
 * DESTINATION (u64)
 * WEIGHT (u16)
 * RATE (u32): octets of key per second, measured
 * ALLOWED (u32): octets of key per second that it may use of the link
 * DEMAND (u32): octets of key per second that it could use, as this node
 *	estimates
 * LAST_MS (u64): milliseconds since its last frame
 */
enum {
	QKDNF_A_FLOW_PAD = 1,
	QKDNF_A_FLOW_PEER,
	QKDNF_A_FLOW_ORIGIN,
	QKDNF_A_FLOW_DESTINATION,
	QKDNF_A_FLOW_WEIGHT,
	QKDNF_A_FLOW_RATE,
	QKDNF_A_FLOW_ALLOWED,
	QKDNF_A_FLOW_DEMAND,
	QKDNF_A_FLOW_LAST_MS,

	__QKDNF_A_FLOW_MAX,
	QKDNF_A_FLOW_MAX = (__QKDNF_A_FLOW_MAX - 1)
};

/*
 * Attributes: relay
 * Both halves of a remote stream, what is generated and what arrives.
 *
 * PEER (u64) [at least 1]
 * SCHEME (u32, enum qkdnf_scheme)
 * SHARES (u8)
 * STATE (u32, enum qkdnf_relay_state)
 * NAK (u32, enum qkdnf_nak_code): last refusal
 * NAK_NODE (u64): node that refused last
 * IN_FLIGHT (u32): segments sent and not confirmed
 * WINDOW (u32): segments that may be in flight
 * NEXT_SEGMENT (u64): index of the segment to be generated next
 * SENT (u64): RELAY frames, repetitions too
 * RETRANSMITS (u64): repetitions of these
 * CONFIRMED (u64): own segments that the far end confirmed
 * GIVEN_UP (u64): own segments given up
 * MISMATCHED (u64): own segments discarded since the tags differ
 * ALLOWED_RATE (u32): octets of key per second that the path allows; absent is
 *	no limit
 * RTT_US (u32)
 * ASSEMBLING (u32): segments of the other end that are arriving
 * CHUNKS (u64): chunks arrived, each share once
 * DUPLICATES (u64): chunks that had arrived before
 * CONFIRMED_IN (u64): segments of the other end that arrived whole
 */
enum {
	QKDNF_A_RELAY_PAD = 1,
	QKDNF_A_RELAY_PEER,
	QKDNF_A_RELAY_SCHEME,
	QKDNF_A_RELAY_SHARES,
	QKDNF_A_RELAY_STATE,
	QKDNF_A_RELAY_NAK,
	QKDNF_A_RELAY_NAK_NODE,
	QKDNF_A_RELAY_IN_FLIGHT,
	QKDNF_A_RELAY_WINDOW,
	QKDNF_A_RELAY_NEXT_SEGMENT,
	QKDNF_A_RELAY_SENT,
	QKDNF_A_RELAY_RETRANSMITS,
	QKDNF_A_RELAY_CONFIRMED,
	QKDNF_A_RELAY_GIVEN_UP,
	QKDNF_A_RELAY_MISMATCHED,
	QKDNF_A_RELAY_ALLOWED_RATE,
	QKDNF_A_RELAY_RTT_US,
	QKDNF_A_RELAY_ASSEMBLING,
	QKDNF_A_RELAY_CHUNKS,
	QKDNF_A_RELAY_DUPLICATES,
	QKDNF_A_RELAY_CONFIRMED_IN,

	__QKDNF_A_RELAY_MAX,
	QKDNF_A_RELAY_MAX = (__QKDNF_A_RELAY_MAX - 1)
};

/*
 * Attributes: supply
 * A range of key that serves applications.
 *
 * PEER (u64) [at least 1]
 * OFFSET (u64): octet offset in the stream
 * OCTETS (u64)
 * LABEL (binary): what the application called it; not key
 * STATE (u32, enum qkdnf_supply_state)
 * TTL (u32): seconds until it is erased
 */
enum {
	QKDNF_A_SUPPLY_PAD = 1,
	QKDNF_A_SUPPLY_PEER,
	QKDNF_A_SUPPLY_OFFSET,
	QKDNF_A_SUPPLY_OCTETS,
	QKDNF_A_SUPPLY_LABEL,
	QKDNF_A_SUPPLY_STATE,
	QKDNF_A_SUPPLY_TTL,

	__QKDNF_A_SUPPLY_MAX,
	QKDNF_A_SUPPLY_MAX = (__QKDNF_A_SUPPLY_MAX - 1)
};

/*
 * Attributes: association
 * One direction's IPsec association.
 *
 * DIRECTION (u32, enum qkdnf_direction)
 * SPI (u32)
 * AGE_MS (u32): milliseconds since it was installed
 * OCTETS (u64): octets that it has carried
 * PACKETS (u64): packets that it has carried
 * VALID (u8): 1: at work; 0: it reached a hard limit, or somebody took it out
 *	of xfrm [at most 1]
 * LEAVES_MS (u32): it was replaced, and is taken out in so many milliseconds;
 *	else absent
 */
enum {
	QKDNF_A_ASSOCIATION_PAD = 1,
	QKDNF_A_ASSOCIATION_DIRECTION,
	QKDNF_A_ASSOCIATION_SPI,
	QKDNF_A_ASSOCIATION_AGE_MS,
	QKDNF_A_ASSOCIATION_OCTETS,
	QKDNF_A_ASSOCIATION_PACKETS,
	QKDNF_A_ASSOCIATION_VALID,
	QKDNF_A_ASSOCIATION_LEAVES_MS,

	__QKDNF_A_ASSOCIATION_MAX,
	QKDNF_A_ASSOCIATION_MAX = (__QKDNF_A_ASSOCIATION_MAX - 1)
};

/*
 * Attributes: binding
 * IPsec traffic that one peer's key protects.
 *
 * REQID (u32): request id of the policies and associations; the same at both
 *	ends [at least 1]
 * PEER (u64): node at the other end, whose key stream feeds it [at least 1]
 * ADDR4 (binary): outer address of the other end, IPv4, network order [4
 *	octets]
 * LOCAL_ADDR4 (binary): own outer address, IPv4 [4 octets]
 * ADDR6 (binary): outer address of the other end, IPv6 [16 octets]
 * LOCAL_ADDR6 (binary): own outer address, IPv6 [16 octets]
 * MODE (u32, enum qkdnf_ipsec_mode): default is tunnel
 * ALGORITHM (u32, enum qkdnf_ipsec_algorithm): default is aes-gcm
 * ESN (u8): 1: extended sequence numbers, the default; 0: 32-bit ones [at most
 *	1]
 * WINDOW (u32): packets of the replay window; default 128 [1 to 4096]
 * IF_ID (u32): xfrm interface that the associations belong to; 0 (default) is
 *	none
 * SOFT_OCTETS (u64): a fresh association is agreed after so many octets; 0 is
 *	never
 * SOFT_PACKETS (u64): a fresh association is agreed after so many packets; 0
 *	is never
 * SOFT_SECONDS (u32): a fresh association is agreed after so many seconds; 0
 *	is never [at most 31536000]
 * HARD_OCTETS (u64): the association ends after so many octets; 0 is never
 * HARD_PACKETS (u64): the association ends after so many packets; 0 is never
 * HARD_SECONDS (u32): the association ends after so many seconds; 0 is never
 *	[at most 31536000]
 * STATE (u32, enum qkdnf_binding_state)
 * REASON (string): why it is not up
 * OUT_SPI (u32): of the association that this end sends under
 * IN_SPI (u32): of the newest association that this end receives under
 * OUT_AGE_MS (u32): age of the outbound association
 * IN_AGE_MS (u32): age of the inbound association
 * OUT_OCTETS (u64): octets that the outbound association has carried
 * OUT_PACKETS (u64): packets that it has carried
 * IN_OCTETS (u64): octets that the inbound association has carried
 * IN_PACKETS (u64): packets that it has carried
 * REKEYS_OUT (u64): outbound associations agreed so far
 * REKEYS_IN (u64): inbound associations agreed so far
 * KEY_OCTETS (u64): octets of the stream that it has spent, both directions
 * FAILED (u64): attempts that failed
 * ACQUIRED (u64): times that traffic met no association
 * OLD_OUT (u32): outbound associations that were replaced and are about to go
 * OLD_IN (u32): inbound associations that were replaced and are about to go
 * ASSOCIATION (nest of QKDNF_A_ASSOCIATION_*): those that are installed, the
 *	newest of each direction first; at most eight of each
 * ENCAP (u16): own UDP port of ESP in UDP (RFC 3948), held while the binding
 *	is there; 0 (default) is plain ESP
 * ENCAP_TO (u16): UDP port of the other end; encap by default. If what comes
 *	and verifies has passed a NAT, it and the outer address of the other end
 *	become what the NAT makes of them. [at least 1]
 * MAPPED (u8): 1: the outer address and port of the other end are what a NAT
 *	made of those that were given [at most 1]
 */
enum {
	QKDNF_A_BINDING_PAD = 1,
	QKDNF_A_BINDING_REQID,
	QKDNF_A_BINDING_PEER,
	QKDNF_A_BINDING_ADDR4,
	QKDNF_A_BINDING_LOCAL_ADDR4,
	QKDNF_A_BINDING_ADDR6,
	QKDNF_A_BINDING_LOCAL_ADDR6,
	QKDNF_A_BINDING_MODE,
	QKDNF_A_BINDING_ALGORITHM,
	QKDNF_A_BINDING_ESN,
	QKDNF_A_BINDING_WINDOW,
	QKDNF_A_BINDING_IF_ID,
	QKDNF_A_BINDING_SOFT_OCTETS,
	QKDNF_A_BINDING_SOFT_PACKETS,
	QKDNF_A_BINDING_SOFT_SECONDS,
	QKDNF_A_BINDING_HARD_OCTETS,
	QKDNF_A_BINDING_HARD_PACKETS,
	QKDNF_A_BINDING_HARD_SECONDS,
	QKDNF_A_BINDING_STATE,
	QKDNF_A_BINDING_REASON,
	QKDNF_A_BINDING_OUT_SPI,
	QKDNF_A_BINDING_IN_SPI,
	QKDNF_A_BINDING_OUT_AGE_MS,
	QKDNF_A_BINDING_IN_AGE_MS,
	QKDNF_A_BINDING_OUT_OCTETS,
	QKDNF_A_BINDING_OUT_PACKETS,
	QKDNF_A_BINDING_IN_OCTETS,
	QKDNF_A_BINDING_IN_PACKETS,
	QKDNF_A_BINDING_REKEYS_OUT,
	QKDNF_A_BINDING_REKEYS_IN,
	QKDNF_A_BINDING_KEY_OCTETS,
	QKDNF_A_BINDING_FAILED,
	QKDNF_A_BINDING_ACQUIRED,
	QKDNF_A_BINDING_OLD_OUT,
	QKDNF_A_BINDING_OLD_IN,
	QKDNF_A_BINDING_ASSOCIATION,
	QKDNF_A_BINDING_ENCAP,
	QKDNF_A_BINDING_ENCAP_TO,
	QKDNF_A_BINDING_MAPPED,

	__QKDNF_A_BINDING_MAX,
	QKDNF_A_BINDING_MAX = (__QKDNF_A_BINDING_MAX - 1)
};

/*
 * Attributes: stats
 *
 * MEM_MAX (u64): most octets that streams may hold
 * MEM_USED (u64): octets of memory that streams hold now
 * PEERS (u32)
 * PEERS_UP (u32)
 * EVENTS_DROPPED (u64): events not told, by rate limit or for want of memory
 * COUNTERS (nest of QKDNF_A_COUNTERS_*): sum over all peers that there are or
 *	were
 * UNCLAIMED (nest of QKDNF_A_UNCLAIMED_*)
 * BOOKS (nest of QKDNF_A_BOOKS_*): sum over all peers that there are or were
 */
enum {
	QKDNF_A_STATS_PAD = 1,
	QKDNF_A_STATS_MEM_MAX,
	QKDNF_A_STATS_MEM_USED,
	QKDNF_A_STATS_PEERS,
	QKDNF_A_STATS_PEERS_UP,
	QKDNF_A_STATS_EVENTS_DROPPED,
	QKDNF_A_STATS_COUNTERS,
	QKDNF_A_STATS_UNCLAIMED,
	QKDNF_A_STATS_BOOKS,

	__QKDNF_A_STATS_MAX,
	QKDNF_A_STATS_MAX = (__QKDNF_A_STATS_MAX - 1)
};

/*
 * Attributes: event
 *
 * TYPE (u32, enum qkdnf_event_type)
 * TIME_NS (u64): Unix time in nanoseconds
 * PEER (u64)
 * PEER_NAME (string)
 * DESTINATION (u64): of the route or remote stream that it is about
 * SHARE (u8)
 * CONTRACT (u32)
 * DIRECTION (u32, enum qkdnf_direction): of the contract
 * SEGMENT (u64): segment index
 * NUMBER (u64): what it is depends on the type
 * REASON (string)
 * SUPPRESSED (u32): events of this type not told since the last one that was
 */
enum {
	QKDNF_A_EVENT_PAD = 1,
	QKDNF_A_EVENT_TYPE,
	QKDNF_A_EVENT_TIME_NS,
	QKDNF_A_EVENT_PEER,
	QKDNF_A_EVENT_PEER_NAME,
	QKDNF_A_EVENT_DESTINATION,
	QKDNF_A_EVENT_SHARE,
	QKDNF_A_EVENT_CONTRACT,
	QKDNF_A_EVENT_DIRECTION,
	QKDNF_A_EVENT_SEGMENT,
	QKDNF_A_EVENT_NUMBER,
	QKDNF_A_EVENT_REASON,
	QKDNF_A_EVENT_SUPPRESSED,

	__QKDNF_A_EVENT_MAX,
	QKDNF_A_EVENT_MAX = (__QKDNF_A_EVENT_MAX - 1)
};

/*
 * Operations
 *
 * NODE_GET: The node of this network namespace. ENODEV if there is none.
 * NODE_SET: Makes the node, or changes it. The first call needs id; later ones
 *	may change mem-max only. EADDRINUSE if the port is taken.
 * NODE_DEL: Erases all streams and takes the node and all its objects away.
 * PEER_GET: One peer, or all.
 * PEER_NEW: Makes a peer. Needs id and kind, and an address for a link.
 * PEER_SET: Changes a peer. What is not named stays. Kind, seg-shift, scheme
 *	and shares are fixed. E2BIG if the pool would have more than twice the
 *	segments that the peer was made with.
 * PEER_DEL: Erases the stream of a peer and takes it away, with its source,
 *	its contracts and the routes via it. A route that has it as backup loses the
 *	backup.
 * SOURCE_GET: The source of a peer, or all.
 * SOURCE_NEW: Gives a link peer its source. EBADF if fd is not open, ENOTTY if
 *	it is not a character device that can be read and polled.
 * SOURCE_DEL: Takes the source of a link peer away. What it delivered stays.
 * ROUTE_GET: As do: the route that frames to a destination (and share) use,
 *	which may be a provider-wide one. As dump: all, or those with via as next
 *	hop or backup.
 * ROUTE_NEW: Makes a route. EEXIST if there is one for the same destination,
 *	provider-wide and share, unless replace is given, which changes it without a
 *	gap for the frames that use it.
 * ROUTE_DEL: Takes a route away.
 * CONTRACT_GET: One contract, or all, or those with a peer.
 * CONTRACT_NEW: Makes a contract. Needs peer, id, direction, source,
 *	destination and rate.
 * CONTRACT_SET: Changes a contract. What is not named stays; the meters go on.
 * CONTRACT_DEL: Takes a contract away. Read its meters before.
 * CONTRACT_MARK: Sets a settlement mark: freezes the meters under a number.
 *	ERANGE if the number is not one more than the last.
 * FLOW_GET: Streams that use link key of this node, all or those to a peer.
 * RELAY_GET: The relay state of a remote peer, or of all.
 * SUPPLY_GET: Ranges of key that serve applications, all or those of a peer.
 * STATS_GET: Sums over the node, and what was dropped before a peer was found.
 * EVENT_NTF: Something happened. Sent to group events; never a reply.
 * BINDING_GET: A binding of IPsec traffic to a peer, or all, or those of a
 *	peer.
 * BINDING_NEW: Has associations agreed with a peer, and installed for a reqid.
 *	Needs reqid, peer and both outer addresses, of one family. The other end
 *	needs a binding with the same reqid, mode, algorithm and esn. Policies are
 *	made by other means. EOPNOTSUPP if this kernel lacks the algorithm.
 * BINDING_DEL: Takes a binding away, and its associations at both ends.
 * BINDING_REKEY: Has fresh associations agreed now, in both directions.
 * BINDING_MOVE: Puts a binding in tunnel mode at other outer addresses, of the
 *	same family; what is not named stays. The other end is told of the own
 *	address. Fresh associations are agreed there before the old ones go, and
 *	policies with this reqid follow.
 */
enum {
	QKDNF_CMD_NODE_GET = 1,
	QKDNF_CMD_NODE_SET,
	QKDNF_CMD_NODE_DEL,
	QKDNF_CMD_PEER_GET,
	QKDNF_CMD_PEER_NEW,
	QKDNF_CMD_PEER_SET,
	QKDNF_CMD_PEER_DEL,
	QKDNF_CMD_SOURCE_GET,
	QKDNF_CMD_SOURCE_NEW,
	QKDNF_CMD_SOURCE_DEL,
	QKDNF_CMD_ROUTE_GET,
	QKDNF_CMD_ROUTE_NEW,
	QKDNF_CMD_ROUTE_DEL,
	QKDNF_CMD_CONTRACT_GET,
	QKDNF_CMD_CONTRACT_NEW,
	QKDNF_CMD_CONTRACT_SET,
	QKDNF_CMD_CONTRACT_DEL,
	QKDNF_CMD_CONTRACT_MARK,
	QKDNF_CMD_FLOW_GET,
	QKDNF_CMD_RELAY_GET,
	QKDNF_CMD_SUPPLY_GET,
	QKDNF_CMD_STATS_GET,
	QKDNF_CMD_EVENT_NTF,
	QKDNF_CMD_BINDING_GET,
	QKDNF_CMD_BINDING_NEW,
	QKDNF_CMD_BINDING_DEL,
	QKDNF_CMD_BINDING_REKEY,
	QKDNF_CMD_BINDING_MOVE,

	__QKDNF_CMD_MAX,
	QKDNF_CMD_MAX = (__QKDNF_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_QKDNF_H */
