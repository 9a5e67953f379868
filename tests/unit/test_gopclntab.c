// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "object/gopclntab.h"

#define TEXT 0x1000u
#define STRIDE 64u /* from one function to the next */
#define TABLE 0x2000u

/* A function as a test writes it: 64 bytes of code, INT3 behind it. */
struct written {
	const char *name;
	const char *code;
	size_t code_len;
	const char *pcsp; /* ends with its 0 */
	size_t pcsp_len;
	uint8_t flags;
};

#define BYTES(text) (text), sizeof(text) - 1
#define GO(name, code, pcsp, flags) {name, BYTES(code), BYTES(pcsp), flags}

/* PUSHQ BP; MOVQ SP, BP; SUBQ $16, SP; NOP; ADDQ $16, SP; POPQ BP; RET */
#define PUSH "\x55\x48\x89\xe5\x48\x83\xec\x10\x90\x48\x83\xc4\x10\x5d\xc3"
/* 0 for 1, 8 for 7, 24 for 5, 8 for 1, 0 for the rest */
#define PUSH_PCSP "\x02\x01\x10\x07\x20\x05\x1f\x01\x0f\x01\x00"
/* SUBQ $24, SP; MOVQ BP, 16(SP); LEAQ 16(SP), BP; NOP; MOVQ 16(SP), BP; ADDQ $24, SP; RET */
#define STORE "\x48\x83\xec\x18\x48\x89\x6c\x24\x10\x48\x8d\x6c\x24\x10\x90\x48\x8b\x6c\x24\x10\x48\x83\xc4\x18\xc3"
/* 0 for 4, 24 for 20, 0 for 1 */
#define STORE_PCSP "\x02\x04\x30\x14\x2f\x01\x00"
/* Nothing: 0 for 60 bytes */
#define LEAF "\x90\xc3"
#define LEAF_PCSP "\x02\x3c\x00"

struct out {
	char text[4096];
	size_t len;
};

static void say(struct out *out, const char *what, uint64_t at)
{
	out->len += (size_t)snprintf(out->text + out->len, sizeof(out->text) - out->len, "%s%lx", what,
		(unsigned long)at);
}

static int on_range(void *context, uint64_t start, uint64_t end)
{
	say(context, "\n", start);
	say(context, "-", end);
	return 0;
}

static int on_row(void *context, uint64_t start, const struct abi_rule *rule)
{
	static const char *const saved[] = {" same", " c-16", " memory", " stack", " lost"};
	struct out *out = context;

	say(out, " | ", start);
	if (rule->cfa == CFA_REGISTER || rule->cfa == CFA_OTHER_STACK)
		out->len += (size_t)sprintf(out->text + out->len, " %c%u+%d%s",
			rule->cfa == CFA_REGISTER ? 'r' : 'R', rule->reg, rule->cfa_offset,
			saved[rule->rbp]);
	else
		out->len += (size_t)sprintf(out->text + out->len, " %s", rule->cfa == CFA_END ? "end" :
			rule->cfa == CFA_SIGNAL ? "signal" : "unsupported");
	return 0;
}

static void append_word(struct buf *buf, uint64_t value, size_t size)
{
	buf_append(buf, &value, size);
}

/* The table of n functions, with struct _func 64 bytes apart. */
static void make_table(struct buf *out, uint32_t magic, uint64_t text, const struct written *f, uint32_t n)
{
	size_t word = magic == 0xfffffffa ? 8 : 4, names = 80, name = 0, pcsp = 1;
	uint64_t pctab = names, functab;

	for (uint32_t i = 0; i < n; i++)
		pctab += strlen(f[i].name) + 1;
	functab = pctab + 1;
	for (uint32_t i = 0; i < n; i++)
		functab += f[i].pcsp_len;
	append_word(out, magic | 0x0801ULL << 48, 8);
	append_word(out, n, 8);
	append_word(out, 0, 8);
	if (word == 4)
		append_word(out, text, 8);
	append_word(out, names, 8);
	append_word(out, 0, 8);
	append_word(out, 0, 8);
	append_word(out, pctab, 8);
	append_word(out, functab, 8);
	while (out->len < names)
		buf_putc(out, 0);
	for (uint32_t i = 0; i < n; i++)
		buf_append(out, f[i].name, strlen(f[i].name) + 1);
	buf_putc(out, 0);
	for (uint32_t i = 0; i < n; i++)
		buf_append(out, f[i].pcsp, f[i].pcsp_len);
	for (uint32_t i = 0; i <= n; i++) {
		append_word(out, (word == 8 ? TEXT : 0) + i * STRIDE, word);
		if (i < n)
			append_word(out, (n * 2 + 1) * word + i * 64, word);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint8_t func[64] = {0};
		uint32_t fields[2] = {(uint32_t)name, (uint32_t)pcsp};

		memcpy(func + word, &fields[0], 4);
		memcpy(func + word + 12, &fields[1], 4);
		func[magic == 0xfffffff0 ? 37 : 41] = f[i].flags;
		buf_append(out, func, sizeof(func));
		name += strlen(f[i].name) + 1;
		pcsp += f[i].pcsp_len;
	}
}

