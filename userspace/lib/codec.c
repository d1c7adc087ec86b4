// SPDX-License-Identifier: GPL-2.0-or-later
/* Records to netlink attributes and back, and refusals to words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "nl.h"

#define ATTRS_OFFSET ((size_t)GENL_HDRLEN)

static bool put_one(struct nlmsghdr *nlh, size_t size, const struct qn_attr *attr,
		    unsigned int number, const union qn_val *v);

static bool put_all(struct nlmsghdr *nlh, size_t size, const struct qn_rec *rec)
{
	const struct qn_rec *nest;
	unsigned int i;

	for (i = 1; i <= rec->set->max; i++) {
		const struct qn_attr *attr = &rec->set->attrs[i];

		if (!qn_has(rec, i))
			continue;
		if (attr->type != QN_NEST) {
			if (!put_one(nlh, size, attr, i, &rec->v[i]))
				return false;
			continue;
		}
		nest = rec->v[i].nest;
		do {
			struct nlattr *start = mnl_attr_nest_start_check(nlh, size, i);

			if (!start || (nest && !put_all(nlh, size, nest)))
				return false;
			mnl_attr_nest_end(nlh, start);
			nest = nest ? nest->next : NULL;
		} while (nest && attr->multi);
	}
	return true;
}

static bool put_one(struct nlmsghdr *nlh, size_t size, const struct qn_attr *attr,
		    unsigned int number, const union qn_val *v)
{
	switch (attr->type) {
	case QN_FLAG:
		return mnl_attr_put_check(nlh, size, number, 0, NULL);
	case QN_U8:
		return mnl_attr_put_u8_check(nlh, size, number, v->u);
	case QN_U16:
		return mnl_attr_put_u16_check(nlh, size, number, v->u);
	case QN_U32:
	case QN_S32:
		return mnl_attr_put_u32_check(nlh, size, number, v->u);
	case QN_U64:
		return mnl_attr_put_u64_check(nlh, size, number, v->u);
	case QN_STRING:
		return mnl_attr_put_check(nlh, size, number, v->b.len + 1, v->b.data);
	case QN_BINARY:
		return mnl_attr_put_check(nlh, size, number, v->b.len, v->b.data);
	}
	return true;
}

int qn_encode(struct nlmsghdr *nlh, size_t size, const struct qn_rec *rec)
{
	return put_all(nlh, size, rec) ? 0 : -1;
}

static int wrong_length(const struct qn_attr *def, struct qn_error *err)
{
	return qn_fail(err,
		       "the kernel sent attribute %s with a wrong length: module and command do not fit together",
		       def->name);
}

static int get_all(struct qn_rec *rec, const struct nlattr *first, size_t len,
		   struct qn_error *err);

static int get_one(struct qn_rec *rec, const struct nlattr *nla, struct qn_error *err)
{
	static const uint8_t sizes[] = {
		[QN_U8] = 1, [QN_U16] = 2, [QN_U32] = 4, [QN_U64] = 8, [QN_S32] = 4,
	};
	unsigned int number = mnl_attr_get_type(nla);
	uint16_t len = mnl_attr_get_payload_len(nla);
	const void *data = mnl_attr_get_payload(nla);
	const struct qn_attr *def;
	struct qn_rec *nest;
	uint64_t u64;

	if (number > rec->set->max || !rec->set->attrs[number].name)
		return 0;
	def = &rec->set->attrs[number];
	if (def->type < QN_ARRAY_SIZE(sizes) && sizes[def->type] && len != sizes[def->type])
		return wrong_length(def, err);
	switch (def->type) {
	case QN_FLAG:
		qn_set(rec, number, 1);
		break;
	case QN_U8:
		qn_set(rec, number, mnl_attr_get_u8(nla));
		break;
	case QN_U16:
		qn_set(rec, number, mnl_attr_get_u16(nla));
		break;
	case QN_U32:
		qn_set(rec, number, mnl_attr_get_u32(nla));
		break;
	case QN_S32:
		qn_set(rec, number, (int64_t)(int32_t)mnl_attr_get_u32(nla));
		break;
	case QN_U64:
		/* Attributes are aligned to four octets only. */
		memcpy(&u64, data, sizeof(u64));
		qn_set(rec, number, u64);
		break;
	case QN_STRING:
		qn_set_bin(rec, number, data, strnlen(data, len));
		break;
	case QN_BINARY:
		if (def->format == QN_FMT_ADDR && len != 4 && len != 16)
			return wrong_length(def, err);
		qn_set_bin(rec, number, data, len);
		break;
	case QN_NEST:
		nest = qn_rec_new(def->nest);
		qn_set_nest(rec, number, nest);
		return get_all(nest, data, len, err);
	}
	return 0;
}

static int get_all(struct qn_rec *rec, const struct nlattr *first, size_t len, struct qn_error *err)
{
	const struct nlattr *nla = first;

	while (mnl_attr_ok(nla, (int)len)) {
		if (get_one(rec, nla, err))
			return -1;
		if ((size_t)MNL_ALIGN(nla->nla_len) >= len)
			break;
		len -= MNL_ALIGN(nla->nla_len);
		nla = mnl_attr_next(nla);
	}
	return 0;
}

struct qn_rec *qn_decode(const struct nlmsghdr *nlh, size_t offset, const struct qn_set *set,
			 struct qn_error *err)
{
	size_t len = mnl_nlmsg_get_payload_len(nlh);
	struct qn_rec *rec;

