// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/symbolize.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi.h"
#include "base/clock.h"
#include "object/elf.h"
#include "process/debug_file.h"
#include "process/target_file.h"
#include "symbolize/batch.h"
#include "symbolize/file_mapping.h"
#include "symbolize/file_names.h"
#include "symbolize/frame_group.h"
#include "symbolize/frame_writer.h"
#include "symbolize/jit.h"
#include "symbolize/vdso.h"
#include "symbolize/vsyscall.h"


struct symbolizer {
	struct profile *profile;
	const struct objects *objects;
	const struct processes *processes;
	const struct kernel_symbols *kernel;
	const struct symbolize_options *options;
	const struct namer *namer;
	uint64_t *counters;
	struct debuginfod *servers; /* NULL: nobody is asked */
	uint64_t checksum_left;     /* debug_file_open() */
	struct frame_writer writer;
};

static int put_all(struct symbolizer *s, const struct frame_group *group, const char *text,
	enum abi_counter why_not)
{
	int err = 0;

	for (uint32_t i = 0; i < group->count && !err; i++)
		err = frame_writer_put(&s->writer, group->frames[i], text, why_not);
	return err;
}

/* Names what the batch has names for, the rest by the stand-in. */
static int put_batch(struct symbolizer *s, const struct batch *batch, const char *stand_in,
	enum abi_counter why_not)
{
	int err = 0;

	for (size_t i = 0; i < batch->count && !err; i++) {
		const struct batch_item *item = &batch->items[i];

		err = frame_writer_function(item) ? frame_writer_put_named(&s->writer, item) :
			frame_writer_put(&s->writer, item->frame, stand_in,
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
	return frame_writer_put_offset(&s->writer, frame, object_name(object), address, why_not);
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

		err = frame_writer_function(item) ? frame_writer_put_named(&s->writer, item) :
					    put_offset(s, object, item->frame, item->address, why_not);
	}
	return err;
}

static bool is_out_of_descriptors(int err)
{
	return err == -EMFILE || err == -ENFILE;
}

/* What became of a file's debug information (debug_file_open(), namer->lines()). */
static void count_lines(struct symbolizer *s, int debug_fd, int result)
{
	if (is_out_of_descriptors(debug_fd))
		result = -ENOENT;
	if (!result || result == -ENODATA)
		return;
	s->counters[result == -ENOENT ? COUNTER_debug_info_missing : COUNTER_debug_info_failed]++;
}

static enum abi_counter why_unnamed(int err)
{
	return err == -EIO ? COUNTER_file_unreadable : err == -EPIPE ? COUNTER_parser_failed : COUNTER_no_symbol;
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
		err = file_names_resolve(&files, s->namer, batch, &lines);
	if (debug_fd >= 0)
		close(debug_fd);
	if (err == -ENOMEM)
		return err;
	count_lines(s, debug_fd, lines);
	return put_addresses(s, object, batch, why_unnamed(err));
}

/* `elf` NULL: it cannot be read, or is not what was mapped. */
static int map_file(struct symbolizer *s, const struct object *object, const struct elf *elf,
	const struct frame_group *group)
{
	struct file_mapping mapping;
	int err = file_mapping_init(&mapping, s->profile, object, elf, s->options->hash_files);

	for (uint32_t i = 0; i < group->count && !err; i++)
		err = file_mapping_put(&mapping, group->frames[i]);
	return err;
}

static int name_unread(struct symbolizer *s, const struct object *object, const struct frame_group *group,
	enum abi_counter why_not)
{
	int err = map_file(s, object, NULL, group);

