// SPDX-License-Identifier: GPL-2.0-or-later
/* xfrm interfaces and policies for bindings: what they are, as records. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if.h>
#include <linux/qkdnf.h>
#include <linux/xfrm.h>

#include "text.h"
#include "xfrm-parts.h"

static const char *const direction_names[] = { "in", "out", "forward" };

static const struct qn_enum directions = { .name = "directions",
					   .names = direction_names,
					   .count = QN_ARRAY_SIZE(direction_names),
					   .flags = true };

#define NUMBER(n)                                              \
	{                                                      \
		.name = (n), .type = QN_U32, .max = UINT32_MAX \
	}
#define NETWORK(n)                                                          \
	{                                                                   \
		.name = (n), .type = QN_STRING, .max = INET6_ADDRSTRLEN + 4 \
	}
#define ADDRESS(n)                                                                         \
	{                                                                                  \
		.name = (n), .type = QN_BINARY, .format = QN_FMT_ADDR, .min = 4, .max = 16 \
	}
#define BOOL(n)                                                             \
	{                                                                   \
		.name = (n), .type = QN_U8, .format = QN_FMT_BOOL, .max = 1 \
	}

static const struct qn_attr interface_attrs[] = {
	[QN_XFRM_IF_NAME] = { .name = "name", .type = QN_STRING, .max = IFNAMSIZ - 1 },
	[QN_XFRM_IF_ID] = NUMBER("if-id"),
};

const struct qn_set qn_set_xfrm_interface = { .name = "xfrm-interface",
					      .attrs = interface_attrs,
					      .max = __QN_XFRM_IF_MAX - 1 };

static const struct qn_attr policy_attrs[] = {
	[QN_POLICY_REQID] = NUMBER("reqid"),
	[QN_POLICY_OWN] = NETWORK("own"),
	[QN_POLICY_FAR] = NETWORK("far"),
	[QN_POLICY_IF_ID] = NUMBER("if-id"),
	[QN_POLICY_DIRECTIONS] = { .name = "directions",
				   .type = QN_U8,
				   .values = &directions,
				   .max = 7 },
	[QN_POLICY_MODE] = { .name = "mode", .type = QN_U8, .values = &qn_enum_ipsec_mode },
	[QN_POLICY_LOCAL] = ADDRESS("local"),
	[QN_POLICY_ADDRESS] = ADDRESS("address"),
	[QN_POLICY_OPTIONAL] = BOOL("optional"),
	[QN_POLICY_NARROW] = BOOL("narrow"),
};

const struct qn_set qn_set_policy = { .name = "policy",
				      .attrs = policy_attrs,
				      .max = __QN_POLICY_MAX - 1 };

static const struct qn_word words[] = {
	{ .word = "own", .attr = QN_POLICY_OWN, .value = "NETWORK", .help = "at this end" },
	{ .word = "far", .attr = QN_POLICY_FAR, .value = "NETWORK", .help = "at the other end" },
	{ 0 },
};

const struct qn_words qn_words_policy = { &qn_set_policy, "policy", words };

#define INTERFACE (QN_BIT(QN_XFRM_IF_NAME) | QN_BIT(QN_XFRM_IF_ID))
#define NAMES                                                                      \
	(QN_BIT(QN_POLICY_REQID) | QN_BIT(QN_POLICY_OWN) | QN_BIT(QN_POLICY_FAR) | \
	 QN_BIT(QN_POLICY_IF_ID))
#define POLICY                                                                                     \
	(NAMES | QN_BIT(QN_POLICY_DIRECTIONS) | QN_BIT(QN_POLICY_MODE) | QN_BIT(QN_POLICY_LOCAL) | \
	 QN_BIT(QN_POLICY_ADDRESS) | QN_BIT(QN_POLICY_OPTIONAL))

static const struct qn_op ops[] = {
	[QN_XFRM_IF_NEW] = { .name = "interface-new",
			     .set = &qn_set_xfrm_interface,
			     .request = INTERFACE },
	[QN_XFRM_IF_SET] = { .name = "interface-set",
			     .set = &qn_set_xfrm_interface,
			     .request = INTERFACE },
	[QN_XFRM_IF_DEL] = { .name = "interface-del",
			     .set = &qn_set_xfrm_interface,
			     .request = INTERFACE },
	[QN_POLICY_NEW] = { .name = "policy-new", .set = &qn_set_policy, .request = POLICY },
	[QN_POLICY_SET] = { .name = "policy-set", .set = &qn_set_policy, .request = POLICY },
	[QN_POLICY_DEL] = { .name = "policy-del", .set = &qn_set_policy, .request = NAMES },
};

const struct qn_family qn_family_xfrm = {
	.name = "xfrm", .version = 1, .ops = ops, .max = QN_POLICY_DEL
};

int qn_xfrm_do(unsigned int cmd, const struct qn_rec *req, struct qn_error *err)
{
	return req->set == &qn_set_policy ? qn_policy_do(cmd, req, err) :
					    qn_xfrm_interface_do(cmd, req, err);
}

/* --- networks ------------------------------------------------------------------ */

