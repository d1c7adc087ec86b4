/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a test may do to the stand-ins of kernel services. */
#ifndef _SHIM_H
#define _SHIM_H

#include <linux/types.h>

/* Called with everything that is freed, before it is gone; NULL: not called. */
extern void (*shim_free_hook)(const void *p, size_t size);

void shim_fail_after(long allocations);	/* the next but so many fails; -1: none */
long shim_allocations(void);		/* made and not freed yet */
unsigned long shim_warnings(void);	/* WARN_ON that fired, since last asked */
unsigned long shim_locks(void);		/* locks taken so far */
void shim_work(void);			/* run what was queued */
void shim_expect_warnings(bool expect);	/* do not print them */

#endif
