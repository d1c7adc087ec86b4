// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources: blocks of a QKD link become octets of a stream.
 *
 * A block's offset is its index times the block size, so both ends agree on the
 * place of each octet without a word. What a source must promise is written in
 * linux/qkd_block.h; what can be seen of a broken promise (an index that comes
 * again or goes back, a size that changes) is refused here and reported.
 *
 * Key passes through one bounce buffer, which is wiped after each use.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/qkd_block.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "event.h"
#include "pairing.h"
#include "peer.h"
#include "source.h"
#include "stream.h"

#define BUFFER	(QKD_BLOCK_HDR_LEN + QKD_BLOCK_SIZE_MAX)

/* A source that says nothing for so many usual intervals is silent. */
#define SILENT_INTERVALS	3
#define SILENT_MS_MIN		3000

/* Memory that is spent is told of once in this time. */
#define MEMORY_TOLD_MS		10000

static void event(struct qn_source *src, enum qkdnf_event_type type, u64 number)
{
	qn_event(src->peer->node->net, type,
		 &(struct qn_event_args){ .peer = src->peer->id,
					  .peer_name = src->peer->name,
					  .number = number,
					  .reason = src->reason });
}

static void set_state(struct qn_source *src, u8 state, const char *reason)
{
	strscpy(src->reason, reason, sizeof(src->reason));
	WRITE_ONCE(src->state, state);
}

/* The source broke the framing: nothing it says can be trusted any more. */
static int refuse(struct qn_source *src, const char *reason)
{
	set_state(src, QKDNF_SOURCE_STATE_REFUSED, reason);
	event(src, QKDNF_EVENT_TYPE_SOURCE_REFUSED, 0);
	return -EPROTO;
}

static int status_block(struct qn_source *src, const struct qkd_block_hdr *h)
{
	u32 reason = be32_to_cpu(h->reason);

	if (!(be16_to_cpu(h->flags) & QKD_BLOCK_F_STOPPED)) {
		set_state(src, QKDNF_SOURCE_STATE_RUNNING, "");
		event(src, QKDNF_EVENT_TYPE_SOURCE_RESUMED, src->qber_ppm);
		return 0;
	}
	if (reason == QKD_BLOCK_REASON_QBER) {
		set_state(src, QKDNF_SOURCE_STATE_STOPPED,
			  "QBER above the limit: eavesdropping suspected");
		event(src, QKDNF_EVENT_TYPE_SOURCE_EAVESDROPPING, src->qber_ppm);
	} else {
		set_state(src, QKDNF_SOURCE_STATE_STOPPED, "fault of the device");
		event(src, QKDNF_EVENT_TYPE_SOURCE_STOPPED, src->qber_ppm);
	}
	return 0;
}

static const char *header_fault(const struct qn_source *src,
				const struct qkd_block_hdr *h)
{
	u16 flags = be16_to_cpu(h->flags), status = flags & QKD_BLOCK_F_STATUS;
	u32 size = be32_to_cpu(h->size), len = be32_to_cpu(h->len);

	if (be32_to_cpu(h->magic) != QKD_BLOCK_MAGIC)
		return "not a QKD block";
	if (h->version != QKD_BLOCK_VERSION || h->hdr_len != QKD_BLOCK_HDR_LEN)
		return "unknown version of QKD blocks";
	if (flags & ~QKD_BLOCK_F_ALL || memchr_inv(h->reserved, 0, sizeof(h->reserved)))
		return "unknown flag or reserved field in a block";
	if (status == QKD_BLOCK_F_STATUS)
		return "a block says both stopped and resumed";
	if (size < QKD_BLOCK_SIZE_MIN || size > QKD_BLOCK_SIZE_MAX ||
	    size % QKD_BLOCK_ALIGN)
		return "block size is out of range or not a multiple of 16";
	if (src->block && size != src->block)
		return "the block size changed";
	if (len != (status ? 0 : size))
		return "block length differs from its size";
	if (!h->link || (src->link && be64_to_cpu(h->link) != src->link))
		return "the blocks are of another link";
	if (be64_to_cpu(h->index) >= (1ULL << 60) / size)
		return "block index is out of range";
	return NULL;
}

