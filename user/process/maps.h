/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of /proc/PID/maps (Documentation/filesystems/proc.rst, show_map_vma() in fs/proc/task_mmu.c), parsed
 * line by line. Pure: the text may be hostile. Only what is executable is of interest.
 */
#ifndef PROFOUND_MAPS_H
#define PROFOUND_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAPS_PATH 4096

enum maps_kind { MAPS_FILE, MAPS_ANON, MAPS_VDSO, MAPS_VSYSCALL };

struct maps_line {
	uint64_t start, end, offset, inode;
	uint32_t major, minor;
	bool executable, deleted;
	enum maps_kind kind;
	char path[MAPS_PATH]; /* " (deleted)" cut off, \012 decoded; "" when there is none */
};

/* Parses one line without its newline. 0, or -EBADMSG and *line is undefined. */
int maps_parse(const char *text, size_t len, struct maps_line *line);

/*
 * What a mapping is by its name and inode, as maps and PERF_RECORD_MMAP2 show them; cuts " (deleted)" off `path`.
 * Shared anonymous memory (/dev/zero, /SYSV), .NET's double mapping of its JIT code and every [name] but the vDSO
 * are anonymous: they hold code made at run time.
 */
enum maps_kind maps_classify(char *path, uint64_t inode, bool *deleted);

#endif
