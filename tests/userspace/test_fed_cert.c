// SPDX-License-Identifier: GPL-2.0-or-later
/* Certificates that openssl made (fed/certs.sh), good and bad, as offices might show them. */
#define _GNU_SOURCE
#include <time.h>
#include <unistd.h>

#include "cert.h"
#include "fed/fed_test.h"

#define DAY (INT64_C(86400) * 1000000)

static char dir[32];
static int64_t now;
static struct qf_cert cert;

static gnutls_datum_t load(const char *name, const char *suffix)
{
	gnutls_datum_t data = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, suffix);
	if (gnutls_load_file(path, &data)) {
		fprintf(stderr, "cannot load %s\n", path);
		exit(1);
	}
	return data;
}

static struct qf_trust *trust_of(const char *anchor)
{
	struct qf_trust *trust = qf_trust_new(anchor);
	gnutls_datum_t pem = load(anchor, "pem");
	struct qn_error err;

	if (qf_trust_anchor(trust, (char *)pem.data, pem.size, &err))
		test_fail(__FILE__, __LINE__, "%s: %s", anchor, err.text);
	gnutls_free(pem.data);
	return trust;
}

/*
 * Show certificates, named with spaces between: "" if they are taken, else why
 * not.
 */
static const char *show_at(const struct qf_trust *trust, const char *names, enum qf_cert_use use,
			   const char *host, int64_t at)
{
	static struct qf_problem problem;
	gnutls_datum_t chain[8];
	struct qf_shown shown = { .chain = chain, .use = use, .host = host, .now = at };
	char text[256], *name, *rest = text;
	int ret;

	snprintf(text, sizeof(text), "%s", names);
	while ((name = strsep(&rest, " ")) && *name)
		chain[shown.count++] = load(name, "der");
	memset(&problem, 0, sizeof(problem));
	ret = qf_cert_verify(trust, &shown, &cert, &problem);
	while (shown.count)
		gnutls_free(chain[--shown.count].data);
	if (ret && problem.kind != QF_UNAUTHENTICATED)
		return "refused without a reason";
	return ret ? problem.detail : "";
}

static const char *show(const struct qf_trust *trust, const char *names, enum qf_cert_use use)
{
	return show_at(trust, names, use, "a.example", now);
}

static struct qf_trust *ca;

#define TAKES(names, use) CHECK_STR(show(ca, names, use), "")
#define REFUSES(names, use, part)                                                               \
	do {                                                                                    \
		const char *why_ = show(ca, names, use);                                        \
		if (!*why_ || !strstr(why_, part))                                              \
			test_fail(__FILE__, __LINE__, "%s: '%s' has no '%s'", names, why_, part); \
	} while (0)

static void good(void)
{
	static const char *const hosts[] = { "a.example", "A.EXAMPLE", "192.0.2.1", "2001:db8::1" };
	size_t i;

	TAKES("leaf", QF_CLIENT);
	TAKES("leaf", QF_SERVER);
	TAKES("leaf ca", QF_SERVER);
	TAKES("leaf-inter inter", QF_SERVER);
	TAKES("leaf-inter inter ca", QF_CLIENT);
	TAKES("leaf-ed25519", QF_CLIENT);
	TAKES("leaf-3072", QF_CLIENT);
	TAKES("client", QF_CLIENT);
	TAKES("server", QF_SERVER);
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		CHECK_STR(show_at(ca, "leaf", QF_SERVER, hosts[i], now), "");
	CHECK_STR(show_at(ca, "leaf", QF_SERVER, NULL, now), "");
	CHECK(!cert.test);
	CHECK_STR(show(ca, "leaf-marked", QF_CLIENT), "");
	CHECK(cert.test);
}

/* Fingerprint, key's fingerprint and times as openssl prints them. */
static void described(void)
{
	char command[512], line[QF_PRINT_TEXT], print[QF_PRINT_TEXT];
	uint8_t octets[QF_PRINT_OCTETS];
	struct qf_problem problem;
	struct qf_cert other;
	gnutls_datum_t der;
	long long ends = 0;
	FILE *from;

	CHECK_STR(show(ca, "leaf", QF_CLIENT), "");
	snprintf(command, sizeof(command),
		 "cd %s && openssl dgst -sha256 -r leaf.der | cut -c1-64 &&"
		 "openssl x509 -in leaf.pem -pubkey -noout | openssl pkey -pubin -outform DER |"
		 "openssl dgst -sha256 -r | cut -c1-64 &&"
		 "date +%%s -d \"$(openssl x509 -in leaf.pem -noout -enddate | cut -d= -f2)\"",
		 dir);
	from = popen(command, "r");
	REQUIRE(from);
	CHECK(fscanf(from, "%64s", line) == 1);
	qf_print_text(print, cert.print);
	CHECK_STR(print, line);
	CHECK(!qf_print_parse(octets, line) && !memcmp(octets, cert.print, sizeof(octets)));
	CHECK(fscanf(from, "%64s", line) == 1);
	qf_print_text(print, cert.key);
	CHECK_STR(print, line);
	CHECK(fscanf(from, "%lld", &ends) == 1 && ends * 1000000 == cert.ends);
	pclose(from);
	CHECK_STR(cert.subject, "CN=office,O=A");
	/* The chain ends when the first of it does. */
	CHECK_STR(show(ca, "leaf-inter inter", QF_CLIENT), "");
	CHECK(cert.ends > now + 99 * DAY && cert.ends < now + 101 * DAY);

	der = load("self", "der");
	CHECK(!qf_cert_describe(&der, now, &other, &problem));
	CHECK_STR(other.subject, "CN=a.example,O=A");
	CHECK(qf_cert_describe(&der, now + 101 * DAY, &other, &problem));
	der.size--;
	CHECK(qf_cert_describe(&der, now, &other, &problem));
	CHECK_HAS(problem.detail, "cannot be read");
	gnutls_free(der.data);
	der = load("leaf-2048", "der");
	CHECK(qf_cert_describe(&der, now, &other, &problem));
	CHECK_HAS(problem.detail, "weak");
	gnutls_free(der.data);
	CHECK(qf_print_parse(octets, "ab") && qf_print_parse(octets, line + 1));
	line[0] = 'A';
	CHECK(qf_print_parse(octets, line));
}

