/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names from an ELF file's .symtab and .dynsym, by file offset. The file is hostile: read with pread, every size
 * checked and capped, no state kept.
 */
#ifndef PROFOUND_ELF_SYMBOLS_H
#define PROFOUND_ELF_SYMBOLS_H

#include "symbolize/batch.h"

/*
 * Names a sorted batch whose addresses are *virtual* addresses of the file. 0 (also when some found no name);
 * -ENOEXEC no ELF file that we read; -EIO; -ENOMEM.
 */
int elf_symbols_resolve(int fd, struct batch *batch);

#endif
