// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/cpython_program.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "object/elf.h"
#include "object/elf_names.h"

#define IMPORTS_MAX 2048
#define BLOCK 2048u
#define TABLES_MAX 4

/* Called by main() before all else come first. */
static const char *const early[] = {"Py_BytesMain", "Py_Main", "Py_RunMain", "Py_PreInitialize",
	"PyPreConfig_InitPythonConfig", "PyConfig_InitPythonConfig", "PyImport_AppendInittab",
	"Py_SetProgramName", "Py_InitializeFromConfig", "Py_Initialize", "Py_InitializeEx"};

#define EARLY (sizeof(early) / sizeof(*early))

struct import {
	uint32_t symbol; /* index in .dynsym */
	uint32_t rank;   /* lower is better */
	char name[40];
	uint64_t slot, target; /* 0: not found */
};

struct imports {
	struct import list[IMPORTS_MAX];
	uint32_t n;
};

static bool is_python(const char *name)
{
	return !strncmp(name, "Py", 2) || !strncmp(name, "_Py", 3);
}

static uint32_t rank_of(const char *name)
{
	for (uint32_t i = 0; i < EARLY; i++)
		if (!strcmp(name, early[i]))
			return i;
	return EARLY;
}

static bool take_import(void *context, const char *name, const Elf64_Sym *symbol, uint32_t index)
{
	struct imports *imports = context;
	struct import *import = &imports->list[imports->n];

	if (symbol->st_shndx != SHN_UNDEF || !is_python(name) || strlen(name) >= sizeof(import->name) ||
		ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT)
		return true;
	*import = (struct import){.symbol = index, .rank = rank_of(name)};
	strcpy(import->name, name);
	return ++imports->n < IMPORTS_MAX;
}

static bool take_target(void *context, const char *name, const Elf64_Sym *symbol, uint32_t index)
{
	struct imports *imports = context;

	(void)index;
	if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC ||
		!is_python(name))
		return true;
	for (uint32_t i = 0; i < imports->n; i++)
		if (!strcmp(imports->list[i].name, name))
			imports->list[i].target = symbol->st_value;
	return true;
}

/* What is filled before main() is better than what the first call fills. */
static void take_slot(struct imports *imports, const Elf64_Rela *relocation)
{
	uint64_t type = ELF64_R_TYPE(relocation->r_info);

	if (type != R_X86_64_GLOB_DAT && type != R_X86_64_JUMP_SLOT)
		return;
	for (uint32_t i = 0; i < imports->n; i++) {
		struct import *import = &imports->list[i];

		if (import->symbol != ELF64_R_SYM(relocation->r_info) || import->slot)
			continue;
		import->slot = relocation->r_offset;
		import->rank += type == R_X86_64_JUMP_SLOT ? EARLY + 1 : 0;
	}
}

static void read_slots(const struct elf *elf, const Elf64_Shdr *section, Elf64_Rela *block, struct imports *imports)
{
	uint64_t count = section->sh_size / sizeof(*block);

	for (uint64_t i = 0; i < count; i += BLOCK) {
		uint64_t n = count - i < BLOCK ? count - i : BLOCK;

		if (elf_read(elf, section->sh_offset + i * sizeof(*block), block, n * sizeof(*block)))
			return;
		for (uint64_t k = 0; k < n; k++)
			take_slot(imports, &block[k]);
	}
}

static int find_slots(const struct elf *elf, struct imports *imports)
{
	Elf64_Rela *block = malloc(BLOCK * sizeof(*block));
	uint32_t used = 0;

	if (!block)
		return -ENOMEM;
	for (uint32_t i = 0; i < elf->n_sections && used < TABLES_MAX; i++) {
		const Elf64_Shdr *section = &elf->sections[i];

		if (section->sh_type != SHT_RELA || !(section->sh_flags & SHF_ALLOC))
			continue;
		read_slots(elf, section, block, imports);
		used++;
	}
	free(block);
	return 0;
}

static int by_rank(const void *left, const void *right)
{
	const struct import *a = left, *b = right;

	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static int put_slots(struct abi_program *out, struct imports *imports)
{
	uint32_t n = 0;

	qsort(imports->list, imports->n, sizeof(*imports->list), by_rank);
	for (uint32_t i = 0; i < imports->n && n < ABI_PROGRAM_SLOTS; i++) {
		if (!imports->list[i].slot || !imports->list[i].target)
			continue;
		out->slot[n] = imports->list[i].slot;
		out->target[n++] = imports->list[i].target;
	}
	out->n_slots = n;
	return n ? 0 : -ENOENT;
}

static int read_library(struct abi_program *out, const struct elf *program, int library_fd)
{
	struct imports *imports = calloc(1, sizeof(*imports));
	struct elf library;
	int err;

	if (!imports)
		return -ENOMEM;
	err = elf_init(&library, library_fd);
	if (err)
		goto out;
	err = elf_names_each(program, SHT_DYNSYM, take_import, imports);
	if (!err)
		err = elf_names_each(&library, SHT_DYNSYM, take_target, imports);
	if (!err)
		err = find_slots(program, imports);
	if (!err)
		err = put_slots(out, imports);
	elf_release(&library);
out:
	free(imports);
	return err;
}

/* load_elf_binary() (fs/binfmt_elf.c) has start_code from the lowest p_vaddr of an executable segment. */
static int read_code(struct abi_program *out, const struct elf *program)
{
	uint64_t code = UINT64_MAX, all = UINT64_MAX;

	for (uint32_t i = 0; i < program->n_segments; i++) {
		const Elf64_Phdr *segment = &program->segments[i];

		if (segment->p_vaddr < all)
			all = segment->p_vaddr;
		if (segment->p_flags & PF_X && segment->p_vaddr < code)
			code = segment->p_vaddr;
	}
	if (code == UINT64_MAX || code - all > UINT32_MAX)
		return -ENOENT;
	out->code_address = code;
	out->code_offset = (uint32_t)(code - all);
	return 0;
}

int cpython_program_read(struct abi_program *out, int exe_fd, int library_fd)
{
	struct abi_program row = *out;
	struct elf program;
	int err = elf_init(&program, exe_fd);

	if (err)
		return err;
	row.n_slots = 0;
	err = program.machine == EM_X86_64 ? read_code(&row, &program) : -ENOENT;
	if (!err && library_fd >= 0)
		err = read_library(&row, &program, library_fd);
	elf_release(&program);
	if (!err)
		*out = row;
	return err;
}
