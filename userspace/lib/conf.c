// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration files: reading. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include <linux/qkdemu.h>
#include <linux/qkdnf.h>

#include "conf.h"
#include "tunnel.h"
#include "words.h"
#include "xfrm.h"

/* A file of 10,000 routes is below a megabyte; more is a mistake. */
#define FILE_MAX (64 << 20)

struct reader {
	struct qn_conf *conf;
	struct qn_conf_source **sources; /* where the next one goes */
	yaml_document_t doc;
	struct qn_error *err;
};

/* Put FILE:LINE:COLUMN before the error. Returns -1. */
static int at_mark(struct reader *r, yaml_mark_t mark)
{
	return qn_fail_prefix(r->err, "%s:%zu:%zu", r->conf->name, mark.line + 1, mark.column + 1);
}

static int at(struct reader *r, const yaml_node_t *node)
{
	return at_mark(r, node->start_mark);
}

static yaml_node_t *get(struct reader *r, int index)
{
	return yaml_document_get_node(&r->doc, index);
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

static int want_scalar(struct reader *r, const yaml_node_t *node, const char *what)
{
	if (is_scalar(node) && *scalar(node))
		return 0;
	qn_fail(r->err, "%s wants one value", what);
	return at(r, node);
}

/*
 * Settings that are no attributes of the object. Returns 1 if @key was one, 0 if not, -1 with
 * an error.
 */
typedef int (*parse_more)(struct reader *r, const char *key, const yaml_node_t *value, void *arg);

static int parse_source(struct reader *r, const char *key, const yaml_node_t *value, void *arg)
{
	struct qn_conf_source **source = arg;

	if (strcmp(key, "source"))
		return 0;
	if (*source) {
		qn_fail(r->err, "peer source is given twice");
		return at(r, value);
	}
	if (want_scalar(r, value, "source"))
		return -1;
	if (strcmp(scalar(value), "push") && *scalar(value) != '/') {
		qn_fail(r->err, "'%s' is no source: write the whole path of a device, or push",
			scalar(value));
		return at(r, value);
	}
	*source = qn_alloc(sizeof(**source));
	if (*scalar(value) == '/')
		(*source)->device = qn_strdup(scalar(value));
	(*source)->line = (unsigned int)value->start_mark.line + 1;
	return 1;
}

/*
 * One object. @more is asked about each setting first, if there is one.
 */
static struct qn_rec *parse_object(struct reader *r, const struct qn_words *words,
				   const yaml_node_t *node, parse_more more, void *arg)
{
	const yaml_node_pair_t *pair;
	struct qn_rec *rec;

	if (node->type != YAML_MAPPING_NODE) {
		qn_fail(r->err, "a %s is written as 'setting: value' lines", words->what);
		at(r, node);
		return NULL;
	}
	rec = qn_rec_new(words->set);
	rec->line = (unsigned int)node->start_mark.line + 1;
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = get(r, pair->key), *value = get(r, pair->value);
		const struct qn_word *word;
		int taken;

		if (!is_scalar(key)) {
			qn_fail(r->err, "the name of a setting is wanted here");
			at(r, key);
			goto bad;
		}
		taken = more ? more(r, scalar(key), value, arg) : 0;
		if (taken < 0)
			goto bad;
		if (taken)
			continue;
		word = qn_word_find(words, scalar(key));
		if (!word) {
			qn_word_unknown(words, scalar(key), r->err);
			at(r, key);
			goto bad;
		}
		if (want_scalar(r, value, word->word))
			goto bad;
		/* Relative to when? Applying twice would move the end. */
		if (rec->set == &qn_set_contract && word->attr == QKDNF_A_CONTRACT_EXPIRY &&
		    *scalar(value) == '+') {
			qn_fail(r->err, "a file needs a fixed time as expiry, as in 2027-01-01");
			at(r, value);
			goto bad;
		}
		if (qn_word_parse(words, word, scalar(value), rec, r->err)) {
			at(r, value);
			goto bad;
		}
	}
	return rec;
bad:
	qn_rec_free(rec);
	return NULL;
}

/* What a binding of a file has beside its settings. */
struct traffic {
	char *interface;
	bool listed;
	struct qn_rec *policies;
	unsigned int line;
};

static struct qn_rec *append(struct qn_rec **list, struct qn_rec *rec)
{
	while (*list)
		list = &(*list)->next;
	*list = rec;
	return rec;
}

