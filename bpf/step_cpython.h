/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPython's threads and frames, step by step: pure, for the kernel and the host alike (step.h), by the offsets of a build
 * (struct abi_cpython). Whoever includes it defines, beside mem_read(),
 *
 *     static int mem_word(struct step_memory *memory, __u64 address, __u64 *value);
 *     static int mem_block(struct step_memory *memory, __u64 address);
 *     static __u64 mem_block_word(struct step_memory *memory, __u32 offset);
 *
 * the first reads 8 bytes at any address, where nothing else is read nearby; the second reads ABI_CODE_BLOCK bytes at an
 * 8-aligned address into a buffer of the memory's, 0 or negative; the third gives the 8 bytes of it at an offset that is 8-aligned and below ABI_CODE_BLOCK once it is masked.
 *
 * Memory is hostile: nothing that is read is an index or a size, every step reads a bounded number of words, and who
 * steps bounds the steps. Facts: Include/cpython/pystate.h, Include/internal/pycore_interp.h, pycore_frame.h,
 * pycore_runtime.h and Include/frameobject.h of CPython 3.6 to 3.15.
 */
#ifndef PROFOUND_STEP_CPYTHON_H
#define PROFOUND_STEP_CPYTHON_H

#include "step.h"

#define CPYTHON_NO_MEMBER 0xffff

#ifndef inline_always
#define inline_always static inline __attribute__((always_inline))
#endif

/* 4 or 1 bytes of a word that need not be 8-aligned. */
inline_always int cpython_read(
	struct step_memory *memory, __u64 address, const __u32 size, __u64 *value)
{
	__u64 word;

	if (mem_read(memory, address & ~7ULL, &word))
		return -1;
	word >>= (address & 7) * 8;
	*value = size == 8 ? word : word & ((1ULL << size * 8) - 1);
	return 0;
}

/* STEP_OK: there is more; STEP_END; COUNTER_runtime_unreadable. */
inline_always int cpython_search_step(struct cpython_search *search,
	const struct abi_cpython *build, struct step_memory *memory)
{
	__u64 interp = search->interp, thread = search->thread, id, n;

	if (!thread) {
		if (!interp || search->n >= CPYTHON_THREADS)
			return STEP_END;
		if (mem_word(memory, interp + build->interp_threads, &thread) ||
			mem_word(memory, interp + build->interp_next, &interp))
			return COUNTER_runtime_unreadable;
		search->thread = thread;
		search->interp = interp;
		return STEP_OK;
	}
	if (mem_word(memory, thread + build->thread_id, &id))
		return COUNTER_runtime_unreadable;
	search->seen++;
	n = search->n;
	if (id == search->id && n < CPYTHON_THREADS) {
		search->found[n & (CPYTHON_THREADS - 1)] = thread;
		search->n = n + 1;
	}
	if (mem_word(memory, thread + build->thread_next, &thread))
		return COUNTER_runtime_unreadable;
	search->thread = thread;
	return STEP_OK;
}

/* The innermost frame of a thread state; 0: it runs none. 0 or negative. */
inline_always int cpython_first_frame(__u64 thread, const struct abi_cpython *build,
	struct step_memory *memory, __u64 *frame)
{
	__u64 address = thread + build->thread_frame, value;

	if (mem_word(memory, address, &value))
		return -1;
	if (build->frames == CPYTHON_CFRAME && value &&
		mem_word(memory, value + build->cframe_current, &value))
		return -1;
	*frame = value;
	return 0;
}

