// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qkdnfctl tunnel: one-time-pad tunnels, links of kind qkdnf.
 *
 * They are made by rtnetlink, like any link; what is done here is what ip(8), which
 * does not know the kind, cannot do: to set and to show what is its own.
 */
#include <linux/if.h>

#include "columns.h"
#include "ctl.h"
#include "tunnel.h"

static const char *state_colour(const struct qn_rec *rec)
{
	switch (qn_get(rec, IFLA_QKDNF_STATE, 0)) {
	case QKDNF_TUNNEL_UP:
		return QN_GREEN;
	case QKDNF_TUNNEL_DOWN:
		return QN_DIM;
	case QKDNF_TUNNEL_RNG:
		return QN_RED;
	}
	return QN_YELLOW;
}

static const struct qn_col cols[] = {
	{ .head = "NAME", .attr = QN_TUNNEL_NAME },
	{ .head = "PEER", .attr = IFLA_QKDNF_PEER },
	{ .head = "STATE", .attr = IFLA_QKDNF_STATE, .colour = state_colour },
	{ .head = "KEY", .attr = IFLA_QKDNF_LEVEL, .right = true },
	{ .head = "WAITS", .attr = IFLA_QKDNF_WAITS, .right = true },
	{ .head = "MTU", .attr = QN_TUNNEL_MTU, .right = true },
	{ .head = "SENT", .attr = QN_TUNNEL_TX_OCTETS, .right = true },
	{ .head = "HEARD", .attr = QN_TUNNEL_RX_OCTETS, .right = true },
	{ .head = "TX ERRORS", .attr = QN_TUNNEL_TX_ERRORS, .right = true },
	{ .head = "RX ERRORS", .attr = QN_TUNNEL_RX_ERRORS, .right = true },
};

const struct qn_view view_tunnels = QN_VIEW(cols, "no tunnels: 'qkdnfctl tunnel add' makes one");

/* --- verbs -------------------------------------------------------------------- */

static int read_links(struct ctl *ctl, const char *name, struct qn_rec **list)
{
	if (qn_tunnel_list(name, list, &ctl->err))
		return ctl_failed(ctl);
	if (name && !*list)
		return ctl_error(ctl, "no tunnel '%s': 'qkdnfctl tunnel show' lists them", name);
	return 0;
}

static int tunnel_show(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *list = NULL, *rec;
	int status;

	if (argc > 1)
		return ctl_usage(ctl, "'%s' is too much", argv[1]);
	status = read_links(ctl, argc ? argv[0] : NULL, &list);
	if (status)
		return status;
	if (argc) {
		qn_out_object(&ctl->out, list);
	} else {
		qn_out_list_begin(&ctl->out, &view_tunnels);
		for (rec = list; rec; rec = rec->next)
			qn_out_row(&ctl->out, rec);
		qn_out_list_end(&ctl->out);
	}
	qn_rec_list_free(list);
	return 0;
}

/* Send a request about a tunnel. Frees @req. */
static int tunnel_do(struct ctl *ctl, unsigned int cmd, struct qn_rec *req)
{
	int ret = qn_tunnel_do(cmd, req, &ctl->err);

	qn_rec_free(req);
	return ret ? ctl_failed(ctl) : 0;
}

static int tunnel_add(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *rec;
	uint64_t peer;
	int status;

	if (argc < 2)
		return ctl_usage(ctl,
				 argc ? "which peer does it lead to?" : "how shall it be named?");
	if (!qn_tunnel_name_fits(argv[0]))
		return ctl_usage(ctl, "'%s' cannot name a device: 1 to %d characters, no '/'",
				 argv[0], IFNAMSIZ - 1);
	if (ctl_node(ctl, "peer", argv[1], &peer))
		return CTL_USAGE;
	rec = qn_rec_new(&qn_set_tunnel);
	qn_set(rec, IFLA_QKDNF_PEER, peer);
	qn_set_str(rec, QN_TUNNEL_NAME, argv[0]);
	status = ctl_words(ctl, &qn_words_tunnel, argc - 2, argv + 2, rec);
	if (!status)
		return tunnel_do(ctl, QN_TUNNEL_NEW, rec);
	qn_rec_free(rec);
	return status;
}

static int tunnel_set(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *rec, *old = NULL;
	int status;

	if (argc < 2)
		return ctl_usage(ctl, argc ? "nothing to set" : "which tunnel?");
	rec = qn_rec_new(&qn_set_tunnel);
	qn_set_str(rec, QN_TUNNEL_NAME, argv[0]);
	status = ctl_words(ctl, &qn_words_tunnel, argc - 1, argv + 1, rec);
	if (!status)
		status = read_links(ctl, argv[0], &old);
	qn_rec_list_free(old);
	if (!status)
		return tunnel_do(ctl, QN_TUNNEL_SET, rec);
	qn_rec_free(rec);
	return status;
}

static int tunnel_del(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *old = NULL;
	int status;

	if (argc != 1)
		return ctl_usage(ctl, argc ? "one tunnel at a time" : "which tunnel?");
	/* Not a device of another kind that has this name. */
	status = read_links(ctl, argv[0], &old);
	return status ? status : tunnel_do(ctl, QN_TUNNEL_DEL, old);
}

static const struct ctl_verb verbs[] = {
	{ .name = "show",
	  .args = "[NAME]",
	  .run = tunnel_show,
	  .summary = "show the tunnels, or one with all its counters" },
	{ .name = "add",
	  .args = "NAME PEER [SETTING VALUE]...",
	  .run = tunnel_add,
	  .words = &qn_words_tunnel,
	  .summary = "make a tunnel to a peer that has an address; both ends need one",
	  .help = "  qkdnfctl tunnel add otp0 64498:3\n"
		  "  ip addr add 10.9.0.1/24 dev otp0; ip link set otp0 up\n" },
	{ .name = "set",
	  .args = "NAME SETTING VALUE...",
	  .run = tunnel_set,
	  .words = &qn_words_tunnel,
	  .summary = "change a tunnel; what is not named stays" },
	{ .name = "del", .args = "NAME", .run = tunnel_del, .summary = "take a tunnel away" },
	{ 0 }
};

int cmd_tunnel(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
