// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl pool, relay, flow and supply: what only can be looked at. */
#include <inttypes.h>
#include <stdio.h>

#include <linux/qkdnf.h>

#include "columns.h"
#include "ctl.h"

/*
 * Show all objects of a kind, or what a command answers for one peer: a list,
 * or one object. @attr is the attribute that names the peer.
 */
static int show(struct ctl *ctl, int argc, char **argv, unsigned int cmd, unsigned int attr,
		const struct qn_view *view, bool one)
{
	struct qn_rec *req = NULL;
	uint64_t peer;

	if (argc > 1)
		return ctl_usage(ctl, "'%s' is too much", argv[1]);
	if (argc) {
		if (ctl_node(ctl, "peer", argv[0], &peer))
			return CTL_USAGE;
		req = qn_rec_new(qn_family_qkdnf.ops[cmd].set);
		qn_set(req, attr, peer);
		if (one)
			return ctl_object(ctl, ctl_km(ctl), cmd, req);
	}
	return ctl_list(ctl, ctl_km(ctl), cmd, req, view);
}

/* --- pool ------------------------------------------------------------------- */

static void book(const struct qn_rec *peer, unsigned int attr, char *buf, size_t size)
{
	const struct qn_rec *books = qn_get_nest(peer, QKDNF_A_PEER_BOOKS);

	*buf = 0;
	if (books)
		qn_format_value(buf, size, books, attr, false);
}

static void book_in(const struct qn_rec *peer, char *buf, size_t size)
{
	book(peer, QKDNF_A_BOOKS_IN, buf, size);
}

static void book_spent(const struct qn_rec *peer, char *buf, size_t size)
{
	book(peer, QKDNF_A_BOOKS_SPENT, buf, size);
}

static void book_erased(const struct qn_rec *peer, char *buf, size_t size)
{
	book(peer, QKDNF_A_BOOKS_ERASED, buf, size);
}

static void security(const struct qn_rec *peer, char *buf, size_t size)
{
	snprintf(buf, size, "%s",
		 qn_has(peer, QKDNF_A_PEER_COMPUTATIONAL) ? "computational" : "information");
}

static const char *security_colour(const struct qn_rec *peer)
{
	return qn_has(peer, QKDNF_A_PEER_COMPUTATIONAL) ? QN_YELLOW : NULL;
}

static const struct qn_col pool_cols[] = {
	{ .head = "PEER", .attr = QKDNF_A_PEER_ID },
	{ .head = "NAME", .attr = QKDNF_A_PEER_NAME },
	{ .head = "LEVEL", .text = col_peer_bar },
	{ .head = "OWN",
	  .attr = QKDNF_A_PEER_OWN_LEVEL,
	  .right = true,
	  .colour = col_peer_level_colour },
	{ .head = "OTHER", .attr = QKDNF_A_PEER_OTHER_LEVEL, .right = true },
	{ .head = "LOW", .attr = QKDNF_A_PEER_LOW, .right = true },
	{ .head = "HIGH", .attr = QKDNF_A_PEER_HIGH, .right = true },
	{ .head = "MAX", .attr = QKDNF_A_PEER_POOL_MAX, .right = true },
	{ .head = "INCOME", .attr = QKDNF_A_PEER_INCOME, .right = true },
	{ .head = "IN", .text = book_in, .right = true },
	{ .head = "SPENT", .text = book_spent, .right = true },
	{ .head = "HELD", .attr = QKDNF_A_PEER_HELD, .right = true },
	{ .head = "ERASED", .text = book_erased, .right = true },
	{ .head = "SECURITY", .text = security, .colour = security_colour },
};

static const struct qn_view view_pools = QN_VIEW(pool_cols, "no peers, so no streams");

static int pool_show(struct ctl *ctl, int argc, char **argv)
{
	return show(ctl, argc, argv, QKDNF_CMD_PEER_GET, QKDNF_A_PEER_ID, &view_pools, true);
}

static const struct ctl_verb pool_verbs[] = {
	{ .name = "show",
	  .args = "[PEER]",
	  .run = pool_show,
	  .summary = "show the levels and books of the key streams",
	  .help = "  OWN     octets that this node can allocate now\n"
		  "  OTHER   octets that the other end can\n"
		  "  IN      octets delivered; always SPENT + HELD + ERASED\n\n"
		  "The marks are set with 'qkdnfctl peer set PEER pool|low|high OCTETS'.\n" },
	{ 0 }
};

