// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "made_cfi.h"
#include "object/unwind_table.h"
#include "symbolize/vdso.h"

#define CODE 0x1000
#define CODE_SIZE 0x80000
#define FRAMES 0x400000 /* where .eh_frame is at run time; its file offset is FILE_FRAMES */
#define FILE_FRAMES 0x1000
#define HDR 0x800 /* .eh_frame_hdr: file offset and address */

enum { SECTION_TEXT = 1, SECTION_FRAMES, SECTION_DEBUG, SECTION_NAMES, SECTIONS };

#define NAMES "\0.text\0.eh_frame\0.debug_frame\0.shstrtab"

/* An x86-64 file with code at CODE and .eh_frame at FRAMES, in whose place the caller may put something else. */
struct made_file {
	struct made_section frames, debug;
	struct buf hdr;
	uint16_t machine;
	uint32_t frames_type;
	uint64_t frames_flags;
	bool no_sections;
};

static void put(int fd, const void *data, size_t size, uint64_t offset)
{
	assert_int_equal(pwrite(fd, data, size, (off_t)offset), (ssize_t)size);
}

static void put_sections(int fd, const struct made_file *file, uint64_t debug, uint64_t table)
{
	uint64_t names = table + SECTIONS * sizeof(Elf64_Shdr);
	const Elf64_Shdr sections[SECTIONS] = {
		[SECTION_TEXT] = {1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, CODE, 0, CODE_SIZE, 0, 0, 16, 0},
		[SECTION_FRAMES] = {7, file->frames_type ? file->frames_type : SHT_PROGBITS,
			SHF_ALLOC | file->frames_flags, FRAMES, FILE_FRAMES, file->frames.buf.len, 0, 0, 8, 0},
		[SECTION_DEBUG] = {17, SHT_PROGBITS, 0, 0, debug, file->debug.buf.len, 0, 0, 1, 0},
		[SECTION_NAMES] = {30, SHT_STRTAB, 0, 0, names, sizeof(NAMES), 0, 0, 1, 0},
	};

	put(fd, sections, sizeof(sections), table);
	put(fd, NAMES, sizeof(NAMES), names);
}

/* A memfd; releases what the file was made of. */
static int write_file(struct made_file *file)
{
	uint64_t debug = FILE_FRAMES + file->frames.buf.len + 64, table = debug + file->debug.buf.len + 64;
	const Elf64_Phdr segments[] = {
		{PT_LOAD, PF_R | PF_X, 0, CODE, CODE, 0, CODE_SIZE, 0x1000},
		{PT_LOAD, PF_R, FILE_FRAMES, FRAMES, FRAMES, file->frames.buf.len, file->frames.buf.len, 0x1000},
		{PT_GNU_EH_FRAME, PF_R, HDR, HDR, HDR, file->hdr.len, file->hdr.len, 4},
	};
	Elf64_Ehdr header = {.e_ident = ELFMAG, .e_type = ET_DYN, .e_version = EV_CURRENT,
		.e_machine = file->machine ? file->machine : EM_X86_64, .e_phoff = sizeof(header),
		.e_shoff = table, .e_ehsize = sizeof(header), .e_phentsize = sizeof(*segments),
		.e_phnum = 3, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = SECTIONS,
		.e_shstrndx = SECTION_NAMES};
	int fd = memfd_create("made", MFD_CLOEXEC);

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	if (file->no_sections)
		header.e_shoff = header.e_shnum = header.e_shstrndx = 0;
	assert_true(fd >= 0);
	put(fd, &header, sizeof(header), 0);
	put(fd, segments, sizeof(segments), sizeof(header));
	put(fd, file->hdr.data, file->hdr.len, HDR);
	put(fd, file->frames.buf.data, file->frames.buf.len, FILE_FRAMES);
	put(fd, file->debug.buf.data, file->debug.buf.len, debug);
	if (!file->no_sections)
		put_sections(fd, file, debug, table);
	buf_release(&file->hdr);
	buf_release(&file->frames.buf);
	buf_release(&file->debug.buf);
	return fd;
}

