// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "symbolize/kernel_symbols.h"

struct expected {
	uint64_t address;
	const char *name;
};

static int resolve(const struct kernel_symbols *symbols, const char *text,
	const struct expected *expected, size_t count)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	struct batch batch = {0};
	int err;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(batch_add(&batch, expected[i].address, (uint32_t)i), 0);
	batch_sort(&batch);
	err = kernel_symbols_resolve(symbols, file, &batch);
	for (size_t i = 0; i < count; i++) {
		const struct expected *want = &expected[batch.items[i].frame];
		const char *name = batch.items[i].name;

		if ((name == NULL) != (want->name == NULL) || (name && strcmp(name, want->name)))
			fail_msg("%#llx: %s, not %s", (unsigned long long)want->address,
				name ? name : "(none)", want->name ? want->name : "(none)");
	}
	batch_release(&batch);
	fclose(file);
	return err;
}

#define RESOLVE(symbols, text, ...) \
	resolve(symbols, text, (const struct expected[]){__VA_ARGS__}, \
		sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected))

static void test_core(void **state)
{
	static const char text[] =
		"ffffffff81000000 T srso_alias\n"
		"ffffffff81000000 T _stext\n"
		"ffffffff81000000 T _text\n"
		"ffffffff81000100 T __entry_text_end\n"
		"ffffffff81000200 T __pfx_do_read\n"
		"ffffffff81000210 T __do_read\n"
		"ffffffff81000210 t do_read_local\n"
		"ffffffff81000210 T do_read\n"
		"ffffffff81000300 D some_data\n"
		"ffffffff81000400 W weak_code\n"
		"ffffffff81000410 t $x\n"
		"ffffffff81000500 T __static_call_text_end\n"
		"ffffffff81000500 T not_code\n"
		"ffffffff81000500 T _etext\n"
		"0000000000000000 A fixed_percpu_data\n";

	(void)state;
	assert_int_equal(RESOLVE(NULL, text, {0x1000, NULL}, {0xffffffff80ffffff, NULL},
		{0xffffffff81000000, "srso_alias"}, {0xffffffff810000ff, "srso_alias"},
		{0xffffffff81000100, NULL}, {0xffffffff81000210, "do_read"},
		{0xffffffff810002ff, "do_read"}, {0xffffffff81000300, NULL},
		{0xffffffff810003ff, NULL}, {0xffffffff81000420, "weak_code"},
		{0xffffffff81000500, NULL}, {0xffffffff81500000, NULL}, {UINT64_MAX, NULL}), 0);
}

static void test_only_stext(void **state)
{
	(void)state;
	assert_int_equal(RESOLVE(NULL, "ffffffff81000000 T _stext\n",
		{0xffffffff81000000, NULL}, {0xffffffff81000010, NULL}), 0);
	assert_int_equal(RESOLVE(NULL, "nonsense\n\nffff\nffffffff81000000 T\n ffffffff81000000 T x\n",
		{0xffffffff81000010, NULL}), 0);
}

static void test_hidden(void **state)
{
	(void)state;
	assert_int_equal(RESOLVE(NULL, "0000000000000000 T _stext\n0000000000000000 T do_read\n",
		{0, NULL}, {0xffffffff81000010, NULL}), -EPERM);
}

/* Modules are not sorted; what is past the last symbol of one may belong to nobody. */
static void test_modules(void **state)
{
	static const char text[] =
		"ffffffff81000000 T core\nffffffff81000800 T _etext\n"
		"ffffffffc0201000 t mod_b\t[mod]\n"
		"ffffffffc0200000 t mod_a\t[mod]\n"
		"ffffffffc0202000 d mod_data\t[mod]\n"
		"ffffffffc0400000 t bpf_prog_1234_x\t[bpf]\n";

	(void)state;
	assert_int_equal(RESOLVE(NULL, text, {0xffffffffc0200800, "mod_a"},
		{0xffffffffc0201001, "mod_b"}, {0xffffffffc0202001, NULL},
		{0xffffffffc0400010, "bpf_prog_1234_x"}, {0xffffffffc040ffff, "bpf_prog_1234_x"},
		{0xffffffffc0410000, NULL}), 0);
}

