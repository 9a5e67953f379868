/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens files that belong to a profiled process, which is hostile: only regular files, never blocking, never
 * following a link out of the process's root, and only the very file that was mapped.
 */
#ifndef PROFOUND_TARGET_FILE_H
#define PROFOUND_TARGET_FILE_H

#include "process/process.h"

/*
 * Opens the file mapped at place->map_start: /proc/PID/map_files first (the exact file, deleted ones too, wherever the
 * process maps it by now; needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE), then its path below the process's root,
 * then below our own, each compared by device and inode as maps shows them (the device from mountinfo by the mount
 * id in our fdinfo; what is mapped and on no listed mount, by what maps says before and after). A file rewritten in
 * place keeps its identity. A descriptor, or -ENOENT (gone), -ESTALE (another file is there by now), -EACCES,
 * -EINVAL (no regular file), -EMFILE.
 */
int target_file_open(const struct process *process, const struct place *place);

/*
 * Opens the place's object, unless it was opened before: later it may be deleted, or its process gone. If this process is
 * gone already, the next one that has it is tried. It learns the file's build
 * id; a file of another than the kernel told of is not taken. Keeps the root of the process, if that is not ours, for
 * debug_file.h, until the object is attached for a process with another root. Objects leave some descriptors to others: beyond that they stay closed, open_error is -EMFILE.
 */
void target_file_attach(const struct process *process, const struct place *place);

/*
 * Opens (or if it is gone, returns a copy of the one kept) /tmp/perf-PID.map of the process, PID as it knows itself,
 * below its root (process->root_fd, or /proc, or our own root if it is gone); only a regular file, no link to one,
 * owned by the process's uid or by root, and not last changed before the process began (-ESTALE). A descriptor, or a negative errno as above.
 */
int target_file_open_perf_map(const struct process *process);

/*
 * Opens, or returns a copy of the one kept, the jitdump that the process mapped: called jit-PID.dump, PID as it knows
 * itself, and owned by its uid or by root. A child that has only inherited its parent's mapping has none: -ENOENT.
 */
int target_file_open_jitdump(const struct process *process);

/* Opens both now and keeps them, if the process has code made at run time and they were not seen yet: they can be
 * asked for when the process, and the file system that they were in, are gone. */
void target_file_keep_jit(struct process *process);

/* N of a path whose last component is jit-N.dump; 0: it is another name. */
uint32_t target_jitdump_pid(const char *path);

#endif
