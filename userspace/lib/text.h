/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as people write them, both ways.
 *
 * Parsers return 0, or -1 with a line in @err that says what was expected.
 */
#ifndef QN_TEXT_H
#define QN_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "record.h"

#define QN_TEXT_MAX 192 /* octets that hold any value but a long label */

/* A node id: PROVIDER:NODE (both decimal, 1 to 2^32-1), or the plain number. */
int qn_parse_node(const char *text, uint64_t *id, struct qn_error *err);
/* The same, or PROVIDER:* with @wide set and the node part 0. */
int qn_parse_scope(const char *text, uint64_t *id, bool *wide, struct qn_error *err);
/* A plain decimal or 0x number within limits. */
int qn_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value,
		    struct qn_error *err);
/* A decimal with k M G T (powers of 1000) or Ki Mi Gi Ti (of 1024): 1.5k. */
int qn_parse_amount(const char *text, uint64_t *value, struct qn_error *err);
/* An amount of octets; a B may follow. */
int qn_parse_octets(const char *text, uint64_t *value, struct qn_error *err);
/* Octets per second: 125k, 125kB/s or, in bits, 1Mbit. */
int qn_parse_rate(const char *text, uint64_t *value, struct qn_error *err);
/* Bits per second: 10M, 10Mbit, or, in octets, 1MB/s. */
int qn_parse_bitrate(const char *text, uint64_t *value, struct qn_error *err);
/* A duration in @unit nanoseconds: a number of units, or 1.5s, 200ms, 3m, 2h, 1d. */
int qn_parse_duration(const char *text, uint64_t unit, uint64_t *value, struct qn_error *err);
/*
 * A moment as Unix time in seconds: the number, YYYY-MM-DD[ HH:MM[:SS]] in
 * UTC (a T and a Z may stand in it), +DURATION from now, or never (0).
 */
int qn_parse_time(const char *text, uint64_t *value, struct qn_error *err);
/* The same in nanoseconds; the plain number is nanoseconds, too. */
int qn_parse_time_ns(const char *text, uint64_t *value, struct qn_error *err);
/* Parts per million: the number, or 3.5%. */
int qn_parse_ppm(const char *text, uint64_t *value, struct qn_error *err);
int qn_parse_bool(const char *text, uint64_t *value, struct qn_error *err);
/* An IPv4 or IPv6 address; @len becomes 4 or 16. */
int qn_parse_addr(const char *text, uint8_t *addr, size_t *len, struct qn_error *err);
/* A label of 1 to 64 octets: text, or hex: and hexadecimal digits. */
int qn_parse_label(const char *text, uint8_t *label, size_t *len, struct qn_error *err);
/* Hexadecimal digits, an even number of them; -1 without words if they are not. */
int qn_parse_hex(const char *text, size_t digits, uint8_t *octets);

/* All of these return @buf. */
char *qn_format_node(char *buf, size_t size, uint64_t id);	 /* 64496:1 */
char *qn_format_octets(char *buf, size_t size, uint64_t octets); /* 3.5MiB */
char *qn_format_rate(char *buf, size_t size, uint64_t octets);	 /* 125kB/s */
char *qn_format_bitrate(char *buf, size_t size, uint64_t bits);	 /* 1Mbit/s */
char *qn_format_count(char *buf, size_t size, uint64_t count);	 /* 1.5k */
char *qn_format_duration(char *buf, size_t size, uint64_t ns);	 /* 2m30s */
char *qn_format_time(char *buf, size_t size, uint64_t seconds);	 /* in UTC */
char *qn_format_label(char *buf, size_t size, const uint8_t *label, size_t len);

/*
 * The value of an attribute for people, "" if it is absent. Amounts are
 * rounded; @exact leaves them as they are.
 */
char *qn_format_value(char *buf, size_t size, const struct qn_rec *rec, unsigned int attr,
		      bool exact);
/* Put a value given as text into a record, as its type, format and limits say. */
int qn_parse_value(const char *text, struct qn_rec *rec, unsigned int attr, struct qn_error *err);

#endif
