/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The one-time-pad tunnel: a link of kind "qkdnf" (rtnetlink, IFLA_INFO_DATA).
 *
 * Its packets are padded and tagged with octets of the stream that this node and
 * one peer share, each octet used once, and go straight to the peer's address.
 * Without key it sends nothing. A peer has one tunnel at the most.
 *
 * The device belongs to the node of the network namespace in which it was made,
 * and may be moved to another one: its packets still leave from the first. It goes
 * away with its peer.
 */
#ifndef _UAPI_LINUX_QKDNF_TUNNEL_H
#define _UAPI_LINUX_QKDNF_TUNNEL_H

#define QKDNF_TUNNEL_KIND	"qkdnf"

/**
 * enum qkdnf_tunnel_attr - attributes of such a link
 * @IFLA_QKDNF_PEER: u64, node id of the peer, in the order of the machine; needed to
 *	make the link, fixed then
 * @IFLA_QKDNF_TTL: u8, TTL or hop limit of what is sent; 0: the route's
 * @IFLA_QKDNF_TTL_INHERIT: u8, 1: that of the packet in the tunnel
 * @IFLA_QKDNF_TOS: u8, DSCP of what is sent, in the upper six bits
 * @IFLA_QKDNF_TOS_INHERIT: u8, 1: that of the packet in the tunnel
 * @IFLA_QKDNF_LOW: u64, octets that it leaves to others: with fewer it waits
 * @IFLA_QKDNF_HIGH: u64, octets with which it goes on; more than low
 * @IFLA_QKDNF_ALLOW_RNG: u8, 1: also with key that was drawn from a random number
 *	generator, which is secure against bounded computers only
 * @IFLA_QKDNF_STATE: u8, enum qkdnf_tunnel_state; only told
 * @IFLA_QKDNF_LEVEL: u64, octets that this end can send with now; only told
 * @IFLA_QKDNF_WAITS: u64, how often it ran out of key; only told
 * @IFLA_QKDNF_PAD: not used
 */
enum qkdnf_tunnel_attr {
	IFLA_QKDNF_UNSPEC,
	IFLA_QKDNF_PAD,
	IFLA_QKDNF_PEER,
	IFLA_QKDNF_TTL,
	IFLA_QKDNF_TTL_INHERIT,
	IFLA_QKDNF_TOS,
	IFLA_QKDNF_TOS_INHERIT,
	IFLA_QKDNF_LOW,
	IFLA_QKDNF_HIGH,
	IFLA_QKDNF_ALLOW_RNG,
	IFLA_QKDNF_STATE,
	IFLA_QKDNF_LEVEL,
	IFLA_QKDNF_WAITS,
	__IFLA_QKDNF_MAX,
};

#define IFLA_QKDNF_MAX	(__IFLA_QKDNF_MAX - 1)

/**
 * enum qkdnf_tunnel_state - why a tunnel carries traffic, or does not
 * @QKDNF_TUNNEL_DOWN: the device is down
 * @QKDNF_TUNNEL_UNPAIRED: the two ends have not met, or not agreed a hash key yet
 * @QKDNF_TUNNEL_RNG: key of the stream came from a random number generator
 * @QKDNF_TUNNEL_WAITING: out of key
 * @QKDNF_TUNNEL_UP: it carries traffic
 */
enum qkdnf_tunnel_state {
	QKDNF_TUNNEL_DOWN,
	QKDNF_TUNNEL_UNPAIRED,
	QKDNF_TUNNEL_RNG,
	QKDNF_TUNNEL_WAITING,
	QKDNF_TUNNEL_UP,
};

#endif /* _UAPI_LINUX_QKDNF_TUNNEL_H */