/* .eh_frame is made for MADE_SECTION: absolute addresses make the place indifferent. */
static void absolute_cie(struct made_section *section)
{
	static const struct made_cie cie = {1, "zR", "\x00", 1, 16, 0x78};

	section->encoding = 0;
	made_cie_as(section, &cie, BYTES(USUAL));
}

static struct rules rules;
static struct unwind_table table;

static int build(struct made_file *file)
{
	int fd = write_file(file), err;

	assert_int_equal(rules_init(&rules, NULL), 0);
	err = unwind_table_init(&table, fd, &rules);
	close(fd);
	return err;
}

static void drop(void)
{
	unwind_table_release(&table);
	rules_release(&rules);
}

/* The CFA's offset from rsp, 0 where nothing covers the address. */
static int cfa_at(uint64_t address)
{
	const struct abi_rule *rule = &rules.rule[unwind_table_find(&table, address)];

	assert_true(rule->cfa == CFA_NONE || rule->cfa == CFA_REGISTER);
	return rule->cfa_offset;
}

static void test_rows_and_gaps(void **state)
{
	struct made_file file = {0};

	(void)state;
	absolute_cie(&file.frames);
	made_fde(&file.frames, CODE + 0x20, 0x10, BYTES("\x44\x0e\x10"));
	made_fde(&file.frames, CODE + 0x40, 0x10, BYTES("\x0e\x18"));
	made_fde(&file.frames, CODE + 0x50, 0x10, BYTES("\x0e\x18"));
	assert_int_equal(build(&file), 0);
	assert_int_equal(table.n_rows, 5);
	assert_int_equal(table.pages, 1);
	assert_int_equal(table.bases[0], CODE + 0x20);
	assert_int_equal(cfa_at(0), 0);
	assert_int_equal(cfa_at(CODE + 0x1f), 0);
	assert_int_equal(cfa_at(CODE + 0x20), 8);
	assert_int_equal(cfa_at(CODE + 0x23), 8);
	assert_int_equal(cfa_at(CODE + 0x24), 16);
	assert_int_equal(cfa_at(CODE + 0x2f), 16);
	assert_int_equal(cfa_at(CODE + 0x30), 0);
	assert_int_equal(cfa_at(CODE + 0x5f), 24);
	assert_int_equal(cfa_at(CODE + 0x60), 0);
	assert_int_equal(cfa_at(UINT64_MAX), 0);
	for (unsigned i = 5; i < ABI_ROWS; i++)
		assert_int_equal(table.rows[i].offset, ABI_ROW_UNUSED);
	drop();
}

static void test_unsorted_and_overlapping(void **state)
{
	struct made_file file = {0};

	(void)state;
	absolute_cie(&file.frames);
	made_fde(&file.frames, CODE + 0x40, 0x20, BYTES("\x0e\x18"));
	made_fde(&file.frames, CODE + 0x20, 0x30, BYTES("\x0e\x10"));
	made_fde(&file.frames, CODE + 0x20, 0x10, BYTES("\x0e\x20"));
	assert_int_equal(build(&file), 0);
	assert_int_equal(table.overlaps, 2);
	assert_int_equal(cfa_at(CODE + 0x20), 16);
	assert_int_equal(cfa_at(CODE + 0x4f), 16);
	assert_int_equal(cfa_at(CODE + 0x50), 24);
	assert_int_equal(cfa_at(CODE + 0x60), 0);
	drop();
}

/* More rows than a page has, one after another. */
static void test_full_pages(void **state)
{
	struct made_file file = {0};
	const unsigned functions = 3 * ABI_ROWS;

	(void)state;
	absolute_cie(&file.frames);
	for (unsigned i = 0; i < functions; i++)
		made_fde(&file.frames, CODE + 4 * i, 4, i & 1 ? "\x0e\x10" : "\x0e\x18", 2);
	assert_int_equal(build(&file), 0);
	assert_int_equal(table.n_rows, functions + 1);
	assert_int_equal(table.pages, 4);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(table.bases[i], CODE + 4 * ABI_ROWS * i);
	for (unsigned i = 0; i < functions; i++)
		assert_int_equal(cfa_at(CODE + 4 * i + 3), i & 1 ? 16 : 24);
	assert_int_equal(cfa_at(CODE + 4 * functions), 0);
	drop();
}

