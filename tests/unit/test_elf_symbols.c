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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "made_elf.h"
#include "symbolize/file_symbols.h"
#include "symbolize/vdso.h"

#define FUNC(bind) ELF64_ST_INFO(STB_##bind, STT_FUNC)
#define LABEL(bind) ELF64_ST_INFO(STB_##bind, STT_NOTYPE)

struct expected {
	uint64_t address;
	const char *name;
};

static void expect(struct made *made, const struct expected *expected, size_t count)
{
	int fd = made_file(made);
	struct batch batch = {0};

	for (size_t i = 0; i < count; i++)
		assert_int_equal(batch_add(&batch, expected[i].address, (uint32_t)i), 0);
	batch_sort(&batch);
	assert_int_equal(file_symbols_resolve(fd, -1, &batch), 0);
	for (size_t i = 0; i < count; i++) {
		const struct expected *want = &expected[batch.items[i].frame];
		const char *name = batch.items[i].name;

		if ((name == NULL) != (want->name == NULL) || (name && strcmp(name, want->name)))
			fail_msg("%#llx: %s, not %s", (unsigned long long)want->address,
				name ? name : "(none)", want->name ? want->name : "(none)");
	}
	batch_release(&batch);
	close(fd);
}

#define EXPECT(made, ...) \
	do { \
		const struct expected list[] = {__VA_ARGS__}; \
		expect(made, list, sizeof(list) / sizeof(*list)); \
	} while (0)

static void test_sized(void **state)
{
	struct made made;

	(void)state;
	made_init(&made, 0x800);
	made_symbol(&made, "outer", 0x1010, 0x100, FUNC(GLOBAL), MADE_TEXT);
	made_symbol(&made, "inner", 0x1020, 0x10, FUNC(LOCAL), MADE_TEXT);
	made_symbol(&made, "ifunc", 0x1200, 0x10, ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC), MADE_TEXT);
	made_symbol(&made, "object", 0x1300, 0x10, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), MADE_TEXT);
	made_symbol(&made, "undefined", 0x1310, 0x10, FUNC(GLOBAL), SHN_UNDEF);
	made_symbol(&made, "absolute", 0x1320, 0x10, FUNC(GLOBAL), SHN_ABS);
	made_symbol(&made, "in_data", 0x2800, 0x10, FUNC(GLOBAL), MADE_DATA);
	made_symbol(&made, "past_end", 0x17f0, 0x100, FUNC(GLOBAL), MADE_TEXT);
	made_symbol(&made, "wraps", 0x1400, UINT64_MAX, FUNC(GLOBAL), MADE_TEXT);
	EXPECT(&made, {0x100f, NULL}, {0x1010, "outer"}, {0x1020, "inner"}, {0x102f, "inner"},
		{0x1030, "outer"}, {0x110f, "outer"}, {0x1110, NULL}, {0x1200, "ifunc"},
		{0x1300, NULL}, {0x1310, NULL}, {0x1320, NULL}, {0x2800, NULL},
		{0x17ff, "past_end"}, {0x1800, NULL}, {0x1500, "wraps"}, {UINT64_MAX, NULL});
}

static void test_aliases(void **state)
{
	struct made made;

	(void)state;
	made_init(&made, 0x800);
	made_symbol(&made, "__libc_read", 0x1000, 16, FUNC(GLOBAL), MADE_TEXT);
	made_symbol(&made, "read", 0x1000, 16, FUNC(GLOBAL), MADE_TEXT);
	made_symbol(&made, "__read", 0x1000, 16, FUNC(GLOBAL), MADE_TEXT);
	made_symbol(&made, "r", 0x1000, 16, FUNC(WEAK), MADE_TEXT);
	made_symbol(&made, "a", 0x1000, 16, FUNC(LOCAL), MADE_TEXT);
	made_symbol(&made, "local", 0x1010, 16, FUNC(LOCAL), MADE_TEXT);
	made_symbol(&made, "__weak", 0x1010, 16, FUNC(WEAK), MADE_TEXT);
	made_symbol(&made, "bb", 0x1020, 16, FUNC(LOCAL), MADE_TEXT);
	made_symbol(&made, "ba", 0x1020, 16, FUNC(LOCAL), MADE_TEXT);
	made_symbol(&made, "old@VER_1", 0x1030, 16, FUNC(GLOBAL), MADE_TEXT);
	made_symbol(&made, "newer@@VER_2", 0x1040, 16, FUNC(GLOBAL), MADE_TEXT);
	made_symbol(&made, "f.cold", 0x1050, 16, FUNC(GLOBAL), MADE_TEXT);
	EXPECT(&made, {0x1000, "read"}, {0x1010, "__weak"}, {0x1020, "ba"}, {0x1030, "old"},
		{0x104f, "newer"}, {0x1050, "f.cold"});
}

