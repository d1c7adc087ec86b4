// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qkdnfctl tunnel: one-time-pad tunnels, links of kind qkdnf.
 *
 * They are made by rtnetlink, like any link; what is done here is what ip(8), which
 * does not know the kind, cannot do: to set and to show what is its own.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/qkdnf_tunnel.h>
#include <linux/rtnetlink.h>

#include "ctl.h"

#define REPLY_SIZE 65536

/* Beside the attributes of the kind: those of every link. */
enum {
	T_NAME = __IFLA_QKDNF_MAX,
	T_MTU,
	T_RX_PACKETS,
	T_RX_OCTETS,
	T_RX_ERRORS,
	T_RX_DROPPED,
	T_TX_PACKETS,
	T_TX_OCTETS,
	T_TX_ERRORS,
	T_TX_DROPPED,
	__T_MAX,
};

static const char *const state_names[] = { "down", "unpaired", "rng-key", "out-of-key", "up" };

static const struct qn_enum states = { .name = "state",
				       .names = state_names,
				       .count = QN_ARRAY_SIZE(state_names) };

#define OCTETS(n)                                                                       \
	{                                                                               \
		.name = (n), .type = QN_U64, .format = QN_FMT_OCTETS, .max = UINT64_MAX \
	}
#define COUNT(n)                                               \
	{                                                      \
		.name = (n), .type = QN_U64, .max = UINT64_MAX \
	}
#define SMALL(n)                                             \
	{                                                    \
		.name = (n), .type = QN_U8, .max = UINT8_MAX \
	}
#define BOOL(n)                                                             \
	{                                                                   \
		.name = (n), .type = QN_U8, .format = QN_FMT_BOOL, .max = 1 \
	}

static const struct qn_attr attrs[] = {
	[IFLA_QKDNF_PEER] = { .name = "peer",
			      .type = QN_U64,
			      .format = QN_FMT_NODE,
			      .max = UINT64_MAX },
	[IFLA_QKDNF_TTL] = SMALL("ttl"),
	[IFLA_QKDNF_TTL_INHERIT] = BOOL("ttl-inherit"),
	[IFLA_QKDNF_TOS] = SMALL("tos"),
	[IFLA_QKDNF_TOS_INHERIT] = BOOL("tos-inherit"),
	[IFLA_QKDNF_LOW] = OCTETS("low"),
	[IFLA_QKDNF_HIGH] = OCTETS("high"),
	[IFLA_QKDNF_ALLOW_RNG] = BOOL("allow-rng"),
	[IFLA_QKDNF_STATE] = { .name = "state", .type = QN_U8, .values = &states },
	[IFLA_QKDNF_LEVEL] = OCTETS("level"),
	[IFLA_QKDNF_WAITS] = COUNT("waits"),
	[T_NAME] = { .name = "name", .type = QN_STRING, .max = IFNAMSIZ - 1 },
	[T_MTU] = { .name = "mtu", .type = QN_U32, .min = 68, .max = 2016 },
	[T_RX_PACKETS] = COUNT("rx-packets"),
	[T_RX_OCTETS] = OCTETS("rx-octets"),
	[T_RX_ERRORS] = COUNT("rx-errors"),
	[T_RX_DROPPED] = COUNT("rx-dropped"),
	[T_TX_PACKETS] = COUNT("tx-packets"),
	[T_TX_OCTETS] = OCTETS("tx-octets"),
	[T_TX_ERRORS] = COUNT("tx-errors"),
	[T_TX_DROPPED] = COUNT("tx-dropped"),
};

static const struct qn_set set_tunnel = { .name = "tunnel", .attrs = attrs, .max = __T_MAX - 1 };

#define VALUE(w, a, v, h)                                           \
	{                                                           \
		.word = (w), .attr = (a), .value = (v), .help = (h) \
	}