/* A file without sections: code at 0x1000, the table at 0x2000 and what follows it. */
static int make_file(const struct buf *table, const struct written *f, uint32_t n, size_t cut)
{
	size_t data = table->len - cut;
	Elf64_Ehdr header = {.e_ident = ELFMAG, .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(header), .e_ehsize = sizeof(header), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2};
	Elf64_Phdr segments[2] = {
		{PT_LOAD, PF_R | PF_X, TEXT, TEXT, TEXT, 0x1000, 0x1000, 0x1000},
		{PT_LOAD, PF_R | PF_W, TABLE, TABLE, TABLE, data, data, 0x1000},
	};
	uint8_t code[0x1000];
	int fd = memfd_create("made", MFD_CLOEXEC);

	memset(code, 0xcc, sizeof(code));
	for (uint32_t i = 0; i < n; i++)
		memcpy(code + i * STRIDE, f[i].code, f[i].code_len);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	assert_true(pwrite(fd, &header, sizeof(header), 0) > 0);
	assert_true(pwrite(fd, segments, sizeof(segments), sizeof(header)) > 0);
	assert_true(pwrite(fd, code, sizeof(code), TEXT) > 0);
	assert_true(pwrite(fd, table->data, data, TABLE) > 0);
	return fd;
}

static int rows_of_table(struct buf *table, const struct written *f, uint32_t n, size_t cut, struct out *out)
{
	const struct row_sink sink = {on_range, on_row, out};
	int fd = make_file(table, f, n, cut), err;
	struct elf elf;

	memset(out, 0, sizeof(*out));
	assert_int_equal(elf_init(&elf, fd), 0);
	err = gopclntab_rows(&elf, &sink);
	elf_release(&elf);
	close(fd);
	buf_release(table);
	return err;
}

static void expect(uint32_t magic, const struct written *f, uint32_t n, const char *rows)
{
	struct buf table = {0};
	struct out out;

	make_table(&table, magic, TEXT, f, n);
	assert_int_equal(rows_of_table(&table, f, n, 0, &out), 0);
	assert_string_equal(out.text, rows);
}

static void prologues_tell_where_rbp_is(void **state)
{
	static const struct written f[] = {GO("main.a", PUSH, PUSH_PCSP, 0), GO("main.b", STORE, STORE_PCSP, 0),
		GO("main.c", LEAF, LEAF_PCSP, 0)};

	(void)state;
	expect(0xfffffff1, f, 3,
		"\n1000-1040 | 1000 r7+8 same | 1001 r7+16 c-16 | 1008 r7+32 c-16 | 100d r7+16 c-16 | 100e r7+8 same"
		"\n1040-1080 | 1040 r7+8 same | 1044 r7+32 same | 1049 r7+32 c-16 | 1058 r7+8 same"
		"\n1080-10c0 | 1080 r7+8 same");
}

static void versions_differ_in_layout_only(void **state)
{
	static const struct written f[] = {GO("main.a", PUSH, PUSH_PCSP, 0)};
	static const char rows[] = "\n1000-1040 | 1000 r7+8 same | 1001 r7+16 c-16 | 1008 r7+32 c-16 | 100d r7+16 c-16"
		" | 100e r7+8 same";

	(void)state;
	expect(0xfffffffa, f, 1, rows);
	expect(0xfffffff0, f, 1, rows);
	expect(0xfffffff1, f, 1, rows);
}

/* PUSHQ R13 is no PUSHQ BP, and what assembly without a frame does to rbp is unknown. */
static void assembly_is_not_guessed_at(void **state)
{
	static const struct written f[] = {GO("a", "\x90\x41\x55\x90", "\x02\x03\x10\x05\x00", 4),
		GO("b", LEAF, LEAF_PCSP, 4), GO("runtime.asmcgocall_landingpad", LEAF, LEAF_PCSP, 4)};

	(void)state;
	expect(0xfffffff1, f, 3, "\n1000-1040 | 1000 r7+8 lost | 1003 r7+16 lost\n1040-1080 | 1040 r7+8 lost"
		"\n1080-10c0 | 1080 r7+8 same");
	expect(0xfffffffa, f + 1, 1, "\n1000-1040 | 1000 r7+8 lost");
}

