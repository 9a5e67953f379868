// SPDX-License-Identifier: GPL-2.0-or-later
/* What it costs to look for Go's table where everything looks like one: bytes read are counted, not time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "object/go_table.h"

#define CODE 0x400000u /* its address: it has no bytes */
#define SECTIONS 0x2000u
#define NAMES 0x2400u
#define DATA 0x3000u
#define DATA_SIZE 0x1000u
#define POINTERS (DATA + 0xc00u)
#define HOLE (DATA + DATA_SIZE)
#define HEADER 80u /* from one to the next */
#define RELA_SECTIONS 4u

enum { NOTE = 1, RELA, SHSTRTAB = RELA + RELA_SECTIONS, ALL_SECTIONS };
#define SECTION_NAMES "\0.note.go.buildid\0.rela\0.shstrtab"

struct made {
	uint32_t segments;    /* of the same data */
	uint32_t fakes;       /* headers that lead nowhere; a good one may follow */
	bool good;
	uint32_t pointers;    /* words, each the address of a fake header */
	uint64_t relocations; /* of each of the tables, all over one hole */
	uint32_t placed;      /* those that are not zero: each second word is the first fake header's address */
	uint64_t hole;        /* bytes that a segment has behind its data */
	enum go_magic magic;  /* of fake headers; 0: 1.20 */
};

static uint64_t bytes_read;

/* In place of libc's: the library is linked statically. */
ssize_t pread(int fd, void *data, size_t len, off_t offset)
{
	ssize_t n = syscall(SYS_pread64, fd, data, len, offset);

	bytes_read += n > 0 ? (uint64_t)n : 0;
	return n;
}

static void put(int fd, uint64_t at, const void *data, size_t len)
{
	assert_int_equal(pwrite(fd, data, len, (off_t)at), len);
}

static void put_table(int fd, uint64_t at, enum go_magic magic, uint64_t text)
{
	uint64_t header[9] = {magic | 0x0801ull << 48, 1, 0, text, 0, 0, 0, 0, sizeof(header)};
	uint32_t functab[3] = {0, 0, text ? 64 : 0};

	if (magic == GO_1_16)
		header[7] = sizeof(header);
	put(fd, at, header, sizeof(header));
	if (text)
		put(fd, at + sizeof(header), functab, sizeof(functab));
}

static void put_sections(int fd, const struct made *made)
{
	Elf64_Shdr sections[ALL_SECTIONS] = {
		[NOTE] = {1, SHT_NOTE, SHF_ALLOC, 0, NAMES, 0, 0, 0, 1, 0},
		[SHSTRTAB] = {24, SHT_STRTAB, 0, 0, NAMES, sizeof(SECTION_NAMES), 0, 0, 1, 0},
	};

	for (uint32_t i = 0; i < RELA_SECTIONS; i++)
		sections[RELA + i] = (Elf64_Shdr){18, SHT_RELA, SHF_ALLOC, HOLE, HOLE,
			made->relocations * sizeof(Elf64_Rela), 0, 0, 8, sizeof(Elf64_Rela)};
	put(fd, SECTIONS, sections, sizeof(sections));
	put(fd, NAMES, SECTION_NAMES, sizeof(SECTION_NAMES));
}

static void put_headers(int fd, const struct made *made)
{
	const Elf64_Phdr code = {PT_LOAD, PF_R | PF_X, HOLE, CODE, CODE, 0, 0x1000, 0x1000};
	const uint64_t size = DATA_SIZE + made->hole;
	const Elf64_Phdr data = {PT_LOAD, PF_R | PF_W, DATA, DATA, DATA, size, size, 0x1000};
	Elf64_Ehdr header = {.e_ident = ELFMAG, .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(header), .e_shoff = SECTIONS, .e_ehsize = sizeof(header), .e_phentsize = sizeof(data),
		.e_phnum = (Elf64_Half)(made->segments + 1), .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = ALL_SECTIONS,
		.e_shstrndx = SHSTRTAB};

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	put(fd, 0, &header, sizeof(header));
	put(fd, sizeof(header), &code, sizeof(code));
	for (uint32_t i = 0; i < made->segments; i++)
		put(fd, sizeof(header) + (i + 1) * sizeof(data), &data, sizeof(data));
}

static int make_file(const struct made *made)
{
	const uint64_t relocations = made->relocations * sizeof(Elf64_Rela);
	int fd = memfd_create("made", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, (off_t)(HOLE + (relocations > made->hole ? relocations : made->hole))), 0);
	put_headers(fd, made);
	put_sections(fd, made);
	for (uint32_t i = 0; i < made->fakes; i++)
		put_table(fd, DATA + i * HEADER, made->magic ? made->magic : GO_1_20, 0);
	if (made->good)
		put_table(fd, DATA + made->fakes * HEADER, GO_1_20, CODE);
	for (uint32_t i = 0; i < made->pointers; i++)
		put(fd, POINTERS + i * 8, &(uint64_t){DATA + i % made->fakes * HEADER}, 8);
	for (uint32_t i = 0; i < made->placed; i++)
		put(fd, HOLE + i * sizeof(Elf64_Rela), &(Elf64_Rela){POINTERS + i * 16, R_X86_64_RELATIVE, DATA},
			sizeof(Elf64_Rela));
	return fd;
}

