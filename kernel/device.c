// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/qkdnf: include/uapi/linux/qkdnf_dev.h says what it does.
 *
 * Key moves between user pages and the stream through one bounce buffer of the
 * descriptor, which is wiped after each use. Nothing else in the module gives
 * key to user space (invariant 6).
 */
#include <linux/capability.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/qkd_block.h>
#include <linux/qkdnf.h>
#include <linux/qkdnf_dev.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <net/net_namespace.h>

#include "device.h"
#include "node.h"
#include "peer.h"
#include "source.h"
#include "supply.h"

#define TAKE_WAIT_MS	10000
#define PIECE		QN_WORD_OCTETS

enum purpose { NONE, PUSH, TAKE, FETCH };

struct descriptor {
	struct net *net;
	struct mutex lock;		/* one call at a time */
	enum purpose purpose;
	u64 peer;
	u64 offset, octets, done;	/* TAKE, FETCH */
	u8 *bounce;
	u32 have, at;			/* octets in the bounce buffer not yet read */
};

/* The node and one of its peers, held by node->lock. */
static struct qn_peer *hold(struct descriptor *d, u64 id, int *err)
{
	struct qn_node *node = qn_node_get(d->net);
	struct qn_peer *peer;

	*err = -ENODEV;
	if (!node)
		return NULL;
	mutex_lock(&node->lock);
	if (!node->dead) {
		*err = -ENOENT;
		rcu_read_lock();
		peer = qn_peer_find(node, id);
		rcu_read_unlock();
		if (peer)
			return peer;
	}
	mutex_unlock(&node->lock);
	qn_node_put(node);
	return NULL;
}

static void let_go(struct qn_peer *peer)
{
	struct qn_node *node = peer->node;

	mutex_unlock(&node->lock);
	qn_node_put(node);
}

static int device_open(struct inode *inode, struct file *file)
{
	struct descriptor *d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);

	if (!d)
		return -ENOMEM;
	mutex_init(&d->lock);
	d->net = get_net(current->nsproxy->net_ns);
	file->private_data = d;
	return nonseekable_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	struct descriptor *d = file->private_data;
	struct qn_peer *peer;
	int err;

	if (d->purpose != NONE) {
		peer = hold(d, d->peer, &err);
		if (peer) {
			if (d->purpose == PUSH) {
				if (peer->source && peer->source->pusher == d)
					peer->source->pusher = NULL;
			} else {
				qn_supply_close(peer, d->offset, d->octets,
						d->done);
			}
			let_go(peer);
		}
	}
	if (d->bounce) {
		memzero_explicit(d->bounce, d->purpose == PUSH ?
				 QKD_BLOCK_HDR_LEN + QKD_BLOCK_SIZE_MAX : PIECE);
		kvfree(d->bounce);
	}
	put_net(d->net);
	mutex_destroy(&d->lock);
	kfree(d);
	return 0;
}

static long do_push(struct descriptor *d, void __user *arg)
{
	struct qkdnf_push p;
	struct qn_peer *peer;
	int err;

	if (copy_from_user(&p, arg, sizeof(p)))
		return -EFAULT;
	d->bounce = kvmalloc(QKD_BLOCK_HDR_LEN + QKD_BLOCK_SIZE_MAX,
			     GFP_KERNEL_ACCOUNT);
	if (!d->bounce)
		return -ENOMEM;
	peer = hold(d, p.peer, &err);
	if (!peer)
		goto free;
	err = 0;
	if (!peer->source || peer->source->kind != QKDNF_SOURCE_KIND_PUSH)
		err = -EOPNOTSUPP;
	else if (peer->source->pusher)
		err = -EBUSY;
	else
		peer->source->pusher = d;
	let_go(peer);
	if (err)
		goto free;
	d->peer = p.peer;
	d->purpose = PUSH;
	return 0;

free:
	kvfree(d->bounce);
	d->bounce = NULL;
	return err;
}

/* Take, and wait for the other end as long as it takes to confirm a segment. */
static int take(struct descriptor *d, struct qkdnf_take *t,
		const struct qn_label *label, bool nonblock)
{
	unsigned long end = jiffies + msecs_to_jiffies(TAKE_WAIT_MS);
	struct qn_peer *peer;
	int err;

	for (;;) {
		peer = hold(d, t->peer, &err);
		if (!peer)
			return err;
		err = qn_supply_take(peer, t->octets, label, t->ttl, &t->offset);
		let_go(peer);
		if (err != -EINPROGRESS)
			return err;
		if (nonblock)
			return -EAGAIN;
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		/* No wait queue of a peer that may go away: look again soon. */
		if (msleep_interruptible(10))
			return -ERESTARTSYS;
	}
}

