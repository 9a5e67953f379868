// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/file_mapping.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "object/build_ids.h"

/* What could not be found out is "". */
static int keep_text(struct profile *profile, struct buf *text, int err, uint32_t *id)
{
	if (err == -ENOMEM)
		return err;
	if (err)
		buf_clear(text);
	err = buf_putc(text, 0);
	if (!err)
		err = intern_text(&profile->text, text->data, id);
	buf_clear(text);
	return err;
}

/* The files themselves are hostile, and so is what they say. */
static int keep_clean(struct profile *profile, struct buf *text, int err, uint32_t *id)
{
	struct buf clean = {0};

	if (!err)
		err = text_clean(&clean, text->data, text->len);
	buf_clear(text);
	err = keep_text(profile, &clean, err, id);
	buf_release(&clean);
	return err;
}

static int gnu_build_id(const struct object *object, const struct elf *elf, struct buf *out)
{
	const struct object_identity *identity = &object->identity;

	if (identity->build_id_size)
		return build_ids_hex(identity->build_id, identity->build_id_size, out);
	return elf ? build_ids_hex(elf->build_id, elf->build_id_size, out) : 0;
}

int file_mapping_init(struct file_mapping *mapping, struct profile *profile, const struct object *object,
	const struct elf *elf, bool hash)
{
	struct profile_mapping *file = &mapping->file;
	struct buf text = {0};
	int err;

	*mapping = (struct file_mapping){.profile = profile, .elf = elf};
	err = keep_clean(profile, &text, buf_puts(&text, object->path), &file->file);
	if (!err)
		err = keep_text(profile, &text, gnu_build_id(object, elf, &text), &file->gnu_build_id);
	if (!err)
		err = keep_clean(profile, &text, elf ? build_ids_go(elf, &text) : -ENODATA, &file->go_build_id);
	if (!err)
		err = keep_text(profile, &text, elf && hash ? build_ids_htlhash(elf, &text) : -ENODATA, &file->htlhash);
	buf_release(&text);
	return err;
}

/* The mapping of what is in this segment; NULL: in none. */
static int find_mapping(struct file_mapping *mapping, const Elf64_Phdr *segment)
{
	struct profile_mapping found = mapping->file;
	int err;

	if (mapping->id && segment == mapping->segment)
		return 0;
	if (segment) {
		found.start = segment->p_vaddr;
		found.limit = segment->p_vaddr + segment->p_memsz;
		found.offset = segment->p_offset;
	}
	err = profile_mapping(mapping->profile, &found, &mapping->id);
	if (!err)
		mapping->segment = segment;
	return err;
}

int file_mapping_put(struct file_mapping *mapping, uint32_t frame)
{
	struct frame_names *names = &mapping->profile->names[frame];
	uint64_t offset = profile_get_frame(mapping->profile, frame)->address;
	const Elf64_Phdr *segment = mapping->elf ? elf_segment_of_offset(mapping->elf, offset) : NULL;
	int err = find_mapping(mapping, segment);

	if (err)
		return err;
	names->mapping = mapping->id;
	names->address = segment ? segment->p_vaddr + (offset - segment->p_offset) : 0;
	names->type = FRAME_TYPE_NATIVE;
	return 0;
}
