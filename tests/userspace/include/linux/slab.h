/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocation that can be made to fail, and freeing that can be looked at. */
#ifndef _SHIM_LINUX_SLAB_H
#define _SHIM_LINUX_SLAB_H

#include <linux/types.h>

#define GFP_KERNEL 0u
#define GFP_ATOMIC 1u
#define GFP_KERNEL_ACCOUNT 2u
#define __GFP_NOWARN 0x100u
#define __GFP_ZERO 0x200u
#define __GFP_RETRY_MAYFAIL 0x400u
#define __GFP_ACCOUNT 0x800u

void *shim_zalloc(size_t n, size_t size);
void shim_free(const void *p);
void shim_free_sensitive(const void *p);

#define kzalloc(size, gfp) ((void)(gfp), shim_zalloc(1, size))
#define kvzalloc(size, gfp) ((void)(gfp), shim_zalloc(1, size))
#define kvcalloc(n, size, gfp) ((void)(gfp), shim_zalloc(n, size))
#define kcalloc(n, size, gfp) ((void)(gfp), shim_zalloc(n, size))
#define kfree(p) shim_free(p)
#define kvfree(p) shim_free(p)
#define kfree_sensitive(p) shim_free_sensitive(p)
#define struct_size(p, member, n) \
	(sizeof(*(p)) + sizeof((p)->member[0]) * (size_t)(n))

#endif
