/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two processes' lives. */
#ifndef QF_PROCESS_H
#define QF_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "settings.h"

/**
 * qf_fq_process() - be fq
 * @settings: what the daemon was started with
 * @channel: fq's end; taken over
 * @ff: the other process
 * @name_refused: see qf_sandbox_calls()
 *
 * Gives rights away, closes the sandbox, then serves ff and systemd until one of them
 * ends it. SIGTERM, SIGINT, SIGHUP and SIGCHLD must be blocked.
 *
 * Return: the exit status.
 */
int qf_fq_process(const struct qf_settings *settings, int channel, pid_t ff, bool name_refused);

/* Be ff: descriptors are where role.h says. Returns the exit status. */
int qf_ff_process(bool name_refused);

#endif
