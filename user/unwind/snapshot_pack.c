// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "object/excerpt.h"
#include "profile/trust.h"
#include "unwind/pointers.h"
#include "unwind/snapshot.h"

/* Host and file are little endian (object/elf.c refuses others). What failed stays set in the buffer. */
static void put(struct buf *out, uint64_t value, size_t size)
{
	buf_append(out, &value, size);
}

static void put_text(struct buf *out, const char *text)
{
	size_t len = strnlen(text, SNAPSHOT_TEXT_MAX);

	put(out, len, 2);
	buf_append(out, text, len);
}

static void put_stack(struct buf *out, const struct stack_copy *stack)
{
	put(out, stack->from, 8);
	put(out, stack->len, 8);
	put(out, stack->full, 1);
	put(out, stack->in_syscall, 1);
	buf_append(out, stack->bytes + stack->from, stack->len - stack->from);
}

static int put_part(struct buf *out, int fd, const struct excerpt_part *part)
{
	uint64_t done = 0;

	if (part->size > SNAPSHOT_BYTES_MAX || out->len + part->size > SNAPSHOT_BYTES_MAX)
		return -E2BIG;
	put(out, part->offset, 8);
	put(out, part->size, 4);
	if (buf_reserve(out, part->size))
		return -ENOMEM;
	while (done < part->size) {
		ssize_t n = pread(fd, out->data + out->len, part->size - done, (off_t)(part->offset + done));

		if (n <= 0)
			return -EIO;
		out->len += (size_t)n;
		done += (uint64_t)n;
	}
	return 0;
}

static int put_excerpt(struct buf *out, int fd, const struct excerpt *excerpt)
{
	int err = 0;

	put(out, excerpt->n, 4);
	for (uint32_t i = 0; i < excerpt->n && !err; i++)
		err = put_part(out, fd, &excerpt->parts[i]);
	return err;
}

/* A file that is no ELF file has no rows: it is left empty. */
static int put_needed(struct buf *out, const struct snapshot *snapshot, uint32_t file)
{
	int fd = snapshot->files[file].fd, err;
	struct excerpt excerpt = {0};
	struct pointers pointers;

	err = pointers_init(&pointers, snapshot, file);
	if (err)
		return err;
	err = pointers.n ? excerpt_init(&excerpt, fd, pointers.offsets, pointers.n) : 0;
	pointers_release(&pointers);
	if (err && err != -ENOEXEC)
		return err;
	err = put_excerpt(out, fd, &excerpt);
	excerpt_release(&excerpt);
	return err;
}

static int put_file(struct buf *out, const struct snapshot *snapshot, uint32_t index)
{
	const struct snapshot_file *file = &snapshot->files[index];
	struct stat info = {0};

	put_text(out, file->name);
	put(out, file->build_id_size, 1);
	buf_append(out, file->build_id, file->build_id_size);
	if (file->fd >= 0 && fstat(file->fd, &info))
		return -EIO;
	put(out, (uint64_t)info.st_size, 8);
	if (file->fd >= 0)
		return put_needed(out, snapshot, index);
	put(out, 0, 4);
	return 0;
}

static void put_map(struct buf *out, const struct snapshot_map *map)
{
	put(out, map->start, 8);
	put(out, map->end, 8);
	put(out, map->offset, 8);
	put(out, map->file, 4);
}

static void put_frames(struct buf *out, const struct snapshot *snapshot)
{
	put(out, snapshot->n_frames, 4);
	for (uint32_t i = 0; i < snapshot->n_frames; i++) {
		put(out, snapshot->frames[i].address, 8);
		put(out, snapshot->frames[i].fp, 1);
		put_text(out, snapshot->frames[i].name);
	}
	put_text(out, snapshot->cut ? counter_specs[snapshot->cut].name : "");
}

static void put_pieces(struct buf *out, const struct memory_pieces *pieces)
{
	put(out, pieces->n, 4);
	for (uint32_t i = 0; i < pieces->n; i++) {
		const struct memory_piece *piece = &pieces->pieces[i];

		put(out, piece->address, 8);
		put(out, piece->size, 2);
		if (piece->size)
			buf_append(out, pieces->bytes.data + piece->at, piece->size);
	}
}

static void put_runtime(struct buf *out, const struct snapshot_runtime *runtime)
{
	const struct cpython_where *where = &runtime->where;

	put(out, runtime->n_loops, 4);
	if (!runtime->n_loops)
		return;
	for (uint32_t i = 0; i < runtime->n_loops; i++) {
		put(out, runtime->loop[i].start, 8);
		put(out, runtime->loop[i].end, 8);
	}
	put(out, runtime->file, 4);
	put(out, runtime->tail_calls, 1);
	put(out, where->lines, 1);
	put(out, sizeof(where->abi), 2);
	buf_append(out, &where->abi, sizeof(where->abi));
	put(out, where->bias, 8);
	put(out, where->thread, 8);
	put_pieces(out, &runtime->pieces);
}

int snapshot_pack(const struct snapshot *snapshot, struct buf *out)
{
	int err = 0;

	buf_append(out, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE);
	put(out, SNAPSHOT_VERSION, 4);
	buf_append(out, snapshot->reg, sizeof(snapshot->reg));
	put_stack(out, &snapshot->stack);
	put(out, snapshot->n_files, 4);
	for (uint32_t i = 0; i < snapshot->n_files && !err; i++)
		err = put_file(out, snapshot, i);
	if (err)
		return err;
	put(out, snapshot->n_maps, 4);
	for (uint32_t i = 0; i < snapshot->n_maps; i++)
		put_map(out, &snapshot->maps[i]);
	put_frames(out, snapshot);
	put_runtime(out, &snapshot->runtime);
	if (out->failed)
		return -ENOMEM;
	return out->len > SNAPSHOT_BYTES_MAX ? -E2BIG : 0;
}
