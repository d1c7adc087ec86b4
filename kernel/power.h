/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suspend, hibernation, resumed copies of a machine: erase and begin anew.
 */
#ifndef _QN_POWER_H
#define _QN_POWER_H

#include <linux/types.h>

bool qn_power_suspending(void);
int qn_power_init(void);
void qn_power_exit(void);

#endif /* _QN_POWER_H */
