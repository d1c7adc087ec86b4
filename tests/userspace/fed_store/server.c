// SPDX-License-Identifier: GPL-2.0-or-later
/* A PostgreSQL server of the tests' own, from an unpacked package. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <libpq-fe.h>
#include <sys/wait.h>

#include "fed_store_test.h"

static char home[40];
static char data[64];
static char bin[4096];
static pid_t server;
static unsigned int databases;

const char *server_missing(void)
{
	static char why[4200];
	char program[4200], self[4096], *end;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	/* This program is build/user-tests/other/test_fed_store. */
	self[n > 0 ? n : 0] = 0;
	end = strstr(self, "/user-tests/");
	if (end)
		*end = 0;
	snprintf(bin, sizeof(bin), "%.4000s/daemons/postgresql/usr/lib/postgresql/15/bin", self);
	snprintf(program, sizeof(program), "%s/postgres", bin);
	if (!access(program, X_OK))
		return NULL;
	snprintf(why, sizeof(why), "no server: run tools/setup/setup.sh postgresql");
	return why;
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

/*
 * The server refuses to be run by root. In a user name space of one user it is not
 * root, and still may read what the user of the tests may.
 */
static bool not_root(void)
{
	char map[32];

	if (geteuid())
		return true;
	snprintf(map, sizeof(map), "1000 0 1");
	if (!unshare(CLONE_NEWUSER))
		return put("/proc/self/uid_map", map) && put("/proc/self/setgroups", "deny") &&
		       put("/proc/self/gid_map", map) && geteuid() == 1000;
	return false;
}

static pid_t start(const char *const arguments[])
{
	const char *argv[24];
	char program[4200], libraries[4200], log[80];
	pid_t child = fork();
	int fd, i;

	if (child)
		return child;
	snprintf(program, sizeof(program), "%s/%s", bin, arguments[0]);
	snprintf(log, sizeof(log), "%s/log", home);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || !not_root() || chdir(home))
		_exit(126);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	/* What the machine lacks was unpacked beside it. */
	snprintf(libraries, sizeof(libraries), "%s/../../../x86_64-linux-gnu", bin);
	setenv("LD_LIBRARY_PATH", libraries, 1);
	setenv("TZ", "UTC", 1);
	setenv("LC_ALL", "C", 1);
	/* It looks for what belongs to it beside where it was called from. */
	for (i = 0; i == 0 || arguments[i - 1]; i++)
		argv[i] = i ? arguments[i] : program;
	execv(program, (char *const *)argv);
	_exit(127);
}

static char *uri_of(const char *database)
{
	return qn_asprintf("postgresql://office@/%s?host=%s", database, home);
}

static bool launch(void)
{
	const struct timespec pause = { 0, 20000000 };
	static const char *const argv[] = { "postgres",
				     "-D",
				     data,
				     "-k",
				     home,
				     "-c",
				     "listen_addresses=",
				     "-c",
				     "shared_buffers=16MB",
				     "-c",
				     "max_connections=20",
				     "-c",
				     "jit=off",
				     NULL };
	char *uri = uri_of("postgres");
	bool up = false;
	int left;

	server = start(argv);
	for (left = 1000; left && !up; left--) {
		up = PQping(uri) == PQPING_OK;
		if (!up)
			nanosleep(&pause, NULL);
	}
	free(uri);
	if (!up)
		test_fail(__FILE__, __LINE__, "the server does not come up: %s/log", home);
	return up;
}

bool server_start(void)
{
	static const char *const argv[] = { "initdb", "--no-sync", "-D", data, "-U", "office", "-A",
				     "trust",  "-E",	    "UTF8", "--locale=C", NULL };
	int status;

	/* Again: the same data. */
	if (*data)
		return launch();
	snprintf(home, sizeof(home), "/tmp/qkdnf-postgresql-XXXXXX");
	if (!mkdtemp(home))
		return false;
	snprintf(data, sizeof(data), "%s/data", home);
	if (waitpid(start(argv), &status, 0) < 0 || status) {
		test_fail(__FILE__, __LINE__, "initdb failed (status %d): %s/log", status, home);
		return false;
	}
	return launch();
}

void server_stop(int signal)
{
	if (!server)
		return;
	kill(server, signal);
	waitpid(server, NULL, 0);
	server = 0;
}

bool server_sql(const char *uri, const char *sql)
{
	PGconn *conn = PQconnectdb(uri);
	PGresult *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);
	bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

	if (!good)
		test_fail(__FILE__, __LINE__, "%s: %s", sql, PQerrorMessage(conn));
	PQclear(result);
	PQfinish(conn);
	return good;
}

char *server_fresh_database(void)
{
	char *admin = uri_of("postgres"), name[32], sql[64];

	snprintf(name, sizeof(name), "d%u", ++databases);
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s", name);
	server_sql(admin, sql);
	free(admin);
	return uri_of(name);
}

void server_remove(void)
{
	server_stop(SIGQUIT);
	remove_tree(home);
}
