// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's settings: one YAML file. */
#define _GNU_SOURCE
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <yaml.h>

#include "settings.h"
#include "text.h"
#include "words.h"

/* Settings are a page or two; more is another file. */
#define FILE_MAX     (1024 * 1024)
#define NAME_MAX_LEN 64
#define SECOND_US    1000000ULL

enum kind {
	KIND_NAME,     /* of something, for people */
	KIND_NUMBER,   /* from min to max */
	KIND_PATH,     /* absolute */
	KIND_SOCKET,   /* the same, short enough for a socket */
	KIND_USER,     /* an account: name, uid and gid */
	KIND_GROUP,    /* a gid */
	KIND_DRIFT,    /* enum qf_drift */
	KIND_DURATION, /* microseconds, from min to max; "never" is 0 */
	KIND_DEVICES,  /* list of paths */
};

/**
 * struct key - what may stand in the file
 * @section: where, or NULL at the top
 * @name: as it is written
 * @kind: enum kind
 * @required: must be there
 * @fixed: a change takes a restart
 * @offset: of the value in struct qf_settings
 * @min: of a number or duration
 * @max: of a number or duration
 */
struct key {
	const char *section;
	const char *name;
	enum kind kind;
	bool required, fixed;
	size_t offset;
	uint64_t min, max;
};

#define AT(member) .offset = offsetof(struct qf_settings, member)

static const struct key keys[] = {
	{ "provider", "name", KIND_NAME, .required = true, .fixed = true, AT(name) },
	{ "provider", "number", KIND_NUMBER, .required = true, .fixed = true, AT(number), 1,
	  UINT32_MAX },
	{ NULL, "user", KIND_USER, .fixed = true, AT(user) },
	{ NULL, "state-directory", KIND_PATH, .fixed = true, AT(state_directory) },
	{ "control", "socket", KIND_SOCKET, .fixed = true, AT(control_socket) },
	{ "control", "read-group", KIND_GROUP, AT(read_group) },
	{ "control", "write-group", KIND_GROUP, AT(write_group) },
	{ "node", "drift", KIND_DRIFT, AT(drift) },
	{ "node", "drift-check", KIND_DURATION, AT(drift_check), SECOND_US, 86400 * SECOND_US },
	{ "node", "devices", KIND_DEVICES, .fixed = true, AT(devices) },
};

#define KEYS QN_ARRAY_SIZE(keys)

static const char *const sections[] = { "provider", "control", "node" };

struct reader {
	struct qf_settings *s;
	yaml_document_t doc;
	bool seen[KEYS];
	struct qn_error *err;
};

static int at_mark(struct reader *r, yaml_mark_t mark)
{
	return qn_fail_prefix(r->err, "%s:%zu:%zu", r->s->file, mark.line + 1, mark.column + 1);
}

