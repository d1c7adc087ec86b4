# SPDX-License-Identifier: GPL-2.0-or-later
fed_member_files := signer.c jws.c cert.c membership.c memberlist.c
test_fed_member_sources = $(fed_doc_sources) $(fed_member_files:%=$(top)/userspace/qkdnfd/%)
test_fed_member_cflags := -I. -I$(top)/userspace/qkdnfd
test_fed_member_libs := $(shell $(PKG_CONFIG) --libs jansson gnutls)
