/* SPDX-License-Identifier: GPL-2.0-only */
/* One end of an emulated link: a character device. */
#ifndef _QKDEMU_END_H
#define _QKDEMU_END_H

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct device;
struct emu_link;

/**
 * struct emu_end - one end of a link
 * @link: the link that it is part of
 * @which: 0 for a, 1 for b
 * @lock: serialises whoever moves @next: the reader, its polls, the watch.
 *	Taken before the link's lock; never while that is held.
 * @next: no block below this index is delivered any more; written under @lock
 * @expected: index after the last block delivered, under @lock
 * @told_stopped: the last status block said so; under @lock
 * @overflowing: blocks are being dropped, and that was said; under @lock
 * @block: room for one block with its header, while open; under @lock
 * @busy: bit 0 while open
 * @delivered: blocks read
 * @overflow: blocks dropped because nobody read them in time
 * @lost: blocks that did not reach this end
 * @readers: those who wait for a block
 * @timer: wakes them when the next one is due
 * @woken_ns: when it did so last, in ns since 1970
 * @watch: sees to it that overflow is noticed when nobody reads, while open
 * @dev: the device, while the link exists
 */
struct emu_end {
	struct emu_link *link;
	unsigned int which;
	struct mutex lock; /* see above */
	atomic64_t next;
	u64 expected;
	bool told_stopped;
	bool overflowing;
	u8 *block;
	unsigned long busy;
	atomic64_t delivered;
	atomic64_t overflow;
	atomic64_t lost;
	wait_queue_head_t readers;
	struct hrtimer timer;
	atomic64_t woken_ns;
	struct delayed_work watch;
	struct device *dev;
};

void emu_end_init(struct emu_link *link, unsigned int which, u64 next);
int emu_end_register(struct emu_link *link, unsigned int which);
void emu_end_unregister(struct emu_end *end);
void emu_end_wake(struct emu_end *end);
bool emu_end_is_open(const struct emu_end *end);

int emu_ends_setup(void);
void emu_ends_cleanup(void);

#endif
