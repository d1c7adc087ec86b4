/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netlink specifications as tables.
 *
 * One codec, one JSON writer and one argument parser serve every object, since
 * all that they need to know of an attribute stands here. The tables are
 * generated from the files in tools/netlink, so a new attribute needs no new code
 * to be sent, read and shown.
 */
#ifndef QN_SPEC_H
#define QN_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#define QN_BIT(attr) (1ULL << (attr))

enum qn_type {
	QN_PAD,
	QN_FLAG,
	QN_U8,
	QN_U16,
	QN_U32,
	QN_U64,
	QN_S32,
	QN_STRING,
	QN_BINARY,
	QN_NEST,
};

/* How people read and write a value; machines get what JSON can hold. */
enum qn_format {
	QN_FMT_PLAIN,
	QN_FMT_NODE, /* PROVIDER:NODE */
	QN_FMT_HEX,
	QN_FMT_OCTETS,
	QN_FMT_RATE,	/* octets per second */
	QN_FMT_BITRATE, /* bits per second */
	QN_FMT_NS,
	QN_FMT_US,
	QN_FMT_MS,
	QN_FMT_SECONDS,
	QN_FMT_TIME,	/* Unix time, seconds */
	QN_FMT_TIME_NS, /* Unix time, nanoseconds */
	QN_FMT_PPM,
	QN_FMT_BOOL,
	QN_FMT_ADDR,  /* 4 or 16 octets */
	QN_FMT_LABEL, /* octets that an application chose */
};

/**
 * struct qn_enum - names of values
 * @name: of the enumeration
 * @names: in the order of the values
 * @count: of names
 * @flags: name i stands for bit i
 */
struct qn_enum {
	const char *name;
	const char *const *names;
	unsigned int count;
	bool flags;
};

/**
 * struct qn_attr - one attribute
 * @name: as in the specification
 * @type: enum qn_type
 * @format: enum qn_format
 * @multi: may stand more than once
 * @values: its enumeration, or NULL
 * @nest: what is in it, if it is a nest
 * @min: lowest value, or shortest length of a binary
 * @max: highest value, or longest length of a string or binary; 0 is no limit
 */
struct qn_attr {
	const char *name;
	uint8_t type;
	uint8_t format;
	bool multi;
	const struct qn_enum *values;
	const struct qn_set *nest;
	uint64_t min;
	uint64_t max;
};

/**
 * struct qn_set - an attribute set
 * @name: as in the specification
 * @attrs: by number; a hole has no name
 * @max: highest number
 */
struct qn_set {
	const char *name;
	const struct qn_attr *attrs;
	unsigned int max;
};

/**
 * struct qn_op - an operation
 * @name: as in the specification
 * @set: its attribute set
 * @request: attributes that a do request may carry, one bit each
 * @dump_request: attributes that a dump request may carry
 */
struct qn_op {
	const char *name;
	const struct qn_set *set;
	uint64_t request;
	uint64_t dump_request;
};

/**
 * struct qn_family - a generic netlink family
 * @name: that the kernel knows it by; that of its module, too
 * @version: of the interface
 * @group: its multicast group of events
 * @ops: by command number
 * @max: highest command number
 */
struct qn_family {
	const char *name;
	unsigned int version;
	const char *group;
	const struct qn_op *ops;
	unsigned int max;
};

#include "spec-tables.h"

#endif