static void test_labels(void **state)
{
	struct made made;

	(void)state;
	made_init(&made, 0x800);
	made_symbol(&made, "later", 0x1100, 0, LABEL(LOCAL), MADE_TEXT);
	made_symbol(&made, "first", 0x1010, 0, LABEL(LOCAL), MADE_TEXT);
	made_symbol(&made, ".Llocal", 0x1020, 0, LABEL(LOCAL), MADE_TEXT);
	made_symbol(&made, "$x", 0x1020, 0, LABEL(LOCAL), MADE_TEXT);
	made_symbol(&made, "_etext", 0x1030, 0, LABEL(GLOBAL), MADE_TEXT);
	made_symbol(&made, "__start_x", 0x1030, 0, LABEL(GLOBAL), MADE_TEXT);
	made_symbol(&made, "sized", 0x1200, 0x40, FUNC(GLOBAL), MADE_TEXT);
	made_symbol(&made, "inside", 0x1220, 0, LABEL(GLOBAL), MADE_TEXT);
	made_symbol(&made, "typed", 0x1300, 0, FUNC(LOCAL), MADE_TEXT);
	made_symbol(&made, "typed_global", 0x1300, 0, FUNC(GLOBAL), MADE_TEXT);
	made_symbol(&made, "fini", 0x1810, 0, LABEL(GLOBAL), MADE_FINI);
	EXPECT(&made, {0x100f, NULL}, {0x1010, "first"}, {0x10ff, "first"}, {0x1100, "later"},
		{0x11ff, "later"}, {0x1200, "sized"}, {0x1230, "sized"}, {0x1240, NULL},
		{0x12ff, NULL}, {0x1300, "typed_global"}, {0x17ff, "typed_global"}, {0x1800, NULL},
		{0x1810, "fini"}, {0x18ff, "fini"}, {0x1900, NULL});
}

/* Where only .dynsym is left, functions that were stripped may follow: with no FDE a label names nothing. */
static void test_labels_of_a_stripped_file(void **state)
{
	struct made made;

	(void)state;
	made_init(&made, 0x800);
	made.table = SHT_DYNSYM;
	made_symbol(&made, "assembled", 0x1010, 0, FUNC(GLOBAL), MADE_TEXT);
	made_symbol(&made, "sized", 0x1100, 16, FUNC(GLOBAL), MADE_TEXT);
	EXPECT(&made, {0x1010, NULL}, {0x1020, NULL}, {0x1100, "sized"}, {0x1110, NULL});
}

/* The definition, symbol by symbol: the innermost sized one; else the nearest label that no sized one ends after. */
static int by_scan(const uint64_t *start, const uint64_t *size, int n, uint64_t address)
{
	int cover = -1, label = -1;

	for (int i = 0; i < n; i++) {
		int *best = size[i] ? &cover : &label;

		if (start[i] <= address && (!size[i] || address < start[i] + size[i]) &&
			(*best < 0 || start[i] > start[*best]))
			*best = i;
	}
	for (int i = 0; cover < 0 && label >= 0 && i < n; i++)
		if (size[i] && start[i] + size[i] <= address && start[i] + size[i] > start[label])
			return -1;
	return cover >= 0 ? cover : label;
}

static void test_random_against_scan(void **state)
{
	enum { SYMBOLS = 120, ROUNDS = 50 };

	(void)state;
	srand(11);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start[SYMBOLS], size[SYMBOLS];
		char names[SYMBOLS][16];
		struct expected expected[0x800];
		struct made made;

		made_init(&made, 0x800);
		for (int i = 0; i < SYMBOLS; i++) {
			start[i] = 0x1000 + (uint64_t)(i * 7919 % SYMBOLS) * 16 + (uint64_t)(rand() % 16);
			size[i] = rand() % 2 ? (uint64_t)(rand() % 60) : 0;
			snprintf(names[i], sizeof(names[i]), "f%d", i);
			made_symbol(&made, names[i], start[i], size[i], FUNC(LOCAL), MADE_TEXT);
		}
		for (uint64_t i = 0; i < 0x800; i++) {
			int found = by_scan(start, size, SYMBOLS, 0x1000 + i);

			expected[i] = (struct expected){0x1000 + i, found < 0 ? NULL : names[found]};
		}
		expect(&made, expected, 0x800);
	}
}

