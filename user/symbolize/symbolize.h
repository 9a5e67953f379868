/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives every frame of a profile its names, on the way out: groups frames by file, process and kernel, and asks
 * each source once. A frame that no source can name gets a printable stand-in (CLI.md, "Folded lines") and the
 * cause; never the name of something else.
 */
#ifndef PROFOUND_SYMBOLIZE_H
#define PROFOUND_SYMBOLIZE_H

#include <stdbool.h>
#include <stdio.h>

#include "abi.h"
#include "object/object.h"
#include "process/process.h"
#include "profile/profile.h"
#include "symbolize/kernel_symbols.h"
#include "symbolize/namer.h"

struct symbolize_options {
	bool demangle;
	bool debuginfod;      /* ask the servers of DEBUGINFOD_URLS for debug files */
	bool hash_files;      /* an output wants profile_mapping.htlhash, at some 40 us a file */
	bool no_inline;       /* of each frame only the outermost function */
	const struct namer *namer; /* reads files; NULL: namer_here */
	uint64_t *counters;   /* by enum abi_counter: NOTEs are added; NULL: not counted */
	uint64_t until_ns;    /* CLOCK_MONOTONIC: what is left then has no names from files; 0: there is time */
	FILE *kallsyms;       /* read from its beginning if there is a kernel frame; NULL: it cannot be read */
};

/*
 * Every frame gets one line: valid UTF-8 without control characters, of at most TEXT_MAX bytes (base/text.h), and
 * profile->names[frame] says whether it is a name and, if not, why, what kind of code it is and where it belongs. `processes` are asked for the jitdumps
 * and perf-maps of FRAME_ANON, `kernel` may be NULL. 0 or -ENOMEM. A source that cannot be read costs its names, never the profile.
 */
int symbolize_profile(struct profile *profile, const struct objects *objects,
	const struct processes *processes, const struct kernel_symbols *kernel,
	const struct symbolize_options *options);

/* What people see of the file of a frame without a name: basename (as text_clean() leaves it), "[kernel]", "[jit]"
 * (executable memory without a file is code made at run time), "[unknown]". Good as long as the objects. */
const char *symbolize_file_of(const struct objects *objects, const struct frame *frame);

#endif
