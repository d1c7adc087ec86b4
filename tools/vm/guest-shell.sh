#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tools/vm/shell.sh runs in the guest.

echo "Guest $(uname -r); the modules are in $QKDNF_TOP/build/$(uname -r)/."
echo "'. tests/kselftest/lib.sh; need_module qkdnf' loads one. exit powers off."
exec bash -i
