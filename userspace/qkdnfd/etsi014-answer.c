// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of ETSI GS QKD 014: answers that are no refusals. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/base64.h>

#include "etsi014.h"

json_t *qf_014_status_json(const struct qf_014_status *status, const struct qf_014_offer *offer)
{
	/* A client that checks it would refuse a store that is fuller than full. */
	uint64_t room = status->room < status->stored ? status->stored : status->room;

	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "source_KME_ID",
			 status->kme, "target_KME_ID", status->target_kme, "master_SAE_ID",
			 status->master, "slave_SAE_ID", status->slave, "key_size",
			 (json_int_t)offer->key_size, "stored_key_count",
			 (json_int_t)status->stored, "max_key_count", (json_int_t)room,
			 "max_key_per_request", (json_int_t)offer->max_key_per_request,
			 "max_key_size", (json_int_t)offer->max_key_size, "min_key_size",
			 (json_int_t)offer->min_key_size, "max_SAE_ID_count",
			 (json_int_t)offer->max_sae_count);
}

/*
 * By hand, not by a library for JSON: its copies of the keys could not be erased. All that
 * goes in is of alphabets that JSON takes as they are.
 */
char *qf_014_container(const char *const *ids, const uint8_t *keys, unsigned int count,
		       size_t octets, size_t *len)
{
	static const char head[] = "{\"keys\":[", between[] = "\",\"key\":\"", tail[] = "]}";
	size_t encoded = BASE64_ENCODE_RAW_LENGTH(octets);
	size_t each = strlen(",{\"key_ID\":\"") + QF_014_KEY_ID - 1 + strlen(between) + encoded +
		      strlen("\"}");
	char *text = malloc(sizeof(head) + count * each + sizeof(tail)), *at = text;
	unsigned int i;

	if (!text)
		return NULL;
	at = stpcpy(at, head);
	for (i = 0; i < count; i++) {
		at = stpcpy(at, i ? ",{\"key_ID\":\"" : "{\"key_ID\":\"");
		at = stpcpy(at, ids[i]);
		at = stpcpy(at, between);
		base64_encode_raw(at, octets, keys + i * octets);
		at += encoded;
		at = stpcpy(at, "\"}");
	}
	at = stpcpy(at, tail);
	*len = at - text;
	return text;
}
