// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "made_cfi.h"
#include "object/linker_code.h"

#define RSP(offset) {.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = (offset), .ra_offset = -8}
#define PLT(at) {.cfa = CFA_PLT, .reg = 7, .cfa_offset = 8, .cfa_add = (at), .ra_offset = -8}

#define SUB "\x48\x83\xec\x08"
#define ADD "\x48\x83\xc4\x08"
#define MOV "\x48\x8b\x05\xc5\x2f\x00\x00"
#define TEST "\x48\x85\xc0"
#define CALL "\xe8\x01\x02\x03\x04"
#define HEADER "\xff\x35\xca\x2f\x00\x00\xff\x25\xcc\x2f\x00\x00\x0f\x1f\x40\x00"
#define HEADER_BND "\xff\x35\xca\x2f\x00\x00\xf2\xff\x25\xcb\x2f\x00\x00\x0f\x1f\x00"
#define LAZY "\xff\x25\xfa\x64\x00\x00\x68\x00\x00\x00\x00\xe9\xe0\xff\xff\xff"
#define LAZY_IBT "\xf3\x0f\x1e\xfa\x68\x01\x00\x00\x00\xe9\xd0\xff\xff\xff\x66\x90"
#define SECOND "\xf3\x0f\x1e\xfa\xff\x25\x16\x2e\x00\x00\x66\x0f\x1f\x44\x00\x00"
#define SHORT "\xff\x25\xe2\xaf\x0c\x00\x66\x90"

struct sample {
	const char *name, *bytes;
	size_t size;
	uint64_t address, end; /* 0: no rows */
	struct {
		uint32_t at;
		struct abi_rule rule;
	} rows[4];
};

static const struct sample crt[] = {
	{"Debian's .init", BYTES(SUB MOV TEST "\x74\x02\xff\xd0" ADD "\xc3"), 0x1000, 0x17,
		{{0, RSP(8)}, {4, RSP(16)}, {0x16, RSP(8)}}},
	{"with endbr64 and calls", BYTES("\xf3\x0f\x1e\xfa" SUB MOV TEST "\x74\x05" CALL CALL ADD "\xc3"), 0x1000, 0x23,
		{{0, RSP(8)}, {8, RSP(16)}, {0x22, RSP(8)}}},
	{".fini", BYTES(SUB ADD "\xc3"), 0x1002, 9, {{0, RSP(8)}, {4, RSP(16)}, {8, RSP(8)}}},
	{"musl's", BYTES("\x50\x58\xc3"), 0x1000, 3, {{0, RSP(8)}, {1, RSP(16)}, {2, RSP(8)}}},
	{"no ret", BYTES(SUB ADD), 0x1000, 0, {{0}}},
	{"something behind the ret", BYTES(SUB ADD "\xc3\x90"), 0x1000, 0, {{0}}},
	{"not all is given back", BYTES(SUB SUB ADD "\xc3"), 0x1000, 0, {{0}}},
	{"another instruction", BYTES(SUB "\x90" ADD "\xc3"), 0x1000, 0, {{0}}},
	{"a jump to elsewhere", BYTES(SUB "\x74\x03\xff\xd0" ADD "\xc3"), 0x1000, 0, {{0}}},
	{"cut", BYTES(SUB "\x48\x83"), 0x1000, 0, {{0}}},
	{"nothing", BYTES(""), 0x1000, 0, {{0}}},
};

static const struct sample plt[] = {
	{"lld's", BYTES(HEADER LAZY LAZY), 0x1000, 48, {{0, RSP(16)}, {6, RSP(24)}, {16, PLT(11)}, {32, PLT(11)}}},
	{"with branch tracking", BYTES(HEADER_BND LAZY_IBT), 0x1000, 32, {{0, RSP(16)}, {6, RSP(24)}, {16, PLT(9)}}},
	{"a header alone", BYTES(HEADER), 0x1000, 16, {{0, RSP(16)}, {6, RSP(24)}}},
	{"a static program's", BYTES(SHORT SHORT), 0x1018, 16, {{0, RSP(8)}, {8, RSP(8)}}},
	{".plt.sec", BYTES(SECOND SECOND), 0x1000, 32, {{0, RSP(8)}, {16, RSP(8)}}},
	{"up to what is unknown", BYTES(SECOND "\x90" SECOND), 0x1000, 16, {{0, RSP(8)}}},
	{"an entry that pushes, misaligned", BYTES(SHORT LAZY), 0x1000, 8, {{0, RSP(8)}}},
	{"a section that is misaligned", BYTES(LAZY), 0x1008, 0, {{0}}},
	{"cut", BYTES(LAZY "\xff\x25\xfa"), 0x1000, 16, {{0, PLT(11)}}},
	{"nothing known", BYTES("\x90\x90"), 0x1000, 0, {{0}}},
	{"nothing", BYTES(""), 0x1000, 0, {{0}}},
};

static void check(const struct sample *sample,
	int (*rows)(const struct linker_code *code, const struct row_sink *sink))
{
	const struct linker_code code = {(const uint8_t *)sample->bytes, sample->size, sample->address};
	struct seen seen = {0};
	const struct row_sink sink = {seen_range, seen_row, &seen};
	unsigned i = 0;

	assert_int_equal(rows(&code, &sink), 0);
	if (seen.ranges != !!sample->end || (sample->end && seen.end != sample->address + sample->end))
		fail_msg("%s: %u ranges to %lx", sample->name, seen.ranges, (unsigned long)seen.end);
	for (; i < seen.rows; i++)
		if (i == 4 || seen.row[i].start != sample->address + sample->rows[i].at ||
			memcmp(&seen.row[i].rule, &sample->rows[i].rule, sizeof(struct abi_rule)))
			fail_msg("%s: row %u at %lx", sample->name, i, (unsigned long)seen.row[i].start);
	if (i < 4 && sample->rows[i].rule.cfa)
		fail_msg("%s: %u rows", sample->name, i);
}

static void test_crt(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(crt) / sizeof(*crt); i++)
		check(&crt[i], linker_code_crt_rows);
}

static void test_plt(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(plt) / sizeof(*plt); i++)
		check(&plt[i], linker_code_plt_rows);
}

static void test_the_sinks_error(void **state)
{
	const struct linker_code init = {(const uint8_t *)crt[0].bytes, crt[0].size, 0x1000};
	const struct linker_code lazy = {(const uint8_t *)plt[0].bytes, plt[0].size, 0x1000};
	struct seen seen = {.fail = -12};
	const struct row_sink sink = {seen_range, seen_row, &seen};

	(void)state;
	assert_int_equal(linker_code_crt_rows(&init, &sink), -12);
	assert_int_equal(linker_code_plt_rows(&lazy, &sink), -12);
	assert_int_equal(seen.rows, 2);
}

/* This program has a start file's .init, .fini and no more of them than its sections say. */
static void test_this_program(void **state)
{
	struct seen seen = {0};
	const struct row_sink sink = {seen_range, seen_row, &seen};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct elf elf;

	(void)state;
	assert_int_equal(elf_init(&elf, fd), 0);
	assert_int_equal(linker_code_rows(&elf, &sink), 0);
	assert_in_range(seen.ranges, 2, 5);
	elf_release(&elf);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crt),
		cmocka_unit_test(test_plt),
		cmocka_unit_test(test_the_sinks_error),
		cmocka_unit_test(test_this_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
