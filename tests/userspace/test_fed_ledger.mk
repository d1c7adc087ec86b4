# SPDX-License-Identifier: GPL-2.0-or-later
fed_ledger_packages := sqlite3 libpq libsystemd gnutls
test_fed_ledger_sources := $(top)/userspace/qkdnfd/ledger.c \
	$(wildcard $(top)/userspace/qkdnfd/store*.c) \
	$(top)/userspace/qkdnfd/clock.c $(top)/userspace/lib/base.c
test_fed_ledger_cflags := -I$(top)/userspace/qkdnfd -pthread \
	$(shell $(PKG_CONFIG) --cflags $(fed_ledger_packages))
test_fed_ledger_libs := $(shell $(PKG_CONFIG) --libs $(fed_ledger_packages)) -pthread
