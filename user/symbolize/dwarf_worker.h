/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inlined functions and source lines of files, read by a child process (dwarf_child.h): libelf maps files that their
 * owner can cut off, and libdw was not made for hostile ones. Descriptors are handed to the child; it opens nothing.
 * It is started for the first file that has DWARF, serves all that come after, and when it dies, hangs or lies, that
 * file's lines are missing, the caller is told, and the next file gets a new one.
 */
#ifndef PROFOUND_DWARF_WORKER_H
#define PROFOUND_DWARF_WORKER_H

#include <stdint.h>

#include "symbolize/batch.h"

#define DWARF_DEADLINE_MS 20000u /* a file */
#define DWARF_TOTAL_MS 60000u    /* a run; after that, or after so many failures, every file fails at once: */
#define DWARF_FAILURES_MAX 64u   /* few enough to be no flood of processes, too many for one container's files to end all */
#define DWARF_OPENS_MAX 65536u   /* files that one file's DWARF may ask for */
#define DWARF_RESULT_MAX (256ull << 20) /* bytes of memory for one file's lines */

struct dwarf_worker_options {
	const char *argument; /* of /proc/self/exe, whose main() calls dwarf_child_main(); NULL: DWARF_CHILD_ARGUMENT */
	uint32_t deadline_ms; /* 0: DWARF_DEADLINE_MS */
	uint32_t total_ms;    /* 0: DWARF_TOTAL_MS */
};

struct dwarf_files { /* descriptors are not owned; -1: none */
	int mapped; /* what the process mapped */
	int debug;  /* its separate debug file */
	/*
	 * Opens a file that only the DWARF names (.dwo, the alternate one of dwz): a descriptor, which the worker closes,
	 * or a negative errno. The path is as hostile as the file: absolute, or relative to the directory of the file that
	 * has .debug_info; the policy is here, and what is no ELF file is handed to nobody. NULL: nothing is opened.
	 */
	int (*open)(void *context, const char *path);
	void *context;
};

struct dwarf_worker;

/* NULL: no memory. Options are copied. */
struct dwarf_worker *dwarf_worker_new(const struct dwarf_worker_options *options);
/* Ends the child. NULL is fine. */
void dwarf_worker_free(struct dwarf_worker *worker);

/* Ends the child, or leaves it after a second if it does not die; the next file would start another one. CPU time of all children that ended. */
void dwarf_worker_stop(struct dwarf_worker *worker);
uint64_t dwarf_worker_cpu_ns(const struct dwarf_worker *worker);

/*
 * Fills the lines of a sorted batch of ELF virtual addresses, where the DWARF has some. An item's last function is the
 * one that DWARF says is there, whatever item->name is.
 *   0; -ENODATA      no debug information: nothing was started, nothing is missing
 *   -ENOENT          lines are right, but a file that the DWARF names was not to be had, or not the one it means
 *   -EBADMSG         lines are right, but some of the DWARF makes no sense
 *   -EPIPE, -ETIMEDOUT, -EPROTO, -E2BIG, -EMFILE, -EIO...  no lines: the child died, hung, lied, could not be started, or
 *                    there was no memory for its answer
 */
int dwarf_worker_lines(struct dwarf_worker *worker, const struct dwarf_files *files, struct batch *batch);

#endif
