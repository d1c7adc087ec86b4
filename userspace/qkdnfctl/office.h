/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qkdnfctl federation: the verbs that ask the daemon of this machine. */
#ifndef OFFICE_H
#define OFFICE_H

#include "ctl.h"

#define OFFICE_SOCKET "/run/qkdnfd/control"

int office_status(struct ctl *ctl, int argc, char **argv);
int office_meters(struct ctl *ctl, int argc, char **argv);
int office_state(struct ctl *ctl, int argc, char **argv);
int office_check(struct ctl *ctl, int argc, char **argv);
int office_apply(struct ctl *ctl, int argc, char **argv);
int office_reload(struct ctl *ctl, int argc, char **argv);

#endif
