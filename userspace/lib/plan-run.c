// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans: doing them. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <linux/qkdemu.h>
#include <linux/qkdnf.h>

#include "plan.h"
#include "tunnel.h"
#include "xfrm.h"

static bool is_new_link(const struct qn_step *step)
{
	return step->family == &qn_family_qkdemu && step->cmd == QKDEMU_CMD_LINK_NEW;
}

/* A link whose two ends are both here needs no seed that anybody knows. */
static int make_link(const struct qn_step *step, struct qn_nl *nl, struct qn_error *err)
{
	uint8_t seed[QKDEMU_SEED_LEN];
	struct qn_rec *req;
	int ret;

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return qn_fail_errno(err, errno, "no random numbers");
	req = qn_rec_copy(step->req);
	qn_set_bin(req, QKDEMU_A_SEED, seed, sizeof(seed));
	explicit_bzero(seed, sizeof(seed));
	ret = qn_nl_do(nl, step->cmd, 0, req, NULL, err);
	qn_rec_free(req);
	return ret;
}

static int run_step(const struct qn_step *step, struct qn_nl *nl, struct qn_error *err)
{
	struct qn_rec *req;
	int fd, ret;

	if (step->family == &qn_family_tunnel)
		return qn_tunnel_do(step->cmd, step->req, err);
	if (step->family == &qn_family_xfrm)
		return qn_xfrm_do(step->cmd, step->req, err);
	if (is_new_link(step) && !qn_has(step->req, QKDEMU_A_SEED))
		return make_link(step, nl, err);
	if (!step->device)
		return qn_nl_do(nl, step->cmd, 0, step->req, NULL, err);
	if (qn_open_source(step->device, &fd, err))
		return -1;
	req = qn_rec_copy(step->req);
	qn_set(req, QKDNF_A_SOURCE_FD, (uint64_t)fd);
	ret = qn_nl_do(nl, step->cmd, 0, req, NULL, err);
	qn_rec_free(req);
	close(fd);
	return ret;
}

int qn_plan_run(const struct qn_plan *plan, struct qn_nl *km, struct qn_nl *emu, qn_plan_done done,
		void *arg, struct qn_error *err)
{
	const struct qn_step *step;
	unsigned int n = 0;

	for (step = plan->steps; step; step = step->next) {
		if (run_step(step, step->family == &qn_family_qkdnf ? km : emu, err)) {
			qn_fail_prefix(err, "%c %s", step->sign, step->text);
			return qn_fail_prefix(err, "%u of %u steps are done, then", n, plan->count);
		}
		n++;
		if (done)
			done(arg, step);
	}
	return 0;
}

void qn_plan_free(struct qn_plan *plan)
{
	struct qn_step *step, *next;

	for (step = plan->steps; step; step = next) {
		next = step->next;
		qn_rec_free(step->req);
		free(step->device);
		free(step->text);
		free(step);
	}
	memset(plan, 0, sizeof(*plan));
}
