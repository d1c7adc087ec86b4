// SPDX-License-Identifier: GPL-2.0-only
/*
 * One end of an emulated link: a character device that delivers blocks.
 *
 * A block exists only while it is read: whether there is one follows from the
 * clock, its bits from the seed. So an idle link costs neither memory nor time,
 * and no block can be delivered twice: the index only goes forward.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uio.h>

#include "limits.h"
#include "link.h"
#include "netlink.h"

static dev_t emu_devt;
static struct cdev emu_cdev;

static struct class emu_class = {
	.name = "qkdemu",
};

enum emu_found {
	EMU_NOTHING,	/* look again at ns */
	EMU_AGAIN,	/* look again at once */
	EMU_STATUS,	/* a status block is to be delivered */
	EMU_BLOCK,	/* a key block is to be delivered */
	EMU_GONE,	/* the link was deleted */
};

/**
 * struct emu_next - what a reader gets next
 * @index: of the block
 * @ns: when it was ready; with EMU_NOTHING when to look again, or U64_MAX
 * @qber_ppm: estimated error rate
 * @error_ppm: wrong bits at this end
 * @stopped: what a status block says
 */
struct emu_next {
	u64 index;
	u64 ns;
	u32 qber_ppm;
	u32 error_ppm;
	bool stopped;
};

/*
 * Drop what is more than the depth. Returns how many blocks that were, and
 * moves *next on.
 */
static u64 emu_end_trim(struct emu_link *link, u64 *next, u64 now_index)
{
	const struct emu_schedule *s = &link->schedule;
	u64 first = emu_schedule_first(s)->first, dropped = 0, live;

	lockdep_assert_held(&link->lock);
	if (*next < first) {
		/* The settings of these are forgotten: count them all. */
		dropped = first - *next;
		*next = first;
	}
	if (*next >= now_index)
		return dropped;
	live = emu_schedule_live(s, *next, now_index);
	if (live > link->config.depth) {
		live -= link->config.depth;
		*next = emu_schedule_skip(s, *next, now_index, live);
		dropped += live;
	}
	return dropped;
}

/* One look with both locks held: find what comes at or after *next. */
static enum emu_found emu_end_look(struct emu_end *end, u64 *next,
				   u64 now_index, struct emu_next *found)
{
	const struct emu_schedule *s = &end->link->schedule;
	unsigned int which = end->which;
	const struct emu_era *era;
	unsigned int tries;
	u64 limit, index;
	bool last;

	for (tries = 0; tries < EMU_SETTLE_MAX; tries++) {
		era = emu_schedule_at(s, *next);
		last = era == emu_schedule_last(s);
		limit = emu_schedule_end(s, era, now_index);

		found->qber_ppm = era->qber_ppm;
		found->error_ppm = era->error_ppm[which];
		found->stopped = era->stopped;
		if (!era->silent && era->stopped != end->told_stopped) {
			found->index = *next;
			found->ns = era->since_ns;
			return EMU_STATUS;
		}
		if (era->silent || era->stopped) {
			*next = max(*next, limit);
			if (!last)
				continue;
			found->ns = U64_MAX;
			return EMU_NOTHING;
		}
		index = emu_era_next(era, s->block_bits, *next);
		if (index >= limit) {
			*next = max(*next, limit);
			if (!last)
				continue;
			found->ns = emu_era_due(era, s->block_bits, index);
			return EMU_NOTHING;
		}
		*next = index;
		if (!emu_bits_lost(&end->link->bits, which, index,
				   era->loss_ppm[which])) {
			found->index = index;
			found->ns = emu_era_due(era, s->block_bits, index);
			return EMU_BLOCK;
		}
		atomic64_inc(&end->lost);
		*next = index + 1;
	}
	return EMU_AGAIN;
}

/**
 * emu_end_settle() - pass over what is not to be delivered
 * @end: of a link
 * @found: filled in
 *
 * Context: the end's lock held, may sleep. Return: what comes next.
 */
static enum emu_found emu_end_settle(struct emu_end *end,
				     struct emu_next *found)
{
	struct emu_link *link = end->link;
	u64 next, now_index, dropped, both;
	enum emu_found what;

	lockdep_assert_held(&end->lock);
	mutex_lock(&link->lock);
	if (link->dead) {
		mutex_unlock(&link->lock);
		return EMU_GONE;
	}
	next = atomic64_read(&end->next);
	now_index = emu_schedule_index(&link->schedule, ktime_get_real_ns());
	dropped = emu_end_trim(link, &next, now_index);
	what = emu_end_look(end, &next, now_index, found);
	atomic64_set(&end->next, next);

	/* An end that is elsewhere reads nothing here. */
	both = next;
	if (link->ends == (QKDEMU_ENDS_A | QKDEMU_ENDS_B))
		both = min_t(u64, atomic64_read(&link->end[0].next),
			     atomic64_read(&link->end[1].next));
	emu_schedule_prune(&link->schedule, both);
	mutex_unlock(&link->lock);

