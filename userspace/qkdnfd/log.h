/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon tells people: one line at a time, on stderr.
 *
 * Where stderr is the journal, lines carry its level; on a terminal or in a file they
 * carry words. Control characters are taken out, so that nobody's text can look like
 * another line. Any thread may log. Nobody logs key or a secret.
 */
#ifndef QF_LOG_H
#define QF_LOG_H

#include <syslog.h>

/* Of which process the lines are, "fq" or "ff"; says where lines go. Called once. */
void qf_log_open(const char *role);

/**
 * qf_log() - one line
 * @level: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO or LOG_DEBUG of syslog.h
 * @fmt: the line, without an end of line
 */
void qf_log(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