static void test_hostile_tables(void **state)
{
	struct made made;
	struct batch batch = {0};
	uint64_t bad[] = {0, 1, UINT64_MAX, 1ull << 62};
	int fd;

	(void)state;
	batch_add(&batch, 0x1000, 0);
	made_init(&made, 0x800);
	made_symbol(&made, "f", 0x1000, 16, FUNC(GLOBAL), MADE_TEXT);
	fd = made_file(&made);
	for (size_t field = 0; field + 8 <= sizeof(Elf64_Shdr); field += 8) {
		for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
			for (int section = MADE_TEXT; section < MADE_SECTIONS; section++) {
				Elf64_Ehdr header;
				off_t at;
				uint64_t was;
				int err;

				assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
				at = (off_t)(header.e_shoff + (uint64_t)section * sizeof(Elf64_Shdr) + field);
				assert_int_equal(pread(fd, &was, 8, at), 8);
				assert_int_equal(pwrite(fd, &bad[i], 8, at), 8);
				err = file_symbols_resolve(fd, -1, &batch);
				assert_true(err == 0 || err == -EIO || err == -ENOEXEC);
				assert_true(!batch.items[0].name || strlen(batch.items[0].name) < 60);
				batch_item_clear(&batch.items[0]);
				assert_int_equal(pwrite(fd, &was, 8, at), 8);
			}
		}
	}
	assert_int_equal(file_symbols_resolve(fd, -1, &batch), 0);
	assert_string_equal(batch.items[0].name, "f");
	batch_release(&batch);
	close(fd);
}

/* What libelf says: does a function of this name really cover the address? */
struct truth {
	GElf_Sym symbol;
	char name[256];
};

static size_t read_truth(int fd, struct truth **out)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	Elf_Scn *section = NULL;
	size_t n = 0;

	*out = NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		size_t count;

		gelf_getshdr(section, &header);
		if (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM)
			continue;
		count = header.sh_size / header.sh_entsize;
		*out = realloc(*out, (n + count) * sizeof(**out));
		for (size_t i = 0; i < count; i++) {
			struct truth *truth = &(*out)[n];
			const char *name;
			unsigned type;

			gelf_getsym(elf_getdata(section, NULL), (int)i, &truth->symbol);
			type = GELF_ST_TYPE(truth->symbol.st_info);
			name = elf_strptr(elf, header.sh_link, truth->symbol.st_name);
			if ((type != STT_FUNC && type != STT_GNU_IFUNC) || !truth->symbol.st_size ||
				truth->symbol.st_shndx == SHN_UNDEF || !name || strlen(name) > 255)
				continue;
			snprintf(truth->name, sizeof(truth->name), "%s", name);
			if (header.sh_type == SHT_SYMTAB && strchr(truth->name + 1, '@'))
				*strchr(truth->name + 1, '@') = 0;
			n++;
		}
	}
	elf_end(elf);
	return n;
}

static int by_address(const void *a, const void *b)
{
	const struct truth *x = a, *y = b;

	return (x->symbol.st_value > y->symbol.st_value) - (x->symbol.st_value < y->symbol.st_value);
}

/* The name that was found is that of a symbol with exactly this start: nothing that starts later covers the
 * function's own first byte. */
static bool is_true(const struct truth *truth, size_t n, const struct truth *self,
	const struct batch_item *item)
{
	for (const struct truth *at = self; at < truth + n && at->symbol.st_value == item->address; at++)
		if (!strcmp(at->name, item->name))
			return true;
	for (const struct truth *at = self;
		at >= truth && at->symbol.st_value == item->address; at--)
		if (!strcmp(at->name, item->name))
			return true;
	return false;
}

static void compare_file(int fd)
{
	struct truth *truth;
	size_t n = read_truth(fd, &truth);
	struct batch batch = {0};

	assert_true(n > 0);
	qsort(truth, n, sizeof(*truth), by_address);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(batch_add(&batch, truth[i].symbol.st_value, (uint32_t)i), 0);
	batch_sort(&batch);
	assert_int_equal(file_symbols_resolve(fd, -1, &batch), 0);
	for (size_t i = 0; i < n; i++) {
		const struct truth *self = &truth[batch.items[i].frame];

		assert_non_null(batch.items[i].name);
		if (!is_true(truth, n, self, &batch.items[i]))
			fail_msg("%s at %#llx was called %s", self->name,
				(unsigned long long)self->symbol.st_value, batch.items[i].name);
	}
	batch_release(&batch);
	free(truth);
}

