// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What comes over the channel: each message cut short and altered, at the door, at the
 * reader of records, and at a process that does what fq does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/qkdnf.h>

#include "ask.h"
#include "fq.h"
#include "objects.h"
#include "wire.h"

#define ENDED 42 /* exit status of a process that would listen no longer */

static int status;

__attribute__((format(printf, 3, 4))) static void verdict(const char *name, bool good,
							  const char *fmt, ...)
{
	va_list ap;

	printf(good ? "ok fed-channel-%s\n" : "not ok fed-channel-%s - ", name);
	if (!good) {
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		putchar('\n');
		status = 1;
	}
	fflush(stdout);
}

/* --- the door --------------------------------------------------------------------- */

struct raw {
	size_t len;
	uint8_t data[QF_MESSAGE_MAX];
};

static struct raw raw(unsigned int type, uint32_t id, const void *fixed, const void *tail,
		      size_t tail_len)
{
	struct qf_head head = { .type = (uint16_t)type, .id = id };
	struct raw r = { 0 };

	r.len = sizeof(head) + qf_message_fixed(type) + tail_len;
	head.length = (uint32_t)r.len;
	memcpy(r.data, &head, sizeof(head));
	if (fixed)
		memcpy(r.data + sizeof(head), fixed, qf_message_fixed(type));
	if (tail_len)
		memcpy(r.data + r.len - tail_len, tail, tail_len);
	return r;
}

static int door(const struct raw *r, bool to_fq, bool fd)
{
	static struct qf_message m;
	struct qn_error err = { 0 };
	int ret;

	/* What is beyond the message is another one's. */
	memset(&m, 0xa5, sizeof(m));
	memcpy(m.buffer, r->data, r->len);
	m.fd = fd ? 0 : -1;
	ret = qf_message_check(&m, r->len, to_fq, &err);
	if (ret && !*err.text)
		verdict("door-silent", false, "type %u is refused without a word", m.head.type);
	if (!ret && (m.tail != m.buffer + r->len - m.tail_len || m.head.length != r->len))
		verdict("door-tail", false, "type %u: the tail is not the end", m.head.type);
	return ret;
}

/* One good message of each type. */
static struct raw good(unsigned int type)
{
	static const union {
		struct qf_hello hello;
		struct qf_result result;
		struct qf_state_begin begin;
		struct qf_state_object object;
		struct qf_state_source source;
		struct qf_state_check check;
		struct qf_step step;
		struct qf_done done;
	} fixed[QF_TYPES] = {
		[QF_HELLO] = { .hello = { QF_MESSAGE_VERSION, 1 } },
		[QF_SETTINGS_DONE] = { .result = { 1 } },
		[QF_STATE_BEGIN] = { .begin = { 7, QF_STATE_DRY, 2 } },
		[QF_STATE_OBJECT] = { .object = { QF_OBJECT_PEER, 3 } },
		[QF_STATE_SOURCE] = { .source = { 9, 4, 0 } },
		[QF_STATE_CHECK] = { .check = { QF_STATE_MEND, 0 } },
		[QF_STEP] = { .step = { '+', 1 } },
		[QF_DONE] = { .done = { 1, 1, 7, 9, 3, 2 } },
	};
	static const char *const tails[QF_TYPES] = {
		[QF_SETTINGS] = "/etc/f",	 [QF_SETTINGS_DONE] = "text", [QF_READY] = "text",
		[QF_STATE_OBJECT] = "record", [QF_STATE_SOURCE] = "/dev/a", [QF_STEP] = "text",
		[QF_METER] = "record",	 [QF_DONE] = "text",
	};
	const char *tail = tails[type] ? tails[type] : "";

	return raw(type, 5, &fixed[type], tail, strlen(tail));
}