static void ends_and_stack_switches(void **state)
{
	static const struct written f[] = {GO("runtime.goexit", LEAF, LEAF_PCSP, 1 | 4),
		GO("runtime.sigtramp", LEAF, LEAF_PCSP, 1 | 4), GO("runtime.gogo", LEAF, LEAF_PCSP, 2 | 4),
		GO("other", LEAF, LEAF_PCSP, 2 | 4), GO("runtime.mcall", "\x90\x49\x8b\x66\x38\xff\xd7", LEAF_PCSP, 2 | 4),
		GO("runtime.clone", "\x90\x0f\x05\xc3", LEAF_PCSP, 4),
		GO("x", "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", LEAF_PCSP, 4)};

	(void)state;
	expect(0xfffffff1, f, 7,
		"\n1000-1040 | 1000 end\n1040-1080 | 1040 r7+8 lost\n1080-10c0 | 1080 unsupported"
		"\n10c0-1100 | 10c0 unsupported\n1100-1140 | 1100 r7+8 lost | 1105 end"
		"\n1140-1180 | 1140 r7+8 lost | 1143 unsupported\n117f-11c0 | 117f signal");
}

static void rbp_leads_back_from_another_stack(void **state)
{
	static const struct written f[] = {GO("runtime.systemstack", PUSH, PUSH_PCSP, 2 | 4),
		GO("runtime.nanotime1", STORE, STORE_PCSP, 2 | 4), GO("runtime.asmcgocall", LEAF, LEAF_PCSP, 2 | 4),
		GO("runtime.cgocallback", PUSH, PUSH_PCSP, 2 | 4), GO("runtime.cgocallback", STORE, STORE_PCSP, 2 | 4)};

	(void)state;
	expect(0xfffffff1, f, 5,
		"\n1000-1040 | 1000 r7+8 same | 1001 r7+16 c-16 | 1004 R6+16 c-16 | 100e r7+8 same"
		"\n1040-1080 | 1040 r7+8 same | 1044 r7+32 same | 1049 r7+32 c-16 | 104e R6+16 c-16 | 1054 r7+32 same"
		" | 1058 r7+8 same"
		"\n1080-10c0 | 1080 unsupported"
		"\n10c0-1100 | 10c0 r7+8 same | 10c1 r7+16 c-16 | 10c4 R6+16 c-16 | 10ce r7+8 same"
		"\n1100-1140 | 1100 unsupported");
}

/* 1.26 has no textStart: moduledata says it. */
static void text_from_moduledata(void **state)
{
	static const struct written f[] = {GO("main.a", LEAF, LEAF_PCSP, 0)};
	uint64_t module[24] = {[0] = TABLE, [20] = TEXT, [21] = TEXT + STRIDE, [22] = TEXT, [23] = TEXT + STRIDE};
	struct buf table = {0};
	struct out out;

	(void)state;
	make_table(&table, 0xfffffff1, 0, f, 1);
	assert_int_equal(rows_of_table(&table, f, 1, 0, &out), -ENODATA);
	make_table(&table, 0xfffffff1, 0, f, 1);
	while (table.len % 8)
		buf_putc(&table, 0);
	buf_append(&table, module, sizeof(module));
	assert_int_equal(rows_of_table(&table, f, 1, 0, &out), 0);
	assert_string_equal(out.text, "\n1000-1040 | 1000 r7+8 same");
}

/* Cut anywhere, the table gives fewer rows or none, never one from beyond its end. */
static void cut_tables(void **state)
{
	static const struct written f[] = {GO("main.a", PUSH, PUSH_PCSP, 0), GO("main.b", STORE, STORE_PCSP, 0)};
	struct buf whole = {0};
	int failed = 0;

	(void)state;
	make_table(&whole, 0xfffffff1, TEXT, f, 2);
	for (size_t cut = 1; cut < whole.len; cut++) {
		struct buf table = {0};
		struct out out;

		buf_append(&table, whole.data, whole.len);
		failed += rows_of_table(&table, f, 2, cut, &out) == -ENODATA;
	}
	assert_true(failed > 100);
	buf_release(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prologues_tell_where_rbp_is),
		cmocka_unit_test(versions_differ_in_layout_only),
		cmocka_unit_test(assembly_is_not_guessed_at),
		cmocka_unit_test(ends_and_stack_switches),
		cmocka_unit_test(rbp_leads_back_from_another_stack),
		cmocka_unit_test(text_from_moduledata),
		cmocka_unit_test(cut_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
