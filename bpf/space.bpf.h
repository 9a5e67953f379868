/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the code at an address (abi_unwind.h): the process's published space, the mapping in it, the row in
 * the file's pages. Without a helper call in any search.
 */
#ifndef PROFOUND_SPACE_BPF_H
#define PROFOUND_SPACE_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"
#include "step_rows.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ABI_SPACE_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} spaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ABI_RULES);
	__type(key, __u32);
	__type(value, struct abi_rule);
} rules SEC(".maps");

/* Of a fixed size, so that the look-ups in it are inlined. */
struct row_chunk {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ABI_CHUNK_PAGES);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, ABI_ROWS * sizeof(struct abi_row));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, ABI_CHUNKS);
	__uint(key_size, sizeof(__u32));
	__array(values, struct row_chunk);
} row_chunks SEC(".maps");

/* What was found lately, by address, direct mapped. */
#define FOUND 1024

struct found {
	__u64 address;
	__u32 version; /* of the space */
	__u32 code;
	__u64 file; /* walk.file */
};

struct found_table {
	struct found found[FOUND];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct found_table);
} found SEC(".maps");

/* What is known of an address: one of these, or CODE_RULE + rule id. */
enum code {
	CODE_UNKNOWN, /* userspace may know */
	CODE_NOTHING, /* no code at all */
	CODE_BARE,    /* no rule */
	CODE_RULE,
};

inline_always bool same_process(const struct walk *walk, const struct abi_space *space)
{
	return space->start_ns == walk->start_ns && space->tgid == walk->tgid &&
	       space->exec == walk->exec;
}

/* The low half of mm_state counts the executable pages. */
inline_always bool code_changed(const struct walk *walk, const struct abi_space *space)
{
	return (__u32)(space->mm_state ^ walk->mm_state);
}

/* Is an address outside of the space's mappings no code? */
inline_always bool has_all_code(const struct walk *walk, const struct abi_space *space)
{
	return space->flags & SPACE_COMPLETE && !code_changed(walk, space);
}

/* The space of the walk's process into the walk; false: none is published, or not that of now. */
inline_always bool space_find(struct walk *walk)
{
	__u64 hash = space_hash(walk->start_ns, walk->tgid, walk->exec);
	__u32 zero = 0;
	const char *words = bpf_map_lookup_elem(&arena, &zero);

	if (!words)
		return false;
	for (__u32 probe = 0; probe < ABI_SPACE_PROBES; probe++) {
		__u32 position = ((__u32)hash + probe) & (ABI_SPACE_SLOTS - 1);
		const volatile __u64 *slot = bpf_map_lookup_elem(&spaces, &position);
		const struct abi_space *space;
		__u64 word = slot ? *slot : 0;

		if (word >> 32 != hash >> 32)
			continue;
		space = arena_at(words, (__u32)word);
		if (!same_process(walk, space))
			continue;
		walk->space = (__u32)word;
		walk->version = space->version;
		return !code_changed(walk, space) || space->flags & SPACE_LOOSE;
	}
	return false;
}

/* The index of the last start at or below the address, or 0. As rows_search(), with a size that is not constant. */
inline_always __u32 map_search(
	const char *words, const struct abi_space *space, __u32 starts, __u64 address)
{
	__u64 at = 0, step = space->size / 2;

#pragma clang loop unroll(full)
	for (int i = 0; i < ABI_SPACE_STEPS; i++) {
		const __u64 *start = arena_at(words, starts + at + step);
		__u64 above = (address - *start) >> 63;

		at += step * (1 - above);
		step /= 2;
	}
	return at;
}

/* The mapping of an address into walk->map. */
inline_always enum code map_find(struct walk *walk, const char *words, __u64 address)
{
	const struct abi_space *space = arena_at(words, walk->space);
	__u32 starts = walk->space + sizeof(*space) / 8, index;
	const struct abi_map *map;

	if (address >= walk->map.start && address < walk->map.end)
		return CODE_RULE;
	index = map_search(words, space, starts, address);
	map = arena_at(words, starts + space->size + index * (sizeof(*map) / 8));
	if (address >= map->start && address < map->end) {
		walk->map = *map;
		return CODE_RULE;
	}
	/* The upper half is the kernel's: the vsyscall page. */
	return has_all_code(walk, space) && !(address >> 63) ? CODE_NOTHING : CODE_UNKNOWN;
}

/* The page in which an address of a file is: the first of its block's, or one of the next. */
inline_always struct abi_page page_find(
	const char *words, const struct abi_map *map, __u32 block, __u32 address)
{
	const __u32 *pair = arena_at(words, map->blocks + block / 2);
	__u32 place = map->pages + pair[block & 1];
	struct abi_page page = *(const struct abi_page *)arena_at(words, place);

	for (int i = 0; i < ABI_BLOCK_PAGES; i++) {
		const struct abi_page *next = arena_at(words, ++place);

		if (next->base > address)
			break;
		page = *next;
	}
	return page;
}

inline_always __u32 row_find(const struct walk *walk, const char *words, __u64 address)
{
	__u64 from_base = address + walk->map.bias;
	__u32 chunk, index;
	struct abi_page page;
	struct abi_row *rows;
	void *inner;

	if (from_base >> ABI_BLOCK_SHIFT >= walk->map.n_blocks)
		return CODE_RULE + CFA_NONE;
	page = page_find(words, &walk->map, from_base >> ABI_BLOCK_SHIFT, from_base);
	chunk = page.number / ABI_CHUNK_PAGES;
	index = page.number % ABI_CHUNK_PAGES;
	inner = bpf_map_lookup_elem(&row_chunks, &chunk);
	if (!inner)
		return CODE_UNKNOWN;
	rows = bpf_map_lookup_elem(inner, &index);
	if (!rows)
		return CODE_UNKNOWN;
	return CODE_RULE + rows[rows_search(rows, rows_offset(from_base - page.base))].rule;
}

/* Functions of their own to the verifier, which looks at each once and not wherever it is called. */
#define ONCE __attribute__((noinline))

ONCE int code_search(__u64 address)
{
	__u32 zero = 0, code;
	const char *words = bpf_map_lookup_elem(&arena, &zero);
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);

	if (!words || !walk)
		return CODE_UNKNOWN;
	code = map_find(walk, words, address);
	if (code != CODE_RULE)
		return code;
	if (walk->map.kind == MAP_BARE)
		return CODE_BARE;
	return walk->map.kind == MAP_TABLE ? row_find(walk, words, address) : CODE_UNKNOWN;
}

/* What is at an address: CODE_RULE + the rule's id, or what else enum code has. */
inline_always __u32 code_find(struct walk *walk, __u64 address)
{
	__u32 zero = 0, code, at = mix(address, walk->version, MIX_A) >> 32;
	struct found_table *table = bpf_map_lookup_elem(&found, &zero);
	struct found *known;

	if (!table)
		return CODE_UNKNOWN;
	/* Or clang masks before mix()'s last step, after which 6.1's verifier does not know the bounds any more. */
	__asm__ volatile("" : "+r"(at));
	known = &table->found[at & (FOUND - 1)];
	if (known->address == address && known->version == walk->version) {
		walk->file = known->file;
		return known->code;
	}
	code = code_search(address);
	walk->file = walk->map.pages;
	if (code < CODE_BARE)
		return code;
	known->address = address;
	known->version = walk->version;
	known->code = code;
	known->file = walk->file;
	return code;
}

#endif
