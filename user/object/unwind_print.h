/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unwind tables as text, for people and tests. */
#ifndef PROFOUND_UNWIND_PRINT_H
#define PROFOUND_UNWIND_PRINT_H

#include <stdio.h>

#include "object/rules.h"
#include "object/unwind_table.h"

/*
 * A line a row: start, CFA, rbp and return address, with tabs between. start: 16 hexadecimal
 * digits. CFA: rsp+8,
 * *(rbp-8), *(rsp+56)+8, plt(11), signal, undefined (end of the stack), none (no code),
 * unsupported. rbp: u (same, or nothing said), c-16 (at CFA - 16), *(rbp+0), undefined. Return
 * address: c-8, u. Where the CFA is a word, the other two are u.
 */
void unwind_print_rows(const struct unwind_table *table, const struct rules *rules, FILE *out);

/* One line of totals. */
void unwind_print_notes(const struct unwind_table *table, const struct rules *rules, FILE *out);

#endif
