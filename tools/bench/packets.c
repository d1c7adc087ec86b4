// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UDP packets into a queue that holds them: the socket's buffer must have room
 * for all, since they stay charged to it until they leave.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "packets.h"

#define BATCH 128
#define SNDBUF (512 << 20)

int packets_send(const char *address, uint16_t port, const void *data, size_t size, uint32_t count)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), sndbuf = SNDBUF, one = 1;
	struct timespec pause = { .tv_nsec = 1000000 };
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	uint32_t i, n;
	int took;

	/* No checksum, as the tunnels that are compared send none. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)) ||
	    setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &one, sizeof(one))) {
		fprintf(stderr, "frames: error: cannot make a socket: %s\n", strerror(errno));
		return 1;
	}
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1) {
		fprintf(stderr, "frames: error: '%s' is not an IPv4 address\n", address);
		return 2;
	}
	while (count) {
		n = count < BATCH ? count : BATCH;
		memset(msgs, 0, sizeof(msgs));
		for (i = 0; i < n; i++) {
			iov[i].iov_base = (char *)data + i * size;
			iov[i].iov_len = size;
			msgs[i].msg_hdr.msg_name = &to;
			msgs[i].msg_hdr.msg_namelen = sizeof(to);
			msgs[i].msg_hdr.msg_iov = &iov[i];
			msgs[i].msg_hdr.msg_iovlen = 1;
		}
		took = sendmmsg(fd, msgs, n, 0);
		if (took <= 0) {
			fprintf(stderr, "frames: error: cannot send to %s: %s\n", address,
				strerror(errno));
			return 1;
		}
		data = (char *)data + took * size;
		count -= took;
		/* Let those who encrypt do it: their queues are short. */
		nanosleep(&pause, NULL);
	}
	return 0;
}
