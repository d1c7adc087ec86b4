// SPDX-License-Identifier: GPL-2.0-or-later
/* The client of a generic netlink family. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "nl.h"

/* A request is at most a few hundred octets, outages of the emulator apart. */
#define REQUEST_SIZE 8192
/* The kernel fills a dump's buffer as far as it is told that it may. */
#define REPLY_SIZE 65536
/* An event storm should meet a patient reader. */
#define EVENT_BUFFER (4 << 20)
#define DUMP_TRIES   5

struct qn_nl {
	const struct qn_family *family;
	struct mnl_socket *sock;
	unsigned int portid;
	unsigned int seq;
	uint16_t id;
	uint32_t group;
	char request[REQUEST_SIZE];
	char reply[REPLY_SIZE];
};

/* What is made of the messages that answer a request. */
struct answer {
	const struct qn_set *set;
	qn_nl_each each;
	void *arg;
	bool interrupted;
};

static int group_cb(const struct nlattr *nla, void *arg)
{
	const struct nlattr *a;
	const char *name = NULL;
	struct qn_nl *nl = arg;
	uint32_t id = 0;

	mnl_attr_for_each_nested(a, nla) {
		if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_NAME)
			name = mnl_attr_get_str(a);
		else if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_ID)
			id = mnl_attr_get_u32(a);
	}
	if (name && !strcmp(name, nl->family->group))
		nl->group = id;
	return MNL_CB_OK;
}

static int family_cb(const struct nlattr *nla, void *arg)
{
	struct qn_nl *nl = arg;

	if (mnl_attr_get_type(nla) == CTRL_ATTR_FAMILY_ID)
		nl->id = mnl_attr_get_u16(nla);
	else if (mnl_attr_get_type(nla) == CTRL_ATTR_MCAST_GROUPS)
		mnl_attr_parse_nested(nla, group_cb, nl);
	return MNL_CB_OK;
}

static int send_request(struct qn_nl *nl, struct nlmsghdr *nlh, struct qn_error *err)
{
	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return qn_fail_errno(err, errno, "cannot ask the kernel");
	return 0;
}

/*
 * Read until the kernel said that it is done. A request without a dump is
 * ended by its acknowledgement, which every request here asks for.
 */
static int receive(struct qn_nl *nl, const struct nlmsghdr *request, const struct qn_op *op,
		   struct answer *answer, struct qn_error *err)
{
	for (;;) {
		const struct nlmsghdr *nlh = (const void *)nl->reply;
		ssize_t got = mnl_socket_recvfrom(nl->sock, nl->reply, sizeof(nl->reply));
		int len = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return qn_fail_errno(err, errno, "cannot read the kernel's answer");
		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
			struct qn_rec *rec;
			int ret;

			/* An answer to an earlier request that was given up. */
			if (nlh->nlmsg_seq != nl->seq)
				continue;
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
				answer->interrupted = true;
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return qn_decode_error(nlh, request, op, nl->family->name, err);
			if (nlh->nlmsg_type == NLMSG_DONE) {
				int status = 0;

				/* A dump that failed on the way says so at its end. */
				if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(int))
					memcpy(&status, mnl_nlmsg_get_payload(nlh), sizeof(int));
				if (status < 0)
					return qn_fail_errno(err, -status,
							     "the kernel broke off its list");
				return 0;
			}
			if (nlh->nlmsg_type < NLMSG_MIN_TYPE || !answer->each)
				continue;
			rec = qn_decode(nlh, GENL_HDRLEN, answer->set, err);
			if (!rec)
				return -1;
			ret = answer->each(answer->arg, rec, err);
			qn_rec_free(rec);
			if (ret)
				return -1;
		}
	}
}

static int resolve_one(struct qn_nl *nl, struct qn_error *err)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->request);
	struct genlmsghdr *genl;
	const struct nlmsghdr *reply = (const void *)nl->reply;
	ssize_t got;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, nl->family->name);
	if (send_request(nl, nlh, err))
		return -1;
	got = mnl_socket_recvfrom(nl->sock, nl->reply, sizeof(nl->reply));
	if (got < 0)
		return qn_fail_errno(err, errno, "cannot read the kernel's answer");
	if (!mnl_nlmsg_ok(reply, (int)got))
		return qn_fail(err, "the kernel sent a message that is too short");
	if (reply->nlmsg_type != NLMSG_ERROR)
		mnl_attr_parse(reply, sizeof(*genl), family_cb, nl);
	if (!nl->id) {
		qn_fail(err, "the kernel module %s is not loaded: run 'modprobe %s'",
			nl->family->name, nl->family->name);
		err->code = ENOENT;
		return -1;
	}
	return 0;
}

struct qn_nl *qn_nl_open(const struct qn_family *family, struct qn_error *err)
{
	struct qn_nl *nl = qn_alloc(sizeof(*nl));
	int on = 1;

	nl->family = family;
	nl->seq = (unsigned int)(uintptr_t)nl;
	nl->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->sock) {
		qn_fail_errno(err, errno, "cannot open a netlink socket");
		free(nl);
		return NULL;
	}
	/* Old kernels lack some of these: what they say is less precise then. */
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->sock, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		qn_fail_errno(err, errno, "cannot bind a netlink socket");
		goto close;
	}
	nl->portid = mnl_socket_get_portid(nl->sock);
	if (resolve_one(nl, err))
		goto close;
	return nl;

