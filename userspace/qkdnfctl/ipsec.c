// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl ipsec: IPsec associations under key of a stream. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <linux/qkdnf.h>

#include "columns.h"
#include "ctl.h"

static void spis(const struct qn_rec *b, char *buf, size_t size)
{
	char out[16] = "-", in[16] = "-";

	if (qn_has(b, QKDNF_A_BINDING_OUT_SPI))
		snprintf(out, sizeof(out), "%08" PRIx64, qn_get(b, QKDNF_A_BINDING_OUT_SPI, 0));
	if (qn_has(b, QKDNF_A_BINDING_IN_SPI))
		snprintf(in, sizeof(in), "%08" PRIx64, qn_get(b, QKDNF_A_BINDING_IN_SPI, 0));
	snprintf(buf, size, "%s %s", out, in);
}

static void rekeys(const struct qn_rec *b, char *buf, size_t size)
{
	snprintf(buf, size, "%" PRIu64 "/%" PRIu64, qn_get(b, QKDNF_A_BINDING_REKEYS_OUT, 0),
		 qn_get(b, QKDNF_A_BINDING_REKEYS_IN, 0));
}

/* When time alone makes it due; traffic can make it so before. */
static void next_rekey(const struct qn_rec *b, char *buf, size_t size)
{
	uint64_t soft = qn_get(b, QKDNF_A_BINDING_SOFT_SECONDS, 0) * 1000;
	uint64_t age = qn_get(b, QKDNF_A_BINDING_OUT_AGE_MS, 0);

	*buf = 0;
	if (!soft || !qn_has(b, QKDNF_A_BINDING_OUT_SPI))
		return;
	if (age >= soft)
		snprintf(buf, size, "due");
	else
		qn_format_duration(buf, size, (soft - age) / 1000 * 1000000000);
}

static const char *state_colour(const struct qn_rec *b)
{
	switch (qn_get(b, QKDNF_A_BINDING_STATE, 0)) {
	case QKDNF_BINDING_STATE_UP:
		return QN_GREEN;
	case QKDNF_BINDING_STATE_ONE_WAY:
		return QN_YELLOW;
	}
	return QN_RED;
}

static const struct qn_col cols[] = {
	{ .head = "REQID", .attr = QKDNF_A_BINDING_REQID, .right = true },
	{ .head = "PEER", .attr = QKDNF_A_BINDING_PEER },
	{ .head = "STATE", .attr = QKDNF_A_BINDING_STATE, .colour = state_colour },
	{ .head = "SPI OUT, IN", .text = spis },
	{ .head = "AGE", .attr = QKDNF_A_BINDING_OUT_AGE_MS, .right = true },
	{ .head = "OUT", .attr = QKDNF_A_BINDING_OUT_OCTETS, .right = true },
	{ .head = "IN", .attr = QKDNF_A_BINDING_IN_OCTETS, .right = true },
	{ .head = "REKEYS", .text = rekeys, .right = true },
	{ .head = "KEY", .attr = QKDNF_A_BINDING_KEY_OCTETS, .right = true },
	{ .head = "NEXT", .text = next_rekey, .right = true },
	{ .head = "REASON", .attr = QKDNF_A_BINDING_REASON },
};

const struct qn_view view_bindings = QN_VIEW(cols, "no bindings: 'qkdnfctl ipsec add' makes one");

/* The reqid, which names a binding; NULL after saying what is wrong. */
static struct qn_rec *name_of(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req;
	uint64_t reqid;

	if (argc < 1) {
		ctl_usage(ctl, "which binding? REQID names it");
		return NULL;
	}
	if (qn_parse_number(argv[0], 1, UINT32_MAX, &reqid, &ctl->err)) {
		ctl_usage(ctl, "reqid: %s", ctl->err.text);
		return NULL;
	}
	req = qn_rec_new(&qn_set_binding);
	qn_set(req, QKDNF_A_BINDING_REQID, reqid);
	return req;
}

