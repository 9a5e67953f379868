// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/file_names.h"

#include <errno.h>
#include <stddef.h>

#include "symbolize/file_symbols.h"

int file_names_resolve(const struct dwarf_files *files, struct dwarf_worker *worker, struct batch *batch, int *lines)
{
	int err = file_symbols_resolve(files->mapped, files->debug, batch), got = -ENODATA;

	if (!err && worker)
		got = dwarf_worker_lines(worker, files, batch);
	if (lines)
		*lines = got;
	return got == -ENOMEM ? got : err;
}
