// SPDX-License-Identifier: GPL-2.0-or-later
/* A wire to the server that breaks at the worst moment: while it commits. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "fed_store_test.h"

#define SESSIONS 4

struct session {
	int client, server;
};

struct common {
	unsigned int armed, cuts;
};

struct wire {
	struct sockaddr_un to;
	enum cut cut;
	unsigned int every, commits;
	/* Shared with the test. */
	volatile struct common *common;
	int listener;
	struct session sessions[SESSIONS];
};

static pid_t process;
static volatile struct common *common;

static void hang_up(struct session *session)
{
	close(session->client);
	close(session->server);
	session->client = -1;
	session->server = -1;
}

static void accept_one(struct wire *wire)
{
	int client = accept4(wire->listener, NULL, NULL, SOCK_CLOEXEC), server, i;

	for (i = 0; i < SESSIONS; i++)
		if (wire->sessions[i].client < 0)
			break;
	server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client < 0 || i == SESSIONS ||
	    connect(server, (const struct sockaddr *)&wire->to, sizeof(wire->to))) {
		close(client);
		close(server);
		return;
	}
	wire->sessions[i].client = client;
	wire->sessions[i].server = server;
}

/* Wait until the server says that it is ready again, and tell nobody. */
static void swallow(int server)
{
	char octets[4096];
	ssize_t n;

	/* 'Z', length 5, idle: the last message of an answer. */
	do
		n = read(server, octets, sizeof(octets));
	while (n > 0 && (n < 6 || memcmp(octets + n - 6, "Z\0\0\0\5", 5)));
}

static void from_client(struct wire *wire, struct session *session)
{
	static const char commit[] = "Q\0\0\0\13COMMIT";
	char octets[65536];
	ssize_t n = read(session->client, octets, sizeof(octets));
	bool now = false;

	if (n > 0 && wire->common->armed && memmem(octets, n, commit, sizeof(commit)))
		now = ++wire->commits % (wire->every ? wire->every : 1) == 0;
	if (n <= 0 || (now && wire->cut == CUT_BEFORE_COMMIT) ||
	    write(session->server, octets, n) != n) {
		hang_up(session);
	} else if (now) {
		swallow(session->server);
		hang_up(session);
	}
	if (!now)
		return;
	wire->common->cuts++;
	if (!wire->every)
		_exit(0);
}

static void from_server(struct session *session)
{
	char octets[65536];
	ssize_t n = read(session->server, octets, sizeof(octets));

	if (n <= 0 || write(session->client, octets, n) != n)
		hang_up(session);
}

static void __attribute__((noreturn)) carry(struct wire *wire)
{
	struct pollfd polls[1 + 2 * SESSIONS];
	struct session *session;
	int i;

	for (;;) {
		polls[0] = (struct pollfd){ wire->listener, POLLIN, 0 };
		for (i = 0; i < SESSIONS; i++) {
			polls[1 + 2 * i] = (struct pollfd){ wire->sessions[i].client, POLLIN, 0 };
			polls[2 + 2 * i] = (struct pollfd){ wire->sessions[i].server, POLLIN, 0 };
		}
		if (poll(polls, QN_ARRAY_SIZE(polls), -1) < 0)
			_exit(1);
		if (polls[0].revents)
			accept_one(wire);
		for (i = 0; i < SESSIONS; i++) {
			session = &wire->sessions[i];
			if (session->client >= 0 && session->client == polls[1 + 2 * i].fd &&
			    polls[1 + 2 * i].revents)
				from_client(wire, session);
			if (session->server >= 0 && session->server == polls[2 + 2 * i].fd &&
			    polls[2 + 2 * i].revents)
				from_server(session);
		}
	}
}

char *wire_open(const char *uri, enum cut cut, unsigned int every)
{
	struct wire wire = { .to.sun_family = AF_UNIX, .cut = cut, .every = every };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const char *directory = fresh_directory(), *host = strstr(uri, "host=") + 5;
	const char *slash = strstr(uri, "@/") + 2;
	int i;

	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	wire.common = common;
	snprintf(wire.to.sun_path, sizeof(wire.to.sun_path), "%.80s/.s.PGSQL.5432", host);
	snprintf(at.sun_path, sizeof(at.sun_path), "%.80s/.s.PGSQL.5432", directory);
	for (i = 0; i < SESSIONS; i++)
		wire.sessions[i] = (struct session){ -1, -1 };
	wire.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(wire.listener, (const struct sockaddr *)&at, sizeof(at)) ||
	    listen(wire.listener, 8))
		test_fail(__FILE__, __LINE__, "%s: %s", at.sun_path, strerror(errno));
	process = fork();
	if (!process) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		carry(&wire);
	}
	close(wire.listener);
	return qn_asprintf("postgresql://office@/%.*s?host=%s", (int)strcspn(slash, "?"), slash,
			   directory);
}

void wire_arm(void)
{
	common->armed = 1;
}

unsigned int wire_close(void)
{
	unsigned int count = common->cuts;

	kill(process, SIGKILL);
	waitpid(process, NULL, 0);
	munmap((void *)common, sizeof(*common));
	return count;
}
