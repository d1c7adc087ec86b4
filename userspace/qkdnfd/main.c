// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfd: the federation daemon of one provider. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "log.h"
#include "process.h"
#include "role.h"

#define DEFAULT_FILE "/etc/qkdnf/qkdnfd.yaml"
#define USAGE	     2

static const char usage[] =
	"usage: qkdnfd [-c FILE]           run (systemd does that: qkdnfd.service)\n"
	"       qkdnfd --check [FILE]      are the settings good? (" DEFAULT_FILE ")\n\n"
	"  -c, --config FILE  settings, see qkdnfd.yaml(5)\n"
	"  --name-refused     say which system call the sandbox refused, for developers\n";

static int failed(const struct qn_error *err)
{
	fprintf(stderr, "qkdnfd: error: %s\n", err->text);
	return 1;
}

static int read_file(struct qf_settings *settings, const char *name, struct qn_error *err)
{
	char *path = realpath(name, NULL);
	FILE *file = path ? fopen(path, "re") : NULL;
	int ret;

	memset(settings, 0, sizeof(*settings));
	if (!file) {
		qn_fail_errno(err, errno, "cannot open %s", name);
		free(path);
		return -1;
	}
	/* A reload looks for the name as it was given, links and all. */
	ret = qf_settings_read(settings, file, *name == '/' ? name : path, err);
	fclose(file);
	free(path);
	return ret;
}

static int check(const char *name)
{
	struct qf_settings settings;
	struct qn_error err;
	int ret = read_file(&settings, name, &err);

	if (!ret)
		printf("%s: good: provider %s (%llu)\n", name, settings.name,
		       (unsigned long long)settings.number);
	qf_settings_free(&settings);
	return ret ? failed(&err) : 0;
}

/* Before anything else is opened: what is forked shares it. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int run(const char *name, bool name_refused)
{
	struct qf_settings settings;
	int lock, control, pair[2];
	struct qn_error err;
	pid_t ff;
	int ret;

	/* Whatever else somebody left open is nobody's business here. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	block_signals();
	if (read_file(&settings, name, &err) || qf_role_able(&settings, &err) ||
	    qf_role_state_directory(&settings, &lock, &err) ||
	    qf_control_listen(&settings, &control, &err))
		goto bad;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) {
		qn_fail_errno(&err, errno, "cannot make the channel");
		goto bad;
	}
	if (qf_role_start_ff(&settings, pair[1], control, name_refused, &ff, &err))
		goto bad;
	qf_log_open("fq");
	ret = qf_fq_process(&settings, pair[0], ff, name_refused);
	close(lock);
	qf_settings_free(&settings);
	return ret;
bad:
	qf_settings_free(&settings);
	return failed(&err);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'C' },
		{ "name-refused", no_argument, NULL, 'R' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool checking = false, name_refused = false;
	const char *file = NULL;
	int opt;

	if (argc && !strcmp(argv[0], QF_FF_NAME)) {
		qf_log_open("ff");
		return qf_ff_process(argc > 1 && !strcmp(argv[1], "--name-refused"));
	}
	while ((opt = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			file = optarg;
			break;
		case 'C':
			checking = true;
			break;
		case 'R':
			name_refused = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("usage: qkdnfd [-c FILE | --check [FILE]]; 'qkdnfd --help' says more\n",
			      stderr);
			return USAGE;
		}
	}
	if (checking && !file && optind < argc)
		file = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "qkdnfd: error: '%s' is too much\n", argv[optind]);
		return USAGE;
	}
	if (!file)
		file = DEFAULT_FILE;
	return checking ? check(file) : run(file, name_refused);
}
