// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/symbolize.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi.h"
#include "base/buf.h"
#include "base/text.h"
#include "object/elf.h"
#include "process/debug_file.h"
#include "process/target_file.h"
#include "symbolize/batch.h"
#include "symbolize/demangle.h"
#include "symbolize/file_names.h"
#include "symbolize/frame_group.h"
#include "symbolize/inline_budget.h"
#include "symbolize/jit.h"
#include "symbolize/vdso.h"
#include "symbolize/vsyscall.h"

#define KALLSYMS "/proc/kallsyms"

struct symbolizer {
	struct profile *profile;
	const struct objects *objects;
	const struct processes *processes;
	const struct kernel_symbols *kernel;
	const struct symbolize_options *options;
	uint64_t *counters;
	struct debuginfod *servers; /* NULL: nobody is asked */
	uint64_t checksum_left;     /* debug_file_open() */
	struct inline_budget inlines;
	struct buf plain, clean, file;
};

static int clean(struct buf *out, const char *text)
{
	int err;

	buf_clear(out);
	err = text_clean(out, text, strlen(text));
	return err ? err : buf_putc(out, 0);
}

/* One more function of a frame. */
static int put_line(struct symbolizer *s, uint32_t frame, const struct profile_name *name)
{
	struct profile_name plain = *name;
	int err = clean(&s->clean, name->function);

	if (!err && name->file)
		err = clean(&s->file, name->file);
	if (err)
		return err;
	plain.function = s->clean.data;
	plain.file = name->file ? s->file.data : NULL;
	return profile_name(s->profile, frame, &plain);
}

static int put(struct symbolizer *s, uint32_t frame, const char *text, enum abi_counter why_not)
{
	int err = put_line(s, frame, &(struct profile_name){.function = text});

	s->profile->names[frame].named = why_not == 0;
	s->profile->names[frame].why_not = (uint8_t)why_not;
	return err;
}

static int put_function(struct symbolizer *s, uint32_t frame, const char *function,
	const struct code_line *line)
{
	struct profile_name name = {function, line->file, line->line, line->first_line};
	int err = -ENOENT;

	buf_clear(&s->plain);
	if (s->options->demangle)
		err = demangle(function, &s->plain);
	if (!err)
		err = buf_putc(&s->plain, 0);
	if (err == -ENOMEM)
		return err;
	if (!err)
		name.function = s->plain.data;
	return put_line(s, frame, &name);
}

/* Who an item's outermost function is; NULL: nobody knows. */
static const char *item_function(const struct batch_item *item)
{
	return item->name ? item->name : code_lines_outermost(&item->lines);
}

static int put_named(struct symbolizer *s, const struct batch_item *item)
{
	static const struct code_line unknown;
	const struct code_lines *lines = &item->lines;
	uint32_t last = lines->count ? lines->count - 1 : 0;
	bool inlines = !s->options->no_inline && inline_budget_take(&s->inlines, item->frame, last);
	int err = 0;

	s->counters[COUNTER_inlines_left_out] += !inlines && !s->options->no_inline;
	for (uint32_t i = 0; i < last && !err; i++)
		if (inlines && lines->at[i].function)
			err = put_function(s, item->frame, lines->at[i].function, &lines->at[i]);
	if (!err)
		err = put_function(s, item->frame, item_function(item),
			lines->count ? &lines->at[last] : &unknown);
	s->profile->names[item->frame].named = true;
	return err;
}

static int put_all(struct symbolizer *s, const struct frame_group *group, const char *text,
	enum abi_counter why_not)
{
	int err = 0;

	for (uint32_t i = 0; i < group->count && !err; i++)
		err = put(s, group->frames[i], text, why_not);
	return err;
}

/* Names what the batch has names for, the rest by the stand-in. */
static int put_batch(struct symbolizer *s, const struct batch *batch, const char *stand_in,
	enum abi_counter why_not)
{
	int err = 0;

	for (size_t i = 0; i < batch->count && !err; i++) {
		const struct batch_item *item = &batch->items[i];

		err = item_function(item) ? put_named(s, item) :
			put(s, item->frame, stand_in,
				batch_item_is_disputed(item) ? COUNTER_code_moved : why_not);
	}
	return err;
}

