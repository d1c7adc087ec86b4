// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A module with planted faults: what the guest harness must catch.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>

static char *fault = "none";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "none, warn, oops, print or leak");

static struct kmem_cache *planted_cache;

static int __init planted_init(void)
{
	if (!strcmp(fault, "warn")) {
		WARN(1, "planted\n");
	} else if (!strcmp(fault, "oops")) {
		int **volatile nowhere = NULL;

		*nowhere = NULL;
	} else if (!strcmp(fault, "print")) {
		pr_info("BUG: planted, printed only\n");
	} else if (!strcmp(fault, "leak")) {
		/* poisoned caches are not merged with others */
		planted_cache = kmem_cache_create("planted", 64, 0,
						  SLAB_POISON, NULL);
		if (!planted_cache)
			return -ENOMEM;
		if (!kmem_cache_alloc(planted_cache, GFP_KERNEL))
			return -ENOMEM;
	}
	return 0;
}

static void __exit planted_exit(void)
{
	/* says what is left in it */
	kmem_cache_destroy(planted_cache);
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("Planted faults for the guest harness");
MODULE_LICENSE("GPL");