static const struct qn_word words[] = {
	VALUE("mtu", T_MTU, "OCTETS", "largest packet, at most 2016; what fits 1500 by default"),
	VALUE("ttl", IFLA_QKDNF_TTL, "0..255", "TTL of what is sent; 0 (default): the route's"),
	VALUE("ttl-inherit", IFLA_QKDNF_TTL_INHERIT, "yes|no", "TTL of the packet in the tunnel"),
	VALUE("tos", IFLA_QKDNF_TOS, "0..252", "DSCP of what is sent, as in 184 for EF"),
	VALUE("tos-inherit", IFLA_QKDNF_TOS_INHERIT, "yes|no", "DSCP of the packet in the tunnel"),
	VALUE("low", IFLA_QKDNF_LOW, "OCTETS",
	      "key left to others: with less the tunnel waits; a segment by default"),
	VALUE("high", IFLA_QKDNF_HIGH, "OCTETS",
	      "key with which it goes on; a segment more by default"),
	VALUE("allow-rng", IFLA_QKDNF_ALLOW_RNG, "yes|no",
	      "also with key from a random number generator; no by default"),
	{ 0 }
};

static const struct qn_words words_tunnel = { &set_tunnel, "tunnel", words };

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
	{ .head = "NAME", .attr = T_NAME },
	{ .head = "PEER", .attr = IFLA_QKDNF_PEER },
	{ .head = "STATE", .attr = IFLA_QKDNF_STATE, .colour = state_colour },
	{ .head = "KEY", .attr = IFLA_QKDNF_LEVEL, .right = true },
	{ .head = "WAITS", .attr = IFLA_QKDNF_WAITS, .right = true },
	{ .head = "MTU", .attr = T_MTU, .right = true },
	{ .head = "SENT", .attr = T_TX_OCTETS, .right = true },
	{ .head = "HEARD", .attr = T_RX_OCTETS, .right = true },
	{ .head = "TX ERRORS", .attr = T_TX_ERRORS, .right = true },
	{ .head = "RX ERRORS", .attr = T_RX_ERRORS, .right = true },
};

static const struct qn_view view = QN_VIEW(cols, "no tunnels: 'qkdnfctl tunnel add' makes one");

/* --- rtnetlink --------------------------------------------------------------- */

typedef void (*link_fn)(void *arg, const struct nlmsghdr *nlh);

static void refused(struct qn_error *err, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	unsigned int skip = sizeof(*e);
	const struct nlattr *a;
	const char *text = NULL;

	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += mnl_nlmsg_get_payload_len(&e->msg);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_for_each(a, nlh, skip)
			if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG)
				text = mnl_attr_get_str(a);
	if (text)
		qn_fail(err, "%s", text);
	else if (e->error == -EOPNOTSUPP)
		qn_fail(err, "this kernel has no such tunnels: 'modprobe qkdnf' first");
	else if (e->error == -ENODEV)
		qn_fail(err, "there is no such device");
	else if (e->error == -EEXIST)
		qn_fail(err, "there is a device of this name");
	else
		qn_fail_errno(err, -e->error, "the kernel refuses");
}

/* One request and all that answers it. Return: 0, or -1 with @err. */
static int ask(struct nlmsghdr *nlh, link_fn each, void *arg, struct qn_error *err)
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char *reply = qn_alloc(REPLY_SIZE);
	int on = 1, ret = -1;

	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		qn_fail_errno(err, errno, "cannot ask the kernel");
		goto out;
	}
	mnl_socket_setsockopt(sock, NETLINK_EXT_ACK, &on, sizeof(on));
	nlh->nlmsg_seq = (uint32_t)time(NULL);
	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0) {
		qn_fail_errno(err, errno, "cannot ask the kernel");
		goto out;
	}
	for (;;) {
		ssize_t got = mnl_socket_recvfrom(sock, reply, REPLY_SIZE);
		const struct nlmsghdr *r = (const void *)reply;
		int len = (int)got;

		if (got < 0) {
			qn_fail_errno(err, errno, "cannot read the kernel's answer");
			goto out;
		}
		for (; mnl_nlmsg_ok(r, len); r = mnl_nlmsg_next(r, &len)) {
			if (r->nlmsg_type == NLMSG_DONE) {
				ret = 0;
				goto out;
			}
			if (r->nlmsg_type == NLMSG_ERROR) {
				const struct nlmsgerr *e = mnl_nlmsg_get_payload(r);

				ret = e->error ? -1 : 0;
				if (ret)
					refused(err, r);
				goto out;
			}
			if (r->nlmsg_type == RTM_NEWLINK && each)
				each(arg, r);
		}
	}