static void foreign(void)
{
	struct qf_trust *other = trust_of("other"), *none = qf_trust_new("empty");

	REFUSES("leaf-other", QF_CLIENT, "not signed by the authority of federation ca");
	REFUSES("leaf-other other", QF_CLIENT, "not signed by the authority");
	REFUSES("leaf-impostor", QF_CLIENT, "certificate");
	REFUSES("leaf-impostor impostor", QF_CLIENT, "certificate");
	REFUSES("self", QF_SERVER, "not signed by the authority");
	REFUSES("", QF_CLIENT, "no certificate was shown");
	/* The other federation takes its own and not ours; one without anchor takes none. */
	CHECK_STR(show(other, "leaf-other", QF_CLIENT), "");
	CHECK_HAS(show(other, "leaf", QF_CLIENT), "federation other");
	CHECK_HAS(show(other, "leaf ca", QF_CLIENT), "federation other");
	CHECK_HAS(show(none, "leaf", QF_CLIENT), "federation empty");
	/* Nothing that is shown with it becomes trusted. */
	REFUSES("leaf-other", QF_CLIENT, "not signed by the authority");
	qf_trust_free(other);
	qf_trust_free(none);
}

static void chains(void)
{
	REFUSES("leaf-inter", QF_CLIENT, "not signed by the authority");
	REFUSES("leaf-inter2 inter2 inter", QF_CLIENT, "outside what its authority may sign");
	REFUSES("leaf-leaf leaf", QF_CLIENT, "certificate");
	REFUSES("leaf-inter inter ca ca ca", QF_CLIENT, "more than 4");
	REFUSES("leaf-inter other inter", QF_CLIENT, "certificate");
	REFUSES("leaf-names inter-names", QF_SERVER, "outside what its authority may sign");
	/* An authority for clients makes no server's certificate. */
	TAKES("leaf-of-client inter-client", QF_CLIENT);
	REFUSES("leaf-of-client inter-client", QF_SERVER, "not for this end");
}

static void purposes(void)
{
	REFUSES("client", QF_SERVER, "not for");
	REFUSES("server", QF_CLIENT, "not for");
	REFUSES("no-purpose", QF_CLIENT, "clientAuth");
	REFUSES("no-purpose", QF_SERVER, "serverAuth");
	REFUSES("any-purpose", QF_CLIENT, "clientAuth");
	REFUSES("no-usage", QF_CLIENT, "digitalSignature");
	REFUSES("wrong-usage", QF_CLIENT, "digitalSignature");
	REFUSES("authority", QF_CLIENT, "authority's");
	REFUSES("ca", QF_CLIENT, "");
	REFUSES("critical", QF_CLIENT, "critical extension");
	REFUSES("leaf-v1", QF_CLIENT, "");
}

static void names(void)
{
	static const char *const hosts[] = { "b.example",   "a.example.b", "example", "192.0.2.2",
					     "x.a.example", "office",	   "" };
	size_t i;

	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		CHECK_HAS(show_at(ca, "leaf", QF_SERVER, hosts[i], now), "is not that of");
	CHECK_HAS(show_at(ca, "wildcard", QF_SERVER, "x.a.example", now), "is not that of");
	CHECK_HAS(show_at(ca, "no-name", QF_SERVER, "a.example", now), "is not that of");
}

static void strength(void)
{
	struct qf_trust *weak = qf_trust_new("weak");
	gnutls_datum_t pem = load("weak", "pem");
	struct qn_error err;

	REFUSES("leaf-2048", QF_CLIENT, "weak");
	REFUSES("leaf-p192", QF_CLIENT, "");
	REFUSES("leaf-sha1", QF_CLIENT, "weak");
	CHECK(qf_trust_anchor(weak, (char *)pem.data, pem.size, &err));
	CHECK_HAS(err.text, "weak key");
	gnutls_free(pem.data);
	pem = load("leaf", "pem");
	CHECK(qf_trust_anchor(weak, (char *)pem.data, pem.size, &err));
	CHECK_HAS(err.text, "authority's certificate");
	CHECK(qf_trust_anchor(weak, "junk", 4, &err));
	CHECK_HAS(err.text, "no certificate in PEM");
	gnutls_free(pem.data);
	qf_trust_free(weak);
}