	if (len < offset) {
		qn_fail(err, "the kernel sent a message that is too short");
		return NULL;
	}
	rec = qn_rec_new(set);
	if (get_all(rec, mnl_nlmsg_get_payload_offset(nlh, offset), len - offset, err)) {
		qn_rec_free(rec);
		return NULL;
	}
	return rec;
}

/*
 * Name the attribute that holds octet @offset of the request: the innermost
 * one, after the names of those around it. @pos is where @len octets of
 * attributes begin.
 */
static void name_attr(const uint8_t *msg, size_t pos, size_t len, size_t offset,
		      const struct qn_set *set, char *text, size_t size)
{
	const struct nlattr *nla = (const void *)(msg + pos);
	const struct qn_attr *def;
	unsigned int type;
	size_t used;

	for (; mnl_attr_ok(nla, (int)len);
	     pos += MNL_ALIGN(nla->nla_len), nla = mnl_attr_next(nla)) {
		size_t whole = (size_t)MNL_ALIGN(nla->nla_len);

		if (offset >= pos && offset < pos + whole)
			break;
		if (whole >= len)
			return;
		len -= whole;
	}
	if (!mnl_attr_ok(nla, (int)len))
		return;
	type = mnl_attr_get_type(nla);
	used = strlen(text);
	if (type > set->max || !set->attrs[type].name) {
		snprintf(text + used, size - used, "%snumber %u", used ? "." : "", type);
		return;
	}
	def = &set->attrs[type];
	snprintf(text + used, size - used, "%s%s", used ? "." : "", def->name);
	if (def->type == QN_NEST && offset >= pos + MNL_ATTR_HDRLEN)
		name_attr(msg, pos + MNL_ATTR_HDRLEN, mnl_attr_get_payload_len(nla), offset,
			  def->nest, text, size);
}

/* What to do about an errno that came without words. */
static const char *advice(int code, const char *family)
{
	static const char no_node[] =
		"no node in this network namespace: make one with 'qkdnfctl node set NODE'";
	static const char no_device[] =
		"no key device: it must be a character device that can be read and polled";
	bool km = !strcmp(family, "qkdnf");

	switch (code) {
	case EPERM:
		return "not permitted: this needs root (CAP_NET_ADMIN)";
	case ENODEV:
		return km ? no_node : "no such device";
	case ENOENT:
		return "there is no such object";
	case EEXIST:
		return "it is there already";
	case EOPNOTSUPP:
		return "the kernel module cannot do that";
	case EADDRINUSE:
		return "the UDP port is taken: choose another one, or end what listens there";
	case EBADF:
		return "the descriptor is not open";
	case ENOTTY:
		return no_device;
	case EBUSY:
		return "it is in use";
	case ENOMEM:
		return "the kernel is out of memory, or the limit of memory is reached";
	}
	return strerror(code);
}

struct ext_ack {
	const char *text;
	uint32_t offset;
	uint32_t missing;
	bool has_offset, has_missing;
};

static int ext_ack_cb(const struct nlattr *nla, void *arg)
{
	struct ext_ack *ack = arg;

	switch (mnl_attr_get_type(nla)) {
	case NLMSGERR_ATTR_MSG:
		if (mnl_attr_validate(nla, MNL_TYPE_NUL_STRING) == 0)
			ack->text = mnl_attr_get_str(nla);
		break;
	case NLMSGERR_ATTR_OFFS:
		if (mnl_attr_validate(nla, MNL_TYPE_U32) == 0) {
			ack->offset = mnl_attr_get_u32(nla);
			ack->has_offset = true;
		}
		break;
	case 5: /* NLMSGERR_ATTR_MISS_TYPE, which Debian 12's headers may lack */
		if (mnl_attr_validate(nla, MNL_TYPE_U32) == 0) {
			ack->missing = mnl_attr_get_u32(nla);
			ack->has_missing = true;
		}
		break;
	}
	return MNL_CB_OK;
}

int qn_decode_error(const struct nlmsghdr *nlh, const struct nlmsghdr *request,
		    const struct qn_op *op, const char *family, struct qn_error *err)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	struct ext_ack ack = { 0 };
	char name[96] = "";
	size_t hlen = sizeof(*e);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*e))
		return qn_fail(err, "the kernel sent a message that is too short");
	if (!e->error)
		return 0;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		hlen += MNL_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if ((nlh->nlmsg_flags & NLM_F_ACK_TLVS) && mnl_nlmsg_get_payload_len(nlh) > hlen)
		mnl_attr_parse(nlh, hlen, ext_ack_cb, &ack);

	if (ack.has_offset && op)
		name_attr((const uint8_t *)request, MNL_NLMSG_HDRLEN + ATTRS_OFFSET,
			  request->nlmsg_len - MNL_NLMSG_HDRLEN - ATTRS_OFFSET, ack.offset, op->set,
			  name, sizeof(name));
	qn_fail(err, "%s", ack.text && *ack.text ? ack.text : advice(-e->error, family));
	if (*name) {
		size_t used = strlen(err->text);

		snprintf(err->text + used, sizeof(err->text) - used, " (%s)", name);
	}
	if (ack.has_missing && op && ack.missing <= op->set->max &&
	    op->set->attrs[ack.missing].name) {
		size_t used = strlen(err->text);

		snprintf(err->text + used, sizeof(err->text) - used, " (%s is missing)",
			 op->set->attrs[ack.missing].name);
	}
	err->code = -e->error;
	return -1;
}