static const char *scalar(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* A plain value; a NUL inside would hide what follows it. */
static bool is_scalar(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && strlen(scalar(node)) == node->data.scalar.length;
}

static void *place(struct qf_settings *s, const struct key *key)
{
	return (char *)s + key->offset;
}

/* --- values ------------------------------------------------------------------- */

static int parse_path(const char *text, char **path, struct qn_error *err)
{
	if (*text != '/')
		return qn_fail(err, "'%s' is no whole path: begin it with /", text);
	if (strstr(text, "/../") || (strlen(text) > 2 && !strcmp(text + strlen(text) - 3, "/..")))
		return qn_fail(err, "'%s' leads back by ..: write the path without", text);
	*path = qn_strdup(text);
	return 0;
}

static int parse_socket(const char *text, char **path, struct qn_error *err)
{
	const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (strlen(text) > max)
		return qn_fail(err, "'%s' is too long for a socket: take at most %zu octets", text,
			       max);
	return parse_path(text, path, err);
}

static int parse_name(const char *text, char **name, struct qn_error *err)
{
	const unsigned char *c;

	if (strlen(text) > NAME_MAX_LEN)
		return qn_fail(err, "the name is too long: take at most %d octets", NAME_MAX_LEN);
	for (c = (const unsigned char *)text; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			return qn_fail(err,
				       "the name holds a control character: write it in letters");
	*name = qn_strdup(text);
	return 0;
}

static int parse_user(struct qf_settings *s, const char *text, struct qn_error *err)
{
	const struct passwd *pw = getpwnam(text);

	if (!pw)
		return qn_fail(err, "there is no user '%s': make one with 'useradd --system %s'",
			       text, text);
	if (!pw->pw_uid)
		return qn_fail(err,
			       "the daemon gives root's rights away: name another user than '%s'",
			       text);
	s->user = qn_strdup(text);
	s->uid = pw->pw_uid;
	s->gid = pw->pw_gid;
	return 0;
}

static int parse_group(const char *text, gid_t *gid, struct qn_error *err)
{
	const struct group *gr = getgrnam(text);

	if (!gr)
		return qn_fail(err, "there is no group '%s': make one with 'groupadd --system %s'",
			       text, text);
	*gid = gr->gr_gid;
	return 0;
}

static int parse_drift(const char *text, uint64_t *drift, struct qn_error *err)
{
	if (!strcmp(text, "report"))
		*drift = QF_DRIFT_REPORT;
	else if (!strcmp(text, "mend"))
		*drift = QF_DRIFT_MEND;
	else
		return qn_fail(err, "'%s' is neither report nor mend", text);
	return 0;
}

static int parse_duration(const struct key *key, const char *text, uint64_t *us,
			  struct qn_error *err)
{
	if (!strcmp(text, "never")) {
		*us = 0;
		return 0;
	}
	/* A bare number would leave its unit to be guessed. */
	if (strspn(text, "0123456789.") == strlen(text))
		return qn_fail(err, "'%s' lacks a unit: write 30s, 5m or 1h, or never", text);
	if (qn_parse_duration(text, 1000, us, err))
		return -1;
	if (*us < key->min || *us > key->max)
		return qn_fail(err, "'%s' is out of range: from %llus to %lluh, or never", text,
			       (unsigned long long)(key->min / SECOND_US),
			       (unsigned long long)(key->max / (3600 * SECOND_US)));
	return 0;
}

static int parse_devices(struct reader *r, const yaml_node_t *node)
{
	const yaml_node_item_t *item;
	struct qf_settings *s = r->s;

	if (node->type != YAML_SEQUENCE_NODE) {
		qn_fail(r->err, "devices is a list: begin each path with '-'");
		return at_mark(r, node->start_mark);
	}
	for (item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
		const yaml_node_t *one = yaml_document_get_node(&r->doc, *item);

		if (!is_scalar(one)) {
			qn_fail(r->err, "a path is wanted here");
			return at_mark(r, one->start_mark);
		}
		if (s->device_count == QF_DEVICES_MAX) {
			qn_fail(r->err, "more than %d devices: name a directory that holds them",
				QF_DEVICES_MAX);
			return at_mark(r, one->start_mark);
		}
		if (parse_path(scalar(one), &s->devices[s->device_count], r->err))
			return at_mark(r, one->start_mark);
		s->device_count++;
	}
	return 0;
}

static int parse_value(struct reader *r, const struct key *key, const yaml_node_t *node)
{
	void *value = place(r->s, key);
	const char *text;
	int ret = -1;

	if (key->kind == KIND_DEVICES)
		return parse_devices(r, node);
	if (!is_scalar(node) || !*scalar(node)) {
		qn_fail(r->err, "%s wants one value", key->name);
		return at_mark(r, node->start_mark);
	}
	text = scalar(node);
	switch (key->kind) {
	case KIND_NAME:
		ret = parse_name(text, value, r->err);
		break;
	case KIND_NUMBER:
		ret = qn_parse_number(text, key->min, key->max, value, r->err);
		break;
	case KIND_PATH:
		ret = parse_path(text, value, r->err);
		break;
	case KIND_SOCKET:
		ret = parse_socket(text, value, r->err);
		break;
	case KIND_USER:
		ret = parse_user(r->s, text, r->err);
		break;
	case KIND_GROUP:
		ret = parse_group(text, value, r->err);
		break;
	case KIND_DRIFT:
		ret = parse_drift(text, value, r->err);
		break;
	case KIND_DURATION:
		ret = parse_duration(key, text, value, r->err);
		break;
	case KIND_DEVICES:
		break;
	}
	return ret ? at_mark(r, node->start_mark) : 0;
}

/* --- the file ------------------------------------------------------------------- */

static bool in_section(const struct key *key, const char *section)
{
	return section ? key->section && !strcmp(key->section, section) : !key->section;
}

static int unknown(struct reader *r, const char *section, const yaml_node_t *node)
{
	const char *near = NULL, *word = scalar(node);
	unsigned int best = 4, i;

	for (i = 0; i < KEYS + QN_ARRAY_SIZE(sections); i++) {
		const char *name = i < KEYS ? keys[i].name : sections[i - KEYS];
		unsigned int d;

		if (i < KEYS ? !in_section(&keys[i], section) : !!section)
			continue;
		d = qn_word_distance(word, name);
		if (d < best) {
			best = d;
			near = name;
		}
	}
	/* A key may be right and its place wrong. */
	for (i = 0; !near && i < KEYS; i++)
		if (!strcmp(keys[i].name, word)) {
			qn_fail(r->err, "'%s' does not belong here: it goes %s%s", word,
				keys[i].section ? "below " : "to the top",
				keys[i].section ? keys[i].section : "");
			return at_mark(r, node->start_mark);
		}
	if (near)
		qn_fail(r->err, "unknown setting '%s': did you mean '%s'?", word, near);
	else
		qn_fail(r->err, "unknown setting '%s': qkdnfd.yaml(5) lists them", word);
	return at_mark(r, node->start_mark);
}

static bool is_section(const char *name)
{
	unsigned int i;

	for (i = 0; i < QN_ARRAY_SIZE(sections); i++)
		if (!strcmp(sections[i], name))
			return true;
	return false;
}

static int parse_mapping(struct reader *r, const char *section, const yaml_node_t *node,
			 unsigned int *seen_sections)
{
	const yaml_node_pair_t *pair;

	if (node->type != YAML_MAPPING_NODE) {
		qn_fail(r->err, "%s holds 'setting: value' lines", section ? section : "the file");
		return at_mark(r, node->start_mark);
	}
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);
		const yaml_node_t *value = yaml_document_get_node(&r->doc, pair->value);
		unsigned int i;

		if (!is_scalar(key)) {
			qn_fail(r->err, "the name of a setting is wanted here");
			return at_mark(r, key->start_mark);
		}
		if (!section && is_section(scalar(key))) {
			for (i = 0; strcmp(sections[i], scalar(key)); i++)
				;
			if (*seen_sections & 1u << i)
				goto twice;
			*seen_sections |= 1u << i;
			/* "control:" with nothing below it is all defaults. */
			if (is_scalar(value) && !*scalar(value))
				continue;
			if (parse_mapping(r, sections[i], value, NULL))
				return -1;
			continue;
		}
		for (i = 0; i < KEYS; i++)
			if (in_section(&keys[i], section) && !strcmp(keys[i].name, scalar(key)))
				break;
		if (i == KEYS)
			return unknown(r, section, key);
		if (r->seen[i])
			goto twice;
		r->seen[i] = true;
		if (parse_value(r, &keys[i], value))
			return -1;
		continue;
twice:
		qn_fail(r->err, "'%s' is there twice: take one away", scalar(key));
		return at_mark(r, key->start_mark);
	}
	return 0;
}

