# SPDX-License-Identifier: GPL-2.0-or-later
test_fed_etsi014_sources := $(addprefix $(top)/userspace/qkdnfd/,etsi014.c etsi014-answer.c \
	doc.c doc-read.c doc-value.c doc-write.c problem.c utf8.c base64url.c) \
	$(top)/userspace/lib/base.c
test_fed_etsi014_cflags := -I$(top)/userspace/qkdnfd
test_fed_etsi014_libs := $(shell $(PKG_CONFIG) --libs jansson nettle libcrypto)
