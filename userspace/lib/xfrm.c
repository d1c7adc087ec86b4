// SPDX-License-Identifier: GPL-2.0-or-later
/* xfrm interfaces and policies for bindings. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/qkdnf.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

#include "rtnl.h"
#include "text.h"
#include "xfrm.h"

static const struct qn_rtnl links = {
	.bus = NETLINK_ROUTE,
	.type = RTM_NEWLINK,
	.unknown = "this kernel has no xfrm interfaces: 'modprobe xfrm_interface' first",
	.exists = "there is a device of this name, or an xfrm interface of this if-id",
};

static const struct qn_rtnl policies = {
	.bus = NETLINK_XFRM,
	.type = XFRM_MSG_NEWPOLICY,
	.exists = "there is a policy for this traffic already: it stays",
};

int qn_prefix_parse(struct qn_prefix *p, const char *text, struct qn_error *err)
{
	char addr[INET6_ADDRSTRLEN + 1] = "";
	size_t n = strcspn(text, "/");
	uint64_t len;
	unsigned int i;

	memset(p, 0, sizeof(*p));
	if (n < sizeof(addr))
		memcpy(addr, text, n);
	p->family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(p->family, addr, p->addr) != 1)
		return qn_fail(err, "'%s' is no network: write it as 192.0.2.0/24 or 2001:db8::/32",
			       text);
	len = p->family == AF_INET ? 32 : 128;
	if (text[n] && qn_parse_number(text + n + 1, 0, len, &len, err))
		return qn_fail_prefix(err, "%s", text);
	p->len = (uint8_t)len;
	for (i = p->len; i < (p->family == AF_INET ? 32 : 128); i++)
		if (p->addr[i / 8] & (0x80 >> i % 8))
			return qn_fail(err, "%s: there are bits behind the prefix", text);
	return 0;
}

/* --- interfaces ---------------------------------------------------------------- */

static struct nlmsghdr *link_request(char *buf, uint16_t type, uint16_t flags, const char *name)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	if (type == RTM_NEWLINK) {
		info->ifi_flags = IFF_UP;
		info->ifi_change = IFF_UP;
	}
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nlh;
}

static int if_id_of(const struct qn_rec *binding, uint32_t *if_id, struct qn_error *err)
{
	*if_id = (uint32_t)qn_get(binding, QKDNF_A_BINDING_IF_ID, 0);
	if (*if_id)
		return 0;
	return qn_fail(err, "the binding has no if-id: make it anew with one");
}

int qn_xfrm_interface_add(const struct qn_rec *binding, const char *name, struct qn_error *err)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlattr *info, *data;
	struct nlmsghdr *nlh;
	uint32_t if_id;

	if (if_id_of(binding, &if_id, err))
		return -1;
	nlh = link_request(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "xfrm");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_XFRM_IF_ID, if_id);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return qn_rtnl_ask(&links, nlh, NULL, NULL, err);
}

/* The if-id of an xfrm interface, into a u32; left alone if it is another kind. */
static void take_if_id(void *arg, const struct nlmsghdr *nlh)
{
	const struct nlattr *a, *b, *c, *data = NULL;
	uint32_t *if_id = arg;
	bool xfrm = false;

	mnl_attr_for_each(a, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(a) != IFLA_LINKINFO)
			continue;
		mnl_attr_for_each_nested(b, a) {
			if (mnl_attr_get_type(b) == IFLA_INFO_KIND)
				xfrm = !strcmp(mnl_attr_get_str(b), "xfrm");
			else if (mnl_attr_get_type(b) == IFLA_INFO_DATA)
				data = b;
		}
	}
	if (!xfrm || !data)
		return;
	mnl_attr_for_each_nested(c, data)
		if (mnl_attr_get_type(c) == IFLA_XFRM_IF_ID)
			*if_id = mnl_attr_get_u32(c);
}

