// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl federation: federations of providers. */
#include "office.h"
#include "testfed.h"

#define SOCKET_HELP "  socket PATH  of the daemon, if it is not " OFFICE_SOCKET "\n"

static const struct ctl_verb verbs[] = {
	{ .name = "status",
	  .args = "[socket PATH]",
	  .run = office_status,
	  .summary = "how the daemon of this machine is, and its node",
	  .help = SOCKET_HELP },
	{ .name = "meters",
	  .args = "[socket PATH]",
	  .run = office_meters,
	  .summary = "contracts of the node with their meters, as the daemon reads them",
	  .help = SOCKET_HELP },
	{ .name = "state",
	  .args = "[socket PATH]",
	  .run = office_state,
	  .summary = "print the state that the daemon keeps its node to",
	  .help = SOCKET_HELP },
	{ .name = "check",
	  .args = "[socket PATH]",
	  .run = office_check,
	  .summary = "what is wanting at the node, and do nothing",
	  .help = SOCKET_HELP },
	{ .name = "apply",
	  .args = "FILE [number NUMBER] [--dry-run] [--remake] [socket PATH]",
	  .run = office_apply,
	  .summary = "have the daemon keep its node to a file, as of 'qkdnfctl apply'",
	  .help = "  number NUMBER  of the state, higher than that of the one before; one more\n"
		  "                 unless given\n"
		  "  --dry-run      print the steps and do none\n"
		  "  --remake       take peers away to make them anew where that is needed, which\n"
		  "                 erases their key\n"
		  "  The daemon keeps the state across restarts, and looks again and again whether\n"
		  "  the node is so.\n" SOCKET_HELP },
	{ .name = "reload",
	  .args = "[socket PATH]",
	  .run = office_reload,
	  .summary = "have the daemon read its settings anew",
	  .help = SOCKET_HELP },
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
