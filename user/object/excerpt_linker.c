// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/elf.h"
#include "object/excerpt.h"

/* crtbegin.o's code: the four functions of crtbegin.h and what is between them. */
#define CRT_BYTES 512
#define SECTION_BYTES (1U << 20)

/* Code that is recognised whole: all of it, if an address in it is wanted. */
static void keep_code(struct excerpt *excerpt, const struct elf *elf, const char *name)
{
	const Elf64_Shdr *section = elf_section(elf, name);

	if (!section || section->sh_type == SHT_NOBITS || section->sh_size > SECTION_BYTES)
		return;
	if (excerpt_wants(excerpt, section->sh_addr, section->sh_addr + section->sh_size))
		excerpt_add(excerpt, elf, section->sh_offset, section->sh_size);
}

/* What crtbegin.o begins with: the first function of .init_array is its last. */
static void keep_crtbegin(struct excerpt *excerpt, const struct elf *elf, const char *array)
{
	const Elf64_Shdr *section = elf_section(elf, array), *text = elf_section(elf, ".text");
	uint64_t function, from;

	if (!section || !text || section->sh_type == SHT_NOBITS || section->sh_size < sizeof(function) ||
		elf_read(elf, section->sh_offset, &function, sizeof(function)))
		return;
	from = function > CRT_BYTES ? function - CRT_BYTES : 0;
	if (from < text->sh_addr)
		from = text->sh_addr;
	if (function < text->sh_addr || function - text->sh_addr >= text->sh_size ||
		!excerpt_wants(excerpt, from, function + CRT_BYTES))
		return;
	excerpt_add(excerpt, elf, section->sh_offset, sizeof(function));
	excerpt_add(excerpt, elf, text->sh_offset + (from - text->sh_addr),
		function + CRT_BYTES - from);
}

int excerpt_linker(struct excerpt *excerpt, const struct elf *elf)
{
	static const char *const code[] = {".init", ".fini", ".plt", ".plt.got", ".plt.sec"};

	for (size_t i = 0; i < sizeof(code) / sizeof(*code); i++)
		keep_code(excerpt, elf, code[i]);
	keep_crtbegin(excerpt, elf, ".init_array");
	keep_crtbegin(excerpt, elf, ".fini_array");
	return 0;
}
