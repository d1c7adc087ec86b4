# SPDX-License-Identifier: GPL-2.0-or-later
test_fed_client_sources = $(test_fed_https_sources) $(top)/userspace/qkdnfd/client.c \
	$(top)/userspace/qkdnfd/address.c $(top)/userspace/qkdnfd/sandbox.c
test_fed_client_cflags = $(test_fed_https_cflags)
test_fed_client_libs = $(test_fed_https_libs) $(shell $(PKG_CONFIG) --libs libcurl libseccomp libsystemd)