static void defaults(struct qf_settings *s)
{
	if (!s->state_directory)
		s->state_directory = qn_strdup("/var/lib/qkdnfd");
	if (!s->control_socket)
		s->control_socket = qn_strdup("/run/qkdnfd/control");
}

static int parse_root(struct reader *r, const yaml_node_t *root)
{
	unsigned int seen = 0, i;

	if (parse_mapping(r, NULL, root, &seen))
		return -1;
	for (i = 0; i < KEYS; i++)
		if (keys[i].required && !r->seen[i])
			return qn_fail(r->err, "%s:1:1: %s is missing: add it below '%s:'",
				       r->s->file, keys[i].name, keys[i].section);
	defaults(r->s);
	return 0;
}

static int syntax_error(struct reader *r, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return qn_fail(r->err, "%s: out of memory", r->s->file);
	qn_fail(r->err, "%s%s%s", parser->problem ? parser->problem : "this is not YAML",
		parser->context ? " " : "", parser->context ? parser->context : "");
	return at_mark(r, parser->problem_mark);
}

static int parse_document(struct reader *r, yaml_parser_t *parser)
{
	yaml_document_t second;
	yaml_node_t *root;
	int ret = -1;

	if (!yaml_parser_load(parser, &r->doc))
		return syntax_error(r, parser);
	root = yaml_document_get_root_node(&r->doc);
	if (!root)
		qn_fail(r->err, "%s:1:1: the file is empty: 'provider:' is the least it holds",
			r->s->file);
	else
		ret = parse_root(r, root);
	if (!ret) {
		ret = -1;
		if (!yaml_parser_load(parser, &second)) {
			syntax_error(r, parser);
		} else {
			root = yaml_document_get_root_node(&second);
			if (root) {
				qn_fail(r->err, "a second document begins here: one is wanted");
				at_mark(r, root->start_mark);
			} else {
				ret = 0;
			}
			yaml_document_delete(&second);
		}
	}
	yaml_document_delete(&r->doc);
	return ret;
}

