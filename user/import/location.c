// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/location.h"

#include <inttypes.h>
#include <string.h>

#include "import/frame_name.h"

#define FILE_MAX 100 /* bytes of a file's name in those that stand in: each address has one of its own */

static bool is_none(const struct profile *profile, const struct profile_mapping *mapping)
{
	return !mapping->limit && !*profile_text(profile, mapping->file) &&
	       !*profile_text(profile, mapping->gnu_build_id) && !*profile_text(profile, mapping->go_build_id) &&
	       !*profile_text(profile, mapping->htlhash);
}

int location_map(struct assembly *assembly, struct profile_mapping *mapping, struct location_mapping *out)
{
	struct profile *profile = assembly->profile;
	uint32_t kind = frame_name_mapping_kind(profile_text(profile, mapping->file));
	uint32_t id = 0;
	int err = 0;

	if (kind != FRAME_FILE || mapping->start >= mapping->limit)
		mapping->start = mapping->limit = mapping->offset = 0;
	if (kind != FRAME_FILE)
		err = intern_text(&profile->text, kind == FRAME_KERNEL ? MAPPING_KERNEL : MAPPING_JIT, &mapping->file);
	if (!err && !is_none(profile, mapping))
		err = profile_mapping(profile, mapping, &id);
	if (!err)
		*out = (struct location_mapping){id, kind};
	return err;
}

static bool is_inside(const struct profile_mapping *mapping, uint64_t address)
{
	return mapping && address >= mapping->start && address < mapping->limit;
}

/* "[libc.so.6+0x27249]", "[libc.so.6]" without an address, "[vdso+0x12]". An address outside of the mapping is one in the
 * file already: opentelemetry-ebpf-profiler's are (01ec15574be0, reporter/internal/pdata/generate.go). */
static int put_offset(struct buf *name, const char *file, const struct profile_mapping *mapping, uint64_t address)
{
	const char *slash = strrchr(file, '/');
	size_t len;

	file = slash ? slash + 1 : file;
	len = strlen(file);
	if (frame_name_stands_in(file, len)) {
		file++;
		len -= 2;
	}
	if (len > FILE_MAX)
		len = FILE_MAX;
	if (!address)
		return buf_printf(name, "[%.*s]", (int)len, file);
	if (is_inside(mapping, address))
		address += mapping->offset - mapping->start;
	return buf_printf(name, "[%.*s+0x%" PRIx64 "]", (int)len, file, address);
}

static int put_stand_in(struct assembly *assembly, const struct location *location, uint32_t kind, uint32_t *text)
{
	const struct profile_mapping *mapping = profile_get_mapping(assembly->profile, location->mapping.id);
	const char *file = mapping ? profile_text(assembly->profile, mapping->file) : "";
	struct buf *name = &assembly->clean;
	int err;

	buf_clear(name);
	if (kind == FRAME_KERNEL)
		err = buf_puts(name, "[kernel]");
	else if (kind == FRAME_ANON)
		err = buf_puts(name, "[jit]");
	else if (!*file)
		err = buf_puts(name, "[unknown]");
	else
		err = put_offset(name, file, mapping, location->address);
	return err ? err : intern_add(&assembly->profile->text, name->data, name->len, text);
}

static uint32_t kind_of(const struct location *location)
{
	return location->type == FRAME_TYPE_KERNEL ? FRAME_KERNEL : location->mapping.kind;
}

/* The functions that have no name get one. */
static int fill_names(struct assembly *assembly, struct location *location, uint32_t kind)
{
	int err = 0;

	if (!location->n_lines) {
		location->n_lines = 1;
		location->lines[0] = (struct profile_line){0};
		err = intern_text(&assembly->profile->text, "", &location->lines[0].file);
		return err ? err : put_stand_in(assembly, location, kind, &location->lines[0].function);
	}
	for (uint32_t i = 0; i < location->n_lines && !err; i++)
		if (!*profile_text(assembly->profile, location->lines[i].function))
			err = put_stand_in(assembly, location, kind, &location->lines[i].function);
	return err;
}

int location_make(struct assembly *assembly, struct location *location, struct location_frame *out)
{
	struct place place = {.kind = kind_of(location), .mapping = location->mapping.id, .type = location->type};
	const char *name;
	size_t len;
	int err = 0;

	if (place.kind == FRAME_KERNEL) {
		place.type = FRAME_TYPE_KERNEL;
		if (location->mapping.kind != FRAME_KERNEL)
			err = assembly_mapping(assembly, MAPPING_KERNEL, &place.mapping);
	}
	if (!err)
		err = fill_names(assembly, location, place.kind);
	if (err)
		return err;
	name = profile_text(assembly->profile, location->lines[0].function);
	len = strlen(name);
	if (place.kind != FRAME_KERNEL &&
		is_inside(profile_get_mapping(assembly->profile, place.mapping), location->address))
		place.address = location->address;
	place.named = location->n_lines > 1 || !frame_name_stands_in(name, len);
	if (!place.named && place.kind == FRAME_FILE && !place.mapping)
		place.kind = frame_name_kind(name, len);
	out->cut = location->n_lines == 1 && !place.mapping ? frame_name_cut(name, len) : 0;
	return assembly_frame(assembly, &place, location->lines, location->n_lines, &out->frame);
}
