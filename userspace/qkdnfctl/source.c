// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl source: what fills the streams of link peers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/qkdnf.h>

#include "columns.h"
#include "ctl.h"
#include "device.h"

static int source_show(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req;
	uint64_t peer;

	if (!argc)
		return ctl_list(ctl, ctl_km(ctl), QKDNF_CMD_SOURCE_GET, NULL, &view_sources);
	if (argc > 1)
		return ctl_usage(ctl, "'%s' is too much", argv[1]);
	if (ctl_node(ctl, "peer", argv[0], &peer))
		return CTL_USAGE;
	req = qn_rec_new(&qn_set_source);
	qn_set(req, QKDNF_A_SOURCE_PEER, peer);
	return ctl_object(ctl, ctl_km(ctl), QKDNF_CMD_SOURCE_GET, req);
}

static int source_add(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req;
	uint64_t peer;
	int fd = -1, status;

	if (argc < 2)
		return ctl_usage(ctl,
				 argc ? "what kind of source: fd DEVICE, or push?" : "which peer?");
	if (ctl_node(ctl, "peer", argv[0], &peer))
		return CTL_USAGE;
	if (strcmp(argv[1], "fd") && strcmp(argv[1], "push"))
		return ctl_usage(ctl, "unknown kind of source '%s': fd DEVICE, or push", argv[1]);
	if (!strcmp(argv[1], "fd")) {
		if (argc != 3)
			return ctl_usage(ctl, argc < 3 ? "which device?" : "one device at a time");
		if (qn_open_source(argv[2], &fd, &ctl->err))
			return ctl_failed(ctl);
	} else if (argc > 2) {
		return ctl_usage(ctl, "'%s' is too much: a push source has no device", argv[2]);
	}
	req = qn_rec_new(&qn_set_source);
	qn_set(req, QKDNF_A_SOURCE_PEER, peer);
	if (fd >= 0) {
		qn_set(req, QKDNF_A_SOURCE_KIND, QKDNF_SOURCE_KIND_FD);
		qn_set(req, QKDNF_A_SOURCE_FD, (uint64_t)fd);
	} else {
		qn_set(req, QKDNF_A_SOURCE_KIND, QKDNF_SOURCE_KIND_PUSH);
	}
	/* The descriptor's number means this process's file while it asks. */
	status = ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_SOURCE_NEW, 0, req);
	if (fd >= 0)
		close(fd);
	return status;
}

static int source_del(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req;
	uint64_t peer;

	if (argc != 1)
		return ctl_usage(ctl, argc ? "one peer at a time" : "which peer?");
	if (ctl_node(ctl, "peer", argv[0], &peer))
		return CTL_USAGE;
	req = qn_rec_new(&qn_set_source);
	qn_set(req, QKDNF_A_SOURCE_PEER, peer);
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_SOURCE_DEL, 0, req);
}

static int source_feed(struct ctl *ctl, int argc, char **argv)
{
	const char *path = argc == 2 ? argv[1] : "-";
	int fd = STDIN_FILENO, ret;
	uint64_t peer, blocks;

	if (argc < 1 || argc > 2)
		return ctl_usage(ctl, argc ? "one file at a time" : "which peer?");
	if (ctl_node(ctl, "peer", argv[0], &peer))
		return CTL_USAGE;
	if (strcmp(path, "-")) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return ctl_error(ctl, "cannot open %s: %s", path, strerror(errno));
	}
	prctl(PR_SET_DUMPABLE, 0);
	ret = qn_key_push(peer, fd, &blocks, &ctl->err);
	if (fd != STDIN_FILENO)
		close(fd);
	if (ret) {
		qn_fail_prefix(&ctl->err, "after %" PRIu64 " blocks", blocks);
		return ctl_failed(ctl);
	}
	if (ctl->out.json)
		qn_out_json(&ctl->out, json_pack("{s:I}", "blocks", (json_int_t)blocks));
	else
		fprintf(ctl->out.file, "%" PRIu64 " blocks\n", blocks);
	return 0;
}

static const struct ctl_verb verbs[] = {
	{ .name = "show",
	  .args = "[PEER]",
	  .run = source_show,
	  .summary = "show the sources, or that of one peer" },
	{ .name = "add",
	  .args = "PEER fd DEVICE | push",
	  .run = source_add,
	  .summary = "give a link peer its source of key",
	  .help = "  fd    the kernel reads blocks of key from a character device: an end of an\n"
		  "        emulated link, or a vendor's card\n"
		  "  push  a process writes blocks of key to the push descriptor of the peer\n\n"
		  "  qkdnfctl source add 64496:2 fd /dev/qkdemu/a1-a2.a\n" },
	{ .name = "feed",
	  .args = "PEER [FILE]",
	  .run = source_feed,
	  .summary = "hand blocks of key from a file or standard input to a push source" },
	{ .name = "del",
	  .args = "PEER",
	  .run = source_del,
	  .summary = "take the source away; what it delivered stays" },
	{ 0 }
};

int cmd_source(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
