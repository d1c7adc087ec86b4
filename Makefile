# SPDX-License-Identifier: GPL-2.0-or-later
#
# make help says what there is to make. Everything made lands in build/.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DEFAULT_GOAL := all

top := $(CURDIR)
b := build

ifneq ($(words $(top)),1)
$(error The path '$(top)' holds white space, which Kbuild cannot take: move the repository)
endif

# --- which kernel ---------------------------------------------------------------
#
#   K=6.1 or K=6.12	a guest kernel that tools/setup downloads (K="6.1 6.12": both)
#   KDIR=DIR		any kernel's headers or build tree
#   neither		the running kernel if its headers are there, else both guest kernels

SERIES := 6.1 6.12

ifdef K
ifneq ($(filter-out $(SERIES),$(K)),)
$(error K=$(K): no such guest kernel, the choice is $(SERIES))
endif
kernels := $(K)
else ifdef KDIR
kernels :=
else ifneq ($(wildcard /lib/modules/$(shell uname -r)/build/Makefile),)
KDIR := /lib/modules/$(shell uname -r)/build
kernels :=
else
kernels := $(SERIES)
endif

guest-modules := $(addprefix modules-,$(SERIES))

# --- help -----------------------------------------------------------------------

define help_text
qkdnf: keys across quantum key distribution networks

  make                  modules and user space
  make modules          kernel modules for KDIR=, K=, or the running kernel
  make modules_install  install them below /lib/modules (INSTALL_MOD_PATH=)
  make userspace        libqkdnf and the commands
  make install          both, and the manual pages (DESTDIR=, PREFIX=/usr/local)
  make check-config     does the target kernel have what the modules need?
  make demo             three providers in one guest; KEEP=1 leaves a shell in it
  make check            every test, in guests of both kernels
                        K=6.12 one kernel; T="10-emu lint" some tests
  make bench            the figures, into build/bench.json
  make lint             style and static checks only
  make format           let clang-format rewrite userspace/
  make modules-uml      modules for User-mode Linux (tools/uml), for measuring
  make setup            what demo, check and bench fetch by themselves
  make clean            remove what was made (downloads and guest kernels stay)
  make distclean        remove build/

  KDIR=DIR  headers or build tree of a kernel; K=6.1|6.12  a downloaded one
endef
export help_text

.PHONY: help
help:
	@echo "$$help_text"

# --- set-up ---------------------------------------------------------------------

.PHONY: setup setup-host
setup:
	@tools/setup/setup.sh

setup-host:
	@tools/setup/setup.sh host

.PHONY: $(addprefix setup-kernel-,$(SERIES))
$(addprefix setup-kernel-,$(SERIES)): setup-kernel-%:
	@tools/setup/setup.sh host kernel-$*

# --- kernel modules -------------------------------------------------------------

.PHONY: all
all: modules userspace

.PHONY: modules modules_install check-config
ifneq ($(kernels),)
modules: $(addprefix modules-,$(kernels))
check-config: $(addprefix check-config-,$(kernels))
modules_install:
	@echo "make: error: modules_install is for an installed kernel: say KDIR=DIR" >&2; exit 1
else
modules:
	+@tools/setup/build-modules.sh "$(KDIR)"
check-config:
	@tools/setup/check-config.sh "$(KDIR)"
modules_install:
	+@tools/setup/build-modules.sh "$(KDIR)" modules_install
endif

# Guest kernels are the ones that we answer for: no warning passes.
.PHONY: $(guest-modules)
$(guest-modules): modules-%: setup-kernel-%
	+@QKDNF_WERROR=y tools/setup/build-modules.sh $(b)/kernels/$*/headers modules W=1

# Built once, kept; modules for it as for any kernel.
.PHONY: uml modules-uml
uml:
	@tools/uml/build.sh
modules-uml: uml
	+@ARCH=um tools/setup/build-modules.sh $(b)/uml

.PHONY: $(addprefix check-config-,$(SERIES))
$(addprefix check-config-,$(SERIES)): check-config-%: setup-kernel-%
	@tools/setup/check-config.sh $(b)/kernels/$*/headers

# --- user space -----------------------------------------------------------------
#
# userspace/lib/*.c is the library, userspace/<command>/*.c a command. A
# Makefile.inc in such a directory may add to the variables below.

CC ?= cc
ifeq ($(origin CC),default)
CC := gcc
endif
AR := ar
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g

u := $(b)/user
user_packages := libmnl smartcols jansson yaml-0.1
user_commands := qkdnfctl qkdnfd
user_cflags = -std=gnu11 -Wall -Wextra -Werror -D_FORTIFY_SOURCE=2 \
	-fstack-protector-strong -fPIE -Iinclude/uapi -Iuserspace/lib \
	$(shell $(PKG_CONFIG) --cflags $(user_packages) 2>/dev/null)
