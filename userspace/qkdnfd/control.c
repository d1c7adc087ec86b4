// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "log.h"

#define CLIENTS_MAX 64 /* in all */
#define CLIENTS_OWN 16 /* of one user but root */
#define GROUPS_MAX  1024
#define READ_MAX    (64 << 10) /* octets of a request that changes nothing */
#define WRITE_MAX   (16 << 20)
#define DEADLINE    10000000ULL /* microseconds for a request to come, and an answer to go */

/**
 * struct client - a connection
 * @next: of the control's clients
 * @control: whose
 * @io: its events
 * @timer: its deadline, while it is the client's turn
 * @fd: its socket
 * @peer: who it is
 * @may_write: changes are allowed
 * @buffer: the request as far as it came, then the answer
 * @size: octets that @buffer holds, or is to hold
 * @done: octets that came, or went
 * @body: the length has come
 * @answering: the answer goes
 * @request: the one that is worked on, or NULL
 */
struct client {
	struct client *next;
	struct qf_control *control;
	sd_event_source *io;
	sd_event_source *timer;
	int fd;
	struct ucred peer;
	bool may_write;
	uint8_t *buffer;
	size_t size;
	size_t done;
	bool body;
	bool answering;
	struct qf_control_request *request;
};

/* Outlives its client, who may have gone before the answer is there. */
struct qf_control_request {
	struct client *client;
	const struct qf_control_verb *verb;
	struct ucred peer;
};

struct qf_control {
	sd_event *event;
	sd_event_source *io;
	int fd;
	const struct qf_settings *settings;
	const struct qf_control_verb *verbs;
	void *arg;
	struct client *clients;
};

static void client_free(struct client *c)
{
	struct client **at;

	for (at = &c->control->clients; *at != c; at = &(*at)->next)
		;
	*at = c->next;
	if (c->request)
		c->request->client = NULL;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	close(c->fd);
	free(c->buffer);
	free(c);
}

/* --- answers -------------------------------------------------------------------- */

static void send_more(struct client *c)
{
	while (c->done < c->size) {
		ssize_t len = send(c->fd, c->buffer + c->done, c->size - c->done,
				   MSG_DONTWAIT | MSG_NOSIGNAL);

		if (len < 0 && errno == EAGAIN) {
			sd_event_source_set_io_events(c->io, EPOLLOUT);
			return;
		}
		if (len <= 0)
			break;
		c->done += (size_t)len;
	}
	client_free(c);
}

static void begin_answer(struct client *c, json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;
	uint32_t head = htonl((uint32_t)len);

	json_decref(answer);
	free(c->buffer);
	c->size = sizeof(head) + len;
	c->buffer = qn_alloc(c->size);
	memcpy(c->buffer, &head, sizeof(head));
	if (len)
		memcpy(c->buffer + sizeof(head), text, len);
	free(text);
	c->done = 0;
	c->answering = true;
	sd_event_source_set_time_relative(c->timer, DEADLINE);
	sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
	send_more(c);
}

static const char *title(int status)
{
	switch (status) {
	case 400:
		return "Bad request";
	case 403:
		return "Not allowed";
	case 404:
		return "Unknown";
	case 409:
		return "Conflict";
	case 413:
		return "Too large";
	case 422:
		return "Refused";
	case 429:
		return "Too many";
	}
	return "Failed";
}

static void problem(struct client *c, int status, const char *detail)
{
	begin_answer(c, json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
				  title(status), "status", status, "detail", detail));
}

static void audit(const struct ucred *peer, const char *request, bool writes, int status,
		  const char *detail)
{
	qf_log(writes || status >= 400 ? LOG_NOTICE : LOG_INFO,
	       "audit: control request %s by uid %u, gid %u, pid %d: %d%s%s", request, peer->uid,
	       peer->gid, peer->pid, status, detail ? " " : "", detail ? detail : "");
}

static struct client *end_request(struct qf_control_request *request, int status,
				  const char *detail)
{
	struct client *c = request->client;

	audit(&request->peer, request->verb->name, request->verb->writes, status, detail);
	if (c)
		c->request = NULL;
	free(request);
	return c;
}

void qf_control_reply(struct qf_control_request *request, json_t *answer)
{
	struct client *c = end_request(request, 200, NULL);

	if (c)
		begin_answer(c, answer);
	else
		json_decref(answer);
}

void qf_control_refuse(struct qf_control_request *request, int status, const char *detail)
{
	struct client *c = end_request(request, status, detail);

	if (c)
		problem(c, status, detail);
}

