# SPDX-License-Identifier: GPL-2.0-or-later
kernel_tests += agree
other_tests := $(filter-out agree,$(other_tests))
