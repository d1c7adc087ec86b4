/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's settings: one YAML file.
 *
 * Every error names FILE:LINE:COLUMN and says what to do. What may stand in the file is
 * one table in settings.c; qkdnfd.yaml(5) tells people.
 */
#ifndef QF_SETTINGS_H
#define QF_SETTINGS_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base.h"

/* What is done about a node that is not what it should be. */
enum qf_drift { QF_DRIFT_REPORT, QF_DRIFT_MEND };

#define QF_DEVICES_MAX 16

/**
 * struct qf_settings - what the file says, with defaults put in
 * @file: its name, for messages
 * @name: of the provider, for people
 * @number: of the provider: its AS number
 * @user: whom the processes run as; NULL: whoever started the daemon
 * @uid: of @user
 * @gid: of @user
 * @state_directory: where the daemon keeps what must survive
 * @control_socket: path of the control socket
 * @read_group: members may ask; (gid_t)-1 is nobody
 * @write_group: members may also change; (gid_t)-1 is nobody
 * @drift: what to do when the node is not as desired
 * @drift_check: time between two looks at the node, in microseconds; 0 is never
 * @devices: directories or devices below which sources of key may be opened
 * @device_count: of them
 */
struct qf_settings {
	char *file;
	char *name;
	uint64_t number;
	char *user;
	uid_t uid;
	gid_t gid;
	char *state_directory;
	char *control_socket;
	gid_t read_group;
	gid_t write_group;
	uint64_t drift;
	uint64_t drift_check;
	char *devices[QF_DEVICES_MAX];
	unsigned int device_count;
};

/**
 * qf_settings_read() - read and check a file
 * @settings: filled in, for qf_settings_free() in any case
 * @file: open at its beginning; stays open
 * @name: of the file, for messages
 * @err: FILE:LINE:COLUMN, what is wrong and what to do
 *
 * Names of users and groups are looked up, so this reads the system's databases. Any
 * thread; not async-signal-safe.
 *
 * Return: 0, or -1 with @err.
 */
int qf_settings_read(struct qf_settings *settings, FILE *file, const char *name,
		     struct qn_error *err);
void qf_settings_free(struct qf_settings *settings);

/**
 * qf_settings_fixed() - may these follow those without a restart?
 * @old: what the daemon was started with
 * @new: what a reload brings
 * @err: which setting changed that is fixed while the daemon runs
 *
 * Return: 0, or -1 with @err.
 */
int qf_settings_fixed(const struct qf_settings *old, const struct qf_settings *new,
		      struct qn_error *err);

#endif
