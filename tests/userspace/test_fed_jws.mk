# SPDX-License-Identifier: GPL-2.0-or-later
# librhonabwy is a second opinion on what our own signs and verifies.
test_fed_jws_sources = $(fed_doc_sources) $(top)/userspace/qkdnfd/signer.c $(top)/userspace/qkdnfd/jws.c
test_fed_jws_cflags := -I. -I$(top)/userspace/qkdnfd
test_fed_jws_libs := $(shell $(PKG_CONFIG) --libs jansson gnutls librhonabwy)