/* What tells a code object from a later one at the same address. */
inline_always __u32 cpython_check(__u32 first_line, __u64 file, __u64 name, __u64 lines)
{
	__u64 hash = (file ^ 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL;

	hash = (hash ^ hash >> 29 ^ name) * 0xc4ceb9fe1a85ec53ULL;
	hash = (hash ^ hash >> 29 ^ lines) * 0xff51afd7ed558ccdULL;
	hash = (hash ^ hash >> 29 ^ first_line) * 0xc4ceb9fe1a85ec53ULL;
	return hash >> 32;
}

/* What of a code object is read with each of its frames. */
struct cpython_code_head {
	__u64 file, name, qualname, lines; /* addresses; qualname 0: there is none */
	__u32 first_line;
	__u32 check;
};

inline_always int cpython_code_head(__u64 code, const struct abi_cpython *build,
	struct step_memory *memory, struct cpython_code_head *out)
{
	__u64 line;

	if (mem_block(memory, code + build->code_block))
		return -1;
	line = mem_block_word(memory, build->code_first_line & ~7U);
	out->first_line = line >> (build->code_first_line & 4) * 8;
	out->file = mem_block_word(memory, build->code_file);
	out->name = mem_block_word(memory, build->code_name);
	out->qualname = build->code_qualname == 0xff ? 0 : mem_block_word(memory, build->code_qualname);
	out->lines = mem_block_word(memory, build->code_lines);
	out->check = cpython_check(out->first_line, out->file, out->name, out->lines);
	return 0;
}

/* A frame as it lies in memory. */
struct cpython_raw {
	__u64 back;
	__u64 code;
	__u64 at; /* f_lasti, sign-extended; or a pointer */
	__u64 owner;
	__u64 tlbc;
};

/* PyFrameObject: one block. */
inline_always int cpython_frame_object(__u64 frame, const struct abi_cpython *build,
	struct step_memory *memory, struct cpython_raw *out)
{
	__u64 word;

	if (mem_block(memory, frame))
		return -1;
	out->back = mem_block_word(memory, build->frame_back);
	out->code = mem_block_word(memory, build->frame_code);
	word = mem_block_word(memory, build->frame_at & ~7U);
	out->at = (__s64)(__s32)(word >> (build->frame_at & 4) * 8);
	out->owner = 0;
	out->tlbc = 0;
	return 0;
}

/* _PyInterpreterFrame: they lie one behind the other. */
inline_always int cpython_interpreter_frame(__u64 frame, const struct abi_cpython *build,
	struct step_memory *memory, struct cpython_raw *out)
{
	if (cpython_read(memory, frame + build->frame_owner, 1, &out->owner) ||
		cpython_read(memory, frame + build->frame_back, 8, &out->back) ||
		cpython_read(memory, frame + build->frame_code, 8, &out->code) ||
		cpython_read(memory, frame + build->frame_at, 8, &out->at))
		return -1;
	out->code &= ~(__u64)build->tagged;
	out->tlbc = 0;
	if (build->frame_tlbc == CPYTHON_NO_MEMBER)
		return 0;
	return cpython_read(memory, frame + build->frame_tlbc, 4, &out->tlbc);
}

/* Where the bytecode begins that the frame runs. */
inline_always int cpython_bytecode(const struct cpython_raw *raw, const struct abi_cpython *build,
	struct step_memory *memory, __u64 *start)
{
	__u64 copies;

	*start = raw->code + build->code_bytes;
	if (!raw->tlbc || build->code_tlbc == CPYTHON_NO_MEMBER)
		return 0;
	if (raw->tlbc >= 1 << 16 || cpython_read(memory, raw->code + build->code_tlbc, 8, &copies))
		return -1;
	return cpython_read(memory, copies + 8 + raw->tlbc * 8, 8, start);
}

/* abi_runtime_frame.at */
inline_always __u32 cpython_at(const struct cpython_raw *raw, const struct abi_cpython *build,
	struct step_memory *memory)
{
	__u64 start = 0, at;

	if (build->frames == CPYTHON_FRAME_OBJECTS)
		at = (__s64)raw->at < 0 ? ABI_RUNTIME_AT_UNKNOWN : raw->at * build->at_unit;
	else if (cpython_bytecode(raw, build, memory, &start))
		return ABI_RUNTIME_AT_UNKNOWN;
	else
		at = raw->at - start;
	return at >> 30 ? ABI_RUNTIME_AT_UNKNOWN : at;
}

inline_always int cpython_ends_group(const struct cpython_raw *raw, const struct abi_cpython *build)
{
	return build->frames == CPYTHON_FRAME_OBJECTS || (!build->owner_end && raw->owner);
}

/*
 * One frame, and *frame is its caller's then (0: there is none). *out without an address is no frame, but the end of a group; without
 * anything the end of all: the loop's outermost entry, or what 3.15 has below that (PyThreadState.base_frame).
 * STEP_OK, or COUNTER_runtime_unreadable.
 */
inline_always int cpython_step(__u64 *frame, const struct abi_cpython *build,
	struct step_memory *memory, struct abi_runtime_frame *out, struct cpython_code_head *head)
{
	struct cpython_raw raw;
	__u64 at = *frame;

	if (at & 7)
		return COUNTER_runtime_unreadable;
	if (build->frames == CPYTHON_FRAME_OBJECTS ? cpython_frame_object(at, build, memory, &raw)
						   : cpython_interpreter_frame(at, build, memory, &raw))
		return COUNTER_runtime_unreadable;
	if (raw.owner > build->owner_max || raw.back == at)
		return COUNTER_runtime_unreadable;
	*frame = raw.back;
	out->check = 0;
	out->at = 0;
	out->code = raw.back ? RUNTIME_GROUP_END : 0;
	if (build->owner_end && raw.owner >= build->owner_end)
		return STEP_OK;
	if (raw.code & 7 || raw.code & ~RUNTIME_ADDRESS || !raw.code)
		return COUNTER_runtime_unreadable;
	if (cpython_code_head(raw.code, build, memory, head))
		return COUNTER_runtime_unreadable;
	out->at = cpython_at(&raw, build, memory);
	out->check = head->check;
	out->code = raw.code | (cpython_ends_group(&raw, build) ? RUNTIME_GROUP_END : 0);
	return STEP_OK;
}

#endif
