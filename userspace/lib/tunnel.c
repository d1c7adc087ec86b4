// SPDX-License-Identifier: GPL-2.0-or-later
/* One-time-pad tunnels: links of kind qkdnf. */
#define _DEFAULT_SOURCE
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "rtnl.h"
#include "tunnel.h"

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
	[QN_TUNNEL_NAME] = { .name = "name", .type = QN_STRING, .max = IFNAMSIZ - 1 },
	[QN_TUNNEL_MTU] = { .name = "mtu", .type = QN_U32, .min = 68, .max = 2016 },
	[QN_TUNNEL_RX_PACKETS] = COUNT("rx-packets"),
	[QN_TUNNEL_RX_OCTETS] = OCTETS("rx-octets"),
	[QN_TUNNEL_RX_ERRORS] = COUNT("rx-errors"),
	[QN_TUNNEL_RX_DROPPED] = COUNT("rx-dropped"),
	[QN_TUNNEL_TX_PACKETS] = COUNT("tx-packets"),
	[QN_TUNNEL_TX_OCTETS] = OCTETS("tx-octets"),
	[QN_TUNNEL_TX_ERRORS] = COUNT("tx-errors"),
	[QN_TUNNEL_TX_DROPPED] = COUNT("tx-dropped"),
};

const struct qn_set qn_set_tunnel = { .name = "tunnel",
				      .attrs = attrs,
				      .max = __QN_TUNNEL_MAX - 1 };

#define VALUE(w, a, v, h)                                           \
	{                                                           \
		.word = (w), .attr = (a), .value = (v), .help = (h) \
	}

static const struct qn_word words[] = {
	VALUE("name", QN_TUNNEL_NAME, "NAME", "of the device"),
	VALUE("peer", IFLA_QKDNF_PEER, "PROVIDER:NODE", "to which it leads"),
	VALUE("mtu", QN_TUNNEL_MTU, "OCTETS",
	      "largest packet, at most 2016; what fits 1500 by default"),
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
	{ 0 },
};

const struct qn_words qn_words_tunnel = { &qn_set_tunnel, "tunnel", words + 2 };
const struct qn_words qn_words_tunnel_in_file = { &qn_set_tunnel, "tunnel", words };

#define SETTABLE                                                                            \
	(QN_BIT(QN_TUNNEL_MTU) | QN_BIT(IFLA_QKDNF_TTL) | QN_BIT(IFLA_QKDNF_TTL_INHERIT) |  \
	 QN_BIT(IFLA_QKDNF_TOS) | QN_BIT(IFLA_QKDNF_TOS_INHERIT) | QN_BIT(IFLA_QKDNF_LOW) | \
	 QN_BIT(IFLA_QKDNF_HIGH) | QN_BIT(IFLA_QKDNF_ALLOW_RNG))

static const struct qn_op ops[] = {
	[QN_TUNNEL_NEW] = { .name = "tunnel-new",
			    .set = &qn_set_tunnel,
			    .request = QN_BIT(QN_TUNNEL_NAME) | QN_BIT(IFLA_QKDNF_PEER) |
				       SETTABLE },
	[QN_TUNNEL_SET] = { .name = "tunnel-set",
			    .set = &qn_set_tunnel,
			    .request = QN_BIT(QN_TUNNEL_NAME) | SETTABLE },
	[QN_TUNNEL_DEL] = { .name = "tunnel-del",
			    .set = &qn_set_tunnel,
			    .request = QN_BIT(QN_TUNNEL_NAME) },
};

const struct qn_family qn_family_tunnel = {
	.name = "rtnetlink", .version = 1, .ops = ops, .max = QN_TUNNEL_DEL
};

static const struct qn_rtnl rtnl = {
	.bus = NETLINK_ROUTE,
	.type = RTM_NEWLINK,
	.unknown = "this kernel has no such tunnels: 'modprobe qkdnf' first",
	.exists = "there is a device of this name",
};

static void put_settings(struct nlmsghdr *nlh, const struct qn_rec *rec)
{
	struct nlattr *info, *data;
	unsigned int i;

	if (qn_has(rec, QN_TUNNEL_MTU))
		mnl_attr_put_u32(nlh, IFLA_MTU, (uint32_t)qn_get(rec, QN_TUNNEL_MTU, 0));
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
	qn_set(rec, QN_TUNNEL_RX_PACKETS, s.rx_packets);
	qn_set(rec, QN_TUNNEL_RX_OCTETS, s.rx_bytes);
	qn_set(rec, QN_TUNNEL_RX_ERRORS, s.rx_errors);
	qn_set(rec, QN_TUNNEL_RX_DROPPED, s.rx_dropped);
	qn_set(rec, QN_TUNNEL_TX_PACKETS, s.tx_packets);
	qn_set(rec, QN_TUNNEL_TX_OCTETS, s.tx_bytes);
	qn_set(rec, QN_TUNNEL_TX_ERRORS, s.tx_errors);
	qn_set(rec, QN_TUNNEL_TX_DROPPED, s.tx_dropped);
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
	struct qn_rec *rec = qn_rec_new(&qn_set_tunnel);

	mnl_attr_for_each(a, nlh, sizeof(struct ifinfomsg)) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			qn_set_str(rec, QN_TUNNEL_NAME, mnl_attr_get_str(a));
			break;
		case IFLA_MTU:
			qn_set(rec, QN_TUNNEL_MTU, mnl_attr_get_u32(a));
			break;
		case IFLA_STATS64:
			take_stats(rec, a);
			break;
		case IFLA_LINKINFO:
			data = data_of(a);
			break;
		}
	}
	if (!data || (links->name && strcmp(links->name, qn_get_str(rec, QN_TUNNEL_NAME)))) {
		qn_rec_free(rec);
		return;
	}
	take_data(rec, data);
	rec->next = links->list;
	links->list = rec;
}

int qn_tunnel_list(const char *name, struct qn_rec **list, struct qn_error *err)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct links links = { .name = name };

	if (qn_rtnl_ask(&rtnl, qn_rtnl_link(buf, RTM_GETLINK, NLM_F_DUMP, NULL), take_link, &links,
			err)) {
		qn_rec_list_free(links.list);
		return -1;
	}
	*list = qn_rec_list_reverse(links.list);
	return 0;
}

bool qn_tunnel_name_fits(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && !strchr(name, '/');
}

int qn_tunnel_do(unsigned int cmd, const struct qn_rec *req, struct qn_error *err)
{
	uint16_t type = cmd == QN_TUNNEL_DEL ? RTM_DELLINK : RTM_NEWLINK;
	uint16_t flags = cmd == QN_TUNNEL_NEW ? NLM_F_CREATE | NLM_F_EXCL : 0;
	const char *name = qn_get_str(req, QN_TUNNEL_NAME);
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = qn_rtnl_link(buf, type, flags, name);

	if (cmd != QN_TUNNEL_DEL)
		put_settings(nlh, req);
	return qn_rtnl_ask(&rtnl, nlh, NULL, NULL, err);
}
