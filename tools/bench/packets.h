/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_PACKETS_H
#define BENCH_PACKETS_H

#include <stddef.h>
#include <stdint.h>

/**
 * packets_send() - send UDP packets that nobody reads yet
 * @address: IPv4 address
 * @port: UDP port
 * @data: payloads, one after the other
 * @size: octets of each
 * @count: how many
 *
 * Waits until the kernel has taken all of them. Return: exit status.
 */
int packets_send(const char *address, uint16_t port, const void *data, size_t size,
		 uint32_t count);

#endif