int qn_network_from_text(struct qn_network *n, const char *text, struct qn_error *err)
{
	char addr[INET6_ADDRSTRLEN + 1] = "";
	size_t chars = strcspn(text, "/");
	uint64_t len;
	unsigned int i;

	memset(n, 0, sizeof(*n));
	if (chars < sizeof(addr))
		memcpy(addr, text, chars);
	n->family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(n->family, addr, n->addr) != 1)
		return qn_fail(err, "'%s' is no network: write it as 192.0.2.0/24 or 2001:db8::/32",
			       text);
	len = n->family == AF_INET ? 32 : 128;
	if (text[chars] && qn_parse_number(text + chars + 1, 0, len, &len, err))
		return qn_fail_prefix(err, "%s", text);
	n->len = (uint8_t)len;
	for (i = n->len; i < (n->family == AF_INET ? 32 : 128); i++)
		if (n->addr[i / 8] & (0x80 >> i % 8))
			return qn_fail(err, "%s: there are bits behind the prefix", text);
	return 0;
}

char *qn_network_to_text(char *buf, size_t size, const struct qn_network *n)
{
	char addr[INET6_ADDRSTRLEN] = "";

	inet_ntop(n->family, n->addr, addr, sizeof(addr));
	snprintf(buf, size, "%s/%u", addr, n->len);
	return buf;
}

int qn_network_parse(struct qn_rec *rec, unsigned int attr, const char *text, struct qn_error *err)
{
	char buf[QN_TEXT_MAX];
	struct qn_network n;

	if (qn_network_from_text(&n, text, err))
		return -1;
	qn_unset(rec, attr);
	qn_set_str(rec, attr, qn_network_to_text(buf, sizeof(buf), &n));
	return 0;
}

int qn_policy_check(const struct qn_rec *policy, struct qn_error *err)
{
	if (!strchr(qn_get_str(policy, QN_POLICY_OWN), ':') ==
	    !strchr(qn_get_str(policy, QN_POLICY_FAR), ':'))
		return 0;
	return qn_fail(err, "the two networks are not of one IP version");
}

static void take_address(struct qn_rec *policy, unsigned int attr, const struct qn_rec *binding,
			 unsigned int attr4, unsigned int attr6)
{
	const uint8_t *addr;
	size_t len;

	addr = qn_get_bin(binding, qn_has(binding, attr4) ? attr4 : attr6, &len);
	qn_unset(policy, attr);
	if (addr)
		qn_set_bin(policy, attr, addr, len);
}

void qn_policy_complete(struct qn_rec *policy, const struct qn_rec *binding)
{
	uint64_t mode = qn_get(binding, QKDNF_A_BINDING_MODE, QKDNF_IPSEC_MODE_TUNNEL);

	qn_set(policy, QN_POLICY_REQID, qn_get(binding, QKDNF_A_BINDING_REQID, 0));
	qn_set(policy, QN_POLICY_IF_ID, qn_get(binding, QKDNF_A_BINDING_IF_ID, 0));
	qn_set(policy, QN_POLICY_MODE, mode);
	qn_set(policy, QN_POLICY_DIRECTIONS,
	       1 << XFRM_POLICY_IN | 1 << XFRM_POLICY_OUT |
		       (mode == QKDNF_IPSEC_MODE_TUNNEL ? 1 << XFRM_POLICY_FWD : 0));
	qn_set(policy, QN_POLICY_OPTIONAL, 0);
	take_address(policy, QN_POLICY_LOCAL, binding, QKDNF_A_BINDING_LOCAL_ADDR4,
		     QKDNF_A_BINDING_LOCAL_ADDR6);
	take_address(policy, QN_POLICY_ADDRESS, binding, QKDNF_A_BINDING_ADDR4,
		     QKDNF_A_BINDING_ADDR6);
}