static void test_real_files(void **state)
{
	static const char *const files[] = {"/proc/self/exe", "/bin/bash",
		"/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libm.so.6",
		"/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/lib/aarch64-linux-gnu/libc.so.6"};
	int compared = 0;

	(void)state;
	elf_version(EV_CURRENT);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		compare_file(fd);
		compared++;
		close(fd);
	}
	assert_true(compared >= 2);
}

static void test_vdso(void **state)
{
	int fd = vdso_open();

	(void)state;
	assert_true(fd >= 0);
	elf_version(EV_CURRENT);
	compare_file(fd);
	close(fd);
}

static double cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#ifdef __SANITIZE_ADDRESS__
#define PEAK_MAX_KIB 16384 /* shadow memory and quarantine */
#else
#define PEAK_MAX_KIB 1024
#endif

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* In a child, because a new process starts with a peak of what it has, not of what its parent once had. */
static void check_peak(int fd, struct batch *batch)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		long before = peak_kib(), more;
		int err = file_symbols_resolve(fd, -1, batch);

		more = peak_kib() - before;
		print_message("peak + %ld KiB\n", more);
		fflush(NULL);
		_exit(err || more > PEAK_MAX_KIB);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* 1,000,000 functions and 20 addresses, and the same as labels: cost is asserted with room for a slow machine. */
static void big_file(uint64_t size, uint64_t step)
{
	struct made made;
	struct batch batch = {0};
	double start;
	int fd;

	made_init(&made, 1000000 * 16);
	for (uint64_t i = 0; i < 1000000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "function_%llu", (unsigned long long)(i * step % 1000000));
		made_symbol(&made, name, 0x1000 + i * step % 1000000 * 16, size, FUNC(LOCAL), MADE_TEXT);
	}
	fd = made_file(&made);
	for (uint32_t i = 0; i < 20; i++)
		batch_add(&batch, 0x1000 + (uint64_t)i * 50000 * 16 + 5, i);
	batch_sort(&batch);
	check_peak(fd, &batch);
	start = cpu_now();
	assert_int_equal(file_symbols_resolve(fd, -1, &batch), 0);
	start = cpu_now() - start;
	print_message("1,000,000 symbols (size %llu, step %llu), 20 addresses: %.1f ms\n",
		(unsigned long long)size, (unsigned long long)step, start * 1e3);
	assert_true(start < 1.0);
	for (uint32_t i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "function_%u", i * 50000);
		assert_string_equal(batch.items[i].name, name);
	}
	batch_release(&batch);
	close(fd);
}

static void test_big(void **state)
{
	(void)state;
	big_file(16, 1);
	big_file(16, 7919);
	big_file(0, 1);
	big_file(0, 7919);
}

/* Symbols that all cover everything, with long names: what comparing them costs is capped for the file, and what
 * was not compared to the end names nothing. */
static void test_long_names_that_all_cover(void **state)
{
	enum { SYMBOLS = 1024, ADDRESSES = 4000, NAME = 8192 };
	char name[NAME + SYMBOLS + 1];
	struct batch batch = {0};
	struct made made;
	double start;
	int fd;

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	made_init(&made, 0x10000);
	buf_append(&made.strings, name, sizeof(name));
	for (uint32_t i = 0; i < SYMBOLS; i++) {
		Elf64_Sym symbol = {.st_name = 1 + i, .st_info = FUNC(GLOBAL), .st_shndx = MADE_TEXT,
			.st_value = 0x1000, .st_size = 0x10000};

		buf_append(&made.symbols, &symbol, sizeof(symbol));
	}
	fd = made_file(&made);
	for (uint32_t i = 0; i < ADDRESSES; i++)
		batch_add(&batch, 0x1000 + i * 16, i);
	batch_sort(&batch);
	start = cpu_now();
	assert_int_equal(file_symbols_resolve(fd, -1, &batch), 0);
	start = cpu_now() - start;
	print_message("1,024 symbols that cover 4,000 addresses: %.1f ms\n", start * 1e3);
	assert_true(start < 1.0);
	for (uint32_t i = 0; i < ADDRESSES; i++)
		assert_null(batch.items[i].name);
	batch_release(&batch);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sized), cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_labels_of_a_stripped_file), cmocka_unit_test(test_random_against_scan),
		cmocka_unit_test(test_hostile_tables),
		cmocka_unit_test(test_real_files), cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_big), cmocka_unit_test(test_long_names_that_all_cover),
	};

	return cmocka_run_group_tests_name("elf_symbols", tests, NULL, NULL);
}
