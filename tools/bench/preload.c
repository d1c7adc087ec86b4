// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Put the same key into the push sources at both ends of links.
 *
 *	preload FROM COUNT SEED NETNS PEER NETNS PEER [SEED NETNS PEER NETNS PEER]...
 *
 * Blocks FROM to FROM + COUNT - 1 of 64 KiB, to both ends in turn. PEER is the
 * node id of the other end as that namespace knows it, PROVIDER:NODE.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <endian.h>
#include <linux/qkd_block.h>
#include <linux/qkdnf_dev.h>

#include "key.h"

#define SIZE  65536
#define BATCH 8 /* blocks in one write */

static uint8_t buf[BATCH][QKD_BLOCK_HDR_LEN + SIZE];

static void die(const char *what, const char *which)
{
	fprintf(stderr, "preload: error: %s %s: %s\n", what, which, strerror(errno));
	exit(1);
}

static int open_end(const char *netns, const char *peer)
{
	unsigned int provider, node;
	struct qkdnf_push push;
	char path[128];
	int fd;

	if (sscanf(peer, "%u:%u", &provider, &node) != 2) {
		fprintf(stderr, "preload: error: '%s' is not PROVIDER:NODE\n", peer);
		exit(2);
	}
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("cannot enter namespace", netns);
	close(fd);
	/* A descriptor belongs to the namespace that opened it. */
	fd = open("/dev/qkdnf", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		die("cannot open", "/dev/qkdnf");
	push.peer = (uint64_t)provider << 32 | node;
	if (ioctl(fd, QKDNF_IOC_PUSH, &push))
		die("cannot push to peer", peer);
	return fd;
}

static void put(int fd, const char *netns, size_t blocks)
{
	size_t len = blocks * sizeof(buf[0]);
	ssize_t n = write(fd, buf, len);

	if (n != (ssize_t)len) {
		if (n >= 0)
			errno = EIO;
		die("cannot deliver blocks in", netns);
	}
}

static void link_of(uint64_t from, uint64_t count, char **arg)
{
	uint64_t seed = strtoull(arg[0], NULL, 0), i, k, n;
	int a = open_end(arg[1], arg[2]), b = open_end(arg[3], arg[4]);

	for (i = 0; i < count; i += n) {
		n = count - i < BATCH ? count - i : BATCH;
		for (k = 0; k < n; k++) {
			struct qkd_block_hdr *h = (void *)buf[k];

			memset(h, 0, sizeof(*h));
			h->magic = htobe32(QKD_BLOCK_MAGIC);
			h->version = QKD_BLOCK_VERSION;
			h->hdr_len = QKD_BLOCK_HDR_LEN;
			h->link = htobe64(seed);
			h->index = htobe64(from + i + k);
			h->len = htobe32(SIZE);
			h->size = htobe32(SIZE);
			bench_key(buf[k] + QKD_BLOCK_HDR_LEN, seed, (from + i + k) * SIZE, SIZE);
		}
		put(a, arg[1], n);
		put(b, arg[3], n);
	}
	close(a);
	close(b);
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 8 || (argc - 3) % 5) {
		fputs("usage: preload FROM COUNT {SEED NETNS PEER NETNS PEER}...\n", stderr);
		return 2;
	}
	for (i = 3; i < argc; i += 5)
		link_of(strtoull(argv[1], NULL, 0), strtoull(argv[2], NULL, 0), argv + i);
	return 0;
}
