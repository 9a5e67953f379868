// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/frame_writer.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "symbolize/demangle.h"

int frame_writer_init(struct frame_writer *writer, struct profile *profile, bool demangle, bool no_inline,
	uint64_t *counters)
{
	struct frame_writer made = {
		.profile = profile, .demangle = demangle, .no_inline = no_inline, .counters = counters};
	int err = inline_budget_init(&made.inlines, profile);

	if (!err)
		*writer = made;
	return err;
}

void frame_writer_release(struct frame_writer *writer)
{
	inline_budget_release(&writer->inlines);
	buf_release(&writer->plain);
	buf_release(&writer->clean);
	buf_release(&writer->file);
	*writer = (struct frame_writer){0};
}

static int clean(struct buf *out, const char *text)
{
	int err;

	buf_clear(out);
	err = text_clean(out, text, strlen(text));
	return err ? err : buf_putc(out, 0);
}

/* One more function of a frame. */
static int put_line(struct frame_writer *writer, uint32_t frame, const struct profile_name *name)
{
	struct profile_name plain = *name;
	int err = clean(&writer->clean, name->function);

	if (!err && name->file)
		err = clean(&writer->file, name->file);
	if (err)
		return err;
	plain.function = writer->clean.data;
	plain.file = name->file ? writer->file.data : NULL;
	return profile_name(writer->profile, frame, &plain);
}

int frame_writer_put(struct frame_writer *writer, uint32_t frame, const char *text, enum abi_counter why_not)
{
	int err = put_line(writer, frame, &(struct profile_name){.function = text});

	writer->profile->names[frame].named = why_not == 0;
	writer->profile->names[frame].why_not = (uint8_t)why_not;
	return err;
}

int frame_writer_put_function(struct frame_writer *writer, uint32_t frame, const struct profile_function *function,
	uint32_t line)
{
	const struct profile_function copy = *function;
	const char *file = profile_text(writer->profile, copy.file);
	const struct profile_name name = {
		profile_text(writer->profile, copy.name), *file ? file : NULL, line, copy.first_line};
	int err = put_line(writer, frame, &name);

	writer->profile->names[frame].named = true;
	writer->profile->names[frame].type = (uint8_t)copy.type;
	return err;
}

int frame_writer_put_offset(struct frame_writer *writer, uint32_t frame, const char *file, uint64_t address,
	enum abi_counter why_not)
{
	int bare = file[0] == '[' ? (int)strcspn(file + 1, "]") : -1;

	buf_clear(&writer->plain);
	if (bare >= 0)
		file++;
	if (buf_printf(&writer->plain, "[%.*s+0x%llx]", bare >= 0 ? bare : TEXT_MAX / 2, file,
		    (unsigned long long)address))
		return -ENOMEM;
	return frame_writer_put(writer, frame, writer->plain.data, why_not);
}

static int put_function(struct frame_writer *writer, uint32_t frame, const char *function,
	const struct code_line *line)
{
	struct profile_name name = {function, line->file, line->line, line->first_line};
	int err = -ENOENT;

	buf_clear(&writer->plain);
	if (writer->demangle)
		err = demangle(function, &writer->plain);
	if (!err)
		err = buf_putc(&writer->plain, 0);
	if (err == -ENOMEM)
		return err;
	if (!err)
		name.function = writer->plain.data;
	return put_line(writer, frame, &name);
}

const char *frame_writer_function(const struct batch_item *item)
{
	return item->name ? item->name : code_lines_outermost(&item->lines);
}

/* All functions but the outermost, if there is room for them. */
static int put_inlined(struct frame_writer *writer, const struct batch_item *item, uint32_t count)
{
	const struct code_line *lines = item->lines.at;
	int err = 0;

	if (writer->no_inline)
		return 0;
	if (!inline_budget_take(&writer->inlines, item->frame, count)) {
		writer->counters[COUNTER_inlines_left_out]++;
		return 0;
	}
	for (uint32_t i = 0; i < count && !err; i++)
		if (lines[i].function)
			err = put_function(writer, item->frame, lines[i].function, &lines[i]);
	return err;
}

int frame_writer_put_named(struct frame_writer *writer, const struct batch_item *item)
{
	static const struct code_line unknown;
	const struct code_lines *lines = &item->lines;
	struct frame_names *names = &writer->profile->names[item->frame];
	const char *function = frame_writer_function(item);
	uint32_t last = lines->count ? lines->count - 1 : 0;
	int err = put_inlined(writer, item, last);

	if (!err)
		err = put_function(writer, item->frame, function, lines->count ? &lines->at[last] : &unknown);
	names->named = true;
	if (item->type)
		names->type = (uint8_t)item->type;
	else if (names->type == FRAME_TYPE_NATIVE && demangle_is_rust(function))
		names->type = FRAME_TYPE_RUST;
	return err;
}
