# SPDX-License-Identifier: GPL-2.0-or-later
fed_https_files := https.c https-names.c https-request.c https-route.c https-watch.c peer.c \
	turnstile.c clock.c
test_fed_https_sources = https/pki.c https/raw.c $(fed_doc_sources) \
	$(fed_https_files:%=$(top)/userspace/qkdnfd/%)
test_fed_https_cflags := -I. -I$(top)/userspace/qkdnfd -pthread
test_fed_https_libs := $(shell $(PKG_CONFIG) --libs libmicrohttpd gnutls jansson)