int cmd_pool(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, pool_verbs, argc, argv);
}

/* --- relay ------------------------------------------------------------------ */

static int relay_show(struct ctl *ctl, int argc, char **argv)
{
	return show(ctl, argc, argv, QKDNF_CMD_RELAY_GET, QKDNF_A_RELAY_PEER, &view_relays, true);
}

static const struct ctl_verb relay_verbs[] = {
	{ .name = "show",
	  .args = "[PEER]",
	  .run = relay_show,
	  .summary = "show how the streams of remote peers are agreed",
	  .help = "  OUT, IN        segments confirmed, generated here and there\n"
		  "  AGAIN          frames repeated\n"
		  "  LOST, BAD      segments given up; discarded since the ends differed\n"
		  "  LAST REFUSAL   why a node on the way did not go on, and which\n" },
	{ 0 }
};

int cmd_relay(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, relay_verbs, argc, argv);
}

/* --- flow ------------------------------------------------------------------- */

static int flow_show(struct ctl *ctl, int argc, char **argv)
{
	return show(ctl, argc, argv, QKDNF_CMD_FLOW_GET, QKDNF_A_FLOW_PEER, &view_flows, false);
}

static const struct ctl_verb flow_verbs[] = {
	{ .name = "show",
	  .args = "[PEER]",
	  .run = flow_show,
	  .summary = "show the streams that use link key of this node, and their shares of it" },
	{ 0 }
};

int cmd_flow(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, flow_verbs, argc, argv);
}

/* --- supply ----------------------------------------------------------------- */

static const struct qn_col supply_cols[] = {
	{ .head = "PEER", .attr = QKDNF_A_SUPPLY_PEER },
	{ .head = "STATE", .attr = QKDNF_A_SUPPLY_STATE },
	{ .head = "OFFSET", .attr = QKDNF_A_SUPPLY_OFFSET, .right = true },
	{ .head = "OCTETS", .attr = QKDNF_A_SUPPLY_OCTETS, .right = true },
	{ .head = "TTL", .attr = QKDNF_A_SUPPLY_TTL, .right = true },
	{ .head = "LABEL", .attr = QKDNF_A_SUPPLY_LABEL },
};

static const struct qn_view view_supply =
	QN_VIEW(supply_cols, "no key is set aside for applications");

static int supply_show(struct ctl *ctl, int argc, char **argv)
{
	return show(ctl, argc, argv, QKDNF_CMD_SUPPLY_GET, QKDNF_A_SUPPLY_PEER, &view_supply,
		    false);
}

static const struct ctl_verb supply_verbs[] = {
	{ .name = "show",
	  .args = "[PEER]",
	  .run = supply_show,
	  .summary = "show the ranges of key that serve applications" },
	{ 0 }
};

int cmd_supply(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, supply_verbs, argc, argv);
}

/* --- stats ------------------------------------------------------------------ */

static int stats_show(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *stats = NULL;
	const struct qn_rec *books;
	uint64_t in, out;

	if (argc)
		return ctl_usage(ctl, "'%s' is too much", argv[0]);
	if (!ctl_km(ctl) || qn_nl_do(ctl->km, QKDNF_CMD_STATS_GET, 0, NULL, &stats, &ctl->err))
		return ctl_failed(ctl);
	qn_out_object(&ctl->out, stats);
	books = qn_get_nest(stats, QKDNF_A_STATS_BOOKS);
	in = qn_get(books, QKDNF_A_BOOKS_IN, 0);
	out = qn_get(books, QKDNF_A_BOOKS_SPENT, 0) + qn_get(books, QKDNF_A_BOOKS_HELD, 0) +
	      qn_get(books, QKDNF_A_BOOKS_ERASED, 0);
	qn_rec_free(stats);
	/* The sums are read while frames move, one counter after the other. */
	if (in != out && !ctl->out.json)
		ctl_warn(ctl,
			 "in is %" PRIu64 ", spent + held + erased is %" PRIu64
			 ": a fault if it stays so with no traffic",
			 in, out);
	return 0;
}

static const struct ctl_verb stats_verbs[] = {
	{ .name = "show",
	  .args = "",
	  .run = stats_show,
	  .summary = "show sums over the node, the books, and what was dropped, but no zeros" },
	{ 0 }
};

int cmd_stats(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, stats_verbs, argc, argv);
}