/* Pages end before offset 0xffff; a row holds as far as it must all the same. */
static void test_wide_pages(void **state)
{
	struct made_file file = {0};

	(void)state;
	absolute_cie(&file.frames);
	made_fde(&file.frames, CODE, 0xfffe, BYTES("\x0e\x10"));
	made_fde(&file.frames, CODE + 0xfffe, 1, BYTES("\x0e\x18"));
	made_fde(&file.frames, CODE + 0xffff, 0x30000, BYTES("\x0e\x20\x04\x00\x00\x02\x00\x0e\x28"));
	made_fde(&file.frames, CODE + 0x70000, 0x10, BYTES("\x0e\x30"));
	assert_int_equal(build(&file), 0);
	assert_int_equal(table.pages, 5);
	assert_int_equal(table.bases[1], CODE + 0xffff);
	assert_int_equal(table.bases[2], CODE + 0x2ffff);
	assert_int_equal(table.bases[3], CODE + 0x3ffff);
	assert_int_equal(table.bases[4], CODE + 0x70000);
	assert_int_equal(cfa_at(CODE + 0xfffd), 16);
	assert_int_equal(cfa_at(CODE + 0xfffe), 24);
	assert_int_equal(cfa_at(CODE + 0xffff), 32);
	assert_int_equal(cfa_at(CODE + 0x1ffff), 32);
	assert_int_equal(cfa_at(CODE + 0x2fffe), 32);
	assert_int_equal(cfa_at(CODE + 0x2ffff), 40);
	assert_int_equal(cfa_at(CODE + 0x3fffe), 40);
	assert_int_equal(cfa_at(CODE + 0x3ffff), 0);
	assert_int_equal(cfa_at(CODE + 0x6ffff), 0);
	assert_int_equal(cfa_at(CODE + 0x70000), 48);
	assert_int_equal(cfa_at(CODE + 0x70010), 0);
	drop();
}

static void test_debug_frame_fills_up(void **state)
{
	struct made_file file = {.debug.debug = true};

	(void)state;
	absolute_cie(&file.frames);
	made_fde(&file.frames, CODE + 0x10, 0x10, BYTES("\x0e\x10"));
	made_cie(&file.debug, BYTES(USUAL));
	made_fde(&file.debug, CODE, 0x40, BYTES("\x0e\x18"));
	assert_int_equal(build(&file), 0);
	assert_int_equal(table.overlaps, 0);
	assert_int_equal(cfa_at(CODE), 24);
	assert_int_equal(cfa_at(CODE + 0x10), 16);
	assert_int_equal(cfa_at(CODE + 0x20), 24);
	assert_int_equal(cfa_at(CODE + 0x40), 0);
	drop();
}

static void test_unsupported_is_counted(void **state)
{
	struct made_file file = {0};

	(void)state;
	absolute_cie(&file.frames);
	made_fde(&file.frames, CODE, 0x10, BYTES("\x09\x10\x11\x44\xd0"));
	made_fde(&file.frames, CODE + 0x10, 0x10, BYTES("\x0b"));
	assert_int_equal(build(&file), 0);
	assert_int_equal(table.unsupported, 2);
	assert_int_equal(table.broken, 1);
	assert_int_equal(unwind_table_find(&table, CODE), 1);
	assert_int_equal(cfa_at(CODE + 4), 8);
	assert_int_equal(unwind_table_find(&table, CODE + 0x1f), 1);
	drop();
}