/* --- requests ------------------------------------------------------------------- */

static void refuse(struct client *c, const char *name, int status, const char *detail)
{
	audit(&c->peer, name, false, status, detail);
	problem(c, status, detail);
}

static bool known_member(const struct qf_control_verb *verb, const char *name)
{
	const char *const *m;

	if (!strcmp(name, "request"))
		return true;
	for (m = verb->members; m && *m; m++)
		if (!strcmp(*m, name))
			return true;
	return false;
}

static void run(struct client *c, const json_t *body)
{
	const char *name = json_string_value(json_object_get(body, "request")), *member;
	const struct qf_control_verb *verb;
	struct qf_control_request *request;
	char detail[200];
	json_t *value;

	if (!name) {
		refuse(c, "(none)", 400, "\"request\" is missing: it names what is asked for");
		return;
	}
	for (verb = c->control->verbs; verb->name && strcmp(verb->name, name); verb++)
		;
	if (!verb->name) {
		snprintf(detail, sizeof(detail), "there is no request '%.80s'", name);
		refuse(c, "(unknown)", 404, detail);
		return;
	}
	if (verb->writes && !c->may_write) {
		refuse(c, verb->name, 403,
		       "this changes something: be root, or in control.write-group");
		return;
	}
	json_object_foreach((json_t *)body, member, value) {
		if (known_member(verb, member))
			continue;
		snprintf(detail, sizeof(detail), "unknown member '%.80s'", member);
		refuse(c, verb->name, 400, detail);
		return;
	}
	request = qn_alloc(sizeof(*request));
	request->client = c;
	request->verb = verb;
	request->peer = c->peer;
	c->request = request;
	/* Its time is the daemon's now; only its going is looked for. */
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	sd_event_source_set_io_events(c->io, EPOLLRDHUP);
	verb->run(c->control->arg, request, body);
}

static void whole(struct client *c)
{
	json_error_t why;
	json_t *body = json_loadb((char *)c->buffer, c->size, JSON_REJECT_DUPLICATES, &why);
	char detail[sizeof(why.text) + 64];

	free(c->buffer);
	c->buffer = NULL;
	if (!json_is_object(body)) {
		snprintf(detail, sizeof(detail), "no JSON object: line %d column %d: %s",
			 body ? 1 : why.line, body ? 1 : why.column,
			 body ? "it is something else" : why.text);
		refuse(c, "(none)", 400, detail);
	} else {
		run(c, body);
	}
	json_decref(body);
}

/* The length came: is there to be so much? */
static void begin_body(struct client *c)
{
	uint32_t head, max = c->may_write ? WRITE_MAX : READ_MAX;

	memcpy(&head, c->buffer, sizeof(head));
	head = ntohl(head);
	if (!head || head > max) {
		refuse(c, "(none)", 413, "a request has at most 64 KiB, one that changes 16 MiB");
		return;
	}
	free(c->buffer);
	c->buffer = qn_alloc(head);
	c->size = head;
	c->done = 0;
	c->body = true;
}

static void receive(struct client *c)
{
	ssize_t len = recv(c->fd, c->buffer + c->done, c->size - c->done, MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		client_free(c);
		return;
	}
	c->done += (size_t)len;
	if (c->done < c->size)
		return;
	if (c->body)
		whole(c);
	else
		begin_body(c);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct client *c = arg;

	(void)source;
	(void)fd;
	if (c->answering)
		send_more(c);
	else if (c->request)
		client_free(c);
	else if (events & EPOLLIN)
		receive(c);
	else
		client_free(c);
	return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *arg)
{
	struct client *c = arg;

	(void)source;
	(void)usec;
	audit(&c->peer, "(none)", false, 408, "too slow");
	client_free(c);
	return 0;
}

/* --- who ------------------------------------------------------------------------ */

/* Is a peer in a group, by its first or by another one? */
static bool in_group(int fd, const struct ucred *peer, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);
	size_t i;

	if (group == (gid_t)-1)
		return false;
	if (peer->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (i = 0; i < len / sizeof(gid_t); i++)
		if (groups[i] == group)
			return true;
	return false;
}

static unsigned int clients(const struct qf_control *control, uid_t uid, bool all)
{
	const struct client *c;
	unsigned int n = 0;

	for (c = control->clients; c; c = c->next)
		n += all || c->peer.uid == uid;
	return n;
}

