// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings of the daemon: what is taken, and what is said about what is not. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "settings.h"

static int status;

static void verdict(const char *name, bool good, const char *why)
{
	printf(good ? "ok fed-settings-%s\n" : "not ok fed-settings-%s - %s\n", name, why);
	if (!good)
		status = 1;
}

static int read_text(struct qf_settings *s, const char *text, size_t len, struct qn_error *err)
{
	FILE *file = tmpfile();
	int ret;

	if (!file || fwrite(text, 1, len, file) != len) {
		perror("tmpfile");
		exit(1);
	}
	rewind(file);
	ret = qf_settings_read(s, file, "f", err);
	fclose(file);
	return ret;
}

#define WHO "provider: {name: A, number: 64496}\n"

/* What is wrong, where, and what to do. */
static const struct bad {
	const char *name, *text, *error;
} bad[] = {
	{ "empty", "", "f:1:1: the file is empty: 'provider:' is the least it holds" },
	{ "list", "- a\n", "f:1:1: the file holds 'setting: value' lines" },
	{ "no-number", "provider:\n  name: A\n",
	  "f:1:1: number is missing: add it below 'provider:'" },
	{ "no-provider", "node:\n", "f:1:1: name is missing: add it below 'provider:'" },
	{ "mistyped", WHO "nodes:\n", "f:2:1: unknown setting 'nodes': did you mean 'node'?" },
	{ "mistyped-below", WHO "control:\n  red-group: adm\n",
	  "f:3:3: unknown setting 'red-group': did you mean 'read-group'?" },
	{ "elsewhere", WHO "drift-check: 3s\n",
	  "f:2:1: 'drift-check' does not belong here: it goes below node" },
	{ "to-the-top", WHO "node:\n  state-directory: /a\n",
	  "f:3:3: 'state-directory' does not belong here: it goes to the top" },
	{ "unknown", WHO "federation: yes\n",
	  "f:2:1: unknown setting 'federation': qkdnfd.yaml(5) lists them" },
	{ "twice", WHO "state-directory: /a\nstate-directory: /b\n",
	  "f:3:1: 'state-directory' is there twice: take one away" },
	{ "section-twice", WHO "node:\nnode:\n", "f:3:1: 'node' is there twice: take one away" },
	{ "no-value", WHO "state-directory:\n", "f:2:17: state-directory wants one value" },
	{ "list-value", WHO "state-directory: [/a]\n", "f:2:18: state-directory wants one value" },
	{ "nul", WHO "state-directory: \"/a\\0b\"\n", "f:2:18: state-directory wants one value" },
	{ "number", "provider: {name: A, number: 0}\n", "f:1:29: " },
	{ "number-large", "provider: {name: A, number: 4294967296}\n", "f:1:29: " },
	{ "path", WHO "state-directory: var\n",
	  "f:2:18: 'var' is no whole path: begin it with /" },
	{ "path-back", WHO "state-directory: /a/../b\n",
	  "f:2:18: '/a/../b' leads back by ..: write the path without" },
	{ "socket-long",
	  WHO "control:\n  socket: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	  "is too long for a socket: take at most 107 octets" },
	{ "user", WHO "user: nonesuch\n",
	  "f:2:7: there is no user 'nonesuch': make one with 'useradd --system nonesuch'" },
	{ "user-root", WHO "user: root\n",
	  "f:2:7: the daemon gives root's rights away: name another user than 'root'" },
	{ "group", WHO "control: {read-group: nonesuch}\n",
	  "f:2:23: there is no group 'nonesuch': make one with 'groupadd --system nonesuch'" },
	{ "drift", WHO "node: {drift: yes}\n", "f:2:15: 'yes' is neither report nor mend" },
	{ "no-unit", WHO "node: {drift-check: 30}\n",
	  "f:2:21: '30' lacks a unit: write 30s, 5m or 1h, or never" },
	{ "too-often", WHO "node: {drift-check: 10ms}\n",
	  "f:2:21: '10ms' is out of range: from 1s to 24h, or never" },
	{ "devices", WHO "node: {devices: /dev/a}\n",
	  "f:2:17: devices is a list: begin each path with '-'" },
	{ "devices-many",
	  WHO "node: {devices: [/1,/2,/3,/4,/5,/6,/7,/8,/9,/10,/11,/12,/13,/14,/15,/16,/17]}\n",
	  "more than 16 devices: name a directory that holds them" },
	{ "syntax", WHO "node: [\n", "f:3:1: " },
	{ "tab", "provider:\n\tname: A\n", "f:2:1: " },
	{ "second", WHO "---\na: b\n", "f:3:1: a second document begins here: one is wanted" },
};

static void test_bad(void)
{
	const struct bad *b;

	for (b = bad; b < bad + QN_ARRAY_SIZE(bad); b++) {
		struct qn_error err = { 0 };
		struct qf_settings s;
		int ret = read_text(&s, b->text, strlen(b->text), &err);

		verdict(b->name, ret == -1 && strstr(err.text, b->error),
			ret ? err.text : "it was taken");
		qf_settings_free(&s);
	}
}

static void test_defaults(void)
{
	struct qn_error err = { 0 };
	struct qf_settings s;
	int ret = read_text(&s, WHO, strlen(WHO), &err);

	verdict("defaults",
		!ret && !strcmp(s.name, "A") && s.number == 64496 && !s.user &&
			!strcmp(s.state_directory, "/var/lib/qkdnfd") &&
			!strcmp(s.control_socket, "/run/qkdnfd/control") &&
			s.read_group == (gid_t)-1 && s.write_group == (gid_t)-1 &&
			s.drift == QF_DRIFT_REPORT && s.drift_check == 30000000 && !s.device_count,
		err.text);
	qf_settings_free(&s);
}

static void test_all(void)
{
	static const char text[] =
		WHO "user: daemon\nstate-directory: /s\n"
		    "control: {socket: /c, read-group: adm, write-group: daemon}\n"
		    "node: {drift: mend, drift-check: never, devices: [/dev/a, /dev/b]}\n";
	struct qn_error err = { 0 };
	struct qf_settings s;
	int ret = read_text(&s, text, strlen(text), &err);

	verdict("all",
		!ret && !strcmp(s.user, "daemon") && s.uid == 1 && s.gid == 1 &&
			s.read_group == 4 && s.write_group == 1 && s.drift == QF_DRIFT_MEND &&
			!s.drift_check && s.device_count == 2 && !strcmp(s.devices[1], "/dev/b"),
		err.text);
	qf_settings_free(&s);
}

static void test_fixed(const char *name, const char *first, const char *second, const char *error)
{
	struct qn_error err = { 0 };
	struct qf_settings a, b;
	int ret;

	if (read_text(&a, first, strlen(first), &err) ||
	    read_text(&b, second, strlen(second), &err))
		ret = -2;
	else
		ret = qf_settings_fixed(&a, &b, &err);
	verdict(name, error ? ret == -1 && strstr(err.text, error) : !ret, err.text);
	qf_settings_free(&a);
	qf_settings_free(&b);
}

/* The file that we ship, whole, then cut at each octet, then each octet another one. */
static void test_example(void)
{
	char text[8192], why[64];
	FILE *file = fopen(EXAMPLE, "r");
	struct qn_error err = { 0 };
	struct qf_settings s;
	size_t len, i;
	int ret, silent = 0;

	if (!file) {
		verdict("example", false, EXAMPLE " cannot be opened");
		return;
	}
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	ret = read_text(&s, text, len, &err);
	verdict("example", !ret && s.number == 64496 && s.device_count == 1, err.text);
	qf_settings_free(&s);
	for (i = 0; i < 2 * len; i++) {
		size_t at = i % len;
		char old = text[at];

		err.text[0] = 0;
		if (i >= len)
			text[at] = (char)(old ^ (1 + i % 127));
		ret = read_text(&s, text, i < len ? at : len, &err);
		if (ret && strncmp(err.text, "f:", 2))
			silent++;
		qf_settings_free(&s);
		text[at] = old;
	}
	snprintf(why, sizeof(why), "%d errors without a place", silent);
	verdict("example-altered", !silent, why);
}

int main(void)
{
	test_bad();
	test_defaults();
	test_all();
	test_fixed("reload", WHO, WHO "node: {drift: mend}\ncontrol: {read-group: adm}\n", NULL);
	test_fixed("reload-name", WHO, "provider: {name: B, number: 64496}\n",
		   "f: provider.name is fixed while the daemon runs");
	test_fixed("reload-devices", WHO, WHO "node: {devices: [/dev/a]}\n",
		   "f: node.devices is fixed while the daemon runs");
	test_fixed("reload-user", WHO, WHO "user: daemon\n", "f: user is fixed");
	test_example();
	return status;
}