/* The header that the linker writes: sdata4 and datarel, or without its table. */
static void make_hdr(struct made_file *file, const uint32_t *fdes, unsigned count, bool with_table)
{
	const uint8_t start[] = {1, 0x0b, 0x03, with_table ? 0x3b : 0xff};

	buf_append(&file->hdr, start, sizeof(start));
	made_u32(&file->hdr, FRAMES);
	made_u32(&file->hdr, count);
	for (unsigned i = 0; with_table && i < count; i++) {
		made_u32(&file->hdr, CODE - HDR);
		made_u32(&file->hdr, FRAMES + fdes[i] - HDR);
	}
}

static void test_without_sections(void **state)
{
	(void)state;
	for (unsigned with_table = 0; with_table < 2; with_table++) {
		struct made_file file = {.no_sections = true};
		uint32_t fdes[2];

		absolute_cie(&file.frames);
		fdes[1] = (uint32_t)file.frames.buf.len;
		made_fde(&file.frames, CODE + 0x20, 0x10, BYTES("\x0e\x18"));
		fdes[0] = (uint32_t)file.frames.buf.len;
		made_fde(&file.frames, CODE, 0x10, BYTES("\x0e\x10"));
		made_u32(&file.frames.buf, 0);
		buf_append(&file.frames.buf, "what is no CFI", 14);
		make_hdr(&file, fdes, 2, with_table);
		assert_int_equal(build(&file), 0);
		assert_int_equal(table.broken, 0);
		assert_int_equal(cfa_at(CODE + 0xf), 16);
		assert_int_equal(cfa_at(CODE + 0x10), 0);
		assert_int_equal(cfa_at(CODE + 0x2f), 24);
		drop();
	}
}

/* A table that names one FDE more often than its bytes are worth. */
static void test_hostile_hdr(void **state)
{
	struct made_file file = {.no_sections = true};
	uint32_t fdes[40], length;

	(void)state;
	absolute_cie(&file.frames);
	for (unsigned i = 0; i < 40; i++)
		fdes[i] = (uint32_t)file.frames.buf.len;
	made_fde(&file.frames, CODE, 0x10, BYTES("\x0e\x10"));
	length = (uint32_t)file.frames.buf.len;
	fdes[38] = 0;      /* a CIE */
	fdes[39] = length; /* past the end */
	make_hdr(&file, fdes, 40, true);
	file.hdr.data[8] = 41; /* one more than there is */
	assert_int_equal(build(&file), 0);
	assert_int_equal(table.broken, 3);
	assert_int_equal(table.no_room, 38 - length / (length - fdes[0]));
	assert_int_equal(cfa_at(CODE), 16);
	drop();
}

static void test_broken_hdr(void **state)
{
	static const char *const starts[] = {"\x02\x0b\x03\x3b\0\0\0\0", "\x01\xff\x03\x3b\0\0\0\0", "\x01\x0b"};
	static const size_t sizes[] = {8, 8, 2};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct made_file file = {.no_sections = true};

		absolute_cie(&file.frames);
		buf_append(&file.hdr, starts[i], sizes[i]);
		assert_int_equal(build(&file), -ENODATA);
		assert_int_equal(table.broken, 0);
		drop();
	}
}

static void test_sections_that_are_not_read(void **state)
{
	struct made_file nobits = {.frames_type = SHT_NOBITS}, compressed = {.frames_flags = SHF_COMPRESSED};

	(void)state;
	absolute_cie(&nobits.frames);
	made_fde(&nobits.frames, CODE, 0x10, BYTES(""));
	assert_int_equal(build(&nobits), -ENODATA);
	drop();
	compressed.debug.debug = true;
	absolute_cie(&compressed.frames);
	made_fde(&compressed.frames, CODE, 0x10, BYTES(""));
	made_cie(&compressed.debug, BYTES(USUAL));
	made_fde(&compressed.debug, CODE + 0x20, 0x10, BYTES(""));
	assert_int_equal(build(&compressed), 0);
	assert_int_equal(table.skipped, 1);
	assert_int_equal(cfa_at(CODE), 0);
	assert_int_equal(cfa_at(CODE + 0x20), 8);
	drop();
}

