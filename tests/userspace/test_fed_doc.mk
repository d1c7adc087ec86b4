# SPDX-License-Identifier: GPL-2.0-or-later
fed_doc_files := problem.c utf8.c base64url.c doc.c doc-value.c doc-read.c doc-write.c
fed_doc_sources := $(fed_doc_files:%=$(top)/userspace/qkdnfd/%) $(top)/userspace/lib/base.c
test_fed_doc_sources := $(fed_doc_sources)
test_fed_doc_cflags := -I. -I$(top)/userspace/qkdnfd
test_fed_doc_libs := $(shell $(PKG_CONFIG) --libs jansson)
