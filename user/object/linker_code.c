// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/linker_code.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "object/code_pattern.h"
#include "object/plt_code.h"

#define CRT_BYTES 128
#define PLT_BYTES (1u << 20)

struct piece {
	const char *pattern;
	int8_t change; /* what it adds to the frame */
};

/* glibc's sysdeps/x86_64/crti.S and crtn.S, musl's crt/x86_64; calls in between are what older
 * compilers' crtbegin.o and crtend.o put there. */
static const struct piece crt_pieces[] = {
	{"f30f1efa", 0},     /* endbr64 */
	{"4883ec08", 8},     /* sub $8, %rsp */
	{"50", 8},           /* push %rax */
	{"488b05........", 0}, /* mov __gmon_start__@GOT, %rax */
	{"48c7c0........", 0}, /* the same in a static program */
	{"4885c0", 0},       /* test %rax, %rax */
	{"7402ffd0", 0},     /* je over; call *%rax */
	{"7405e8........", 0}, /* je over; call __gmon_start__ */
	{"e8........", 0},
	{"4883c408", -8}, /* add $8, %rsp */
	{"58", -8},       /* pop %rax */
	{"c3", 0},
	{NULL, 0},
};

static bool matches(const char *pattern, const struct linker_code *code, size_t at)
{
	return code_pattern_matches(pattern, code->bytes + at, code->size - at);
}

static int put(const struct row_sink *sink, uint64_t start, int32_t offset)
{
	const struct abi_rule rule = {
		.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = offset, .ra_offset = -8};

	return sink->row(sink->context, start, &rule);
}

static const struct piece *find_piece(const struct linker_code *code, size_t at)
{
	const struct piece *piece = crt_pieces;

	while (piece->pattern && !matches(piece->pattern, code, at))
		piece++;
	return piece->pattern ? piece : NULL;
}

/* From entry to one ret at the section's end, with as much given back as was taken. */
static bool is_crt(const struct linker_code *code)
{
	const struct piece *piece;
	int32_t frame = 0;
	size_t at = 0;

	while (at < code->size && (piece = find_piece(code, at))) {
		if (code->bytes[at] == 0xc3)
			return !frame && at + 1 == code->size;
		at += code_pattern_size(piece->pattern);
		frame += piece->change;
	}
	return false;
}

int linker_code_crt_rows(const struct linker_code *code, const struct row_sink *sink)
{
	int32_t frame = 8;
	size_t at = 0;
	int err;

	if (!is_crt(code))
		return 0;
	err = sink->range(sink->context, code->address, code->address + code->size);
	if (!err)
		err = put(sink, code->address, frame);
	while (!err && at < code->size) {
		const struct piece *piece = find_piece(code, at);

		at += code_pattern_size(piece->pattern);
		frame += piece->change;
		if (piece->change)
			err = put(sink, code->address + at, frame);
	}
	return err;
}

/* CFA_PLT counts from the entry's start by the address's last four bits. */
static const struct plt_shape *find_entry(const struct linker_code *code, size_t at)
{
	const struct plt_shape *shape = plt_code_entry(code->bytes + at, code->size - at);

	return shape && plt_shape_pushes(shape) && (code->address + at) % PLT_ENTRY ? NULL : shape;
}

/* An entry that pushes is a rule of its own: most PLTs are one row. */
static int put_entry(const struct row_sink *sink, uint64_t start, const struct plt_shape *shape)
{
	const struct abi_rule rule = {.cfa = CFA_PLT,
		.reg = 7,
		.cfa_offset = shape->first,
		.cfa_add = shape->at,
		.ra_offset = -8};

	if (!plt_shape_pushes(shape))
		return put(sink, start, shape->first);
	return sink->row(sink->context, start, &rule);
}

static int put_header(const struct row_sink *sink, uint64_t start, const struct plt_shape *shape)
{
	int err = put(sink, start, shape->first);

	return err ? err : put(sink, start + shape->at, shape->second);
}

int linker_code_plt_rows(const struct linker_code *code, const struct row_sink *sink)
{
	const struct plt_shape *header = plt_code_header(code->bytes, code->size), *shape;
	size_t first = header ? PLT_ENTRY : 0, at = first, end = first;
	int err;

	while ((shape = find_entry(code, end)))
		end += code_pattern_size(shape->pattern);
	if (!end)
		return 0;
	err = sink->range(sink->context, code->address, code->address + end);
	if (!err && header)
		err = put_header(sink, code->address, header);
	while (!err && at < end) {
		shape = find_entry(code, at);
		err = put_entry(sink, code->address + at, shape);
		at += code_pattern_size(shape->pattern);
	}
	return err;
}

/* Sections of which each is recognised by `rows`. */
static const struct known {
	const char *name;
	size_t most; /* bytes: of a larger one, only so many */
	int (*rows)(const struct linker_code *code, const struct row_sink *sink);
} known[] = {
	{".init", CRT_BYTES, linker_code_crt_rows},
	{".fini", CRT_BYTES, linker_code_crt_rows},
	{".plt", PLT_BYTES, linker_code_plt_rows},
	{".plt.got", PLT_BYTES, linker_code_plt_rows},
	{".plt.sec", PLT_BYTES, linker_code_plt_rows},
};

static int section_rows(const struct elf *elf, const struct known *one, const struct row_sink *sink)
{
	const Elf64_Shdr *section = elf_section(elf, one->name);
	struct linker_code code;
	uint8_t *bytes;
	int err;

	if (!section || section->sh_type != SHT_PROGBITS || !section->sh_size)
		return 0;
	code.size = section->sh_size < one->most ? section->sh_size : one->most;
	code.address = section->sh_addr;
	code.bytes = bytes = malloc(code.size);
	if (!bytes)
		return -ENOMEM;
	err = elf_read(elf, section->sh_offset, bytes, code.size);
	if (!err)
		err = one->rows(&code, sink);
	free(bytes);
	return err;
}

int linker_code_rows(const struct elf *elf, const struct row_sink *sink)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known) && !err; i++)
		err = section_rows(elf, &known[i], sink);
	return err;
}
