// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many bindings, made, rekeyed and counted over one connection.
 *
 *	rekeys add COUNT PEER LOCAL REMOTE SECONDS [FIRST]
 *		bindings of reqid FIRST (1) on in this namespace, between those IPv4
 *		addresses, rekeyed each SECONDS, or when asked for if 0
 *	rekeys ask COUNT TURNS NETNS NETNS
 *		ask for a rekey of each in the first namespace, as often as that; a
 *		turn is over when both ends have both directions of all. Prints how
 *		many there were, and nanoseconds.
 *	rekeys pace REQID TIMES MILLISECONDS
 *		ask for a rekey of one, that often, one each so many milliseconds, or
 *		when the one before is done. Prints how many took place, and
 *		nanoseconds.
 *	rekeys count
 *		prints how many bindings there are, and the least and most rekeys of
 *		one, out and in, and all that failed
 *	rekeys list
 *		a line for each: reqid, rekeys out and in, attempts that failed
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/qkdnf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nl.h"
#include "text.h"

#define LOOK_NS	 1000000
#define QUIET_NS 10000000000ULL

static void die(const char *text)
{
	fprintf(stderr, "rekeys: error: %s\n", text);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static struct qn_nl *connect_in(const char *netns)
{
	struct qn_error err;
	struct qn_nl *nl;
	char path[128];
	int fd;

	if (netns) {
		snprintf(path, sizeof(path), "/run/netns/%s", netns);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || setns(fd, CLONE_NEWNET))
			die("no such namespace");
		close(fd);
	}
	nl = qn_nl_open(&qn_family_qkdnf, &err);
	if (!nl)
		die(err.text);
	return nl;
}

static struct qn_rec *named(uint64_t reqid)
{
	struct qn_rec *req = qn_rec_new(&qn_set_binding);

	qn_set(req, QKDNF_A_BINDING_REQID, reqid);
	return req;
}

static void ask(struct qn_nl *nl, uint64_t reqid)
{
	struct qn_rec *req = named(reqid);
	struct qn_error err;

	if (qn_nl_do(nl, QKDNF_CMD_BINDING_REKEY, 0, req, NULL, &err))
		die(err.text);
	qn_rec_free(req);
}

/* struct tally - bindings, and how often they were rekeyed */
struct tally {
	uint64_t bindings, failed;
	uint64_t least[2], most[2];	/* out, in */
};

static int tally_one(void *arg, struct qn_rec *rec, struct qn_error *err)
{
	uint64_t n[2] = { qn_get(rec, QKDNF_A_BINDING_REKEYS_OUT, 0),
			  qn_get(rec, QKDNF_A_BINDING_REKEYS_IN, 0) };
	struct tally *t = arg;
	int i;

	(void)err;
	for (i = 0; i < 2; i++) {
		if (!t->bindings || n[i] < t->least[i])
			t->least[i] = n[i];
		if (n[i] > t->most[i])
			t->most[i] = n[i];
	}
	t->bindings++;
	t->failed += qn_get(rec, QKDNF_A_BINDING_FAILED, 0);
	return 0;
}

/* Of all bindings, or of one. */
static struct tally tally(struct qn_nl *nl, uint64_t reqid)
{
	struct qn_rec *req = reqid ? named(reqid) : NULL, *reply = NULL;
	struct tally t = { 0 };
	struct qn_error err;
	int ret;

	if (reqid) {
		ret = qn_nl_do(nl, QKDNF_CMD_BINDING_GET, 0, req, &reply, &err);
		if (!ret)
			tally_one(&t, reply, &err);
		qn_rec_free(reply);
		qn_rec_free(req);
	} else {
		ret = qn_nl_dump(nl, QKDNF_CMD_BINDING_GET, NULL, tally_one, &t, &err);
	}
	if (ret)
		die(err.text);
	return t;
}

static uint64_t least(const struct tally *t)
{
	return t->least[0] < t->least[1] ? t->least[0] : t->least[1];
}

/* Wait until both directions of a binding, or of all, were rekeyed so often. */
static void wait_for(struct qn_nl *nl, uint64_t reqid, uint64_t rekeys)
{
	struct timespec pause = { .tv_nsec = LOOK_NS };
	uint64_t end = now_ns() + QUIET_NS;
	struct tally t;

	for (;;) {
		t = tally(nl, reqid);
		if (t.bindings && least(&t) >= rekeys)
			return;
		if (now_ns() > end)
			die("a rekey does not take place");
		nanosleep(&pause, NULL);
	}
}