static void add_client(struct qf_control *control, int fd)
{
	const struct qf_settings *s = control->settings;
	struct client *c = qn_alloc(sizeof(*c));
	socklen_t len = sizeof(c->peer);
	bool may_read;

	c->control = control;
	c->fd = fd;
	c->next = control->clients;
	control->clients = c;
	c->size = sizeof(uint32_t);
	c->buffer = qn_alloc(c->size);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c->peer, &len) ||
	    sd_event_add_io(control->event, &c->io, fd, EPOLLIN, on_client, c) < 0 ||
	    sd_event_add_time_relative(control->event, &c->timer, CLOCK_MONOTONIC, DEADLINE, 0,
				       on_deadline, c) < 0) {
		client_free(c);
		return;
	}
	c->may_write = !c->peer.uid || in_group(fd, &c->peer, s->write_group);
	may_read = c->may_write || in_group(fd, &c->peer, s->read_group);
	if (!may_read)
		refuse(c, "(none)", 403,
		       "be root, or in control.read-group or control.write-group");
	else if (clients(control, 0, true) > CLIENTS_MAX ||
		 (c->peer.uid && clients(control, c->peer.uid, false) > CLIENTS_OWN))
		refuse(c, "(none)", 429, "too many connections at once");
}

static int on_listen(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct qf_control *control = arg;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source;
	(void)events;
	if (client >= 0)
		add_client(control, client);
	else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		qf_log(LOG_WARNING, "control socket: %s", strerror(errno));
	return 0;
}

/* --- the socket ------------------------------------------------------------------- */

/* Whose rest is it? A socket that nobody listens on is of a daemon that died. */
static int clear_place(const struct sockaddr_un *addr, struct qn_error *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;
	int ret = 0;

	if (fd < 0)
		return qn_fail_errno(err, errno, "control socket");
	if (lstat(addr->sun_path, &st))
		;
	else if (!S_ISSOCK(st.st_mode))
		ret = qn_fail(err, "%s is there and is no socket: choose another control.socket",
			      addr->sun_path);
	else if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		ret = qn_fail(err,
			      "a daemon listens on %s: stop it, or choose another control.socket",
			      addr->sun_path);
	else if (unlink(addr->sun_path))
		ret = qn_fail_errno(err, errno, "cannot take the old socket %s away",
				    addr->sun_path);
	close(fd);
	return ret;
}

static int make_directory(const struct qf_settings *s, struct qn_error *err)
{
	char *path = qn_strdup(s->control_socket);
	char *slash = strrchr(path, '/');
	int ret = 0;

	*slash = 0;
	if (*path && !mkdir(path, 0755)) {
		if (!geteuid() && s->user && chown(path, s->uid, s->gid))
			ret = qn_fail_errno(err, errno, "cannot give %s to %s", path, s->user);
	} else if (*path && errno != EEXIST) {
		ret = qn_fail_errno(err, errno, "cannot make %s for the control socket", path);
	}
	free(path);
	return ret;
}

int qf_control_listen(const struct qf_settings *settings, int *fd, struct qn_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strcpy(addr.sun_path, settings->control_socket);
	if (make_directory(settings, err) || clear_place(&addr, err))
		return -1;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return qn_fail_errno(err, errno, "control socket");
	if (bind(*fd, (struct sockaddr *)&addr, sizeof(addr)) || chmod(addr.sun_path, 0666) ||
	    listen(*fd, CLIENTS_MAX)) {
		qn_fail_errno(err, errno, "cannot listen on %s", addr.sun_path);
		close(*fd);
		return -1;
	}
	return 0;
}

int qf_control_new(struct qf_control **control, sd_event *event, int fd,
		   const struct qf_settings *settings, const struct qf_control_verb *verbs,
		   void *arg, struct qn_error *err)
{
	struct qf_control *c = qn_alloc(sizeof(*c));
	int ret;

	c->event = event;
	c->fd = fd;
	c->settings = settings;
	c->verbs = verbs;
	c->arg = arg;
	ret = sd_event_add_io(event, &c->io, fd, EPOLLIN, on_listen, c);
	if (ret < 0) {
		close(fd);
		free(c);
		return qn_fail_errno(err, -ret, "control socket");
	}
	*control = c;
	return 0;
}

void qf_control_settings(struct qf_control *control, const struct qf_settings *settings)
{
	control->settings = settings;
}

void qf_control_free(struct qf_control *control)
{
	if (!control)
		return;
	while (control->clients)
		client_free(control->clients);
	sd_event_source_disable_unref(control->io);
	close(control->fd);
	free(control);
}
