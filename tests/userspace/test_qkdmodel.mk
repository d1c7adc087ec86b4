# SPDX-License-Identifier: GPL-2.0-or-later
test_qkdmodel_sources := $(top)/userspace/lib/qkdmodel.c
