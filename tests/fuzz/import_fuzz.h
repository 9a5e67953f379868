/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a profile, read by one reader whatever they look like, twice into one import, so that what they name is
 * merged with itself; what came of it is held to what a profile is, and written out.
 */
#ifndef PROFOUND_IMPORT_FUZZ_H
#define PROFOUND_IMPORT_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/exporter.h"
#include "import/importer.h"
#include "profile/figures.h"

#define FUNCTIONS_WRITTEN 100000 /* an input that shares stacks may have millions, which are allowed and slow */

static inline void check(bool good)
{
	if (!good)
		abort();
}

static inline uint64_t check_sample(const struct profile *profile, uint32_t i)
{
	const struct profile_sample *sample = profile_get_sample(profile, i);
	uint32_t count, n_lines;
	const uint32_t *frames;
	uint64_t functions = 0;

	check(sample->process < profile->processes.count && sample->comm < profile->text.count);
	check(sample->stack < profile->stacks.count && sample->cut < COUNTERS && profile->counts[i]);
	check(!sample->cut || counter_specs[sample->cut].class == CLASS_CUT);
	frames = profile_get_stack(profile, sample->stack, &count);
	for (uint32_t k = 0; k < count; k++) {
		check(frames[k] < profile->frames.count);
		profile_get_lines(profile, frames[k], &n_lines);
		functions += n_lines;
	}
	return functions;
}

static inline void check_frame(const struct profile *profile, uint32_t id)
{
	const struct frame_names *names = &profile->names[id];
	const struct profile_mapping *mapping = profile_get_mapping(profile, names->mapping);

	check(names->count && names->first + names->count <= profile->n_lines && names->type < FRAME_TYPES);
	check(names->mapping <= profile->mappings.count);
	if (mapping)
		check(mapping->start < mapping->limit || (!mapping->start && !mapping->limit));
	if (names->address)
		check(mapping && names->address >= mapping->start && names->address < mapping->limit);
	for (uint32_t i = 0; i < names->count; i++)
		check(*profile_text(profile, profile->lines[names->first + i].function));
}

static inline void check_import(struct import *import)
{
	const struct profile *profile = &import->profile;
	const struct export_view view = {.profile = profile, .trust = &import->trust};
	uint64_t functions = 0;
	FILE *stream;

	for (uint32_t i = 0; i < profile->frames.count; i++)
		check_frame(profile, i);
	for (uint32_t i = 0; i < profile->samples.count; i++)
		functions += check_sample(profile, i);
	check(profile_total(profile) == (uint64_t)import->trust.taken);
	if (functions > FUNCTIONS_WRITTEN)
		return;
	stream = fopen("/dev/null", "w");
	check(stream && !exporter_by_name("folded")->write(&view, stream));
	fclose(stream);
}

static inline int fuzz_import(const uint8_t *data, size_t size, enum content content)
{
	struct input input = {.path = "input", .data = malloc(size ? size : 1), .len = size};
	struct import import = {0};
	struct fault fault = {0};
	int err;

	if (!input.data)
		return 0;
	memcpy(input.data, data, size);
	content_of(input.data, input.len);
	err = import_content(&import, &input, content, NULL, &fault);
	if (!err)
		err = import_content(&import, &input, content, NULL, &fault);
	check(!err || strlen(fault.text));
	if (!err && !import_finish(&import))
		check_import(&import);
	import_release(&import);
	input_release(&input);
	return 0;
}

#endif