static int one(struct ctl *ctl, unsigned int cmd, int argc, char **argv)
{
	struct qn_rec *req = name_of(ctl, argc, argv);

	if (!req)
		return CTL_USAGE;
	if (argc > 1) {
		qn_rec_free(req);
		return ctl_usage(ctl, "'%s' is too much", argv[1]);
	}
	if (cmd == QKDNF_CMD_BINDING_GET)
		return ctl_object(ctl, ctl_km(ctl), cmd, req);
	return ctl_send(ctl, ctl_km(ctl), cmd, 0, req);
}

static int ipsec_show(struct ctl *ctl, int argc, char **argv)
{
	if (argc)
		return one(ctl, QKDNF_CMD_BINDING_GET, argc, argv);
	return ctl_list(ctl, ctl_km(ctl), QKDNF_CMD_BINDING_GET, NULL, &view_bindings);
}

static int ipsec_add(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *req = name_of(ctl, argc, argv);

	if (!req)
		return CTL_USAGE;
	if (ctl_words(ctl, &qn_words_binding, argc - 1, argv + 1, req)) {
		qn_rec_free(req);
		return CTL_USAGE;
	}
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_BINDING_NEW, 0, req);
}

static int ipsec_rekey(struct ctl *ctl, int argc, char **argv)
{
	return one(ctl, QKDNF_CMD_BINDING_REKEY, argc, argv);
}

static int ipsec_move(struct ctl *ctl, int argc, char **argv)
{
	static const char *const takes[] = { "address", "local" };
	struct qn_rec *req = name_of(ctl, argc, argv);
	int i;

	if (!req)
		return CTL_USAGE;
	for (i = 1; i < argc; i += 2)
		if (strcmp(argv[i], takes[0]) && strcmp(argv[i], takes[1])) {
			qn_rec_free(req);
			return ctl_usage(ctl, "'%s' cannot move: there are %s and %s", argv[i],
					 takes[0], takes[1]);
		}
	if (ctl_words(ctl, &qn_words_binding, argc - 1, argv + 1, req)) {
		qn_rec_free(req);
		return CTL_USAGE;
	}
	return ctl_send(ctl, ctl_km(ctl), QKDNF_CMD_BINDING_MOVE, 0, req);
}

static int ipsec_del(struct ctl *ctl, int argc, char **argv)
{
	return one(ctl, QKDNF_CMD_BINDING_DEL, argc, argv);
}

static const struct ctl_verb verbs[] = {
	{ .name = "show",
	  .args = "[REQID]",
	  .run = ipsec_show,
	  .summary = "show the bindings, or one with its limits and associations" },
	{ .name = "add",
	  .args = "REQID peer PEER address IP local IP [SETTING VALUE]...",
	  .run = ipsec_add,
	  .words = &qn_words_binding,
	  .summary = "have associations agreed with a peer, for the policies of a reqid",
	  .help = "  qkdnfctl ipsec add 7 peer 64496:2 address 192.0.2.2 local 192.0.2.1 if-id 7\n"
		  "  ip link add ipsec7 type xfrm if_id 7; ip link set ipsec7 up\n"
		  "  for d in out in fwd; do ip xfrm policy add dir $d if_id 7 \\\n"
		  "    tmpl proto esp mode tunnel reqid 7; done   # with src and dst\n" },
	{ .name = "rekey",
	  .args = "REQID",
	  .run = ipsec_rekey,
	  .summary = "agree fresh associations now, in both directions" },
	{ .name = "move",
	  .args = "REQID [local IP] [address IP]",
	  .run = ipsec_move,
	  .summary = "put a tunnel at other outer addresses, sessions in it live on",
	  .help = "  The other end is told of the own address: say it where it moves, with the new\n"
		  "  address in place already and the old one still there. Fresh associations are\n"
		  "  agreed before the old ones go, and policies with this reqid follow.\n" },
	{ .name = "del",
	  .args = "REQID",
	  .run = ipsec_del,
	  .summary = "take a binding away, and its associations at both ends" },
	{ 0 }
};

int cmd_ipsec(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
