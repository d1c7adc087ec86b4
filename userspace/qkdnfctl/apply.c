// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl apply: make what runs equal to a file. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/qkdemu.h>
#include <linux/qkdnf.h>

#include "conf.h"
#include "ctl.h"
#include "model.h"
#include "plan.h"

#define EMU_DIR "/dev/qkdemu/"

struct apply {
	struct ctl *ctl;
	const char *file;
	const char *state; /* a recorded state to compare with */
	bool dry_run;
	unsigned int flags;
	struct qn_conf conf;
	struct qn_model have;
	struct qn_plan plan;
};

static int arguments(struct apply *a, int argc, char **argv)
{
	struct ctl *ctl = a->ctl;
	int i;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--dry-run")) {
			a->dry_run = true;
		} else if (!strcmp(argv[i], "--keep")) {
			a->flags |= QN_PLAN_KEEP;
		} else if (!strcmp(argv[i], "--remake")) {
			a->flags |= QN_PLAN_REMAKE;
		} else if (!strcmp(argv[i], "--state")) {
			if (i + 1 == argc)
				return ctl_usage(ctl,
						 "--state wants a file: what 'qkdnfctl -j show' printed");
			a->state = argv[++i];
		} else {
			if (argv[i][0] == '-' && argv[i][1])
				return ctl_usage(ctl, "unknown option '%s'", argv[i]);
			if (a->file)
				return ctl_usage(ctl, "one file at a time: '%s' is too much",
						 argv[i]);
			a->file = argv[i];
		}
	}
	if (!a->file)
		return ctl_usage(ctl, "which file?");
	if (a->state && !a->dry_run)
		return ctl_usage(ctl,
				 "--state compares with what is recorded, which cannot be changed: add --dry-run");
	return 0;
}

static int load_state(struct apply *a)
{
	struct qn_error *err = &a->ctl->err;
	json_error_t problem;
	json_t *object;
	int ret;

	object = json_load_file(a->state, JSON_REJECT_DUPLICATES, &problem);
	if (!object)
		return qn_fail(err, "%s:%d: %s", a->state, problem.line, problem.text);
	ret = qn_model_from_json(&a->have, object, err);
	json_decref(object);
	return ret ? qn_fail_prefix(err, "%s", a->state) : 0;
}

static int load_km(struct apply *a)
{
	struct ctl *ctl = a->ctl;

	if (qn_model_load(&a->have, ctl->km, ctl->emu, true, &ctl->err))
		return -1;
	/* Policies may be left over from a binding that is gone. */
	if (!a->have.bindings && !a->conf.want.bindings)
		return 0;
	return qn_model_load_xfrm(&a->have, &ctl->err);
}

static int load(struct apply *a)
{
	struct ctl *ctl = a->ctl;

	if (a->state)
		return load_state(a);
	if (a->conf.want.node && !ctl_km(ctl))
		return -1;
	if (a->conf.want.emu && !ctl_emu(ctl))
		return -1;
	if (ctl->km)
		return load_km(a);
	return qn_nl_list(ctl->emu, QKDEMU_CMD_LINK_GET, NULL, &a->have.emu, &ctl->err);
}

/* Is a device an end of an emulated link that the file makes? */
static bool will_exist(const struct apply *a, const char *device)
{
	const struct qn_rec *link;
	size_t len;

	if (strncmp(device, EMU_DIR, strlen(EMU_DIR)))
		return false;
	device += strlen(EMU_DIR);
	for (link = a->conf.want.emu; link; link = link->next) {
		const char *name = qn_get_str(link, QKDEMU_A_NAME);

		len = strlen(name);
		if (!strncmp(device, name, len) &&
		    (!strcmp(device + len, ".a") || !strcmp(device + len, ".b")))
			return true;
	}
	return false;
}

/* Devices that are to be opened should be there before the first change. */
static int check_devices(struct apply *a)
{
	const struct qn_conf_source *source;
	const struct qn_step *step;

	for (step = a->plan.steps; step; step = step->next) {
		if (!step->device || will_exist(a, step->device) || !access(step->device, R_OK))
			continue;
		qn_fail_errno(&a->ctl->err, errno, "%s", step->device);
		for (source = a->conf.sources; source; source = source->next)
			if (source->device && !strcmp(source->device, step->device))
				return qn_fail_prefix(&a->ctl->err, "%s:%u", a->conf.name,
						      source->line);
		return -1;
	}
	return 0;
}

static void print_step(struct ctl *ctl, const struct qn_step *step)
{
	const char *colour = step->sign == '+' ? QN_GREEN : step->sign == '-' ? QN_RED : QN_YELLOW;

	qn_out_paint(&ctl->out, colour, "%c", step->sign);
	fprintf(ctl->out.file, " %s\n", step->text);
	fflush(ctl->out.file);
}

