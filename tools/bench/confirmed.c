// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How fast a remote stream grows: octets confirmed by the far end, per second.
 *
 *	confirmed PEER OCTETS	in the namespace of the origin
 *
 * Watches from the first confirmed segment until that many octets more are
 * confirmed, looking twenty times a second, and prints octets and nanoseconds.
 * Fails if nothing is confirmed for five seconds.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <linux/qkdnf.h>

#include "nl.h"
#include "text.h"

#define LOOK_NS	 50000000
#define QUIET_NS 5000000000ULL
#define CONFIRM_OCTETS 32 /* of each segment, that are never allocated */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void die(const struct qn_error *err)
{
	fprintf(stderr, "confirmed: error: %s\n", err->text);
	exit(1);
}

static uint64_t segments(struct qn_nl *nl, uint64_t peer)
{
	struct qn_rec *req = qn_rec_new(&qn_set_relay), *reply = NULL;
	struct qn_error err;
	uint64_t n;

	qn_set(req, QKDNF_A_RELAY_PEER, peer);
	if (qn_nl_do(nl, QKDNF_CMD_RELAY_GET, 0, req, &reply, &err))
		die(&err);
	n = qn_get(reply, QKDNF_A_RELAY_CONFIRMED, 0);
	qn_rec_free(req);
	qn_rec_free(reply);
	return n;
}

static uint64_t segment_octets(struct qn_nl *nl, uint64_t peer)
{
	struct qn_rec *req = qn_rec_new(&qn_set_peer), *reply = NULL;
	struct qn_error err;
	uint64_t octets;

	qn_set(req, QKDNF_A_PEER_ID, peer);
	if (qn_nl_do(nl, QKDNF_CMD_PEER_GET, 0, req, &reply, &err))
		die(&err);
	octets = 1ULL << qn_get(reply, QKDNF_A_PEER_SEG_SHIFT, 0);
	qn_rec_free(req);
	qn_rec_free(reply);
	return octets - CONFIRM_OCTETS;
}

int main(int argc, char **argv)
{
	uint64_t peer, octets, size, begun, last, n, was, start = 0, start_at = 0, heard;
	struct timespec pause = { .tv_nsec = LOOK_NS };
	struct qn_error err;
	struct qn_nl *nl;

	if (argc != 3 || qn_parse_node(argv[1], &peer, &err) ||
	    qn_parse_octets(argv[2], &octets, &err)) {
		fputs("usage: confirmed PEER OCTETS\n", stderr);
		return 2;
	}
	nl = qn_nl_open(&qn_family_qkdnf, &err);
	if (!nl)
		die(&err);
	size = segment_octets(nl, peer);
	begun = segments(nl, peer);
	was = begun;
	heard = now_ns();
	for (;;) {
		nanosleep(&pause, NULL);
		n = segments(nl, peer);
		last = now_ns();
		if (n != was) {
			if (getenv("BENCH_VERBOSE"))
				fprintf(stderr, "%6" PRIu64 " ms %6" PRIu64 " segments\n",
					(last - heard) / 1000000, n - begun);
			heard = last;
			was = n;
		}
		if (last - heard > QUIET_NS) {
			fprintf(stderr,
				"confirmed: error: nothing for 5 s after %" PRIu64 " segments\n",
				n - begun);
			return 1;
		}
		if (n == begun)
			continue;
		if (!start_at) {
			start_at = last;
			start = n;
		}
		if ((n - start) * size >= octets)
			break;
	}
	printf("%" PRIu64 " %" PRIu64 "\n", (n - start) * size, last - start_at);
	qn_nl_close(nl);
	return 0;
}
