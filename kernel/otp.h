/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One-time pad and one-time authenticator: the arithmetic of sealing.
 *
 * Pure functions of their arguments. They run under RCU in softirq on the
 * datapath; user-space tests and benchmarks compile the same file.
 */
#ifndef _QN_OTP_H
#define _QN_OTP_H

#include <linux/types.h>

void qn_otp_tag(u8 *tag, const u8 *key, const void *head, size_t head_len,
		const void *body, size_t body_len);
bool qn_otp_verify(const u8 *tag, const u8 *key, const void *head,
		   size_t head_len, const void *body, size_t body_len);
void qn_otp_xor(u8 *dst, const u8 *src, const u8 *pad, size_t len);
void qn_otp_fold(u8 *dst, const u8 *src, const u8 *pad_in, const u8 *pad_out,
		 size_t len);
int qn_otp_selftest(void);

#endif /* _QN_OTP_H */
