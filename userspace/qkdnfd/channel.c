// SPDX-License-Identifier: GPL-2.0-or-later
/* The socket between the two processes. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"

/* An end that lets so much lie unread does not live. */
#define QUEUE_MAX (64u << 20)
/* Messages taken at once, so that other things of the loop get their turn. */
#define BATCH 64

struct queued {
	struct queued *next;
	size_t len;
	int fd;
	uint8_t data[];
};

struct qf_channel {
	const struct qf_channel_ops *ops;
	void *arg;
	sd_event_source *source;
	struct queued *first, **last;
	size_t waiting;
	int fd;
	bool fq, met, ended;
};

static void watch(struct qf_channel *c)
{
	sd_event_source_set_io_events(c->source, EPOLLIN | (c->first ? EPOLLOUT : 0));
}

static void end(struct qf_channel *c, const struct qn_error *why)
{
	if (c->ended)
		return;
	c->ended = true;
	sd_event_source_set_enabled(c->source, SD_EVENT_OFF);
	c->ops->end(c->arg, why);
}

static void drop_first(struct qf_channel *c)
{
	struct queued *q = c->first;

	c->first = q->next;
	if (!c->first)
		c->last = &c->first;
	c->waiting -= q->len;
	if (q->fd >= 0)
		close(q->fd);
	free(q);
}

/* Returns -1 if the rest has to wait. */
static int send_one(struct qf_channel *c, const struct queued *q)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)q->data, .iov_len = q->len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (q->fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.octets);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &q->fd, sizeof(int));
	}
	if (sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	/* A closed end is the reader's to notice. */
	return errno == EAGAIN || errno == ENOBUFS || errno == EINTR ? -1 : 0;
}

static void flush(struct qf_channel *c)
{
	while (c->first && !send_one(c, c->first))
		drop_first(c);
	watch(c);
}

static void queue(struct qf_channel *c, unsigned int type, uint32_t id, const void *fixed,
		  const void *tail, size_t tail_len, int fd)
{
	size_t fixed_len = qf_message_fixed(type);
	struct qf_head head = { .type = (uint16_t)type, .id = id };
	struct queued *q;

	head.length = (uint32_t)(sizeof(head) + fixed_len + tail_len);
	if (c->ended || c->waiting > QUEUE_MAX || head.length > QF_MESSAGE_MAX) {
		struct qn_error err;

		if (fd >= 0)
			close(fd);
		if (!c->ended) {
			qn_fail(&err, "the other process lets its messages lie");
			end(c, &err);
		}
		return;
	}
	q = qn_alloc(sizeof(*q) + head.length);
	q->len = head.length;
	q->fd = fd;
	memcpy(q->data, &head, sizeof(head));
	if (fixed_len)
		memcpy(q->data + sizeof(head), fixed, fixed_len);
	if (tail_len)
		memcpy(q->data + sizeof(head) + fixed_len, tail, tail_len);
	*c->last = q;
	c->last = &q->next;
	c->waiting += q->len;
	if (c->first == q)
		flush(c);
}

void qf_channel_send(struct qf_channel *channel, unsigned int type, uint32_t id, const void *fixed,
		     const void *tail, size_t tail_len)
{
	queue(channel, type, id, fixed, tail, tail_len, -1);
}

void qf_channel_send_file(struct qf_channel *channel, int fd, const char *path)
{
	queue(channel, QF_SETTINGS, 0, NULL, path, strlen(path), fd);
}

/* The descriptor that came, or -1; more than one is an error. */
static int take_fd(struct msghdr *msg, int *fd, struct qn_error *err)
{
	struct cmsghdr *cmsg;
	bool many = msg->msg_flags & MSG_CTRUNC;

	*fd = -1;
	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t at;

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (at = CMSG_LEN(0); at + sizeof(int) <= cmsg->cmsg_len; at += sizeof(int)) {
			int one;

			memcpy(&one, (char *)cmsg + at, sizeof(one));
			if (*fd < 0) {
				*fd = one;
				continue;
			}
			close(one);
			many = true;
		}
	}
	if (!many)
		return 0;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return qn_fail(err, "a message brings more than one descriptor");
}

static int hello(struct qf_channel *c, const struct qf_message *m, struct qn_error *err)
{
	if (m->head.type != QF_HELLO)
		return qn_fail(err, "message %s comes before hello", qf_message_name(m->head.type));
	if (m->fixed.hello.version != QF_MESSAGE_VERSION)
		return qn_fail(err,
			       "the other process speaks version %u, this one %d: restart the daemon",
			       m->fixed.hello.version, QF_MESSAGE_VERSION);
	if (m->fixed.hello.role != (c->fq ? 1 : 0))
		return qn_fail(err, "the other process has the same role");
	c->met = true;
	return 0;
}

/* Returns 1 if a message was handled, 0 if there is none, -1 if that was the end. */
static int receive(struct qf_channel *c)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct qf_message *m = qn_alloc(sizeof(*m));
	struct iovec iov = { .iov_base = m->buffer, .iov_len = sizeof(m->buffer) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control.octets) };
	struct qn_error err;
	ssize_t len;
	int ret = 1;

	len = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
		ret = 0;
		goto out;
	}
	/* No message is empty: nothing is the end. */
	if (len <= 0) {
		end(c, NULL);
		ret = -1;
		goto out;
	}
	if (take_fd(&msg, &m->fd, &err))
		goto bad;
	if (msg.msg_flags & MSG_TRUNC) {
		qn_fail(&err, "a message is longer than %d octets", QF_MESSAGE_MAX);
		goto bad;
	}
	if (qf_message_check(m, (size_t)len, c->fq, &err))
		goto bad;
	if (!c->met) {
		if (hello(c, m, &err))
			goto bad;
		goto out;
	}
	if (m->head.type == QF_HELLO) {
		qn_fail(&err, "a second hello");
		goto bad;
	}
	c->ops->message(c->arg, m);
	if (c->ended)
		ret = -1;
	goto out;
bad:
	if (m->fd >= 0)
		close(m->fd);
	end(c, &err);
	ret = -1;
out:
	free(m);
	return ret;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct qf_channel *c = arg;
	unsigned int i;

	(void)source;
	(void)fd;
	if (events & EPOLLOUT)
		flush(c);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		for (i = 0; i < BATCH && receive(c) > 0; i++)
			;
	return 0;
}

int qf_channel_new(struct qf_channel **channel, sd_event *event, int fd, bool fq,
		   const struct qf_channel_ops *ops, void *arg, struct qn_error *err)
{
	struct qf_hello me = { .version = QF_MESSAGE_VERSION, .role = fq ? 0 : 1 };
	struct qf_channel *c = qn_alloc(sizeof(*c));
	int ret;

	c->ops = ops;
	c->arg = arg;
	c->fd = fd;
	c->fq = fq;
	c->last = &c->first;
	ret = sd_event_add_io(event, &c->source, fd, EPOLLIN, on_io, c);
	if (ret < 0) {
		close(fd);
		free(c);
		return qn_fail_errno(err, -ret, "cannot watch the other process");
	}
	queue(c, QF_HELLO, 0, &me, NULL, 0, -1);
	*channel = c;
	return 0;
}

void qf_channel_free(struct qf_channel *channel)
{
	if (!channel)
		return;
	while (channel->first)
		drop_first(channel);
	sd_event_source_unref(channel->source);
	close(channel->fd);
	free(channel);
}
