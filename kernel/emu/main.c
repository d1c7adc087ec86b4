// SPDX-License-Identifier: GPL-2.0-only
/* Emulated QKD links: start and end of the module. */
#include <linux/module.h>
#include <linux/qkdemu.h>
#include <net/genetlink.h>

#include "link.h"
#include "netlink.h"
#include "past.h"

static bool userns;
module_param(userns, bool, 0444);
MODULE_PARM_DESC(userns,
		 "CAP_NET_ADMIN in any user namespace may create links (default: only the initial one)");

static int __init emu_init(void)
{
	int err;

	err = emu_ends_setup();
	if (err)
		return err;
	err = emu_netlink_setup(userns);
	if (err)
		emu_ends_cleanup();
	return err;
}

/* No device is open any more: an open file holds the module. */
static void __exit emu_exit(void)
{
	emu_netlink_cleanup();
	emu_links_delete_all();
	mutex_lock(&emu_links_lock);
	emu_past_free();
	mutex_unlock(&emu_links_lock);
	emu_ends_cleanup();
}

module_init(emu_init);
module_exit(emu_exit);

MODULE_DESCRIPTION("Emulated QKD links");
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY(QKDEMU_FAMILY_NAME);
