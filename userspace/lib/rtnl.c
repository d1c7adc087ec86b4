// SPDX-License-Identifier: GPL-2.0-or-later
/* Netlink families of the kernel's own: asking. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "rtnl.h"

#define REPLY_SIZE 65536

static void refused(const struct qn_rtnl *rtnl, const struct nlmsghdr *nlh, struct qn_error *err)
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
	else if (e->error == -EOPNOTSUPP && rtnl->unknown)
		qn_fail(err, "%s", rtnl->unknown);
	else if (e->error == -EEXIST && rtnl->exists)
		qn_fail(err, "%s", rtnl->exists);
	else if (e->error == -ENODEV)
		qn_fail(err, "there is no such device");
	else
		qn_fail_errno(err, -e->error, "the kernel refuses");
}

int qn_rtnl_ask(const struct qn_rtnl *rtnl, struct nlmsghdr *nlh, qn_rtnl_fn each, void *arg,
		struct qn_error *err)
{
	struct mnl_socket *sock = mnl_socket_open2(rtnl->bus, SOCK_CLOEXEC);
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
					refused(rtnl, r, err);
				goto out;
			}
			if (r->nlmsg_type == rtnl->type && each)
				each(arg, r);
		}
	}
out:
	if (sock)
		mnl_socket_close(sock);
	free(reply);
	return ret;
}

struct nlmsghdr *qn_rtnl_link(char *buf, uint16_t type, uint16_t flags, const char *name)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	if (name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nlh;
}
