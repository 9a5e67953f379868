/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A frame: what was sampled (its place, the same for all samples in it), and what became of it: names, the file it is
 * mapped from, what kind of code it is.
 *
 * A frame's address is what to look up: an interrupted PC as it is, a return address less one.
 */
#ifndef PROFOUND_FRAME_H
#define PROFOUND_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* In a profile that was read from a file, owner and address only tell frames apart. */
enum frame_kind {
	FRAME_KERNEL = 1, /* address: kernel virtual */
	FRAME_FILE,       /* owner: object id; address: offset in the file */
	FRAME_ANON,       /* owner: process id; address: virtual: code made at run time */
	FRAME_UNKNOWN,    /* owner: enum abi_counter of class FRAME that says why it has no name; address 0 */
	FRAME_RUNTIME,    /* an interpreter's. owner: id in profile.functions; address: line, 0: not known */
};

struct frame {
	uint32_t kind;
	uint32_t owner;
	uint64_t address;
};

/* What made the code: the values of profile.frame.type (OpenTelemetry semantic conventions 1.37, profile). */
enum frame_type {
	FRAME_TYPE_UNKNOWN,
	FRAME_TYPE_KERNEL,
	FRAME_TYPE_NATIVE,
	FRAME_TYPE_GO,
	FRAME_TYPE_RUST,
	FRAME_TYPE_CPYTHON,
	FRAME_TYPE_JVM,
	FRAME_TYPE_DOTNET,
	FRAME_TYPE_V8JS,
	FRAME_TYPE_RUBY,
	FRAME_TYPE_PHP,
	FRAME_TYPE_PERL,
	FRAME_TYPE_BEAM,
	FRAME_TYPES,
};

/* "kernel"; "" for UNKNOWN. */
const char *frame_type_name(enum frame_type type);
/* UNKNOWN: no such name. */
enum frame_type frame_type_of(const char *name);

/* The names of a frame, innermost inlined function first; `count` is at least 1 once symbolized. */
struct frame_names {
	uint64_t address; /* ELF virtual address, inside the mapping; 0: not known, or the kernel's, which is not shown */
	uint32_t mapping; /* profile_get_mapping(); 0: none */
	uint32_t first;   /* index into profile.lines */
	uint16_t count;
	bool named;      /* false: the one line's text is [file+0x..], [anon], [jit], [kernel] or [unknown] */
	uint8_t why_not; /* enum abi_counter of class FRAME when not named; 0: not known */
	uint8_t type;    /* enum frame_type */
};

/*
 * A part of a file as it is mapped when it is loaded where its ELF header says: memory_start is the virtual address of
 * the segment, so that addresses of all processes are the same. Kernel and code made at run time have a mapping
 * without addresses. Interned by its bytes: no padding. Text ids; that of "": not known.
 */
struct profile_mapping {
	uint64_t start, limit; /* start < limit, or both 0 */
	uint64_t offset;       /* of `start` in the file */
	uint32_t file;         /* path, [kernel.kallsyms], [jit], [vdso] */
	uint32_t gnu_build_id; /* hex digits of the ELF note */
	uint32_t go_build_id;  /* as Go's own tools print it */
	uint32_t htlhash;      /* head, tail and length hashed: process.executable.build_id.htlhash */
};

_Static_assert(sizeof(struct profile_mapping) == 40, "profile_mapping");

struct profile_line {
	uint32_t function;   /* text id */
	uint32_t file;       /* text id of the source file's path; that of "": not known */
	uint32_t line;       /* 0: not known */
	uint32_t first_line; /* where the function begins; 0: not known */
};

struct profile_name { /* what a line is made of */
	const char *function;
	const char *file; /* NULL: not known */
	uint32_t line, first_line;
};

#define MAPPING_KERNEL "[kernel.kallsyms]" /* as perf and pprof call it */
#define MAPPING_JIT "[jit]"

#endif
