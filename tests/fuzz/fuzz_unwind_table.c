// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "object/unwind_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the kernel's search relies on (abi.h). */
static void check_page(const struct unwind_table *table, const struct rules *rules, uint32_t page)
{
	const struct abi_row *rows = &table->rows[(size_t)page * ABI_ROWS];
	uint32_t used = 0;

	if (rows[0].offset || (page && table->bases[page] <= table->bases[page - 1]))
		abort();
	while (used < ABI_ROWS && rows[used].offset != ABI_ROW_UNUSED) {
		if (rows[used].rule >= rules->count || (used && rows[used].offset <= rows[used - 1].offset))
			abort();
		if (unwind_table_find(table, table->bases[page] + rows[used].offset) != rows[used].rule)
			abort();
		used++;
	}
	for (uint32_t i = used; i < ABI_ROWS; i++)
		if (rows[i].offset != ABI_ROW_UNUSED)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct unwind_table table;
	struct rules rules;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size || rules_init(&rules, NULL))
		return 0;
	if (!unwind_table_init(&table, fd, &rules)) {
		for (uint32_t page = 0; page < table.pages; page++)
			check_page(&table, &rules, page);
		unwind_table_release(&table);
	}
	rules_release(&rules);
	return 0;
}
