/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process can do no more: system calls (seccomp) and files (Landlock).
 *
 * Both only ever take away, and hold for all threads that are made later.
 */
#ifndef QF_SANDBOX_H
#define QF_SANDBOX_H

#include <stdbool.h>

#include "base.h"

/**
 * qf_sandbox_calls() - allow the system calls of a process only
 * @fq: the list of fq, or of ff
 * @name_refused: say which call was refused before the process dies of it, for those who
 *	change the lists
 * @err: what went wrong
 *
 * Calls of another architecture kill as well. no_new_privs must be set. While there is
 * one thread.
 *
 * Return: 0, or -1 with @err.
 */
int qf_sandbox_calls(bool fq, bool name_refused, struct qn_error *err);

/**
 * struct qf_files - what may be opened
 * @read: files or directories to read, ending with NULL; those that are not there are
 *	passed over
 * @write: a directory in which files may also be made, changed and taken away, or NULL
 */
struct qf_files {
	const char *const *read;
	const char *write;
};

/**
 * qf_sandbox_files() - allow some files only
 * @files: which
 * @err: what went wrong
 *
 * Return: 0; 1 if this kernel has no Landlock, so that permissions alone decide; or -1
 * with @err.
 */
int qf_sandbox_files(const struct qf_files *files, struct qn_error *err);

#endif
