/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources: what fills a link stream.
 */
#ifndef _QN_SOURCE_H
#define _QN_SOURCE_H

#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct qkd_block_hdr;
struct qn_peer;

struct qn_source {
	struct qn_peer *peer;
	u8 kind;			/* enum qkdnf_source_kind */
	u8 state;			/* enum qkdnf_source_state */
	char reason[64];
	u32 block;			/* octets, 0: not learnt */
	u64 link;			/* id that the blocks state */
	u64 blocks, octets, dropped, repeats, gaps;
	u64 next_index;
	u32 qber_ppm;
	unsigned long last;		/* jiffies of the last block */
	unsigned long memory_told;	/* jiffies of that event; 0: never */
	u32 usual_ms;			/* smoothed interval of blocks */
	struct mutex lock;		/* one deliverer at a time */

	/* kind fd */
	struct file *file;
	struct work_struct work;
	struct wait_queue_entry wait;
	struct wait_queue_head *head;
	poll_table pt;
	bool stopping;
	/* kind push: a descriptor feeds it */
	void *pusher;
};

struct qn_source *qn_source_new_fd(struct qn_peer *peer, int fd, int *err);
struct qn_source *qn_source_new_push(struct qn_peer *peer);
void qn_source_free(struct qn_source *src);
int qn_source_check(struct qn_source *src, const struct qkd_block_hdr *h);
int qn_source_push(struct qn_source *src, const struct qkd_block_hdr *h,
		   const u8 *key);
u32 qn_source_tick(struct qn_peer *peer);

#endif /* _QN_SOURCE_H */
