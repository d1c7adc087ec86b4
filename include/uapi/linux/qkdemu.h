/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Emulated QKD links: the generic netlink family "qkdemu".
 *
 * tools/netlink/qkdemu.yaml is the contract: units, ranges and meanings of
 * every attribute stand there, and a test compares the values below with it.
 * What the devices deliver is in <linux/qkd_block.h>.
 */
#ifndef _UAPI_LINUX_QKDEMU_H
#define _UAPI_LINUX_QKDEMU_H

#define QKDEMU_FAMILY_NAME	"qkdemu"
#define QKDEMU_FAMILY_VERSION	1

#define QKDEMU_MCGRP_EVENTS	"events"

#define QKDEMU_NAME_LEN		31	/* characters, without the NUL */
#define QKDEMU_SEED_LEN		32	/* octets */

/* which ends of a link exist on this machine */
enum qkdemu_ends {
	QKDEMU_ENDS_A = 1,
	QKDEMU_ENDS_B = 2,
};

enum qkdemu_admin {
	QKDEMU_ADMIN_DOWN,
	QKDEMU_ADMIN_UP,
};

/**
 * enum qkdemu_state - what a link does
 * @QKDEMU_STATE_WAITING: the start time is still to come
 * @QKDEMU_STATE_UP: blocks are made
 * @QKDEMU_STATE_DOWN: the operator took the link down
 * @QKDEMU_STATE_OUTAGE: a scheduled outage is going on
 * @QKDEMU_STATE_STOPPED: delivery stopped by itself; the reason says why
 */
enum qkdemu_state {
	QKDEMU_STATE_WAITING,
	QKDEMU_STATE_UP,
	QKDEMU_STATE_DOWN,
	QKDEMU_STATE_OUTAGE,
	QKDEMU_STATE_STOPPED,
};

/* the same values as enum qkd_block_reason */
enum qkdemu_reason {
	QKDEMU_REASON_NONE,
	QKDEMU_REASON_QBER,
	QKDEMU_REASON_FAULT,
};

enum {
	QKDEMU_A_PAD = 1,
	QKDEMU_A_NAME,		/* string */
	QKDEMU_A_ENDS,		/* u32, enum qkdemu_ends */
	QKDEMU_A_SEED,		/* 32 octets, never dumped */
	QKDEMU_A_START_TIME,	/* u64, ns since 1970 */
	QKDEMU_A_RATE,		/* u64, bit/s */
	QKDEMU_A_BLOCK_SIZE,	/* u32, octets */
	QKDEMU_A_DEPTH,		/* u32, blocks */
	QKDEMU_A_QBER,		/* u32, 1e-6 */
	QKDEMU_A_QBER_LIMIT,	/* u32, 1e-6 */
	QKDEMU_A_EAVESDROP,	/* u32, 1e-6 */
	QKDEMU_A_ADMIN,		/* u8, enum qkdemu_admin */
	QKDEMU_A_END_A,		/* nest, QKDEMU_A_END_* */
	QKDEMU_A_END_B,		/* nest, QKDEMU_A_END_* */
	QKDEMU_A_OUTAGES,	/* nest, QKDEMU_A_OUTAGES_* */
	QKDEMU_A_BASE_TIME,	/* u64, ns since 1970 */
	QKDEMU_A_BASE_INDEX,	/* u64 */
	QKDEMU_A_LINK_ID,	/* u64 */
	QKDEMU_A_STATE,		/* u32, enum qkdemu_state */
	QKDEMU_A_REASON,	/* u32, enum qkdemu_reason */
	QKDEMU_A_INDEX,		/* u64 */
	QKDEMU_A_QBER_NOW,	/* u32, 1e-6 */

	__QKDEMU_A_MAX,
	QKDEMU_A_MAX = (__QKDEMU_A_MAX - 1)
};

enum {
	QKDEMU_A_END_PAD = 1,
	QKDEMU_A_END_LOSS,	/* u32, 1e-6 */
	QKDEMU_A_END_ERROR,	/* u32, 1e-6 */
	QKDEMU_A_END_OPEN,	/* u8 */
	QKDEMU_A_END_NEXT_INDEX,	/* u64 */
	QKDEMU_A_END_DELIVERED,	/* u64, blocks */
	QKDEMU_A_END_OVERFLOW,	/* u64, blocks */
	QKDEMU_A_END_LOST,	/* u64, blocks */
	QKDEMU_A_END_BUFFERED,	/* u64, blocks */

	__QKDEMU_A_END_MAX,
	QKDEMU_A_END_MAX = (__QKDEMU_A_END_MAX - 1)
};

enum {
	QKDEMU_A_OUTAGES_OUTAGE = 1,	/* nest, QKDEMU_A_OUTAGE_*, repeated */

	__QKDEMU_A_OUTAGES_MAX,
	QKDEMU_A_OUTAGES_MAX = (__QKDEMU_A_OUTAGES_MAX - 1)
};

enum {
	QKDEMU_A_OUTAGE_PAD = 1,
	QKDEMU_A_OUTAGE_START,		/* u64, ns since 1970 */
	QKDEMU_A_OUTAGE_DURATION,	/* u64, ns */

	__QKDEMU_A_OUTAGE_MAX,
	QKDEMU_A_OUTAGE_MAX = (__QKDEMU_A_OUTAGE_MAX - 1)
};

enum {
	QKDEMU_CMD_LINK_NEW = 1,
	QKDEMU_CMD_LINK_SET,
	QKDEMU_CMD_LINK_DEL,
	QKDEMU_CMD_LINK_GET,
	QKDEMU_CMD_LINK_STOPPED_NTF,
	QKDEMU_CMD_LINK_RESUMED_NTF,
	QKDEMU_CMD_OVERFLOW_NTF,

	__QKDEMU_CMD_MAX,
	QKDEMU_CMD_MAX = (__QKDEMU_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_QKDEMU_H */
