// SPDX-License-Identifier: GPL-2.0-or-later
/* Decoy-state BB84 over fibre; see qkdmodel.h and docs/emulator.md. */
#include <math.h>
#include <string.h>

#include "qkdmodel.h"

#define PPM  (1.0 / 1000000)
#define NANO (1.0 / 1000000000)

/* error rate of clicks without light: a coin */
#define BACKGROUND_QBER 0.5

const struct qkd_device qkd_devices[] = {
	{
		.name = "apd",
		.summary = "1 GHz, gated avalanche photodiodes",
		.pulse_hz = 1e9,
		.signal = 0.48,
		.decoy = 0.05,
		.duty = 0.5,
		.efficiency = 0.10,
		.background = 2 * PPM,
		.misalignment = 0.015,
		.correction = 1.16,
		.dead_s = 10 * NANO,
	},
	{
		.name = "snspd",
		.summary = "1 GHz, superconducting nanowires",
		.pulse_hz = 1e9,
		.signal = 0.48,
		.decoy = 0.05,
		.duty = 0.5,
		.efficiency = 0.45,
		.background = 0.02 * PPM,
		.misalignment = 0.01,
		.correction = 1.16,
		.dead_s = 20 * NANO,
	},
	{
		.name = "gys",
		.summary = "the 2 MHz experiment of Gobby, Yuan and Shields, 2004",
		.pulse_hz = 2e6,
		.signal = 0.48,
		.decoy = 0.05,
		.duty = 0.5,
		.efficiency = 0.045,
		.background = 1.7 * PPM,
		.misalignment = 0.033,
		.correction = 1.22,
	},
	{ .name = NULL }
};

const struct qkd_device *qkd_device_find(const char *name)
{
	const struct qkd_device *dev;

	for (dev = qkd_devices; dev->name; dev++)
		if (!strcmp(dev->name, name))
			return dev;
	return NULL;
}

double qkd_entropy(double p)
{
	if (p <= 0 || p >= 1)
		return 0;
	return -p * log2(p) - (1 - p) * log2(1 - p);
}

/* Q: clicks per pulse of mean photon number mu */
static double gain(const struct qkd_device *dev, double eta, double mu)
{
	return dev->background - expm1(-eta * mu);
}

/* E Q: wrong clicks per pulse of mean photon number mu */
static double errors(const struct qkd_device *dev, double eta, double mu)
{
	return BACKGROUND_QBER * dev->background - dev->misalignment * expm1(-eta * mu);
}

bool qkd_yield(const struct qkd_device *dev, double km, double db_km, struct qkd_yield *y)
{
	double mu = dev->signal, nu = dev->decoy, eta, decoy_gain, single_yield;

	eta = dev->efficiency * pow(10, -km * db_km / 10);
	*y = (struct qkd_yield){ .transmittance = eta };
	y->gain = gain(dev, eta, mu);
	y->qber = errors(dev, eta, mu) / y->gain;

	/* Y1 from below, e1 from above; the vacuum state shows the background */
	decoy_gain = gain(dev, eta, nu);
	single_yield = mu / (mu * nu - nu * nu) *
		       (decoy_gain * exp(nu) - y->gain * exp(mu) * nu * nu / (mu * mu) -
			(mu * mu - nu * nu) / (mu * mu) * dev->background);
	if (single_yield <= 0)
		return false;
	y->single_gain = single_yield * mu * exp(-mu);
	y->single_qber = (errors(dev, eta, nu) * exp(nu) - BACKGROUND_QBER * dev->background) /
			 (single_yield * nu);
	if (y->single_qber >= 0.5)
		return false;

	/* the rate of Gottesman, Lo, Luetkenhaus and Preskill */
	y->per_pulse = dev->duty * (y->single_gain * (1 - qkd_entropy(y->single_qber)) -
				    y->gain * dev->correction * qkd_entropy(y->qber));
	if (y->per_pulse <= 0) {
		y->per_pulse = 0;
		return false;
	}
	y->rate = dev->pulse_hz * y->per_pulse / (1 + dev->pulse_hz * y->gain * dev->dead_s);
	return true;
}

double qkd_reach(const struct qkd_device *dev, double db_km)
{
	double low = 0, high = 1, mid;
	struct qkd_yield y;

	if (!qkd_yield(dev, 0, db_km, &y) || db_km <= 0)
		return 0;
	while (qkd_yield(dev, high, db_km, &y))
		high *= 2;
	while (high - low > 0.001) {
		mid = (low + high) / 2;
		if (qkd_yield(dev, mid, db_km, &y))
			low = mid;
		else
			high = mid;
	}
	return low;
}
