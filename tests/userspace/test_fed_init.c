// SPDX-License-Identifier: GPL-2.0-or-later
/* "qkdnfctl federation init": what it makes, as openssl and the daemon's own parts see it. */
#define _GNU_SOURCE
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include "cert.h"
#include "fed/fed_test.h"
#include "jws.h"
#include "testfed.h"

static char dir[32];

__attribute__((format(printf, 1, 2))) static int command(const char *fmt, ...)
{
	char *text, *line;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	line = qn_asprintf("cd %s && { %s; } >>log 2>&1", dir, text);
	ret = system(line);
	free(line);
	free(text);
	return ret;
}

static const struct ctl_verb verbs[] = {
	{ .name = "init", .args = "DIR ...", .run = federation_init, .summary = "", .help = "" },
	{ 0 }
};

/*
 * Run the command: its exit status. What it printed is in @out. Arguments are
 * split at spaces.
 */
static int ctl(bool json, char *out, size_t room, const char *words)
{
	struct ctl ctl = { .object = "federation" };
	char *text = qn_strdup(words), *argv[40], *rest = text;
	char *path = qn_asprintf("%s/said", dir);
	FILE *file = tmpfile();
	int argc = 0, status, was;
	size_t len;

	while ((argv[argc] = strsep(&rest, " ")))
		argc++;
	/* Errors go to stderr, which is kept out of the log of the test. */
	was = dup(2);
	if (!freopen(path, "w", stderr))
		abort();
	qn_out_init(&ctl.out, file, json);
	status = ctl_run(&ctl, verbs, argc, argv);
	fflush(stderr);
	dup2(was, 2);
	close(was);
	rewind(file);
	len = fread(out, 1, room - 1, file);
	out[len] = 0;
	if (status) {
		FILE *said = fopen(path, "r");

		len = said ? fread(out, 1, room - 1, said) : 0;
		out[len] = 0;
		if (said)
			fclose(said);
	}
	fclose(file);
	free(path);
	free(text);
	return status;
}

static int run(const char *fmt, char *out, size_t room, bool json)
{
	char *words = qn_asprintf(fmt, dir);
	int status = ctl(json, out, room, words);

	free(words);
	return status;
}

static gnutls_datum_t load(const char *name)
{
	gnutls_datum_t data = { 0 };
	char *path = qn_asprintf("%s/%s", dir, name);

	if (gnutls_load_file(path, &data))
		test_fail(__FILE__, __LINE__, "cannot load %s", path);
	free(path);
	return data;
}

static void makes(void)
{
#define FED "-CAfile fed/anchor/anchor.pem fed/members/"
	static const char *const names[] = { "a", "b", "c" };
	char out[8192];
	size_t i;

	CHECK(!run("init %s/fed", out, sizeof(out), false));
	for (i = 0; i < 3; i++) {
		CHECK(!command("openssl verify -x509_strict -purpose sslserver "
			       "-verify_hostname %s.example " FED "%s/tls.pem",
			       names[i], names[i]));
		CHECK(!command("openssl verify -x509_strict -purpose sslclient " FED "%s/tls.pem",
			       names[i]));
		/* Keys belong to certificates. */
		CHECK(!command("openssl x509 -in fed/members/%s/tls.pem -noout -pubkey >x && openssl pkey -in fed/members/%s/tls.key -pubout | cmp - x",
			       names[i], names[i]));
		CHECK(!command("openssl pkey -in fed/members/%s/signing.key -pubout | cmp - fed/members/%s/signing.pub",
			       names[i], names[i]));
		CHECK(!command("openssl x509 -in fed/members/%s/tls.pem -noout -subject | grep -q 'TEST FEDERATION - NOT FOR PRODUCTION'",
			       names[i]));
		/* The fingerprint of the list is openssl's. */
		CHECK(!command("jq -er '.members[%zu].certificate' fed/federation.json >x && openssl x509 -in fed/members/%s/tls.pem -outform DER | openssl dgst -sha256 -r | cut -c1-64 | cmp - x",
			       i, names[i]));
		CHECK(!command("jq -e '.members[%zu] | .name == \"%s\" and .provider == %zu' fed/federation.json",
			       i, names[i], 64496 + i));
		CHECK_HAS(out, names[i]);
	}
	CHECK(command("openssl verify -verify_hostname b.example " FED "a/tls.pem"));
	CHECK(!command("jq -e '.test == true and .federation == \"fed\"' fed/federation.json"));
	CHECK(!command("openssl x509 -in fed/anchor/anchor.pem -noout -checkend $((364 * 86400))"));
	/* Nobody else reads any of it, and nothing lies about. */
	CHECK(!command("test -z \"$(find fed -type f ! -perm 600)\""));
	CHECK(!command("test -z \"$(find fed -type d ! -perm 700)\""));
	CHECK(!command("test $(find fed -type f | wc -l) = 16"));
	CHECK(!command("test -z \"$(find . -name 'fed.*')\""));
}

