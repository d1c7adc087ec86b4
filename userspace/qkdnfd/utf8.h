/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 as strangers send it. Any thread. */
#ifndef QF_UTF8_H
#define QF_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * qf_utf8_next() - the next code point
 * @at: moved behind it, or by one octet if there is none
 * @end: of the text
 *
 * Return: the code point, or -1 for what is not UTF-8 (RFC 3629: no surrogate,
 * no longer spelling than needed).
 */
int32_t qf_utf8_next(const char **at, const char *end);

/* Does it turn, hide or end other text where people read it? */
bool qf_utf8_tricky(int32_t code);

/* Cut @text to @room octets with its 0, and put ? for what is tricky or not UTF-8. */
void qf_utf8_clean(char *text, size_t room, const char *from, size_t len);

#endif
