# SPDX-License-Identifier: GPL-2.0-or-later
fed_channel_parts := ask channel fq message objects wire
test_fed_channel_sources := $(fed_channel_parts:%=$(top)/userspace/qkdnfd/%.c) \
	$(wildcard $(top)/userspace/lib/*.c)
test_fed_channel_cflags := -I$(top)/userspace/qkdnfd \
	$(shell $(PKG_CONFIG) --cflags libmnl smartcols jansson yaml-0.1 libsystemd)
test_fed_channel_libs := $(shell $(PKG_CONFIG) --libs libmnl smartcols jansson yaml-0.1 libsystemd)
