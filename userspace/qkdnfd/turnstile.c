// SPDX-License-Identifier: GPL-2.0-or-later
/* A hash table of who is there; whoever left no trace that matters is forgotten. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "turnstile.h"

#define BUCKETS 1024 /* a power of two */

/*
 * Requests are counted in time, as in GCRA: @next is when the books of somebody
 * who made them evenly would be level; a burst may run ahead of it.
 */
struct guest {
	struct guest *next_guest;
	int64_t next; /* microseconds, monotonic */
	unsigned int connections;
	char who[];
};

struct qf_turnstile {
	pthread_mutex_t lock;
	unsigned int connections;
	int64_t interval, ahead; /* microseconds; 0: none are counted */
	int64_t now;
	struct guest *buckets[BUCKETS];
};

struct qf_turnstile *qf_turnstile_new(unsigned int connections, unsigned int per_s,
				      unsigned int burst)
{
	struct qf_turnstile *turnstile = qn_alloc(sizeof(*turnstile));

	pthread_mutex_init(&turnstile->lock, NULL);
	turnstile->connections = connections;
	if (per_s) {
		turnstile->interval = 1000000 / per_s > 0 ? 1000000 / per_s : 1;
		turnstile->ahead = turnstile->interval * (burst > 1 ? burst - 1 : 0);
	}
	return turnstile;
}

void qf_turnstile_free(struct qf_turnstile *turnstile)
{
	struct guest *guest;
	unsigned int i;

	if (!turnstile)
		return;
	for (i = 0; i < BUCKETS; i++) {
		while ((guest = turnstile->buckets[i])) {
			turnstile->buckets[i] = guest->next_guest;
			free(guest);
		}
	}
	pthread_mutex_destroy(&turnstile->lock);
	free(turnstile);
}

/* FNV-1a; who can choose its address can choose its bucket, and has few connections there. */
static struct guest **bucket(struct qf_turnstile *turnstile, const char *who)
{
	uint32_t hash = 2166136261;

	for (; *who; who++)
		hash = (hash ^ (unsigned char)*who) * 16777619;
	return &turnstile->buckets[(hash ^ hash >> 16) & (BUCKETS - 1)];
}

static struct guest *find(struct qf_turnstile *turnstile, const char *who)
{
	struct guest *guest = *bucket(turnstile, who);

	while (guest && strcmp(guest->who, who) != 0)
		guest = guest->next_guest;
	return guest;
}

/* Find or add; whoever in the same bucket left no trace that matters goes. */
static struct guest *admit(struct qf_turnstile *turnstile, const char *who)
{
	struct guest **at = bucket(turnstile, who), *guest = find(turnstile, who), *gone;

	if (guest)
		return guest;
	guest = qn_alloc(sizeof(*guest) + strlen(who) + 1);
	memcpy(guest->who, who, strlen(who) + 1);
	guest->next_guest = *at;
	*at = guest;
	for (at = &guest->next_guest; *at;) {
		gone = *at;
		if (gone->connections || gone->next > turnstile->now) {
			at = &gone->next_guest;
			continue;
		}
		*at = gone->next_guest;
		free(gone);
	}
	return guest;
}

bool qf_turnstile_open_for(struct qf_turnstile *turnstile, const char *who)
{
	const struct guest *guest;
	bool open;

	pthread_mutex_lock(&turnstile->lock);
	guest = find(turnstile, who);
	open = !turnstile->connections || !guest || guest->connections < turnstile->connections;
	pthread_mutex_unlock(&turnstile->lock);
	return open;
}

bool qf_turnstile_enter(struct qf_turnstile *turnstile, const char *who)
{
	struct guest *guest;
	bool enters;

	pthread_mutex_lock(&turnstile->lock);
	guest = admit(turnstile, who);
	enters = !turnstile->connections || guest->connections < turnstile->connections;
	if (enters)
		guest->connections++;
	pthread_mutex_unlock(&turnstile->lock);
	return enters;
}

void qf_turnstile_leave(struct qf_turnstile *turnstile, const char *who)
{
	struct guest *guest;

	pthread_mutex_lock(&turnstile->lock);
	guest = find(turnstile, who);
	if (guest && guest->connections)
		guest->connections--;
	pthread_mutex_unlock(&turnstile->lock);
}

unsigned int qf_turnstile_pass(struct qf_turnstile *turnstile, const char *who, int64_t now_ms)
{
	int64_t now = now_ms * 1000, wait = 0;
	struct guest *guest;

	if (!turnstile->interval)
		return 0;
	pthread_mutex_lock(&turnstile->lock);
	turnstile->now = now;
	guest = admit(turnstile, who);
	if (guest->next < now)
		guest->next = now;
	if (guest->next - now > turnstile->ahead)
		wait = guest->next - now - turnstile->ahead;
	else
		guest->next += turnstile->interval;
	pthread_mutex_unlock(&turnstile->lock);
	return (wait + 999) / 1000;
}
