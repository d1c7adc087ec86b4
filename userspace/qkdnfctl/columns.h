/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns that several tables have. */
#ifndef CTL_COLUMNS_H
#define CTL_COLUMNS_H

#include "output.h"

void col_peer_address(const struct qn_rec *peer, char *buf, size_t size);
void col_peer_bar(const struct qn_rec *peer, char *buf, size_t size);
const char *col_peer_state_colour(const struct qn_rec *peer);
const char *col_peer_level_colour(const struct qn_rec *peer);
const char *col_source_state_colour(const struct qn_rec *source);
const char *col_route_active_colour(const struct qn_rec *route);
void col_contract_used(const struct qn_rec *contract, char *buf, size_t size);
void col_contract_expiry(const struct qn_rec *contract, char *buf, size_t size);
const char *col_contract_colour(const struct qn_rec *contract);
void col_relay_in_flight(const struct qn_rec *relay, char *buf, size_t size);
void col_relay_nak(const struct qn_rec *relay, char *buf, size_t size);
const char *col_relay_state_colour(const struct qn_rec *relay);

/* A bar of @width places; bars of blocks where the terminal can show them. */
void col_bar(char *buf, size_t size, unsigned int width, uint64_t part, uint64_t whole);
/* What a contract has used of its volume, in octets. */
uint64_t contract_used(const struct qn_rec *contract);

extern const struct qn_view view_peers;
extern const struct qn_view view_sources;
extern const struct qn_view view_routes;
extern const struct qn_view view_contracts;
extern const struct qn_view view_relays;
extern const struct qn_view view_flows;
extern const struct qn_view view_bindings;
extern const struct qn_view view_policies;
extern const struct qn_view view_tunnels;

/* Policies that the column of view_bindings counts; they stay the caller's. */
void ipsec_policies_known(const struct qn_rec *list);

#endif