	return err ? err : put_offsets(s, object, group, why_not);
}

static int name_build(struct symbolizer *s, const struct object *object, const struct elf *elf,
	const struct frame_group *group)
{
	struct batch batch = {0};
	int err = map_file(s, object, elf, group);

	if (!err)
		err = fill_file(s, elf, object, group, &batch);
	if (!err)
		err = name_addresses(s, object, elf, &batch);
	batch_release(&batch);
	return err;
}

static int name_elf(struct symbolizer *s, const struct object *object, int fd,
	const struct frame_group *group)
{
	struct elf elf;
	int err = elf_init(&elf, fd);

	if (err == -ENOMEM)
		return err;
	if (err)
		return name_unread(s, object, group,
			err == -ENOEXEC ? COUNTER_no_symbol : COUNTER_file_unreadable);
	if (object_is_build(object, &elf))
		err = name_build(s, object, &elf, group);
	else
		err = name_unread(s, object, group, COUNTER_file_unreadable);
	elf_release(&elf);
	return err;
}

static int name_vsyscall(struct symbolizer *s, const struct object *object, const struct frame_group *group)
{
	int err = map_file(s, object, NULL, group);

	for (uint32_t i = 0; i < group->count && !err; i++) {
		uint32_t id = group->frames[i];
		uint64_t offset = profile_get_frame(s->profile, id)->address;
		const char *name = vsyscall_name(offset);

		err = name ? frame_writer_put(&s->writer, id, name, 0) : put_offset(s, object, id, offset, COUNTER_no_symbol);
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
		return name_unread(s, object, group, why_closed(fd));
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
	err = s->namer->jit(s->namer->context, &files, batch, spans, s->counters);
	if (files.dump_fd >= 0)
		close(files.dump_fd);
	if (files.map_fd >= 0)
		close(files.map_fd);
	free(spans);
	return err;
}

/* Kernel and code made at run time: no addresses. */
static int map_whole(struct symbolizer *s, const struct frame_group *group, const char *name, enum frame_type type)
{
	struct profile *profile = s->profile;
	struct profile_mapping mapping = {0};
	uint32_t none, id;
	int err = intern_text(&profile->text, "", &none);

	mapping.gnu_build_id = mapping.go_build_id = mapping.htlhash = none;
	if (!err)
		err = intern_text(&profile->text, name, &mapping.file);
	if (!err)
		err = profile_mapping(profile, &mapping, &id);
	for (uint32_t i = 0; i < group->count && !err; i++) {
		profile->names[group->frames[i]].mapping = id;
		profile->names[group->frames[i]].type = (uint8_t)type;
	}
	return err;
}

static int name_anon(struct symbolizer *s, const struct frame_group *group)
{
	struct batch batch = {0};
	int err = map_whole(s, group, MAPPING_JIT, FRAME_TYPE_UNKNOWN);

	if (!err)
		err = fill(s, group, &batch);
	if (!err && s->processes && group->owner < processes_count(s->processes))
		err = resolve_anon(s, processes_get(s->processes, group->owner), &batch);
	if (!err || err == -EPIPE)
		err = put_batch(s, &batch, "[jit]", err ? COUNTER_parser_failed : COUNTER_no_perf_map);
	batch_release(&batch);
	return err;
}

static int name_kernel(struct symbolizer *s, const struct frame_group *group)
{
	FILE *kallsyms = s->options->kallsyms;
	struct batch batch = {0};
	int err = map_whole(s, group, MAPPING_KERNEL, FRAME_TYPE_KERNEL);

	if (!err)
		err = fill(s, group, &batch);
	if (!err) {
		if (kallsyms)
			rewind(kallsyms);
		err = kernel_symbols_resolve(s->kernel, kallsyms, &batch);
		if (!kallsyms && !err)
			err = -EPERM;
	}
	if (err != -ENOMEM)
		err = put_batch(s, &batch, "[kernel]",
			err == -EPERM ? COUNTER_kernel_hidden : COUNTER_no_symbol);
	batch_release(&batch);
	return err;
}

/* Its names came with the sample. */
static int name_runtime(struct symbolizer *s, const struct frame_group *group)
{
	const struct profile_function *function = profile_get_function(s->profile, group->owner);
	int err = 0;

	for (uint32_t i = 0; i < group->count && !err; i++)
		err = frame_writer_put_function(&s->writer, group->frames[i], function,
			(uint32_t)profile_get_frame(s->profile, group->frames[i])->address);
	return err;
}

static int name_unknown(struct symbolizer *s, const struct frame_group *group)
{
	enum abi_counter why_not = group->owner && group->owner < COUNTERS ? group->owner :
									      COUNTER_not_mapped;

	return put_all(s, group, "[unknown]", why_not);
}

/* By what is known of it without a look at any file. */
static int name_late(struct symbolizer *s, const struct frame_group *group)
{
	int err;

	if (group->kind == FRAME_FILE && group->owner < objects_count(s->objects))
		return name_unread(s, objects_get(s->objects, group->owner), group, COUNTER_no_time);
	err = map_whole(s, group, MAPPING_JIT, FRAME_TYPE_UNKNOWN);
	return err ? err : put_all(s, group, group->kind == FRAME_ANON ? "[jit]" : "[unknown]", COUNTER_no_time);
}

static bool is_late(const struct symbolizer *s, const struct frame_group *group)
{
	return (group->kind == FRAME_FILE || group->kind == FRAME_ANON) && s->options->until_ns &&
	       clock_now_ns() >= s->options->until_ns;
}

static int name_group(struct symbolizer *s, const struct frame_group *group)
{
	static int (*const by_kind[])(struct symbolizer *, const struct frame_group *) = {
		[FRAME_KERNEL] = name_kernel,
		[FRAME_FILE] = name_file,
		[FRAME_ANON] = name_anon,
		[FRAME_UNKNOWN] = name_unknown,
		[FRAME_RUNTIME] = name_runtime,
	};

	if (group->kind >= sizeof(by_kind) / sizeof(*by_kind) || !by_kind[group->kind])
		return put_all(s, group, "[unknown]", COUNTER_not_mapped);
	if (is_late(s, group))
		return name_late(s, group);
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
				frame_writer_put(&s->writer, id, stand_in, COUNTER_no_memory);
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
		.kernel = kernel, .options = options, .namer = options->namer ? options->namer : &namer_here, .counters = options->counters ? options->counters : nobodys,
	};
	uint32_t count = profile->frames.count, *frames;
	const char *reason;
	int err = profile_begin_names(profile);

	if (err || !count)
		return err;
	frames = malloc(count * sizeof(*frames));
	err = frames ? frame_writer_init(&s.writer, profile, options->demangle, options->no_inline, s.counters) : -ENOMEM;
	if (options->debuginfod)
		s.servers = debuginfod_new(&reason);
	if (!err)
		err = name_groups(&s, frames, count);
	debuginfod_free(s.servers);
	free(frames);
	frame_writer_release(&s.writer);
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
