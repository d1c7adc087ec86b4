// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qkdnfctl key: take and fetch key for an application.
 *
 * Key goes to a file or a pipe. On a terminal, where scroll-back keeps it, it
 * is printed only if --hex asks for that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "ctl.h"
#include "device.h"

#define TTL_DEFAULT 60	  /* seconds */
#define OCTETS_MAX  65536 /* the largest segment */

struct key {
	struct qn_key_range range;
	bool fetch;
	bool has_offset;
	bool has_label;
	bool digest;
	bool hex;
	const char *out;
};

static int option(struct ctl *ctl, struct key *k, const char *name, const char *value)
{
	struct qn_error *err = &ctl->err;
	uint64_t n;

	if (!strcmp(name, "octets")) {
		if (qn_parse_octets(value, &k->range.octets, err))
			return -1;
		if (!k->range.octets || k->range.octets > OCTETS_MAX)
			return qn_fail(err, "1 to %d (and at most a segment of the stream)",
				       OCTETS_MAX);
		return 0;
	}
	if (!strcmp(name, "label")) {
		k->has_label = true;
		return qn_parse_label(value, k->range.label, &k->range.label_len, err);
	}
	if (!strcmp(name, "offset") && k->fetch) {
		k->has_offset = true;
		return qn_parse_number(value, 0, UINT64_MAX, &k->range.offset, err);
	}
	if (!strcmp(name, "ttl") && !k->fetch) {
		if (qn_parse_duration(value, 1000000000, &n, err))
			return -1;
		if (!n || n > 86400)
			return qn_fail(err, "1s to 1d");
		k->range.ttl = (uint32_t)n;
		return 0;
	}
	if (!strcmp(name, "digest")) {
		if (strcmp(value, "sha256"))
			return qn_fail(err, "'%s' is not known: sha256 is", value);
		k->digest = true;
		return 0;
	}
	if (!strcmp(name, "out")) {
		k->out = value;
		return 0;
	}
	return qn_fail(err, "there is no such setting here");
}

static int arguments(struct ctl *ctl, struct key *k, int argc, char **argv)
{
	if (!argc)
		return ctl_usage(ctl, "which peer?");
	if (ctl_node(ctl, "peer", argv[0], &k->range.peer))
		return CTL_USAGE;
	for (argc--, argv++; argc; argc--, argv++) {
		const char *name = argv[0] + (strncmp(argv[0], "--", 2) ? 0 : 2);

		if (!strcmp(name, "hex")) {
			k->hex = true;
			continue;
		}
		if (argc < 2)
			return ctl_usage(ctl, "'%s' wants a value", argv[0]);
		if (option(ctl, k, name, argv[1]))
			return ctl_usage(ctl, "%s: %s", argv[0], ctl->err.text);
		argc--;
		argv++;
	}
	if (!k->range.octets || !k->has_label)
		return ctl_usage(ctl, "--octets and --label are needed");
	if (k->fetch && !k->has_offset)
		return ctl_usage(ctl, "--offset is needed: what take printed at the other end");
	if (!k->digest && !k->out && !k->hex)
		return ctl_usage(ctl,
				 "say where the key goes: --digest sha256 (the digest only), --out FILE, or --hex to print it");
	if (k->out && !strcmp(k->out, "-") && !k->hex && isatty(STDOUT_FILENO))
		return ctl_usage(ctl,
				 "key is not printed on a terminal: use a pipe, --out FILE, or --hex");
	return 0;
}

