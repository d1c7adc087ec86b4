/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of objects between the two processes.
 *
 * Each value is its attribute's number and length (two octets each) and its octets, in
 * rising order of numbers. The reader holds each against the tables of the netlink
 * specification: known, allowed, once, of its type's length, within its limits. Nests do
 * not travel.
 */
#ifndef QF_WIRE_H
#define QF_WIRE_H

#include "base.h"
#include "record.h"

/**
 * qf_wire_put() - a record into octets
 * @buffer: where to
 * @size: room there
 * @rec: the record
 * @allowed: which attributes go, bit by number
 *
 * Return: octets used, or -1 if there is no room.
 */
int qf_wire_put(uint8_t *buffer, size_t size, const struct qn_rec *rec, uint64_t allowed);

/**
 * qf_wire_get() - octets into a record
 * @data: what came
 * @len: octets of it
 * @set: of which attributes
 * @allowed: which may be there, bit by number
 * @err: what is wrong with it
 *
 * Touches nothing but its arguments, so any octets may be given to it.
 *
 * Return: a record for qn_rec_free(), or NULL with @err.
 */
struct qn_rec *qf_wire_get(const uint8_t *data, size_t len, const struct qn_set *set,
			   uint64_t allowed, struct qn_error *err);

#endif
