// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "made_cfi.h"

#define LENGTH 0x10000

#define REG(reg_, offset) {.cfa = CFA_REGISTER, .reg = (reg_), .cfa_offset = (offset), .ra_offset = -8}
#define SAVED(reg_, offset, at) \
	{.cfa = CFA_REGISTER, .reg = (reg_), .cfa_offset = (offset), .ra_offset = -8, \
		.rbp = SAVED_CFA, .rbp_offset = (at)}
#define UNSUPPORTED {.cfa = CFA_UNSUPPORTED}

/* One FDE under the usual CIE, and the rows that it must become. */
struct sample {
	const char *name, *program;
	size_t size;
	struct {
		uint32_t at;
		struct abi_rule rule;
	} rows[4];
	unsigned broken, limited;
};

#define EXPRESSION_PLT "\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22"
#define REMEMBER_8 "\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a"
#define RESTORE_8 "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"

static const struct sample samples[] = {
	{"nothing", BYTES(""), {{0, REG(7, 8)}}, 0, 0},
	{"nop", BYTES("\x00\x00"), {{0, REG(7, 8)}}, 0, 0},
	{"advance_loc, def_cfa_offset", BYTES("\x41\x0e\x10\x42\x0e\x80\x01"),
		{{0, REG(7, 8)}, {1, REG(7, 16)}, {3, REG(7, 128)}}, 0, 0},
	{"advance_loc1, 2 and 4", BYTES("\x02\x80\x0e\x10\x03\x00\x01\x0e\x18\x04\x00\x80\x00\x00\x0e\x20"),
		{{0, REG(7, 8)}, {0x80, REG(7, 16)}, {0x180, REG(7, 24)}, {0x8180, REG(7, 32)}}, 0, 0},
	{"set_loc", BYTES("\x01\xdd\xbf\xff\xff\x0e\x10"), {{0, REG(7, 8)}, {5, REG(7, 16)}}, 0, 0},
	{"set_loc goes back", BYTES("\x42\x01\xd8\xbf\xff\xff"), {{0, REG(7, 8)}, {2, UNSUPPORTED}}, 1, 0},
	{"advance by nothing", BYTES("\x40\x0e\x10"), {{0, REG(7, 16)}}, 0, 0},
	{"past the end", BYTES("\x04\x00\x00\x02\x00\x0e\x10"), {{0, REG(7, 8)}}, 0, 0},
	{"offset of rbp", BYTES("\x86\x02"), {{0, SAVED(7, 8, -16)}}, 0, 0},
	{"offset_extended", BYTES("\x05\x06\x03"), {{0, SAVED(7, 8, -24)}}, 0, 0},
	{"offset_extended_sf", BYTES("\x11\x06\x7e"), {{0, SAVED(7, 8, 16)}}, 0, 0},
	{"GNU_negative_offset_extended", BYTES("\x2f\x06\x02"), {{0, SAVED(7, 8, 16)}}, 0, 0},
	{"restore", BYTES("\x86\x02\x41\xc6"), {{0, SAVED(7, 8, -16)}, {1, REG(7, 8)}}, 0, 0},
	{"restore_extended", BYTES("\x86\x02\x41\x06\x06"), {{0, SAVED(7, 8, -16)}, {1, REG(7, 8)}}, 0, 0},
	{"restore of the return address", BYTES("\x09\x10\x00\x41\xd0"),
		{{0, {.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_reg = 1}}, {1, REG(7, 8)}}, 0, 0},
	{"same_value", BYTES("\x86\x02\x41\x08\x06"), {{0, SAVED(7, 8, -16)}, {1, REG(7, 8)}}, 0, 0},
	{"undefined rbp", BYTES("\x07\x06"),
		{{0, {.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_offset = -8, .rbp = SAVED_UNDEFINED}}}, 0, 0},
	{"undefined return address", BYTES("\x86\x02\x07\x10"), {{0, {.cfa = CFA_END}}}, 0, 0},
	{"return address of the same value", BYTES("\x08\x10"), {{0, UNSUPPORTED}}, 0, 0},
	{"return address in a register", BYTES("\x09\x10\x02"),
		{{0, {.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_reg = 3}}}, 0, 0},
	{"return address in no general register", BYTES("\x09\x10\x11"), {{0, UNSUPPORTED}}, 0, 0},
	{"return address at another offset", BYTES("\x90\x03"),
		{{0, {.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_offset = -24}}}, 0, 0},
	{"rbp in a register", BYTES("\x09\x06\x09"), {{0, UNSUPPORTED}}, 0, 0},
	{"val_offset of rbp", BYTES("\x14\x06\x02"), {{0, UNSUPPORTED}}, 0, 0},
	{"val_offset_sf of rbp", BYTES("\x15\x06\x02"), {{0, UNSUPPORTED}}, 0, 0},
	{"val_expression of rbp", BYTES("\x16\x06\x02\x76\x00"), {{0, UNSUPPORTED}}, 0, 0},
	{"rbp at an address by rbp", BYTES("\x10\x06\x02\x76\x70"),
		{{0, {.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_offset = -8, .rbp = SAVED_MEMORY,
			.rbp_offset = -16}}}, 0, 0},
	{"rbp at an address by rsp", BYTES("\x10\x06\x03\x77\xa0\x01"),
		{{0, {.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_offset = -8, .rbp = SAVED_STACK,
			.rbp_offset = 160}}}, 0, 0},
	{"rbp at an address by r10", BYTES("\x10\x06\x02\x7a\x00"), {{0, UNSUPPORTED}}, 0, 0},
	{"rsp elsewhere than at the CFA", BYTES("\x87\x02"), {{0, UNSUPPORTED}}, 0, 0},
	{"rsp restored", BYTES("\x87\x02\x41\xc7"), {{0, UNSUPPORTED}, {1, REG(7, 8)}}, 0, 0},
	{"other registers do not count",
		BYTES("\x83\x02\x8c\x03\x10\x0f\x02\x76\x78\x07\x00\x09\x03\x08\x16\x11\x01\x31\x86\x02"),
		{{0, SAVED(7, 8, -16)}}, 0, 0},
	{"remember_state, restore_state", BYTES("\x0a\x0c\x06\x10\x86\x02\x41\x0b"),
		{{0, SAVED(6, 16, -16)}, {1, REG(7, 8)}}, 0, 0},
	{"restore_state of nothing", BYTES("\x41\x0e\x10\x41\x0b\x41\x0e\x08"),
		{{0, REG(7, 8)}, {1, REG(7, 16)}, {2, UNSUPPORTED}}, 1, 0},
	{"as deep as it goes", BYTES(REMEMBER_8 REMEMBER_8 "\x0e\x10\x41" RESTORE_8 RESTORE_8),
		{{0, REG(7, 16)}, {1, REG(7, 8)}}, 0, 0},
	{"deeper", BYTES("\x41" REMEMBER_8 REMEMBER_8 "\x0a\x0e\x10\x41"), {{0, REG(7, 8)}, {1, UNSUPPORTED}}, 0, 1},
	{"def_cfa", BYTES("\x0c\x0a\x00"), {{0, REG(10, 0)}}, 0, 0},
	{"def_cfa_sf", BYTES("\x12\x06\x7e"), {{0, REG(6, 16)}}, 0, 0},
	{"def_cfa_register", BYTES("\x0d\x06"), {{0, REG(6, 8)}}, 0, 0},
	{"def_cfa_offset_sf", BYTES("\x13\x01"), {{0, REG(7, -8)}}, 0, 0},
	{"CFA by rip", BYTES("\x0c\x10\x08"), {{0, UNSUPPORTED}}, 0, 0},
	{"CFA by no register", BYTES("\x0c\x87\x02\x08"), {{0, UNSUPPORTED}}, 0, 0},
	{"CFA of 2 GiB less one", BYTES("\x0e\xff\xff\xff\xff\x07"), {{0, REG(7, INT32_MAX)}}, 0, 0},
	{"CFA of 2 GiB", BYTES("\x0e\x80\x80\x80\x80\x08"), {{0, UNSUPPORTED}}, 0, 0},
	{"CFA past 63 bits", BYTES("\x0e\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), {{0, UNSUPPORTED}}, 1, 0},
	{"rbp at the lowest offset", BYTES("\x86\x80\x20"), {{0, SAVED(7, 8, -32768)}}, 0, 0},
	{"rbp below it", BYTES("\x86\x81\x20"), {{0, UNSUPPORTED}}, 0, 0},
	{"an offset that overflows", BYTES("\x86\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), {{0, UNSUPPORTED}}, 1, 0},
	{"the procedure linkage table", BYTES(EXPRESSION_PLT),
		{{0, {.cfa = CFA_PLT, .reg = 7, .cfa_offset = 8, .cfa_add = 11, .ra_offset = -8}}}, 0, 0},
	{"a CFA in memory", BYTES("\x0f\x03\x76\x58\x06"),
		{{0, {.cfa = CFA_MEMORY, .reg = 6, .cfa_offset = -40, .ra_offset = -8}}}, 0, 0},
	{"a CFA in memory and further", BYTES("\x0f\x06\x77\xd8\x00\x06\x23\x08"),
		{{0, {.cfa = CFA_MEMORY, .reg = 7, .cfa_offset = 88, .cfa_add = 8, .ra_offset = -8}}}, 0, 0},
	{"a CFA in memory and too far", BYTES("\x0f\x07\x77\x00\x06\x23\x80\x80\x02"), {{0, UNSUPPORTED}}, 0, 0},
	{"a CFA by a sum", BYTES("\x0f\x04\x77\x08\x23\x10"), {{0, REG(7, 24)}}, 0, 0},
	{"a CFA by r9 * 8, with something behind", BYTES("\x0f\x0b\x77\x08\x79\x00\x38\x1e\x22\x06\x23\x08\x00"),
		{{0, UNSUPPORTED}}, 0, 0},
	{"a CFA by r9 * 8", BYTES("\x0f\x0a\x77\x08\x79\x00\x38\x1e\x22\x06\x23\x08"),
		{{0, {.cfa = CFA_MEMORY, .reg = 7, .cfa_offset = 8, .index = 9 + 1, .cfa_add = 8, .ra_offset = -8}}}, 0, 0},
	{"by r9 * 4", BYTES("\x0f\x08\x77\x08\x79\x00\x34\x1e\x22\x06"), {{0, UNSUPPORTED}}, 0, 0},
	{"by (r9 + 1) * 8", BYTES("\x0f\x08\x77\x08\x79\x01\x38\x1e\x22\x06"), {{0, UNSUPPORTED}}, 0, 0},
	{"by rip * 8", BYTES("\x0f\x08\x77\x08\x80\x00\x38\x1e\x22\x06"), {{0, UNSUPPORTED}}, 0, 0},
	{"by two indexes", BYTES("\x0f\x0d\x77\x08\x79\x00\x38\x1e\x22\x79\x00\x38\x1e\x22\x06"),
		{{0, UNSUPPORTED}}, 0, 0},
	{"by an index behind the memory", BYTES("\x0f\x08\x77\x08\x06\x79\x00\x38\x1e\x22"), {{0, UNSUPPORTED}}, 0, 0},
	{"an index alone", BYTES("\x0f\x07\x77\x08\x79\x00\x38\x1e\x22"), {{0, UNSUPPORTED}}, 0, 0},
	{"an index that is cut", BYTES("\x0f\x05\x77\x08\x79\x00\x38"), {{0, UNSUPPORTED}}, 0, 0},
	{"a CFA twice in memory", BYTES("\x0f\x04\x77\x08\x06\x06"), {{0, UNSUPPORTED}}, 0, 0},
	{"a CFA by an empty expression", BYTES("\x0f\x00"), {{0, UNSUPPORTED}}, 0, 0},
	{"def_cfa after an expression", BYTES("\x0f\x03\x76\x58\x06\x41\x0c\x07\x08"),
		{{0, {.cfa = CFA_MEMORY, .reg = 6, .cfa_offset = -40, .ra_offset = -8}}, {1, REG(7, 8)}}, 0, 0},
	{"def_cfa_offset leaves an expression", BYTES("\x0f\x03\x76\x58\x06\x0e\x20"),
		{{0, {.cfa = CFA_MEMORY, .reg = 6, .cfa_offset = -40, .ra_offset = -8}}}, 0, 0},
	{"def_cfa_register ends one, with the last offset",
		BYTES("\x0e\x38\x0f\x03\x76\x58\x06\x41\x0d\x07\x41\x0e\x08"),
		{{0, {.cfa = CFA_MEMORY, .reg = 6, .cfa_offset = -40, .ra_offset = -8}}, {1, REG(7, 56)},
			{2, REG(7, 8)}}, 0, 0},
	{"an expression that is an address is one", BYTES("\x0f\x02\x77\x10\x0e\x20"), {{0, REG(7, 16)}}, 0, 0},
	{"def_cfa past 63 bits", BYTES("\x0c\x07\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
		{{0, UNSUPPORTED}}, 1, 0},
	{"GNU_args_size", BYTES("\x2e\x10\x41\x0e\x10"), {{0, REG(7, 8)}, {1, REG(7, 16)}}, 0, 0},
	{"GNU_window_save", BYTES("\x41\x2d"), {{0, REG(7, 8)}, {1, UNSUPPORTED}}, 1, 0},
	{"MIPS_advance_loc8", BYTES("\x1d"), {{0, UNSUPPORTED}}, 1, 0},
	{"cut after def_cfa", BYTES("\x41\x0c\x07"), {{0, REG(7, 8)}, {1, UNSUPPORTED}}, 1, 0},
	{"cut after offset", BYTES("\x86"), {{0, UNSUPPORTED}}, 1, 0},
	{"cut in an expression", BYTES("\x0f\x05\x77\x08"), {{0, UNSUPPORTED}}, 1, 0},
	{"cut in a LEB128", BYTES("\x0e\x80"), {{0, UNSUPPORTED}}, 1, 0},
};

static void check_sample(const struct sample *sample, bool debug)
{
	struct made_section section = {.debug = debug};
	struct seen seen = {0};
	unsigned wanted = 0;
	struct cfi counts;

	made_cie(&section, BYTES(USUAL));
	made_fde(&section, MADE_CODE, LENGTH, sample->program, sample->size);
	assert_int_equal(made_read(&section, &seen, &counts), 0);
	while (wanted < 4 && sample->rows[wanted].rule.cfa)
		wanted++;
	if (seen.rows != wanted || counts.broken != sample->broken || counts.limited != sample->limited)
		fail_msg("%s: %u rows, %u broken, %u limited", sample->name, seen.rows,
			(unsigned)counts.broken, (unsigned)counts.limited);
	assert_int_equal(seen.ranges, 1);
	assert_int_equal(seen.start, MADE_CODE);
	assert_int_equal(seen.end, MADE_CODE + LENGTH);
	for (unsigned i = 0; i < wanted; i++)
		if (seen.row[i].start != MADE_CODE + sample->rows[i].at ||
			memcmp(&seen.row[i].rule, &sample->rows[i].rule, sizeof(struct abi_rule)))
			fail_msg("%s: row %u is another one", sample->name, i);
}

static void test_programs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
		check_sample(&samples[i], false);
}

/* The same under .debug_frame, version 4; set_loc has another form there. */
static void test_debug_frame(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
		if (strncmp(samples[i].name, "set_loc", 7))
			check_sample(&samples[i], true);
}

static struct abi_rule rule_of(const struct made_cie *cie, uint8_t encoding, struct cfi *counts)
{
	struct made_section section = {.encoding = encoding};
	struct seen seen = {0};

	made_cie_as(&section, cie, BYTES(USUAL));
	made_fde(&section, MADE_CODE, 0x100, BYTES(""));
	assert_int_equal(made_read(&section, &seen, counts), 0);
	if (!seen.ranges)
		return (struct abi_rule){.cfa = CFA_NONE};
	assert_int_equal(seen.start, MADE_CODE);
	assert_int_equal(seen.end, MADE_CODE + 0x100);
	return seen.row[0].rule;
}

static void test_augmentations(void **state)
{
	static const struct {
		struct made_cie cie;
		uint8_t encoding, cfa;
		unsigned broken;
	} cases[] = {
		{{1, "z", "", 0, 16, 0x78}, 0, CFA_REGISTER, 0},
		{{1, "zR", "\x1b", 1, 16, 0x78}, 0x1b, CFA_REGISTER, 0},
		{{3, "zR", "\x1b", 1, 16, 0x78}, 0x1b, CFA_REGISTER, 0},
		{{1, "zPLR", "\x9b\1\2\3\4\x1b\x1b", 7, 16, 0x78}, 0x1b, CFA_REGISTER, 0},
		{{1, "zPR", "\x03\1\2\3\4\x1b", 6, 16, 0x78}, 0x1b, CFA_REGISTER, 0},
		{{1, "zR", "\x1b more", 6, 16, 0x78}, 0x1b, CFA_REGISTER, 0},
		/* addresses that can be read, rules that cannot */
		{{1, "zRS", "\x1b", 1, 16, 0x78}, 0x1b, CFA_UNSUPPORTED, 0},
		{{1, "zR", "\x1b", 1, 17, 0x78}, 0x1b, CFA_UNSUPPORTED, 0},
		/* not even addresses */
		{{1, "eh", "", 0, 16, 0x78}, 0, CFA_NONE, 1},
		{{1, "zRB", "\x1b", 1, 16, 0x78}, 0x1b, CFA_NONE, 1},
		{{1, "zR", "", 0, 16, 0x78}, 0x1b, CFA_NONE, 1},
		{{1, "zPR", "\x0d\x1b", 2, 16, 0x78}, 0x1b, CFA_NONE, 1},
		{{2, "zR", "\x1b", 1, 16, 0x78}, 0x1b, CFA_NONE, 1},
	};
	struct cfi counts;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct abi_rule rule = rule_of(&cases[i].cie, cases[i].encoding, &counts);

		if (rule.cfa != cases[i].cfa || counts.broken != cases[i].broken)
			fail_msg("case %zu: CFA %u, %u broken", i, rule.cfa, (unsigned)counts.broken);
	}
}

/* An FDE's address in every form, under the base that the encoding says. */
static void test_encodings(void **state)
{
	static const uint8_t good[] = {0x00, 0x02, 0x03, 0x04, 0x0a, 0x0b, 0x0c, 0x08, 0x10, 0x1b, 0x1c};
	static const uint8_t refused[] = {0x05, 0x0d, 0x40, 0x50, 0x9b, 0x80, 0xff};
	struct cfi counts;

	(void)state;
	for (size_t i = 0; i < sizeof(good); i++) {
		char data[] = {(char)good[i]};
		const struct made_cie cie = {1, "zR", data, 1, 16, 0x78};

		assert_int_equal(rule_of(&cie, good[i], &counts).cfa, CFA_REGISTER);
	}
	for (size_t i = 0; i < sizeof(refused); i++) {
		char data[] = {(char)refused[i]};
		const struct made_cie cie = {1, "zR", data, 1, 16, 0x78};

		assert_int_equal(rule_of(&cie, 0, &counts).cfa, CFA_NONE);
		assert_int_equal(counts.broken, 1);
	}
}

static uint64_t read_pointer(const char *bytes, size_t size, uint8_t encoding, int *err)
{
	const struct cfi_bases bases = {(const uint8_t *)bytes, 0x5000, 0x100, 0x200};
	struct cursor cursor = cursor_over(bytes, size);
	uint64_t value = 77;

	cursor_take(&cursor, 2);
	*err = cfi_pointer_read(&cursor, encoding, &bases, &value);
	return value;
}

static void test_pointer_bases(void **state)
{
	int err;

	(void)state;
	assert_int_equal(read_pointer(BYTES("..\x10\x00\x00\x00"), 0x13, &err), 0x5012);
	assert_int_equal(read_pointer(BYTES("..\x10\x00\x00\x00"), 0x23, &err), 0x110);
	assert_int_equal(read_pointer(BYTES("..\xf0\xff"), 0x3a, &err), 0x1f0);
	assert_int_equal(read_pointer(BYTES("..\x90\x01"), 0x01, &err), 0x90);
	assert_int_equal(read_pointer(BYTES("..\x7f"), 0x09, &err), UINT64_MAX);
	assert_int_equal(err, 0);
	assert_int_equal(read_pointer(BYTES("..\x10\x00\x00"), 0x03, &err), 77);
	assert_int_equal(err, -EINVAL);
}

/* glibc's __restore_rt, and what it is when one register is elsewhere. */
static void test_signal_frame(void **state)
{
	static const uint16_t offsets[] = {
		144, 136, 152, 128, 112, 104, 120, 160, 40, 48, 56, 64, 72, 80, 88, 96, 168};
	const struct made_cie cie = {1, "zRS", "\x1b", 1, 16, 0x78};

	(void)state;
	for (unsigned wrong = 0; wrong <= 17; wrong++) {
		struct made_section section = {.encoding = 0x1b};
		struct buf program = {0};
		struct seen seen = {0};
		struct cfi counts;

		buf_append(&program, BYTES("\x0f\x04\x77\xa0\x01\x06"));
		for (unsigned reg = 0; reg < 17; reg++) {
			unsigned offset = offsets[reg] + (reg == wrong ? 8 : 0);
			const char op[] = {0x10, (char)reg, 3, 0x77, (char)(offset | 0x80), (char)(offset >> 7)};

			buf_append(&program, op, sizeof(op));
		}
		made_cie_as(&section, &cie, BYTES(USUAL));
		made_fde(&section, MADE_CODE, 9, program.data, program.len);
		assert_int_equal(made_read(&section, &seen, &counts), 0);
		assert_int_equal(seen.rows, 1);
		assert_int_equal(seen.row[0].rule.cfa, wrong == 17 ? CFA_SIGNAL : CFA_UNSUPPORTED);
		buf_release(&program);
	}
}

/* A CIE that says nothing: no CFA, no return address. */
static void test_nothing_said(void **state)
{
	struct made_section section = {0};
	struct seen seen = {0};
	struct cfi counts;

	(void)state;
	made_cie(&section, BYTES("\x0c\x07\x08"));
	made_fde(&section, MADE_CODE, 16, BYTES(""));
	made_cie(&section, BYTES("\x90\x01"));
	made_fde(&section, MADE_CODE + 16, 16, BYTES(""));
	made_cie(&section, BYTES(USUAL "\x41"));
	made_fde(&section, MADE_CODE + 32, 16, BYTES(""));
	assert_int_equal(made_read(&section, &seen, &counts), 0);
	assert_int_equal(seen.rows, 3);
	assert_int_equal(counts.n_cies, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(seen.row[i].rule.cfa, CFA_UNSUPPORTED);
}

static void test_many_fdes_share_a_cie(void **state)
{
	struct made_section section = {0};
	struct seen seen = {0};
	struct cfi counts;

	(void)state;
	made_cie(&section, BYTES(USUAL));
	for (unsigned i = 0; i < 40; i++)
		made_fde(&section, MADE_CODE + 16 * i, 16, BYTES(""));
	assert_int_equal(made_read(&section, &seen, &counts), 0);
	assert_int_equal(seen.ranges, 40);
	assert_int_equal(counts.n_cies, 1);
	assert_int_equal(counts.broken, 0);
}

static void test_many_cies(void **state)
{
	struct made_section section = {0};
	struct seen seen = {0};
	struct cfi counts;

	(void)state;
	for (unsigned i = 0; i < CFI_CIES_MAX + 2; i++) {
		made_cie(&section, BYTES(USUAL));
		made_fde(&section, MADE_CODE + 16 * i, 16, BYTES(""));
	}
	assert_int_equal(made_read(&section, &seen, &counts), 0);
	assert_int_equal(seen.ranges, CFI_CIES_MAX);
	assert_int_equal(counts.limited, 2);
}

static void test_extended_length(void **state)
{
	struct made_section section = {.debug = true};
	struct seen seen = {0};
	struct cfi counts;

	(void)state;
	made_u32(&section.buf, UINT32_MAX);
	made_u64(&section.buf, 8 + 6 + 5);
	made_u64(&section.buf, UINT64_MAX);
	buf_append(&section.buf, BYTES("\x03\x00\x01\x78\x10" USUAL "\x00"));
	made_u32(&section.buf, UINT32_MAX);
	made_u64(&section.buf, 24);
	made_u64(&section.buf, 0);
	made_u64(&section.buf, MADE_CODE);
	made_u64(&section.buf, 16);
	assert_int_equal(made_read(&section, &seen, &counts), 0);
	assert_int_equal(counts.broken, 0);
	assert_int_equal(seen.rows, 1);
	assert_int_equal(seen.row[0].rule.cfa, CFA_REGISTER);
}

/* A terminator in the middle, as crtend.o leaves it when objects follow, hides nothing. */
static void test_terminator(void **state)
{
	struct made_section section = {0};
	struct seen seen = {0};
	struct cfi counts;

	(void)state;
	made_cie(&section, BYTES(USUAL));
	made_u32(&section.buf, 0);
	made_fde(&section, MADE_CODE, 16, BYTES(""));
	assert_int_equal(made_read(&section, &seen, &counts), 0);
	assert_int_equal(seen.ranges, 1);
	assert_int_equal(counts.broken, 0);
}

/* Entries that lie about where they and their CIE are. */
static void test_lies(void **state)
{
	struct made_section section = {0};
	struct seen seen = {0};
	struct cfi counts;

	(void)state;
	made_cie(&section, BYTES(USUAL));
	section.cie = section.buf.len + 4 - 0xffff; /* before the section */
	made_fde(&section, MADE_CODE, 16, BYTES(""));
	section.cie = section.buf.len; /* itself */
	made_fde(&section, MADE_CODE, 16, BYTES(""));
	section.cie = 0;
	made_fde(&section, MADE_CODE, 0, BYTES("")); /* no code */
	made_u32(&section.buf, 0x1000); /* longer than the section */
	assert_int_equal(made_read(&section, &seen, &counts), 0);
	assert_int_equal(seen.ranges, 0);
	assert_int_equal(counts.broken, 3);
}

static void test_huge_cie(void **state)
{
	struct made_section section = {0};
	static char program[CFI_CIE_BYTES];
	struct seen seen = {0};
	struct cfi counts;

	(void)state;
	made_cie(&section, program, sizeof(program));
	made_fde(&section, MADE_CODE, 16, BYTES(""));
	assert_int_equal(made_read(&section, &seen, &counts), 0);
	assert_int_equal(seen.ranges, 0);
	assert_int_equal(counts.limited, 1);
}

static void test_sink_that_fails(void **state)
{
	struct made_section section = {0};
	struct seen seen = {.fail = -ENOMEM};
	struct cfi counts;

	(void)state;
	made_cie(&section, BYTES(USUAL));
	made_fde(&section, MADE_CODE, 16, BYTES("\x41\x0e\x10"));
	made_fde(&section, MADE_CODE + 16, 16, BYTES(""));
	assert_int_equal(made_read(&section, &seen, &counts), -ENOMEM);
	assert_int_equal(seen.rows, 1);
}

/* Cut anywhere, the section is read to where it is whole. */
static void test_truncated(void **state)
{
	struct made_section whole = {0};

	(void)state;
	made_cie(&whole, BYTES(USUAL));
	made_fde(&whole, MADE_CODE, 16, BYTES("\x41\x0f\x03\x76\x58\x06"));
	for (size_t size = 0; size < whole.buf.len; size++) {
		struct made_section section = {0};
		struct seen seen = {0};
		struct cfi counts;

		buf_append(&section.buf, whole.buf.data, size);
		assert_int_equal(made_read(&section, &seen, &counts), 0);
		assert_int_equal(seen.ranges, 0);
	}
	buf_release(&whole.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs), cmocka_unit_test(test_debug_frame),
		cmocka_unit_test(test_augmentations), cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_pointer_bases), cmocka_unit_test(test_signal_frame),
		cmocka_unit_test(test_nothing_said), cmocka_unit_test(test_many_fdes_share_a_cie),
		cmocka_unit_test(test_many_cies), cmocka_unit_test(test_extended_length),
		cmocka_unit_test(test_terminator), cmocka_unit_test(test_lies),
		cmocka_unit_test(test_huge_cie), cmocka_unit_test(test_sink_that_fails),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests_name("cfi", tests, NULL, NULL);
}
