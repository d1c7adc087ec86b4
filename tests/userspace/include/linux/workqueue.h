/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that is queued waits until the test runs it: shim_work(). */
#ifndef _SHIM_LINUX_WORKQUEUE_H
#define _SHIM_LINUX_WORKQUEUE_H

#include <linux/types.h>

struct workqueue_struct;
struct work_struct {
	struct work_struct *next;
	void (*func)(struct work_struct *work);
	bool pending;
};

#define INIT_WORK(w, f) ((w)->func = (f), (w)->pending = false)
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
bool cancel_work_sync(struct work_struct *work);

#endif
