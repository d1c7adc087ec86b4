/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many ways lead from one group of a graph to another without meeting (Menger), and
 * through which groups they go. For apart.c.
 */
#ifndef QF_FLOW_H
#define QF_FLOW_H

#include <stdint.h>

struct qf_flow;

/**
 * qf_flow_new() - no ways yet
 * @groups: numbered from 0
 * @start: where ways begin
 * @end: where they end; another one
 *
 * Return: the flow, for qf_flow_free().
 */
struct qf_flow *qf_flow_new(uint32_t groups, uint32_t start, uint32_t end);
void qf_flow_free(struct qf_flow *flow);

/* So many ways may go from one group straight to another. */
void qf_flow_arc(struct qf_flow *flow, uint32_t from, uint32_t to, unsigned int ways);

/* Find ways, at most @limit. Return: how many there are. */
unsigned int qf_flow_most(struct qf_flow *flow, unsigned int limit);

/**
 * qf_flow_next() - walk along a way
 * @flow: with its ways found
 * @group: where the walk is; ways are walked one after another, each from the start
 *
 * Return: the next group, or UINT32_MAX after the end. What was walked is used up.
 */
uint32_t qf_flow_next(struct qf_flow *flow, uint32_t group);

#endif
