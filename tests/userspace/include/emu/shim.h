/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of the kernel as kernel/emu/schedule.c wants, for its unit test. */
#ifndef _EMU_SHIM_H
#define _EMU_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t u64;
typedef uint32_t u32;

#define S64_MAX INT64_MAX
#define U64_MAX UINT64_MAX
#define NSEC_PER_SEC 1000000000L
#define GFP_KERNEL_ACCOUNT 0
#define BIT_ULL(n) (1ULL << (n))

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))

static inline u64 div_u64(u64 a, u32 b)
{
	return a / b;
}

static inline u64 div_u64_rem(u64 a, u32 b, u32 *rest)
{
	*rest = a % b;
	return a / b;
}

static inline u64 div64_u64(u64 a, u64 b)
{
	return a / b;
}

static inline u64 div64_u64_rem(u64 a, u64 b, u64 *rest)
{
	*rest = a % b;
	return a / b;
}

typedef struct {
	int count;
} refcount_t;

static inline void refcount_inc(refcount_t *r)
{
	r->count++;
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	return !--r->count;
}

#define kfree free

static inline void *kmemdup(const void *data, size_t size, int gfp)
{
	void *copy = malloc(size);

	(void)gfp;
	return copy ? memcpy(copy, data, size) : NULL;
}

struct list_head {
	struct list_head *next, *prev;
};

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void list_add_tail(struct list_head *item, struct list_head *head)
{
	item->prev = head->prev;
	item->next = head;
	head->prev->next = item;
	head->prev = item;
}

static inline void list_del(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
}

static inline bool list_is_last(const struct list_head *item, const struct list_head *head)
{
	return item->next == head;
}

#define list_entry(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_next_entry(pos, member) list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) list_entry((pos)->member.prev, __typeof__(*(pos)), member)
#define list_for_each_entry(pos, head, member)					\
	for (pos = list_first_entry(head, __typeof__(*pos), member);		\
	     &pos->member != (head); pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)				\
	for (pos = list_last_entry(head, __typeof__(*pos), member);		\
	     &pos->member != (head); pos = list_prev_entry(pos, member))
#define list_for_each_entry_safe(pos, tmp, head, member)			\
	for (pos = list_first_entry(head, __typeof__(*pos), member),		\
	     tmp = list_next_entry(pos, member);				\
	     &pos->member != (head); pos = tmp, tmp = list_next_entry(tmp, member))

#endif
