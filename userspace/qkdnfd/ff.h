/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process ff from within: what its parts share.
 *
 * One thread runs the event loop, and with it all that is here.
 */
#ifndef QF_FF_H
#define QF_FF_H

#include "ask.h"
#include "control.h"
#include "desired.h"

/**
 * struct qf_ff - the process
 * @event: the loop
 * @channel: to fq
 * @ask: requests to fq
 * @control: the control socket
 * @settings: that hold now
 * @desired: the state that the node is to be in
 * @check: timer of looks at the node
 * @started: Unix time in seconds
 * @checked: of the last look at the node, Unix time; 0: none yet
 * @wanting: steps that were wanting then
 * @mended: steps done to mend drift since the start
 * @trouble: why the last look or state failed; empty: it did not
 * @taken: fq keeps to the state
 * @applying: a state is on its way
 * @looking: a look of the daemon's own is on its way
 * @ready: fq knows that this process serves
 * @reload: who asked for the reload that is on its way, or NULL
 */
struct qf_ff {
	sd_event *event;
	struct qf_channel *channel;
	struct qf_ask *ask;
	struct qf_control *control;
	struct qf_settings *settings;
	struct qf_desired desired;
	sd_event_source *check;
	int64_t started;
	int64_t checked;
	uint32_t wanting;
	uint64_t mended;
	char trouble[QF_TEXT_MAX + 1];
	bool taken;
	bool applying;
	bool looking;
	bool ready;
	struct qf_control_request *reload;
};

/* What may be asked on the control socket; the argument is the struct qf_ff. */
extern const struct qf_control_verb qf_verbs[];

/* Something of the state in one line changed: tell systemd, by fq. */
void qf_ff_tell(struct qf_ff *ff);
/* An answer about the desired state: note what it says of the node. */
void qf_ff_note(struct qf_ff *ff, const struct qf_answer *a, bool changed);

#endif