/* The table that was found is the good one; bytes_read says what the search alone read. */
static int find(const struct made *made, struct go_budget *left)
{
	int fd = make_file(made), err;
	struct go_table table;
	struct elf elf;

	assert_int_equal(elf_init(&elf, fd), 0);
	bytes_read = 0;
	err = go_table_find(&table, &elf);
	if (!err)
		assert_int_equal(table.address, DATA + made->fakes * HEADER);
	*left = table.budget;
	go_table_release(&table);
	elf_release(&elf);
	close(fd);
	assert_true(bytes_read > 0);
	return err;
}

static void a_header_behind_false_ones(void **state)
{
	struct made made = {.segments = 1, .good = true};
	struct go_budget left;

	(void)state;
	assert_int_equal(find(&made, &left), 0);
	made.fakes = GO_HEADERS_TRIED - 1;
	assert_int_equal(find(&made, &left), 0);
	assert_int_equal(left.headers, 0);
	made.fakes++;
	assert_int_equal(find(&made, &left), -ENODATA);
}

/* A pass for each header, one for where relocations point to it, one for each place that may be its module. */
static void passes_do_not_multiply(void **state)
{
	const struct made made = {.segments = 126, .fakes = 16, .pointers = 64, .relocations = 2000};
	const uint64_t pass = RELA_SECTIONS * made.relocations * sizeof(Elf64_Rela);
	struct go_budget left;

	(void)state;
	assert_int_equal(find(&made, &left), -ENODATA);
	assert_int_equal(left.headers, 0);
	assert_int_equal(left.modules, 0);
	assert_true(bytes_read > (GO_HEADERS_TRIED + GO_MODULES_TRIED) * pass);
	assert_true(bytes_read < (2 * GO_HEADERS_TRIED + GO_MODULES_TRIED) * pass + (16u << 20));
}

/* With relocations past the budget of all, nothing that needs them is believed. */
static void relocations_are_counted_over_all_passes(void **state)
{
	struct made made = {.segments = 126, .fakes = 16, .pointers = 64, .relocations = 1u << 20};
	struct go_budget left;

	(void)state;
	assert_int_equal(find(&made, &left), -ENODATA);
	assert_true(left.relocations < 2048);
	assert_true(bytes_read < (uint64_t)GO_RELOCATIONS_READ * sizeof(Elf64_Rela) + (16u << 20));
	made = (struct made){.segments = 1, .good = true, .relocations = (GO_RELOCATIONS_READ / RELA_SECTIONS) + 1};
	assert_int_equal(find(&made, &left), -ENODATA);
	made.relocations--;
	assert_int_equal(find(&made, &left), 0);
	assert_int_equal(left.relocations, 0);
}

/* Places that relocations name are tried as those are that hold a word. */
static void places_of_relocations_are_counted(void **state)
{
	const struct made made = {.segments = 1, .fakes = 1, .relocations = 2000, .placed = 60};
	const uint64_t pass = RELA_SECTIONS * made.relocations * sizeof(Elf64_Rela);
	struct go_budget left;

	(void)state;
	assert_int_equal(find(&made, &left), -ENODATA);
	assert_int_equal(left.modules, 0);
	assert_true(bytes_read > GO_MODULES_TRIED * pass);
	assert_true(bytes_read < (GO_MODULES_TRIED + 2) * pass + (1u << 20));
}

/* Of segments that overlap, and of tables of 1.16, which are loaded: 200 MiB each. */
static void bytes_are_counted_over_all_segments(void **state)
{
	struct made made = {.segments = 126, .hole = 200u << 20};
	struct go_budget left;

	(void)state;
	assert_int_equal(find(&made, &left), -ENODATA);
	assert_true(left.bytes < 8);
	assert_true(bytes_read <= GO_BYTES_SEARCHED);
	made = (struct made){.segments = 1, .fakes = 16, .magic = GO_1_16, .hole = 200u << 20};
	assert_int_equal(find(&made, &left), -ENODATA);
	assert_true(bytes_read > 2 * made.hole);
	assert_true(bytes_read < GO_BYTES_SEARCHED + (16u << 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_behind_false_ones),
		cmocka_unit_test(passes_do_not_multiply),
		cmocka_unit_test(relocations_are_counted_over_all_passes),
		cmocka_unit_test(places_of_relocations_are_counted),
		cmocka_unit_test(bytes_are_counted_over_all_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
