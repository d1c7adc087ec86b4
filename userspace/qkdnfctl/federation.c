// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl federation: federations of providers. */
#include "testfed.h"

static const struct ctl_verb verbs[] = {
	{ .name = "init",
	  .args = "DIR [name NAME] [days DAYS] [member NAME NUMBER HOST[,HOST]...]...",
	  .run = federation_init,
	  .summary = "make the certificates and keys of a test federation",
	  .help = FEDERATION_INIT_HELP },
	{ 0 }
};

int cmd_federation(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
