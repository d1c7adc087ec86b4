/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xfrm: what its parts share; nobody else includes it. */
#ifndef QN_XFRM_PARTS_H
#define QN_XFRM_PARTS_H

#include "xfrm.h"

/**
 * struct qn_network - a network
 * @family: AF_INET or AF_INET6
 * @len: of the prefix, bits
 * @addr: 4 or 16 octets, without bits behind the prefix
 */
struct qn_network {
	uint16_t family;
	uint8_t len;
	uint8_t addr[16];
};

/* Read and write one; the text is such as 192.0.2.0/24. */
int qn_network_from_text(struct qn_network *n, const char *text, struct qn_error *err);
char *qn_network_to_text(char *buf, size_t size, const struct qn_network *n);

int qn_xfrm_interface_do(unsigned int cmd, const struct qn_rec *req, struct qn_error *err);
int qn_policy_do(unsigned int cmd, const struct qn_rec *req, struct qn_error *err);

#endif
