/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic netlink family of the emulator. */
#ifndef _QKDEMU_NETLINK_H
#define _QKDEMU_NETLINK_H

#include <linux/types.h>

struct emu_end;
struct emu_link;

int emu_netlink_setup(bool userns);
void emu_netlink_cleanup(void);

void emu_event_status(const struct emu_link *link, bool stopped);
void emu_event_overflow(const struct emu_end *end);

#endif
