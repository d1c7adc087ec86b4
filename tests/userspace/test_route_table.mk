# SPDX-License-Identifier: GPL-2.0-or-later
kernel_objects += route_table
kernel_tests += route_table
other_tests := $(filter-out route_table,$(other_tests))
