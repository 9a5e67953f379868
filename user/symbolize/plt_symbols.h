/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of PLT entries, `name@plt`: from the entry's code to its slot of the GOT (or the number that it pushes), to the
 * relocation that fills the slot, to the symbol. The slot of an IFUNC has no symbol but the address of the function
 * that chooses (R_X86_64_IRELATIVE of the psABI): that function's own symbol has the name. x86-64 only; the file is
 * hostile: sections are read with pread by what is asked for, every size checked, relocations streamed once.
 */
#ifndef PROFOUND_PLT_SYMBOLS_H
#define PROFOUND_PLT_SYMBOLS_H

#include "object/elf.h"
#include "symbolize/batch.h"

/*
 * Names those items of a sorted batch (virtual addresses) that have no name. Items of IFUNC entries get none yet: their
 * addresses are added to `chosen`, an empty batch, as those of the choosing functions, with `frame` the item's index.
 * 0; -EIO; -ENOMEM.
 */
int plt_symbols_resolve(const struct elf *elf, struct batch *batch, struct batch *chosen);

/* Names the item "NAME@plt". 0 or -ENOMEM. */
int plt_symbols_set(struct batch_item *item, uint64_t start, const char *name, size_t len);

#endif
