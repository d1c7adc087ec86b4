/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which application (SAE) a certificate is of. ETSI GS QKD 014 leaves open where in a
 * certificate its id stands, and products differ, so it is configured.
 *
 * Nothing here keeps state: any thread.
 */
#ifndef QF_SAE_H
#define QF_SAE_H

#include <gnutls/gnutls.h>

#include "etsi014.h"
#include "problem.h"

/* Where the id stands. */
enum qf_sae_place {
	QF_SAE_CN,     /* subject's common name */
	QF_SAE_DNS,    /* subject alternative name: DNS name */
	QF_SAE_URI,    /* subject alternative name: URI */
	QF_SAE_SERIAL, /* subject's serial number (serialNumber), not the certificate's */
};

/* What they are called in configurations, in that order, and NULL. */
extern const char *const qf_sae_places[];

/**
 * struct qf_sae_rule - how the id is read
 * @place: enum qf_sae_place
 * @prefix: what has to stand before the id and is no part of it, such as "urn:sae:"; ""
 *	if nothing
 */
struct qf_sae_rule {
	enum qf_sae_place place;
	const char *prefix;
};

/**
 * qf_sae_of() - the application of a certificate
 * @der: the certificate; its trust was judged before
 * @rule: where its id stands
 * @id: the answer
 * @problem: why there is none: no such name, or more than one, or not the id of a SAE
 *
 * Names that are there twice are refused, as whoever made the certificate may have meant
 * the other one; so are names with a zero octet inside.
 *
 * Return: 0, or -1 with @problem.
 */
int qf_sae_of(const gnutls_datum_t *der, const struct qf_sae_rule *rule,
	      char id[QF_014_SAE_MAX + 1], struct qf_problem *problem);

#endif