/* The daemon's own parts take it, and see that it is for tests. */
static void taken(void)
{
	gnutls_datum_t anchor = load("fed/anchor/anchor.pem"), pem = load("fed/members/a/tls.pem");
	struct qf_trust *trust = qf_trust_new("fed");
	struct qf_problem problem;
	struct qf_signer *signer;
	gnutls_datum_t der = { 0 };
	struct qf_shown shown = { .chain = &der, .count = 1, .use = QF_SERVER, .host = "a.example",
				  .now = (int64_t)time(NULL) * 1000000 };
	struct qf_cert cert;
	struct qn_error err;
	gnutls_x509_crt_t crt;
	char *path = qn_asprintf("%s/fed/members/a/signing.key", dir);

	gnutls_x509_crt_init(&crt);
	gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM);
	gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der);
	gnutls_x509_crt_deinit(crt);
	CHECK(!qf_trust_anchor(trust, (char *)anchor.data, anchor.size, &err));
	if (qf_cert_verify(trust, &shown, &cert, &problem))
		test_fail(__FILE__, __LINE__, "%s", problem.detail);
	CHECK(cert.test);
	shown.use = QF_CLIENT;
	CHECK(!qf_cert_verify(trust, &shown, &cert, &problem));
	signer = qf_signer_load(path, &err);
	CHECK(signer);
	qf_signer_free(signer);
	qf_trust_free(trust);
	gnutls_free(anchor.data);
	gnutls_free(pem.data);
	gnutls_free(der.data);
	free(path);
}

static void settings(void)
{
#define NORTH "-CAfile two/anchor/anchor.pem two/members/north/tls.pem"
	char out[8192];
	json_t *list, *members;

	CHECK(!run("init %s/two name two days 30 member north 64500 n.example,192.0.2.1,2001:db8::1 member south 64501 s.example",
		   out, sizeof(out), true));
	/* What is printed is what is in the file. */
	list = json_loads(out, 0, NULL);
	members = json_object_get(list, "members");
	CHECK(json_array_size(members) == 2);
	CHECK_STR(json_string_value(json_object_get(json_array_get(members, 0), "name")), "north");
	json_decref(list);
	CHECK(!command("jq -e '.members[0].hosts[2] == \"2001:db8::1\"' two/federation.json"));
	CHECK(!command("openssl verify -verify_ip 2001:db8::1 " NORTH));
	CHECK(!command("openssl verify -verify_ip 192.0.2.1 " NORTH));
	CHECK(!command("openssl x509 -in two/anchor/anchor.pem -noout -checkend $((29 * 86400))"));
	CHECK(command("openssl x509 -in two/anchor/anchor.pem -noout -checkend $((31 * 86400))"));
	/* Two federations have nothing in common. */
	CHECK(command("openssl verify -CAfile two/anchor/anchor.pem fed/members/a/tls.pem"));
}

static void mistakes(void)
{
	static const struct {
		const char *words, *part;
	} wrong[] = {
		{ "init", "which directory?" },
		{ "init %s/y name", "wants a value" },
		{ "init %s/y name Upper", "small letters" },
		{ "init %s/y name ../z", "small letters" },
		{ "init %s/Y", "say 'name NAME'" },
		{ "init %s/y colour red", "unknown setting 'colour'" },
		{ "init %s/y days 0", "days" },
		{ "init %s/y member a 64496", "wants a name, a number and hosts" },
		{ "init %s/y member .. 64496 a.example", "no name" },
		{ "init %s/y member a/b 64496 a.example", "no name" },
		{ "init %s/y member a 0 a.example", "number of provider a" },
		{ "init %s/y member a 4294967296 a.example", "number of provider a" },
		{ "init %s/y member a 64496 a_b", "neither a host" },
		{ "init %s/y member a 64496 a..b", "neither a host" },
		{ "init %s/y member a 64496 -a", "neither a host" },
		{ "init %s/y member a 64496 a.example.", "neither a host" },
		{ "init %s/y member a 64496 300.1.1.1", "neither a host" },
		{ "init %s/y member a 64496 a,", "neither a host" },
		{ "init %s/y member a 64496 a member a 64497 b", "two members are called a" },
		{ "init %s/y member a 64496 a member b 64496 b", "the same number 64496" },
	};
	char out[8192];
	size_t i;

	for (i = 0; i < QN_ARRAY_SIZE(wrong); i++) {
		char *words = qn_asprintf("%.*s%s%s", (int)(strcspn(wrong[i].words, "%")),
					  wrong[i].words, strchr(wrong[i].words, '%') ? dir : "",
					  strchr(wrong[i].words, '%') ?
						  strchr(wrong[i].words, '%') + 2 : "");

		CHECK(ctl(false, out, sizeof(out), words) == CTL_USAGE);
		CHECK_HAS(out, wrong[i].part);
		free(words);
	}
	CHECK(run("init %s/fed", out, sizeof(out), false) == CTL_FAILED);
	CHECK_HAS(out, "there already");
	CHECK(!command("ln -s nowhere link"));
	CHECK(run("init %s/link name link", out, sizeof(out), false) == CTL_FAILED);
	CHECK_HAS(out, "there already");
	CHECK(run("init %s/no/such/place", out, sizeof(out), false) == CTL_FAILED);
	CHECK_HAS(out, "No such file");
	CHECK(!command("test -z \"$(find . -name '[yY]*')\""));
	/* Nothing is left behind where it did not work. */
	CHECK(!command("test -z \"$(find . -mindepth 1 -type d -name '*.*')\""));
}

int main(void)
{
	strcpy(dir, "/tmp/qkdnf-test-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	test_run("init-makes", makes);
	test_run("init-taken", taken);
	test_run("init-settings", settings);
	test_run("init-mistakes", mistakes);
	command("rm -rf %s", dir);
	return test_status;
}
