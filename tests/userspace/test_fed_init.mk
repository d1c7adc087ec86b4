# SPDX-License-Identifier: GPL-2.0-or-later
fed_init_packages := libmnl smartcols jansson yaml-0.1 gnutls
fed_init_files := ctl.c federation-init.c testfed.c
test_fed_init_sources = $(fed_init_files:%=$(top)/userspace/qkdnfctl/%) $(wildcard $(top)/userspace/lib/*.c) \
	$(fed_doc_files:%=$(top)/userspace/qkdnfd/%) \
	$(top)/userspace/qkdnfd/signer.c $(top)/userspace/qkdnfd/cert.c
test_fed_init_cflags := -I. -I$(top)/userspace/qkdnfd -I$(top)/userspace/qkdnfctl \
	$(shell $(PKG_CONFIG) --cflags $(fed_init_packages))
test_fed_init_libs := $(shell $(PKG_CONFIG) --libs $(fed_init_packages))