out:
	if (sock)
		mnl_socket_close(sock);
	free(reply);
	return ret;
}

static struct nlmsghdr *request(char *buf, uint16_t type, uint16_t flags, const char *name)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	if (name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nlh;
}

static void put_settings(struct nlmsghdr *nlh, const struct qn_rec *rec)
{
	struct nlattr *info, *data;
	unsigned int i;

	if (qn_has(rec, T_MTU))
		mnl_attr_put_u32(nlh, IFLA_MTU, (uint32_t)qn_get(rec, T_MTU, 0));
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, QKDNF_TUNNEL_KIND);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	for (i = 1; i <= IFLA_QKDNF_MAX; i++) {
		if (!qn_has(rec, i))
			continue;
		if (attrs[i].type == QN_U64)
			mnl_attr_put_u64(nlh, (uint16_t)i, qn_get(rec, i, 0));
		else
			mnl_attr_put_u8(nlh, (uint16_t)i, (uint8_t)qn_get(rec, i, 0));
	}
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

/* --- what the kernel tells ---------------------------------------------------- */

struct links {
	struct qn_rec *list;
	const char *name; /* only this one, or NULL */
};

static void take_data(struct qn_rec *rec, const struct nlattr *data)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, data) {
		unsigned int type = mnl_attr_get_type(a);
		size_t len = mnl_attr_get_payload_len(a);

		if (type > IFLA_QKDNF_MAX || !attrs[type].name)
			continue;
		if (len == sizeof(uint64_t))
			qn_set(rec, type, mnl_attr_get_u64(a));
		else if (len == sizeof(uint8_t))
			qn_set(rec, type, mnl_attr_get_u8(a));
	}
}

static void take_stats(struct qn_rec *rec, const struct nlattr *attr)
{
	struct rtnl_link_stats64 s;

	if (mnl_attr_get_payload_len(attr) < sizeof(s))
		return;
	memcpy(&s, mnl_attr_get_payload(attr), sizeof(s));
	qn_set(rec, T_RX_PACKETS, s.rx_packets);
	qn_set(rec, T_RX_OCTETS, s.rx_bytes);
	qn_set(rec, T_RX_ERRORS, s.rx_errors);
	qn_set(rec, T_RX_DROPPED, s.rx_dropped);
	qn_set(rec, T_TX_PACKETS, s.tx_packets);
	qn_set(rec, T_TX_OCTETS, s.tx_bytes);
	qn_set(rec, T_TX_ERRORS, s.tx_errors);
	qn_set(rec, T_TX_DROPPED, s.tx_dropped);
}

/* The IFLA_INFO_DATA of a link of our kind, else NULL. */
static const struct nlattr *data_of(const struct nlattr *info)
{
	const struct nlattr *a, *data = NULL;
	bool ours = false;

	mnl_attr_for_each_nested(a, info) {
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			ours = !strcmp(mnl_attr_get_str(a), QKDNF_TUNNEL_KIND);
		else if (mnl_attr_get_type(a) == IFLA_INFO_DATA)
			data = a;
	}
	return ours ? data : NULL;
}

static void take_link(void *arg, const struct nlmsghdr *nlh)
{
	struct links *links = arg;
	const struct nlattr *a, *data = NULL;
	struct qn_rec *rec = qn_rec_new(&set_tunnel);

	mnl_attr_for_each(a, nlh, sizeof(struct ifinfomsg)) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			qn_set_str(rec, T_NAME, mnl_attr_get_str(a));
			break;
		case IFLA_MTU:
			qn_set(rec, T_MTU, mnl_attr_get_u32(a));
			break;
		case IFLA_STATS64:
			take_stats(rec, a);
			break;
		case IFLA_LINKINFO:
			data = data_of(a);
			break;
		}
	}
	if (!data || (links->name && strcmp(links->name, qn_get_str(rec, T_NAME)))) {
		qn_rec_free(rec);
		return;
	}
	take_data(rec, data);
	rec->next = links->list;
	links->list = rec;
}

