/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _SHIM_CRYPTO_ALGAPI_H
#define _SHIM_CRYPTO_ALGAPI_H

#include <linux/types.h>

/* Constant time: no branch on the data. */
static inline unsigned long crypto_memneq(const void *a, const void *b, size_t size)
{
	const u8 *x = a, *y = b;
	unsigned long neq = 0;

	while (size--) {
		neq |= *x++ ^ *y++;
		OPTIMIZER_HIDE_VAR(neq);
	}
	return neq;
}

#endif