static void test_door(void)
{
	unsigned int type, wrong = 0, cut = 0, other = 0, longer = 0, i;

	for (type = 1; type < QF_TYPES; type++) {
		bool fd = type == QF_SETTINGS;
		struct raw r = good(type), c;
		int to_fq = door(&r, true, fd), to_ff = door(&r, false, fd);

		/* All but hello go one way. */
		wrong += type == QF_HELLO ? to_fq || to_ff : !to_fq == !to_ff;
		other += !door(&r, true, !fd) + !door(&r, false, !fd);
		for (i = 0; i < r.len; i++) {
			c = r;
			c.len = i;
			cut += !door(&c, true, fd) + !door(&c, false, fd);
		}
		c = r;
		c.len++;
		longer += !door(&c, true, fd) + !door(&c, false, fd);
		/* Altered, with whatever comes of it: door() looks at what is let in. */
		for (i = 0; i < r.len * 8; i++) {
			c = r;
			c.data[i / 8] ^= (uint8_t)(1u << i % 8);
			door(&c, true, fd);
			door(&c, false, fd);
		}
		/* Cut, and honest about its length: the fixed part must be whole. */
		for (i = sizeof(struct qf_head); i < r.len; i++) {
			struct qf_head head;

			c = r;
			c.len = i;
			memcpy(&head, c.data, sizeof(head));
			head.length = i;
			memcpy(c.data, &head, sizeof(head));
			if (i < sizeof(head) + qf_message_fixed(type))
				cut += !door(&c, true, fd) + !door(&c, false, fd);
		}
	}
	verdict("door-directions", !wrong, "%u types go no way, or both", wrong);
	verdict("door-cut", !cut, "%u cut messages came in", cut);
	verdict("door-longer", !longer, "%u messages that lie about their length came in", longer);
	verdict("door-descriptor", !other,
		"%u messages came in with a descriptor too many or too few", other);
}

static void test_values(void)
{
	struct qf_state_begin begin = { 0, 0, 1 };
	struct qf_state_object object = { QF_OBJECTS, 1 };
	struct qf_state_check check = { QF_STATE_DRY, 0 };
	struct qf_done done = { .ok = 2 };
	struct raw r;

	r = raw(QF_STATE_BEGIN, 1, &begin, NULL, 0);
	verdict("number-0", door(&r, true, false), "it came in");
	begin.number = 1;
	begin.count = QF_STATE_OBJECTS + 1;
	r = raw(QF_STATE_BEGIN, 1, &begin, NULL, 0);
	verdict("too-many-objects", door(&r, true, false), "it came in");
	begin.count = 1;
	begin.flags = 8;
	r = raw(QF_STATE_BEGIN, 1, &begin, NULL, 0);
	verdict("unknown-flags", door(&r, true, false), "it came in");
	r = raw(QF_STATE_OBJECT, 1, &object, "r", 1);
	verdict("unknown-kind", door(&r, true, false), "it came in");
	r = raw(QF_STATE_CHECK, 1, &check, NULL, 0);
	verdict("foreign-flags", door(&r, true, false), "it came in");
	r = raw(QF_DONE, 1, &done, NULL, 0);
	verdict("neither-yes-nor-no", door(&r, false, false), "it came in");
	r = raw(QF_READY, 1, NULL, "a\nb", 3);
	verdict("control-character", door(&r, true, false), "it came in");
}

/* --- records ------------------------------------------------------------------------ */

static const char yaml[] =
	"node: {id: 64496:1, memory: 64Mi}\n"
	"peers:\n"
	"  - {id: 64496:2, name: a2, address: 192.0.2.2, source: /dev/qkd/a, low: 1Mi}\n"
	"  - {id: 64496:4, address: 192.0.2.4, source: push}\n"
	"  - {id: 64498:3, kind: remote, shares: 1, address: \"2001:db8::3\"}\n"
	"routes:\n"
	"  - {to: 64498:*, via: 64496:2, backup: 64496:4}\n"
	"contracts:\n"
	"  - {peer: 64496:2, id: 7, direction: in, from: 64496:*, to: 64498:3, rate: 100k}\n"
	"ipsec:\n"
	"  - {reqid: 7, peer: 64496:2, address: 192.0.2.2, local: 192.0.2.1, if-id: 7}\n"
	"tunnels:\n"
	"  - {name: otp0, peer: 64496:2, ttl: 9}\n";

