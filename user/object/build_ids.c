// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/build_ids.h"

#include <endian.h>
#include <errno.h>
#include <sha2.h>
#include <stddef.h>
#include <string.h>

#define NOTE_TYPE 4
#define NOTE_NAME "Go\0" /* padded to 4 bytes */

int build_ids_hex(const uint8_t *id, size_t size, struct buf *out)
{
	int err = 0;

	for (size_t i = 0; i < size && !err; i++)
		err = buf_printf(out, "%02x", id[i]);
	return err;
}

int build_ids_go(const struct elf *elf, struct buf *out)
{
	const Elf64_Shdr *section = elf_section(elf, ".note.go.buildid");
	struct {
		Elf64_Nhdr header;
		char name[sizeof(NOTE_NAME)];
		char id[GO_BUILD_ID_MAX];
	} note;
	size_t size = section && section->sh_size < sizeof(note) ? section->sh_size : sizeof(note);

	if (!section || section->sh_type != SHT_NOTE || size < offsetof(typeof(note), id))
		return -ENODATA;
	if (elf_read(elf, section->sh_offset, &note, size))
		return -EIO;
	if (note.header.n_type != NOTE_TYPE || note.header.n_namesz != sizeof(NOTE_NAME) ||
		memcmp(note.name, NOTE_NAME, sizeof(NOTE_NAME)) ||
		note.header.n_descsz > size - offsetof(typeof(note), id))
		return -ENODATA;
	return buf_append(out, note.id, strnlen(note.id, note.header.n_descsz));
}

int build_ids_htlhash(const struct elf *elf, struct buf *out)
{
	size_t end = elf->size < HTLHASH_END ? (size_t)elf->size : HTLHASH_END;
	uint64_t length = htobe64(elf->size);
	uint8_t part[HTLHASH_END], digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX context;

	SHA256Init(&context);
	if (elf_read(elf, 0, part, end))
		return -EIO;
	SHA256Update(&context, part, end);
	if (elf_read(elf, elf->size - end, part, end))
		return -EIO;
	SHA256Update(&context, part, end);
	SHA256Update(&context, (const uint8_t *)&length, sizeof(length));
	SHA256Final(digest, &context);
	return build_ids_hex(digest, HTLHASH_BYTES, out);
}
