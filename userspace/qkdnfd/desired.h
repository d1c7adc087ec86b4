/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The desired state on disk: what the node is brought to when the daemon begins anew.
 *
 * A file "desired-state" in the state directory: a comment with the number, then the
 * text as it was given, so that 'qkdnfctl apply' can read it, too.
 */
#ifndef QF_DESIRED_H
#define QF_DESIRED_H

#include <stddef.h>
#include <stdint.h>

#include "base.h"

/**
 * struct qf_desired - a desired state
 * @number: of it; 0: there is none
 * @text: in the format of 'qkdnfctl apply'
 * @len: octets of it
 */
struct qf_desired {
	uint64_t number;
	char *text;
	size_t len;
};

/**
 * qf_desired_load() - read it
 * @desired: filled in, for qf_desired_free() in any case; number 0 if there is none
 * @directory: the state directory
 * @err: what is wrong with the file
 *
 * Return: 0, or -1 with @err.
 */
int qf_desired_load(struct qf_desired *desired, const char *directory, struct qn_error *err);

/**
 * qf_desired_save() - write it, durably
 * @desired: what to write
 * @directory: the state directory
 * @err: what went wrong: then the file is as it was
 *
 * Waits for the disk. Return: 0, or -1 with @err.
 */
int qf_desired_save(const struct qf_desired *desired, const char *directory, struct qn_error *err);
void qf_desired_free(struct qf_desired *desired);

#endif