	if (dropped) {
		atomic64_add(dropped, &end->overflow);
		if (!end->overflowing)
			emu_event_overflow(end);
		end->overflowing = true;
	} else if (what == EMU_NOTHING) {
		end->overflowing = false;
	}
	return what;
}

static enum hrtimer_restart emu_end_due(struct hrtimer *timer)
{
	struct emu_end *end = container_of(timer, struct emu_end, timer);

	atomic64_set(&end->woken_ns, ktime_get_real_ns());
	wake_up_interruptible_poll(&end->readers, EPOLLIN | EPOLLRDNORM);
	return HRTIMER_NORESTART;
}

/* Wake those who wait when the next block is due, but not all too often. */
static void emu_end_arm(struct emu_end *end, u64 ns)
{
	u64 woken_ns = atomic64_read(&end->woken_ns);

	lockdep_assert_held(&end->lock);
	if (ns >= KTIME_MAX)
		return;
	/* A clock that was set back must not hold up the next wake. */
	if (ns - woken_ns < EMU_WAKE_NS)
		ns = woken_ns + EMU_WAKE_NS;
	if (hrtimer_active(&end->timer) &&
	    ktime_to_ns(hrtimer_get_expires(&end->timer)) == ns)
		return;
	hrtimer_start(&end->timer, ns_to_ktime(ns), HRTIMER_MODE_ABS);
}

static void emu_end_watch_again(struct emu_end *end)
{
	u64 full_ns, now_ns = ktime_get_real_ns(), wait_ns = 0;
	struct emu_link *link = end->link;

	lockdep_assert_held(&end->lock);
	mutex_lock(&link->lock);
	full_ns = emu_era_due(emu_schedule_last(&link->schedule),
			      link->schedule.block_bits,
			      atomic64_read(&end->next) + link->config.depth);
	mutex_unlock(&link->lock);

	if (full_ns > now_ns)
		wait_ns = full_ns - now_ns;
	wait_ns = clamp_t(u64, wait_ns, NSEC_PER_SEC, 60ULL * NSEC_PER_SEC);
	schedule_delayed_work(&end->watch, nsecs_to_jiffies(wait_ns));
}

/* Nobody may be reading, and still it has to be said that blocks are dropped. */
static void emu_end_watch(struct work_struct *work)
{
	struct emu_end *end = container_of(to_delayed_work(work),
					   struct emu_end, watch);
	struct emu_next found;

	mutex_lock(&end->lock);
	if (emu_end_settle(end, &found) != EMU_GONE)
		emu_end_watch_again(end);
	mutex_unlock(&end->lock);
}

static void emu_end_header(const struct emu_link *link,
			   const struct emu_next *found, u16 flags, u32 len,
			   struct qkd_block_hdr *hdr)
{
	bool stopped = flags & QKD_BLOCK_F_STOPPED;

	*hdr = (struct qkd_block_hdr){
		.magic = cpu_to_be32(QKD_BLOCK_MAGIC),
		.version = QKD_BLOCK_VERSION,
		.hdr_len = QKD_BLOCK_HDR_LEN,
		.flags = cpu_to_be16(flags | QKD_BLOCK_F_EMULATED),
		.link = cpu_to_be64(link->id),
		.index = cpu_to_be64(found->index),
		.time_ns = cpu_to_be64(found->ns),
		.len = cpu_to_be32(len),
		.size = cpu_to_be32(link->block_size),
		.qber_ppm = cpu_to_be32(found->qber_ppm),
		.reason = cpu_to_be32(stopped ? QKD_BLOCK_REASON_QBER :
						QKD_BLOCK_REASON_NONE),
	};
}

/* Copy one block out and erase it. A block that cannot be copied is gone. */
static int emu_end_deliver(struct emu_end *end, enum emu_found what,
			   const struct emu_next *found, struct iov_iter *to)
{
	const struct emu_link *link = end->link;
	u32 len = what == EMU_BLOCK ? link->block_size : 0;
	u32 total = QKD_BLOCK_HDR_LEN + len;
	u8 *key = end->block + QKD_BLOCK_HDR_LEN;
	u16 flags = 0;
	size_t copied;

	lockdep_assert_held(&end->lock);
	if (what == EMU_STATUS) {
		end->told_stopped = found->stopped;
		flags = found->stopped ? QKD_BLOCK_F_STOPPED :
					 QKD_BLOCK_F_RESUMED;
	} else {
		if (found->index != end->expected)
			flags = QKD_BLOCK_F_GAP;
		end->expected = found->index + 1;
		atomic64_set(&end->next, found->index + 1);
		atomic64_inc(&end->delivered);
		emu_bits_key(&link->bits, found->index, key, len);
		emu_bits_flip(&link->bits, end->which, found->index,
			      found->error_ppm, key, len);
	}
	emu_end_header(link, found, flags, len,
		       (struct qkd_block_hdr *)end->block);
	copied = copy_to_iter(end->block, total, to);
	memzero_explicit(end->block, total);
	return copied == total ? 0 : -EFAULT;
}

