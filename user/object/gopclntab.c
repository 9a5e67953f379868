// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/gopclntab.h"

#include "object/code_window.h"
#include "object/go_frame.h"
#include "object/go_table.h"

#define STEPS_MAX (64u << 20)

static int functions_rows(struct go_frame *frame)
{
	const struct go_table *table = frame->table;
	struct go_function function;
	int err = 0;

	for (uint32_t i = 0; i < table->n_functions && frame->steps && !err; i++)
		if (go_table_function(table, i, &function))
			err = go_frame_rows(frame, &function);
	return err;
}

int gopclntab_rows(const struct elf *elf, const struct row_sink *sink)
{
	struct go_frame frame = {.sink = sink, .steps = STEPS_MAX};
	struct code_window code;
	struct go_table table;
	int err = go_table_init(&table, elf);

	if (err)
		return err;
	err = code_window_init(&code, elf);
	if (err)
		goto release_table;
	frame.table = &table;
	frame.code = &code;
	err = functions_rows(&frame);
	code_window_release(&code);
release_table:
	go_table_release(&table);
	return err;
}
