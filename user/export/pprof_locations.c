// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/pprof_locations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "export/pprof_proto.h"
#include "export/same.h"
#include "profile/trust.h"

enum mark { MARK_USED = 1, MARK_FILES = 2, MARK_LINES = 4, MARK_INLINED = 8 };

struct function { /* interned by its bytes: no padding. Strings */
	uint32_t name, file, first_line;
};

static const struct frame_names *names_of(const struct profile *profile, uint32_t frame)
{
	static const struct frame_names unnamed;

	return profile->names ? &profile->names[frame] : &unnamed;
}

static uint64_t hash_frame(const void *context, uint32_t frame)
{
	const struct frame_names *names = names_of(context, frame);
	uint32_t count;
	const struct profile_line *lines = profile_get_lines(context, frame, &count);

	return XXH3_64bits_withSeed(lines, count * sizeof(*lines), names->address ^ (uint64_t)names->mapping << 48);
}

static bool equal_frames(const void *context, uint32_t a, uint32_t b)
{
	const struct frame_names *of_a = names_of(context, a), *of_b = names_of(context, b);
	uint32_t n_a, n_b;
	const struct profile_line *lines_a = profile_get_lines(context, a, &n_a);
	const struct profile_line *lines_b = profile_get_lines(context, b, &n_b);

	return of_a->address == of_b->address && of_a->mapping == of_b->mapping && n_a == n_b &&
	       (!n_a || !memcmp(lines_a, lines_b, n_a * sizeof(*lines_a)));
}

int pprof_locations_init(struct pprof_locations *locations, struct pprof_file *file)
{
	const struct profile *profile = file->profile;
	const struct same_rule rule = {hash_frame, equal_frames, profile};
	size_t mappings = (size_t)profile->mappings.count + 1;

	_Static_assert(COUNTERS <= 64, "pprof_locations.cuts");
	*locations = (struct pprof_locations){.file = file};
	locations->same = same_find(profile->frames.count, &rule);
	locations->wanted = calloc((size_t)profile->frames.count + 1, 1);
	locations->marks = calloc(mappings, 1);
	locations->weights = calloc(mappings, sizeof(*locations->weights));
	if (locations->same && locations->wanted && locations->marks && locations->weights)
		return 0;
	pprof_locations_release(locations);
	return -ENOMEM;
}

void pprof_locations_release(struct pprof_locations *locations)
{
	free(locations->same);
	free(locations->wanted);
	free(locations->marks);
	free(locations->weights);
	intern_release(&locations->functions);
	*locations = (struct pprof_locations){0};
}

void pprof_locations_want(struct pprof_locations *locations, const uint32_t *frames, uint32_t count, uint16_t cut,
	uint64_t samples)
{
	for (uint32_t i = 0; i < count; i++)
		locations->wanted[locations->same[frames[i]]] = 1;
	if (count)
		locations->weights[names_of(locations->file->profile, frames[count - 1])->mapping] += samples;
	locations->cuts |= cut ? 1ull << cut : 0;
}

static int function_id(struct pprof_locations *locations, const struct function *function, uint64_t *id)
{
	struct wire *out = &locations->file->out;
	uint32_t known = locations->functions.count, at;
	int err = intern_add(&locations->functions, function, sizeof(*function), &at);
	size_t begun;

	if (err)
		return err;
	*id = (uint64_t)at + 1;
	if (at < known)
		return 0;
	begun = wire_begin(out, PPROF_FUNCTION);
	wire_uint(out, PPROF_FUNCTION_ID, *id);
	wire_uint(out, PPROF_FUNCTION_NAME, function->name);
	wire_uint(out, PPROF_FUNCTION_FILENAME, function->file);
	wire_uint(out, PPROF_FUNCTION_START_LINE, function->first_line);
	wire_end(out, begun);
	return 0;
}

static int line_function(struct pprof_locations *locations, const struct profile_line *line, uint64_t *id)
{
	const struct function function = {
		pprof_file_text(locations->file, line->function),
		pprof_file_text(locations->file, line->file),
		line->first_line,
	};

	return function_id(locations, &function, id);
}

static void put_line(struct wire *out, uint64_t function, uint32_t line)
{
	size_t begun = wire_begin(out, PPROF_LOCATION_LINE);

	wire_uint(out, PPROF_LINE_FUNCTION_ID, function);
	wire_uint(out, PPROF_LINE_LINE, line);
	wire_end(out, begun);
}

static uint8_t marks_of(const struct profile *profile, const struct profile_line *lines, uint32_t count)
{
	uint8_t marks = MARK_USED | (count > 1 ? MARK_INLINED : 0);

	for (uint32_t i = 0; i < count; i++) {
		if (*profile_text(profile, lines[i].file))
			marks |= MARK_FILES;
		if (lines[i].line)
			marks |= MARK_LINES;
	}
	return marks;
}

