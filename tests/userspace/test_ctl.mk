# SPDX-License-Identifier: GPL-2.0-or-later
ctl_packages := libmnl smartcols jansson yaml-0.1
test_ctl_sources := $(wildcard ctl/*.c) $(wildcard $(top)/userspace/lib/*.c)
test_ctl_cflags := -Ictl $(shell $(PKG_CONFIG) --cflags $(ctl_packages))
test_ctl_libs := $(shell $(PKG_CONFIG) --libs $(ctl_packages)) -lm
