// SPDX-License-Identifier: GPL-2.0-or-later
/* UTF-8 as strangers send it. */
#include <string.h>

#include "utf8.h"

int32_t qf_utf8_next(const char **at, const char *end)
{
	/* By the number of octets that follow: the least code point, and what the first octet
	 * adds.
	 */
	static const int32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = (const uint8_t *)*at;
	int32_t code = *p++;
	unsigned int more, i;

	*at = (const char *)p;
	if (code < 0x80)
		return code;
	if (code < 0xc2 || code > 0xf4)
		return -1;
	more = code >= 0xf0 ? 3 : code >= 0xe0 ? 2 : 1;
	if ((size_t)(end - *at) < more)
		return -1;
	code &= 0x3f >> more;
	for (i = 0; i < more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return -1;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return -1;
	*at = (const char *)p + more;
	return code;
}

bool qf_utf8_tricky(int32_t code)
{
	static const struct {
		int32_t from, to;
	} bad[] = {
		{ 0, 0x1f },	      /* control characters */
		{ 0x7f, 0x9f },	      /* the same */
		{ 0xad, 0xad },	      /* soft hyphen */
		{ 0x61c, 0x61c },     /* Arabic letter mark */
		{ 0x200b, 0x200f },   /* no width, marks of direction */
		{ 0x2028, 0x202e },   /* ends of line, directions */
		{ 0x2060, 0x206f },   /* no width, directions */
		{ 0xfeff, 0xfeff },   /* byte order mark */
		{ 0xfff0, 0xffff },   /* specials */
		{ 0xe0000, 0xe0fff }, /* tags */
	};
	size_t i;

	if (code < 0)
		return true;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (code >= bad[i].from && code <= bad[i].to)
			return true;
	}
	return false;
}

void qf_utf8_clean(char *text, size_t room, const char *from, size_t len)
{
	const char *at = from, *end = from + len;
	size_t used = 0;

	while (at < end) {
		const char *begin = at;
		bool bad = qf_utf8_tricky(qf_utf8_next(&at, end));
		size_t n = bad ? 1 : (size_t)(at - begin);

		if (used + n >= room)
			break;
		if (bad)
			text[used] = '?';
		else
			memmove(text + used, begin, n);
		used += n;
	}
	text[used] = 0;
}
