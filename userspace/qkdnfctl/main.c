// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl: the command of the people who run QKD nodes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

struct ctl_object {
	const char *name;
	const char *summary;
	int (*run)(struct ctl *ctl, int argc, char **argv);
};

static const struct ctl_object objects[] = {
	{ "show", "how the node is, on one page", cmd_show },
	{ "apply", "make what runs equal to a file", cmd_apply },
	{ "monitor", "events, as they come", cmd_monitor },
	{ "node", "this QKD node", cmd_node },
	{ "peer", "nodes that it shares key with", cmd_peer },
	{ "source", "what fills the streams of link peers", cmd_source },
	{ "route", "next hops of relayed key", cmd_route },
	{ "contract", "what one provider carries for another", cmd_contract },
	{ "pool", "levels and books of the key streams", cmd_pool },
	{ "relay", "remote streams that this node makes or gets", cmd_relay },
	{ "flow", "streams that use link key of this node", cmd_flow },
	{ "supply", "key that is set aside for applications", cmd_supply },
	{ "key", "take and fetch key for an application", cmd_key },
	{ "tunnel", "one-time-pad tunnels", cmd_tunnel },
	{ "ipsec", "IPsec associations under key of a stream", cmd_ipsec },
	{ "stats", "sums over the node", cmd_stats },
	{ "emu", "emulated QKD links", cmd_emu },
	{ "federation", "providers that work together", cmd_federation },
	{ 0 }
};

static void help(FILE *file)
{
	const struct ctl_object *o;

	fputs("usage: qkdnfctl [-j] [-n NETNS] OBJECT [VERB] [ARGUMENTS]\n\n", file);
	for (o = objects; o->name; o++)
		fprintf(file, "  %-10s %s\n", o->name, o->summary);
	fputs("\n"
	      "  -j        JSON\n"
	      "  -n NETNS  work in this network namespace (a name of 'ip netns', or a path)\n"
	      "  -V        version of the netlink interface\n\n"
	      "'qkdnfctl OBJECT help' lists the verbs of an object. Nodes are written\n"
	      "PROVIDER:NODE, as in 64496:1. Amounts take k M G (powers of 1000) or Ki Mi Gi\n"
	      "(of 1024) and count octets; rates of key are octets per second unless they\n"
	      "end in bit.\n",
	      file);
}

static const struct ctl_object *find(const char *name)
{
	const struct ctl_object *o, *near = NULL;
	unsigned int best = 3;

	for (o = objects; o->name; o++) {
		unsigned int d = qn_word_distance(name, o->name);

		if (!d)
			return o;
		if (d < best) {
			best = d;
			near = o;
		}
	}
	if (near)
		fprintf(stderr, "qkdnfctl: error: unknown object '%s': did you mean '%s'?\n", name,
			near->name);
	else
		fprintf(stderr,
			"qkdnfctl: error: unknown object '%s': 'qkdnfctl help' lists them\n", name);
	return NULL;
}

static int enter_netns(const char *name)
{
	char *path = strchr(name, '/') ? qn_strdup(name) : qn_asprintf("/run/netns/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fprintf(stderr, "qkdnfctl: error: no network namespace '%s' (%s: %s)\n", name, path,
			strerror(errno));
	else if (setns(fd, CLONE_NEWNET))
		fprintf(stderr, "qkdnfctl: error: cannot enter network namespace '%s': %s\n", name,
			errno == EPERM ? "this needs root (CAP_SYS_ADMIN)" : strerror(errno));
	else
		goto entered;
	free(path);
	if (fd >= 0)
		close(fd);
	return -1;
entered:
	close(fd);
	free(path);
	return 0;
}

int main(int argc, char **argv)
{
	const struct ctl_object *object;
	const char *netns = NULL;
	struct ctl ctl = { 0 };
	bool json = false;
	int opt, status;

	setlocale(LC_CTYPE, "");
	while ((opt = getopt(argc, argv, "+jn:Vh")) != -1) {
		switch (opt) {
		case 'j':
			json = true;
			break;
		case 'n':
			netns = optarg;
			break;
		case 'V':
			printf("qkdnfctl: family qkdnf version %u, qkdemu version %u\n",
			       qn_family_qkdnf.version, qn_family_qkdemu.version);
			return 0;
		case 'h':
			help(stdout);
			return 0;
		default:
			fputs("usage: qkdnfctl [-j] [-n NETNS] OBJECT [VERB] [ARGUMENTS]; 'qkdnfctl help' says more\n",
			      stderr);
			return CTL_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc) {
		help(stderr);
		return CTL_USAGE;
	}
	if (!strcmp(argv[0], "help")) {
		if (argc == 1) {
			help(stdout);
			return 0;
		}
		object = find(argv[1]);
		ctl.object = object ? object->name : NULL;
		return object ? object->run(&ctl, 1, argv) : CTL_USAGE;
	}
	object = find(argv[0]);
	if (!object)
		return CTL_USAGE;
	if (netns && enter_netns(netns))
		return CTL_FAILED;
	qn_out_init(&ctl.out, stdout, json);
	ctl.object = object->name;
	status = object->run(&ctl, argc - 1, argv + 1);
	qn_nl_close(ctl.km);
	qn_nl_close(ctl.emu);
	/* A full disk or a closed pipe must not look like success. */
	if ((fflush(stdout) || ferror(stdout)) && !status) {
		if (errno != EPIPE)
			perror("qkdnfctl: error: cannot write");
		status = CTL_FAILED;
	}
	return status;
}
