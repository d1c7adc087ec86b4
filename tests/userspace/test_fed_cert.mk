# SPDX-License-Identifier: GPL-2.0-or-later
test_fed_cert_sources = $(fed_doc_sources) $(top)/userspace/qkdnfd/cert.c
test_fed_cert_cflags := -I. -I$(top)/userspace/qkdnfd
test_fed_cert_libs := $(shell $(PKG_CONFIG) --libs jansson gnutls)
