# SPDX-License-Identifier: GPL-2.0-or-later
test_emu_schedule_sources := $(top)/kernel/emu/schedule.c
test_emu_schedule_cflags := -Iinclude/emu -iquote $(top)/kernel/emu
