// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/assembly.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

void assembly_release(struct assembly *assembly)
{
	intern_release(&assembly->places);
	free(assembly->functions);
	buf_release(&assembly->clean);
	buf_release(&assembly->place);
	*assembly = (struct assembly){0};
}

void assembly_begin(struct assembly *assembly, size_t size)
{
	assembly->functions_left = ASSEMBLY_FUNCTIONS_FREE + ASSEMBLY_FUNCTIONS_A_BYTE * (uint64_t)size;
}

int assembly_text(struct assembly *assembly, const char *data, size_t len, uint32_t *id)
{
	int err;

	buf_clear(&assembly->clean);
	err = text_fit(&assembly->clean, data, len, ASSEMBLY_TEXT_MAX);
	return err ? err : intern_add(&assembly->profile->text, assembly->clean.data, assembly->clean.len, id);
}

int assembly_mapping(struct assembly *assembly, const char *file, uint32_t *mapping)
{
	struct intern *text = &assembly->profile->text;
	struct profile_mapping made = {0};
	uint32_t none;
	int err = intern_text(text, "", &none);

	if (!err)
		err = intern_text(text, file, &made.file);
	made.gnu_build_id = made.go_build_id = made.htlhash = none;
	return err ? err : profile_mapping(assembly->profile, &made, mapping);
}

int assembly_frame(struct assembly *assembly, const struct place *place, const struct profile_line *lines,
	uint32_t count, uint32_t *frame)
{
	uint32_t known = assembly->places.count, id;
	int err;

	buf_clear(&assembly->place);
	err = buf_append(&assembly->place, place, sizeof(*place));
	if (!err)
		err = buf_append(&assembly->place, lines, count * sizeof(*lines));
	if (!err)
		err = intern_add(&assembly->places, assembly->place.data, assembly->place.len, &id);
	if (!err && id == known)
		err = profile_frame(assembly->profile, &(struct frame){.kind = place->kind, .address = id}, frame);
	if (!err)
		*frame = id;
	return err;
}

/* Of a frame: its place and functions. */
static const struct place *get_place(const struct assembly *assembly, uint32_t frame,
	const struct profile_line **lines, uint32_t *count)
{
	size_t len;
	const struct place *place = intern_get(&assembly->places, frame, &len);

	*lines = (const struct profile_line *)(place + 1);
	*count = (uint32_t)((len - sizeof(*place)) / sizeof(**lines));
	return place;
}

static int name_frame(struct assembly *assembly, uint32_t frame)
{
	struct profile *profile = assembly->profile;
	struct frame_names *names = &profile->names[frame];
	const struct profile_line *lines;
	uint32_t count;
	const struct place *place = get_place(assembly, frame, &lines, &count);
	int err = 0;

	names->address = place->address;
	names->mapping = place->mapping;
	names->named = place->named;
	names->type = (uint8_t)place->type;
	for (uint32_t i = 0; i < count && !err; i++)
		err = profile_name_line(profile, frame, &lines[i]);
	return err;
}

int assembly_end(struct assembly *assembly)
{
	int err = profile_grow_names(assembly->profile);

	while (!err && assembly->named < assembly->places.count)
		err = name_frame(assembly, assembly->named++);
	return err;
}

static int reserve_stack(struct assembly *assembly)
{
	uint32_t cap = assembly->functions_cap ? assembly->functions_cap * 2 : 64;
	uint64_t *functions;

	if (assembly->profile->stacks.count < assembly->functions_cap)
		return 0;
	functions = reallocarray(assembly->functions, cap, sizeof(*functions));
	if (!functions)
		return -ENOMEM;
	assembly->functions = functions;
	assembly->functions_cap = cap;
	return 0;
}

int assembly_stack(struct assembly *assembly, const uint32_t *frames, uint32_t count, uint32_t *stack)
{
	uint32_t known = assembly->profile->stacks.count, id;
	const struct profile_line *lines;
	uint32_t n_lines;
	int err = reserve_stack(assembly);

	if (!err)
		err = profile_stack(assembly->profile, frames, count, &id);
	if (err)
		return err;
	if (id == known) {
		assembly->functions[id] = 0;
		for (uint32_t i = 0; i < count; i++) {
			get_place(assembly, frames[i], &lines, &n_lines);
			assembly->functions[id] += n_lines;
		}
	}
	*stack = id;
	return 0;
}

static uint32_t value_of(const struct profile *profile, const struct profile_attribute *attributes,
	uint32_t count, const char *key, uint32_t none)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(profile_text(profile, attributes[i].key), key))
			return attributes[i].value;
	return none;
}

static void tell_who(struct profile *profile, uint32_t process, const struct profile_attribute *attributes,
	uint32_t count, uint32_t resource)
{
	struct profile_who *who = &profile->who[process];

	who->exe = value_of(profile, attributes, count, "process.executable.path", who->exe);
	who->container = value_of(profile, attributes, count, "container.id", who->container);
	who->runtime = value_of(profile, attributes, count, "container.runtime", who->runtime);
	who->pod = value_of(profile, attributes, count, "k8s.pod.uid", who->pod);
	who->unit = value_of(profile, attributes, count, "systemd.unit.name", who->unit);
	who->resource = resource + 1;
}

int assembly_process(struct assembly *assembly, const struct profile_attribute *attributes, uint32_t count,
	uint32_t *process)
{
	struct profile *profile = assembly->profile;
	struct profile_process key = {0};
	uint32_t none, resource = 0, known = profile->processes.count, id;
	uint64_t pid = 0;
	int err = intern_text(&profile->text, "", &none);

	if (!err && count)
		err = intern_add(&profile->resources, attributes, count * sizeof(*attributes), &resource);
	if (err)
		return err;
	number_decimal(profile_text(profile, value_of(profile, attributes, count, "process.pid", none)), &pid);
	key.pid = pid <= INT32_MAX ? (uint32_t)pid : 0;
	key.exec = count ? resource + 1 : 0;
	err = profile_process(profile, &key, &id);
	if (err)
		return err;
	if (id == known && count)
		tell_who(profile, id, attributes, count, resource);
	*process = id;
	return 0;
}

int assembly_sample(struct assembly *assembly, const struct profile_sample *sample, uint64_t count)
{
	uint64_t functions = assembly->functions[sample->stack], total;
	uint32_t known = assembly->profile->samples.count;
	int err;

	if (__builtin_add_overflow(assembly->total, count, &total) || total > INT64_MAX)
		return -EOVERFLOW;
	err = profile_add(assembly->profile, sample, count);
	if (err)
		return err;
	assembly->total = total;
	if (assembly->profile->samples.count == known)
		return 0;
	if (functions > assembly->functions_left)
		return -E2BIG;
	assembly->functions_left -= functions;
	return 0;
}