static int parse_policies(struct reader *r, const yaml_node_t *node, struct traffic *t)
{
	yaml_node_item_t *item;
	struct qn_rec *rec;

	t->listed = true;
	if (is_scalar(node) && !*scalar(node))
		return 1;
	if (node->type != YAML_SEQUENCE_NODE) {
		qn_fail(r->err, "policies is a list: begin each policy with '-'");
		return at(r, node);
	}
	for (item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
		rec = parse_object(r, &qn_words_policy, get(r, *item), NULL, NULL);
		if (!rec)
			return -1;
		append(&t->policies, rec);
	}
	return 1;
}

static int parse_traffic(struct reader *r, const char *key, const yaml_node_t *value, void *arg)
{
	struct traffic *t = arg;
	bool policies = !strcmp(key, "policies");

	if (!policies && strcmp(key, "interface"))
		return 0;
	if (policies ? t->listed : !!t->interface) {
		qn_fail(r->err, "%s is given twice", key);
		return at(r, value);
	}
	if (policies)
		return parse_policies(r, value, t);
	if (want_scalar(r, value, key))
		return -1;
	t->interface = qn_strdup(scalar(value));
	t->line = (unsigned int)value->start_mark.line + 1;
	return 1;
}

/* They are named by what the binding has, wherever in it that stands. */
static void take_traffic(struct reader *r, struct qn_rec *binding, struct traffic *t)
{
	struct qn_rec *rec;

	if (!binding) {
		qn_rec_list_free(t->policies);
		free(t->interface);
		return;
	}
	if (t->listed)
		binding->mark |= QN_CONF_POLICIES;
	for (rec = t->policies; rec; rec = rec->next) {
		qn_set(rec, QN_POLICY_REQID, qn_get(binding, QKDNF_A_BINDING_REQID, 0));
		qn_set(rec, QN_POLICY_IF_ID, qn_get(binding, QKDNF_A_BINDING_IF_ID, 0));
	}
	if (t->policies)
		append(&r->conf->want.policies, t->policies);
	if (t->interface) {
		rec = append(&r->conf->want.interfaces, qn_rec_new(&qn_set_xfrm_interface));
		rec->line = t->line;
		qn_set_str(rec, QN_XFRM_IF_NAME, t->interface);
		qn_set(rec, QN_XFRM_IF_ID, qn_get(binding, QKDNF_A_BINDING_IF_ID, 0));
		free(t->interface);
	}
}

static struct qn_rec *parse_peer(struct reader *r, const yaml_node_t *node)
{
	struct qn_conf_source *source = NULL;
	struct qn_rec *peer = parse_object(r, &qn_words_peer, node, parse_source, &source);

	if (!source)
		return peer;
	*r->sources = source;
	r->sources = &source->next;
	source->peer = peer ? qn_get(peer, QKDNF_A_PEER_ID, 0) : 0;
	return peer;
}

static struct qn_rec *parse_binding(struct reader *r, const yaml_node_t *node)
{
	struct traffic t = { 0 };
	struct qn_rec *binding = parse_object(r, &qn_words_binding, node, parse_traffic, &t);

	take_traffic(r, binding, &t);
	return binding;
}

static int parse_list(struct reader *r, const struct qn_words *words, const char *name,
		      const yaml_node_t *node, struct qn_rec **list)
{
	struct qn_rec **tail = list;
	yaml_node_item_t *item;

	/* "routes:" with nothing below it is an empty list. */
	if (is_scalar(node) && !*scalar(node))
		return 0;
	if (node->type != YAML_SEQUENCE_NODE) {
		qn_fail(r->err, "%s is a list: begin each %s with '-'", name, words->what);
		return at(r, node);
	}
	for (item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
		const yaml_node_t *one = get(r, *item);

		*tail = words == &qn_words_peer	   ? parse_peer(r, one) :
			words == &qn_words_binding ? parse_binding(r, one) :
						     parse_object(r, words, one, NULL, NULL);
		if (!*tail)
			return -1;
		tail = &(*tail)->next;
	}
	return 0;
}

