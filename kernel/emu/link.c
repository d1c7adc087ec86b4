// SPDX-License-Identifier: GPL-2.0-only
/* Emulated QKD links: their table, their life, their settings. */
#include <linux/hashtable.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/stringhash.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <linux/xarray.h>

#include "limits.h"
#include "link.h"
#include "netlink.h"
#include "past.h"

/* serialises creation, deletion and look-up; taken before a link's lock */
DEFINE_MUTEX(emu_links_lock);

/* all under emu_links_lock */
static DEFINE_XARRAY_ALLOC(emu_links);
static DEFINE_HASHTABLE(emu_names, 10);
static unsigned int emu_generation = 1;

/* a quarter of what is intercepted and sent on is wrong */
u32 emu_config_qber(const struct emu_config *config)
{
	return min_t(u32, config->qber_ppm + config->eavesdrop_ppm / 4,
		     EMU_QBER_MAX);
}

/* does a link with these settings stop by itself? */
bool emu_config_stopped(const struct emu_config *config)
{
	return emu_config_qber(config) > config->qber_limit_ppm;
}

static void emu_era_fill(struct emu_era *era, const struct emu_config *config,
			 u64 first, u64 now_ns)
{
	*era = (struct emu_era){
		.first = first,
		.since_ns = now_ns,
		.base_index = config->base_index,
		.base_ns = config->base_ns,
		.rate = config->rate,
		.qber_ppm = emu_config_qber(config),
		.loss_ppm = { config->loss_ppm[0], config->loss_ppm[1] },
		.error_ppm = { config->error_ppm[0], config->error_ppm[1] },
		.silent = !config->up,
		.stopped = emu_config_stopped(config),
		.plan = config->plan,
	};
}

static void emu_config_copy(struct emu_config *to, const struct emu_config *from)
{
	struct emu_plan *old = to->plan;

	*to = *from;
	emu_plan_get(to->plan);
	emu_plan_put(old);
}

/* A link that is down is silent: what it does is said when it is up again. */
static void emu_link_announce(struct emu_link *link)
{
	bool stopped = emu_config_stopped(&link->config);

	lockdep_assert_held(&link->lock);
	if (!link->config.up || stopped == link->said_stopped)
		return;
	link->said_stopped = stopped;
	emu_event_status(link, stopped);
}

static u32 emu_name_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

/* Context: emu_links_lock held. The caller takes a reference to keep it. */
struct emu_link *emu_link_find(const char *name)
{
	struct emu_link *link;

	lockdep_assert_held(&emu_links_lock);
	hash_for_each_possible(emu_names, link, node, emu_name_hash(name))
		if (!strcmp(link->name, name))
			return link;
	return NULL;
}

/* the next link from a slot on, for walks that resume; likewise */
struct emu_link *emu_link_from(unsigned long *slot)
{
	lockdep_assert_held(&emu_links_lock);
	return xa_find(&emu_links, slot, ULONG_MAX, XA_PRESENT);
}

/* changes with each link that comes or goes */
unsigned int emu_links_generation(void)
{
	lockdep_assert_held(&emu_links_lock);
	return emu_generation;
}

/* Return: the link with a reference taken, or NULL. Context: may sleep. */
struct emu_link *emu_link_get_by_slot(unsigned long slot)
{
	struct emu_link *link;

	mutex_lock(&emu_links_lock);
	link = xa_load(&emu_links, slot);
	if (link)
		kref_get(&link->ref);
	mutex_unlock(&emu_links_lock);
	return link;
}

static void emu_link_release(struct kref *ref)
{
	struct emu_link *link = container_of(ref, struct emu_link, ref);

	emu_bits_wipe(&link->bits);
	emu_schedule_free(&link->schedule);
	emu_plan_put(link->config.plan);
	put_user_ns(link->user_ns);
	mutex_destroy(&link->end[0].lock);
	mutex_destroy(&link->end[1].lock);
	mutex_destroy(&link->lock);
	kfree(link);
}

void emu_link_put(struct emu_link *link)
{
	kref_put(&link->ref, emu_link_release);
}