static int fill(struct symbolizer *s, const struct frame_group *group, struct batch *batch)
{
	int err = 0;

	for (uint32_t i = 0; i < group->count && !err; i++) {
		uint32_t id = group->frames[i];

		err = batch_add(batch, profile_get_frame(s->profile, id)->address, id);
	}
	if (!err)
		batch_sort(batch);
	return err;
}

static int put_offset(struct symbolizer *s, const struct object *object, uint32_t frame,
	uint64_t address, enum abi_counter why_not)
{
	const char *name = object_name(object);
	int bare = name[0] == '[' ? (int)strcspn(name + 1, "]") : -1;

	buf_clear(&s->plain);
	if (bare >= 0)
		name++;
	if (buf_printf(&s->plain, "[%.*s+0x%llx]", bare >= 0 ? bare : TEXT_MAX / 2, name,
		    (unsigned long long)address))
		return -ENOMEM;
	return put(s, frame, s->plain.data, why_not);
}

static int put_offsets(struct symbolizer *s, const struct object *object,
	const struct frame_group *group, enum abi_counter why_not)
{
	int err = 0;

	for (uint32_t i = 0; i < group->count && !err; i++) {
		uint32_t id = group->frames[i];

		err = put_offset(s, object, id, profile_get_frame(s->profile, id)->address, why_not);
	}
	return err;
}

/* Offsets become virtual addresses; an offset of no segment has none, keeps itself and is named by nothing. */
static int fill_file(struct symbolizer *s, const struct elf *elf, const struct object *object,
	const struct frame_group *group, struct batch *batch)
{
	int err = 0;

	for (uint32_t i = 0; i < group->count && !err; i++) {
		uint32_t id = group->frames[i];
		uint64_t offset = profile_get_frame(s->profile, id)->address, address;

		if (elf_address_of_offset(elf, offset, &address))
			err = put_offset(s, object, id, offset, COUNTER_no_symbol);
		else
			err = batch_add(batch, address, id);
	}
	if (!err)
		batch_sort(batch);
	return err;
}

static int put_addresses(struct symbolizer *s, const struct object *object,
	const struct batch *batch, enum abi_counter why_not)
{
	int err = 0;

	for (size_t i = 0; i < batch->count && !err; i++) {
		const struct batch_item *item = &batch->items[i];

		err = item_function(item) ? put_named(s, item) :
					    put_offset(s, object, item->frame, item->address, why_not);
	}
	return err;
}

static bool is_out_of_descriptors(int err)
{
	return err == -EMFILE || err == -ENFILE;
}

/* What became of a file's debug information (debug_file_open(), dwarf_worker_lines()). */
static void count_lines(struct symbolizer *s, int debug_fd, int result)
{
	if (is_out_of_descriptors(debug_fd))
		result = -ENOENT;
	if (!result || result == -ENODATA)
		return;
	s->counters[result == -ENOENT ? COUNTER_debug_info_missing : COUNTER_debug_info_failed]++;
}

static int name_addresses(struct symbolizer *s, const struct object *object, const struct elf *elf,
	struct batch *batch)
{
	int debug_fd = batch->count && object->kind == OBJECT_FILE ?
		debug_file_open(object, elf, s->servers, &s->checksum_left) : -1;
	struct debug_file_namer namer = {object, debug_fd >= 0 ? debug_fd : elf->fd};
	const struct dwarf_files files = {
		.mapped = elf->fd, .debug = debug_fd, .open = debug_file_open_for, .context = &namer};
	int lines = 0, err = debug_fd;

	if (debug_fd != -ENOMEM)
		err = file_names_resolve(&files, s->options->dwarf, batch, &lines);
	if (debug_fd >= 0)
		close(debug_fd);
	if (err == -ENOMEM)
		return err;
	count_lines(s, debug_fd, lines);
	return put_addresses(s, object, batch,
		err == -EIO ? COUNTER_file_unreadable : COUNTER_no_symbol);
}

