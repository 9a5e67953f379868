// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/cpython_loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "object/fde_range.h"

#define CODE_MAX (1U << 20)   /* of the function, and of a part */
#define STARTS_MAX (1U << 19) /* FDEs */
#define PARTS_TRIED 256       /* candidates */

struct starts {
	uint64_t *at; /* ascending */
	size_t count;
};

struct code {
	uint8_t *bytes;
	struct cpython_range range;
};

struct hdr_entry {
	int32_t start, fde;
};

static int code_read(const struct elf *elf, struct cpython_range range, struct code *out)
{
	uint64_t offset, left, size = range.end - range.start;

	if (range.end <= range.start || size > CODE_MAX ||
		elf_offset_of_address(elf, range.start, &offset, &left) || left < size)
		return -ENOENT;
	out->bytes = malloc(size);
	if (!out->bytes)
		return -ENOMEM;
	out->range = range;
	if (!elf_read(elf, offset, out->bytes, size))
		return 0;
	free(out->bytes);
	return -ENOENT;
}

/* Version 1, FDE count as udata4, table as datarel sdata4: what GNU ld, gold, lld and mold write. */
static int starts_read(const struct elf *elf, struct starts *out)
{
	const Elf64_Phdr *header = &elf->eh_frame_hdr;
	struct hdr_entry *entries;
	uint8_t head[12];
	uint32_t count;

	*out = (struct starts){0};
	if (header->p_filesz < sizeof(head) || elf_read(elf, header->p_offset, head, sizeof(head)) ||
		head[0] != 1 || head[2] != 0x03 || head[3] != 0x3b)
		return 0;
	memcpy(&count, head + 8, sizeof(count));
	if (!count || count > STARTS_MAX || (header->p_filesz - sizeof(head)) / sizeof(*entries) < count)
		return 0;
	entries = malloc(count * sizeof(*entries));
	out->at = malloc(count * sizeof(*out->at));
	if (!entries || !out->at) {
		free(entries);
		return -ENOMEM;
	}
	if (!elf_read(elf, header->p_offset + sizeof(head), entries, count * sizeof(*entries)))
		out->count = count;
	for (size_t i = 0; i < out->count; i++)
		out->at[i] = header->p_vaddr + (uint64_t)(int64_t)entries[i].start;
	free(entries);
	return 0;
}

/* From the FDE at or before the address to the next one; behind the last one to the end of its segment. */
static bool range_around(
	const struct elf *elf, const struct starts *starts, uint64_t address, struct cpython_range *out)
{
	uint64_t offset, left;
	size_t low = 0, high = starts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (starts->at[middle] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || elf_offset_of_address(elf, starts->at[low - 1], &offset, &left))
		return false;
	*out = (struct cpython_range){starts->at[low - 1], starts->at[low - 1] + left};
	if (low < starts->count && starts->at[low] < out->end)
		out->end = starts->at[low];
	return out->start < out->end;
}

static bool inside(struct cpython_range range, uint64_t address)
{
	return address >= range.start && address < range.end;
}

/* The target of a direct jump (or a call) that the bytes at i may be. */
static bool branch_at(const struct code *code, uint64_t i, bool *is_call, uint64_t *target)
{
	uint64_t size = code->range.end - code->range.start, at;
	const uint8_t *bytes = code->bytes + i;
	int32_t relative;

	if (i + 5 <= size && (bytes[0] == 0xe9 || bytes[0] == 0xe8))
		at = 1;
	else if (i + 6 <= size && bytes[0] == 0x0f && (bytes[1] & 0xf0) == 0x80)
		at = 2;
	else
		return false;
	memcpy(&relative, bytes + at, sizeof(relative));
	*is_call = bytes[0] == 0xe8;
	*target = code->range.start + i + at + 4 + (uint64_t)(int64_t)relative;
	return true;
}

/* Does it jump into the middle of the function? Another function can only jump to its start. */
static bool jumps_back(const struct elf *elf, struct cpython_range part, struct cpython_range whole)
{
	uint64_t target;
	struct code code;
	bool is_call, found = false;

	if (code_read(elf, part, &code))
		return false;
	for (uint64_t i = 0; i < part.end - part.start && !found; i++)
		found = branch_at(&code, i, &is_call, &target) && !is_call &&
			inside(whole, target) && target != whole.start;
	free(code.bytes);
	return found;
}

static int by_start(const void *left, const void *right)
{
	const struct cpython_range *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

struct search {
	const struct elf *elf;
	struct starts starts;
	struct cpython_range *parts;
	int n;
	struct cpython_range tried[PARTS_TRIED];
	uint32_t n_tried;
};

static bool was_tried(const struct search *search, uint64_t address)
{
	for (uint32_t i = 0; i < search->n_tried; i++)
		if (inside(search->tried[i], address))
			return true;
	return false;
}

static void try_target(struct search *search, uint64_t target, struct cpython_range whole)
{
	struct cpython_range part;

	if (search->n == CPYTHON_LOOPS || search->n_tried == PARTS_TRIED || was_tried(search, target) ||
		!range_around(search->elf, &search->starts, target, &part) || inside(part, whole.start))
		return;
	search->tried[search->n_tried++] = part;
	if (jumps_back(search->elf, part, whole))
		search->parts[search->n++] = part;
}

/* From FDE to FDE is too much where some code has none. */
static int cut_ends(const struct elf *elf, struct cpython_range *parts, int n)
{
	struct fde_range ends[CPYTHON_LOOPS];
	int err;

	qsort(parts, (size_t)n, sizeof(*parts), by_start);
	for (int i = 0; i < n; i++)
		ends[i] = (struct fde_range){parts[i].start, 0};
	err = n ? fde_range_find(elf, ends, (size_t)n) : 0;
	for (int i = 0; i < n && !err; i++)
		if (ends[i].end && ends[i].end < parts[i].end)
			parts[i].end = ends[i].end;
	return err;
}

int cpython_loop_parts(const struct elf *elf, struct cpython_range whole, struct cpython_range *parts)
{
	struct search search = {.elf = elf, .parts = parts};
	uint64_t target;
	struct code code;
	bool is_call;
	int err = code_read(elf, whole, &code);

	if (err)
		return err == -ENOMEM ? err : 0;
	err = starts_read(elf, &search.starts);
	for (uint64_t i = 0; i < whole.end - whole.start && !err; i++)
		if (branch_at(&code, i, &is_call, &target) && !is_call && !inside(whole, target))
			try_target(&search, target, whole);
	free(search.starts.at);
	free(code.bytes);
	if (!err)
		err = cut_ends(elf, parts, search.n);
	return err ? err : search.n;
}
