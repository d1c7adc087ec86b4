// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Let go of the packets that a plug holds, and say how long the node took.
 *
 *	release NETNS DEVICE NETNS DEVICE COUNT
 *
 * Releases the plug qdisc of the first device and watches the packets that the
 * second has sent, until COUNT more are counted. Prints packets and nanoseconds.
 * A look costs some tenths of a millisecond in User-mode Linux, so it sleeps
 * between looks. The end is between the last two of them: the pace up to the
 * last look but one says where. Prints what came if nothing comes for half a
 * second.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#define LOOK_NS	 500000
#define QUIET_NS 500000000ULL

static void die(const char *what)
{
	fprintf(stderr, "release: error: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int netlink_in(const char *netns, const char *device, int *ifindex)
{
	char path[128];
	int ns, fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		die(path);
	close(ns);
	*ifindex = if_nametoindex(device);
	if (!*ifindex)
		die(device);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		die("netlink");
	return fd;
}

static size_t ask(int fd, void *request, size_t len, void *reply, size_t room)
{
	ssize_t n;

	if (send(fd, request, len, 0) != (ssize_t)len)
		die("netlink send");
	n = recv(fd, reply, room, 0);
	if (n < (ssize_t)sizeof(struct nlmsghdr))
		die("netlink receive");
	return n;
}

static uint64_t packets(int fd, int ifindex)
{
	struct {
		struct nlmsghdr h;
		struct if_stats_msg m;
	} req = {
		.h = { .nlmsg_len = sizeof(req), .nlmsg_type = RTM_GETSTATS,
		       .nlmsg_flags = NLM_F_REQUEST },
		.m = { .ifindex = ifindex,
		       .filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64) },
	};
	struct {
		struct nlmsghdr h;
		struct if_stats_msg m;
		char attrs[4096];
	} reply;
	struct rtnl_link_stats64 stats;
	struct rtattr *a;
	size_t n;

	n = ask(fd, &req, sizeof(req), &reply, sizeof(reply));
	if (reply.h.nlmsg_type != RTM_NEWSTATS) {
		errno = EPROTO;
		die("no statistics");
	}
	n -= (size_t)(reply.attrs - (char *)&reply);
	for (a = (void *)reply.attrs; RTA_OK(a, n); a = RTA_NEXT(a, n))
		if (a->rta_type == IFLA_STATS_LINK_64) {
			memcpy(&stats, RTA_DATA(a), sizeof(stats));
			return stats.tx_packets;
		}
	errno = EPROTO;
	die("no statistics of the link");
	return 0;
}

/* The plug's own words: tc would have to be started first. */
static void plug(int fd, int ifindex, int action)
{
	struct {
		struct nlmsghdr h;
		struct tcmsg m;
		struct rtattr kind;
		char name[8];
		struct rtattr options;
		struct tc_plug_qopt qopt;
	} req = {
		.h = { .nlmsg_len = sizeof(req), .nlmsg_type = RTM_NEWQDISC,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.m = { .tcm_ifindex = ifindex, .tcm_parent = TC_H_ROOT },
		.kind = { .rta_len = RTA_LENGTH(5), .rta_type = TCA_KIND },
		.name = "plug",
		.options = { .rta_len = RTA_LENGTH(sizeof(req.qopt)), .rta_type = TCA_OPTIONS },
		.qopt = { .action = action },
	};
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char text[256];
	} reply;

	ask(fd, &req, sizeof(req), &reply, sizeof(reply));
	if (reply.h.nlmsg_type != NLMSG_ERROR || reply.e.error) {
		errno = -reply.e.error;
		die("the plug does not open");
	}
}

int main(int argc, char **argv)
{
	struct timespec pause = { .tv_nsec = LOOK_NS };
	uint64_t before, start, now, n, was = 0, count, heard, end;
	int in, out, in_index, out_index;

	if (argc != 6) {
		fputs("usage: release NETNS DEVICE NETNS DEVICE COUNT\n", stderr);
		return 2;
	}
	in = netlink_in(argv[1], argv[2], &in_index);
	out = netlink_in(argv[3], argv[4], &out_index);
	count = strtoull(argv[5], NULL, 0);
	before = packets(out, out_index);
	start = now_ns();
	heard = start;
	plug(in, in_index, TCQ_PLUG_RELEASE_INDEFINITE);
	do {
		n = packets(out, out_index) - before;
		now = now_ns();
		if (n >= count)
			break;
		if (n != was) {
			was = n;
			heard = now;
		}
		nanosleep(&pause, NULL);
	} while (now - heard < QUIET_NS);
	end = n < count ? heard : now;
	if (n >= count && was && start + (heard - start) * count / was < now)
		end = start + (heard - start) * count / was;
	printf("%" PRIu64 " %" PRIu64 "\n", n, end - start);
	return 0;
}