/**
 * emu_end_fill() - deliver what there is
 * @end: of a link
 * @to: where to; holds at least one block
 *
 * Context: the end's lock held, may sleep. Return: octets delivered, whole
 * blocks; -EAGAIN if there are none yet, -ENODEV if there never will be,
 * -EFAULT if a block could not be copied, which is gone.
 */
static ssize_t emu_end_fill(struct emu_end *end, struct iov_iter *to)
{
	size_t room = QKD_BLOCK_HDR_LEN + end->link->block_size;
	unsigned int again = 0;
	struct emu_next found;
	enum emu_found what;
	ssize_t done = 0;
	size_t had;
	int err = 0;

	while (!err && done < EMU_READ_MAX) {
		what = emu_end_settle(end, &found);
		if (what == EMU_GONE) {
			err = -ENODEV;
		} else if (what == EMU_NOTHING) {
			err = -EAGAIN;
			if (wq_has_sleeper(&end->readers))
				emu_end_arm(end, found.ns);
		} else if (what == EMU_AGAIN) {
			/* A lossy fast link may never be seen through. */
			if (++again < 16)
				continue;
			err = -EAGAIN;
			emu_end_arm(end, ktime_get_real_ns());
		} else {
			had = iov_iter_count(to);
			if (had < room)
				break;
			err = emu_end_deliver(end, what, &found, to);
			if (!err)
				done += had - iov_iter_count(to);
		}
		if (done && signal_pending(current))
			break;
		cond_resched();
	}
	return done ?: err;
}

static ssize_t emu_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct emu_end *end = iocb->ki_filp->private_data;
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	bool nowait = (iocb->ki_flags & IOCB_NOWAIT) ||
		      (iocb->ki_filp->f_flags & O_NONBLOCK);
	ssize_t ret;

	if (iov_iter_count(to) < QKD_BLOCK_HDR_LEN + end->link->block_size)
		return -EMSGSIZE;
	if (!nowait)
		add_wait_queue(&end->readers, &wait);
	for (;;) {
		if (mutex_lock_interruptible(&end->lock)) {
			ret = -ERESTARTSYS;
			break;
		}
		ret = emu_end_fill(end, to);
		mutex_unlock(&end->lock);
		if (ret != -EAGAIN || nowait)
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		wait_woken(&wait, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	}
	if (!nowait)
		remove_wait_queue(&end->readers, &wait);
	return ret;
}

static __poll_t emu_poll(struct file *file, struct poll_table_struct *table)
{
	struct emu_end *end = file->private_data;
	struct emu_next found;
	__poll_t mask = 0;

	poll_wait(file, &end->readers, table);
	mutex_lock(&end->lock);
	switch (emu_end_settle(end, &found)) {
	case EMU_NOTHING:
		emu_end_arm(end, found.ns);
		break;
	case EMU_AGAIN:
		emu_end_arm(end, ktime_get_real_ns());
		break;
	case EMU_STATUS:
		mask = EPOLLIN | EPOLLRDNORM | EPOLLPRI;
		break;
	case EMU_BLOCK:
		mask = EPOLLIN | EPOLLRDNORM;
		break;
	case EMU_GONE:
		mask = EPOLLIN | EPOLLRDNORM | EPOLLHUP | EPOLLERR;
		break;
	}
	mutex_unlock(&end->lock);
	return mask;
}

static int emu_open(struct inode *inode, struct file *file)
{
	unsigned int which = iminor(inode) & 1;
	struct emu_next found;
	struct emu_link *link;
	struct emu_end *end;
	u8 *block;
	int err;

	if (file->f_mode & FMODE_WRITE)
		return -EACCES;
	link = emu_link_get_by_slot((MINOR(inode->i_rdev) -
				     MINOR(emu_devt)) / 2);
	if (!link)
		return -ENODEV;
	end = &link->end[which];
	err = -ENODEV;
	if (!(link->ends & BIT(which)))
		goto err_put;
	err = -EBUSY;
	if (test_and_set_bit(0, &end->busy))
		goto err_put;
	err = -ENOMEM;
	block = kvmalloc(QKD_BLOCK_HDR_LEN + link->block_size,
			 GFP_KERNEL_ACCOUNT);
	if (!block)
		goto err_idle;

	mutex_lock(&end->lock);
	end->block = block;
	end->told_stopped = false;
	/* What went by before anybody read is counted, and no news. */
	end->overflowing = true;
	emu_end_settle(end, &found);
	end->overflowing = false;
	emu_end_watch_again(end);
	mutex_unlock(&end->lock);
	file->private_data = end;
	return stream_open(inode, file);

err_idle:
	clear_bit_unlock(0, &end->busy);
err_put:
	emu_link_put(link);
	return err;
}