/* the part of creation that needs no table */
static struct emu_link *emu_link_alloc(const char *name, u32 ends,
				       const u8 *seed, u64 start_ns,
				       u32 block_size,
				       const struct emu_config *config,
				       struct user_namespace *user_ns)
{
	u64 now_ns = ktime_get_real_ns(), next;
	struct emu_link *link;
	struct emu_era era, *first;

	link = kzalloc(sizeof(*link), GFP_KERNEL_ACCOUNT);
	if (!link)
		return NULL;
	emu_era_fill(&era, config, config->base_index, now_ns);
	first = emu_era_new(&era);
	if (!first) {
		kfree(link);
		return NULL;
	}
	kref_init(&link->ref);
	mutex_init(&link->lock);
	strscpy(link->name, name, sizeof(link->name));
	link->ends = ends;
	link->start_ns = start_ns;
	link->block_size = block_size;
	link->user_ns = get_user_ns(user_ns);
	current_fsuid_fsgid(&link->uid, &link->gid);
	emu_bits_init(&link->bits, seed, start_ns, block_size);
	link->id = emu_bits_link_id(&link->bits);
	emu_config_copy(&link->config, config);
	emu_schedule_init(&link->schedule, block_size);
	emu_schedule_add(&link->schedule, first);

	/*
	 * What was complete before the link existed here may have been
	 * delivered by the one before it, so it is not delivered again.
	 */
	next = max(emu_schedule_index(&link->schedule, now_ns),
		   emu_past_next(link->id));
	emu_end_init(link, 0, next);
	emu_end_init(link, 1, next);
	return link;
}

static int emu_link_register(struct emu_link *link)
{
	unsigned int i;
	int err;

	for (i = 0; i < 2; i++) {
		if (!(link->ends & BIT(i)))
			continue;
		err = emu_end_register(link, i);
		if (err)
			goto err_unregister;
	}
	return 0;

err_unregister:
	while (i--)
		emu_end_unregister(&link->end[i]);
	return err;
}

/**
 * emu_link_create() - create a link and its devices
 * @name: checked by the caller
 * @ends: enum qkdemu_ends
 * @seed: QKDEMU_SEED_LEN octets; the caller wipes them
 * @start_ns: start time, in ns since 1970, below 2^62
 * @block_size: octets, checked by the caller
 * @config: settings, checked by the caller; copied
 * @user_ns: whose link it is
 *
 * Context: emu_links_lock held, may sleep. Return: the link, held by the table,
 * or -EEXIST, -EBUSY when there is no room, -ENOMEM, or what the driver core
 * says.
 */
struct emu_link *emu_link_create(const char *name, u32 ends, const u8 *seed,
				 u64 start_ns, u32 block_size,
				 const struct emu_config *config,
				 struct user_namespace *user_ns)
{
	struct emu_link *link;
	int err;

	lockdep_assert_held(&emu_links_lock);
	if (emu_link_find(name))
		return ERR_PTR(-EEXIST);
	link = emu_link_alloc(name, ends, seed, start_ns, block_size, config,
			      user_ns);
	if (!link)
		return ERR_PTR(-ENOMEM);
	err = emu_past_note(link->id, 0);
	if (err)
		goto err_put;
	err = xa_alloc(&emu_links, &link->slot, link,
		       XA_LIMIT(0, EMU_LINKS_MAX - 1), GFP_KERNEL_ACCOUNT);
	if (err)
		goto err_put;
	hash_add(emu_names, &link->node, emu_name_hash(link->name));
	err = emu_link_register(link);
	if (err)
		goto err_erase;
	emu_generation++;
	mutex_lock(&link->lock);
	emu_link_announce(link);
	mutex_unlock(&link->lock);
	return link;

err_erase:
	hash_del(&link->node);
	xa_erase(&emu_links, link->slot);
err_put:
	emu_link_put(link);
	return ERR_PTR(err);
}

