// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/musl_start.h"

#include <stdbool.h>
#include <string.h>

#include "object/code_window.h"
#include "object/elf_names.h"

#define BLOCK 4096u
#define CALL 0xe8
#define CALL_SIZE 5
#define MUSL_EH_FRAME 4096 /* bytes: what libgcc's objects in it have */

/* mov %eax, %edi; call exit. And mov %rax, %rdi; call pthread_exit. */
static const uint8_t pass_status[] = {0x89, 0xc7}, pass_result[] = {0x48, 0x89, 0xc7};
#define LONGEST (sizeof(pass_result) + CALL_SIZE)

struct functions { /* ELF addresses; 0: not there */
	uint64_t start_main, exit, thread_exit;
	bool is_glibc;
};

static bool take_name(void *context, const char *name, const Elf64_Sym *symbol, uint32_t index)
{
	struct functions *functions = context;

	(void)index;
	if (!symbol->st_value)
		return true;
	if (!strcmp(name, "__libc_start_main"))
		functions->start_main = symbol->st_value;
	else if (!strcmp(name, "exit"))
		functions->exit = symbol->st_value;
	else if (!strcmp(name, "pthread_exit"))
		functions->thread_exit = symbol->st_value;
	else if (!strcmp(name, "gnu_get_libc_version"))
		functions->is_glibc = true;
	return true;
}

/* Is `pass` and a call of `function` there? */
static bool passes(const uint8_t *bytes, uint64_t address, const uint8_t *pass, size_t size, uint64_t function)
{
	int32_t far;

	if (!function || memcmp(bytes, pass, size) || bytes[size] != CALL)
		return false;
	memcpy(&far, bytes + size + 1, sizeof(far));
	return address + size + CALL_SIZE + (uint64_t)(int64_t)far == function;
}

/* The call before it is looked up by its last byte: a return address less one. */
static int put_end(const struct row_sink *sink, uint64_t address)
{
	const struct abi_rule end = {.cfa = CFA_END};
	int err = sink->range(sink->context, address - 1, address);

	return err ? err : sink->row(sink->context, address - 1, &end);
}

static int search(const uint8_t *bytes, uint64_t address, size_t size, const struct functions *functions,
	const struct row_sink *sink)
{
	int err = 0;

	for (size_t i = 0; i + LONGEST <= size && !err; i++)
		if (passes(bytes + i, address + i, pass_status, sizeof(pass_status), functions->exit) ||
			passes(bytes + i, address + i, pass_result, sizeof(pass_result), functions->thread_exit))
			err = put_end(sink, address + i);
	return err;
}

static int search_segment(struct code_window *code, const Elf64_Phdr *segment, const struct functions *functions,
	const struct row_sink *sink)
{
	uint64_t size = segment->p_filesz < code->elf->size ? segment->p_filesz : code->elf->size;
	int err = 0;

	for (uint64_t at = 0; at + LONGEST <= size && !err; at += BLOCK - LONGEST + 1) {
		size_t block = size - at < BLOCK ? size - at : BLOCK;
		const uint8_t *bytes = code_window_at(code, segment->p_vaddr + at, block);

		if (bytes)
			err = search(bytes, segment->p_vaddr + at, block, functions, sink);
	}
	return err;
}

/* Looked at first, since it costs nothing: few files have none. */
static bool has_unwind_information(const struct elf *elf)
{
	const Elf64_Shdr *section = elf_section(elf, ".eh_frame");

	return section && section->sh_size > MUSL_EH_FRAME;
}

int musl_start_rows(const struct elf *elf, const struct row_sink *sink)
{
	struct functions functions = {0};
	struct code_window code;
	int err;

	if (has_unwind_information(elf))
		return 0;
	err = elf_names_each(elf, SHT_DYNSYM, take_name, &functions);
	if (err || functions.is_glibc || !functions.start_main || !functions.exit)
		return err;
	err = code_window_init(&code, elf);
	if (err)
		return err;
	for (uint32_t i = 0; i < elf->n_segments && !err; i++)
		if (elf->segments[i].p_flags & PF_X)
			err = search_segment(&code, &elf->segments[i], &functions, sink);
	code_window_release(&code);
	return err;
}
