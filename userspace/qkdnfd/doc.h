/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Documents: strict JSON, and C structures read from it and written to it by
 * tables.
 *
 * Strict means: one value of UTF-8 and nothing after it, no member twice, no
 * code point 0, no number that needs more than 64 bits, and limits on size,
 * depth and number of values that are looked at before anything is
 * allocated. A table says of each member what it may be; nothing else is read.
 *
 * Nothing here keeps state: any thread.
 */
#ifndef QF_DOC_H
#define QF_DOC_H

#include <jansson.h>

#include "problem.h"

/**
 * struct qf_limits - what a document may be
 * @octets: of the text
 * @depth: objects and arrays within one another
 * @values: members and elements, all together
 */
struct qf_limits {
	size_t octets;
	unsigned int depth;
	unsigned int values;
};

/* For messages between offices: 256 KiB, 16 deep, 8192 values. */
extern const struct qf_limits qf_limits_message;

/**
 * qf_doc_parse() - a document from text
 * @text: JSON, which need not end with 0
 * @len: octets of @text
 * @limits: what it may be
 * @problem: what was wrong
 *
 * Return: the value, the caller's; or NULL with @problem.
 */
json_t *qf_doc_parse(const char *text, size_t len, const struct qf_limits *limits,
		     struct qf_problem *problem);

/* What a member may be, and what it becomes in C. */
enum qf_kind {
	QF_STRING,  /* char[]: shorter than that in octets, of @alphabet */
	QF_REF,	    /* const char *: the same, at most @max octets, in the document's memory */
	QF_DECIMAL, /* int64_t: a string of decimal digits, @min to @max: octets, money */
	QF_INTEGER, /* int64_t: a number, @min to @max */
	QF_BOOLEAN, /* bool */
	QF_TIME,    /* int64_t: microseconds UTC; "2026-11-22T15:04:05.123456Z" */
	QF_SECONDS, /* int64_t: microseconds UTC; a number of seconds (RFC 7519) */
	QF_ENUM,    /* int: place in @words */
	QF_OCTETS,  /* uint8_t[]: base64url without padding, exactly so many octets */
	QF_OBJECT,  /* struct: @table */
	QF_ARRAY,   /* array of what @item says: at least @min, at most @max */
	QF_VALUE,   /* json_t *: anything, in the document's memory */
	QF_INLINE,  /* struct: members of @table, in this same object; it has no name */
};

/* What a string may be made of. None takes control characters. */
enum qf_alphabet {
	QF_TEXT,  /* UTF-8 for people: nothing that turns or hides other text */
	QF_ASCII, /* printable ASCII without space */
	QF_ID,	  /* letters, digits, - . _ : */
	QF_B64,	  /* letters, digits, - _ */
	QF_HEX,	  /* digits and a to f */
};

struct qf_table;

/**
 * struct qf_field - a member of an object
 * @name: of the member
 * @kind: enum qf_kind
 * @alphabet: of QF_STRING and QF_REF
 * @optional: need not be there; its place stays zero then
 * @offset: of its place in the structure, by QF_AT()
 * @size: of that place
 * @has: by QF_HAS(): a bool that says whether it was there; for QF_ARRAY by
 *	QF_COUNT(): a size_t that says how many
 * @min: see @kind
 * @max: see @kind; 0 is the most that there can be
 * @words: of QF_ENUM, ending with NULL
 * @table: of QF_OBJECT and QF_INLINE
 * @item: of QF_ARRAY: its elements, no arrays, with @size the size of one
 *
 * @min of strings is their least length: 1 unless they say otherwise with -1.
 */
struct qf_field {
	const char *name;
	uint8_t kind;
	uint8_t alphabet;
	bool optional;
	size_t offset;
	size_t size;
	size_t has;
	int64_t min;
	int64_t max;
	const char *const *words;
	const struct qf_table *table;
	const struct qf_field *item;
};

#define QF_AT(type, member)    .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define QF_HAS(type, member)   .optional = true, .has = offsetof(type, member) + 1
#define QF_COUNT(type, member) .has = offsetof(type, member) + 1

/* What becomes of members that a table does not name. */
enum qf_unknown {
	QF_IGNORE,  /* passed over: messages that bind nobody */
	QF_BINDING, /* refused, but for what is within a member "optional" */
	QF_REFUSE,  /* refused: what we alone wrote */
};

/**
 * struct qf_table - an object
 * @fields: its members, in the order in which they are written
 * @count: of @fields
 * @size: of the structure
 * @unknown: enum qf_unknown
 */
struct qf_table {
	const struct qf_field *fields;
	size_t count;
	size_t size;
	uint8_t unknown;
};

#define QF_TABLE(type, list, rest)                                                    \
	{                                                                             \
		.fields = (list), .count = QN_ARRAY_SIZE(list), .size = sizeof(type), \
		.unknown = (rest)                                                     \
	}

/**
 * qf_doc_read() - a structure from a document
 * @table: what it has to be
 * @value: the document; what QF_REF and QF_VALUE point to is its memory
 * @to: the structure, of @table->size octets
 * @problem: what was wrong, and where
 *
 * Return: 0, or -1 with @problem; what is in @to then must not be used.
 */
int qf_doc_read(const struct qf_table *table, const json_t *value, void *to,
		struct qf_problem *problem);

/**
 * qf_doc_write() - a document from a structure
 * @table: what it is
 * @from: the structure
 * @problem: what qf_doc_read() would refuse in it
 *
 * Optional members are left out if QF_HAS() says so or, without that, if their
 * place is zero.
 *
 * Return: an object, the caller's, which qf_doc_read() takes; or NULL with
 * @problem.
 */
json_t *qf_doc_write(const struct qf_table *table, const void *from, struct qf_problem *problem);

/* Times as text: RFC 3339, always UTC with Z, at most six digits after the point. */
#define QF_TIME_TEXT 28
int qf_time_parse(const char *text, int64_t *usec);
/* -1 if it is before 1970 or after 9999. */
int qf_time_format(char text[QF_TIME_TEXT], int64_t usec);

#endif