int qf_settings_read(struct qf_settings *settings, FILE *file, const char *name,
		     struct qn_error *err)
{
	struct reader r = { .s = settings, .err = err };
	yaml_parser_t parser;
	char *text;
	size_t size;
	int ret;

	memset(settings, 0, sizeof(*settings));
	settings->file = qn_strdup(name);
	settings->read_group = (gid_t)-1;
	settings->write_group = (gid_t)-1;
	settings->drift = QF_DRIFT_REPORT;
	settings->drift_check = 30 * SECOND_US;

	text = qn_alloc(FILE_MAX + 1);
	size = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file)) {
		free(text);
		return qn_fail(err, "%s: cannot be read: is it a file?", name);
	}
	if (size > FILE_MAX) {
		free(text);
		return qn_fail(err, "%s: larger than %d KiB: is it the right file?", name,
			       FILE_MAX / 1024);
	}
	if (!yaml_parser_initialize(&parser)) {
		free(text);
		return qn_fail(err, "%s: out of memory", name);
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	ret = parse_document(&r, &parser);
	yaml_parser_delete(&parser);
	free(text);
	return ret;
}

void qf_settings_free(struct qf_settings *settings)
{
	unsigned int i;

	for (i = 0; i < settings->device_count; i++)
		free(settings->devices[i]);
	free(settings->control_socket);
	free(settings->state_directory);
	free(settings->user);
	free(settings->name);
	free(settings->file);
	memset(settings, 0, sizeof(*settings));
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_devices(const struct qf_settings *a, const struct qf_settings *b)
{
	unsigned int i;

	if (a->device_count != b->device_count)
		return false;
	for (i = 0; i < a->device_count; i++)
		if (strcmp(a->devices[i], b->devices[i]))
			return false;
	return true;
}

static bool same(const struct key *key, const struct qf_settings *a, const struct qf_settings *b)
{
	const char *pa = (const char *)a + key->offset, *pb = (const char *)b + key->offset;

	switch (key->kind) {
	case KIND_DEVICES:
		return same_devices(a, b);
	case KIND_GROUP:
		return *(const gid_t *)pa == *(const gid_t *)pb;
	case KIND_NUMBER:
	case KIND_DRIFT:
	case KIND_DURATION:
		return *(const uint64_t *)pa == *(const uint64_t *)pb;
	default:
		return same_text(*(char *const *)pa, *(char *const *)pb);
	}
}

int qf_settings_fixed(const struct qf_settings *old, const struct qf_settings *new,
		      struct qn_error *err)
{
	const struct key *key;

	for (key = keys; key < keys + KEYS; key++)
		if (key->fixed && !same(key, old, new))
			return qn_fail(err,
				       "%s: %s%s%s is fixed while the daemon runs: put it back, or restart the daemon",
				       new->file, key->section ? key->section : "",
				       key->section ? "." : "", key->name);
	return 0;
}
