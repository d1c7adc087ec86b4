# SPDX-License-Identifier: GPL-2.0-or-later
test_fed_route_sources := $(addprefix $(top)/userspace/qkdnfd/,graph.c route.c apart.c flow.c) \
	$(top)/userspace/lib/base.c
test_fed_route_cflags := -I$(top)/userspace/qkdnfd