/* Whatever is let in is what was written: there is one way to write a record. */
static bool same_again(const uint8_t *data, size_t len, enum qf_object kind, bool *taken)
{
	uint8_t again[QF_MESSAGE_MAX];
	struct qn_error err = { 0 };
	struct qn_rec *rec = qf_wire_get(data, len, qf_object_set(kind), qf_object_allowed(kind),
					 &err);
	int put;

	*taken = rec;
	if (!rec)
		return *err.text;
	put = qf_wire_put(again, sizeof(again), rec, qf_object_allowed(kind));
	qn_rec_free(rec);
	return put == (int)len && !memcmp(again, data, len);
}

static unsigned int fuzz_record(const uint8_t *data, size_t len, enum qf_object kind)
{
	unsigned int i, value, wrong = 0;
	bool taken;

	for (i = 0; i < len; i++) {
		/* An own allocation: a read beyond its end is seen. */
		uint8_t *cut = malloc(i ? i : 1);

		memcpy(cut, data, i);
		wrong += !same_again(cut, i, kind, &taken);
		free(cut);
		cut = malloc(len);
		memcpy(cut, data, len);
		for (value = 0; value < 256; value += 1 + (i & 3)) {
			cut[i] = (uint8_t)value;
			wrong += !same_again(cut, len, kind, &taken);
		}
		free(cut);
	}
	return wrong;
}

static void test_records(void)
{
	unsigned int kind, wrong = 0, refused = 0, count = 0;
	struct qn_error err = { 0 };
	struct qn_conf conf;

	if (qn_conf_parse(&conf, "y", yaml, strlen(yaml), &err)) {
		verdict("records", false, "%s", err.text);
		qn_conf_free(&conf);
		return;
	}
	for (kind = 0; kind < QF_OBJECTS; kind++) {
		const struct qn_rec *rec;

		for (rec = *qf_object_list(&conf.want, kind); rec; rec = rec->next) {
			uint8_t data[QF_MESSAGE_MAX];
			int len = qf_wire_put(data, sizeof(data), rec, qf_object_allowed(kind));
			bool taken = false;

			if (len < 0 || !same_again(data, (size_t)len, kind, &taken) || !taken)
				refused++;
			else
				wrong += fuzz_record(data, (size_t)len, kind);
			count++;
		}
	}
	qn_conf_free(&conf);
	verdict("records", count == 8 && !refused, "%u of %u records of a file do not travel",
		refused, count);
	verdict("records-altered", !wrong, "%u altered records came in as something else", wrong);
}

static void test_record_values(void)
{
	struct {
		uint16_t number, len;
		uint64_t value;
	} __attribute__((packed)) one = { QKDNF_A_PEER_ID, 8, 5 };
	const enum qf_object kind = QF_OBJECT_PEER;
	bool taken;

	same_again((uint8_t *)&one, sizeof(one), kind, &taken);
	verdict("record-good", taken, "it was refused");
	one.value = 0;
	same_again((uint8_t *)&one, sizeof(one), kind, &taken);
	verdict("record-too-low", !taken, "it came in");
	one.number = QKDNF_A_PEER_KIND;
	one.value = 77;
	same_again((uint8_t *)&one, sizeof(one), kind, &taken);
	verdict("record-no-such-value", !taken, "it came in");
	one.number = QKDNF_A_PEER_PORT;
	one.value = 65536;
	same_again((uint8_t *)&one, sizeof(one), kind, &taken);
	verdict("record-too-high", !taken, "it came in");
	one.number = QKDNF_A_PEER_INCARNATION;
	same_again((uint8_t *)&one, sizeof(one), kind, &taken);
	verdict("record-not-allowed", !taken, "it came in");
}

