/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time of day. */
#ifndef QF_CLOCK_H
#define QF_CLOCK_H

#include <stdint.h>

#define QF_SECOND INT64_C(1000000)

/**
 * qf_now() - the time of day, in the form in which it is stored
 *
 * Any thread.
 *
 * Return: microseconds since 1970, UTC.
 */
int64_t qf_now(void);

/**
 * qf_clock_set() - let tests tell the time
 * @now: microseconds since 1970, UTC, at which the clock stands still from now
 *	on; 0: the system's clock again
 *
 * Any thread.
 */
void qf_clock_set(int64_t now);

#endif
