// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that looks like CPython and lies: its memory is the input. The first byte is the version. Every read is aligned,
 * every step reads a bounded number of words, every frame's address is one.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cpython_offsets.h"
#include "../unit/step_buffer.h"

static struct {
	unsigned char bytes[ABI_CODE_BLOCK];
} block;

static int mem_word(struct step_memory *memory, __u64 address, __u64 *value)
{
	__u64 from = address - memory->at;

	memory->reads++;
	if (from >= memory->len || memory->len - from < sizeof(*value))
		return -1;
	memcpy(value, memory->bytes + from, sizeof(*value));
	return 0;
}

static int mem_block(struct step_memory *memory, __u64 address)
{
	__u64 from = address - memory->at;

	memory->reads++;
	if (address & 7)
		memory->misaligned = true;
	if (from >= memory->len || memory->len - from < sizeof(block))
		return -1;
	memcpy(block.bytes, memory->bytes + from, sizeof(block));
	return 0;
}

static __u64 mem_block_word(struct step_memory *memory, __u32 offset)
{
	__u64 word;

	(void)memory;
	memcpy(&word, block.bytes + (offset & (ABI_CODE_BLOCK - 8)), sizeof(word));
	return word;
}

#include "step_cpython.h"

#define AT 0x7f0000000000ULL
#define STEPS 256
#define READS_OF_A_STEP 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct step_memory *memory, unsigned before)
{
	if (memory->reads - before > READS_OF_A_STEP)
		abort();
}

static void walk(__u64 thread, const struct abi_cpython *build, struct step_memory *memory)
{
	struct cpython_code_head head;
	struct abi_runtime_frame frame;
	__u64 at;

	if (cpython_first_frame(thread, build, memory, &at))
		return;
	for (unsigned i = 0; i < STEPS && at; i++) {
		unsigned before = memory->reads;
		int stop = cpython_step(&at, build, memory, &frame, &head);

		check(memory, before);
		if (stop && stop != COUNTER_runtime_unreadable)
			abort();
		if (stop)
			return;
		if (frame.code & ~(RUNTIME_ADDRESS | RUNTIME_GROUP_END))
			abort();
		if (frame.at != ABI_RUNTIME_AT_UNKNOWN && frame.at >> 30)
			abort();
	}
}

static void look(const struct abi_cpython *build, struct step_memory *memory, __u64 id)
{
	struct cpython_search search = {.id = id, .interp = AT};

	for (unsigned i = 0; i < STEPS; i++) {
		unsigned before = memory->reads;

		if (cpython_search_step(&search, build, memory))
			break;
		check(memory, before);
	}
	if (search.n > CPYTHON_THREADS)
		abort();
	for (__u32 i = 0; i < search.n; i++)
		walk(search.found[i], build, memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step_memory memory = {.bytes = data + 1, .at = AT, .len = size ? size - 1 : 0};
	struct abi_cpython build;
	uint64_t head, id = 0;

	if (size < 9 || cpython_offsets_of_version(&build, 0x0306 + data[0] % 7, &head))
		return 0;
	memcpy(&id, data + 1, sizeof(id));
	look(&build, &memory, 0);
	look(&build, &memory, id);
	walk(AT, &build, &memory);
	if (memory.misaligned)
		abort();
	return 0;
}
