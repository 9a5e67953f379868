/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Root directories of processes, which are hostile, and files below them: only regular files, of no file
 * system that the kernel makes up (/proc, /sys and the like), never following a link out of the root, no link of /proc,
 * never waiting for a FIFO. Descriptors of roots are O_PATH and the caller's.
 */
#ifndef PROFOUND_ROOT_DIR_H
#define PROFOUND_ROOT_DIR_H

#include <stdbool.h>
#include <stdint.h>

/* "/", "/proc/PID/root". A descriptor or a negative errno. */
int root_dir_open(const char *path);
int root_dir_of_pid(uint32_t pid);

/* The same directory, in the same mount (so of the same mount namespace), is our own root. */
bool root_dir_is_ours(int root);
/* Two roots are the same one, in that sense. */
bool root_dir_is_same(int root, int other);

/*
 * Opens `path` as a process whose root this is would. A descriptor for reading, or -ENOENT, -EACCES, -EINVAL (no regular
 * file), -EMFILE, ...
 */
int root_dir_open_file(int root, const char *path);
/* The same for what a file only names: not on FUSE, whose server is anybody. What is mapped may be: fuse-overlayfs. */
int root_dir_open_extra(int root, const char *path);
/* The same, and the file is at the path itself: a link is -EINVAL. */
int root_dir_open_own(int root, const char *path);

/* Opens for reading what an O_PATH descriptor names, if it is a regular file; closes `at`. */
int root_dir_open_regular(int at);

#endif