static long do_key(struct descriptor *d, struct qkdnf_take __user *arg,
		   bool fetch, bool nonblock)
{
	struct qn_label label = {};
	struct qn_peer *peer;
	struct qkdnf_take t;
	int err;

	if (copy_from_user(&t, arg, sizeof(t)))
		return -EFAULT;
	if (t.label_len > QN_LABEL_MAX || t.reserved ||
	    memchr_inv(t.label + t.label_len, 0, QN_LABEL_MAX - t.label_len) ||
	    (!fetch && (!t.ttl || t.ttl > QN_SUPPLY_TTL_MAX_S)))
		return -EINVAL;
	label.len = t.label_len;
	memcpy(label.octet, t.label, t.label_len);
	d->bounce = kvmalloc(PIECE, GFP_KERNEL_ACCOUNT);
	if (!d->bounce)
		return -ENOMEM;
	if (fetch) {
		peer = hold(d, t.peer, &err);
		if (peer) {
			err = qn_supply_fetch(peer, t.offset, t.octets, &label);
			let_go(peer);
		}
	} else {
		err = take(d, &t, &label, nonblock);
	}
	if (err) {
		kvfree(d->bounce);
		d->bounce = NULL;
		return err;
	}
	/* From here the range is the descriptor's, and goes with it. */
	d->peer = t.peer;
	d->offset = t.offset;
	d->octets = t.octets;
	d->purpose = fetch ? FETCH : TAKE;
	if (!fetch && put_user(t.offset, &arg->offset))
		return -EFAULT;
	return 0;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct descriptor *d = file->private_data;
	long err;

	if (!ns_capable(d->net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	mutex_lock(&d->lock);
	if (d->purpose != NONE) {
		err = -EBUSY;
		goto out;
	}
	switch (cmd) {
	case QKDNF_IOC_PUSH:
		err = do_push(d, (void __user *)arg);
		break;
	case QKDNF_IOC_TAKE:
	case QKDNF_IOC_FETCH:
		err = do_key(d, (void __user *)arg, cmd == QKDNF_IOC_FETCH,
			     file->f_flags & O_NONBLOCK);
		break;
	default:
		err = -ENOTTY;
	}
out:
	mutex_unlock(&d->lock);
	return err;
}

/* One block from user pages into the stream. */
static int push_block(struct descriptor *d, struct iov_iter *from)
{
	struct qkd_block_hdr *h = (void *)d->bounce;
	struct qn_peer *peer;
	struct qn_source *src;
	int n, err;

	if (!copy_from_iter_full(h, QKD_BLOCK_HDR_LEN, from))
		return -EFAULT;
	peer = hold(d, d->peer, &err);
	if (!peer)
		return err;
	src = peer->source;
	n = src && src->pusher == d ? qn_source_check(src, h) : -ENODEV;
	let_go(peer);
	if (n < 0)
		return n;
	if (iov_iter_count(from) < n)
		return -EMSGSIZE;
	/* User pages may take their time: nothing is held meanwhile. */
	if (!copy_from_iter_full(h + 1, n, from))
		return -EFAULT;
	peer = hold(d, d->peer, &err);
	if (!peer)
		return err;
	src = peer->source;
	err = src && src->pusher == d ?
	      qn_source_push(src, h, d->bounce + QKD_BLOCK_HDR_LEN) : -ENODEV;
	let_go(peer);
	return err ? err : QKD_BLOCK_HDR_LEN + n;
}

static ssize_t device_write(struct kiocb *kiocb, struct iov_iter *from)
{
	struct descriptor *d = kiocb->ki_filp->private_data;
	ssize_t done = 0;
	int n = -EMSGSIZE;

	mutex_lock(&d->lock);
	if (d->purpose != PUSH) {
		mutex_unlock(&d->lock);
		return -EBADFD;
	}
	while (iov_iter_count(from) >= QKD_BLOCK_HDR_LEN) {
		n = push_block(d, from);
		memzero_explicit(d->bounce, max(n, 0));
		if (n < 0)
			break;
		done += n;
		if (signal_pending(current))
			break;
	}
	if (n < 0)
		memzero_explicit(d->bounce, QKD_BLOCK_HDR_LEN + QKD_BLOCK_SIZE_MAX);
	mutex_unlock(&d->lock);
	return done ? done : n;
}

static ssize_t device_read(struct kiocb *kiocb, struct iov_iter *to)
{
	struct descriptor *d = kiocb->ki_filp->private_data;
	struct qn_peer *peer;
	ssize_t done = 0;
	int err = 0;
	u32 n;

	mutex_lock(&d->lock);
	if (d->purpose != TAKE && d->purpose != FETCH) {
		mutex_unlock(&d->lock);
		return -EBADFD;
	}
	while (iov_iter_count(to)) {
		if (!d->have) {
			n = min_t(u64, PIECE - (d->offset + d->done) % PIECE,
				  d->octets - d->done);
			if (!n)
				break;
			peer = hold(d, d->peer, &err);
			if (!peer)
				break;
			err = qn_supply_read(peer, d->offset + d->done,
					     d->bounce, n);
			let_go(peer);
			if (err < 0)
				break;
			d->have = n;
			d->at = 0;
			d->done += n;
		}
		/* What a bad user pointer leaves is there for the next read. */
		n = copy_to_iter(d->bounce + d->at, d->have, to);
		memzero_explicit(d->bounce + d->at, n);
		d->at += n;
		d->have -= n;
		done += n;
		if (d->have) {
			err = iov_iter_count(to) ? -EFAULT : 0;
			break;
		}
	}
	mutex_unlock(&d->lock);
	return done ? done : err;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read_iter = device_read,
	.write_iter = device_write,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "qkdnf",
	.fops = &device_fops,
	.mode = 0600,
};

int qn_device_init(void)
{
	return misc_register(&device);
}

void qn_device_exit(void)
{
	misc_deregister(&device);
}