static int write_all(int fd, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Hexadecimal digits and an end of line, in memory for key. */
static char *to_hex(const uint8_t *key, size_t octets, struct qn_error *err)
{
	static const char digits[] = "0123456789abcdef";
	char *text = qn_key_alloc(2 * octets + 2, err);
	size_t i;

	for (i = 0; text && i < octets; i++) {
		text[2 * i] = digits[key[i] >> 4];
		text[2 * i + 1] = digits[key[i] & 15];
	}
	if (text)
		text[2 * octets] = '\n';
	return text;
}

static int deliver(struct ctl *ctl, const struct key *k, int fd, const uint8_t *key)
{
	size_t octets = k->range.octets;
	char *text;
	int ret;

	if (!k->hex) {
		ret = write_all(fd, key, octets);
	} else {
		text = to_hex(key, octets, &ctl->err);
		if (!text)
			return ctl_failed(ctl);
		ret = write_all(fd, text, 2 * octets + 1);
		qn_key_free(text, 2 * octets + 2);
	}
	return ret ? ctl_error(ctl, "cannot write the key, which is lost now: %s",
			       strerror(errno)) :
		     0;
}

/* What it was, but never the key: on stderr if the key is on stdout. */
static int report(struct ctl *ctl, const struct key *k, const char *digest)
{
	FILE *file = k->out && !strcmp(k->out, "-") ? stderr : k->hex && !k->out ? stderr : stdout;
	char node[32], label[160];
	json_t *object;

	qn_format_node(node, sizeof(node), k->range.peer);
	qn_format_label(label, sizeof(label), k->range.label, k->range.label_len);
	if (ctl->out.json) {
		object = json_pack("{s:s, s:I, s:I, s:s}", "peer", node, "offset",
				   (json_int_t)k->range.offset, "octets",
				   (json_int_t)k->range.octets, "label", label);
		if (*digest)
			json_object_set_new(object, "sha256", json_string(digest));
		json_dumpf(object, file, JSON_COMPACT);
		fputc('\n', file);
		json_decref(object);
		return 0;
	}
	fprintf(file, "peer    %s\noffset  %" PRIu64 "\noctets  %" PRIu64 "\nlabel   %s\n", node,
		k->range.offset, k->range.octets, label);
	if (*digest)
		fprintf(file, "sha256  %s\n", digest);
	return 0;
}

static int digest_of(const uint8_t *key, size_t octets, char *text)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len, i;

	if (!EVP_Digest(key, octets, md, &len, EVP_sha256(), NULL))
		return -1;
	for (i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", md[i]);
	return 0;
}

static int get(struct ctl *ctl, int argc, char **argv, bool fetch)
{
	struct key k = { .fetch = fetch, .range.ttl = TTL_DEFAULT };
	char digest[2 * EVP_MAX_MD_SIZE + 1] = "";
	int status = CTL_FAILED, fd = -1;
	uint8_t *key;

	if (arguments(ctl, &k, argc, argv))
		return CTL_USAGE;
	prctl(PR_SET_DUMPABLE, 0);
	/* The file comes first: key that cannot be written would be lost. */
	if (k.out && strcmp(k.out, "-")) {
		fd = open(k.out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return ctl_error(ctl, "cannot make %s: %s", k.out, strerror(errno));
	} else if (k.out || k.hex) {
		fd = STDOUT_FILENO;
	}
	key = qn_key_alloc(k.range.octets, &ctl->err);
	if (!key || (fetch ? qn_key_fetch(&k.range, key, &ctl->err) :
			     qn_key_take(&k.range, key, &ctl->err))) {
		ctl_failed(ctl);
		if (fd > STDERR_FILENO)
			unlink(k.out);
		goto out;
	}
	if (k.digest && digest_of(key, k.range.octets, digest)) {
		ctl_error(ctl, "OpenSSL cannot make a SHA-256 digest here");
		goto out;
	}
	status = fd >= 0 ? deliver(ctl, &k, fd, key) : 0;
	if (!status)
		status = report(ctl, &k, digest);
out:
	qn_key_free(key, k.range.octets);
	if (fd > STDERR_FILENO && close(fd) && !status)
		status = ctl_error(ctl, "cannot write %s: %s", k.out, strerror(errno));
	return status;
}

static int key_take(struct ctl *ctl, int argc, char **argv)
{
	return get(ctl, argc, argv, false);
}

static int key_fetch(struct ctl *ctl, int argc, char **argv)
{
	return get(ctl, argc, argv, true);
}

static const char where_help[] =
	"  --octets N       1 to the segment size of the stream\n"
	"  --label L        what both ends call it, 1 to 64 octets; hex: and digits for any\n"
	"  --digest sha256  print the digest of the key, not the key\n"
	"  --out FILE       write the key to a new file that only its owner reads; - is\n"
	"                   standard output, which must not be a terminal\n"
	"  --hex            as hexadecimal digits; without --out, on standard output\n";

static const struct ctl_verb verbs[] = {
	{ .name = "take",
	  .run = key_take,
	  .args = "PEER --octets N --label L [--ttl DURATION] [--digest sha256] [--out FILE] [--hex]",
	  .summary = "take key of a stream; the other end fetches the same by its offset",
	  .help = where_help },
	{ .name = "fetch",
	  .run = key_fetch,
	  .args = "PEER --offset O --octets N --label L [--digest sha256] [--out FILE] [--hex]",
	  .summary = "fetch key that the other end took, once",
	  .help = where_help },
	{ 0 }
};

int cmd_key(struct ctl *ctl, int argc, char **argv)
{
	return ctl_run(ctl, verbs, argc, argv);
}
