// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "export/frame_label.h"
#include "export/text.h"

#define CONTAINER_DIGITS 12 /* as docker ps and crictl ps show them */

struct making {
	struct labels *labels;
	struct buf name;
	bool lines;
};

const char *labels_by_name(enum labels_by by)
{
	static const char *const names[LABELS_KINDS] = {
		[LABELS_FUNCTION] = "function", [LABELS_COMM] = "comm", [LABELS_PROCESS] = "process",
		[LABELS_CONTAINER] = "container", [LABELS_FILE] = "file",
	};

	return names[by];
}

void labels_release(struct labels *labels)
{
	intern_release(&labels->names);
	free(labels->frames);
	free(labels->ids);
	free(labels->of_comm);
	free(labels->of_process);
	free(labels->of_sample);
	*labels = (struct labels){0};
}

/* The label of the name in making->name, which is emptied. */
static int take_name(struct making *making, uint32_t *label)
{
	struct buf *name = &making->name;
	int err = name->failed ? -ENOMEM : intern_add(&making->labels->names, name->data, name->len, label);

	buf_clear(name);
	return err;
}

static int push_id(struct labels *labels, uint32_t id)
{
	uint32_t cap = labels->ids_cap ? labels->ids_cap * 2 : 256;
	uint32_t *ids;

	if (labels->n_ids < labels->ids_cap) {
		labels->ids[labels->n_ids++] = id;
		return 0;
	}
	ids = reallocarray(labels->ids, cap, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	labels->ids = ids;
	labels->ids_cap = cap;
	labels->ids[labels->n_ids++] = id;
	return 0;
}

/* Of "/lib/libc.so.6"; names in brackets as they are. */
static void put_mapped(struct buf *name, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	if (*base != '[')
		buf_putc(name, '[');
	text_folded(name, base);
	if (*base != '[')
		buf_putc(name, ']');
}

/* The file of "[libc.so.6+0x123]", which stands in for a function; others as they are: [jit], [unknown]. */
static void put_stand_in(struct buf *name, const char *text)
{
	const char *offset = NULL;

	for (const char *at = strstr(text, "+0x"); at; at = strstr(at + 1, "+0x"))
		offset = at;
	text_folded(name, text);
	if (!offset || name->failed)
		return;
	name->len -= strlen(offset);
	buf_putc(name, ']');
}

static void put_file(struct making *making, uint32_t frame, const struct profile_line *line)
{
	const struct profile *profile = making->labels->profile;
	const struct profile_mapping *mapping = profile_get_mapping(profile, profile->names[frame].mapping);
	const char *source = profile_text(profile, line->file);
	const char *mapped = mapping ? profile_text(profile, mapping->file) : "";

	if (*source)
		text_folded(&making->name, source);
	else if (profile_get_frame(profile, frame)->kind == FRAME_KERNEL)
		buf_puts(&making->name, "[kernel]");
	else if (*mapped)
		put_mapped(&making->name, mapped);
	else if (!profile->names[frame].named)
		put_stand_in(&making->name, profile_text(profile, line->function));
	else
		buf_puts(&making->name, "(file not told)"); /* folded lines have the files of unnamed frames alone */
}

static int make_frame(struct making *making, uint32_t frame)
{
	struct labels *labels = making->labels;
	uint32_t count, label;
	const struct profile_line *lines = profile_get_lines(labels->profile, frame, &count);
	int err = 0;

	labels->frames[frame] = (struct labels_run){labels->n_ids, count};
	for (uint32_t i = 0; i < count && !err; i++) {
		if (labels->by == LABELS_FILE)
			put_file(making, frame, &lines[i]);
		else
			frame_label_put(&making->name, labels->profile, frame, &lines[i], making->lines);
		err = take_name(making, &label);
		if (!err)
			err = push_id(labels, label);
	}
	return err;
}

static uint64_t labels_in(const struct labels *labels, uint32_t stack)
{
	uint32_t count;
	const uint32_t *frames = profile_get_stack(labels->profile, stack, &count);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += labels->frames[frames[i]].count;
	return sum;
}

/* Room for the labels of the longest stack, and the cause that cut it. */
static int make_room(struct labels *labels)
{
	const struct profile *profile = labels->profile;
	uint64_t most = 0;

	for (uint32_t i = 0; i < profile->samples.count; i++) {
		uint64_t count = labels_in(labels, profile_get_sample(profile, i)->stack);

		most = count > most ? count : most;
	}
	if (most > UINT32_MAX - 2)
		return -ENOMEM;
	labels->of_sample = calloc(most + 2, sizeof(*labels->of_sample));
	return labels->of_sample ? 0 : -ENOMEM;
}

static int make_marks(struct making *making)
{
	int err;

	buf_puts(&making->name, "(no frame)");
	err = take_name(making, &making->labels->no_frame);
	for (int i = 0; i < COUNTERS && !err; i++) {
		if (counter_specs[i].class != CLASS_CUT)
			continue;
		buf_printf(&making->name, "[truncated: %s]", counter_specs[i].name);
		err = take_name(making, &making->labels->cut[i]);
	}
	return err;
}

static int make_frames(struct making *making)
{
	struct labels *labels = making->labels;
	int err = make_marks(making);

	labels->frames = calloc((size_t)labels->profile->frames.count + 1, sizeof(*labels->frames));
	if (!labels->frames)
		return -ENOMEM;
	for (uint32_t i = 0; i < labels->profile->frames.count && !err; i++)
		err = make_frame(making, i);
	return err ? err : make_room(labels);
}

/* NULL: it has no such attribute, or an empty one. */
static const char *attribute_of(const struct profile *profile, uint32_t process, const char *key)
{
	uint32_t count;
	const struct profile_attribute *attributes = profile_get_resource(profile, process, &count);

	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(profile_text(profile, attributes[i].key), key))
			return *profile_text(profile, attributes[i].value) ? profile_text(profile, attributes[i].value) : NULL;
	return NULL;
}

