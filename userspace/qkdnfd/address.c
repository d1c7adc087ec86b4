// SPDX-License-Identifier: GPL-2.0-or-later
/* Which addresses are in the open network. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "client.h"

struct range {
	uint8_t prefix[16];
	uint8_t bits;
	const char *what;
};

/* RFC 6890 and its register, as far as somebody could mean harm by them. */
static const struct range four[] = {
	{ { 0 }, 8, "no address" },
	{ { 10 }, 8, "private" },
	{ { 100, 64 }, 10, "shared by carriers' translators" },
	{ { 127 }, 8, "loopback" },
	{ { 169, 254 }, 16, "link-local" },
	{ { 172, 16 }, 12, "private" },
	{ { 192, 0, 0 }, 24, "of protocols" },
	{ { 192, 168 }, 16, "private" },
	{ { 198, 18 }, 15, "for benchmarks" },
	{ { 224 }, 3, "multicast or reserved" },
};

static const struct range six[] = {
	{ { 0 }, 8, "loopback, mapped or reserved" },
	{ { 0x00, 0x64, 0xff, 0x9b }, 32, "of a translator" },
	{ { 0x01 }, 8, "to be discarded" },
	{ { 0x20, 0x01, 0, 0 }, 23, "of protocols" },
	{ { 0x20, 0x02 }, 16, "of a tunnel" },
	{ { 0xfc }, 7, "private" },
	{ { 0xfe, 0x80 }, 10, "link-local" },
	{ { 0xfe, 0xc0 }, 10, "site-local" },
	{ { 0xff }, 8, "multicast" },
};

static bool within(const struct range *range, const uint8_t *octets)
{
	unsigned int whole = range->bits / 8, rest = range->bits % 8;

	if (memcmp(octets, range->prefix, whole) != 0)
		return false;
	return !rest || !((octets[whole] ^ range->prefix[whole]) >> (8 - rest));
}

int qf_address_global(void *arg, const struct sockaddr *address, socklen_t len,
		      struct qn_error *err)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	const struct range *ranges = NULL;
	const uint8_t *octets = NULL;
	char text[INET6_ADDRSTRLEN] = "";
	int family = address->sa_family;
	size_t i, n = 0;

	(void)arg;
	if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		octets = &in6->sin6_addr.s6_addr[12];
		family = AF_INET;
	} else if (family == AF_INET6) {
		octets = in6->sin6_addr.s6_addr;
	} else if (family == AF_INET) {
		octets = (const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr;
	}
	if (!octets || len < (family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(*in6)))
		return qn_fail(err, "an address of family %d: only IPv4 and IPv6 are called",
			       family);
	if (family == AF_INET) {
		ranges = four;
		n = QN_ARRAY_SIZE(four);
	} else {
		ranges = six;
		n = QN_ARRAY_SIZE(six);
	}
	for (i = 0; i < n; i++) {
		if (!within(&ranges[i], octets))
			continue;
		inet_ntop(family, octets, text, sizeof(text));
		return qn_fail(err,
			       "the partner's name stands for %s, which is %s: allow it in the configuration if that is meant",
			       text, ranges[i].what);
	}
	return 0;
}
