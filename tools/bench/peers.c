// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many peers, made and dumped over one connection.
 *
 *	peers add COUNT		node ids 7:1 to 7:COUNT, on 10.7.0.0/16, smallest pool
 *	peers dump		prints how many peers there are and nanoseconds
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/qkdnf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nl.h"

#define POOL (8 << 16)

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int count_one(void *arg, struct qn_rec *rec, struct qn_error *err)
{
	(void)rec;
	(void)err;
	++*(uint64_t *)arg;
	return 0;
}

static int add(struct qn_nl *nl, uint32_t count, struct qn_error *err)
{
	struct qn_rec *req;
	uint32_t i, addr;
	int ret = 0;

	for (i = 1; i <= count && !ret; i++) {
		req = qn_rec_new(&qn_set_peer);
		addr = htonl(0x0a070000 + i);
		qn_set(req, QKDNF_A_PEER_ID, (uint64_t)7 << 32 | i);
		qn_set(req, QKDNF_A_PEER_KIND, QKDNF_PEER_KIND_LINK);
		qn_set_bin(req, QKDNF_A_PEER_ADDR4, &addr, sizeof(addr));
		qn_set(req, QKDNF_A_PEER_POOL_MAX, POOL);
		ret = qn_nl_do(nl, QKDNF_CMD_PEER_NEW, 0, req, NULL, err);
		qn_rec_free(req);
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct qn_error err = {};
	uint64_t start, n = 0;
	struct qn_nl *nl;

	nl = qn_nl_open(&qn_family_qkdnf, &err);
	if (nl && argc == 3 && !strcmp(argv[1], "add")) {
		if (!add(nl, strtoul(argv[2], NULL, 0), &err))
			return 0;
	} else if (nl && argc == 2 && !strcmp(argv[1], "dump")) {
		start = now_ns();
		if (!qn_nl_dump(nl, QKDNF_CMD_PEER_GET, NULL, count_one, &n, &err)) {
			printf("%" PRIu64 " %" PRIu64 "\n", n, now_ns() - start);
			return 0;
		}
	} else if (nl) {
		fputs("usage: peers add COUNT | dump\n", stderr);
		return 2;
	}
	fprintf(stderr, "peers: error: %s\n", err.text);
	return 1;
}
