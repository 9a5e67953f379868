// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Folded lines: ours (CLI.md) and those of others (Brendan Gregg's stackcollapse scripts), whose first frame is taken
 * for the thread's name. The count is behind the last space. Lines that are empty are nothing, and so are those that
 * begin with '#' and are no stack of two frames and more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "import/array.h"
#include "import/frame_name.h"
#include "import/importer.h"
#include "import/sample_types.h"

#define LINE_MAX_BYTES (16u << 20)
#define UNKNOWN "[unknown]"

struct folded {
	struct importing *importing;
	struct assembly *assembly;
	size_t line;       /* number */
	struct intern raw; /* names as they are in the file */
	uint32_t *frame_of; /* by id in `raw` */
	uint32_t frame_of_cap;
	uint32_t *frames; /* of the line, outermost first */
	uint32_t n_frames, frames_cap;
	uint32_t kernel, jit; /* mappings */
	uint32_t none; /* text id of "" */
	uint32_t process;
};

static int refuse(const struct folded *folded, const char *what)
{
	return input_fault(folded->importing->input, folded->importing->fault, "line %zu: %s", folded->line, what);
}

/* Of a name as it stands in the file: "_[k]" and brackets say what it is. */
static int make_frame(struct folded *folded, const char *name, size_t len, uint32_t *frame)
{
	struct assembly *assembly = folded->assembly;
	struct profile_line line = {.file = folded->none};
	struct place place = {.kind = FRAME_KERNEL, .type = FRAME_TYPE_KERNEL, .mapping = folded->kernel};
	size_t plain = frame_name_without_kernel(name, len);
	int err;

	if (!len) {
		name = UNKNOWN;
		plain = len = strlen(name);
	}
	place.named = !frame_name_stands_in(name, plain);
	if (plain == len) {
		place = (struct place){.kind = FRAME_FILE, .named = place.named};
		if (!place.named)
			place.kind = frame_name_kind(name, plain);
		if (place.kind == FRAME_ANON)
			place.mapping = folded->jit;
	}
	err = assembly_text(assembly, name, plain, &line.function);
	return err ? err : assembly_frame(assembly, &place, &line, 1, frame);
}

static int find_frame(struct folded *folded, const char *name, size_t len, uint32_t *frame)
{
	uint32_t known = folded->raw.count, id;
	uint32_t *frame_of = array_grow(folded->frame_of, known, &folded->frame_of_cap, sizeof(*frame_of));
	int err;

	if (!frame_of)
		return -ENOMEM;
	folded->frame_of = frame_of;
	err = intern_add(&folded->raw, name, len, &id);
	if (!err && id == known)
		err = make_frame(folded, name, len, &folded->frame_of[id]);
	if (!err)
		*frame = folded->frame_of[id];
	return err;
}

static int push_frame(struct folded *folded, const char *name, size_t len)
{
	uint32_t *frames = array_grow(folded->frames, folded->n_frames, &folded->frames_cap, sizeof(*frames));

	if (!frames)
		return -ENOMEM;
	folded->frames = frames;
	return find_frame(folded, name, len, &folded->frames[folded->n_frames++]);
}

static const char *end_of_name(const char *at, const char *end)
{
	const char *found = memchr(at, ';', (size_t)(end - at));

	return found ? found : end;
}

