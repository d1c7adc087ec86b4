// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process can do no more. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>
#include <seccomp.h>

#include "sandbox.h"

/* --- system calls ------------------------------------------------------------------ */

/* What memory, time, files and the event loop take. */
static const int both[] = {
	SCMP_SYS(access),
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(close),
	SCMP_SYS(dup),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(fstatfs),
	SCMP_SYS(futex),
	SCMP_SYS(getegid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(getrandom),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getuid),
	SCMP_SYS(landlock_add_rule),
	SCMP_SYS(landlock_create_ruleset),
	SCMP_SYS(landlock_restrict_self),
	SCMP_SYS(lseek),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(nanosleep),
	SCMP_SYS(newfstatat),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(prctl),
	SCMP_SYS(pread64),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(setsockopt),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(signalfd4),
	SCMP_SYS(stat),
	SCMP_SYS(statx),
	SCMP_SYS(time),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(uname),
	SCMP_SYS(write),
	SCMP_SYS(writev),
};

/* fq besides: netlink sockets, and the end of its child. */
static const int of_fq[] = {
	SCMP_SYS(bind),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(wait4),
	SCMP_SYS(waitid),
};

/* ff besides: networks, threads, a database in files. */
static const int of_ff[] = {
	SCMP_SYS(accept4),
	SCMP_SYS(bind),
	SCMP_SYS(clock_getres),
	SCMP_SYS(connect),
	SCMP_SYS(dup3),
	SCMP_SYS(eventfd2),
	SCMP_SYS(fallocate),
	SCMP_SYS(fchmod),
	SCMP_SYS(fdatasync),
	SCMP_SYS(flock),
	SCMP_SYS(fsync),
	SCMP_SYS(ftruncate),
	SCMP_SYS(getcwd),
	SCMP_SYS(getdents64),
	SCMP_SYS(getpeername),
	SCMP_SYS(getrusage),
	SCMP_SYS(ioctl),
	SCMP_SYS(listen),
	SCMP_SYS(lstat),
	SCMP_SYS(membarrier),
	SCMP_SYS(mlock),
	SCMP_SYS(munlock),
	SCMP_SYS(pipe2),
	SCMP_SYS(pselect6),
	SCMP_SYS(pwrite64),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(rseq),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler),
	SCMP_SYS(select),
	SCMP_SYS(sendfile),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(shutdown),
	SCMP_SYS(sysinfo),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
};

static int allow(scmp_filter_ctx ctx, const int *calls, size_t count)
{
	size_t i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
		/* A call that this architecture never had needs no leave. */
		if (ret && ret != -EDOM && ret != -EINVAL)
			return ret;
	}
	return 0;
}

/* Memory is never made executable, so nothing that came in can be run. */
static int allow_memory(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp data = SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp code = SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC);
	const int calls[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	unsigned int i;
	int ret = 0;

	for (i = 0; i < QN_ARRAY_SIZE(calls) && !ret; i++) {
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 1, data);
		/* A library that would like a plug-in goes on without. */
		if (!ret)
			ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), calls[i], 1, code);
	}
	return ret;
}

static int allow_family(scmp_filter_ctx ctx, int family)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				SCMP_A0_32(SCMP_CMP_EQ, (scmp_datum_t)family));
}

static int rules_fq(scmp_filter_ctx ctx)
{
	int ret = allow(ctx, of_fq, QN_ARRAY_SIZE(of_fq));

	if (!ret)
		ret = allow_family(ctx, AF_NETLINK);
	/* sd_notify() sends a datagram; there is no connect() for more. */
	if (!ret)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				       SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX),
				       SCMP_A1_32(SCMP_CMP_EQ, SOCK_DGRAM | SOCK_CLOEXEC));
	return ret;
}

