// SPDX-License-Identifier: GPL-2.0-or-later
/* Events as a person reads them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <linux/qkdemu.h>
#include <linux/qkdnf.h>

#include "event.h"
#include "text.h"

/* What the number of an event is. */
enum number {
	NONE,
	OCTETS,
	MS,
	COUNT,
	SEGMENT,
	INDEX,
	PPM,
	ACTIVE,
	NAK,
	SPI,
	MARK,
	SHIFT,
};

static const struct {
	uint8_t severity;
	uint8_t number;
} kinds[] = {
	[QKDNF_EVENT_TYPE_STREAM_LOW] = { QN_EVENT_WARNING, OCTETS },
	[QKDNF_EVENT_TYPE_STREAM_READY] = { QN_EVENT_GOOD, OCTETS },
	[QKDNF_EVENT_TYPE_STREAM_EMPTY] = { QN_EVENT_ERROR, NONE },
	[QKDNF_EVENT_TYPE_PEER_UP] = { QN_EVENT_GOOD, NONE },
	[QKDNF_EVENT_TYPE_PEER_DOWN] = { QN_EVENT_ERROR, MS },
	[QKDNF_EVENT_TYPE_PAIRING_MADE] = { QN_EVENT_GOOD, SEGMENT },
	[QKDNF_EVENT_TYPE_PAIRING_LOST] = { QN_EVENT_WARNING, NONE },
	[QKDNF_EVENT_TYPE_ROUTE_SWITCHED] = { QN_EVENT_WARNING, ACTIVE },
	[QKDNF_EVENT_TYPE_SA_REKEYED] = { QN_EVENT_INFO, SPI },
	[QKDNF_EVENT_TYPE_SA_FAILED] = { QN_EVENT_ERROR, SPI },
	[QKDNF_EVENT_TYPE_SOURCE_SILENT] = { QN_EVENT_WARNING, MS },
	[QKDNF_EVENT_TYPE_SOURCE_REPEATING] = { QN_EVENT_ERROR, INDEX },
	[QKDNF_EVENT_TYPE_SOURCE_STOPPED] = { QN_EVENT_ERROR, PPM },
	[QKDNF_EVENT_TYPE_SOURCE_EAVESDROPPING] = { QN_EVENT_ERROR, PPM },
	[QKDNF_EVENT_TYPE_SOURCE_RESUMED] = { QN_EVENT_GOOD, NONE },
	[QKDNF_EVENT_TYPE_SOURCE_REFUSED] = { QN_EVENT_ERROR, NONE },
	[QKDNF_EVENT_TYPE_TAG_FAILURES] = { QN_EVENT_ERROR, COUNT },
	[QKDNF_EVENT_TYPE_CONTRACT_EXHAUSTED] = { QN_EVENT_WARNING, NAK },
	[QKDNF_EVENT_TYPE_CONTRACT_METER] = { QN_EVENT_ERROR, OCTETS },
	[QKDNF_EVENT_TYPE_CONTRACT_MARK] = { QN_EVENT_INFO, MARK },
	[QKDNF_EVENT_TYPE_NAK] = { QN_EVENT_WARNING, NAK },
	[QKDNF_EVENT_TYPE_CONFIRM_MISMATCH] = { QN_EVENT_ERROR, NONE },
	[QKDNF_EVENT_TYPE_SEGMENT_SIZE_MISMATCH] = { QN_EVENT_ERROR, SHIFT },
	[QKDNF_EVENT_TYPE_MEMORY_LIMIT] = { QN_EVENT_ERROR, OCTETS },
	[QKDNF_EVENT_TYPE_SUSPENDED] = { QN_EVENT_WARNING, NONE },
};

_Static_assert(QN_ARRAY_SIZE(kinds) == QKDNF_EVENT_TYPE_MAX + 1, "an event without a text");

enum qn_severity qn_event_severity(const struct qn_rec *event)
{
	uint64_t type = qn_get(event, QKDNF_A_EVENT_TYPE, 0);

	return type < QN_ARRAY_SIZE(kinds) ? kinds[type].severity : QN_EVENT_INFO;
}