static void times(void)
{
	struct qf_trust *brief = trust_of("short");

	CHECK_HAS(show_at(ca, "leaf", QF_CLIENT, NULL, now - DAY), "the certificate is not valid before");
	CHECK_STR(show_at(ca, "leaf", QF_CLIENT, NULL, now + 99 * DAY), "");
	CHECK_HAS(show_at(ca, "leaf", QF_CLIENT, NULL, now + 101 * DAY), "the certificate expired");
	CHECK_HAS(show_at(ca, "leaf-inter inter", QF_CLIENT, NULL, now + 101 * DAY), "expired");
	/* An anchor that is not shown expires all the same. */
	CHECK_STR(show_at(brief, "leaf-short", QF_CLIENT, NULL, now + 9 * DAY), "");
	CHECK_HAS(show_at(brief, "leaf-short", QF_CLIENT, NULL, now + 11 * DAY),
		  "the authority's certificate expired");
	CHECK_HAS(show_at(brief, "leaf-short short", QF_CLIENT, NULL, now + 11 * DAY),
		  "the authority's certificate expired");
	qf_trust_free(brief);
}

static void revoked(void)
{
	struct qf_trust *trust = trust_of("ca");
	gnutls_datum_t der = load("inter", "der");
	struct qf_problem problem;
	struct qf_cert inter;

	CHECK_STR(show(trust, "leaf", QF_CLIENT), "");
	qf_trust_revoke(trust, cert.key);
	CHECK_HAS(show(trust, "leaf", QF_CLIENT), "the certificate is revoked");
	CHECK_STR(show(trust, "leaf-ed25519", QF_CLIENT), "");
	/* An intermediate one, however its signature is spelt. */
	CHECK_STR(show(trust, "leaf-inter inter", QF_CLIENT), "");
	CHECK_STR(show(trust, "leaf-inter inter-spelt", QF_CLIENT), "");
	REQUIRE(!qf_cert_describe(&der, now, &inter, &problem));
	qf_trust_revoke(trust, inter.key);
	CHECK_HAS(show(trust, "leaf-inter inter", QF_CLIENT), "the authority's certificate is revoked");
	CHECK_HAS(show(trust, "leaf-inter inter-spelt", QF_CLIENT), "is revoked");
	gnutls_free(der.data);
	/* The anchor itself: all is over. */
	der = load("ca", "der");
	REQUIRE(!qf_cert_describe(&der, now, &inter, &problem));
	qf_trust_revoke(trust, inter.key);
	CHECK_HAS(show(trust, "leaf-3072", QF_CLIENT), "the authority's certificate is revoked");
	gnutls_free(der.data);
	qf_trust_free(trust);
}

/* One octet changed, anywhere: never taken. Octets missing: never read. */
static void altered(void)
{
	gnutls_datum_t der = load("leaf", "der");
	struct qf_shown shown = { .chain = &der, .count = 1, .use = QF_CLIENT, .now = now };
	struct qf_problem problem;
	unsigned int i, size = der.size;

	CHECK(!qf_cert_verify(ca, &shown, &cert, &problem));
	for (i = 0; i < size; i++) {
		der.data[i] ^= 1 << i % 8;
		if (!qf_cert_verify(ca, &shown, &cert, &problem))
			test_fail(__FILE__, __LINE__, "taken with octet %u of %u changed", i, size);
		der.data[i] ^= 1 << i % 8;
	}
	for (der.size = 0; der.size < size; der.size++)
		CHECK(qf_cert_verify(ca, &shown, &cert, &problem));
	CHECK(!qf_cert_verify(ca, &shown, &cert, &problem));
	gnutls_free(der.data);
}

int main(void)
{
	char command[256];
	int ret;

	strcpy(dir, "/tmp/qkdnf-test-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	snprintf(command, sizeof(command), "fed/certs.sh %s >%s/log 2>&1 || { cat %s/log >&2; false; }",
		 dir, dir, dir);
	if (system(command)) {
		printf("not ok fed-cert - fed/certs.sh failed\n");
		return 1;
	}
	now = (int64_t)time(NULL) * 1000000;
	ca = trust_of("ca");
	test_run("cert-good", good);
	test_run("cert-described", described);
	test_run("cert-foreign", foreign);
	test_run("cert-chains", chains);
	test_run("cert-purposes", purposes);
	test_run("cert-names", names);
	test_run("cert-strength", strength);
	test_run("cert-times", times);
	test_run("cert-revoked", revoked);
	test_run("cert-altered", altered);
	qf_trust_free(ca);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ret = system(command);
	return test_status || ret;
}
