// SPDX-License-Identifier: GPL-2.0-or-later
/* qkdnfctl federation init: a test federation in one step. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "testfed.h"

#define DAYS	  365
#define FIRST	  64496 /* numbers for documentation (RFC 5398) begin here */
#define HOST_MAX  253
#define LABEL_MAX 63

/* A name that is safe as one of a directory: small letters, digits and -. */
static int take_name(char to[TESTFED_NAME], const char *text, struct qn_error *err)
{
	size_t len = strlen(text);

	if (!len || len >= TESTFED_NAME ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != len || text[0] == '-')
		return qn_fail(err, "'%s' is no name: 1 to %d small letters, digits and -", text,
			       TESTFED_NAME - 1);
	strcpy(to, text);
	return 0;
}

static bool host_good(const char *host)
{
	unsigned char addr[16];
	size_t label = 0;
	const char *at;

	if (inet_pton(AF_INET, host, addr) == 1 || inet_pton(AF_INET6, host, addr) == 1)
		return true;
	for (at = host; *at; at++) {
		bool word = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
			    (*at >= '0' && *at <= '9');

		if (*at == '.' && label && at[-1] != '-' && at[1])
			label = 0;
		else if ((!word && (*at != '-' || !label)) || ++label > LABEL_MAX)
			return false;
	}
	/* What ends with a number would be an address. */
	at = strrchr(host, '.');
	at = at ? at + 1 : host;
	return label && host[strlen(host) - 1] != '-' && strlen(host) <= HOST_MAX &&
	       strspn(at, "0123456789") != strlen(at);
}

static int take_hosts(struct testfed_member *member, char *text, struct qn_error *err)
{
	char *host;

	while ((host = strsep(&text, ","))) {
		if (!host_good(host))
			return qn_fail(err, "'%s' is neither a host's name nor an address", host);
		if (member->host_count == TESTFED_HOSTS)
			return qn_fail(err, "at most %d hosts of a member", TESTFED_HOSTS);
		member->hosts[member->host_count++] = host;
	}
	return 0;
}

static struct testfed_member *add_member(struct testfed *fed)
{
	fed->members = qn_realloc(fed->members, (fed->count + 1) * sizeof(*fed->members));
	memset(&fed->members[fed->count], 0, sizeof(*fed->members));
	return &fed->members[fed->count++];
}

static int take_member(struct testfed *fed, char **argv, struct qn_error *err)
{
	struct testfed_member *member;
	uint64_t number;
	unsigned int i;

	if (fed->count == TESTFED_MOST)
		return qn_fail(err, "at most %d members", TESTFED_MOST);
	member = add_member(fed);
	if (take_name(member->name, argv[0], err))
		return -1;
	if (qn_parse_number(argv[1], 1, UINT32_MAX, &number, err))
		return qn_fail_prefix(err, "number of provider %s", argv[0]);
	member->provider = (uint32_t)number;
	if (take_hosts(member, argv[2], err))
		return -1;
	for (i = 0; i + 1 < fed->count; i++) {
		if (!strcmp(fed->members[i].name, member->name))
			return qn_fail(err, "two members are called %s", member->name);
		if (fed->members[i].provider == member->provider)
			return qn_fail(err, "%s and %s have the same number %u",
				       fed->members[i].name, member->name, member->provider);
	}
	return 0;
}

/* Three of them, as in all examples. */
static void default_members(struct testfed *fed)
{
	static const char *const names[] = { "a", "b", "c" };
	static const char *const hosts[] = { "a.example", "b.example", "c.example" };
	unsigned int i;

	for (i = 0; i < QN_ARRAY_SIZE(names); i++) {
		struct testfed_member *member = add_member(fed);

		strcpy(member->name, names[i]);
		member->provider = FIRST + i;
		member->hosts[member->host_count++] = hosts[i];
	}
}

static int default_name(struct testfed *fed, const char *directory, struct qn_error *err)
{
	char *copy = qn_strdup(directory);
	int ret = take_name(fed->name, basename(copy), err);

	free(copy);
	return ret ? qn_fail_prefix(err, "say 'name NAME'") : 0;
}