static int parse_root(struct reader *r, const yaml_node_t *root)
{
	struct qn_model *want = &r->conf->want;
	const struct {
		const char *name;
		const struct qn_words *words;
		struct qn_rec **list;
	} lists[] = {
		{ "peers", &qn_words_peer, &want->peers },
		{ "routes", &qn_words_route, &want->routes },
		{ "contracts", &qn_words_contract, &want->contracts },
		{ "ipsec", &qn_words_binding, &want->bindings },
		{ "tunnels", &qn_words_tunnel_in_file, &want->tunnels },
		{ "emu", &qn_words_emu, &want->emu },
	};
	const yaml_node_pair_t *pair;
	unsigned int seen = 0, i;

	if (root->type != YAML_MAPPING_NODE) {
		qn_fail(r->err,
			"a file has sections: node, peers, routes, contracts, ipsec, tunnels, emu");
		return at(r, root);
	}
	for (pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = get(r, pair->key), *value = get(r, pair->value);
		const char *name = is_scalar(key) ? scalar(key) : "";

		if (!strcmp(name, "node")) {
			if (want->node)
				goto twice;
			want->node = parse_object(r, &qn_words_node, value, NULL, NULL);
			if (!want->node)
				return -1;
			continue;
		}
		for (i = 0; i < QN_ARRAY_SIZE(lists) && strcmp(name, lists[i].name); i++)
			;
		if (i == QN_ARRAY_SIZE(lists)) {
			qn_fail(r->err,
				"unknown section '%s': there are node, peers, routes, contracts, ipsec, tunnels, emu",
				name);
			return at(r, key);
		}
		if (seen & 1u << i)
			goto twice;
		seen |= 1u << i;
		if (parse_list(r, lists[i].words, name, value, lists[i].list))
			return -1;
		continue;
twice:
		qn_fail(r->err, "section %s is there twice", name);
		return at(r, key);
	}
	return 0;
}

static int syntax_error(struct reader *r, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return qn_fail(r->err, "out of memory");
	qn_fail(r->err, "%s%s%s", parser->problem ? parser->problem : "not YAML",
		parser->context ? " " : "", parser->context ? parser->context : "");
	return at_mark(r, parser->problem_mark);
}

static int too_large(FILE *file)
{
	return !fseek(file, 0, SEEK_END) && ftell(file) > FILE_MAX ? 1 : (rewind(file), 0);
}

static int read_document(struct reader *r, yaml_parser_t *parser)
{
	yaml_document_t second;
	yaml_node_t *root;
	int ret = -1;

	r->sources = &r->conf->sources;
	if (!yaml_parser_load(parser, &r->doc))
		return syntax_error(r, parser);
	root = yaml_document_get_root_node(&r->doc);
	if (!root)
		qn_fail(r->err, "%s is empty", r->conf->name);
	else
		ret = parse_root(r, root);
	if (!ret) {
		ret = -1;
		if (!yaml_parser_load(parser, &second)) {
			syntax_error(r, parser);
		} else {
			if (yaml_document_get_root_node(&second))
				qn_fail(r->err, "%s has two documents ('---'): one is wanted",
					r->conf->name);
			else
				ret = 0;
			yaml_document_delete(&second);
		}
	}
	yaml_document_delete(&r->doc);
	return ret;
}

int qn_conf_read(struct qn_conf *conf, const char *path, struct qn_error *err)
{
	struct reader r = { .conf = conf, .err = err };
	yaml_parser_t parser;
	FILE *file = stdin;
	int ret = -1;

	memset(conf, 0, sizeof(*conf));
	conf->name = qn_strdup(strcmp(path, "-") ? path : "standard input");
	if (strcmp(path, "-"))
		file = fopen(path, "re");
	if (!file)
		return qn_fail_errno(err, errno, "cannot open %s", path);
	if (file != stdin && too_large(file)) {
		fclose(file);
		return qn_fail(err, "%s is larger than %d MiB: is it the right file?", path,
			       FILE_MAX >> 20);
	}
	if (!yaml_parser_initialize(&parser)) {
		qn_fail(err, "out of memory");
		goto close;
	}
	yaml_parser_set_input_file(&parser, file);
	ret = read_document(&r, &parser);
	yaml_parser_delete(&parser);
close:
	if (file != stdin)
		fclose(file);
	return ret ? ret : qn_conf_check(conf, err);
}

int qn_conf_parse(struct qn_conf *conf, const char *name, const char *text, size_t len,
		  struct qn_error *err)
{
	struct reader r = { .conf = conf, .err = err };
	yaml_parser_t parser;
	int ret;

	memset(conf, 0, sizeof(*conf));
	conf->name = qn_strdup(name);
	if (!yaml_parser_initialize(&parser))
		return qn_fail(err, "out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	ret = read_document(&r, &parser);
	yaml_parser_delete(&parser);
	return ret ? ret : qn_conf_check(conf, err);
}

void qn_conf_free(struct qn_conf *conf)
{
	struct qn_conf_source *source, *next;

	for (source = conf->sources; source; source = next) {
		next = source->next;
		free(source->device);
		free(source);
	}
	qn_model_free(&conf->want);
	free(conf->warnings);
	free(conf->name);
	memset(conf, 0, sizeof(*conf));
}
