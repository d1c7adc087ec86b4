/* SPDX-License-Identifier: GPL-2.0-only */
/* All bits of an emulated link, key and chance alike, out of one seed. */
#ifndef _QKDEMU_BITS_H
#define _QKDEMU_BITS_H

#include <linux/types.h>

/**
 * struct emu_bits - the secret of a link
 * @key: key of ChaCha20, derived from seed, start time and block size
 */
struct emu_bits {
	u32 key[8];
};

void emu_bits_init(struct emu_bits *bits, const u8 *seed, u64 start_ns,
		   u32 block_size);
void emu_bits_wipe(struct emu_bits *bits);
u64 emu_bits_link_id(const struct emu_bits *bits);
void emu_bits_key(const struct emu_bits *bits, u64 index, u8 *out, u32 len);
bool emu_bits_lost(const struct emu_bits *bits, unsigned int end, u64 index,
		   u32 ppm);
void emu_bits_flip(const struct emu_bits *bits, unsigned int end, u64 index,
		   u32 ppm, u8 *block, u32 len);

#endif
