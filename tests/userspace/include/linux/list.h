/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _SHIM_LINUX_LIST_H
#define _SHIM_LINUX_LIST_H

#include <linux/types.h>

#define LIST_HEAD(name) struct list_head name = { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void list_add(struct list_head *item, struct list_head *after)
{
	item->next = after->next;
	item->prev = after;
	after->next->prev = item;
	after->next = item;
}

static inline void list_add_tail(struct list_head *item, struct list_head *head)
{
	list_add(item, head->prev);
}

static inline void list_del(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = NULL;
	item->prev = NULL;
}

static inline void list_move_tail(struct list_head *item, struct list_head *head)
{
	list_del(item);
	list_add_tail(item, head);
}

static inline void list_del_init(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	INIT_LIST_HEAD(item);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head, type, member) \
	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) \
	list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))
#define list_item_of(ptr, pos, member) \
	list_entry(ptr, __typeof__(*(pos)), member)

#define list_for_each_entry(pos, head, member)				\
	for ((pos) = list_item_of((head)->next, pos, member);		\
	     &(pos)->member != (head);					\
	     (pos) = list_item_of((pos)->member.next, pos, member))
#define list_for_each_entry_reverse(pos, head, member)			\
	for ((pos) = list_item_of((head)->prev, pos, member);		\
	     &(pos)->member != (head);					\
	     (pos) = list_item_of((pos)->member.prev, pos, member))
#define list_for_each_entry_safe(pos, tmp, head, member)		\
	for ((pos) = list_item_of((head)->next, pos, member),		\
	     (tmp) = list_item_of((pos)->member.next, pos, member);	\
	     &(pos)->member != (head);					\
	     (pos) = (tmp),						\
	     (tmp) = list_item_of((tmp)->member.next, pos, member))
#define list_for_each_entry_safe_reverse(pos, tmp, head, member)	\
	for ((pos) = list_item_of((head)->prev, pos, member),		\
	     (tmp) = list_item_of((pos)->member.prev, pos, member);	\
	     &(pos)->member != (head);					\
	     (pos) = (tmp),						\
	     (tmp) = list_item_of((tmp)->member.prev, pos, member))

#endif
