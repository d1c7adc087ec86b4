# SPDX-License-Identifier: GPL-2.0-or-later
fed_store_packages := sqlite3 libpq libsystemd gnutls
fed_store_room := $(top)/userspace/qkdnfd
test_fed_store_sources := $(wildcard fed_store/*.c) $(wildcard $(fed_store_room)/store*.c) \
	$(addprefix $(fed_store_room)/,clock.c outbox.c schema.c) $(top)/userspace/lib/base.c
test_fed_store_cflags := -Ifed_store -I$(fed_store_room) -pthread \
	$(shell $(PKG_CONFIG) --cflags $(fed_store_packages))
test_fed_store_libs := $(shell $(PKG_CONFIG) --libs $(fed_store_packages)) -pthread