int qn_xfrm_interface_del(const struct qn_rec *binding, const char *name, struct qn_error *err)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	uint32_t if_id, found = 0;

	if (if_id_of(binding, &if_id, err) ||
	    qn_rtnl_ask(&links, link_request(buf, RTM_GETLINK, 0, name), take_if_id, &found, err))
		return -1;
	if (found != if_id)
		return qn_fail(err, "%s is no xfrm interface of if-id %u: it stays", name, if_id);
	return qn_rtnl_ask(&links, link_request(buf, RTM_DELLINK, 0, name), NULL, NULL, err);
}

/* --- policies ------------------------------------------------------------------ */

static struct nlmsghdr *policy_request(char *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return nlh;
}

static void select_between(struct xfrm_selector *s, const struct qn_prefix *from,
			   const struct qn_prefix *to)
{
	s->family = from->family;
	memcpy(&s->saddr, from->addr, sizeof(from->addr));
	memcpy(&s->daddr, to->addr, sizeof(to->addr));
	s->prefixlen_s = from->len;
	s->prefixlen_d = to->len;
}

static void put_template(struct nlmsghdr *nlh, const struct qn_rec *binding, bool out)
{
	bool v4 = qn_has(binding, QKDNF_A_BINDING_ADDR4);
	struct xfrm_user_tmpl t = {
		.family = v4 ? AF_INET : AF_INET6,
		.id.proto = IPPROTO_ESP,
		.reqid = (uint32_t)qn_get(binding, QKDNF_A_BINDING_REQID, 0),
		.aalgos = ~0U,
		.ealgos = ~0U,
		.calgos = ~0U,
	};
	const uint8_t *far, *own;
	size_t len;

	far = qn_get_bin(binding, v4 ? QKDNF_A_BINDING_ADDR4 : QKDNF_A_BINDING_ADDR6, &len);
	if (far)
		memcpy(out ? &t.id.daddr : &t.saddr, far, len);
	own = qn_get_bin(binding, v4 ? QKDNF_A_BINDING_LOCAL_ADDR4 : QKDNF_A_BINDING_LOCAL_ADDR6,
			 &len);
	if (own)
		memcpy(out ? &t.saddr : &t.id.daddr, own, len);
	t.mode = qn_get(binding, QKDNF_A_BINDING_MODE, 0) == QKDNF_IPSEC_MODE_TUNNEL ?
			 XFRM_MODE_TUNNEL :
			 XFRM_MODE_TRANSPORT;
	mnl_attr_put(nlh, XFRMA_TMPL, sizeof(t), &t);
}

static void put_if_id(struct nlmsghdr *nlh, uint32_t if_id)
{
	if (if_id)
		mnl_attr_put_u32(nlh, XFRMA_IF_ID, if_id);
}

static int add_one(const struct qn_rec *binding, const struct qn_prefix *own,
		   const struct qn_prefix *far, uint8_t dir, struct qn_error *err)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = policy_request(buf, XFRM_MSG_NEWPOLICY, NLM_F_CREATE | NLM_F_EXCL);
	struct xfrm_userpolicy_info *p = mnl_nlmsg_put_extra_header(nlh, sizeof(*p));
	bool out = dir == XFRM_POLICY_OUT;

	select_between(&p->sel, out ? own : far, out ? far : own);
	p->lft.soft_byte_limit = XFRM_INF;
	p->lft.hard_byte_limit = XFRM_INF;
	p->lft.soft_packet_limit = XFRM_INF;
	p->lft.hard_packet_limit = XFRM_INF;
	p->dir = dir;
	p->action = XFRM_POLICY_ALLOW;
	put_template(nlh, binding, out);
	put_if_id(nlh, (uint32_t)qn_get(binding, QKDNF_A_BINDING_IF_ID, 0));
	return qn_rtnl_ask(&policies, nlh, NULL, NULL, err);
}

static int delete_one(const struct xfrm_userpolicy_id *id, uint32_t if_id, struct qn_error *err)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = policy_request(buf, XFRM_MSG_DELPOLICY, 0);

	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(*id)), id, sizeof(*id));
	put_if_id(nlh, if_id);
	return qn_rtnl_ask(&policies, nlh, NULL, NULL, err);
}

