/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a QKD link of a given length yields: decoy-state BB84 over fibre.
 *
 * Asymptotic key rate with vacuum and one weak decoy state, after X. Ma, B. Qi,
 * Y. Zhao and H.-K. Lo, "Practical decoy state for quantum key distribution",
 * Phys. Rev. A 72, 012326 (2005). docs/emulator.md has the formulas and says what
 * they leave out.
 */
#ifndef QN_QKDMODEL_H
#define QN_QKDMODEL_H

#include <stdbool.h>

/**
 * struct qkd_device - a transmitter and a receiver
 * @name: what people call it
 * @summary: one line about it
 * @pulse_hz: pulses a second
 * @signal: mean photon number of signal pulses
 * @decoy: mean photon number of decoy pulses, below @signal
 * @duty: share of pulses that are signals in the basis that makes key
 * @efficiency: of the receiver, optics and detector
 * @background: probability of a click without light, all detectors, per pulse
 * @misalignment: probability that a photon hits the wrong detector
 * @correction: what error correction gives away, as a multiple of Shannon's limit
 * @dead_s: dead time of the detectors together, in seconds; 0 for none
 */
struct qkd_device {
	const char *name;
	const char *summary;
	double pulse_hz;
	double signal;
	double decoy;
	double duty;
	double efficiency;
	double background;
	double misalignment;
	double correction;
	double dead_s;
};

/**
 * struct qkd_yield - what a link yields
 * @transmittance: of fibre and receiver
 * @gain: probability of a click per signal pulse
 * @qber: error rate of signal pulses
 * @single_gain: lower bound of the gain from single photons
 * @single_qber: upper bound of their error rate
 * @per_pulse: key per pulse, in bits; 0 if there is none
 * @rate: key in bits per second, dead time counted
 */
struct qkd_yield {
	double transmittance;
	double gain;
	double qber;
	double single_gain;
	double single_qber;
	double per_pulse;
	double rate;
};

#define QKD_LOSS_DB_KM 0.2 /* of fibre at 1550 nm */

/* Devices by name, ending with one without; the first is the default. */
extern const struct qkd_device qkd_devices[];
const struct qkd_device *qkd_device_find(const char *name);

/**
 * qkd_yield() - evaluate the model
 * @dev: transmitter and receiver
 * @km: length of the fibre
 * @db_km: its loss in dB/km
 * @yield: filled in
 *
 * Return: true if there is key at all.
 */
bool qkd_yield(const struct qkd_device *dev, double km, double db_km, struct qkd_yield *yield);

/* The length at which key ends, in km, to a metre. */
double qkd_reach(const struct qkd_device *dev, double db_km);

/* Shannon's binary entropy. */
double qkd_entropy(double p);

#endif
