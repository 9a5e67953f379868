// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints what gopclntab_rows() says of a file, a line each: `range START END`, then the range's rows
 * `START CFA RBP` in hexadecimal and the words of test_gopclntab.py. With -t: only how long it took.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "object/gopclntab.h"

static unsigned long ranges, rows;
static int quiet;

static int on_range(void *context, uint64_t start, uint64_t end)
{
	(void)context;
	ranges++;
	if (!quiet)
		printf("range %" PRIx64 " %" PRIx64 "\n", start, end);
	return 0;
}

static int on_row(void *context, uint64_t start, const struct abi_rule *rule)
{
	static const char *const cfa[] = {"none", "unsupported", "end", "register", "memory", "plt", "other", "signal"};
	static const char *const rbp[] = {"u", "c", "m", "s", "undefined"};

	(void)context;
	rows++;
	if (quiet)
		return 0;
	printf("%" PRIx64 " ", start);
	if (rule->cfa == CFA_REGISTER || rule->cfa == CFA_OTHER_STACK)
		printf("%s%+d ", rule->reg == 7 ? "rsp" : rule->reg == 6 ? "rbp" : "other", rule->cfa_offset);
	else
		printf("%s ", cfa[rule->cfa]);
	if (rule->rbp == SAVED_CFA)
		printf("c%+d\n", rule->rbp_offset);
	else
		printf("%s\n", rbp[rule->rbp]);
	return 0;
}

int main(int argc, char **argv)
{
	struct row_sink sink = {.range = on_range, .row = on_row};
	struct timespec from, to;
	struct elf elf;
	int fd, err;

	quiet = argc == 3 && !strcmp(argv[1], "-t");
	if (argc != 2 + quiet)
		return 2;
	fd = open(argv[argc - 1], O_RDONLY | O_CLOEXEC);
	err = fd < 0 ? -errno : elf_init(&elf, fd);
	if (err) {
		fprintf(stderr, "%s: %s\n", argv[argc - 1], strerror(-err));
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	err = gopclntab_rows(&elf, &sink);
	clock_gettime(CLOCK_MONOTONIC, &to);
	elf_release(&elf);
	if (quiet)
		printf("%lu ranges, %lu rows, %.6f s\n", ranges, rows,
			(double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
	if (err)
		fprintf(stderr, "%s: %s\n", argv[argc - 1], strerror(-err));
	return !!err;
}