/* As kallsyms lists them: modules, ftrace's trampolines, BPF, kprobes' pages. */
static void test_made_at_run_time(void **state)
{
	static const char text[] =
		"ffffffff81000000 T core\nffffffff81000800 T _etext\n"
		"ffffffffc0700000 t ftrace_trampoline\t[__builtin__ftrace]\n"
		"ffffffffc0600000 t bpf_prog_0123456789abcdef_big\t[bpf]\n"
		"ffffffffc0640000 t bpf_trampoline_6442536467\t[bpf]\n"
		"ffffffffc0642000 t bpf_dispatcher_xdp\t[bpf]\n"
		"ffffffffc0650000 t bpf_prog_0123456789abcdef_F\t[bpf]\n"
		"ffffffffc0800000 t kprobe_insn_page\t[__builtin__kprobes]\n"
		"ffffffffc0900000 t kprobe_optinsn_page\t[__builtin__kprobes]\n";

	(void)state;
	assert_int_equal(RESOLVE(NULL, text, {0xffffffffc0700010, "ftrace_trampoline"},
		{0xffffffffc0700fff, "ftrace_trampoline"}, {0xffffffffc0701000, NULL},
		{0xffffffffc0608000, "bpf_prog_0123456789abcdef_big"}, {0xffffffffc0610000, NULL},
		{0xffffffffc0640000, "bpf_trampoline_6442536467"}, {0xffffffffc0641000, NULL},
		{0xffffffffc0642fff, "bpf_dispatcher_xdp"}, {0xffffffffc0643000, NULL},
		{0xffffffffc0650001, "bpf_prog_0123456789abcdef_F"},
		{0xffffffffc0800040, "kprobe_insn_page"}, {0xffffffffc0900040, "kprobe_optinsn_page"},
		{0xffffffffc0901040, NULL}), 0);
}

/* Two modules with functions of one name, and a module with several names for one address. */
static void test_modules_alike(void **state)
{
	static const char text[] =
		"ffffffffc0200000 t init_once\t[ext4]\n"
		"ffffffffc0200100 t helper\t[ext4]\n"
		"ffffffffc0200200 r __kstrtab_data\t[ext4]\n"
		"ffffffffc0300000 t init_once\t[xfs]\n"
		"ffffffffc0300100 t __helper\t[xfs]\n"
		"ffffffffc0300100 T xfs_helper\t[xfs]\n"
		"ffffffffc0300100 t a\t[xfs]\n";

	(void)state;
	assert_int_equal(RESOLVE(NULL, text, {0xffffffffc0200010, "init_once"},
		{0xffffffffc02001ff, "helper"}, {0xffffffffc0200200, NULL},
		{0xffffffffc0300010, "init_once"}, {0xffffffffc0300100, "xfs_helper"}), 0);
}

/* Without CONFIG_KALLSYMS_ALL there is no data; the markers of the text's ends are there (scripts/kallsyms.c). */
static void test_text_only(void **state)
{
	static const char text[] =
		"ffffffff81000000 T startup_64\nffffffff81000000 T _stext\nffffffff81000000 T _text\n"
		"ffffffff81000100 t local\nffffffff81000200 T _etext\n"
		"ffffffff82000000 T _sinittext\nffffffff82000000 T __pfx_init\nffffffff82000010 t init\n"
		"ffffffff82000400 T _einittext\n";

	(void)state;
	assert_int_equal(RESOLVE(NULL, text, {0xffffffff81000010, "startup_64"},
		{0xffffffff810001ff, "local"}, {0xffffffff81000200, NULL}, {0xffffffff81800000, NULL},
		{0xffffffff82000010, "init"}, {0xffffffff82000400, NULL}), 0);
}

/* System calls have up to three names at an address, folded functions two. */
static void test_several_names(void **state)
{
	static const char text[] =
		"ffffffff81000000 t __do_sys_getpid\nffffffff81000000 T __ia32_sys_getpid\n"
		"ffffffff81000000 T __x64_sys_getpid\n"
		"ffffffff81000100 T memset\nffffffff81000100 T __memset\nffffffff81000100 T __pi_memset\n"
		"ffffffff81000200 W weak\nffffffff81000200 t strong_but_local\n"
		"ffffffff81000300 T __SCT__tp_func_x\nffffffff81000300 T __static_call_text_start\n"
		"ffffffff81000400 T _etext\n";

	(void)state;
	assert_int_equal(RESOLVE(NULL, text, {0xffffffff81000010, "__x64_sys_getpid"},
		{0xffffffff81000110, "memset"}, {0xffffffff81000210, "weak"},
		{0xffffffff81000304, "__SCT__tp_func_x"}), 0);
}

static void note(struct kernel_symbols *symbols, uint64_t start, uint64_t end, const char *name, bool gone)
{
	struct lifecycle record = {.kind = LIFECYCLE_KSYMBOL, .start = start, .end = end,
		.gone = gone, .name = name};

	assert_int_equal(kernel_symbols_note(symbols, &record), 0);
}

