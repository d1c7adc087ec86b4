// SPDX-License-Identifier: GPL-2.0-only
#include "cursor.h"

atomic64_t qn_cursor_serials = ATOMIC64_INIT(0);
atomic64_t qn_cursor_removals = ATOMIC64_INIT(0);

struct list_head *__qn_cursor_seek(const struct qn_cursor *c,
				   struct list_head *head, long serial_at)
{
	struct list_head *item;

	if (!c->serial)
		return head;
	if (c->removals == atomic64_read(&qn_cursor_removals))
		return c->at;
	list_for_each(item, head)
		if (*(u64 *)((char *)item + serial_at) > c->serial)
			break;
	return item->prev;
}