/* --- a process that listens ----------------------------------------------------------- */

struct listener {
	struct qf_channel *channel;
	struct qf_fq *fq;
};

static void on_message(void *arg, struct qf_message *m)
{
	struct listener *l = arg;
	struct qn_error err;

	if (m->fd >= 0)
		close(m->fd);
	if (qf_fq_request(l->fq, l->channel, m, &err))
		_exit(ENDED);
}

static void on_end(void *arg, const struct qn_error *why)
{
	(void)arg;
	_exit(why ? ENDED : 0);
}

/* Start a process that does what fq does; the socket to it. */
static int listener(pid_t *pid)
{
	static const struct qf_channel_ops ops = { on_message, on_end };
	struct qf_settings settings = { .file = (char *)"f" };
	struct listener l = { 0 };
	struct qn_error err;
	sd_event *event;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		perror("socketpair");
		exit(1);
	}
	*pid = fork();
	if (*pid) {
		close(pair[1]);
		return pair[0];
	}
	close(pair[0]);
	l.fq = qf_fq_new(&settings, NULL, NULL);
	if (sd_event_new(&event) < 0 ||
	    qf_channel_new(&l.channel, event, pair[1], true, &ops, &l, &err))
		_exit(1);
	sd_event_loop(event);
	_exit(1);
}

static void put(int fd, const struct raw *r, int descriptor)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)r->data, r->len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (descriptor >= 0) {
		struct cmsghdr *c;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.octets);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &descriptor, sizeof(int));
	}
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
		perror("sendmsg");
}

static void hello(int fd)
{
	struct raw r = good(QF_HELLO);

	put(fd, &r, -1);
}

/* The next answer of type QF_DONE; -1: none came. */
static int answer(int fd, struct qf_done *done)
{
	struct pollfd p = { fd, POLLIN, 0 };
	struct qf_message m;
	struct qn_error err;

	while (poll(&p, 1, 60000) > 0) {
		ssize_t len = recv(fd, m.buffer, sizeof(m.buffer), 0);

		m.fd = -1;
		if (len <= 0 || qf_message_check(&m, (size_t)len, false, &err))
			return -1;
		if (m.head.type != QF_DONE)
			continue;
		*done = m.fixed.done;
		return 0;
	}
	return -1;
}

