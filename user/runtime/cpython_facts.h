/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file tells of the CPython that is in it: its version, where its state and its frames are, where its loop is.
 * Read from the file alone, by descriptor: the symbols that every build exports (.dynsym), .symtab if it has one,
 * _Py_DebugOffsets (3.13 and later; Include/internal/pycore_debug_offsets.h), code. Offsets before 3.13 are in a table
 * by version. The file is hostile.
 */
#ifndef PROFOUND_CPYTHON_FACTS_H
#define PROFOUND_CPYTHON_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "runtime/cpython_lines.h"
#include "runtime/cpython_loop.h"

struct cpython_facts {
	struct abi_cpython abi;
	enum cpython_lines_kind lines;
	char version[32]; /* as Py_GetVersion() begins: "3.11.2"; "" if it could not be told */
	/* The interpreter's loop, _PyEval_EvalFrameDefault(), in all its parts: offsets in the file. The first is its start. */
	struct cpython_range loop[1 + CPYTHON_LOOPS];
	uint32_t n_loops;
	/* The loop calls code of its own, a function an instruction, which tail-call one another (3.14 and later, gcc 15,
	 * clang 19: --with-tail-call-interp): the native frame that it called is part of it. */
	bool tail_calls;
};

/*
 * 0; -ENOENT: there is no CPython in it; -ENOTSUP: there is, and this version or build is not known: version and loop
 * are filled as far as they could be told, nothing else; -EIO, -ENOEXEC, -ENOMEM. On all failures but -ENOTSUP *out is
 * unchanged.
 */
int cpython_facts_read(struct cpython_facts *out, int fd);

#endif
