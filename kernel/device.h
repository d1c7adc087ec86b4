/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/qkdnf: the descriptors over which key enters and leaves.
 */
#ifndef _QN_DEVICE_H
#define _QN_DEVICE_H

int qn_device_init(void);
void qn_device_exit(void);

#endif /* _QN_DEVICE_H */