static int name_elf(struct symbolizer *s, const struct object *object, int fd,
	const struct frame_group *group)
{
	struct batch batch = {0};
	struct elf elf;
	int err = elf_init(&elf, fd);

	if (err == -ENOMEM)
		return err;
	if (err)
		return put_offsets(s, object, group,
			err == -ENOEXEC ? COUNTER_no_symbol : COUNTER_file_unreadable);
	if (object_is_build(object, &elf)) {
		err = fill_file(s, &elf, object, group, &batch);
		if (!err)
			err = name_addresses(s, object, &elf, &batch);
	} else {
		err = put_offsets(s, object, group, COUNTER_file_unreadable);
	}
	batch_release(&batch);
	elf_release(&elf);
	return err;
}

static int name_vsyscall(struct symbolizer *s, const struct object *object, const struct frame_group *group)
{
	int err = 0;

	for (uint32_t i = 0; i < group->count && !err; i++) {
		uint32_t id = group->frames[i];
		uint64_t offset = profile_get_frame(s->profile, id)->address;
		const char *name = vsyscall_name(offset);

		err = name ? put(s, id, name, 0) : put_offset(s, object, id, offset, COUNTER_no_symbol);
	}
	return err;
}

static enum abi_counter why_closed(int open_error)
{
	return is_out_of_descriptors(open_error) ? COUNTER_no_descriptor : COUNTER_file_unreadable;
}

static int name_file(struct symbolizer *s, const struct frame_group *group)
{
	const struct object *object;
	int fd, err;

	if (group->owner >= objects_count(s->objects))
		return put_all(s, group, "[unknown]", COUNTER_not_mapped);
	object = objects_get(s->objects, group->owner);
	if (object->kind == OBJECT_VSYSCALL)
		return name_vsyscall(s, object, group);
	if (object->kind != OBJECT_VDSO && object->fd >= 0)
		return name_elf(s, object, object->fd, group);
	fd = object->kind == OBJECT_VDSO ? vdso_open() : object->open_error;
	if (object->kind != OBJECT_VDSO || fd < 0)
		return put_offsets(s, object, group, why_closed(fd));
	err = name_elf(s, object, fd, group);
	close(fd);
	return err;
}

/* When the items of a batch were sampled; to be freed. NULL: no memory. */
static struct jit_span *spans_of(const struct symbolizer *s, const struct batch *batch)
{
	struct jit_span *spans = calloc(batch->count + 1, sizeof(*spans));

	for (size_t i = 0; spans && i < batch->count; i++) {
		const struct profile_span *span =
			profile_get_span(s->profile, batch->items[i].frame);

		spans[i] = span ? (struct jit_span){span->first_ns, span->last_ns} :
				  (struct jit_span){UINT64_MAX, 0};
	}
	return spans;
}

static int open_jit(struct symbolizer *s, int fd)
{
	if (fd < 0 && fd != -ENOENT)
		s->counters[COUNTER_jit_map_refused]++;
	return fd;
}

static int resolve_anon(struct symbolizer *s, const struct process *process, struct batch *batch)
{
	struct jit_span *spans = spans_of(s, batch);
	struct jit_files files;
	int err;

	if (!spans)
		return -ENOMEM;
	files = (struct jit_files){.other_clock = process->other_clock, .since_ns = process->exec_ns};
	files.dump_fd = open_jit(s, target_file_open_jitdump(process));
	files.map_fd = open_jit(s, target_file_open_perf_map(process));
	err = jit_resolve(&files, batch, spans, s->counters);
	if (files.dump_fd >= 0)
		close(files.dump_fd);
	if (files.map_fd >= 0)
		close(files.map_fd);
	free(spans);
	return err;
}

static int name_anon(struct symbolizer *s, const struct frame_group *group)
{
	struct batch batch = {0};
	int err = fill(s, group, &batch);

	if (!err && s->processes && group->owner < processes_count(s->processes))
		err = resolve_anon(s, processes_get(s->processes, group->owner), &batch);
	if (!err)
		err = put_batch(s, &batch, "[jit]", COUNTER_no_perf_map);
	batch_release(&batch);
	return err;
}