/*
 * Memory is what limits the stream: whose is spent, the node's or the module's? Or
 * did the kernel have none to give, for the control group of the peer or at all?
 */
static void tell_memory(struct qn_source *src, bool none_given)
{
	struct qn_mem *m = src->peer->mem.parent;
	struct qn_event_args args = {
		.peer = src->peer->id,
		.peer_name = src->peer->name,
		.reason = "the control group of its maker, or the machine, has no memory left",
	};

	if (none_given)
		qn_count(src->peer, QN_C_DROP_MEMORY);
	if (src->memory_told &&
	    time_before(jiffies, src->memory_told + MEMORY_TOLD_MS * HZ / MSEC_PER_SEC))
		return;
	if (none_given) {
		src->memory_told = jiffies;
		qn_event(src->peer->node->net,
			 QKDNF_EVENT_TYPE_MEMORY_LIMIT, &args);
		return;
	}
	for (; m; m = m->parent) {
		if (atomic_long_read(&m->used) + (2L << src->peer->shift) <=
		    READ_ONCE(m->max))
			continue;
		src->memory_told = jiffies;
		event(src, QKDNF_EVENT_TYPE_MEMORY_LIMIT, READ_ONCE(m->max));
		return;
	}
}

/*
 * One block whose payload is there. Return: 0, -ESTALE for a repeat, -EPROTO if
 * the source is refused from now on.
 */
static int deliver(struct qn_source *src, const struct qkd_block_hdr *h,
		   const u8 *key)
{
	struct qn_stream *s = src->peer->stream;
	u64 index = be64_to_cpu(h->index);
	u32 size = be32_to_cpu(h->size), ms;
	unsigned long now = jiffies;
	int taken;

	lockdep_assert_held(&src->lock);
	src->block = size;
	src->link = be64_to_cpu(h->link);
	src->qber_ppm = be32_to_cpu(h->qber_ppm);
	if (be16_to_cpu(h->flags) & QKD_BLOCK_F_STATUS)
		return status_block(src, h);
	if (index < src->next_index) {
		src->repeats++;
		event(src, QKDNF_EVENT_TYPE_SOURCE_REPEATING, index);
		return -ESTALE;
	}
	taken = qn_stream_fill(s, index * size, key, size);
	if (taken < 0) {
		/* An earlier source of this peer had come further. */
		src->repeats++;
		event(src, QKDNF_EVENT_TYPE_SOURCE_REPEATING, index);
		return -ESTALE;
	}
	if (index > src->next_index && src->blocks)
		src->gaps++;
	src->next_index = index + 1;
	src->blocks++;
	src->octets += taken;
	if (taken < size)
		src->dropped++;
	if (READ_ONCE(s->short_of_memory)) {
		WRITE_ONCE(s->short_of_memory, false);
		tell_memory(src, false);
	}
	if (READ_ONCE(s->no_memory)) {
		WRITE_ONCE(s->no_memory, false);
		tell_memory(src, true);
	}
	if (src->blocks > 1) {
		ms = jiffies_to_msecs(now - src->last);
		src->usual_ms = (7 * src->usual_ms + ms) / 8;
	}
	src->last = now;
	if (src->state != QKDNF_SOURCE_STATE_RUNNING) {
		if (src->state == QKDNF_SOURCE_STATE_SILENT)
			event(src, QKDNF_EVENT_TYPE_SOURCE_RESUMED, src->qber_ppm);
		set_state(src, QKDNF_SOURCE_STATE_RUNNING, "");
	}
	if (!READ_ONCE(src->peer->pairing.made))
		qn_peer_kick(src->peer, 0);
	return 0;
}

