# SPDX-License-Identifier: GPL-2.0-or-later
kernel_objects += maxmin meter
kernel_tests += flow meter
other_tests := $(filter-out flow meter,$(other_tests))
