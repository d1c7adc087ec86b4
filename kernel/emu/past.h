/* SPDX-License-Identifier: GPL-2.0-only */
/* How far links that were deleted had come. */
#ifndef _QKDEMU_PAST_H
#define _QKDEMU_PAST_H

#include <linux/types.h>

u64 emu_past_next(u64 link_id);
int emu_past_note(u64 link_id, u64 next);
void emu_past_free(void);

#endif
