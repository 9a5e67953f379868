// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/code_record.h"

#include <errno.h>

#include "runtime/cpython_code.h"
#include "runtime/cpython_steps.h"

struct reading {
	const struct target_memory *memory;
	const struct abi_cpython *build;
	struct code_record *record;
	const struct abi_code *unread; /* what is completed */
	const uint8_t *told;           /* the next of what it has */
};

static void take(struct reading *reading, uint64_t size)
{
	struct code_record *record = reading->record;

	memcpy(record->bytes + record->used, reading->told, size);
	reading->told += size;
	record->used += size;
}

static int add(const struct reading *reading, uint64_t address, uint64_t size)
{
	struct code_record *record = reading->record;

	if (target_memory_read(reading->memory, address, record->bytes + record->used, size))
		return -EFAULT;
	record->used += size;
	return 0;
}

/* As the kernel side's add_text() (bpf/code_record.bpf.h). */
static int add_text(const struct reading *reading, uint64_t string, struct abi_code_text *out)
{
	const struct abi_cpython *build = reading->build;
	uint64_t length, size;
	uint32_t state, kind;

	if (!string)
		return 0;
	if (target_memory_read(reading->memory, string + build->unicode_state, &state, sizeof(state)) ||
		target_memory_read(reading->memory, string + build->unicode_length, &length, sizeof(length)))
		return -EFAULT;
	state >>= build->unicode_kind & 31;
	kind = state & 7;
	if ((kind != 1 && kind != 2 && kind != 4) || !(state & 8) || length > 1 << 30)
		return -EFAULT;
	size = length * kind;
	*out = (struct abi_code_text){.width = (uint8_t)kind, .cut = size > ABI_CODE_TEXT};
	size = size < ABI_CODE_TEXT ? size : ABI_CODE_TEXT;
	out->size = (uint16_t)size;
	return add(reading, string + (state & 16 ? build->unicode_ascii : build->unicode_compact), size);
}

static int add_lines(const struct reading *reading, uint64_t bytes)
{
	const struct abi_cpython *build = reading->build;
	struct abi_code *head = &reading->record->head;
	uint64_t size;

	if (!bytes)
		return 0;
	if (target_memory_read(reading->memory, bytes + build->bytes_size, &size, sizeof(size)))
		return -EFAULT;
	head->lines_left_out = size > ABI_CODE_LINES;
	if (head->lines_left_out)
		return 0;
	head->lines_size = (uint32_t)size;
	return add(reading, bytes + build->bytes_data, size);
}

static void no_texts(struct code_record *record)
{
	const struct abi_code_text none = {0};

	record->head.file = record->head.name = record->head.qualname = none;
	record->head.lines_size = 0;
	record->head.lines_left_out = 0;
	record->head.unread = 0;
	record->used = 0;
}

int code_record_read(struct code_record *record, const struct target_memory *memory, const struct abi_cpython *build,
	const struct cpython_code_head *head)
{
	const struct reading reading = {.memory = memory, .build = build, .record = record};
	int err;

	no_texts(record);
	record->head.first_line = head->first_line;
	err = add_text(&reading, head->file, &record->head.file);
	if (!err)
		err = add_text(&reading, head->name, &record->head.name);
	if (!err)
		err = add_text(&reading, head->qualname, &record->head.qualname);
	if (!err)
		err = add_lines(&reading, head->lines);
	if (err)
		no_texts(record);
	return err;
}

/* As it was told, or if it was not, by where it is. */
static int take_text(struct reading *reading, uint8_t bit, uint64_t string, struct abi_code_text *text)
{
	if (reading->unread->unread & bit)
		return add_text(reading, string, text);
	take(reading, text->size);
	return 0;
}

int code_record_complete(struct code_record *record, const struct abi_code *unread, size_t size,
	const struct abi_cpython *build, const struct elf *file)
{
	const struct target_memory memory = {.file = file, .bias = unread->bias};
	struct reading reading = {&memory, build, record, unread, (const uint8_t *)(unread + 1)};
	int err = cpython_code_check(unread, size);

	if (err)
		return err;
	record->head = *unread;
	record->head.unread = 0;
	record->used = 0;
	err = take_text(&reading, CODE_UNREAD_FILE, unread->file_at, &record->head.file);
	if (!err)
		err = take_text(&reading, CODE_UNREAD_NAME, unread->name_at, &record->head.name);
	if (!err)
		err = take_text(&reading, CODE_UNREAD_QUALNAME, unread->qualname_at, &record->head.qualname);
	if (!err && unread->unread & CODE_UNREAD_LINES)
		err = add_lines(&reading, unread->lines_at);
	else if (!err)
		take(&reading, unread->lines_size);
	return err;
}