static void number_text(enum number kind, uint64_t n, char *buf, size_t size)
{
	const char *name;
	char text[32];

	switch (kind) {
	case NONE:
		*buf = 0;
		return;
	case OCTETS:
		snprintf(buf, size, "%s", qn_format_octets(text, sizeof(text), n));
		return;
	case MS:
		snprintf(buf, size, "silent for %s",
			 qn_format_duration(text, sizeof(text), n * 1000000));
		return;
	case COUNT:
		snprintf(buf, size, "%" PRIu64 " frames", n);
		return;
	case SEGMENT:
		snprintf(buf, size, "from segment %" PRIu64, n);
		return;
	case INDEX:
		snprintf(buf, size, "block %" PRIu64, n);
		return;
	case PPM:
		snprintf(buf, size, "QBER %.4g%%", (double)n / 10000);
		return;
	case ACTIVE:
		name = qn_enum_name(&qn_enum_route_active, n);
		snprintf(buf, size, "now %s", name ? name : "?");
		return;
	case NAK:
		name = qn_enum_name(&qn_enum_nak_code, n);
		snprintf(buf, size, "%s", name ? name : "?");
		return;
	case SPI:
		snprintf(buf, size, "SPI 0x%08" PRIx64, n);
		return;
	case MARK:
		snprintf(buf, size, "mark %" PRIu64, n);
		return;
	case SHIFT:
		snprintf(buf, size, "the other end has segments of %s",
			 n < 64 ? qn_format_octets(text, sizeof(text), 1ULL << n) : "?");
		return;
	}
}

/* Append " WORD VALUE" for an attribute that is there. */
static void append(char *buf, size_t size, const struct qn_rec *event, unsigned int attr,
		   const char *word)
{
	size_t used = strlen(buf);
	char value[QN_TEXT_MAX];

	if (!qn_has(event, attr))
		return;
	qn_format_value(value, sizeof(value), event, attr, true);
	snprintf(buf + used, size - used, " %s%s%s", word, *word ? " " : "", value);
}

char *qn_event_text(const struct qn_rec *event, char *buf, size_t size)
{
	uint64_t type = qn_get(event, QKDNF_A_EVENT_TYPE, 0);
	const char *peer = qn_get_str(event, QKDNF_A_EVENT_PEER_NAME);
	char number[96] = "";
	size_t used;

	qn_format_value(buf, size, event, QKDNF_A_EVENT_TYPE, false);
	append(buf, size, event, QKDNF_A_EVENT_PEER, "peer");
	if (*peer) {
		used = strlen(buf);
		snprintf(buf + used, size - used, " (%s)", peer);
	}
	if (!qn_has(event, QKDNF_A_EVENT_PEER) ||
	    qn_get(event, QKDNF_A_EVENT_PEER, 0) != qn_get(event, QKDNF_A_EVENT_DESTINATION, 0))
		append(buf, size, event, QKDNF_A_EVENT_DESTINATION, "to");
	append(buf, size, event, QKDNF_A_EVENT_SHARE, "share");
	append(buf, size, event, QKDNF_A_EVENT_CONTRACT, "contract");
	append(buf, size, event, QKDNF_A_EVENT_DIRECTION, "");
	append(buf, size, event, QKDNF_A_EVENT_SEGMENT, "segment");
	if (qn_has(event, QKDNF_A_EVENT_NUMBER) && type < QN_ARRAY_SIZE(kinds))
		number_text(kinds[type].number, qn_get(event, QKDNF_A_EVENT_NUMBER, 0), number,
			    sizeof(number));
	used = strlen(buf);
	if (*number)
		snprintf(buf + used, size - used, ": %s", number);
	used = strlen(buf);
	if (qn_has(event, QKDNF_A_EVENT_REASON))
		snprintf(buf + used, size - used, ": %s", qn_get_str(event, QKDNF_A_EVENT_REASON));
	used = strlen(buf);
	if (qn_get(event, QKDNF_A_EVENT_SUPPRESSED, 0))
		snprintf(buf + used, size - used, " (%" PRIu64 " more not told)",
			 qn_get(event, QKDNF_A_EVENT_SUPPRESSED, 0));
	return buf;
}

char *qn_emu_event_text(const struct qn_rec *event, char *buf, size_t size)
{
	const char *name = qn_get_str(event, QKDEMU_A_NAME);
	char value[64];

	switch (event->mark) {
	case QKDEMU_CMD_LINK_STOPPED_NTF:
		qn_format_value(value, sizeof(value), event, QKDEMU_A_QBER_NOW, false);
		if (qn_get(event, QKDEMU_A_REASON, 0) == QKDEMU_REASON_QBER)
			snprintf(buf, size, "emu-link-stopped %s: QBER %s is above the limit", name,
				 value);
		else
			snprintf(buf, size, "emu-link-stopped %s: fault", name);
		break;
	case QKDEMU_CMD_LINK_RESUMED_NTF:
		snprintf(buf, size, "emu-link-resumed %s", name);
		append(buf, size, event, QKDEMU_A_QBER_NOW, "QBER");
		break;
	case QKDEMU_CMD_OVERFLOW_NTF:
		snprintf(buf, size, "emu-overflow %s: end%s%s drops blocks, its reader is too slow",
			 name, qn_has(event, QKDEMU_A_END_A) ? " a" : "",
			 qn_has(event, QKDEMU_A_END_B) ? " b" : "");
		break;
	default:
		snprintf(buf, size, "emu-event %u %s", event->mark, name);
	}
	return buf;
}