/* Whole blocks in a buffer. Return: octets used, or an error. */
static ssize_t deliver_all(struct qn_source *src, const u8 *buf, size_t len)
{
	size_t used = 0;

	while (len - used >= QKD_BLOCK_HDR_LEN) {
		const struct qkd_block_hdr *h = (void *)(buf + used);
		const char *fault = header_fault(src, h);
		u32 n;
		int err;

		if (fault)
			return refuse(src, fault);
		n = be32_to_cpu(h->len);
		if (len - used - QKD_BLOCK_HDR_LEN < n)
			break;
		err = deliver(src, h, buf + used + QKD_BLOCK_HDR_LEN);
		if (err && err != -ESTALE)
			return err;
		used += QKD_BLOCK_HDR_LEN + n;
	}
	return used;
}

static struct qn_source *source_new(struct qn_peer *peer, u8 kind)
{
	struct qn_source *src = kzalloc(sizeof(*src), GFP_KERNEL_ACCOUNT);

	if (!src)
		return NULL;
	src->peer = peer;
	src->kind = kind;
	src->state = QKDNF_SOURCE_STATE_WAITING;
	mutex_init(&src->lock);
	return src;
}

/* Read what there is, without blocking, until there is no more. */
static void fd_work(struct work_struct *work)
{
	struct qn_source *src = container_of(work, struct qn_source, work);
	int rounds = 64;
	ssize_t n;
	u8 *buf;

	buf = kvmalloc(BUFFER, GFP_KERNEL_ACCOUNT);
	if (!buf) {
		schedule_timeout_interruptible(1);
		queue_work(src->peer->node->wq, &src->work);
		return;
	}
	mutex_lock(&src->lock);
	while (!READ_ONCE(src->stopping) &&
	       src->state != QKDNF_SOURCE_STATE_REFUSED) {
		struct kvec vec = { .iov_base = buf, .iov_len = BUFFER };
		struct iov_iter iter;
		struct kiocb kiocb;

		if (!rounds--) {
			/* A fast source: let others have the processor. */
			queue_work(src->peer->node->wq, &src->work);
			break;
		}
		init_sync_kiocb(&kiocb, src->file);
		kiocb.ki_flags |= IOCB_NOWAIT;
		kiocb.ki_pos = 0;
		iov_iter_kvec(&iter, ITER_DEST, &vec, 1, BUFFER);
		n = src->file->f_op->read_iter(&kiocb, &iter);
		if (n == -EAGAIN)
			break;
		if (n <= 0) {
			set_state(src, QKDNF_SOURCE_STATE_STOPPED,
				  n ? "the device reports an error" :
				      "the device ended");
			event(src, QKDNF_EVENT_TYPE_SOURCE_STOPPED, -n);
			break;
		}
		if (deliver_all(src, buf, n) != n &&
		    src->state != QKDNF_SOURCE_STATE_REFUSED)
			refuse(src, "the device delivered part of a block");
	}
	mutex_unlock(&src->lock);
	memzero_explicit(buf, BUFFER);
	kvfree(buf);
}

/* The device has something. Called under its wait queue's lock. */
static int fd_wake(struct wait_queue_entry *wait, unsigned int mode, int sync,
		   void *key)
{
	struct qn_source *src = container_of(wait, struct qn_source, wait);

	if (!READ_ONCE(src->stopping))
		queue_work(src->peer->node->wq, &src->work);
	return 0;
}

static void fd_poll_queue(struct file *file, wait_queue_head_t *head,
			  poll_table *pt)
{
	struct qn_source *src = container_of(pt, struct qn_source, pt);

	/* One wait entry: a device that polls on more is read on the first. */
	if (src->head)
		return;
	src->head = head;
	add_wait_queue(head, &src->wait);
}

/**
 * qn_source_new_fd - have the kernel read a character device
 * @peer: link peer without a source
 * @fd: descriptor of the caller; the file is kept, not the number
 * @err: out, on NULL: -EBADF, -ENOTTY (not a character device that can be read
 *	and polled), -ENOMEM
 *
 * Context: process, under node->lock.
 */
struct qn_source *qn_source_new_fd(struct qn_peer *peer, int fd, int *err)
{
	struct qn_source *src;
	struct file *file;

