/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's Poly1305 library on top of another one: OpenSSL's with
 * SHIM_POLY1305_OPENSSL (the assembly that the kernel's own for x86 comes from,
 * in the static library), else libsodium's.
 */
#ifndef _SHIM_CRYPTO_POLY1305_H
#define _SHIM_CRYPTO_POLY1305_H

#include <linux/string.h>
#include <linux/types.h>

#ifdef SHIM_POLY1305_OPENSSL

void Poly1305_Init(void *ctx, const unsigned char key[32]);
void Poly1305_Update(void *ctx, const unsigned char *in, size_t len);
void Poly1305_Final(void *ctx, unsigned char mac[16]);
size_t Poly1305_ctx_size(void);

/* main() checks that Poly1305_ctx_size() is no more. */
#define SHIM_POLY1305_STATE 256

struct poly1305_desc_ctx {
	u8 state[SHIM_POLY1305_STATE] __aligned(16);
};

static inline void poly1305_init(struct poly1305_desc_ctx *desc, const u8 *key)
{
	Poly1305_Init(desc->state, key);
}

static inline void poly1305_update(struct poly1305_desc_ctx *desc, const u8 *src,
				   unsigned int len)
{
	Poly1305_Update(desc->state, src, len);
}

static inline void poly1305_final(struct poly1305_desc_ctx *desc, u8 *tag)
{
	Poly1305_Final(desc->state, tag);
	memzero_explicit(desc, sizeof(*desc));
}

#else

#include <sodium.h>

struct poly1305_desc_ctx {
	crypto_onetimeauth_poly1305_state state;
};

static inline void poly1305_init(struct poly1305_desc_ctx *desc, const u8 *key)
{
	crypto_onetimeauth_poly1305_init(&desc->state, key);
}

static inline void poly1305_update(struct poly1305_desc_ctx *desc, const u8 *src,
				   unsigned int len)
{
	crypto_onetimeauth_poly1305_update(&desc->state, src, len);
}

static inline void poly1305_final(struct poly1305_desc_ctx *desc, u8 *tag)
{
	crypto_onetimeauth_poly1305_final(&desc->state, tag);
	memzero_explicit(desc, sizeof(*desc));
}

#endif
#endif
