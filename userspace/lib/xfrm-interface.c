// SPDX-License-Identifier: GPL-2.0-or-later
/* xfrm interfaces: links of kind xfrm. */
#define _DEFAULT_SOURCE
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "rtnl.h"
#include "xfrm-parts.h"

#define KIND "xfrm"

static const struct qn_rtnl links = {
	.bus = NETLINK_ROUTE,
	.type = RTM_NEWLINK,
	.unknown = "this kernel has no xfrm interfaces: 'modprobe xfrm_interface' first",
	.exists = "there is a device of this name, or an xfrm interface of this if-id",
};

static void put_kind(struct nlmsghdr *nlh, uint32_t if_id)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, KIND);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_XFRM_IF_ID, if_id);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

/* The if-id of a link of this kind, 0 if it is another kind. */
static uint32_t if_id_of(const struct nlattr *info)
{
	const struct nlattr *a, *data = NULL;
	uint32_t if_id = 0;
	bool ours = false;

	mnl_attr_for_each_nested(a, info) {
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			ours = !strcmp(mnl_attr_get_str(a), KIND);
		else if (mnl_attr_get_type(a) == IFLA_INFO_DATA)
			data = a;
	}
	if (!ours || !data)
		return 0;
	mnl_attr_for_each_nested(a, data)
		if (mnl_attr_get_type(a) == IFLA_XFRM_IF_ID)
			if_id = mnl_attr_get_u32(a);
	return if_id;
}

static void take_link(void *arg, const struct nlmsghdr *nlh)
{
	struct qn_rec *rec = qn_rec_new(&qn_set_xfrm_interface), **list = arg;
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(a) == IFLA_IFNAME)
			qn_set_str(rec, QN_XFRM_IF_NAME, mnl_attr_get_str(a));
		else if (mnl_attr_get_type(a) == IFLA_LINKINFO)
			qn_set(rec, QN_XFRM_IF_ID, if_id_of(a));
	}
	if (!qn_get(rec, QN_XFRM_IF_ID, 0)) {
		qn_rec_free(rec);
		return;
	}
	rec->next = *list;
	*list = rec;
}

int qn_xfrm_interfaces(struct qn_rec **list, struct qn_error *err)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct qn_rec *found = NULL;

	if (qn_rtnl_ask(&links, qn_rtnl_link(buf, RTM_GETLINK, NLM_F_DUMP, NULL), take_link, &found,
			err)) {
		qn_rec_list_free(found);
		return -1;
	}
	*list = qn_rec_list_reverse(found);
	return 0;
}

/* Is the device an xfrm interface, of this if-id if it is not 0? */
static int check(const char *name, uint32_t if_id, struct qn_error *err)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct qn_rec *found = NULL;
	uint32_t is;

	if (qn_rtnl_ask(&links, qn_rtnl_link(buf, RTM_GETLINK, 0, name), take_link, &found, err))
		return -1;
	is = (uint32_t)qn_get(found, QN_XFRM_IF_ID, 0);
	qn_rec_list_free(found);
	if (is && (is == if_id || !if_id))
		return 0;
	return if_id ? qn_fail(err, "%s is no xfrm interface of if-id %u: it stays", name, if_id) :
		       qn_fail(err, "%s is no xfrm interface: it stays", name);
}

int qn_xfrm_interface_do(unsigned int cmd, const struct qn_rec *req, struct qn_error *err)
{
	const char *name = qn_get_str(req, QN_XFRM_IF_NAME);
	uint32_t if_id = (uint32_t)qn_get(req, QN_XFRM_IF_ID, 0);
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct ifinfomsg *info;
	struct nlmsghdr *nlh;

	if (!if_id)
		return qn_fail(err, "the binding has no if-id: make it anew with one");
	if (cmd == QN_XFRM_IF_DEL) {
		if (check(name, if_id, err))
			return -1;
		return qn_rtnl_ask(&links, qn_rtnl_link(buf, RTM_DELLINK, 0, name), NULL, NULL,
				   err);
	}
	if (cmd == QN_XFRM_IF_SET) {
		if (check(name, 0, err))
			return -1;
		nlh = qn_rtnl_link(buf, RTM_NEWLINK, 0, name);
	} else {
		nlh = qn_rtnl_link(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
		info = mnl_nlmsg_get_payload(nlh);
		info->ifi_flags = IFF_UP;
		info->ifi_change = IFF_UP;
	}
	put_kind(nlh, if_id);
	return qn_rtnl_ask(&links, nlh, NULL, NULL, err);
}
