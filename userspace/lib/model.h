/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that a node is, at once: what runs, what was recorded, what is wanted. */
#ifndef QN_MODEL_H
#define QN_MODEL_H

#include <jansson.h>

#include "nl.h"

/**
 * struct qn_model - a node and its objects
 * @node: NULL if there is none
 * @peers: list of records, as all that follow
 * @sources: with relay sources, which come with remote peers
 * @routes: of all destinations and shares
 * @contracts: both directions
 * @bindings: IPsec traffic and the peer whose key protects it
 * @tunnels: one-time-pad tunnels: tunnel.h
 * @interfaces: xfrm interfaces, by qn_model_load_xfrm(): xfrm.h
 * @policies: IPsec policies, likewise
 * @relays: state of remote streams
 * @flows: streams that use link key here
 * @stats: one record, or NULL
 * @emu: emulated links of the machine
 * @emu_known: @emu was read; without qkdemu.ko there is nothing to read
 */
struct qn_model {
	struct qn_rec *node;
	struct qn_rec *peers;
	struct qn_rec *sources;
	struct qn_rec *routes;
	struct qn_rec *contracts;
	struct qn_rec *bindings;
	struct qn_rec *tunnels;
	struct qn_rec *interfaces;
	struct qn_rec *policies;
	struct qn_rec *relays;
	struct qn_rec *flows;
	struct qn_rec *stats;
	struct qn_rec *emu;
	bool emu_known;
};

/**
 * qn_model_load() - read what runs
 * @model: filled in, for qn_model_free() in any case
 * @km: connection to family qkdnf
 * @emu: connection to family qkdemu, or NULL
 * @brief: settings only, without counters, relays, flows and stats
 * @err: what went wrong
 *
 * A namespace without a node is no error: everything is empty then.
 */
int qn_model_load(struct qn_model *model, struct qn_nl *km, struct qn_nl *emu, bool brief,
		  struct qn_error *err);

/* Read the xfrm interfaces and IPsec policies, those of others too. 0, or -1 with @err. */
int qn_model_load_xfrm(struct qn_model *model, struct qn_error *err);
/* Forget those that no binding of @model names: others' business. */
void qn_model_keep_bound(struct qn_model *model);
void qn_model_free(struct qn_model *model);

/* What "qkdnfctl -j show" prints, and back. */
json_t *qn_model_to_json(const struct qn_model *model);
int qn_model_from_json(struct qn_model *model, const json_t *object, struct qn_error *err);

/* The record of a list whose attribute @attr is @value, or NULL. */
struct qn_rec *qn_find(struct qn_rec *list, unsigned int attr, uint64_t value);

#endif
