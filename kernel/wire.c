// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parsing and building of frame headers. Every length and every enumerated
 * field of a frame is checked here, once; what is behind may rely on it.
 */
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "wire.h"

static_assert(sizeof(struct qn_wire_hdr) == QN_HDR_OCTETS);
static_assert(offsetof(struct qn_wire_hdr, tag) == QN_AUTH_OCTETS);
static_assert(sizeof(struct qn_wire_probe) == 40);
static_assert(sizeof(struct qn_wire_hello) == 88);
static_assert(sizeof(struct qn_wire_supply) == 112);
static_assert(sizeof(struct qn_wire_ack_entry) == 32);
static_assert(sizeof(struct qn_wire_ack) == 32);
static_assert(sizeof(struct qn_wire_nak) == 24);
static_assert(sizeof(struct qn_wire_sa_req) == 32);
static_assert(sizeof(struct qn_wire_sa_ack) == 24);
static_assert(sizeof(struct qn_wire_sa_move) == 32);

/* The form of each type: which flags it may have, and the size of its payload. */
static const struct qn_form {
	u8 known;
	u8 flags;		/* allowed */
	u16 min, max;
} forms[__QN_TYPES] = {
	[QN_PROBE] = { 1, 0, 40, 40 },
	[QN_HELLO] = { 1, 0, 72, 72 + QN_WINDOW_BITS / 4 + QN_READINGS_MAX * 24 },
	[QN_GRANT] = { 1, QN_F_REPLY, 16, QN_CHUNK },
	[QN_SUPPLY] = { 1, QN_F_REPLY | QN_F_PADDED, 112, 112 },
	[QN_RELAY] = { 1, QN_F_KEYED | QN_F_PADDED | QN_F_RNG, 1, QN_CHUNK },
	[QN_RELAY_ACK] = { 1, 0, 32, 32 + 32 * QN_ACK_ENTRIES_MAX },
	[QN_RELAY_NAK] = { 1, 0, 24, 24 },
	[QN_SA_REQ] = { 1, 0, 32, 32 },
	[QN_SA_ACK] = { 1, 0, 24, 24 },
	[QN_SA_END] = { 1, QN_F_REPLY, 24, 24 },
	[QN_SA_MOVE] = { 1, QN_F_REPLY, 32, 32 },
	[QN_DATA] = { 1, QN_F_PADDED, 1, QN_DATA_MAX },
};

