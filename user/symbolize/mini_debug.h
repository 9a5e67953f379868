/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .gnu_debugdata ("MiniDebugInfo", gdb 13 manual 22.4): an xz-compressed ELF file inside of a stripped one, whose
 * .symtab has the functions that .dynsym lacks. Both are hostile: what is compressed, what comes out and what the
 * decoder may use are capped.
 */
#ifndef PROFOUND_MINI_DEBUG_H
#define PROFOUND_MINI_DEBUG_H

#include "object/elf.h"

#define MINI_DEBUG_IN_MAX (16u << 20)
#define MINI_DEBUG_OUT_MAX (64u << 20)
#define MINI_DEBUG_WORK_MAX (24u << 20) /* of the decoder; what xz -6 packs, as find-debuginfo.sh does, takes 9 MiB */

/* A memfd with the inner file, to be closed; -ENOENT: there is none; -EILSEQ: no xz data; -E2BIG; -EIO; -ENOMEM. */
int mini_debug_open(const struct elf *elf);

#endif
