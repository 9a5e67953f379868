// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/otlp_locations.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/large.h"
#include "base/radix.h"
#include "export/otlp_proto.h"
#include "profile/trust.h"

#define MANY 65536

int otlp_locations_init(struct otlp_locations *locations, struct otlp_dictionary *dictionary)
{
	const struct profile *profile = dictionary->profile;

	*locations = (struct otlp_locations){.dictionary = dictionary};
	locations->wanted = large_alloc(profile->frames.count * sizeof(*locations->wanted));
	locations->of_frame = large_alloc(profile->frames.count * sizeof(*locations->of_frame));
	locations->of_mapping = large_alloc((profile->mappings.count + (size_t)1) * sizeof(*locations->of_mapping));
	locations->functions = large_alloc(profile->n_lines * sizeof(*locations->functions));
	locations->last = large_alloc(profile->text.count * sizeof(*locations->last));
	if (locations->wanted && locations->of_frame && locations->of_mapping && locations->functions &&
		locations->last)
		return 0;
	otlp_locations_release(locations);
	return -ENOMEM;
}

/* What is not needed once the locations are written. */
static void release_parts(struct otlp_locations *locations)
{
	const struct profile *profile = locations->dictionary->profile;

	large_free(locations->wanted, profile->frames.count * sizeof(*locations->wanted));
	large_free(locations->of_mapping, (profile->mappings.count + (size_t)1) * sizeof(*locations->of_mapping));
	large_free(locations->functions, profile->n_lines * sizeof(*locations->functions));
	large_free(locations->last, profile->text.count * sizeof(*locations->last));
	locations->wanted = NULL;
	locations->of_mapping = NULL;
	locations->functions = NULL;
	locations->last = NULL;
}

void otlp_locations_release(struct otlp_locations *locations)
{
	release_parts(locations);
	large_free(locations->of_frame, locations->dictionary->profile->frames.count * sizeof(*locations->of_frame));
	*locations = (struct otlp_locations){0};
}

/* Build ids as attributes; how many there are. */
static uint32_t put_build_ids(
	struct otlp_dictionary *dictionary, const struct profile_mapping *mapping, uint32_t attributes[3])
{
	const struct {
		const char *key;
		uint32_t value;
	} ids[] = {
		{OTLP_BUILD_ID_GNU, mapping->gnu_build_id},
		{OTLP_BUILD_ID_GO, mapping->go_build_id},
		{OTLP_BUILD_ID_HTLHASH, mapping->htlhash},
	};
	uint32_t count = 0;

	for (unsigned i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		const char *value = profile_text(dictionary->profile, ids[i].value);

		if (*value)
			attributes[count++] = otlp_attribute_string(dictionary, ids[i].key, value);
	}
	return count;
}

static uint32_t put_mapping(struct otlp_dictionary *dictionary, const struct profile_mapping *mapping)
{
	uint32_t attributes[3], n_attributes = put_build_ids(dictionary, mapping, attributes);
	uint32_t file = otlp_text(dictionary, mapping->file);
	struct wire *out = dictionary->out;

	otlp_table_begin(&dictionary->mappings);
	if (mapping->start < mapping->limit) {
		wire_uint(out, MAPPING_MEMORY_START, mapping->start);
		wire_uint(out, MAPPING_MEMORY_LIMIT, mapping->limit);
		wire_uint(out, MAPPING_FILE_OFFSET, mapping->offset);
	}
	wire_uint(out, MAPPING_FILENAME, file);
	wire_packed(out, MAPPING_ATTRIBUTE_INDICES, attributes, n_attributes);
	return otlp_table_end(&dictionary->mappings);
}

static uint32_t mapping_index(struct otlp_locations *locations, uint32_t id)
{
	struct otlp_dictionary *dictionary = locations->dictionary;
	uint32_t *known = &locations->of_mapping[id];

	if (!id)
		return 0;
	if (!*known)
		*known = put_mapping(dictionary, profile_get_mapping(dictionary->profile, id)) + 1;
	return *known - 1;
}

