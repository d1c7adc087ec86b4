/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A turnstile: how many connections somebody has, and how fast its requests come.
 * Somebody is a text: a member or an address. Any thread.
 */
#ifndef QF_TURNSTILE_H
#define QF_TURNSTILE_H

#include <stdbool.h>
#include <stdint.h>

struct qf_turnstile;

/**
 * qf_turnstile_new() - a turnstile with nobody in it
 * @connections: that each may have; 0: none are counted
 * @per_s: requests that each may make, on the average; 0: none are counted
 * @burst: that may come at once
 *
 * Return: a turnstile for qf_turnstile_free().
 */
struct qf_turnstile *qf_turnstile_new(unsigned int connections, unsigned int per_s,
				      unsigned int burst);
void qf_turnstile_free(struct qf_turnstile *turnstile);

/* Would another connection be let in? */
bool qf_turnstile_open_for(struct qf_turnstile *turnstile, const char *who);

/* A connection comes; false if it is one too many, then there is none to leave. */
bool qf_turnstile_enter(struct qf_turnstile *turnstile, const char *who);
void qf_turnstile_leave(struct qf_turnstile *turnstile, const char *who);

/* A request comes at @now_ms: 0 if it may pass, else in how many ms the next one may. */
unsigned int qf_turnstile_pass(struct qf_turnstile *turnstile, const char *who, int64_t now_ms);

#endif
