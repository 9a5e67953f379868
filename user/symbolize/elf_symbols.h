/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names from symbol tables of ELF files that are about the same code (a file, its separate debug file, ...), as if
 * they were one table: a table that has only a part of the symbols neither hides those of the next, nor do its labels
 * without a size reach over them. The files are hostile: read with pread, every size checked and capped.
 *
 *   - Of symbols that cover an address, one of a better table wins, then the innermost, then global over weak over
 *     local, then the name that people mean (alias.h). Of those that begin at the same place, ones that are the
 *     function of the item's last line come first, if that is known.
 *   - A symbol without a size (assembly) reaches up to whatever comes next in its section; one with a size that
 *     covers the address is better, whatever its table. Where no .symtab could be read, functions that were stripped
 *     may follow it: it is then believed only inside the FDE that begins where it does (fde_range.h).
 *   - `name@@VERSION` of a .symtab is `name`. A compiler's suffix (.cold, .isra.0) stays.
 */
#ifndef PROFOUND_ELF_SYMBOLS_H
#define PROFOUND_ELF_SYMBOLS_H

#include <stdbool.h>

#include "object/elf.h"
#include "symbolize/batch.h"

#define ELF_SYMBOLS_TABLES 4
#define ELF_SYMBOLS_WORK_MAX (32u << 20) /* what symbols and names of one file may cost; beyond it they name nothing */

struct elf_symbols;

/* For a sorted batch whose addresses are *virtual* addresses; it is kept, and must have an item. `work`, kept too,
 * counts up to ELF_SYMBOLS_WORK_MAX: one for all batches of a file. NULL: no memory. */
struct elf_symbols *elf_symbols_new(struct batch *batch, uint32_t *work);
void elf_symbols_free(struct elf_symbols *symbols);

/*
 * Adds the file's table of this type (SHT_SYMTAB, SHT_DYNSYM), best tables first; none, and one that makes no sense, is
 * no error. `elf` is kept until elf_symbols_free(). 0; -EIO; -ENOMEM; -E2BIG with more than ELF_SYMBOLS_TABLES.
 */
int elf_symbols_add(struct elf_symbols *symbols, const struct elf *elf, uint32_t type);

/* Every item has a symbol with a size: further tables have nothing to add. */
bool elf_symbols_whole(const struct elf_symbols *symbols);

/* Names the batch's items that have no name. 0 (also when some found no name) or -ENOMEM. */
int elf_symbols_finish(struct elf_symbols *symbols);

#endif