static int emu_release(struct inode *inode, struct file *file)
{
	struct emu_end *end = file->private_data;

	cancel_delayed_work_sync(&end->watch);
	hrtimer_cancel(&end->timer);
	/* emptied after each block, so nothing to wipe */
	kvfree(end->block);
	end->block = NULL;
	clear_bit_unlock(0, &end->busy);
	emu_link_put(end->link);
	return 0;
}

static const struct file_operations emu_fops = {
	.owner = THIS_MODULE,
	.open = emu_open,
	.release = emu_release,
	.read_iter = emu_read_iter,
	.poll = emu_poll,
};

/* a device node; its owner outlives neither the link nor needs it */
struct emu_node {
	struct device dev;
	kuid_t uid;
	kgid_t gid;
};

static char *emu_devnode(compat_devnode_dev_t dev, umode_t *mode, kuid_t *uid,
			 kgid_t *gid)
{
	const struct emu_node *node = container_of(dev, struct emu_node, dev);

	if (mode)
		*mode = 0600;
	if (uid)
		*uid = node->uid;
	if (gid)
		*gid = node->gid;
	return kasprintf(GFP_KERNEL, "qkdemu/%s", dev_name(dev));
}

static const struct device_type emu_device_type = {
	.name = "qkdemu",
	.devnode = emu_devnode,
};

static void emu_node_release(struct device *dev)
{
	kfree(container_of(dev, struct emu_node, dev));
}

/**
 * emu_end_init() - one end of a link that is being created
 * @link: zeroed otherwise
 * @which: 0 or 1
 * @next: first index that may be delivered
 */
void emu_end_init(struct emu_link *link, unsigned int which, u64 next)
{
	struct emu_end *end = &link->end[which];

	end->link = link;
	end->which = which;
	mutex_init(&end->lock);
	atomic64_set(&end->next, next);
	end->expected = next;
	init_waitqueue_head(&end->readers);
	hrtimer_init(&end->timer, CLOCK_REALTIME, HRTIMER_MODE_ABS);
	end->timer.function = emu_end_due;
	INIT_DELAYED_WORK(&end->watch, emu_end_watch);
}

/**
 * emu_end_register() - create the device of an end
 * @link: with its slot
 * @which: 0 or 1
 *
 * Context: may sleep. Return: 0 or what the driver core says.
 */
int emu_end_register(struct emu_link *link, unsigned int which)
{
	struct emu_node *node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);
	int err;

	if (!node)
		return -ENOMEM;
	device_initialize(&node->dev);
	node->uid = link->uid;
	node->gid = link->gid;
	node->dev.class = &emu_class;
	node->dev.type = &emu_device_type;
	node->dev.release = emu_node_release;
	node->dev.devt = MKDEV(MAJOR(emu_devt),
			       MINOR(emu_devt) + 2 * link->slot + which);
	err = dev_set_name(&node->dev, "%s.%c", link->name, "ab"[which]);
	if (!err)
		err = device_add(&node->dev);
	if (err) {
		put_device(&node->dev);
		return err;
	}
	link->end[which].dev = &node->dev;
	return 0;
}

void emu_end_unregister(struct emu_end *end)
{
	if (end->dev)
		device_unregister(end->dev);
	end->dev = NULL;
}

/* something changed: let those who wait look for themselves */
void emu_end_wake(struct emu_end *end)
{
	wake_up_interruptible_poll(&end->readers,
				   EPOLLIN | EPOLLRDNORM | EPOLLPRI |
				   EPOLLHUP | EPOLLERR);
}

bool emu_end_is_open(const struct emu_end *end)
{
	return test_bit(0, &end->busy);
}

int emu_ends_setup(void)
{
	int err;

	err = alloc_chrdev_region(&emu_devt, 0, 2 * EMU_LINKS_MAX, "qkdemu");
	if (err)
		return err;
	err = class_register(&emu_class);
	if (err)
		goto err_region;
	cdev_init(&emu_cdev, &emu_fops);
	emu_cdev.owner = THIS_MODULE;
	err = cdev_add(&emu_cdev, emu_devt, 2 * EMU_LINKS_MAX);
	if (err)
		goto err_class;
	return 0;

err_class:
	class_unregister(&emu_class);
err_region:
	unregister_chrdev_region(emu_devt, 2 * EMU_LINKS_MAX);
	return err;
}

void emu_ends_cleanup(void)
{
	cdev_del(&emu_cdev);
	class_unregister(&emu_class);
	unregister_chrdev_region(emu_devt, 2 * EMU_LINKS_MAX);
}
