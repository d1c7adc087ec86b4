/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test federations: an authority and its members' certificates and keys, in a
 * directory.
 *
 * Whoever can read the directory can be any of them, so everything in it is
 * marked: QF_TEST_MARK is the organisation of each certificate, which
 * qkdnfd sees.
 */
#ifndef TESTFED_H
#define TESTFED_H

#include "base.h"
#include "cert.h"
#include "ctl.h"
#include "signer.h"

#define TESTFED_NAME  33   /* a name, with the 0 at the end */
#define TESTFED_HOSTS 8	   /* of a member */
#define TESTFED_MOST  1024 /* members */

/**
 * struct testfed_member - a provider
 * @name: letters, digits and -; names its directory
 * @provider: its number
 * @hosts: names and addresses of its office
 * @host_count: of them
 * @print: fingerprint of its certificate, filled in
 * @kid: name of its signing key, filled in
 */
struct testfed_member {
	char name[TESTFED_NAME];
	uint32_t provider;
	const char *hosts[TESTFED_HOSTS];
	unsigned int host_count;
	uint8_t print[QF_PRINT_OCTETS];
	char kid[QF_KID_TEXT];
};

/**
 * struct testfed - a test federation
 * @name: letters, digits and -
 * @days: how long its certificates last
 * @members: its members
 * @count: of them
 * @print: fingerprint of its anchor, filled in
 * @list: what federation.json says, filled in; for json_decref()
 * @progress: called before each member is made; may be NULL
 */
struct testfed {
	char name[TESTFED_NAME];
	unsigned int days;
	struct testfed_member *members;
	unsigned int count;
	uint8_t print[QF_PRINT_OCTETS];
	json_t *list;
	void (*progress)(const struct testfed *fed, unsigned int done);
};

/**
 * testfed_make() - make all of it
 * @fed: what to make
 * @directory: where; it must not be there yet
 * @err: what went wrong
 *
 * All is made beside it and then put in place, so there is never half of it.
 * Directories are made for their owner alone, and so is each file.
 *
 * Return: 0, or -1 with @err; nothing is left behind then.
 */
int testfed_make(struct testfed *fed, const char *directory, struct qn_error *err);

/* The verb of "qkdnfctl federation". */
int federation_init(struct ctl *ctl, int argc, char **argv);

#define FEDERATION_INIT_HELP                                                                  \
	"  name NAME  of the federation; the last part of DIR unless given\n"                 \
	"  days DAYS  how long its certificates last; 365 unless given\n"                     \
	"  member NAME NUMBER HOST[,HOST]...\n"                                               \
	"             a provider, its AS number, and names or addresses of its office;\n"     \
	"             a, b and c, 64496 to 64498, unless given\n\n"                           \
	"DIR must not be there yet. Secret keys of all members lie in it together, so each\n" \
	"certificate says that it is for tests.\n"

#endif
