# SPDX-License-Identifier: GPL-2.0-or-later
test_fed_settings_sources := $(top)/userspace/qkdnfd/settings.c $(wildcard $(top)/userspace/lib/*.c)
test_fed_settings_cflags := -I$(top)/userspace/qkdnfd \
	-DEXAMPLE='"$(abspath $(top))/docs/qkdnfd.yaml"' \
	$(shell $(PKG_CONFIG) --cflags libmnl smartcols jansson yaml-0.1)
test_fed_settings_libs := $(shell $(PKG_CONFIG) --libs libmnl smartcols jansson yaml-0.1)
