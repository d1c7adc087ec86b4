/* SPDX-License-Identifier: GPL-2.0-only */
/* An emulated QKD link. */
#ifndef _QKDEMU_LINK_H
#define _QKDEMU_LINK_H

#include <linux/cred.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/qkdemu.h>
#include <linux/uidgid.h>

#include "bits.h"
#include "end.h"
#include "schedule.h"

/**
 * struct emu_config - what an operator sets
 * @rate: bit/s
 * @base_ns: origin of the index, in ns since 1970
 * @base_index: index of the block that began then
 * @depth: blocks that an end keeps
 * @qber_ppm: error rate of the undisturbed link
 * @qber_limit_ppm: error rate above which the link stops
 * @eavesdrop_ppm: fraction of pulses intercepted
 * @loss_ppm: blocks that do not reach an end, for each end
 * @error_ppm: bits that are wrong at an end, for each end
 * @up: the operator wants it up
 * @plan: scheduled outages, or NULL
 */
struct emu_config {
	u64 rate;
	u64 base_ns;
	u64 base_index;
	u32 depth;
	u32 qber_ppm;
	u32 qber_limit_ppm;
	u32 eavesdrop_ppm;
	u32 loss_ppm[2];
	u32 error_ppm[2];
	bool up;
	struct emu_plan *plan;
};

/**
 * struct emu_link - a link, or one end of it if the other is elsewhere
 * @ref: held by the table and by each open file
 * @node: in the table of names, under emu_links_lock
 * @slot: place in the table; minor numbers are 2 * slot + end
 * @ends: enum qkdemu_ends
 * @name: unique on the machine
 * @id: identity, the same on every machine with the same seed
 * @start_ns: start time
 * @block_size: octets
 * @user_ns: whose it is
 * @uid: who may open the devices
 * @gid: his group
 * @bits: where all bits come from; never changes
 * @lock: protects @config, @schedule, @said_stopped and @dead
 * @config: what the operator set
 * @schedule: what follows from it for blocks past and future
 * @said_stopped: the last event said so
 * @dead: deleted; only the last readers still hold it
 * @end: ends a and b
 */
struct emu_link {
	struct kref ref;
	struct hlist_node node;
	u32 slot;
	u32 ends;
	char name[QKDEMU_NAME_LEN + 1];
	u64 id;
	u64 start_ns;
	u32 block_size;
	struct user_namespace *user_ns;
	kuid_t uid;
	kgid_t gid;
	struct emu_bits bits;

	struct mutex lock; /* protects what follows, but not the ends */
	struct emu_config config;
	struct emu_schedule schedule;
	bool said_stopped;
	bool dead;

	struct emu_end end[2];
};

extern struct mutex emu_links_lock;

struct emu_link *emu_link_create(const char *name, u32 ends, const u8 *seed,
				 u64 start_ns, u32 block_size,
				 const struct emu_config *config,
				 struct user_namespace *user_ns);
int emu_link_set(struct emu_link *link, const struct emu_config *config,
		 bool rebase);
void emu_link_delete(struct emu_link *link);
void emu_links_delete_all(void);

struct emu_link *emu_link_find(const char *name);
struct emu_link *emu_link_from(unsigned long *slot);
struct emu_link *emu_link_get_by_slot(unsigned long slot);
void emu_link_put(struct emu_link *link);
unsigned int emu_links_generation(void);

u32 emu_config_qber(const struct emu_config *config);
bool emu_config_stopped(const struct emu_config *config);
enum qkdemu_state emu_link_state(const struct emu_link *link, u64 now_ns);

#endif
