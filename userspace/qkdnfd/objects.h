/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of a desired state: sets, attributes that may travel, places in a model. */
#ifndef QF_OBJECTS_H
#define QF_OBJECTS_H

#include "message.h"
#include "model.h"

/* The attribute set of a kind. */
const struct qn_set *qf_object_set(enum qf_object kind);
/* Attributes that a desired state may give, bit by number. */
uint64_t qf_object_allowed(enum qf_object kind);
/* Where a model has its list of a kind; of the node, its one record. */
struct qn_rec **qf_object_list(struct qn_model *model, enum qf_object kind);

#endif
