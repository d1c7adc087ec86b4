// SPDX-License-Identifier: GPL-2.0-or-later
/* The two processes: how they begin, and what they give away. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "role.h"

/* fq has a handful open; ff serves many. */
#define FILES_FQ 64
#define FILES_FF 4096

int qf_role_able(const struct qf_settings *settings, struct qn_error *err)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t has = CAP_CLEAR;

	if (caps)
		cap_get_flag(caps, CAP_NET_ADMIN, CAP_PERMITTED, &has);
	cap_free(caps);
	if (has != CAP_SET)
		return qn_fail(err,
			       "CAP_NET_ADMIN is missing: start the daemon by its systemd unit, or as root");
	if (!geteuid() && !settings->user)
		return qn_fail(err, "%s: started as root it needs 'user:', to be root no longer",
			       settings->file);
	if (geteuid() && settings->user && geteuid() != settings->uid)
		return qn_fail(err, "%s: started as user %u it cannot become %s: start it as root",
			       settings->file, geteuid(), settings->user);
	return 0;
}

static uid_t owner(const struct qf_settings *settings)
{
	return settings->user ? settings->uid : geteuid();
}

int qf_role_state_directory(const struct qf_settings *settings, int *lock, struct qn_error *err)
{
	const char *path = settings->state_directory;
	struct stat st;

	if (!mkdir(path, 0700)) {
		if (!geteuid() && chown(path, settings->uid, settings->gid))
			return qn_fail_errno(err, errno, "cannot give %s to %s", path,
					     settings->user);
	} else if (errno != EEXIST) {
		return qn_fail_errno(err, errno, "cannot make %s: make it, for user %u", path,
				     owner(settings));
	}
	*lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*lock < 0 || fstat(*lock, &st))
		return qn_fail_errno(err, errno, "cannot use %s as state-directory", path);
	if (st.st_uid != owner(settings) || (st.st_mode & 077))
		qn_fail(err,
			"%s is not only its user's: 'chown %u %s' and 'chmod 700 %s', or choose another",
			path, owner(settings), path, path);
	else if (flock(*lock, LOCK_EX | LOCK_NB))
		qn_fail(err, "another daemon runs on %s: stop it first", path);
	else
		return 0;
	close(*lock);
	return -1;
}

/* --- giving away ------------------------------------------------------------------ */

static int become(const struct qf_settings *s, bool fq, struct qn_error *err)
{
	int ret;

	if (geteuid() || !s->user)
		return 0;
	/* The devices of sources are their group's; ff has no business with them. */
	ret = fq ? initgroups(s->user, s->gid) : setgroups(0, NULL);
	if (ret || setresgid(s->gid, s->gid, s->gid) || prctl(PR_SET_KEEPCAPS, fq ? 1 : 0) ||
	    setresuid(s->uid, s->uid, s->uid) || prctl(PR_SET_KEEPCAPS, 0))
		return qn_fail_errno(err, errno, "cannot become user %s", s->user);
	return 0;
}

/* Whoever has no CAP_SETPCAP has no way to gain from the set either. */
static void drop_bounding(bool fq)
{
	cap_value_t cap;

	for (cap = 0; cap_get_bound(cap) >= 0; cap++)
		if (!fq || cap != CAP_NET_ADMIN)
			cap_drop_bound(cap);
}

static int set_caps(bool fq, struct qn_error *err)
{
	const cap_value_t keep[] = { CAP_NET_ADMIN };
	cap_t caps = cap_init();
	int ret = -1;

	cap_reset_ambient();
	if (caps && (!fq || (!cap_set_flag(caps, CAP_PERMITTED, 1, keep, CAP_SET) &&
			     !cap_set_flag(caps, CAP_EFFECTIVE, 1, keep, CAP_SET))))
		ret = cap_set_proc(caps);
	if (ret)
		qn_fail_errno(err, errno, "cannot give capabilities away");
	cap_free(caps);
	return ret;
}

static int limits(bool fq, struct qn_error *err)
{
	const struct rlimit none = { 0, 0 };
	const rlim_t most = fq ? FILES_FQ : FILES_FF;
	struct rlimit files = { most, most }, now;

	if (!getrlimit(RLIMIT_NOFILE, &now) && now.rlim_max < files.rlim_max)
		files = (struct rlimit){ now.rlim_max, now.rlim_max };
	if (setrlimit(RLIMIT_CORE, &none) || setrlimit(RLIMIT_NOFILE, &files))
		return qn_fail_errno(err, errno, "cannot set resource limits");
	return 0;
}

int qf_role_drop(const struct qf_settings *settings, bool fq, struct qn_error *err)
{
	if (limits(fq, err))
		return -1;
	if (settings) {
		drop_bounding(fq);
		if (become(settings, fq, err))
			return -1;
	}
	if (set_caps(fq, err))
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return qn_fail_errno(err, errno, "cannot renounce new privileges");
	/* Also keeps processes of the same user from tracing this one. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return qn_fail_errno(err, errno, "cannot forbid dumps");
	return 0;
}

/* --- starting ff -------------------------------------------------------------------- */

/* In the child, until it is another program. */
static void exec_ff(const struct qf_settings *settings, int channel, int control, bool name_refused)
{
	char *const argv[] = { QF_FF_NAME, name_refused ? "--name-refused" : NULL, NULL };
	char *env[3], **e = env;
	struct qn_error err;
	sigset_t none;
	int from, to;

	/* Nothing of the environment is needed but how to write lines. */
	if (getenv("JOURNAL_STREAM"))
		*e++ = qn_asprintf("JOURNAL_STREAM=%s", getenv("JOURNAL_STREAM"));
	*e++ = "LANG=C.UTF-8";
	*e = NULL;
	/* Above both places first: either may be where the other one goes. */
	from = fcntl(channel, F_DUPFD, 16);
	to = fcntl(control, F_DUPFD, 16);
	if (from < 0 || to < 0 || dup2(from, QF_FD_CHANNEL) < 0 || dup2(to, QF_FD_CONTROL) < 0 ||
	    close_range(QF_FD_CONTROL + 1, ~0U, 0)) {
		qn_fail_errno(&err, errno, "cannot hand descriptors over");
	} else if (!qf_role_drop(settings, false, &err)) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execve("/proc/self/exe", argv, env);
		qn_fail_errno(&err, errno, "cannot run /proc/self/exe");
	}
	fprintf(stderr, "qkdnfd: error: ff: %s\n", err.text);
	_exit(1);
}

int qf_role_start_ff(const struct qf_settings *settings, int channel, int control,
		     bool name_refused, pid_t *pid, struct qn_error *err)
{
	*pid = fork();
	if (!*pid)
		exec_ff(settings, channel, control, name_refused);
	close(channel);
	close(control);
	return *pid < 0 ? qn_fail_errno(err, errno, "cannot start ff") : 0;
}