	file = fget(fd);
	if (!file || !(file->f_mode & FMODE_READ)) {
		*err = -EBADF;
		goto put;
	}
	/* Key must not pass through user memory: no .read, no FUSE, no pipe. */
	if (!S_ISCHR(file_inode(file)->i_mode) || !file->f_op->read_iter ||
	    !file->f_op->poll) {
		*err = -ENOTTY;
		goto put;
	}
	src = source_new(peer, QKDNF_SOURCE_KIND_FD);
	if (!src) {
		*err = -ENOMEM;
		goto put;
	}
	src->file = file;
	INIT_WORK(&src->work, fd_work);
	init_waitqueue_func_entry(&src->wait, fd_wake);
	init_poll_funcptr(&src->pt, fd_poll_queue);
	if (vfs_poll(file, &src->pt))
		queue_work(peer->node->wq, &src->work);
	return src;

put:
	if (file)
		fput(file);
	return NULL;
}

/**
 * qn_source_new_push - let a process write blocks through /dev/qkdnf
 * @peer: the peer
 *
 * Context: process, under node->lock. Return: it, or NULL.
 */
struct qn_source *qn_source_new_push(struct qn_peer *peer)
{
	return source_new(peer, QKDNF_SOURCE_KIND_PUSH);
}

/**
 * qn_source_free - take a source away; its file is dropped when this returns
 * @src: the source; may be NULL
 *
 * Context: process, under node->lock; nobody pushes any more.
 */
void qn_source_free(struct qn_source *src)
{
	if (!src)
		return;
	WRITE_ONCE(src->stopping, true);
	if (src->file) {
		if (src->head)
			remove_wait_queue(src->head, &src->wait);
		cancel_work_sync(&src->work);
		fput(src->file);
	}
	mutex_destroy(&src->lock);
	kfree(src);
}

/**
 * qn_source_check - is this the header of a block that the source may deliver?
 * @src: kind push
 * @h: header
 *
 * Return: octets of key that follow it, or -EPROTO: the framing is broken and
 * the source refused from now on.
 */
int qn_source_check(struct qn_source *src, const struct qkd_block_hdr *h)
{
	const char *fault;
	int err;

	mutex_lock(&src->lock);
	fault = header_fault(src, h);
	if (src->state == QKDNF_SOURCE_STATE_REFUSED)
		err = -EPROTO;
	else
		err = fault ? refuse(src, fault) : (int)be32_to_cpu(h->len);
	mutex_unlock(&src->lock);
	return err;
}

/**
 * qn_source_push - one block that a process wrote
 * @src: kind push
 * @h: header, passed by qn_source_check()
 * @key: the block's key; the caller erases it
 *
 * Context: process, under node->lock. Return: 0, -ESTALE for a repeat, -EPROTO
 * for a refused source.
 */
int qn_source_push(struct qn_source *src, const struct qkd_block_hdr *h,
		   const u8 *key)
{
	int err = -EPROTO;

	mutex_lock(&src->lock);
	/* Its size may have been learnt since the check. */
	if (src->state != QKDNF_SOURCE_STATE_REFUSED)
		err = header_fault(src, h) ? -EPROTO : deliver(src, h, key);
	mutex_unlock(&src->lock);
	return err;
}

/**
 * qn_source_tick - notice a source that fell silent
 * @peer: the peer
 *
 * Context: process. Return: milliseconds until it is due again.
 */
u32 qn_source_tick(struct qn_peer *peer)
{
	struct qn_source *src = READ_ONCE(peer->source);
	u32 silent, limit;

	/* Freed only after the tick was cancelled or under src->lock. */
	if (!src || READ_ONCE(src->state) != QKDNF_SOURCE_STATE_RUNNING)
		return QN_PROBE_MS_MAX;
	mutex_lock(&src->lock);
	silent = jiffies_to_msecs(jiffies - src->last);
	limit = max_t(u32, SILENT_INTERVALS * src->usual_ms, SILENT_MS_MIN);
	if (src->state == QKDNF_SOURCE_STATE_RUNNING && silent > limit) {
		set_state(src, QKDNF_SOURCE_STATE_SILENT, "");
		event(src, QKDNF_EVENT_TYPE_SOURCE_SILENT, silent);
	}
	mutex_unlock(&src->lock);
	return limit;
}
