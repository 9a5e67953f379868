// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "object/debug_link.h"

#define NAMES "\0.gnu_debuglink\0.shstrtab"
#define BYTES(text) text, sizeof(text) - 1

enum { LINK = 1, NAME_TABLE, SECTIONS };

/* A memfd with an ELF file that is nothing but this section. */
static int file_of(const void *data, size_t size, uint32_t type)
{
	Elf64_Ehdr header = {.e_ident = ELFMAG, .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_shoff = sizeof(header), .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = SECTIONS, .e_shstrndx = NAME_TABLE};
	Elf64_Shdr sections[SECTIONS] = {
		[LINK] = {.sh_name = 1, .sh_type = type, .sh_offset = 0x200, .sh_size = size},
		[NAME_TABLE] = {.sh_name = 16, .sh_type = SHT_STRTAB, .sh_offset = 0x400, .sh_size = sizeof(NAMES)},
	};
	int fd = memfd_create("link", MFD_CLOEXEC);

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	assert_true(pwrite(fd, &header, sizeof(header), 0) > 0);
	assert_true(pwrite(fd, sections, sizeof(sections), sizeof(header)) > 0);
	assert_int_equal(pwrite(fd, data, size, 0x200), size);
	assert_int_equal(pwrite(fd, NAMES, sizeof(NAMES), 0x400), sizeof(NAMES));
	return fd;
}

static int read_link(const void *data, size_t size, uint32_t type, struct debug_link *link)
{
	int fd = file_of(data, size, type), err;
	struct elf elf;

	assert_int_equal(elf_init(&elf, fd), 0);
	err = debug_link_read(&elf, link);
	elf_release(&elf);
	close(fd);
	return err;
}

static void test_good(void **state)
{
	struct debug_link link;

	(void)state;
	assert_int_equal(read_link(BYTES("abc\0\x78\x56\x34\x12"), SHT_PROGBITS, &link), 0);
	assert_string_equal(link.name, "abc");
	assert_int_equal(link.crc, 0x12345678);
	assert_int_equal(read_link(BYTES("a.debug.x\0\0\0\xff\xff\xff\xff"), SHT_PROGBITS, &link), 0);
	assert_string_equal(link.name, "a.debug.x");
	assert_int_equal(link.crc, 0xffffffff);
}

static void test_bad(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} bad[] = {
		{BYTES("")}, {BYTES("a")}, {BYTES("\0\0\0\0\1\2\3\4")}, {BYTES("abcdefgh")}, {BYTES("abc\0\1\2\3")},
		{BYTES("a/b\0\1\2\3\4")}, {BYTES("/ab\0\1\2\3\4")}, {BYTES("..\0\0\1\2\3\4")}, {BYTES(".\0\0\0\1\2\3\4")},
	};
	struct debug_link link = {"unchanged", 1};
	char long_name[512];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(read_link(bad[i].bytes, bad[i].size, SHT_PROGBITS, &link), -EINVAL);
	memset(long_name, 'a', sizeof(long_name));
	assert_int_equal(read_link(long_name, sizeof(long_name), SHT_PROGBITS, &link), -EINVAL);
	assert_int_equal(read_link(BYTES("abc\0\1\2\3\4"), SHT_NOBITS, &link), -ENOENT);
	assert_string_equal(link.name, "unchanged");
}

/* RFC 1952's CRC of "123456789" is the well-known one. */
static void test_checksum(void **state)
{
	int fd = memfd_create("data", MFD_CLOEXEC);
	uint32_t crc = 1;

	(void)state;
	assert_int_equal(debug_link_crc(fd, &crc), 0);
	assert_int_equal(crc, 0);
	assert_int_equal(pwrite(fd, "123456789", 9, 0), 9);
	assert_int_equal(debug_link_crc(fd, &crc), 0);
	assert_int_equal(crc, 0xcbf43926);
	assert_int_equal(ftruncate(fd, (off_t)DEBUG_FILE_MAX + 1), 0);
	assert_int_equal(debug_link_crc(fd, &crc), -E2BIG);
	assert_int_equal(crc, 0xcbf43926);
	close(fd);
	assert_int_equal(debug_link_crc(fd, &crc), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_checksum),
	};

	return cmocka_run_group_tests_name("debug_link", tests, NULL, NULL);
}
