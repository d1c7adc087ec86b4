// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BB84 model against published figures, and against what any such model has
 * to obey.
 *
 * GYS is the experiment of C. Gobby, Z. L. Yuan and A. J. Shields, Appl. Phys.
 * Lett. 84, 3762 (2004), with its parameters as used in Ma et al., Phys. Rev. A
 * 72, 012326 (2005): 0.21 dB/km, receiver 4.5 %, background 1.7e-6, misalignment
 * 3.3 %, f = 1.22. Published there: best signal 0.48; key up to 142.05 km with
 * infinitely many decoys, 140.55 km with a vacuum and a weak decoy of 0.05.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "qkdmodel.h"

#define GYS_DB_KM	0.21

static int failures;

__attribute__((format(printf, 3, 4)))
static void check(const char *name, bool good, const char *fmt, ...)
{
	va_list ap;

	if (good) {
		printf("ok %s\n", name);
		return;
	}
	failures++;
	printf("not ok %s - ", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void near(const char *name, double have, double want, double tolerance)
{
	check(name, fabs(have - want) <= tolerance, "%.6g, expected %.6g +- %.2g", have, want,
	      tolerance);
}

static double best_signal(struct qkd_device dev, double km)
{
	double best = 0, at = 0;
	struct qkd_yield y;

	for (dev.signal = 0.1; dev.signal < 0.9; dev.signal += 0.01) {
		if (qkd_yield(&dev, km, GYS_DB_KM, &y) && y.per_pulse > best) {
			best = y.per_pulse;
			at = dev.signal;
		}
	}
	return at;
}

static void published(void)
{
	struct qkd_device gys = *qkd_device_find("gys"), dev;
	struct qkd_yield y;

	near("model-gys-reach", qkd_reach(&gys, GYS_DB_KM), 140.55, 0.25);
	near("model-gys-best-signal", best_signal(gys, 60), 0.48, 0.02);
	/* An ever weaker decoy comes near to infinitely many of them. */
	dev = gys;
	dev.decoy = 0.0001;
	near("model-gys-reach-ideal", qkd_reach(&dev, GYS_DB_KM), 142.05, 0.25);

	/* Shor and Preskill: a perfect source has key up to 11.0 % of errors. */
	dev = (struct qkd_device){
		.pulse_hz = 1, .signal = 0.0001, .decoy = 0.00001, .duty = 1,
		.efficiency = 0.001, .correction = 1,
	};
	dev.misalignment = 0.1095;
	check("model-limit-below-11", qkd_yield(&dev, 0, 0.2, &y), "no key at 10.95 %%");
	dev.misalignment = 0.1105;
	check("model-limit-above-11", !qkd_yield(&dev, 0, 0.2, &y), "key at 11.05 %%");

	/* A. R. Dixon et al., Appl. Phys. Lett. 96, 161102 (2010): a 1 GHz
	 * system with avalanche photodiodes made 1.02 Mb/s over 50 km.
	 */
	qkd_yield(qkd_device_find("apd"), 50, QKD_LOSS_DB_KM, &y);
	check("model-apd-50-km", y.rate > 0.5e6 && y.rate < 2e6, "%.0f bit/s", y.rate);
}

static void laws(void)
{
	const struct qkd_device *dev;
	struct qkd_yield y, last;
	char name[64];
	double km;

	near("model-entropy", qkd_entropy(0.11), 0.499916, 0.00001);
	check("model-entropy-ends", !qkd_entropy(0) && !qkd_entropy(1) && qkd_entropy(0.5) == 1,
	      "not 0, 0 and 1");
	check("model-unknown-device", !qkd_device_find("none"), "found");
	for (dev = qkd_devices; dev->name; dev++) {
		double reach = qkd_reach(dev, QKD_LOSS_DB_KM);
		bool falls = true, rises = true;

		qkd_yield(dev, 0, QKD_LOSS_DB_KM, &last);
		snprintf(name, sizeof(name), "model-%s-qber-at-0-km", dev->name);
		near(name, last.qber, dev->misalignment, 0.001);
		for (km = 1; km < reach; km++) {
			qkd_yield(dev, km, QKD_LOSS_DB_KM, &y);
			falls = falls && y.rate < last.rate;
			rises = rises && y.qber > last.qber;
			/* More than one bit per photon counted there is not. */
			falls = falls && y.per_pulse <= y.gain && y.single_gain <= y.gain;
			last = y;
		}
		snprintf(name, sizeof(name), "model-%s-monotone", dev->name);
		check(name, falls && rises, "rate rises or error rate falls with length");
		snprintf(name, sizeof(name), "model-%s-reach", dev->name);
		check(name, reach > 50 && !qkd_yield(dev, reach + 1, QKD_LOSS_DB_KM, &y) &&
		      qkd_yield(dev, reach - 1, QKD_LOSS_DB_KM, &y), "%.1f km", reach);
		snprintf(name, sizeof(name), "model-%s-below-plob", dev->name);
		qkd_yield(dev, 30, QKD_LOSS_DB_KM, &y);
		check(name, y.per_pulse < -log2(1 - pow(10, -30 * QKD_LOSS_DB_KM / 10)),
		      "more key than any protocol can make");
	}
}

int main(void)
{
	published();
	laws();
	return failures ? 1 : 0;
}
