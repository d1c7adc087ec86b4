// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's tables. A released step is never changed: what is new is a new step. */
#include "store.h"

static const struct qf_migration steps[] = {
	{ "outbox", "CREATE TABLE outbox ("
		    " id BIGINT PRIMARY KEY NOT NULL,"
		    " partner TEXT NOT NULL,"
		    " kind TEXT NOT NULL,"
		    " body BYTEA NOT NULL,"
		    " queued BIGINT NOT NULL,"
		    " due BIGINT NOT NULL,"
		    " tries BIGINT NOT NULL,"
		    " why TEXT);"
		    "CREATE INDEX outbox_due ON outbox (due, partner);" },
};

const struct qf_schema qf_schema = { steps, QN_ARRAY_SIZE(steps) };
