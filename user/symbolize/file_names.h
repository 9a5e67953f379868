/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of code in a file, from all that the file and its debug files know: the one list of sources, best first. */
#ifndef PROFOUND_FILE_NAMES_H
#define PROFOUND_FILE_NAMES_H

#include "symbolize/namer.h"

/*
 * Names a sorted batch of ELF virtual addresses of files->mapped. *lines (may be NULL) is what namer->lines() returned;
 * -ENODATA where it was not asked. 0 (also when some found no name); -ENOEXEC no ELF file that we read; -EIO; -EPIPE
 * (namer.h: what has no name may have one); -ENOMEM.
 */
int file_names_resolve(const struct dwarf_files *files, const struct namer *namer, struct batch *batch, int *lines);

/* Go's own table alone, which knows its functions best. 0; -ENODATA: it is no program of Go's; -ENOEXEC; -EIO; -ENOMEM. */
int file_names_go(int fd, struct batch *batch);

#endif
