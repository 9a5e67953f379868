// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two ways in (made_go.h). Rows must come as row_sink.h says.
 */
#include <stdlib.h>
#include <string.h>

#include "made_go.h"
#include "object/gopclntab.h"

struct seen {
	uint64_t start, end, last;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_range(void *context, uint64_t start, uint64_t end)
{
	struct seen *seen = context;

	*seen = (struct seen){start, end, 0};
	return 0;
}

static int on_row(void *context, uint64_t start, const struct abi_rule *rule)
{
	struct seen *seen = context;

	if (seen->last && start < seen->last)
		abort();
	if (rule->cfa > CFA_SIGNAL || rule->rbp > SAVED_UNDEFINED)
		abort();
	seen->last = start;
	return 0;
}

static void try_rows(int fd)
{
	struct seen seen = {0};
	const struct row_sink sink = {on_range, on_row, &seen};
	struct elf elf;

	if (elf_init(&elf, fd))
		return;
	gopclntab_rows(&elf, &sink);
	elf_release(&elf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	made_go_try(data, size, try_rows);
	return 0;
}