static int name_kernel(struct symbolizer *s, const struct frame_group *group)
{
	const char *path = s->options->kallsyms ? s->options->kallsyms : KALLSYMS;
	struct batch batch = {0};
	FILE *kallsyms = NULL;
	int err = fill(s, group, &batch);

	if (!err) {
		kallsyms = fopen(path, "re");
		err = kernel_symbols_resolve(s->kernel, kallsyms, &batch);
		if (!kallsyms && !err)
			err = -EPERM;
	}
	if (err != -ENOMEM)
		err = put_batch(s, &batch, "[kernel]",
			err == -EPERM ? COUNTER_kernel_hidden : COUNTER_no_symbol);
	if (kallsyms)
		fclose(kallsyms);
	batch_release(&batch);
	return err;
}

static int name_unknown(struct symbolizer *s, const struct frame_group *group)
{
	enum abi_counter why_not = group->owner && group->owner < COUNTERS ? group->owner :
									      COUNTER_not_mapped;

	return put_all(s, group, "[unknown]", why_not);
}

static int name_group(struct symbolizer *s, const struct frame_group *group)
{
	static int (*const by_kind[])(struct symbolizer *, const struct frame_group *) = {
		[FRAME_KERNEL] = name_kernel,
		[FRAME_FILE] = name_file,
		[FRAME_ANON] = name_anon,
		[FRAME_UNKNOWN] = name_unknown,
	};

	if (group->kind >= sizeof(by_kind) / sizeof(*by_kind) || !by_kind[group->kind])
		return put_all(s, group, "[unknown]", COUNTER_not_mapped);
	return by_kind[group->kind](s, group);
}

/* What its owner had no name for, or no memory; a name that was begun is forgotten. */
static int put_unfinished(struct symbolizer *s, const struct frame_group *group)
{
	const char *stand_in = group->kind == FRAME_KERNEL ? "[kernel]" : group->kind == FRAME_ANON ? "[jit]" : "[unknown]";
	bool is_file = group->kind == FRAME_FILE && group->owner < objects_count(s->objects);
	int err = 0;

	for (uint32_t i = 0; i < group->count && !err; i++) {
		uint32_t id = group->frames[i];
		struct frame_names *names = &s->profile->names[id];

		if (names->named || names->why_not)
			continue;
		names->count = 0;
		err = is_file ? put_offset(s, objects_get(s->objects, group->owner), id,
					profile_get_frame(s->profile, id)->address, COUNTER_no_memory) :
				put(s, id, stand_in, COUNTER_no_memory);
	}
	return err;
}

static int name_groups(struct symbolizer *s, uint32_t *frames, uint32_t count)
{
	int err = 0;

	frame_group_sort(s->profile, frames, count);
	for (uint32_t done = 0; done < count && !err;) {
		struct frame_group group = frame_group_next(s->profile, frames + done, count - done);

		err = name_group(s, &group);
		if (err == -ENOMEM) /* one file's want is no reason to name nothing */
			err = put_unfinished(s, &group);
		done += group.count;
	}
	return err;
}

int symbolize_profile(struct profile *profile, const struct objects *objects,
	const struct processes *processes, const struct kernel_symbols *kernel,
	const struct symbolize_options *options)
{
	uint64_t nobodys[COUNTERS] = {0};
	struct symbolizer s = {
		.checksum_left = DEBUG_FILE_CHECKSUMS,
		.profile = profile, .objects = objects, .processes = processes,
		.kernel = kernel, .options = options, .counters = options->counters ? options->counters : nobodys,
	};
	uint32_t count = profile->frames.count, *frames;
	const char *reason;
	int err = profile_begin_names(profile);

	if (err || !count)
		return err;
	frames = malloc(count * sizeof(*frames));
	err = frames ? inline_budget_init(&s.inlines, profile) : -ENOMEM;
	if (options->debuginfod)
		s.servers = debuginfod_new(&reason);
	if (!err)
		err = name_groups(&s, frames, count);
	debuginfod_free(s.servers);
	free(frames);
	inline_budget_release(&s.inlines);
	buf_release(&s.plain);
	buf_release(&s.clean);
	buf_release(&s.file);
	return err;
}

const char *symbolize_file_of(const struct objects *objects, const struct frame *frame)
{
	switch (frame->kind) {
	case FRAME_KERNEL:
		return "[kernel]";
	case FRAME_ANON:
		return "[jit]";
	case FRAME_FILE:
		if (frame->owner < objects_count(objects))
			return object_name(objects_get(objects, frame->owner));
	}
	return "[unknown]";
}
