// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints what go_symbols_resolve() says of addresses of FILE, read from stdin in hexadecimal: for each, innermost first,
 * `ADDRESS<TAB>function<TAB>file:line<TAB>first line`, or `ADDRESS` alone. With -t: only how long it took.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "symbolize/go_symbols.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print(const struct batch_item *item)
{
	const struct code_lines *lines = &item->lines;

	if (!item->name)
		printf("%" PRIx64 "\n", item->address);
	else if (!lines->count)
		printf("%" PRIx64 "\t%s\t?:0\t0\n", item->address, item->name);
	for (uint32_t i = 0; i < lines->count; i++)
		printf("%" PRIx64 "\t%s\t%s:%u\t%u\n", item->address, lines->at[i].function,
			lines->at[i].file ? lines->at[i].file : "?", lines->at[i].line, lines->at[i].first_line);
}

static void print_cost(const struct batch *batch, double seconds, long before)
{
	struct rusage usage;
	size_t named = 0, lines = 0;

	for (size_t i = 0; i < batch->count; i++) {
		named += batch->items[i].name != NULL;
		lines += batch->items[i].lines.count;
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("%zu addresses, %zu named, %zu lines, %.6f s, %ld KiB more\n", batch->count, named, lines, seconds,
		usage.ru_maxrss - before);
}

int main(int argc, char **argv)
{
	int timed = argc == 3 && !strcmp(argv[1], "-t"), fd, err;
	struct batch batch = {0};
	struct rusage before;
	uint64_t address;
	struct elf elf;
	double from;

	if (argc != 2 + timed)
		return 2;
	while (scanf("%" SCNx64, &address) == 1)
		if (batch_add(&batch, address, 0))
			return 1;
	batch_sort(&batch);
	fd = open(argv[argc - 1], O_RDONLY | O_CLOEXEC);
	getrusage(RUSAGE_SELF, &before);
	from = now();
	err = fd < 0 ? -errno : elf_init(&elf, fd);
	if (!err) {
		err = go_symbols_resolve(&elf, &batch);
		elf_release(&elf);
	}
	if (err)
		fprintf(stderr, "%s: %s\n", argv[argc - 1], strerror(-err));
	else if (timed)
		print_cost(&batch, now() - from, before.ru_maxrss);
	else
		for (size_t i = 0; i < batch.count; i++)
			print(&batch.items[i]);
	batch_release(&batch);
	return !!err;
}
