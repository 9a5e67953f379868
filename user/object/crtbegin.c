// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/crtbegin.h"

#include <string.h>

#include "object/code_pattern.h"
#include "object/code_window.h"

/* A function; rbp is on the stack from byte `pushed` to byte `popped`. `leads`: where a jump's or call's distance is
 * that leads to the next function of crtbegin.o, as `distance` bytes; 0: nowhere. */
struct function {
	const char *pattern;
	uint8_t pushed, popped, leads, distance;
};

static const struct function frame_dummy[] = {
	{"f30f1efae9........", 0, 0, 5, 4},
	{"f30f1efaeb..", 0, 0, 5, 1},
	{"e9........", 0, 0, 1, 4},
	{"eb..", 0, 0, 1, 1},
	{NULL, 0, 0, 0, 0},
};

static const struct function register_tm_clones[] = {
	{"488d3d........488d35........4829fe4889f048c1ee3f48c1f8034801c648d1fe7414"
	 "488b05........4885c07408ffe0660f1f440000c3", 0, 0, 0, 0},
	{"be........4881ee........4889f048c1ee3f48c1f8034801c648d1fe7411"
	 "b8........4885c07407bf........ffe0c3", 0, 0, 0, 0},
	{NULL, 0, 0, 0, 0},
};

/* cmpb $0, completed; jne; push %rbp; mov %rsp, %rbp; __cxa_finalize(__dso_handle) if it is there;
 * deregister_tm_clones(); completed = 1; pop %rbp; ret; ret. */
static const struct function do_global_dtors_aux[] = {
	{"f30f1efa803d........00752b5548833d........004889e5740c488b3d........e8........"
	 "e8........c605........015dc30f1f00c3", 14, 52, 40, 4},
	{"f30f1efa803d........00752b5548833d........004889e5740c488d3d........e8........"
	 "e8........c605........015dc30f1f00c3", 14, 52, 40, 4},
	{"803d........00752f5548833d........004889e5740c488b3d........e8........"
	 "e8........c605........015dc30f1f8000000000c3", 10, 48, 36, 4},
	{"803d........00752f5548833d........004889e5740c488d3d........e8........"
	 "e8........c605........015dc30f1f8000000000c3", 10, 48, 36, 4},
	{"f30f1efa803d........007513554889e5e8........c605........015dc390c3", 14, 30, 18, 4},
	{NULL, 0, 0, 0, 0},
};

static const struct function deregister_tm_clones[] = {
	{"488d3d........488d05........4839f87415488b05........4885c07409ffe00f1f8000000000c3", 0, 0, 0, 0},
	{"b8........483d........7413b8........4885c07409bf........ffe06690c3", 0, 0, 0, 0},
	{NULL, 0, 0, 0, 0},
};

/* The one of the alternatives that is at an address, or NULL. */
static const struct function *find(
	const struct function *function, struct code_window *code, uint64_t address)
{
	for (; function->pattern; function++) {
		size_t size = code_pattern_size(function->pattern);
		const uint8_t *bytes = code_window_at(code, address, size);

		if (bytes && code_pattern_matches(function->pattern, bytes, size))
			return function;
	}
	return NULL;
}

static int put_rows(const struct function *function, uint64_t start, const struct row_sink *sink)
{
	const struct abi_rule entry = {.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_offset = -8};
	const struct abi_rule pushed = {.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = 16, .ra_offset = -8,
		.rbp = SAVED_CFA, .rbp_offset = -16};
	int err = sink->range(sink->context, start, start + code_pattern_size(function->pattern));

	if (!err)
		err = sink->row(sink->context, start, &entry);
	if (!err && function->pushed)
		err = sink->row(sink->context, start + function->pushed, &pushed);
	if (!err && function->pushed)
		err = sink->row(sink->context, start + function->popped, &entry);
	return err;
}

static uint64_t target_of(const struct function *function, struct code_window *code, uint64_t start)
{
	const uint8_t *bytes = code_window_at(code, start + function->leads, function->distance);
	uint64_t from = start + function->leads + function->distance;
	int32_t far;

	if (!bytes)
		return 0;
	if (function->distance == 1)
		return from + (uint64_t)(int8_t)bytes[0];
	memcpy(&far, bytes, sizeof(far));
	return from + (uint64_t)far;
}

/* The first entry of an array of functions, and what it leads to. */
static int array_rows(const struct elf *elf, struct code_window *code, const char *array,
	const struct function *firsts, const struct function *seconds, const struct row_sink *sink)
{
	const Elf64_Shdr *section = elf_section(elf, array);
	const struct function *first, *second;
	uint64_t start, target;
	int err;

	if (!section || section->sh_type == SHT_NOBITS || section->sh_size < sizeof(start))
		return 0;
	err = elf_read(elf, section->sh_offset, &start, sizeof(start));
	if (err)
		return err;
	first = find(firsts, code, start);
	if (!first)
		return 0;
	target = target_of(first, code, start);
	second = find(seconds, code, target);
	err = put_rows(first, start, sink);
	return err || !second ? err : put_rows(second, target, sink);
}

int crtbegin_rows(const struct elf *elf, const struct row_sink *sink)
{
	struct code_window code;
	int err = code_window_init(&code, elf);

	if (err)
		return err;
	err = array_rows(elf, &code, ".init_array", frame_dummy, register_tm_clones, sink);
	if (!err)
		err = array_rows(elf, &code, ".fini_array", do_global_dtors_aux, deregister_tm_clones, sink);
	code_window_release(&code);
	return err;
}
