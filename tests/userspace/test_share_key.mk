# SPDX-License-Identifier: GPL-2.0-or-later
kernel_objects += share_key
kernel_tests += share_key
other_tests := $(filter-out share_key,$(other_tests))
