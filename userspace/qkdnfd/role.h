/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two processes: how they begin, and what they give away.
 *
 * What systemd starts becomes fq. Before it gives its rights away it takes the lock of
 * the state directory and binds the control socket; then it starts ff, which is this
 * program once more, in a fresh image that shares no memory with it.
 */
#ifndef QF_ROLE_H
#define QF_ROLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "settings.h"

#define QF_FF_NAME    "qkdnfd-ff" /* argv[0] of ff */
#define QF_FD_CHANNEL 3
#define QF_FD_CONTROL 4

/* May this process become the daemon? Returns 0, or -1 with what to do. */
int qf_role_able(const struct qf_settings *settings, struct qn_error *err);

/**
 * qf_role_state_directory() - make it, look at it, lock it
 * @settings: where it is, whose it will be
 * @lock: out, a descriptor; the lock lasts until it is closed
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err: for one, that another daemon runs on it.
 */
int qf_role_state_directory(const struct qf_settings *settings, int *lock, struct qn_error *err);

/**
 * qf_role_start_ff() - start the other process
 * @settings: as whom
 * @channel: its end of the channel; closed here
 * @control: the listening control socket; closed here
 * @name_refused: see qf_sandbox_calls()
 * @pid: out
 * @err: what went wrong
 *
 * Return: 0, or -1 with @err.
 */
int qf_role_start_ff(const struct qf_settings *settings, int channel, int control,
		     bool name_refused, pid_t *pid, struct qn_error *err);

/**
 * qf_role_drop() - give rights away, for ever
 * @settings: who to be; NULL: that is done already
 * @fq: keep CAP_NET_ADMIN; else nothing is kept
 * @err: what went wrong
 *
 * Also: no new privileges by exec, no core dumps, not to be traced. While there is one
 * thread.
 *
 * Return: 0, or -1 with @err: then the process must end.
 */
int qf_role_drop(const struct qf_settings *settings, bool fq, struct qn_error *err);

#endif
