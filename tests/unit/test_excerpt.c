// SPDX-License-Identifier: GPL-2.0-or-later
/* Excerpts of real files give the rows that the files give, and are a small part of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "made_elf.h"
#include "object/excerpt.h"
#include "object/unwind_table.h"

#define WANTED 64

/* The last three are tested where they are: Go's own tables, large ones. */
static const char *const files[] = {"/proc/self/exe", "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2",
	"/usr/local/go/bin/gofmt", "/usr/local/go/bin/go", "/usr/bin/gdb"};

static int copy_to_memfd(int fd)
{
	int copy = memfd_create("copy", MFD_CLOEXEC);
	char bytes[65536];
	ssize_t n;

	assert_true(copy >= 0);
	for (off_t at = 0; (n = pread(fd, bytes, sizeof(bytes), at)) > 0; at += n)
		assert_int_equal(pwrite(copy, bytes, (size_t)n, at), n);
	return copy;
}

/* Parts are in the file, ascending and disjoint; *bytes: their sum. */
static int from_parts(int fd, const struct excerpt *excerpt, uint64_t *bytes)
{
	int made = memfd_create("excerpt", MFD_CLOEXEC);
	uint64_t after = 0;
	struct stat info;

	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(ftruncate(made, info.st_size), 0);
	*bytes = 0;
	for (uint32_t i = 0; i < excerpt->n; i++) {
		const struct excerpt_part *part = &excerpt->parts[i];
		char *data = malloc(part->size);

		assert_true(part->offset >= after && part->size);
		after = part->offset + part->size;
		assert_true(after <= (uint64_t)info.st_size);
		assert_int_equal(pread(fd, data, part->size, (off_t)part->offset), part->size);
		assert_int_equal(pwrite(made, data, part->size, (off_t)part->offset), part->size);
		*bytes += part->size;
		free(data);
	}
	return made;
}

/* Places all over the executable segments. */
static uint32_t choose(const struct elf *elf, uint64_t *offsets)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < elf->n_segments && n < WANTED; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_flags & PF_X)
			for (uint64_t k = 0; k < WANTED / 2 && n < WANTED; k++)
				offsets[n++] = segment->p_offset + segment->p_filesz * k / (WANTED / 2) + k * 7 % 16;
	}
	return n;
}

static void compare_rules(const struct elf *elf, int fd, int made, const uint64_t *offsets, uint32_t n)
{
	struct unwind_table table, again;
	uint32_t some = 0;
	uint64_t address;
	struct rules rules;

	assert_int_equal(rules_init(&rules, NULL), 0);
	assert_int_equal(unwind_table_init(&table, fd, &rules), 0);
	assert_int_equal(unwind_table_init(&again, made, &rules), 0);
	for (uint32_t i = 0; i < n; i++) {
		if (elf_address_of_offset(elf, offsets[i], &address))
			continue;
		assert_int_equal(unwind_table_find(&table, address), unwind_table_find(&again, address));
		some += unwind_table_find(&again, address) > 1;
	}
	assert_true(some > n / 3);
	unwind_table_release(&table);
	unwind_table_release(&again);
	rules_release(&rules);
}

/* `most`: bytes that the excerpt may have for each that the file has, in 1/100; small files are mostly headers. */
static void check(int fd, unsigned most)
{
	uint64_t offsets[WANTED], bytes;
	struct excerpt excerpt;
	struct elf elf;
	uint32_t n;
	int made;

	assert_int_equal(elf_init(&elf, fd), 0);
	n = choose(&elf, offsets);
	assert_int_equal(excerpt_init(&excerpt, fd, offsets, n), 0);
	made = from_parts(fd, &excerpt, &bytes);
	assert_true(bytes * 100 < elf.size * most);
	compare_rules(&elf, fd, made, offsets, n);
	close(made);
	excerpt_release(&excerpt);
	elf_release(&elf);
}

static void test_files(void **state)
{
	unsigned tested = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		check(fd, 20);
		tested++;
		close(fd);
	}
	assert_true(tested >= 3);
}

/* Without a section table: by PT_GNU_EH_FRAME. */
static void test_no_sections(void **state)
{
	int fd = open(files[1], O_RDONLY | O_CLOEXEC), copy;
	Elf64_Ehdr header;

	(void)state;
	assert_true(fd >= 0);
	copy = copy_to_memfd(fd);
	assert_int_equal(pread(copy, &header, sizeof(header), 0), sizeof(header));
	header.e_shoff = 0;
	header.e_shnum = header.e_shstrndx = 0;
	assert_int_equal(pwrite(copy, &header, sizeof(header), 0), sizeof(header));
	check(copy, 20);
	close(copy);
	close(fd);
}

/* A file with rows stays one, whatever is asked for. */
static void test_nothing_wanted(void **state)
{
	int fd = open(files[1], O_RDONLY | O_CLOEXEC), made;
	struct unwind_table table;
	struct excerpt excerpt;
	struct rules rules;
	uint64_t bytes;

	(void)state;
	assert_int_equal(excerpt_init(&excerpt, fd, NULL, 0), 0);
	made = from_parts(fd, &excerpt, &bytes);
	assert_int_equal(rules_init(&rules, NULL), 0);
	assert_int_equal(unwind_table_init(&table, made, &rules), 0);
	assert_true(table.n_rows > 0 && table.n_rows < 100);
	unwind_table_release(&table);
	rules_release(&rules);
	excerpt_release(&excerpt);
	close(made);
	close(fd);
}

static void test_no_unwind_information(void **state)
{
	const uint64_t offset = 0x1010;
	struct excerpt excerpt;
	uint64_t bytes;
	struct made made;
	int fd, copy;

	(void)state;
	made_init(&made, 0x100);
	fd = made_file(&made);
	assert_true(fd >= 0);
	assert_int_equal(excerpt_init(&excerpt, fd, &offset, 1), 0);
	assert_int_equal(excerpt.n_wanted, 1);
	copy = from_parts(fd, &excerpt, &bytes);
	assert_true(bytes >= sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr));
	close(copy);
	excerpt_release(&excerpt);
	close(fd);
}

static void test_no_elf(void **state)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct excerpt excerpt;

	(void)state;
	assert_int_equal(excerpt_init(&excerpt, fd, NULL, 0), -ENOEXEC);
	assert_null(excerpt.parts);
	assert_null(excerpt.wanted);
	close(fd);
}

static void test_wants(void **state)
{
	uint64_t wanted[] = {10, 20, 30};
	const struct excerpt excerpt = {.wanted = wanted, .n_wanted = 3};

	(void)state;
	assert_true(excerpt_wants(&excerpt, 10, 11));
	assert_true(excerpt_wants(&excerpt, 0, 11));
	assert_true(excerpt_wants(&excerpt, 15, 100));
	assert_false(excerpt_wants(&excerpt, 0, 10));
	assert_false(excerpt_wants(&excerpt, 11, 20));
	assert_false(excerpt_wants(&excerpt, 31, UINT64_MAX));
	assert_false(excerpt_wants(&excerpt, 20, 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_no_sections),
		cmocka_unit_test(test_nothing_wanted),
		cmocka_unit_test(test_no_unwind_information),
		cmocka_unit_test(test_no_elf),
		cmocka_unit_test(test_wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
