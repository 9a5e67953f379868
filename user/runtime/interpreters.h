/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which mapped files are interpreters, and what the kernel side is told of them (abi_runtime.h): builds, programs that
 * run them, processes where the program does not tell. A file is examined once: the program of a process that is met,
 * libraries that are called like one's then, too, and all others when a sample falls into them.
 */
#ifndef PROFOUND_INTERPRETERS_H
#define PROFOUND_INTERPRETERS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "process/process.h"
#include "runtime/code_record.h"
#include "runtime/cpython_lines.h"
#include "runtime/weave.h"

struct interpreters;

/* What is shared with the kernel side; borrowed, zeroed. epoch: set to another value after each publication. */
struct interpreters_shared {
	struct abi_cpython *builds; /* ABI_CPYTHONS */
	struct abi_program *programs; /* ABI_PROGRAMS */
	struct abi_host *hosts; /* ABI_HOSTS */
	uint32_t *epoch;
};

struct interpreters *interpreters_new(const struct interpreters_shared *shared);
void interpreters_free(struct interpreters *interpreters);

/* What another one knows, whose kernel side is another too; `interpreters` knows nothing yet. */
void interpreters_inherit(struct interpreters *interpreters, const struct interpreters *from);

/* Is the notice's program known, as one that runs an interpreter or as one that runs none? */
bool interpreters_know(const struct interpreters *interpreters, const struct abi_notice *notice);

/*
 * A process was met (NOTICE_PROCESS), and its maps were read: examines its program, and publishes what it runs. `exe` is
 * the program's path, NULL: not known. True: it runs an interpreter that is not mapped yet; call again soon.
 */
bool interpreters_meet(struct interpreters *interpreters, const struct process *process, const char *exe,
	const struct abi_notice *notice);

struct interpreter_code {
	uint8_t kind;     /* enum weave_kind */
	bool unsupported; /* of an interpreter whose version or build is not known */
	bool tail_calls;  /* WEAVE_LOOP: the frame that it called, of the same file, is part of it */
};

/* What code a sample of the process fell into; the place's object was attached. Examines the object if nobody has, and
 * publishes the process if `entry` was taken without its interpreter known. */
struct interpreter_code interpreters_code(struct interpreters *interpreters, const struct process *process,
	const struct abi_entry *entry, const struct place *place);

/* What the kernel side could not read of a code object, by the file of its build: code_record_complete(), or what elf_init()
 * says. */
int interpreters_complete(const struct interpreters *interpreters, const struct abi_code *unread, size_t size,
	struct code_record *record);
/* Of a build's line tables. */
enum cpython_lines_kind interpreters_lines(const struct interpreters *interpreters, uint32_t build);

/* Forgets the processes that `keep` is false for. */
void interpreters_prune(struct interpreters *interpreters,
	bool (*keep)(void *context, uint32_t tgid, uint64_t start_ns), void *context);

/* What was not published because there was no room. */
uint64_t interpreters_no_room(const struct interpreters *interpreters);

#endif
