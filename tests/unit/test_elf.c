// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <unistd.h>

#include "made_elf.h"
#include "object/elf.h"

static const char *const files[] = {"/proc/self/exe", "/bin/bash", "/lib/x86_64-linux-gnu/libc.so.6",
	"/lib/aarch64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"};

static void compare_sections(const struct elf *elf, Elf *truth)
{
	Elf_Scn *section = NULL;
	size_t count;

	assert_int_equal(elf_getshdrnum(truth, &count), 0);
	assert_int_equal(elf->n_sections, count);
	while ((section = elf_nextscn(truth, section))) {
		const Elf64_Shdr *mine = &elf->sections[elf_ndxscn(section)];
		GElf_Shdr header;

		assert_non_null(gelf_getshdr(section, &header));
		assert_memory_equal(mine, &header, sizeof(header));
	}
}

static void compare_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const void *id;
	struct elf elf;
	Elf *truth;

	if (fd < 0)
		return;
	truth = elf_begin(fd, ELF_C_READ, NULL);
	assert_int_equal(elf_init(&elf, fd), 0);
	compare_sections(&elf, truth);
	assert_int_equal(elf.class, ELFCLASS64);
	if (elf_section(&elf, ".eh_frame_hdr"))
		assert_int_equal(elf.eh_frame_hdr.p_vaddr, elf_section(&elf, ".eh_frame_hdr")->sh_addr);
	if (elf_section(&elf, ".note.gnu.build-id")) {
		const Elf64_Shdr *note = elf_section(&elf, ".note.gnu.build-id");
		uint8_t raw[64];

		assert_int_equal(elf_read(&elf, note->sh_offset, raw, note->sh_size), 0);
		id = raw + 16;
		assert_int_equal(elf.build_id_size, note->sh_size - 16);
		assert_memory_equal(elf.build_id, id, elf.build_id_size);
	}
	elf_end(truth);
	elf_release(&elf);
	close(fd);
}

static void test_real_files(void **state)
{
	(void)state;
	elf_version(EV_CURRENT);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		compare_file(files[i]);
}

static void test_made_file(void **state)
{
	struct made made;
	struct elf elf;
	uint64_t address = 77;
	int fd;

	(void)state;
	made_init(&made, 0x800);
	fd = made_file(&made);
	assert_int_equal(elf_init(&elf, fd), 0);
	assert_int_equal(elf_address_of_offset(&elf, 0x1800, &address), 0);
	assert_int_equal(address, 0x1800);
	assert_int_equal(elf_address_of_offset(&elf, 0x2000, &address), -ENOENT);
	assert_int_equal(address, 0x1800);
	assert_ptr_equal(elf_section(&elf, ".fini"), &elf.sections[MADE_FINI]);
	assert_ptr_equal(elf_section_of_type(&elf, SHT_SYMTAB), &elf.sections[MADE_SYMTAB]);
	assert_null(elf_section(&elf, ".none"));
	assert_null(elf_section_of_type(&elf, SHT_DYNSYM));
	assert_int_equal(elf_read(&elf, elf.size - 1, &address, 2), -EIO);
	assert_int_equal(elf_read(&elf, UINT64_MAX, &address, 2), -EIO);
	elf_release(&elf);
	close(fd);
}

static int init_with(size_t offset, const void *patch, size_t len, struct elf *elf)
{
	struct made made;
	int fd, err;

	made_init(&made, 0x800);
	fd = made_file(&made);
	assert_int_equal(pwrite(fd, patch, len, (off_t)offset), len);
	err = elf_init(elf, fd);
	close(fd);
	return err;
}

static void test_broken_headers(void **state)
{
	struct elf elf;
	uint64_t huge = UINT64_MAX - 8;
	uint16_t many = 0xfff0, extended = 0;

	(void)state;
	assert_int_equal(init_with(0, "X", 1, &elf), -ENOEXEC);
	assert_int_equal(init_with(EI_CLASS, "\3", 1, &elf), -ENOEXEC);
	assert_int_equal(init_with(EI_DATA, "\2", 1, &elf), -ENOEXEC);
	assert_int_equal(init_with(offsetof(Elf64_Ehdr, e_phoff), &huge, 8, &elf), -ENOEXEC);
	assert_int_equal(init_with(offsetof(Elf64_Ehdr, e_phnum), &many, 2, &elf), -ENOEXEC);
	assert_int_equal(init_with(64 + offsetof(Elf64_Phdr, p_offset), &huge, 8, &elf), -ENOEXEC);
	assert_null(elf.segments);
	/* without a usable section table the segments still hold */
	assert_int_equal(init_with(offsetof(Elf64_Ehdr, e_shoff), &huge, 8, &elf), 0);
	assert_int_equal(elf.n_sections, 0);
	assert_int_equal(elf.n_segments, 1);
	elf_release(&elf);
	assert_int_equal(init_with(offsetof(Elf64_Ehdr, e_shnum), &extended, 2, &elf), 0);
	assert_int_equal(elf.n_sections, 0);
	elf_release(&elf);
}

static void test_extended_numbers(void **state)
{
	struct made made;
	struct elf elf;
	Elf64_Ehdr header;
	Elf64_Shdr zero = {.sh_size = MADE_SECTIONS, .sh_link = MADE_SHSTRTAB, .sh_info = 1};
	int fd;

	(void)state;
	made_init(&made, 0x800);
	fd = made_file(&made);
	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	header.e_shnum = 0;
	header.e_shstrndx = SHN_XINDEX;
	header.e_phnum = PN_XNUM;
	assert_int_equal(pwrite(fd, &header, sizeof(header), 0), sizeof(header));
	assert_int_equal(pwrite(fd, &zero, sizeof(zero), (off_t)header.e_shoff), sizeof(zero));
	assert_int_equal(elf_init(&elf, fd), 0);
	assert_int_equal(elf.n_sections, MADE_SECTIONS);
	assert_int_equal(elf.n_segments, 1);
	assert_non_null(elf_section(&elf, ".text"));
	elf_release(&elf);
	close(fd);
}

/* A file that is cut while it is read, at every length. */
static void test_truncated(void **state)
{
	struct made made;
	struct elf elf;
	int fd;

	(void)state;
	made_init(&made, 0x800);
	made_symbol(&made, "f", 0x1000, 1, STT_FUNC, MADE_TEXT);
	fd = made_file(&made);
	assert_int_equal(elf_init(&elf, fd), 0);
	for (off_t size = (off_t)elf.size - 1; size >= 0; size--) {
		struct elf cut;
		int err;

		assert_int_equal(ftruncate(fd, size), 0);
		err = elf_init(&cut, fd);
		assert_true(err == 0 || err == -ENOEXEC);
		elf_release(&cut);
	}
	assert_int_equal(elf_read(&elf, 0, &made, sizeof(made)), -EIO);
	elf_release(&elf);
	close(fd);
}

static void test_not_regular(void **state)
{
	struct elf elf;
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(elf_init(&elf, pipes[0]), -ENOEXEC);
	assert_int_equal(elf_init(&elf, -1), -EIO);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_files), cmocka_unit_test(test_made_file),
		cmocka_unit_test(test_broken_headers), cmocka_unit_test(test_extended_numbers),
		cmocka_unit_test(test_truncated), cmocka_unit_test(test_not_regular),
	};

	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
