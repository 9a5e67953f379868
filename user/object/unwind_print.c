// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/unwind_print.h"

#include <inttypes.h>
#include <stdbool.h>

/* System V ABI, AMD64 supplement, figure 3.36 */
static const char *const registers[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

static void print_memory(const struct abi_rule *rule, FILE *out)
{
	fprintf(out, "*(%s%+d", registers[rule->reg & 15], rule->cfa_offset);
	if (rule->index)
		fprintf(out, "+8*%s", registers[(rule->index - 1) & 15]);
	fputc(')', out);
	if (rule->cfa_add)
		fprintf(out, "%+d", rule->cfa_add);
}

static void print_cfa(const struct abi_rule *rule, FILE *out)
{
	static const char *const words[] = {[CFA_NONE] = "none",
		[CFA_UNSUPPORTED] = "unsupported",
		[CFA_END] = "undefined",
		[CFA_SIGNAL] = "signal"};
	const char *reg = registers[rule->reg & 15];

	if (rule->cfa == CFA_REGISTER || rule->cfa == CFA_OTHER_STACK)
		fprintf(out, "%s%+d", reg, rule->cfa_offset);
	else if (rule->cfa == CFA_MEMORY)
		print_memory(rule, out);
	else if (rule->cfa == CFA_PLT)
		fprintf(out, "plt(%d)", rule->cfa_add);
	else
		fputs(words[rule->cfa], out);
}

static void print_rbp(const struct abi_rule *rule, FILE *out)
{
	if (rule->rbp == SAVED_CFA)
		fprintf(out, "c%+d", rule->rbp_offset);
	else if (rule->rbp == SAVED_MEMORY)
		fprintf(out, "*(rbp%+d)", rule->rbp_offset);
	else if (rule->rbp == SAVED_STACK)
		fprintf(out, "*(rsp%+d)", rule->rbp_offset);
	else
		fputs(rule->rbp == SAVED_UNDEFINED ? "undefined" : "u", out);
}

static bool has_ra(const struct abi_rule *rule)
{
	return rule->cfa >= CFA_REGISTER && rule->cfa != CFA_SIGNAL;
}

static void print_row(uint64_t start, const struct abi_rule *rule, FILE *out)
{
	fprintf(out, "%016" PRIx64 "\t", start);
	print_cfa(rule, out);
	fputc('\t', out);
	print_rbp(rule, out);
	if (has_ra(rule) && rule->ra_reg)
		fprintf(out, "\tr%d\n", rule->ra_reg - 1);
	else if (has_ra(rule))
		fprintf(out, "\tc%+d\n", rule->ra_offset);
	else
		fputs("\tu\n", out);
}

void unwind_print_rows(const struct unwind_table *table, const struct rules *rules, FILE *out)
{
	for (uint32_t page = 0; page < table->pages; page++) {
		const struct abi_row *rows = &table->rows[(size_t)page * ABI_ROWS];

		for (unsigned i = 0; i < ABI_ROWS && rows[i].offset != ABI_ROW_UNUSED; i++)
			print_row(table->bases[page] + rows[i].offset, &rules->rule[rows[i].rule],
				out);
	}
}

void unwind_print_notes(const struct unwind_table *table, const struct rules *rules, FILE *out)
{
	fprintf(out,
		"%" PRIu64 " rows in %u pages, %u rules, %" PRIu64 " unsupported, %" PRIu64
		" without room, %" PRIu64 " overlaps, %" PRIu64 " broken entries, %" PRIu64
		" sections skipped\n",
		table->n_rows, table->pages, rules->count, table->unsupported, table->no_room,
		table->overlaps, table->broken, table->skipped);
}