static int read_stack(struct folded *folded, const char *at, const char *end, struct profile_sample *sample)
{
	struct assembly *assembly = folded->assembly;
	const char *stop = end_of_name(at, end);
	bool first = true;
	int err;

	if (stop == at)
		err = intern_text(&assembly->profile->text, UNKNOWN, &sample->comm);
	else
		err = assembly_text(assembly, at, (size_t)(stop - at), &sample->comm);
	folded->n_frames = 0;
	for (; !err && stop < end; first = false) {
		at = stop + 1;
		stop = end_of_name(at, end);
		if (first)
			sample->cut = frame_name_cut(at, (size_t)(stop - at));
		if (!first || !sample->cut)
			err = push_frame(folded, at, (size_t)(stop - at));
	}
	for (uint32_t i = 0, j = folded->n_frames; !err && i + 1 < j--; i++) {
		uint32_t outer = folded->frames[i];

		folded->frames[i] = folded->frames[j];
		folded->frames[j] = outer;
	}
	return err ? err : assembly_stack(assembly, folded->frames, folded->n_frames, &sample->stack);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Parts a line into stack and count: NULL, the end of the stack's text, or what is wrong in *why. */
static const char *read_count(const char *at, const char *end, uint64_t *count, const char **why)
{
	const char *digit;
	uint64_t value = 0;

	for (digit = end; digit > at && !is_blank(digit[-1]); digit--)
		;
	*why = "no count behind the stack: \"comm;outermost;...;innermost COUNT\"";
	if (digit == at || digit == end)
		return NULL;
	for (const char *c = digit; c < end; c++) {
		if (*c < '0' || *c > '9') {
			*why = "its count is not a whole number";
			return NULL;
		}
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *c - '0', &value) ||
			value > INT64_MAX) {
			*why = "its count is past 2^63 - 1";
			return NULL;
		}
	}
	*count = value;
	return digit - 1;
}

static int read_line(struct folded *folded, const char *at, const char *end)
{
	struct profile_sample sample = {.process = folded->process};
	const char *stack_end, *why;
	uint64_t count;
	int err;

	while (end > at && is_blank(end[-1]))
		end--;
	if (at == end || (*at == '#' && !memchr(at, ';', (size_t)(end - at))))
		return 0;
	if (end - at > LINE_MAX_BYTES)
		return refuse(folded, "longer than 16 MiB");
	stack_end = read_count(at, end, &count, &why);
	if (!stack_end)
		return *at == '#' ? 0 : refuse(folded, why);
	if (!count)
		return 0;
	err = read_stack(folded, at, stack_end, &sample);
	if (!err)
		err = assembly_sample(folded->assembly, &sample, count);
	if (err == -EOVERFLOW)
		return refuse(folded, "the counts add up to more than 2^63 - 1");
	return err == -E2BIG ? refuse(folded, IMPORTER_TOO_DEEP) : err;
}

static int read_lines(struct folded *folded)
{
	const char *at = (const char *)folded->importing->input->data, *end = at + folded->importing->input->len;
	int err = 0;

	while (at < end && !err) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (!stop)
			stop = end;
		folded->line++;
		err = read_line(folded, at, stop);
		at = stop + 1;
	}
	return err;
}

/* Lines do not say what they count. */
static int set_value(struct folded *folded)
{
	struct importing *importing = folded->importing;
	struct profile *profile = folded->assembly->profile;
	struct profile_value value = {0};
	struct sample_types types = {0};
	int err = intern_text(&profile->text, "samples", &value.type);

	if (!err)
		err = intern_text(&profile->text, "count", &value.unit);
	if (err)
		return err;
	sample_types_add(&types, value.type, value.unit);
	if (importing->type)
		err = sample_types_choose(&types, profile, importing->type, importing->input, importing->fault);
	return err ? err : importer_set_value(importing, &value);
}

/* What all lines share. */
static int begin(struct folded *folded)
{
	struct assembly *assembly = folded->assembly;
	int err = intern_text(&assembly->profile->text, "", &folded->none);

	if (!err)
		err = set_value(folded);
	if (!err)
		err = assembly_process(assembly, NULL, 0, &folded->process);
	if (!err)
		err = assembly_mapping(assembly, MAPPING_KERNEL, &folded->kernel);
	return err ? err : assembly_mapping(assembly, MAPPING_JIT, &folded->jit);
}

int folded_read(struct importing *importing)
{
	struct folded folded = {.importing = importing, .assembly = &importing->import->assembly};
	int err = begin(&folded);

	if (!err)
		err = read_lines(&folded);
	intern_release(&folded.raw);
	free(folded.frame_of);
	free(folded.frames);
	return err;
}