static void all(char **arg)
{
	uint64_t count = strtoull(arg[0], NULL, 0), turns = strtoull(arg[1], NULL, 0);
	uint64_t start, began[2], i, turn, end;
	struct qn_nl *nl[2];
	struct tally t;

	for (end = 0; end < 2; end++) {
		nl[end] = connect_in(arg[2 + end]);
		t = tally(nl[end], 0);
		if (t.bindings != count || t.least[0] != t.most[0] || t.least[1] != t.most[1] ||
		    t.least[0] != t.least[1])
			die("the bindings do not begin alike");
		began[end] = t.least[0];
	}
	start = now_ns();
	for (turn = 1; turn <= turns; turn++) {
		for (i = 1; i <= count; i++)
			ask(nl[0], i);
		/* The last one is done about when all are; then all are looked at. */
		for (end = 0; end < 2; end++) {
			wait_for(nl[end], count, began[end] + turn);
			wait_for(nl[end], 0, began[end] + turn);
		}
	}
	printf("%" PRIu64 " %" PRIu64 "\n", count * turns, now_ns() - start);
}

static void pace(char **arg)
{
	uint64_t reqid = strtoull(arg[0], NULL, 0), times = strtoull(arg[1], NULL, 0);
	uint64_t each = strtoull(arg[2], NULL, 0) * 1000000, start, began, i;
	struct qn_nl *nl = connect_in(NULL);
	struct tally t = tally(nl, reqid);

	began = least(&t);
	start = now_ns();
	for (i = 1; i <= times; i++) {
		ask(nl, reqid);
		sleep_until(start + i * each);
		/* One that is asked for while another is under way would be the same. */
		wait_for(nl, reqid, began + i);
	}
	t = tally(nl, reqid);
	printf("%" PRIu64 " %" PRIu64 "\n", least(&t) - began, now_ns() - start);
}

static int list_one(void *arg, struct qn_rec *rec, struct qn_error *err)
{
	(void)arg;
	(void)err;
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
	       qn_get(rec, QKDNF_A_BINDING_REQID, 0), qn_get(rec, QKDNF_A_BINDING_REKEYS_OUT, 0),
	       qn_get(rec, QKDNF_A_BINDING_REKEYS_IN, 0), qn_get(rec, QKDNF_A_BINDING_FAILED, 0));
	return 0;
}

static void list(void)
{
	struct qn_nl *nl = connect_in(NULL);
	struct qn_error err;

	if (qn_nl_dump(nl, QKDNF_CMD_BINDING_GET, NULL, list_one, NULL, &err))
		die(err.text);
}

static void add(char **arg, uint64_t first)
{
	uint64_t count = strtoull(arg[0], NULL, 0), seconds = strtoull(arg[4], NULL, 0);
	struct qn_nl *nl = connect_in(NULL);
	struct in_addr local, remote;
	struct qn_error err;
	struct qn_rec *req;
	uint64_t i, peer;

	if (qn_parse_node(arg[1], &peer, &err))
		die(err.text);
	if (!inet_aton(arg[2], &local) || !inet_aton(arg[3], &remote))
		die("that is no IPv4 address");
	for (i = first; i < first + count; i++) {
		req = named(i);
		qn_set(req, QKDNF_A_BINDING_PEER, peer);
		qn_set_bin(req, QKDNF_A_BINDING_ADDR4, &remote, sizeof(remote));
		qn_set_bin(req, QKDNF_A_BINDING_LOCAL_ADDR4, &local, sizeof(local));
		qn_set(req, QKDNF_A_BINDING_SOFT_SECONDS, seconds);
		if (qn_nl_do(nl, QKDNF_CMD_BINDING_NEW, 0, req, NULL, &err))
			die(err.text);
		qn_rec_free(req);
	}
}

int main(int argc, char **argv)
{
	struct tally t;

	if ((argc == 7 || argc == 8) && !strcmp(argv[1], "add")) {
		add(argv + 2, argc == 8 ? strtoull(argv[7], NULL, 0) : 1);
	} else if (argc == 6 && !strcmp(argv[1], "ask")) {
		all(argv + 2);
	} else if (argc == 5 && !strcmp(argv[1], "pace")) {
		pace(argv + 2);
	} else if (argc == 2 && !strcmp(argv[1], "list")) {
		list();
	} else if (argc == 2 && !strcmp(argv[1], "count")) {
		t = tally(connect_in(NULL), 0);
		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		       t.bindings, t.least[0], t.most[0], t.least[1], t.most[1], t.failed);
	} else {
		fputs("usage: rekeys add COUNT PEER LOCAL REMOTE SECONDS [FIRST] | ask COUNT TURNS NETNS NETNS | pace REQID TIMES MILLISECONDS | count | list\n",
		      stderr);
		return 2;
	}
	return 0;
}