close:
	qn_nl_close(nl);
	return NULL;
}

void qn_nl_close(struct qn_nl *nl)
{
	if (!nl)
		return;
	mnl_socket_close(nl->sock);
	free(nl);
}

static int exchange(struct qn_nl *nl, unsigned int cmd, unsigned int flags,
		    const struct qn_rec *req, struct answer *answer, struct qn_error *err)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->request);
	const struct qn_op *op = &nl->family->ops[cmd];
	struct genlmsghdr *genl;
	int ret;

	nlh->nlmsg_type = nl->id;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = nl->family->version;
	answer->set = op->set;
	if (req && qn_encode(nlh, sizeof(nl->request), req))
		return qn_fail(err, "the request is too long for one message");
	ret = send_request(nl, nlh, err);
	if (!ret)
		ret = receive(nl, nlh, op, answer, err);
	/* A seed of the emulator may be in it. */
	explicit_bzero(nl->request, sizeof(nl->request));
	return ret;
}

static int keep_one(void *arg, struct qn_rec *rec, struct qn_error *err)
{
	struct qn_rec **reply = arg;

	(void)err;
	if (!*reply)
		*reply = qn_rec_copy(rec);
	return 0;
}

int qn_nl_do(struct qn_nl *nl, unsigned int cmd, unsigned int flags, const struct qn_rec *req,
	     struct qn_rec **reply, struct qn_error *err)
{
	struct answer answer = { 0 };

	if (reply) {
		*reply = NULL;
		answer.each = keep_one;
		answer.arg = reply;
	}
	if (!exchange(nl, cmd, flags, req, &answer, err))
		return 0;
	if (reply) {
		qn_rec_free(*reply);
		*reply = NULL;
	}
	return -1;
}

int qn_nl_dump(struct qn_nl *nl, unsigned int cmd, const struct qn_rec *req, qn_nl_each each,
	       void *arg, struct qn_error *err)
{
	struct answer answer = { .each = each, .arg = arg };

	if (exchange(nl, cmd, NLM_F_DUMP, req, &answer, err))
		return -1;
	if (answer.interrupted) {
		qn_fail(err,
			"objects changed while they were listed, some may be missing: ask again");
		err->code = EINTR;
		return -1;
	}
	return 0;
}

static int add_to_list(void *arg, struct qn_rec *rec, struct qn_error *err)
{
	struct qn_rec **list = arg, *copy = qn_rec_copy(rec);

	(void)err;
	copy->next = *list;
	*list = copy;
	return 0;
}

int qn_nl_list(struct qn_nl *nl, unsigned int cmd, const struct qn_rec *req, struct qn_rec **list,
	       struct qn_error *err)
{
	unsigned int tries;

	for (tries = 0; tries < DUMP_TRIES; tries++) {
		*list = NULL;
		if (!qn_nl_dump(nl, cmd, req, add_to_list, list, err)) {
			*list = qn_rec_list_reverse(*list);
			return 0;
		}
		qn_rec_list_free(*list);
		*list = NULL;
		if (err->code != EINTR)
			return -1;
	}
	return -1;
}

int qn_nl_subscribe(struct qn_nl *nl, struct qn_error *err)
{
	int group = (int)nl->group, size = EVENT_BUFFER, fd = qn_nl_fd(nl);

	if (!nl->group)
		return qn_fail(err,
			       "the kernel module %s has no group '%s': module and command do not fit together",
			       nl->family->name, nl->family->group);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return qn_fail_errno(err, errno, "cannot listen to events");
	return 0;
}

int qn_nl_fd(const struct qn_nl *nl)
{
	return mnl_socket_get_fd(nl->sock);
}

int qn_nl_events(struct qn_nl *nl, qn_nl_each each, void *arg, struct qn_error *err)
{
	const struct nlmsghdr *nlh = (const void *)nl->reply;
	ssize_t got = mnl_socket_recvfrom(nl->sock, nl->reply, sizeof(nl->reply));
	int len = (int)got;

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (got < 0) {
		int code = errno;

		if (code == ENOBUFS)
			qn_fail(err, "events came faster than they were read: some are lost");
		else
			qn_fail_errno(err, code, "cannot read events");
		err->code = code;
		return -1;
	}
	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
		struct qn_rec *rec;
		int ret;

		if (nlh->nlmsg_type != nl->id || genl->cmd > nl->family->max ||
		    !nl->family->ops[genl->cmd].set)
			continue;
		rec = qn_decode(nlh, GENL_HDRLEN, nl->family->ops[genl->cmd].set, err);
		if (!rec)
			return -1;
		rec->mark = genl->cmd;
		ret = each(arg, rec, err);
		qn_rec_free(rec);
		if (ret)
			return -1;
	}
	return 0;
}

int qn_open_source(const char *path, int *fd, struct qn_error *err)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0) {
		int code = errno;

		qn_fail(err, "cannot open %s: %s", path,
			code == EBUSY ? "another reader has it" : strerror(code));
		err->code = code;
		return -1;
	}
	if (!fstat(*fd, &st) && S_ISCHR(st.st_mode))
		return 0;
	close(*fd);
	*fd = -1;
	return qn_fail(err, "%s is not a character device: key is read from devices only", path);
}
