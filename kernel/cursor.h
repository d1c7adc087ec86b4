/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place in a list that outlives the lock of the list.
 *
 * A dump of 100,000 routes is read in hundreds of pieces, and the lock is
 * released between two of them. Each object carries a serial number, ascending
 * in the list; the cursor remembers the last one told and the object itself.
 * As long as nothing was removed the object is still there and the dump goes on
 * behind it at once; else the place is found anew by the number. So no dump
 * walks the list for each piece, and none follows a stale pointer.
 *
 * All functions: under the lock of the list.
 */
#ifndef _QN_CURSOR_H
#define _QN_CURSOR_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/types.h>

struct qn_cursor {
	u64 serial;			/* of the object told last, 0: none */
	u64 removals;			/* when @at was told */
	struct list_head *at;
};

/*
 * Counted over all lists of the module, so that a node that is made anew while
 * a dump waits cannot be taken for the old one.
 */
extern atomic64_t qn_cursor_serials;
extern atomic64_t qn_cursor_removals;

/**
 * qn_cursor_add - append an object to its list
 * @item: its list head
 * @serial: its serial number, set here
 * @head: the list
 */
static inline void qn_cursor_add(struct list_head *item, u64 *serial,
				 struct list_head *head)
{
	*serial = atomic64_inc_return(&qn_cursor_serials);
	list_add_tail(item, head);
}

/**
 * qn_cursor_del - take an object off its list
 * @item: its list head
 */
static inline void qn_cursor_del(struct list_head *item)
{
	list_del_init(item);
	atomic64_inc(&qn_cursor_removals);
}

/**
 * qn_cursor_told - remember that an object was told
 * @c: the cursor
 * @item: its list head
 * @serial: its serial number
 */
static inline void qn_cursor_told(struct qn_cursor *c, struct list_head *item,
				  u64 serial)
{
	c->at = item;
	c->serial = serial;
	c->removals = atomic64_read(&qn_cursor_removals);
}

struct list_head *__qn_cursor_seek(const struct qn_cursor *c,
				   struct list_head *head, long serial_at);

/**
 * qn_cursor_seek - the list head before the first object that is not told
 * @c: the cursor, all zero to begin with
 * @head: the list
 * @type: of the objects
 * @member: their list head; the serial number is the member `serial`
 */
#define qn_cursor_seek(c, head, type, member)				\
	__qn_cursor_seek(c, head, (long)offsetof(type, serial) -	\
				  (long)offsetof(type, member))

#endif /* _QN_CURSOR_H */