user_ldflags = -pie -Wl,-z,relro,-z,now
user_libs = $(shell $(PKG_CONFIG) --libs $(user_packages) 2>/dev/null) -lm

lib_sources := $(wildcard userspace/lib/*.c)
# A command is built once its main program is there.
commands := $(foreach c,$(user_commands),$(if $(wildcard userspace/$c/main.c),$c))

-include $(wildcard userspace/*/Makefile.inc)

lib_objects = $(lib_sources:userspace/%.c=$(u)/obj/%.o)
command_objects = $(patsubst userspace/%.c,$(u)/obj/%.o,$(wildcard userspace/$(1)/*.c))

.PHONY: userspace
userspace: setup-host
	@$(MAKE) user-programs

.PHONY: user-programs
user-programs: $(if $(lib_sources),$(u)/libqkdnf.a) $(addprefix $(u)/,$(commands))

# Flags are part of what an object is made from.
$(u)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) $(user_cflags)' | cmp -s - $@ || echo '$(CC) $(CFLAGS) $(user_cflags)' >$@

$(u)/obj/%.o: userspace/%.c $(u)/flags
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(CFLAGS) $(user_cflags) $($(*F)_cflags) -MMD -MP -c -o $@ $<

# Made anew each time: an archive would keep members whose source is gone.
$(u)/libqkdnf.a: $(lib_objects)
	@echo "  AR      $@"
	@rm -f $@
	@$(AR) rcsD $@ $^

define command_rule
$(u)/$(1): $(call command_objects,$(1)) $$($(1)_objects) $(u)/libqkdnf.a
	@mkdir -p $$(@D)
	@echo "  LD      $$@"
	@$(CC) $(CFLAGS) $$(user_ldflags) -o $$@ $$(filter %.o,$$^) $(u)/libqkdnf.a \
		$$(user_libs) $$($(1)_libs)
endef
$(foreach c,$(commands),$(eval $(call command_rule,$c)))

-include $(shell find $(u)/obj -name '*.d' 2>/dev/null)

.PHONY: FORCE
FORCE:

# --- install --------------------------------------------------------------------

PREFIX ?= /usr/local
man_pages := $(wildcard docs/man/*.[1-8])

.PHONY: install install-userspace
install: install-userspace
ifeq ($(kernels),)
	@$(MAKE) modules_install KDIR="$(KDIR)"
else
	@echo "install: no headers of the running kernel, so no modules; say KDIR=DIR" >&2
endif

install-userspace: userspace
	install -d "$(DESTDIR)$(PREFIX)/sbin"
	$(if $(commands),install -m 755 $(addprefix $(u)/,$(commands)) "$(DESTDIR)$(PREFIX)/sbin")
	$(foreach m,$(man_pages),install -D -m 644 $m \
		"$(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $m))/$(notdir $m)" &&) :
	install -d "$(DESTDIR)$(PREFIX)/lib/systemd/system" "$(DESTDIR)$(PREFIX)/lib/sysusers.d"
	sed 's,@SBINDIR@,$(PREFIX)/sbin,' dist/systemd/qkdnfd.service.in \
		>"$(DESTDIR)$(PREFIX)/lib/systemd/system/qkdnfd.service"
	install -m 644 dist/systemd/qkdnf.sysusers \
		"$(DESTDIR)$(PREFIX)/lib/sysusers.d/qkdnf.conf"
	install -D -m 644 docs/qkdnfd.yaml "$(DESTDIR)$(PREFIX)/share/doc/qkdnf/qkdnfd.yaml"

# --- demo, tests, figures -------------------------------------------------------

.PHONY: demo check bench lint format
demo: modules-6.12 userspace
	@if [ -x tools/demo/run.sh ]; then exec tools/demo/run.sh; \
	else echo "make: error: tools/demo/run.sh is not there" >&2; exit 1; fi

check:
	@tests/run.sh

bench:
	@if [ -x tools/bench/run.sh ]; then exec tools/bench/run.sh; \
	else echo "make: error: tools/bench/run.sh is not there" >&2; exit 1; fi

lint:
	@tools/setup/setup.sh
	@tools/lint/lint.sh

format:
	@tools/lint/lint.sh --format

export K T KEEP

# --- clean ----------------------------------------------------------------------

.PHONY: clean distclean
clean:
	rm -rf $(u) $(b)/check $(b)/vm $(b)/tests $(b)/[0-9]*

distclean:
	rm -rf $(b)