static void test_records(void **state)
{
	static const char text[] = "ffffffff81000000 T core\nffffffffc0001000 t bpf_prog_b\t[bpf]\n";
	struct kernel_symbols *symbols = kernel_symbols_new();

	(void)state;
	note(symbols, 0xffffffffc0000000, 0xffffffffc0000100, "bpf_prog_a", false);
	note(symbols, 0xffffffffc0000000, 0xffffffffc0000100, "bpf_prog_a", true);
	note(symbols, 0xffffffffc0001000, 0xffffffffc0001100, "bpf_prog_b", false);
	note(symbols, 0xffffffffc0001080, 0xffffffffc0001200, "bpf_prog_c", true);
	note(symbols, 0xffffffffc0001000, 0xffffffffc0001000, "empty", true);
	assert_int_equal(RESOLVE(symbols, text, {0xffffffffc0000010, "bpf_prog_a"},
		{0xffffffffc0000100, NULL}, {0xffffffffc0001010, "bpf_prog_b"},
		{0xffffffffc0001090, NULL}, {0xffffffffc0001100, "bpf_prog_c"}), 0);
	assert_int_equal(RESOLVE(symbols, "0000000000000000 T _stext\n",
		{0xffffffff81000010, NULL}, {0xffffffffc0000010, "bpf_prog_a"}), -EPERM);
	kernel_symbols_free(symbols);
	kernel_symbols_free(NULL);
}

struct line {
	uint64_t address;
	char type, name[512];
};

static struct line *read_kallsyms(size_t *count)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	struct line *lines = NULL, line;
	unsigned long long address;
	char text[1024];
	size_t n = 0;

	assert_non_null(file);
	while (fgets(text, sizeof(text), file)) {
		if (sscanf(text, "%llx %c %511s", &address, &line.type, line.name) != 3)
			continue;
		line.address = address;
		if (n % 4096 == 0)
			lines = realloc(lines, (n + 4096) * sizeof(*lines));
		lines[n++] = line;
	}
	fclose(file);
	*count = n;
	return lines;
}

static int by_line(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static bool is_text(const struct line *line)
{
	return strchr("tTwW", line->type) && line->name[0] != '$';
}

/* Every function's own address resolves to one of the names that stand at that address. */
static void test_this_machine(void **state)
{
	struct batch batch = {0};
	size_t count, named = 0, wanted = 0;
	struct line *lines = read_kallsyms(&count);
	FILE *file = fopen("/proc/kallsyms", "re");

	(void)state;
	assert_true(count > 1000);
	qsort(lines, count, sizeof(*lines), by_line);
	if (!lines[count - 1].address) {
		print_message("skipped: kernel addresses are hidden here\n");
		free(lines);
		fclose(file);
		skip();
	}
	for (size_t i = 0; i < count; i++)
		if (is_text(&lines[i]))
			assert_int_equal(batch_add(&batch, lines[i].address, (uint32_t)i), 0);
	batch_sort(&batch);
	assert_int_equal(kernel_symbols_resolve(NULL, file, &batch), 0);
	for (size_t i = 0; i < batch.count; i++) {
		size_t at = batch.items[i].frame;
		bool found = false;

		wanted++;
		if (!batch.items[i].name)
			continue;
		named++;
		while (at && lines[at - 1].address == batch.items[i].address)
			at--;
		for (; at < count && lines[at].address == batch.items[i].address; at++)
			found |= !strcmp(lines[at].name, batch.items[i].name);
		if (!found)
			fail_msg("%s is called %s", lines[batch.items[i].frame].name, batch.items[i].name);
	}
	print_message("%zu of %zu named; the rest are markers of sections\n", named, wanted);
	assert_true(wanted - named < 100);
	batch_release(&batch);
	free(lines);
	fclose(file);
}

static double seconds(const char *path, bool only_read)
{
	struct timespec from, to;
	struct batch batch = {0};
	FILE *file = fopen(path, "re");
	static char chunk[65536];

	assert_non_null(file);
	for (uint32_t i = 0; i < 200; i++)
		batch_add(&batch, 0xffffffff81200000 + i * 0x10007ull, i);
	batch_sort(&batch);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	if (only_read)
		while (fread(chunk, 1, sizeof(chunk), file) > 0)
			;
	else
		assert_true(kernel_symbols_resolve(NULL, file, &batch) <= 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	batch_release(&batch);
	fclose(file);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static double least(const char *path, bool only_read)
{
	double best = 1e9;

	for (int i = 0; i < 5; i++) {
		double now = seconds(path, only_read);

		best = now < best ? now : best;
	}
	return best;
}

static void test_cost(void **state)
{
	double reading = least("/proc/kallsyms", true), all = least("/proc/kallsyms", false);

	(void)state;
	print_message("kallsyms, 200 addresses: %.1f ms, of which reading alone %.1f ms\n", all * 1e3,
		reading * 1e3);
	assert_true(all < reading + 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_core), cmocka_unit_test(test_only_stext),
		cmocka_unit_test(test_hidden), cmocka_unit_test(test_modules),
		cmocka_unit_test(test_made_at_run_time), cmocka_unit_test(test_modules_alike),
		cmocka_unit_test(test_text_only), cmocka_unit_test(test_several_names),
		cmocka_unit_test(test_records), cmocka_unit_test(test_this_machine),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests_name("kernel_symbols", tests, NULL, NULL);
}