static uint32_t type_index(struct otlp_locations *locations, enum frame_type type)
{
	const char *name = frame_type_name(type);
	uint32_t *known = &locations->types[*name ? type : FRAME_TYPE_UNKNOWN];

	if (!*known)
		*known = otlp_attribute_string(locations->dictionary, OTLP_FRAME_TYPE, name);
	return *known;
}

static uint32_t put_function(struct otlp_dictionary *dictionary, uint32_t name, uint32_t file, uint32_t first_line)
{
	struct wire *out = dictionary->out;

	otlp_table_begin(&dictionary->functions);
	wire_uint(out, FUNCTION_NAME, name);
	wire_uint(out, FUNCTION_FILENAME, file);
	wire_uint(out, FUNCTION_START_LINE, first_line);
	return otlp_table_end(&dictionary->functions);
}

static void put_line(struct wire *out, uint32_t function, uint32_t line)
{
	size_t begun = wire_begin(out, LOCATION_LINES);

	wire_uint(out, LINE_FUNCTION_INDEX, function);
	wire_uint(out, LINE_LINE, line);
	wire_end(out, begun);
}

static uint32_t function_index(struct otlp_locations *locations, const struct profile_line *line)
{
	struct otlp_function *last = &locations->last[line->function];

	if (!last->index || last->file != line->file || last->first_line != line->first_line) {
		struct otlp_dictionary *dictionary = locations->dictionary;
		uint32_t name = otlp_text(dictionary, line->function), file = otlp_text(dictionary, line->file);

		*last = (struct otlp_function){
			put_function(dictionary, name, file, line->first_line), line->file, line->first_line};
	}
	return last->index;
}

/* What a location refers to. */
static void put_parts(struct otlp_locations *locations, uint32_t frame)
{
	const struct profile *profile = locations->dictionary->profile;
	uint32_t count;
	const struct profile_line *lines = profile_get_lines(profile, frame, &count);

	for (uint32_t i = 0; i < count; i++)
		locations->functions[lines + i - profile->lines] = function_index(locations, &lines[i]);
	if (!profile->names)
		return;
	mapping_index(locations, profile->names[frame].mapping);
	type_index(locations, profile->names[frame].type);
}

static void put_frame(struct otlp_locations *locations, uint32_t frame)
{
	static const struct frame_names unnamed;
	struct otlp_table *table = &locations->dictionary->locations;
	const struct profile *profile = locations->dictionary->profile;
	const struct frame_names *names = profile->names ? &profile->names[frame] : &unnamed;
	uint32_t count, mapping = mapping_index(locations, names->mapping), type = type_index(locations, names->type);
	const struct profile_line *lines = profile_get_lines(profile, frame, &count);

	otlp_table_begin(table);
	wire_uint(table->out, LOCATION_MAPPING_INDEX, mapping);
	wire_uint(table->out, LOCATION_ADDRESS, names->address);
	for (uint32_t i = 0; i < count; i++)
		put_line(table->out, locations->functions[lines + i - profile->lines], lines[i].line);
	wire_packed(table->out, LOCATION_ATTRIBUTE_INDICES, &type, type > 0);
	otlp_table_end_later(table, false, &locations->of_frame[frame]);
}

/* The outermost frame of a stack that was cut, as it is called in folded lines. */
static uint32_t put_cut(struct otlp_dictionary *dictionary, const char *cause)
{
	char name[128];
	uint32_t text, function;

	snprintf(name, sizeof(name), "[truncated: %s]", cause);
	text = otlp_string(dictionary, name);
	function = put_function(dictionary, text, 0, 0);
	otlp_table_begin(&dictionary->locations);
	put_line(dictionary->out, function, 0);
	return otlp_table_end(&dictionary->locations);
}