static void test_other_files(void **state)
{
	struct made_file arm = {.machine = EM_AARCH64}, bare = {0};

	(void)state;
	absolute_cie(&arm.frames);
	assert_int_equal(build(&arm), -ENOEXEC);
	assert_null(table.rows);
	drop();
	assert_int_equal(build(&bare), -ENODATA);
	assert_null(table.rows);
	drop();
	assert_int_equal(rules_init(&rules, NULL), 0);
	assert_int_equal(unwind_table_init(&table, -1, &rules), -EIO);
	drop();
}

static void test_full_dictionary(void **state)
{
	struct made_file file = {0};
	int fd;

	(void)state;
	absolute_cie(&file.frames);
	made_fde(&file.frames, CODE, 0x10, BYTES("\x41\x0e\x10\x41\x0e\x08"));
	fd = write_file(&file);
	assert_int_equal(rules_init(&rules, NULL), 0);
	for (int32_t i = 0; rules.count < ABI_RULES - 1; i++)
		rules_add(&rules, &(struct abi_rule){.cfa = CFA_REGISTER, .reg = 3, .cfa_offset = i});
	assert_int_equal(unwind_table_init(&table, fd, &rules), 0);
	assert_int_equal(cfa_at(CODE), 8);
	assert_int_equal(unwind_table_find(&table, CODE + 1), 1);
	assert_int_equal(cfa_at(CODE + 2), 8);
	assert_int_equal(table.no_room, 1);
	assert_int_equal(table.unsupported, 1);
	close(fd);
	drop();
}

/* What the kernel's search relies on, in files as they are. */
static void check_pages(void)
{
	uint64_t rows = 0;

	for (uint32_t page = 0; page < table.pages; page++) {
		const struct abi_row *row = &table.rows[(size_t)page * ABI_ROWS];
		unsigned used = 0;

		assert_int_equal(row[0].offset, 0);
		assert_true(!page || table.bases[page] > table.bases[page - 1]);
		for (; used < ABI_ROWS && row[used].offset != ABI_ROW_UNUSED; used++) {
			uint64_t address = table.bases[page] + row[used].offset;

			assert_true(!used || row[used].offset > row[used - 1].offset);
			assert_int_equal(unwind_table_find(&table, address), row[used].rule);
		}
		for (unsigned i = used; i < ABI_ROWS; i++)
			assert_int_equal(row[i].offset, ABI_ROW_UNUSED);
		rows += used;
	}
	assert_int_equal(rows, table.n_rows);
}

static void test_real_files(void **state)
{
	static const char *const paths[] = {
		"/proc/self/exe", "/bin/bash", "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		assert_int_equal(rules_init(&rules, NULL), 0);
		assert_int_equal(unwind_table_init(&table, fd, &rules), 0);
		assert_int_equal(table.no_room + table.broken + table.skipped, 0);
		check_pages();
		close(fd);
		drop();
	}
}

static void test_vdso(void **state)
{
	int fd = vdso_open();

	(void)state;
	if (fd < 0) {
		print_message("skipped test_vdso: this kernel maps none\n");
		skip();
	}
	assert_int_equal(rules_init(&rules, NULL), 0);
	assert_int_equal(unwind_table_init(&table, fd, &rules), 0);
	assert_true(table.n_rows > 4);
	assert_int_equal(table.unsupported, 0);
	check_pages();
	close(fd);
	drop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_and_gaps), cmocka_unit_test(test_unsorted_and_overlapping),
		cmocka_unit_test(test_full_pages), cmocka_unit_test(test_wide_pages),
		cmocka_unit_test(test_debug_frame_fills_up), cmocka_unit_test(test_unsupported_is_counted),
		cmocka_unit_test(test_without_sections), cmocka_unit_test(test_hostile_hdr),
		cmocka_unit_test(test_broken_hdr), cmocka_unit_test(test_sections_that_are_not_read),
		cmocka_unit_test(test_other_files), cmocka_unit_test(test_full_dictionary),
		cmocka_unit_test(test_real_files), cmocka_unit_test(test_vdso),
	};

	return cmocka_run_group_tests_name("unwind_table", tests, NULL, NULL);
}