static const char *program_of(const struct profile *profile, uint32_t process)
{
	const char *name = attribute_of(profile, process, "process.executable.name");
	const char *path = profile_text(profile, profile->who[process].exe), *slash = strrchr(path, '/');

	if (name)
		return name;
	if (*path)
		return slash && slash[1] ? slash + 1 : path;
	return attribute_of(profile, process, "service.name");
}

static void put_container(struct buf *name, const struct profile *profile, const struct profile_who *who)
{
	const char *container = profile_text(profile, who->container), *pod = profile_text(profile, who->pod);
	char digits[CONTAINER_DIGITS + 1];

	memccpy(digits, container, 0, CONTAINER_DIGITS);
	digits[CONTAINER_DIGITS] = 0;
	if (*container)
		text_folded(name, digits);
	else if (*pod) {
		buf_puts(name, "pod ");
		text_folded(name, pod);
	} else
		buf_putc(name, '-');
}

static int make_process(struct making *making, uint32_t process)
{
	struct labels *labels = making->labels;
	const char *program;
	uint32_t label;
	int err;

	if (labels->by == LABELS_CONTAINER) {
		put_container(&making->name, labels->profile, &labels->profile->who[process]);
	} else {
		program = program_of(labels->profile, process);
		if (!program)
			return 0;
		text_folded(&making->name, program);
	}
	err = take_name(making, &label);
	if (!err)
		labels->of_process[process] = label + 1;
	return err;
}

static int make_comm(struct making *making, uint32_t comm)
{
	uint32_t label;
	const char *text = profile_text(making->labels->profile, comm);
	int err;

	if (making->labels->of_comm[comm])
		return 0;
	text_folded(&making->name, *text ? text : "[unknown]");
	err = take_name(making, &label);
	if (!err)
		making->labels->of_comm[comm] = label + 1;
	return err;
}

/* Threads, and the processes of those that are not told apart by them. */
static int make_who(struct making *making)
{
	struct labels *labels = making->labels;
	const struct profile *profile = labels->profile;
	int err = 0;

	labels->of_comm = calloc((size_t)profile->text.count + 1, sizeof(*labels->of_comm));
	labels->of_process = calloc((size_t)profile->processes.count + 1, sizeof(*labels->of_process));
	labels->of_sample = calloc(1, sizeof(*labels->of_sample));
	if (!labels->of_comm || !labels->of_process || !labels->of_sample)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->processes.count && labels->by != LABELS_COMM && !err; i++)
		err = make_process(making, i);
	for (uint32_t i = 0; i < profile->samples.count && !err; i++)
		err = make_comm(making, profile_get_sample(profile, i)->comm);
	return err;
}

static bool by_frames(const struct labels *labels)
{
	return labels->by == LABELS_FUNCTION || labels->by == LABELS_FILE;
}

int labels_init(struct labels *labels, const struct profile *profile, enum labels_by by, bool lines)
{
	struct making making = {.labels = labels, .lines = lines};
	int err;

	*labels = (struct labels){.profile = profile, .by = by};
	err = by_frames(labels) ? make_frames(&making) : make_who(&making);
	if (err)
		labels_release(labels);
	buf_release(&making.name);
	return err;
}

static uint32_t of_stack(struct labels *labels, const struct profile_sample *sample)
{
	uint32_t count, n = 0;
	const uint32_t *frames = profile_get_stack(labels->profile, sample->stack, &count);

	for (uint32_t i = 0; i < count; i++) {
		const struct labels_run *run = &labels->frames[frames[i]];

		memcpy(labels->of_sample + n, labels->ids + run->first, run->count * sizeof(*labels->ids));
		n += run->count;
	}
	if (sample->cut && (labels->by == LABELS_FUNCTION || !n))
		labels->of_sample[n++] = labels->cut[sample->cut];
	if (!n)
		labels->of_sample[n++] = labels->no_frame;
	return n;
}

const uint32_t *labels_of(struct labels *labels, const struct profile_sample *sample, uint32_t *count)
{
	uint32_t label;

	if (by_frames(labels)) {
		*count = of_stack(labels, sample);
		return labels->of_sample;
	}
	label = labels->of_process[sample->process];
	*labels->of_sample = (label ? label : labels->of_comm[sample->comm]) - 1;
	*count = 1;
	return labels->of_sample;
}

const char *labels_name(const struct labels *labels, uint32_t label)
{
	return intern_get(&labels->names, label, NULL);
}

int labels_match(const struct labels *labels, const struct pattern *pattern, bool **matches)
{
	bool *made = calloc((size_t)labels->names.count + 1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	for (uint32_t i = 0; i < labels->names.count; i++)
		made[i] = pattern_matches(pattern, labels_name(labels, i));
	*matches = made;
	return 0;
}
