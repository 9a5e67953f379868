/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ranking in columns for people and scripts: self, its share, total, its share, name. Lines that begin with "#" say
 * what the columns are; the rest is one row a line, words apart by spaces, the name last.
 */
#ifndef PROFOUND_TABLE_H
#define PROFOUND_TABLE_H

#include <stdint.h>
#include <stdio.h>

#include "report/ranking.h"

struct table {
	const struct ranking *ranking;
	const char *column; /* what the names are: "function" */
	const char *unit;   /* of the amounts */
	uint64_t whole;     /* what shares are of */
	uint32_t limit;     /* rows shown; what is left is summed in a last line "N more". 0: all */
	unsigned width;     /* of the terminal: names are cut there. 0: never */
};

void table_print(const struct table *table, FILE *out);

#endif
