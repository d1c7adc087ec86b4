/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words: settings as the command line and configuration files spell them.
 *
 * Both use the same words, so whoever knows one knows the other.
 */
#ifndef QN_WORDS_H
#define QN_WORDS_H

#include "base.h"
#include "record.h"

/**
 * enum qn_word_kind - how the value of a word becomes attributes
 * @QN_WORD_VALUE: by the attribute's own format
 * @QN_WORD_ADDR: into @attr (IPv4) or @attr2 (IPv6)
 * @QN_WORD_SCOPE: a node into @attr, or a provider with the flag @attr2
 * @QN_WORD_SHIFT: a power of two in octets, as its logarithm
 */
enum qn_word_kind {
	QN_WORD_VALUE,
	QN_WORD_ADDR,
	QN_WORD_SCOPE,
	QN_WORD_SHIFT,
};

/**
 * struct qn_word - a setting
 * @word: its name
 * @attr: attribute
 * @kind: enum qn_word_kind
 * @attr2: see @kind
 * @help: what it is, its unit and default, for people
 * @value: what stands for the value in help
 */
struct qn_word {
	const char *word;
	uint8_t attr;
	uint8_t kind;
	uint8_t attr2;
	const char *value;
	const char *help;
};

/**
 * struct qn_words - the settings of an object
 * @set: attribute set of its records
 * @what: what it is called in errors
 * @words: the settings, ending with a NULL word
 */
struct qn_words {
	const struct qn_set *set;
	const char *what;
	const struct qn_word *words;
};

extern const struct qn_words qn_words_node;
extern const struct qn_words qn_words_peer;
extern const struct qn_words qn_words_route;
extern const struct qn_words qn_words_contract;
extern const struct qn_words qn_words_binding;
extern const struct qn_words qn_words_emu;

const struct qn_word *qn_word_find(const struct qn_words *words, const char *word);
/* Put the value of a word into a record. Refuses a word that was given already. */
int qn_word_parse(const struct qn_words *words, const struct qn_word *word, const char *value,
		  struct qn_rec *rec, struct qn_error *err);
/* Fail with "unknown WORD, did you mean ...". Returns -1. */
int qn_word_unknown(const struct qn_words *words, const char *word, struct qn_error *err);
/* Of the words, the one nearest to a mistyped one; NULL if none is near. */
const char *qn_word_nearest(const struct qn_words *words, const char *word);
/* How many letters apart two words are. */
unsigned int qn_word_distance(const char *a, const char *b);

#endif
