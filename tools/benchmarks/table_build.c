// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * table_build ROWS FILE...: builds the unwind tables of the files until there are so many rows, three times over. Says
 * "NAME VALUE": files, rows, kernel_bytes, and seconds, which are CPU time of the fastest time.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "object/rules.h"
#include "object/unwind_table.h"

#define TIMES 3

struct sum {
	uint64_t files, rows, kernel_bytes;
	double seconds;
};

/* What a table takes in the kernel: its pages with their padding, their list and the index by blocks (abi_unwind.h). */
static uint64_t kernel_bytes(const struct unwind_table *table)
{
	uint64_t span = table->bases[table->pages - 1] - table->bases[0] + ABI_ROW_UNUSED;

	return table->pages * (ABI_ROWS * sizeof(*table->rows) + sizeof(struct abi_page)) +
	       (span >> ABI_BLOCK_SHIFT) * sizeof(uint32_t);
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A file without unwind information has no rows; nothing else may go wrong. */
static int add_file(struct sum *sum, const char *path, struct rules *rules)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	struct unwind_table table;
	double from = cpu_seconds();

	err = fd < 0 ? -errno : unwind_table_init(&table, fd, rules);
	sum->seconds += cpu_seconds() - from;
	if (fd >= 0)
		close(fd);
	if (err)
		return err == -ENODATA || err == -ENOEXEC ? 0 : err;
	sum->files++;
	sum->rows += table.n_rows;
	sum->kernel_bytes += kernel_bytes(&table);
	unwind_table_release(&table);
	return 0;
}

static int build(struct sum *sum, char **paths, int n, uint64_t rows)
{
	struct rules rules;
	int err = rules_init(&rules, NULL);

	*sum = (struct sum){0};
	if (err)
		return err;
	for (int i = 0; i < n && sum->rows < rows && !err; i++) {
		err = add_file(sum, paths[i], &rules);
		if (err)
			fprintf(stderr, "%s: %s\n", paths[i], strerror(-err));
	}
	rules_release(&rules);
	return err;
}

int main(int argc, char **argv)
{
	struct sum sum, best = {.seconds = 0};

	if (argc < 3)
		return 2;
	for (int i = 0; i < TIMES; i++) {
		if (build(&sum, argv + 2, argc - 2, strtoull(argv[1], NULL, 10)))
			return 1;
		if (!i || sum.seconds < best.seconds)
			best = sum;
	}
	printf("files %" PRIu64 "\nrows %" PRIu64 "\nkernel_bytes %" PRIu64 "\nseconds %.6f\n",
		best.files, best.rows, best.kernel_bytes, best.seconds);
	return 0;
}
