// SPDX-License-Identifier: GPL-2.0-or-later
/* The application that a certificate is of: certificates made by OpenSSL's command. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sae.h"

static int failures;
static char directory[32];

__attribute__((format(printf, 3, 4))) static void check(const char *name, bool good,
							const char *fmt, ...)
{
	va_list ap;

	if (good) {
		printf("ok %s\n", name);
		return;
	}
	failures++;
	printf("not ok %s - ", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* A certificate of a subject with alternative names, in DER. */
static gnutls_datum_t certificate(const char *subject, const char *alternatives)
{
	gnutls_datum_t der = { NULL, 0 };
	char command[2048], file[64];
	FILE *f;
	long size;

	snprintf(file, sizeof(file), "%s/c", directory);
	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey ed25519 -nodes -days 1 -multivalue-rdn -subj '%s' %s%s%s"
		 " -keyout /dev/null -outform DER -out %s 2>%s/err || cat %s/err",
		 subject, alternatives ? "-addext 'subjectAltName=" : "",
		 alternatives ? alternatives : "", alternatives ? "'" : "", file, directory,
		 directory);
	if (system(command))
		return der;
	f = fopen(file, "rb");
	if (!f)
		return der;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	der.data = malloc(size);
	der.size = fread(der.data, 1, size, f);
	fclose(f);
	return der;
}

#define SIXTY_FOUR "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *name, *subject, *alternatives;
	struct qf_sae_rule rule;
	const char *id;	 /* or NULL, and */
	const char *why; /* a part of the refusal */
} cases[] = {
	{ "cn", "/CN=sae-1", NULL, { QF_SAE_CN, "" }, "sae-1" },
	{ "cn-with-prefix", "/CN=sae:one", NULL, { QF_SAE_CN, "sae:" }, "one" },
	{ "cn-of-64", "/CN=" SIXTY_FOUR, NULL, { QF_SAE_CN, "" }, SIXTY_FOUR },
	{ "cn-other-prefix", "/CN=kme:one", NULL, { QF_SAE_CN, "sae:" }, NULL, "as is configured" },
	{ "cn-missing", "/O=x", NULL, { QF_SAE_CN, "" }, NULL, "is not there" },
	{ "cn-twice", "/CN=sae-1/CN=sae-2", NULL, { QF_SAE_CN, "" }, NULL, "is there twice" },
	{ "cn-empty-after-prefix", "/CN=sae:", NULL, { QF_SAE_CN, "sae:" }, NULL, "is no id" },
	{ "cn-with-space", "/CN=sae 1", NULL, { QF_SAE_CN, "" }, NULL, "is no id" },
	{ "cn-with-slash", "/CN=a\\/b", NULL, { QF_SAE_CN, "" }, NULL, "is no id" },
	{ "cn-that-is-a-path", "/CN=..", NULL, { QF_SAE_CN, "" }, NULL, "is no id" },
	{ "serial", "/CN=x/serialNumber=17-4", NULL, { QF_SAE_SERIAL, "" }, "17-4" },
	{ "serial-missing", "/CN=x", NULL, { QF_SAE_SERIAL, "" }, NULL, "is not there" },
	{ "dns", "/CN=x", "DNS:app.a.example", { QF_SAE_DNS, "" }, "app.a.example" },
	{ "dns-twice", "/CN=x", "DNS:app.a.example,DNS:b", { QF_SAE_DNS, "" }, NULL, "twice" },
	{ "dns-missing", "/CN=x", "URI:urn:sae:1", { QF_SAE_DNS, "" }, NULL, "is not there" },
	{ "uri", "/CN=x", "DNS:a,URI:urn:sae:1,email:a@b.c", { QF_SAE_URI, "urn:sae:" }, "1" },
	{ "uri-other",
	  "/CN=x",
	  "URI:https://a.example/",
	  { QF_SAE_URI, "urn:sae:" },
	  NULL,
	  "as is configured" },
};

int main(void)
{
	char id[QF_014_SAE_MAX + 1], name[64];
	gnutls_datum_t bad = { (unsigned char *)"xyz", 3 };
	struct qf_problem problem;
	size_t i;

	strcpy(directory, "/tmp/qkdnf-sae-XXXXXX");
	if (!mkdtemp(directory)) {
		perror(directory);
		return 1;
	}
	for (i = 0; i < QN_ARRAY_SIZE(cases); i++) {
		gnutls_datum_t der = certificate(cases[i].subject, cases[i].alternatives);
		int ret;

		problem = (struct qf_problem){ 0 };
		ret = qf_sae_of(&der, &cases[i].rule, id, &problem);
		snprintf(name, sizeof(name), "sae-of-%s", cases[i].name);
		if (cases[i].id)
			check(name, der.size && !ret && !strcmp(id, cases[i].id), "%d: %s", ret,
			      problem.detail);
		else
			check(name,
			      der.size && ret && problem.kind == QF_UNAUTHENTICATED &&
				      strstr(problem.detail, cases[i].why),
			      "%d: %s", ret, problem.detail);
		free(der.data);
	}
	check("sae-of-no-certificate",
	      qf_sae_of(&bad, &cases[0].rule, id, &problem) && problem.kind == QF_UNAUTHENTICATED,
	      "%s", problem.detail);
	snprintf(name, sizeof(name), "rm -rf %s", directory);
	if (system(name))
		failures++;
	return failures ? 1 : 0;
}