static int init_arguments(struct ctl *ctl, struct testfed *fed, const char **directory, int argc,
			  char **argv)
{
	struct qn_error *err = &ctl->err;
	uint64_t number;

	if (!argc)
		return ctl_usage(ctl, "which directory?");
	*directory = argv[0];
	for (argc--, argv++; argc; argc -= 2, argv += 2) {
		if (argc < 2)
			return ctl_usage(ctl, "'%s' wants a value", argv[0]);
		if (!strcmp(argv[0], "member")) {
			if (argc < 4)
				return ctl_usage(ctl, "'member' wants a name, a number and hosts");
			if (take_member(fed, argv + 1, err))
				return ctl_usage(ctl, "%s", err->text);
			argc -= 2;
			argv += 2;
		} else if (!strcmp(argv[0], "name")) {
			if (take_name(fed->name, argv[1], err))
				return ctl_usage(ctl, "%s", err->text);
		} else if (!strcmp(argv[0], "days")) {
			if (qn_parse_number(argv[1], 1, 3650, &number, err))
				return ctl_usage(ctl, "days: %s", err->text);
			fed->days = (unsigned int)number;
		} else {
			return ctl_usage(ctl, "unknown setting '%s': name, days or member",
					 argv[0]);
		}
	}
	if (!fed->name[0] && default_name(fed, *directory, err))
		return ctl_usage(ctl, "%s", err->text);
	if (!fed->count)
		default_members(fed);
	return 0;
}

enum { ROW_NAME = 1, ROW_PROVIDER, ROW_HOSTS, ROW_PRINT, ROW_KID, ROW_MAX = ROW_KID };

static const struct qn_attr row_attrs[] = {
	[ROW_NAME] = { .name = "name", .type = QN_STRING },
	[ROW_PROVIDER] = { .name = "provider", .type = QN_U32 },
	[ROW_HOSTS] = { .name = "hosts", .type = QN_STRING },
	[ROW_PRINT] = { .name = "certificate", .type = QN_STRING },
	[ROW_KID] = { .name = "signing-key", .type = QN_STRING },
};

static const struct qn_set row_set = { "member", row_attrs, ROW_MAX };

/* As much of a fingerprint as one compares by eye; -j and federation.json have all of it. */
static void print_column(const struct qn_rec *rec, char *buf, size_t size)
{
	snprintf(buf, size, "%.16s...", qn_get_str(rec, ROW_PRINT));
}

static const struct qn_col row_cols[] = {
	{ .head = "MEMBER", .attr = ROW_NAME },
	{ .head = "NUMBER", .attr = ROW_PROVIDER, .right = true },
	{ .head = "HOSTS", .attr = ROW_HOSTS },
	{ .head = "CERTIFICATE", .text = print_column },
	{ .head = "SIGNING KEY", .attr = ROW_KID },
};

static const struct qn_view row_view = QN_VIEW(row_cols, "no members");

static void show_member(struct ctl *ctl, const struct testfed_member *member)
{
	struct qn_rec *rec = qn_rec_new(&row_set);
	char print[QF_PRINT_TEXT], *hosts = qn_strdup(member->hosts[0]);
	unsigned int i;

	for (i = 1; i < member->host_count; i++) {
		char *longer = qn_asprintf("%s %s", hosts, member->hosts[i]);

		free(hosts);
		hosts = longer;
	}
	qf_print_text(print, member->print);
	qn_set_str(rec, ROW_NAME, member->name);
	qn_set(rec, ROW_PROVIDER, member->provider);
	qn_set_str(rec, ROW_HOSTS, hosts);
	qn_set_str(rec, ROW_PRINT, print);
	qn_set_str(rec, ROW_KID, member->kid);
	qn_out_row(&ctl->out, rec);
	qn_rec_free(rec);
	free(hosts);
}

static void show(struct ctl *ctl, const struct testfed *fed)
{
	unsigned int i;

	qn_out_list_begin(&ctl->out, &row_view);
	for (i = 0; i < fed->count; i++)
		show_member(ctl, &fed->members[i]);
	qn_out_list_end(&ctl->out);
}

/* Only where a person looks on, and only what takes long enough to be looked at. */
static void progress(const struct testfed *fed, unsigned int done)
{
	if (fed->count < 20 || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\rmember %u of %u%s", done, fed->count, done == fed->count ? "\n" : "");
	fflush(stderr);
}

int federation_init(struct ctl *ctl, int argc, char **argv)
{
	struct testfed fed = { .days = DAYS, .progress = progress };
	const char *directory = NULL;
	int ret = init_arguments(ctl, &fed, &directory, argc, argv);

	if (ret)
		goto out;
	if (testfed_make(&fed, directory, &ctl->err)) {
		ret = ctl_failed(ctl);
		goto out;
	}
	if (ctl->out.json)
		qn_out_json(&ctl->out, json_incref(fed.list));
	else
		show(ctl, &fed);
	ctl_warn(ctl, "%s holds test federation %s, not for production: all secrets lie together",
		 directory, fed.name);
out:
	json_decref(fed.list);
	free(fed.members);
	return ret;
}
