// SPDX-License-Identifier: GPL-2.0-or-later
/* The time of day. */
#include <stdatomic.h>
#include <time.h>

#include "clock.h"

static _Atomic int64_t told;

int64_t qf_now(void)
{
	int64_t now = atomic_load(&told);
	struct timespec ts;

	if (now)
		return now;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * QF_SECOND + ts.tv_nsec / 1000;
}

void qf_clock_set(int64_t now)
{
	atomic_store(&told, now);
}
