/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The separate debug file of a target's file, and the files that debug information names: found as gdb finds them (gdb
 * 13 manual, 18.3), but opened as targets' files are (root_dir.h): below our own /usr/lib/debug, then below the root of
 * the processes that mapped the file, if that is one; elsewhere below our own root only for a process that has it too. Nothing is opened
 * on FUSE. All are whoever's who runs there, so a debug file is used only if it proves to be that of the very file.
 */
#ifndef PROFOUND_DEBUG_FILE_H
#define PROFOUND_DEBUG_FILE_H

#include "object/elf.h"
#include "object/object.h"
#include "process/debuginfod.h"

#define DEBUG_FILE_CHECKSUMS (4ull << 30) /* of one run */

/*
 * By build id, /usr/lib/debug/.build-id/xx/rest.debug; by .gnu_debuglink, beside the file, in .debug/ there, and below
 * /usr/lib/debug in the file's directory; last from `servers` (NULL: nobody is asked). It has the build id of `elf`, the
 * opened object->fd; where one of both has none, .gnu_debuglink's checksum, which
 * takes the file's size from *checksum_left (bytes; begin with DEBUG_FILE_CHECKSUMS): without enough it is not proven. A descriptor, or -ENOENT; -EMFILE; -ENOMEM.
 */
int debug_file_open(const struct object *object, const struct elf *elf, struct debuginfod *servers,
	uint64_t *checksum_left);

/*
 * A file that debug information names (.gnu_debugaltlink of dwz, a .dwo). A path that is not absolute is one from the
 * directory of `debug_fd`, the file that names it. What it is, is for the caller to check. A descriptor or a negative
 * errno.
 */
int debug_file_open_named(const struct object *object, int debug_fd, const char *path);

/* The same as a callback of somebody who knows nothing of objects. */
struct debug_file_namer {
	const struct object *object; /* NULL: nothing is opened */
	int debug_fd;
};

int debug_file_open_for(void *namer, const char *path);

#endif
