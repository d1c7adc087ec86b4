// SPDX-License-Identifier: GPL-2.0-or-later
/* base64url without padding. */
#include "base64url.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void qf_b64_encode(char *text, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint32_t bits = 0;
	unsigned int n = 0;

	while (len--) {
		bits = bits << 8 | *at++;
		for (n += 8; n >= 6; n -= 6)
			*text++ = digits[bits >> (n - 6) & 63];
	}
	if (n)
		*text++ = digits[bits << (6 - n) & 63];
	*text = 0;
}

static int value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

ssize_t qf_b64_decode(void *data, size_t room, const char *text, size_t len)
{
	uint8_t *at = data;
	uint32_t bits = 0;
	unsigned int n = 0;
	int v;

	if (len % 4 == 1 || len / 4 * 3 + len % 4 * 3 / 4 > room)
		return -1;
	while (len--) {
		v = value(*text++);
		if (v < 0)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		n += 6;
		if (n >= 8) {
			n -= 8;
			*at++ = (uint8_t)(bits >> n);
		}
	}
	/* Bits left over would make two spellings of one value. */
	if (n && bits & ((1u << n) - 1))
		return -1;
	return at - (uint8_t *)data;
}