/* By mapping and address: what is near there is alike, which is a seventh of all bytes after compression. Of very many
 * locations it would double the time, for a profile that nobody sends each minute: they stay as they came. */
static uint64_t sort_key(const struct profile *profile, uint32_t frame)
{
	const struct frame_names *names = profile->names ? &profile->names[frame] : NULL;

	return names ? (uint64_t)names->mapping << 44 | (names->address & (((uint64_t)1 << 44) - 1)) : 0;
}

static uint32_t list_wanted(const struct otlp_locations *locations, struct radix_item *order)
{
	const struct profile *profile = locations->dictionary->profile;
	uint32_t count = 0;

	for (uint32_t i = 0; i < profile->frames.count; i++)
		if (locations->wanted[i])
			order[count++] = (struct radix_item){sort_key(profile, i), i};
	return count;
}

static void put_frames(struct otlp_locations *locations, const struct radix_item *order, uint32_t count)
{
	otlp_table_reserve(&locations->dictionary->locations, count);
	for (uint32_t i = 0; i < count; i++)
		put_parts(locations, order[i].value);
	for (uint32_t i = 0; i < count; i++)
		put_frame(locations, order[i].value);
	otlp_table_flush(&locations->dictionary->locations);
}

static int put_wanted(struct otlp_locations *locations)
{
	size_t size = locations->dictionary->profile->frames.count * sizeof(struct radix_item);
	struct radix_item *order = large_alloc(size);
	uint32_t count;
	int err;

	if (!order)
		return -ENOMEM;
	count = list_wanted(locations, order);
	err = count <= MANY ? radix_sort(order, count) : 0;
	if (!err)
		put_frames(locations, order, count);
	large_free(order, size);
	for (unsigned i = 0; i < COUNTERS && !err; i++)
		if (locations->wanted_cut[i])
			locations->of_cut[i] = put_cut(locations->dictionary, counter_specs[i].name);
	return !err && locations->dictionary->out->failed ? -ENOMEM : err;
}

/* Whether `location` was here before. Frames that became nothing at all are all alike. */
static void note(uint8_t *seen, uint32_t location)
{
	seen[location] = seen[location] || !location ? 2 : 1;
}

static void mark_shared(uint32_t *locations, uint32_t count, const uint8_t *seen)
{
	for (uint32_t i = 0; i < count; i++)
		if (seen[locations[i]] > 1)
			locations[i] |= OTLP_LOCATION_SHARED;
}

static uint32_t packed(uint32_t location)
{
	uint8_t bytes[WIRE_VARINT_MAX] = {0};
	uint32_t size = (uint32_t)(wire_put_varint(bytes, location & ~OTLP_LOCATION_SHARED) - bytes);

	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       size << OTLP_LOCATION_SIZE_SHIFT | (location & OTLP_LOCATION_SHARED);
}

static void pack(struct otlp_locations *locations)
{
	const struct profile *profile = locations->dictionary->profile;

	locations->packed = locations->dictionary->locations.count <= OTLP_LOCATIONS_PACKED;
	for (uint32_t i = 0; locations->packed && i < profile->frames.count; i++)
		locations->of_frame[i] = packed(locations->of_frame[i]);
	for (uint32_t i = 0; locations->packed && i < COUNTERS; i++)
		locations->of_cut[i] = packed(locations->of_cut[i]);
}

int otlp_locations_write(struct otlp_locations *locations)
{
	const struct profile *profile = locations->dictionary->profile;
	int err = put_wanted(locations);
	uint8_t *seen;

	release_parts(locations);
	if (err)
		return err;
	seen = calloc(locations->dictionary->locations.count, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->frames.count; i++)
		note(seen, locations->of_frame[i]);
	for (unsigned i = 0; i < COUNTERS; i++)
		note(seen, locations->of_cut[i]);
	mark_shared(locations->of_frame, profile->frames.count, seen);
	mark_shared(locations->of_cut, COUNTERS, seen);
	pack(locations);
	free(seen);
	return 0;
}