static int outcome(int fd, pid_t pid)
{
	int how;

	/* It has to end by itself, with our end open. */
	if (waitpid(pid, &how, 0) != pid)
		how = -1;
	close(fd);
	return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

/* Send messages after hello; the listener must want no more of it. */
static bool refuses(const struct raw *messages, unsigned int count, int descriptor)
{
	pid_t pid;
	int fd = listener(&pid);
	unsigned int i;

	hello(fd);
	for (i = 0; i < count; i++)
		put(fd, &messages[i], descriptor);
	return outcome(fd, pid) == ENDED;
}

static void test_listener_cut(void)
{
	unsigned int type, tried = 0, survived = 0;

	for (type = 1; type < QF_TYPES; type++) {
		struct raw r = good(type);
		const size_t lengths[] = { 1, sizeof(struct qf_head) - 1, r.len - 1 };
		unsigned int i;

		for (i = 0; i < QN_ARRAY_SIZE(lengths); i++) {
			struct raw c = r;

			c.len = lengths[i];
			tried++;
			survived += !refuses(&c, 1, -1);
		}
		/* With a descriptor, which nothing towards fq may bring. */
		tried++;
		survived += !refuses(&r, 1, STDERR_FILENO);
	}
	verdict("listener-cut", !survived, "%u of %u malformed messages were borne", survived,
		tried);
}

static void test_listener_order(void)
{
	struct qf_state_begin begin = { 1, QF_STATE_DRY, 1 };
	struct qf_state_object object = { QF_OBJECT_NODE, 1 };
	struct raw b = raw(QF_STATE_BEGIN, 5, &begin, NULL, 0);
	struct raw o = raw(QF_STATE_OBJECT, 5, &object, "x", 1);
	struct raw e = raw(QF_STATE_END, 5, NULL, NULL, 0);
	struct raw stray = raw(QF_STATE_OBJECT, 6, &object, "x", 1);
	struct raw pong = raw(QF_PONG, 0, NULL, NULL, 0);
	struct raw h = good(QF_HELLO);
	struct raw wrong = h, same = h;

	wrong.data[sizeof(struct qf_head)]++;
	same.data[sizeof(struct qf_head) + 4] = 0;
	verdict("order-object", refuses(&o, 1, -1), "an object without a state was borne");
	verdict("order-end", refuses(&e, 1, -1), "an end without a state was borne");
	verdict("order-twice", refuses((struct raw[]){ b, b }, 2, -1), "a second begin was borne");
	verdict("order-early", refuses((struct raw[]){ b, e }, 2, -1), "too few objects were borne");
	verdict("order-more", refuses((struct raw[]){ b, o, o }, 3, -1),
		"too many objects were borne");
	verdict("order-stray", refuses((struct raw[]){ b, stray }, 2, -1),
		"an object of another state was borne");
	verdict("no-request", refuses(&pong, 1, -1), "what is no request was borne");
	verdict("hello-twice", refuses(&h, 1, -1), "a second hello was borne");
	{
		struct raw first[] = { wrong, same, o };
		unsigned int i, survived = 0;

		for (i = 0; i < QN_ARRAY_SIZE(first); i++) {
			pid_t pid;
			int fd = listener(&pid);

			put(fd, &first[i], -1);
			survived += outcome(fd, pid) != ENDED;
		}
		verdict("hello-first", !survived, "%u of 3 bad beginnings were borne", survived);
	}
}

/* What passes the door and makes no sense is answered, and the next request is served. */
static void test_listener_refused(void)
{
	struct qf_state_begin begin = { 1, 0, 1 };
	struct qf_state_object object = { QF_OBJECT_NODE, 1 };
	struct qf_state_source source = { 9, 1, 0 };
	struct raw all[] = {
		raw(QF_STATE_BEGIN, 5, &begin, NULL, 0),
		raw(QF_STATE_OBJECT, 5, &object, "x", 1),
		raw(QF_STATE_END, 5, NULL, NULL, 0),
		raw(QF_STATE_BEGIN, 6, &begin, NULL, 0),
		raw(QF_STATE_SOURCE, 6, &source, "/etc/shadow", 11),
		raw(QF_STATE_END, 6, NULL, NULL, 0),
		raw(QF_STATE_CHECK, 7, &(struct qf_state_check){ 0, 0 }, NULL, 0),
	};
	struct raw last = raw(QF_STATUS, 8, NULL, NULL, 0);
	struct qf_done done[3], after;
	unsigned int i, answered = 0;
	pid_t pid;
	int fd = listener(&pid);

	hello(fd);
	for (i = 0; i < QN_ARRAY_SIZE(all); i++)
		put(fd, &all[i], -1);
	for (i = 0; i < 3; i++)
		answered += !answer(fd, &done[i]) && !done[i].ok && !done[i].number;
	verdict("refused", answered == 3, "%u of 3 refusals came", answered);
	put(fd, &last, -1);
	verdict("serves-on", !answer(fd, &after), "no answer after refusals");
	/* Closing is the way to end it in peace. */
	shutdown(fd, SHUT_RDWR);
	verdict("ends-in-peace", outcome(fd, pid) == 0, "it did not end well");
}

int main(void)
{
	test_door();
	test_values();
	test_records();
	test_record_values();
	test_listener_cut();
	test_listener_order();
	test_listener_refused();
	return status;
}
