// SPDX-License-Identifier: GPL-2.0-or-later
/* /dev/qkdnf: key for applications, and blocks of key from a process. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/qkd_block.h>
#include <linux/qkdnf_dev.h>

#include "device.h"

#define DEVICE "/dev/qkdnf"

void *qn_key_alloc(size_t size, struct qn_error *err)
{
	void *key = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (key == MAP_FAILED) {
		qn_fail_errno(err, errno, "no memory for key");
		return NULL;
	}
	if (mlock(key, size)) {
		qn_fail_errno(err, errno,
			      "cannot keep key out of swap: raise the limit of locked memory (ulimit -l)");
		munmap(key, size);
		return NULL;
	}
	madvise(key, size, MADV_DONTDUMP);
	madvise(key, size, MADV_DONTFORK);
	return key;
}

void qn_key_free(void *key, size_t size)
{
	if (!key)
		return;
	explicit_bzero(key, size);
	munmap(key, size);
}

static int open_device(int flags, struct qn_error *err)
{
	int fd = open(DEVICE, flags | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return qn_fail(err, "the kernel module qkdnf is not loaded: run 'modprobe qkdnf'");
	if (errno == EACCES || errno == EPERM)
		return qn_fail(err, "cannot open " DEVICE ": this needs root");
	return qn_fail_errno(err, errno, "cannot open " DEVICE);
}

static int refused(int code, bool fetch, struct qn_error *err)
{
	static const char no_key[] =
		"no such key: no such peer, another offset, length or label, or fetched already";

	switch (code) {
	case EPERM:
		qn_fail(err, "not permitted: this needs root (CAP_NET_ADMIN)");
		break;
	case ENODEV:
		qn_fail(err,
			"no node in this network namespace: make one with 'qkdnfctl node set NODE'");
		break;
	case ENOENT:
		qn_fail(err, "%s", fetch ? no_key : "no such peer");
		break;
	case EAGAIN:
		qn_fail(err,
			"the stream has no key to give now: 'qkdnfctl pool show' shows its level");
		break;
	case ETIMEDOUT:
		qn_fail(err, "the other end did not confirm: is the peer up?");
		break;
	case EMSGSIZE:
		qn_fail(err,
			"octets are 1 to the segment size of the stream, and within one segment");
		break;
	default:
		qn_fail_errno(err, code, fetch ? "cannot fetch key" : "cannot take key");
	}
	err->code = code;
	return -1;
}

/* The descriptor gives all of the range, in parts if it likes. */
static int read_key(int fd, uint8_t *key, size_t octets, struct qn_error *err)
{
	size_t got = 0;

	while (got < octets) {
		ssize_t n = read(fd, key + got, octets - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int code = n < 0 ? errno : ENODATA;

			explicit_bzero(key, got);
			return qn_fail_errno(err, code, "only %zu of %zu octets of key came", got,
					     octets);
		}
		got += (size_t)n;
	}
	return 0;
}

static int get_key(struct qn_key_range *range, uint8_t *key, bool fetch, struct qn_error *err)
{
	struct qkdnf_take take = {
		.peer = range->peer,
		.octets = range->octets,
		.offset = range->offset,
		.ttl = fetch ? 0 : range->ttl,
		.label_len = (__u16)range->label_len,
	};
	int fd, ret;

	if (range->label_len > sizeof(take.label))
		return qn_fail(err, "a label has at most %zu octets", sizeof(take.label));
	memcpy(take.label, range->label, range->label_len);
	fd = open_device(O_RDONLY, err);
	if (fd < 0)
		return -1;
	do {
		ret = ioctl(fd, fetch ? QKDNF_IOC_FETCH : QKDNF_IOC_TAKE, &take);
	} while (ret && errno == EINTR);
	if (ret) {
		ret = refused(errno, fetch, err);
	} else {
		range->offset = take.offset;
		ret = read_key(fd, key, range->octets, err);
	}
	/* What was not read is erased by the kernel now. */
	close(fd);
	return ret;
}

int qn_key_take(struct qn_key_range *range, uint8_t *key, struct qn_error *err)
{
	return get_key(range, key, false, err);
}

int qn_key_fetch(struct qn_key_range *range, uint8_t *key, struct qn_error *err)
{
	return get_key(range, key, true, err);
}

/* 1 if @len octets came, 0 at the end of the input, -1 with words. */
static int read_exactly(int fd, void *buf, size_t len, struct qn_error *err)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (uint8_t *)buf + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return qn_fail_errno(err, errno, "cannot read blocks");
		if (!n && got)
			return qn_fail(err, "the input ends within a block");
		if (!n)
			return 0;
		got += (size_t)n;
	}
	return 1;
}

static int push_one(int dev, const uint8_t *block, size_t len, struct qn_error *err)
{
	ssize_t n;

	do {
		n = write(dev, block, len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	if (n >= 0)
		return qn_fail(err, "the kernel took a part of a block");
	switch (errno) {
	case ESTALE:
		return qn_fail(err,
			       "the index of the block came before: a source never repeats or rewinds");
	case EPROTO:
		return qn_fail(err,
			       "the framing is wrong (linux/qkd_block.h): the kernel refuses this source from now on");
	case ENODEV:
		return qn_fail(err, "the source was taken away");
	}
	return qn_fail_errno(err, errno, "the kernel did not take the block");
}

int qn_key_push(uint64_t peer, int fd, uint64_t *blocks, struct qn_error *err)
{
	const size_t size = QKD_BLOCK_HDR_LEN + QKD_BLOCK_SIZE_MAX;
	struct qkdnf_push push = { .peer = peer };
	struct qkd_block_hdr *hdr;
	uint8_t *block;
	int dev, ret;

	*blocks = 0;
	block = qn_key_alloc(size, err);
	if (!block)
		return -1;
	hdr = (struct qkd_block_hdr *)block;
	dev = open_device(O_WRONLY, err);
	if (dev < 0) {
		qn_key_free(block, size);
		return -1;
	}
	if (ioctl(dev, QKDNF_IOC_PUSH, &push)) {
		switch (errno) {
		case EOPNOTSUPP:
			ret = qn_fail(err,
				      "this peer has no push source: 'qkdnfctl source add PEER push' makes it one");
			break;
		case EBUSY:
			ret = qn_fail(err, "another process pushes to this peer");
			break;
		default:
			ret = refused(errno, false, err);
		}
		goto out;
	}
	while ((ret = read_exactly(fd, hdr, QKD_BLOCK_HDR_LEN, err)) > 0) {
		uint32_t len = ntohl(hdr->len);

		if (ntohl(hdr->magic) != QKD_BLOCK_MAGIC || len > QKD_BLOCK_SIZE_MAX) {
			ret = qn_fail(err, "this is not a block of key (linux/qkd_block.h)");
			break;
		}
		ret = len ? read_exactly(fd, block + QKD_BLOCK_HDR_LEN, len, err) : 1;
		if (!ret)
			ret = qn_fail(err, "the input ends within a block");
		if (ret > 0)
			ret = push_one(dev, block, QKD_BLOCK_HDR_LEN + len, err);
		if (ret < 0)
			break;
		++*blocks;
	}
out:
	close(dev);
	qn_key_free(block, size);
	return ret;
}