static void done_step(void *arg, const struct qn_step *step)
{
	struct ctl *ctl = arg;

	if (!ctl->out.json)
		print_step(ctl, step);
}

static void print_json(struct ctl *ctl, const struct apply *a, bool done)
{
	json_t *steps = json_array();
	const struct qn_step *step;

	for (step = a->plan.steps; step; step = step->next) {
		char sign[2] = { step->sign, 0 };
		json_t *one;

		one = json_pack("{s:s, s:s, s:s, s:s, s:b}", "sign", sign, "family",
				step->family->name, "operation", step->family->ops[step->cmd].name,
				"text", step->text, "erases_key", step->breaks);
		if (step->req->set == &qn_set_emu_link)
			qn_unset(step->req, QKDEMU_A_SEED); /* all bits come from it */
		json_object_set_new(one, "attributes", qn_rec_to_json(step->req));
		if (step->device)
			json_object_set_new(one, "device", json_string(step->device));
		json_array_append_new(steps, one);
	}
	qn_out_json(&ctl->out, json_pack("{s:b, s:o}", "done", done, "steps", steps));
}

static int act(struct apply *a)
{
	struct ctl *ctl = a->ctl;
	const struct qn_step *step;

	if (!a->state && check_devices(a))
		return ctl_failed(ctl);
	if (a->dry_run) {
		if (ctl->out.json) {
			print_json(ctl, a, false);
			return 0;
		}
		for (step = a->plan.steps; step; step = step->next)
			print_step(ctl, step);
	} else if (qn_plan_run(&a->plan, ctl->km, ctl->emu, done_step, ctl, &ctl->err)) {
		return ctl_failed(ctl);
	} else if (ctl->out.json) {
		print_json(ctl, a, true);
		return 0;
	}
	if (!a->plan.count)
		fprintf(ctl->out.file, "nothing to do: what runs is what the file says\n");
	return 0;
}

static int apply(struct ctl *ctl, int argc, char **argv)
{
	struct apply a = { .ctl = ctl };
	int status = CTL_FAILED;

	if (arguments(&a, argc, argv))
		return CTL_USAGE;
	if (qn_conf_read(&a.conf, a.file, &ctl->err) || load(&a) ||
	    qn_plan_make(&a.plan, &a.conf, &a.have, a.flags, &ctl->err)) {
		ctl_failed(ctl);
	} else {
		if (a.conf.warnings && !ctl->out.json)
			fputs(a.conf.warnings, stderr);
		status = act(&a);
	}
	qn_plan_free(&a.plan);
	qn_model_free(&a.have);
	qn_conf_free(&a.conf);
	return status;
}

static const struct ctl_verb verbs[] = {
	{ .name = "",
	  .args = "FILE [--dry-run] [--keep] [--remake] [--state RECORDED]",
	  .run = apply,
	  .summary = "make the node and its objects equal to a YAML file (- is standard input)",
	  .help = "  The difference to what runs is what is done: new things are made before old\n"
		  "  ones go, what is equal is left alone, and what the file does not name goes\n"
		  "  away. The whole file is checked before the first change.\n\n"
		  "  --dry-run         print the steps and do none\n"
		  "  --keep            leave what the file does not name\n"
		  "  --remake          take peers away to make them anew, which erases their key,\n"
		  "                    where kind, segment, scheme, shares or a much larger pool\n"
		  "                    ask for it; without it that is refused\n"
		  "  --state RECORDED  compare with what 'qkdnfctl -j show' printed, on any machine\n\n"
		  "  The settings are those of 'node set', 'peer add', 'route add', 'contract add',\n"
		  "  'ipsec add' and 'tunnel add'; a peer takes 'source: DEVICE|push' besides,\n"
		  "  a binding the xfrm interface and the policies of 'ipsec interface' and 'ipsec\n"
		  "  policy'.\n\n"
		  "    node:\n"
		  "      id: 64496:1\n"
		  "    peers:\n"
		  "      - id: 64496:2\n"
		  "        name: a2\n"
		  "        address: 192.0.2.2\n"
		  "        source: /dev/qkdemu/a1-a2.a\n"
		  "      - id: 64498:3\n"
		  "    routes:\n"
		  "      - to: 64498:*\n"
		  "        via: 64496:2\n"
		  "    ipsec:\n"
		  "      - reqid: 7\n"
		  "        peer: 64496:2\n"
		  "        address: 192.0.2.2\n"
		  "        local: 192.0.2.1\n"
		  "        if-id: 7\n"
		  "        interface: ipsec7\n"
		  "        policies:\n"
		  "          - own: 10.1.0.0/16\n"
		  "            far: 10.2.0.0/16\n"
		  "    tunnels:\n"
		  "      - name: otp0\n"
		  "        peer: 64496:2\n\n"
		  "  Emulated links belong to the machine: those that section emu names are made\n"
		  "  or changed, others stay.\n" },
	{ 0 }
};

int cmd_apply(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
