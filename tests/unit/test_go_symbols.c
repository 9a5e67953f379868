// SPDX-License-Identifier: GPL-2.0-or-later
/* On the fuzz target's seeds, which tests/fuzz/make_go_corpus.py describes: one of each layout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolize/go_symbols.h"

#define SEEDS "tests/fuzz/corpus/fuzz_go_symbols/"
#define TEXT 0x1000u
#define CODE 0x400u
#define SEED_MAX 4096

struct seed {
	uint8_t bytes[SEED_MAX];
	size_t size;
};

static void read_seed(struct seed *seed, const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), SEEDS "%s", name);
	file = fopen(path, "re");
	assert_non_null(file);
	seed->size = fread(seed->bytes, 1, sizeof(seed->bytes), file);
	fclose(file);
	assert_true(seed->size > CODE);
}

static int make_file(const struct seed *seed)
{
	size_t data = seed->size - CODE;
	Elf64_Ehdr header = {.e_ident = ELFMAG, .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(header), .e_ehsize = sizeof(header), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2};
	Elf64_Phdr segments[2] = {
		{PT_LOAD, PF_R | PF_X, TEXT, TEXT, TEXT, CODE, CODE, TEXT},
		{PT_LOAD, PF_R | PF_W, TEXT + CODE, TEXT + CODE, TEXT + CODE, data, data, TEXT},
	};
	int fd = memfd_create("made", MFD_CLOEXEC);

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	assert_true(pwrite(fd, &header, sizeof(header), 0) > 0);
	assert_true(pwrite(fd, segments, sizeof(segments), sizeof(header)) > 0);
	assert_true(pwrite(fd, seed->bytes, seed->size, TEXT) > 0);
	return fd;
}

/* What is said of one address, a line each: function file:line first_line. */
static int say(const struct seed *seed, uint64_t address, const char *symbol, char *out, size_t room)
{
	struct batch batch = {0};
	struct elf elf;
	int fd = make_file(seed), err;
	size_t len = 0;

	*out = 0;
	assert_int_equal(elf_init(&elf, fd), 0);
	assert_int_equal(batch_add(&batch, address, 0), 0);
	if (symbol)
		assert_int_equal(batch_item_set(&batch.items[0], 0x1000, 2, symbol, strlen(symbol)), 0);
	err = go_symbols_resolve(&elf, &batch);
	for (uint32_t i = 0; i < batch.items[0].lines.count; i++) {
		const struct code_line *line = &batch.items[0].lines.at[i];

		len += (size_t)snprintf(out + len, room - len, "%s %s:%u %u\n", line->function,
			line->file ? line->file : "?", line->line, line->first_line);
	}
	if (batch.items[0].name)
		snprintf(out + len, room - len, "= %s", batch.items[0].name);
	batch_release(&batch);
	elf_release(&elf);
	close(fd);
	return err;
}

static void expect(const char *seed_name, uint64_t address, const char *wanted)
{
	struct seed seed;
	char out[1024];

	read_seed(&seed, seed_name);
	assert_int_equal(say(&seed, address, NULL, out, sizeof(out)), 0);
	assert_string_equal(out, wanted);
}

static void chains_of_every_layout(void **state)
{
	(void)state;
	expect("go116", 0x1019, "main.inner /src/a.go:20 0\nmain.outer[...] /src/a.go:20 0\nmain.main /src/a.go:10 0\n"
		"= main.main");
	expect("go118", 0x1019, "main.inner /src/a.go:20 0\nmain.outer[...] /src/a.go:20 0\nmain.main /src/a.go:10 0\n"
		"= main.main");
	expect("go120", 0x1019, "main.inner /src/a.go:20 7\nmain.outer[...] /src/a.go:20 3\nmain.main /src/a.go:10 5\n"
		"= main.main");
}

static void where_nothing_was_inlined(void **state)
{
	(void)state;
	expect("go120", 0x1000, "main.main /src/a.go:10 5\n= main.main");
	expect("go120", 0x103f, "main.main /src/b.go:30 5\n= main.main");
	expect("go120", 0x1040, "main.other /src/a.go:10 5\n= main.other");
}

static void outside_of_functions(void **state)
{
	(void)state;
	expect("go120", 0xfff, "");
	expect("go120", 0x1080, "");
	expect("go120", UINT64_MAX, "");
}

static void the_tables_name_wins(void **state)
{
	struct seed seed;
	char out[256];

	(void)state;
	read_seed(&seed, "go120");
	assert_int_equal(say(&seed, 0x1000, "main.main.abi0", out, sizeof(out)), 0);
	assert_string_equal(out, "main.main /src/a.go:10 5\n= main.main");
	assert_int_equal(say(&seed, 0x1080, "other", out, sizeof(out)), 0);
	assert_string_equal(out, "= other");
}

/* Without it nobody knows where funcdata starts: then an inlined function's line must not pass for its caller's. */
static void without_moduledata(void **state)
{
	struct seed seed;
	char out[256];

	(void)state;
	read_seed(&seed, "go118");
	memcpy(seed.bytes + CODE + 24, &(uint64_t){TEXT}, 8); /* textStart */
	memset(seed.bytes + seed.size - 41 * 8, 0, 41 * 8);
	assert_int_equal(say(&seed, 0x1019, NULL, out, sizeof(out)), 0);
	assert_string_equal(out, "= main.main");
	assert_int_equal(say(&seed, 0x1030, NULL, out, sizeof(out)), 0);
	assert_string_equal(out, "main.main /src/b.go:30 0\n= main.main");
}

/* An entry whose parent is itself, or a child of it, has no end. */
static void a_tree_that_goes_in_circles(void **state)
{
	struct seed seed;
	uint8_t *tree;
	char out[256];

	(void)state;
	read_seed(&seed, "go120");
	tree = seed.bytes + seed.size - 41 * 8 - 32;
	memcpy(tree + 16 + 8, &(uint32_t){0x19}, 4);
	assert_int_equal(say(&seed, 0x1019, NULL, out, sizeof(out)), 0);
	assert_string_equal(out, "= main.main");
	memcpy(tree + 16 + 8, &(uint32_t){0x14}, 4);
	memcpy(tree + 8, &(uint32_t){0x19}, 4);
	assert_int_equal(say(&seed, 0x1019, NULL, out, sizeof(out)), 0);
	assert_string_equal(out, "= main.main");
}

static void no_table(void **state)
{
	struct seed seed;
	char out[256];

	(void)state;
	read_seed(&seed, "go120");
	seed.bytes[CODE] = 0;
	assert_int_equal(say(&seed, 0x1019, NULL, out, sizeof(out)), -ENODATA);
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_of_every_layout),
		cmocka_unit_test(where_nothing_was_inlined),
		cmocka_unit_test(outside_of_functions),
		cmocka_unit_test(the_tables_name_wins),
		cmocka_unit_test(without_moduledata),
		cmocka_unit_test(a_tree_that_goes_in_circles),
		cmocka_unit_test(no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