int qn_xfrm_policy_add(const struct qn_rec *binding, const struct qn_prefix *own,
		       const struct qn_prefix *far, struct qn_error *err)
{
	static const uint8_t dirs[] = { XFRM_POLICY_IN, XFRM_POLICY_OUT, XFRM_POLICY_FWD };
	bool tunnel = qn_get(binding, QKDNF_A_BINDING_MODE, 0) == QKDNF_IPSEC_MODE_TUNNEL;
	size_t i, count = tunnel ? 3 : 2;

	if (own->family != far->family)
		return qn_fail(err, "the two networks are not of one IP version");
	for (i = 0; i < count; i++)
		if (add_one(binding, own, far, dirs[i], err))
			break;
	if (i == count)
		return 0;
	while (i--) {
		bool out = dirs[i] == XFRM_POLICY_OUT;
		struct xfrm_userpolicy_id id = { .dir = dirs[i] };
		struct qn_error ignored = { 0 };

		select_between(&id.sel, out ? own : far, out ? far : own);
		delete_one(&id, (uint32_t)qn_get(binding, QKDNF_A_BINDING_IF_ID, 0), &ignored);
	}
	return -1;
}

/* Policies that are to go. */
struct found {
	struct found *next;
	struct xfrm_userpolicy_id id;
	uint32_t if_id;
};

struct wanted {
	uint32_t reqid;
	const struct qn_prefix *own, *far;
	struct found *list;
};

static bool is_between(const struct xfrm_selector *s, const struct qn_prefix *from,
		       const struct qn_prefix *to)
{
	struct xfrm_selector like = { 0 };

	select_between(&like, from, to);
	return s->family == like.family && s->prefixlen_s == like.prefixlen_s &&
	       s->prefixlen_d == like.prefixlen_d && !s->proto && !s->sport_mask &&
	       !s->dport_mask && !s->ifindex &&
	       !memcmp(&s->saddr, &like.saddr, sizeof(like.saddr)) &&
	       !memcmp(&s->daddr, &like.daddr, sizeof(like.daddr));
}

static void take_policy(void *arg, const struct nlmsghdr *nlh)
{
	const struct xfrm_userpolicy_info *p = mnl_nlmsg_get_payload(nlh);
	const struct xfrm_user_tmpl *t = NULL;
	struct wanted *w = arg;
	bool out = p->dir == XFRM_POLICY_OUT;
	const struct nlattr *a;
	struct found *f;
	uint32_t if_id = 0;

	if (p->dir > XFRM_POLICY_FWD ||
	    !is_between(&p->sel, out ? w->own : w->far, out ? w->far : w->own))
		return;
	mnl_attr_for_each(a, nlh, sizeof(*p)) {
		if (mnl_attr_get_type(a) == XFRMA_IF_ID)
			if_id = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == XFRMA_TMPL &&
			 mnl_attr_get_payload_len(a) == sizeof(*t)) /* one of them */
			t = mnl_attr_get_payload(a);
	}
	if (!t || t->reqid != w->reqid || t->id.proto != IPPROTO_ESP)
		return;
	f = qn_alloc(sizeof(*f));
	/* By its number: another policy may be for the same traffic. */
	f->id.index = p->index;
	f->id.dir = p->dir;
	f->id.sel = p->sel;
	f->if_id = if_id;
	f->next = w->list;
	w->list = f;
}

int qn_xfrm_policy_del(uint32_t reqid, const struct qn_prefix *own, const struct qn_prefix *far,
		       unsigned int *count, struct qn_error *err)
{
	struct wanted w = { .reqid = reqid, .own = own, .far = far };
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = policy_request(buf, XFRM_MSG_GETPOLICY, NLM_F_DUMP);
	struct found *f;
	int ret;

	*count = 0;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct xfrm_userpolicy_id));
	ret = qn_rtnl_ask(&policies, nlh, take_policy, &w, err);
	while (w.list) {
		f = w.list;
		w.list = f->next;
		if (!ret)
			ret = delete_one(&f->id, f->if_id, err);
		*count += !ret;
		free(f);
	}
	return ret;
}
