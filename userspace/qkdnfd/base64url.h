/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base64url without padding (RFC 4648 section 5), one spelling of each value
 * only: what is signed must not be spelt in two ways. Any thread.
 */
#ifndef QF_BASE64URL_H
#define QF_BASE64URL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Characters of so many octets, without the 0 at the end. */
#define QF_B64_LEN(octets) ((4 * (octets) + 2) / 3)

/* Writes QF_B64_LEN(@len) characters and a 0. */
void qf_b64_encode(char *text, const void *data, size_t len);

/**
 * qf_b64_decode() - octets from base64url
 * @data: room for @room octets
 * @room: of @data
 * @text: need not end with 0
 * @len: characters of @text
 *
 * Return: octets written; -1 if it is not base64url, is padded, has bits left
 * over that are not zero, or does not fit.
 */
ssize_t qf_b64_decode(void *data, size_t room, const char *text, size_t len);

#endif