static int read_links(struct ctl *ctl, const char *name, struct qn_rec **list)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct links links = { .name = name };

	if (ask(request(buf, RTM_GETLINK, NLM_F_DUMP, NULL), take_link, &links, &ctl->err)) {
		qn_rec_list_free(links.list);
		return ctl_failed(ctl);
	}
	if (name && !links.list)
		return ctl_error(ctl, "no tunnel '%s': 'qkdnfctl tunnel show' lists them", name);
	*list = qn_rec_list_reverse(links.list);
	return 0;
}

/* --- verbs -------------------------------------------------------------------- */

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
		qn_out_list_begin(&ctl->out, &view);
		for (rec = list; rec; rec = rec->next)
			qn_out_row(&ctl->out, rec);
		qn_out_list_end(&ctl->out);
	}
	qn_rec_list_free(list);
	return 0;
}

static bool name_fits(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && !strchr(name, '/');
}

static int change(struct ctl *ctl, uint16_t flags, const char *name, const struct qn_rec *rec)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = request(buf, RTM_NEWLINK, flags, name);

	put_settings(nlh, rec);
	return ask(nlh, NULL, NULL, &ctl->err) ? ctl_failed(ctl) : 0;
}

static int tunnel_add(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *rec;
	uint64_t peer;
	int status;

	if (argc < 2)
		return ctl_usage(ctl,
				 argc ? "which peer does it lead to?" : "how shall it be named?");
	if (!name_fits(argv[0]))
		return ctl_usage(ctl, "'%s' cannot name a device: 1 to %d characters, no '/'",
				 argv[0], IFNAMSIZ - 1);
	if (ctl_node(ctl, "peer", argv[1], &peer))
		return CTL_USAGE;
	rec = qn_rec_new(&set_tunnel);
	qn_set(rec, IFLA_QKDNF_PEER, peer);
	status = ctl_words(ctl, &words_tunnel, argc - 2, argv + 2, rec);
	if (!status)
		status = change(ctl, NLM_F_CREATE | NLM_F_EXCL, argv[0], rec);
	qn_rec_free(rec);
	return status;
}

static int tunnel_set(struct ctl *ctl, int argc, char **argv)
{
	struct qn_rec *rec, *old = NULL;
	int status;

	if (argc < 2)
		return ctl_usage(ctl, argc ? "nothing to set" : "which tunnel?");
	rec = qn_rec_new(&set_tunnel);
	status = ctl_words(ctl, &words_tunnel, argc - 1, argv + 1, rec);
	if (!status)
		status = read_links(ctl, argv[0], &old);
	if (!status)
		status = change(ctl, 0, argv[0], rec);
	qn_rec_list_free(old);
	qn_rec_free(rec);
	return status;
}

static int tunnel_del(struct ctl *ctl, int argc, char **argv)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct qn_rec *old = NULL;
	int status;

	if (argc != 1)
		return ctl_usage(ctl, argc ? "one tunnel at a time" : "which tunnel?");
	/* Not a device of another kind that has this name. */
	status = read_links(ctl, argv[0], &old);
	qn_rec_list_free(old);
	if (status)
		return status;
	return ask(request(buf, RTM_DELLINK, 0, argv[0]), NULL, NULL, &ctl->err) ? ctl_failed(ctl) :
										   0;
}

static const struct ctl_verb verbs[] = {
	{ .name = "show",
	  .args = "[NAME]",
	  .run = tunnel_show,
	  .summary = "show the tunnels, or one with all its counters" },
	{ .name = "add",
	  .args = "NAME PEER [SETTING VALUE]...",
	  .run = tunnel_add,
	  .words = &words_tunnel,
	  .summary = "make a tunnel to a peer that has an address; both ends need one",
	  .help = "  qkdnfctl tunnel add otp0 64498:3\n"
		  "  ip addr add 10.9.0.1/24 dev otp0; ip link set otp0 up\n" },
	{ .name = "set",
	  .args = "NAME SETTING VALUE...",
	  .run = tunnel_set,
	  .words = &words_tunnel,
	  .summary = "change a tunnel; what is not named stays" },
	{ .name = "del", .args = "NAME", .run = tunnel_del, .summary = "take a tunnel away" },
	{ 0 }
};

int cmd_tunnel(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
