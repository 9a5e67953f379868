/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names from everything that knows symbols of one ELF file, best first and merged: its .symtab, that of its separate
 * debug file, that of .gnu_debugdata, .dynsym (all as elf_symbols.h says), PLT entries (plt_symbols.h). A source is
 * asked only while there is an address without a name. Files are hostile.
 */
#ifndef PROFOUND_FILE_SYMBOLS_H
#define PROFOUND_FILE_SYMBOLS_H

#include "symbolize/batch.h"

/*
 * Names what has no name of a sorted batch whose addresses are *virtual* addresses of the file `fd`; lines that an item
 * has say which of several functions of the same code it is. `debug_fd` is its separate debug
 * file, whose being that is the caller's matter; -1: none. Neither is closed. 0 (also when some found no name);
 * -ENOEXEC `fd` is no ELF file that we read; -EIO it cannot be read; -ENOMEM. Where a source is broken, the others
 * still name.
 */
int file_symbols_resolve(int fd, int debug_fd, struct batch *batch);

#endif