/**
 * emu_link_set() - change a link's settings
 * @link: the link
 * @config: all settings, checked by the caller; copied
 * @rebase: the base of the index is to be taken from @config; otherwise it
 *	stays, and moves to now when the rate changes
 *
 * Takes effect with the block in the making. Index and time only go forward.
 *
 * Context: the link's lock held, may sleep. Return: 0, -ENOMEM, or -ERANGE if
 * the base lies in the future or would rewind the index; then nothing changed.
 */
int emu_link_set(struct emu_link *link, const struct emu_config *config,
		 bool rebase)
{
	u64 now_ns = ktime_get_real_ns(), index, first;
	struct emu_era era, *gap = NULL, *new;
	struct emu_config next = *config;

	lockdep_assert_held(&link->lock);
	index = emu_schedule_index(&link->schedule, now_ns);
	first = index;
	if (rebase) {
		emu_era_fill(&era, &next, 0, now_ns);
		first = emu_era_index(&era, link->schedule.block_bits, now_ns);
		if (next.base_ns > now_ns || first < index)
			return -ERANGE;
	} else if (next.rate != link->config.rate && now_ns > next.base_ns) {
		next.base_index = index;
		next.base_ns = now_ns;
	}

	emu_era_fill(&era, &next, first, now_ns);
	new = emu_era_new(&era);
	if (!new)
		return -ENOMEM;
	if (first > index) {
		/* indexes that are jumped over never come */
		era.first = index;
		era.silent = true;
		gap = emu_era_new(&era);
		if (!gap) {
			emu_plan_put(new->plan);
			kfree(new);
			return -ENOMEM;
		}
		emu_schedule_add(&link->schedule, gap);
	}
	emu_schedule_add(&link->schedule, new);
	emu_config_copy(&link->config, &next);

	emu_link_announce(link);
	emu_end_wake(&link->end[0]);
	emu_end_wake(&link->end[1]);
	return 0;
}

/**
 * emu_link_delete() - delete a link
 * @link: in the table; may be gone on return
 *
 * Readers get -ENODEV at once. Memory goes with the last of them.
 *
 * Context: emu_links_lock held, may sleep.
 */
void emu_link_delete(struct emu_link *link)
{
	u64 next;

	lockdep_assert_held(&emu_links_lock);
	hash_del(&link->node);
	xa_erase(&emu_links, link->slot);
	emu_generation++;

	/* A reader looks at `dead` under the lock before it takes a block. */
	mutex_lock(&link->lock);
	link->dead = true;
	next = emu_schedule_index(&link->schedule, ktime_get_real_ns());
	mutex_unlock(&link->lock);
	next = max3(next, (u64)atomic64_read(&link->end[0].next),
		    (u64)atomic64_read(&link->end[1].next));
	emu_past_note(link->id, next);

	emu_end_unregister(&link->end[0]);
	emu_end_unregister(&link->end[1]);
	emu_end_wake(&link->end[0]);
	emu_end_wake(&link->end[1]);
	emu_link_put(link);
}

/* Context: module exit, when no device is open any more. */
void emu_links_delete_all(void)
{
	struct emu_link *link;
	unsigned long slot;

	mutex_lock(&emu_links_lock);
	xa_for_each(&emu_links, slot, link)
		emu_link_delete(link);
	mutex_unlock(&emu_links_lock);
	xa_destroy(&emu_links);
}

/**
 * emu_link_state() - what a link does
 * @link: the link
 * @now_ns: now, in ns since 1970
 *
 * Context: the link's lock held. Return: the state.
 */
enum qkdemu_state emu_link_state(const struct emu_link *link, u64 now_ns)
{
	const struct emu_plan *plan = link->config.plan;
	unsigned int i;

	lockdep_assert_held(&link->lock);
	if (!link->config.up)
		return QKDEMU_STATE_DOWN;
	if (emu_config_stopped(&link->config))
		return QKDEMU_STATE_STOPPED;
	if (now_ns < link->config.base_ns)
		return QKDEMU_STATE_WAITING;
	for (i = 0; plan && i < plan->count; i++)
		if (now_ns >= plan->outage[i].start &&
		    now_ns < plan->outage[i].end)
			return QKDEMU_STATE_OUTAGE;
	return QKDEMU_STATE_UP;
}
