# SPDX-License-Identifier: GPL-2.0-or-later
test_fed_sae_sources := $(addprefix $(top)/userspace/qkdnfd/,sae.c etsi014.c doc.c doc-read.c \
	doc-value.c doc-write.c problem.c utf8.c base64url.c) $(top)/userspace/lib/base.c
test_fed_sae_cflags := -I$(top)/userspace/qkdnfd
test_fed_sae_libs := $(shell $(PKG_CONFIG) --libs jansson gnutls)
