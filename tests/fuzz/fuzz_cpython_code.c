// SPDX-License-Identifier: GPL-2.0-or-later
/* A record of a code object, from which texts of good UTF-8 and a line table inside of it come. */
#include <stdlib.h>
#include <string.h>

#include "runtime/code_table.h"
#include "runtime/cpython_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(const struct abi_code *record, size_t size)
{
	struct profile profile = {0};
	struct code_table *table = code_table_new(&profile);
	const struct code_key key = {record->start_ns, record->code, record->tgid, record->exec, record->check};
	struct code_place place;

	if (!table)
		abort();
	if (code_table_add(table, record, size, record->build % 3) ||
		code_table_find(table, &key, record->first_line, &place) ||
		(!place.internal && place.function >= profile.functions.count))
		abort();
	code_table_free(table);
	profile_release(&profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct abi_code *record = malloc(size + 1); /* of its size: what is read behind it is seen */
	struct cpython_code code;

	if (!record)
		return 0;
	memcpy(record, data, size);
	if (size >= sizeof(*record) && !cpython_code_parse(&code, record, size)) {
		if (memchr(code.file, 0, sizeof(code.file)) == NULL ||
			memchr(code.function, 0, sizeof(code.function)) == NULL ||
			code.lines + code.lines_size > (uint8_t *)record + size)
			abort();
		add(record, size);
	}
	free(record);
	return 0;
}
