// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far links that were deleted had come.
 *
 * A source delivers each block at most once, across restarts too. Indexes
 * follow the clock, so a link that is created again goes on by itself where it
 * was; but not if its rate had been raised meanwhile, or the clock set back. So
 * the module remembers the last EMU_PAST_MAX links that were deleted.
 */
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "limits.h"
#include "link.h"
#include "past.h"

struct emu_past {
	struct hlist_node node;
	struct list_head list;
	u64 link_id;
	u64 next;
};

/* all under emu_links_lock */
static DEFINE_HASHTABLE(emu_past_ids, 10);
static LIST_HEAD(emu_past_list); /* oldest first */
static unsigned int emu_past_count;

static struct emu_past *emu_past_find(u64 link_id)
{
	struct emu_past *past;

	lockdep_assert_held(&emu_links_lock);
	hash_for_each_possible(emu_past_ids, past, node, link_id)
		if (past->link_id == link_id)
			return past;
	return NULL;
}

/* no block of the link below this index may be delivered again */
u64 emu_past_next(u64 link_id)
{
	struct emu_past *past = emu_past_find(link_id);

	return past ? past->next : 0;
}

/**
 * emu_past_note() - remember how far a link came
 * @link_id: the link's identity
 * @next: no block from this index on was delivered
 *
 * Called with 0 when a link is created, so that noting the real figure when it
 * goes away cannot fail.
 *
 * Context: emu_links_lock held, may sleep. Return: 0 or -ENOMEM.
 */
int emu_past_note(u64 link_id, u64 next)
{
	struct emu_past *past = emu_past_find(link_id);

	if (past) {
		past->next = max(past->next, next);
		list_move_tail(&past->list, &emu_past_list);
		return 0;
	}
	if (emu_past_count < EMU_PAST_MAX + EMU_LINKS_MAX) {
		past = kmalloc(sizeof(*past), GFP_KERNEL);
		if (!past)
			return -ENOMEM;
		emu_past_count++;
	} else {
		past = list_first_entry(&emu_past_list, struct emu_past, list);
		hash_del(&past->node);
		list_del(&past->list);
	}
	past->link_id = link_id;
	past->next = next;
	hash_add(emu_past_ids, &past->node, link_id);
	list_add_tail(&past->list, &emu_past_list);
	return 0;
}

void emu_past_free(void)
{
	struct emu_past *past, *tmp;

	list_for_each_entry_safe(past, tmp, &emu_past_list, list)
		kfree(past);
}
