/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of code in a file, from all that the file and its debug files know: the one list of sources, best first. */
#ifndef PROFOUND_FILE_NAMES_H
#define PROFOUND_FILE_NAMES_H

#include "symbolize/batch.h"
#include "symbolize/dwarf_worker.h"

/*
 * Names a sorted batch of ELF virtual addresses of files->mapped. `worker` NULL: without DWARF. *lines (may be NULL) is
 * what dwarf_worker_lines() returned; -ENODATA where it was not asked. 0 (also when some found no name); -ENOEXEC no
 * ELF file that we read; -EIO; -ENOMEM.
 */
int file_names_resolve(const struct dwarf_files *files, struct dwarf_worker *worker, struct batch *batch, int *lines);

#endif