static int put_frame(struct pprof_locations *locations, uint32_t frame)
{
	const struct profile *profile = locations->file->profile;
	const struct frame_names *names = names_of(profile, frame);
	struct wire *out = &locations->file->out;
	uint32_t count;
	const struct profile_line *lines = profile_get_lines(profile, frame, &count);
	uint64_t function;
	size_t begun;
	int err = 0;

	/* A function that is new is a message of its own: not inside the location's. */
	for (uint32_t i = 0; i < count && !err; i++)
		err = line_function(locations, &lines[i], &function);
	if (err)
		return err;
	locations->marks[names->mapping] |= marks_of(profile, lines, count);
	begun = wire_begin(out, PPROF_LOCATION);
	wire_uint(out, PPROF_LOCATION_ID, pprof_location_of_frame(locations, frame));
	wire_uint(out, PPROF_LOCATION_MAPPING_ID, names->mapping ? names->mapping : locations->nowhere);
	wire_uint(out, PPROF_LOCATION_ADDRESS, names->address);
	for (uint32_t i = 0; i < count; i++) {
		line_function(locations, &lines[i], &function);
		put_line(out, function, lines[i].line);
	}
	wire_end(out, begun);
	pprof_file_flush(locations->file);
	return 0;
}

/* The outermost frame of a stack that was cut, as it is called in folded lines. */
static int put_cut(struct pprof_locations *locations, uint16_t cut)
{
	struct wire *out = &locations->file->out;
	struct function function = {0};
	uint64_t id;
	size_t begun;
	char name[128];
	int err;

	snprintf(name, sizeof(name), "[truncated: %s]", counter_specs[cut].name);
	function.name = pprof_file_string(locations->file, name);
	err = function_id(locations, &function, &id);
	if (err)
		return err;
	begun = wire_begin(out, PPROF_LOCATION);
	wire_uint(out, PPROF_LOCATION_ID, pprof_location_of_cut(locations, cut));
	wire_uint(out, PPROF_LOCATION_MAPPING_ID, locations->nowhere);
	put_line(out, id, 0);
	wire_end(out, begun);
	return 0;
}

static uint32_t build_id_of(struct pprof_file *file, const struct profile_mapping *mapping)
{
	uint32_t gnu = pprof_file_text(file, mapping->gnu_build_id);

	return gnu ? gnu : pprof_file_text(file, mapping->go_build_id);
}

static void put_marks(struct wire *out, uint8_t marks)
{
	wire_uint(out, PPROF_MAPPING_HAS_FUNCTIONS, 1);
	wire_uint(out, PPROF_MAPPING_HAS_FILENAMES, (marks & MARK_FILES) != 0);
	wire_uint(out, PPROF_MAPPING_HAS_LINE_NUMBERS, (marks & MARK_LINES) != 0);
	wire_uint(out, PPROF_MAPPING_HAS_INLINE_FRAMES, (marks & MARK_INLINED) != 0);
}

static void put_mapping(struct pprof_locations *locations, uint32_t id)
{
	struct pprof_file *file = locations->file;
	const struct profile_mapping *mapping = profile_get_mapping(file->profile, id);
	struct wire *out = &file->out;
	size_t begun = wire_begin(out, PPROF_MAPPING);

	wire_uint(out, PPROF_MAPPING_ID, id);
	if (mapping->start < mapping->limit) {
		wire_uint(out, PPROF_MAPPING_START, mapping->start);
		wire_uint(out, PPROF_MAPPING_LIMIT, mapping->limit);
		wire_uint(out, PPROF_MAPPING_OFFSET, mapping->offset);
	}
	wire_uint(out, PPROF_MAPPING_FILE, pprof_file_text(file, mapping->file));
	wire_uint(out, PPROF_MAPPING_BUILD_ID, build_id_of(file, mapping));
	put_marks(out, locations->marks[id]);
	wire_end(out, begun);
	pprof_file_flush(file);
}

static void put_nowhere(struct pprof_locations *locations)
{
	struct wire *out = &locations->file->out;
	size_t begun = wire_begin(out, PPROF_MAPPING);

	wire_uint(out, PPROF_MAPPING_ID, locations->nowhere);
	put_marks(out, locations->marks[0]);
	wire_end(out, begun);
}

/* pprof calls the first one the main binary: the one in which most stacks begin. */
static void put_mappings(struct pprof_locations *locations)
{
	uint32_t count = locations->file->profile->mappings.count, first = 0;

	for (uint32_t id = 1; id <= count; id++)
		if (locations->marks[id] && (!first || locations->weights[id] > locations->weights[first]))
			first = id;
	if (first)
		put_mapping(locations, first);
	if (locations->nowhere)
		put_nowhere(locations);
	for (uint32_t id = 1; id <= count; id++)
		if (locations->marks[id] && id != first)
			put_mapping(locations, id);
}

/* Whether there is a location, and none of them has a mapping. */
static bool all_nowhere(const struct pprof_locations *locations)
{
	const struct profile *profile = locations->file->profile;
	bool any = locations->cuts != 0;

	for (uint32_t i = 0; i < profile->frames.count; i++) {
		if (locations->wanted[i] && names_of(profile, i)->mapping)
			return false;
		any |= locations->wanted[i];
	}
	return any;
}

int pprof_locations_write(struct pprof_locations *locations)
{
	const struct profile *profile = locations->file->profile;
	uint32_t count = profile->frames.count;
	int err = 0;

	if (all_nowhere(locations))
		locations->nowhere = (uint64_t)profile->mappings.count + 1;
	for (uint32_t i = 0; i < count && !err; i++)
		if (locations->wanted[i])
			err = put_frame(locations, i);
	for (uint16_t cut = 0; cut < COUNTERS && !err; cut++)
		if (locations->cuts >> cut & 1)
			err = put_cut(locations, cut);
	if (!err)
		put_mappings(locations);
	return err;
}