static bool all_zero(const u8 *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

static bool replies_valid(const struct qn_wire_grant *grant, u32 n)
{
	u64 status;
	u32 i;

	for (i = 0; i < n; i++) {
		status = be64_to_cpu(grant->entry[2 * i + 1]);
		if (status != QN_GRANT_TAKEN && status != QN_GRANT_NOT_HELD)
			return false;
	}
	return true;
}

static bool entries_valid(const struct qn_wire_ack *ack, u32 n)
{
	const struct qn_wire_ack_entry *e;

	for (e = ack->entry; n--; e++)
		if ((e->kind != QN_ACK_CONFIRMED && e->kind != QN_ACK_PARTIAL) ||
		    e->share >= QN_SHARES_MAX ||
		    !all_zero(e->reserved, sizeof(e->reserved)))
			return false;
	return true;
}

static bool sa_req_valid(const struct qn_wire_sa_req *w)
{
	return w->reqid && w->id && !w->reserved && !w->reserved2 &&
	       w->algorithm && w->algorithm < __QN_SA_ALGORITHMS &&
	       w->mode && w->mode < __QN_SA_MODES && !(w->flags & ~QN_SA_FLAGS) &&
	       !(be64_to_cpu(w->offset) & (QN_GRANULE - 1));
}

static bool sa_answer_valid(const struct qn_wire_sa_ack *w, u8 codes, bool spi)
{
	return w->reqid && w->status && w->status < codes &&
	       all_zero(w->reserved, sizeof(w->reserved)) && !w->reserved2 &&
	       (spi ? be32_to_cpu(w->spi) >= QN_SPI_MIN : !w->spi);
}

static bool sa_move_valid(const struct qn_wire_sa_move *w, bool reply)
{
	u8 len = w->family == 4 ? 4 : 16;

	return w->reqid && w->id && (w->family == 4 || w->family == 6) &&
	       all_zero(w->reserved, sizeof(w->reserved)) &&
	       (reply ? w->status && w->status < __QN_SA_STATUS : !w->status) &&
	       !all_zero(w->address, len) &&
	       all_zero(w->address + len, sizeof(w->address) - len);
}

static bool body_valid(const struct qn_frame *f)
{
	const struct qn_wire_hello *hello = (void *)f->payload;
	const struct qn_wire_probe *probe = (void *)f->payload;
	const struct qn_wire_grant *grant = (void *)f->payload;
	const struct qn_wire_nak *nak = (void *)f->payload;
	const struct qn_wire_ack *ack = (void *)f->payload;
	const struct qn_wire_sa_ack *sa = (void *)f->payload;
	u32 n, m;

	switch (f->type) {
	case QN_PROBE:
		return !probe->reserved;
	case QN_HELLO:
		n = be16_to_cpu(hello->bits);
		m = be16_to_cpu(hello->readings);
		return n <= QN_WINDOW_BITS && n % 8 == 0 && m <= QN_READINGS_MAX &&
		       !hello->reserved &&
		       f->length == sizeof(*hello) + n / 4 +
				    m * sizeof(struct qn_wire_reading);
	case QN_GRANT:
		n = be16_to_cpu(grant->count);
		m = f->flags & QN_F_REPLY ? 16 : 8;
		return n >= 1 && n <= QN_GRANTS_MAX &&
		       all_zero(grant->reserved, sizeof(grant->reserved)) &&
		       f->length == sizeof(*grant) + n * m &&
		       (!(f->flags & QN_F_REPLY) || replies_valid(grant, n));
	case QN_RELAY_ACK:
		n = be16_to_cpu(ack->entries);
		return n <= QN_ACK_ENTRIES_MAX && !ack->reserved &&
		       f->length == sizeof(*ack) + n * sizeof(ack->entry[0]) &&
		       entries_valid(ack, n);
	case QN_RELAY_NAK:
		return nak->code >= 1 && nak->code < __QN_NAK_CODES &&
		       nak->share < QN_SHARES_MAX && !nak->reserved2 &&
		       all_zero(nak->reserved, sizeof(nak->reserved));
	case QN_SA_REQ:
		return sa_req_valid((void *)f->payload);
	case QN_SA_ACK:
		return sa_answer_valid(sa, __QN_SA_STATUS,
				       sa->status == QN_SA_DONE);
	case QN_SA_END:
		return sa_answer_valid(sa, __QN_SA_ENDS,
				       sa->status == QN_SA_REPLACED) &&
		       (sa->status == QN_SA_GONE || !(f->flags & QN_F_REPLY));
	case QN_SA_MOVE:
		return sa_move_valid((void *)f->payload,
				     f->flags & QN_F_REPLY);
	default:
		return true;	/* padded: its form shows after opening */
	}
}

static bool header_valid(const struct qn_frame *f)
{
	const struct qn_form *form = &forms[f->type];

	if (f->flags & ~form->flags)
		return false;
	if (f->length < form->min || f->length > form->max)
		return false;
	if (!f->shares || f->shares > QN_SHARES_MAX || f->share >= f->shares)
		return false;
	if (f->shift < QN_SHIFT_MIN || f->shift > QN_SHIFT_MAX)
		return false;
	if (f->offset & (QN_GRANULE - 1))
		return false;
	if (!f->incarnation || f->origin == f->destination || !f->hop_limit)
		return false;

	switch (f->type) {
	case QN_RELAY:
		/* Exactly one of the two; a KEYED frame is never from an RNG. */
		if (!(f->flags & QN_F_KEYED) == !(f->flags & QN_F_PADDED))
			return false;
		if ((f->flags & QN_F_KEYED) && (f->flags & QN_F_RNG))
			return false;
		return f->weight != 0;
	case QN_DATA:
		if (f->contract)
			return false;
		fallthrough;
	case QN_SUPPLY:
		if (!(f->flags & QN_F_PADDED))
			return false;
		fallthrough;
	case QN_HELLO:
	case QN_GRANT:
	case QN_SA_REQ:
	case QN_SA_ACK:
	case QN_SA_END:
	case QN_SA_MOVE:
		/* Between two ends, on no route and in no shares. */
		if (f->origin != f->sender || f->shares != 1)
			return false;
		break;
	case QN_RELAY_NAK:
		return !f->weight;
	default:
		break;
	}
	return !f->weight && !f->remote_offset;
}

/**
 * qn_wire_parse - check the form of a frame and take it apart
 * @data: the datagram's payload, linear
 * @len: its octets
 * @f: filled on success
 *
 * A frame must have exactly the length that its header says. Nothing here
 * depends on state, so nothing here can be wrong twice.
 *
 * Context: any. Return: QN_WIRE_OK or the reason for the drop.
 */
enum qn_wire_error qn_wire_parse(void *data, size_t len, struct qn_frame *f)
{
	struct qn_wire_hdr *h = data;

	if (len < QN_HDR_OCTETS)
		return QN_WIRE_SHORT;
	if (h->version != QN_WIRE_VERSION)
		return QN_WIRE_VERSION_BAD;
	if (h->type >= __QN_TYPES || !forms[h->type].known)
		return QN_WIRE_TYPE;

	f->hdr = h;
	f->payload = (u8 *)(h + 1);
	f->type = h->type;
	f->flags = h->flags;
	f->hop_limit = h->hop_limit;
	f->length = be16_to_cpu(h->length);
	f->share = h->share >> 4;
	f->shares = h->share & 15;
	f->shift = h->shift;
	f->sender = be64_to_cpu(h->sender);
	f->offset = be64_to_cpu(h->offset);
	f->origin = be64_to_cpu(h->origin);
	f->destination = be64_to_cpu(h->destination);
	f->incarnation = be64_to_cpu(h->incarnation);
	f->remote_offset = be64_to_cpu(h->remote_offset);
	f->contract = be32_to_cpu(h->contract);
	f->weight = be16_to_cpu(h->weight);
	f->present = f->flags & QN_F_KEYED ? 0 : f->length;

	if (h->reserved || !header_valid(f))
		return QN_WIRE_FORM;
	if (len != QN_HDR_OCTETS + f->present)
		return QN_WIRE_SHORT;
	f->span = qn_span(f->flags & (QN_F_KEYED | QN_F_PADDED) ? f->length : 0);
	if (!body_valid(f))
		return QN_WIRE_FORM;
	return QN_WIRE_OK;
}

/**
 * qn_wire_build - write a header; the tag is left alone
 * @h: where
 * @f: what; @f->present and @f->span are not used
 */
void qn_wire_build(struct qn_wire_hdr *h, const struct qn_frame *f)
{
	h->version = QN_WIRE_VERSION;
	h->type = f->type;
	h->flags = f->flags;
	h->hop_limit = f->hop_limit;
	h->length = cpu_to_be16(f->length);
	h->share = f->share << 4 | f->shares;
	h->shift = f->shift;
	h->sender = cpu_to_be64(f->sender);
	h->offset = cpu_to_be64(f->offset);
	h->origin = cpu_to_be64(f->origin);
	h->destination = cpu_to_be64(f->destination);
	h->incarnation = cpu_to_be64(f->incarnation);
	h->remote_offset = cpu_to_be64(f->remote_offset);
	h->contract = cpu_to_be32(f->contract);
	h->weight = cpu_to_be16(f->weight);
	h->reserved = 0;
}