static int rules_ff(scmp_filter_ctx ctx)
{
	const scmp_datum_t thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
	int ret = allow(ctx, of_ff, QN_ARRAY_SIZE(of_ff));

	if (!ret)
		ret = allow_family(ctx, AF_INET);
	if (!ret)
		ret = allow_family(ctx, AF_INET6);
	if (!ret)
		ret = allow_family(ctx, AF_UNIX);
	/* libcurl's threads that look up names wake it by one. */
	if (!ret)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1,
				       SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX));
	/* Limits may be looked at, which libc does for a thread, and not be set. */
	if (!ret)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
				       SCMP_A0_32(SCMP_CMP_EQ, 0), SCMP_A2_64(SCMP_CMP_EQ, 0));
	/* The resolver asks which addresses the host has, and does without. */
	if (!ret)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
				       SCMP_A0_32(SCMP_CMP_EQ, AF_NETLINK));
	/* Threads, no processes. Arguments of clone3 cannot be seen; libc falls back. */
	if (!ret)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				       SCMP_A0_64(SCMP_CMP_MASKED_EQ, thread, thread));
	if (!ret)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return ret;
}

/* For those who change the lists; in a signal handler, before the process ends. */
static void name_call(int signal, siginfo_t *info, void *context)
{
	char line[128], *name = seccomp_syscall_resolve_num_arch(info->si_arch, info->si_syscall);
	int len = snprintf(line, sizeof(line), "qkdnfd: error: system call %s (%d) is refused\n",
			   name ? name : "?", info->si_syscall);

	(void)signal;
	(void)context;
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		_exit(126);
	_exit(125);
}

int qf_sandbox_calls(bool fq, bool name_refused, struct qn_error *err)
{
	struct sigaction action = { .sa_sigaction = name_call, .sa_flags = SA_SIGINFO };
	scmp_filter_ctx ctx = seccomp_init(name_refused ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS);
	int ret = -ENOMEM;

	if (!ctx)
		goto out;
	ret = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!ret)
		ret = allow(ctx, both, QN_ARRAY_SIZE(both));
	if (!ret)
		ret = allow_memory(ctx);
	if (!ret)
		ret = fq ? rules_fq(ctx) : rules_ff(ctx);
	if (!ret && name_refused && sigaction(SIGSYS, &action, NULL))
		ret = -errno;
	if (!ret)
		ret = seccomp_load(ctx);
	seccomp_release(ctx);
out:
	return ret ? qn_fail_errno(err, -ret, "cannot restrict system calls (seccomp)") : 0;
}

/* --- files -------------------------------------------------------------------------- */

#define READ_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILES                                                                 \
	(READ_FILES | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE)
/* All that the first version of Landlock knows. */
#define HANDLED ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static int add_path(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr beneath = { .allowed_access = access };
	struct stat st;
	int ret;

	beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (beneath.parent_fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (!fstat(beneath.parent_fd, &st) && !S_ISDIR(st.st_mode))
		beneath.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE |
					  LANDLOCK_ACCESS_FS_WRITE_FILE;
	ret = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	close(beneath.parent_fd);
	return ret;
}

int qf_sandbox_files(const struct qf_files *files, struct qn_error *err)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = HANDLED };
	const char *const *path;
	int ruleset, ret = -1;

	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0) {
		if (errno == ENOSYS || errno == EOPNOTSUPP)
			return 1;
		return qn_fail_errno(err, errno, "cannot restrict files (Landlock)");
	}
	for (path = files->read; *path; path++)
		if (add_path(ruleset, *path, READ_FILES)) {
			qn_fail_errno(err, errno, "cannot allow %s to be read (Landlock)", *path);
			goto out;
		}
	if (files->write && add_path(ruleset, files->write, WRITE_FILES)) {
		qn_fail_errno(err, errno, "cannot allow %s to be written (Landlock)", files->write);
		goto out;
	}
	ret = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
	if (ret)
		qn_fail_errno(err, errno, "cannot restrict files (Landlock)");
out:
	close(ruleset);
	return ret;
}
