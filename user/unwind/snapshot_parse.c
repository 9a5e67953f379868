// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cursor.h"
#include "profile/trust.h"
#include "unwind/snapshot.h"

#define PAGE 4096
#define MAP_BYTES 28u   /* of one of them in the file */
#define FRAME_BYTES 11u /* at least */
#define FILE_BYTES 15u  /* at least */
#define PIECE_BYTES 10u /* at least */

/* A number of things of which each takes at least `least` bytes: what is not there is not allocated. */
static bool take_count(struct cursor *cursor, uint32_t most, size_t least, uint32_t *count)
{
	*count = (uint32_t)cursor_unsigned(cursor, 4);
	return !cursor->bad && *count <= most && *count <= cursor_left(cursor) / least;
}

/* NUL-terminated. 0; -EBADMSG; -ENOMEM. */
static int take_text(struct cursor *cursor, char **out)
{
	size_t len = cursor_unsigned(cursor, 2);
	const uint8_t *bytes = cursor_take(cursor, len);

	if (cursor->bad || len > SNAPSHOT_TEXT_MAX || memchr(bytes, 0, len))
		return -EBADMSG;
	*out = strndup((const char *)bytes, len);
	return *out ? 0 : -ENOMEM;
}

static int take_stack(struct cursor *cursor, struct snapshot *snapshot)
{
	uint64_t from = cursor_unsigned(cursor, 8), len = cursor_unsigned(cursor, 8);
	bool full = cursor_unsigned(cursor, 1), in_syscall = cursor_unsigned(cursor, 1);
	const uint8_t *source;
	uint8_t *bytes;

	if (from > len || len > SNAPSHOT_STACK_MAX)
		return -EBADMSG;
	source = cursor_take(cursor, len - from);
	if (!source)
		return -EBADMSG;
	bytes = calloc(1, len + 1);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes + from, source, len - from);
	snapshot->stack = (struct stack_copy){.bytes = bytes, .at = snapshot->reg[7] & ~(uint64_t)(PAGE - 1),
		.sp = snapshot->reg[7], .from = from, .len = len, .in_syscall = in_syscall, .full = full};
	return 0;
}

static int write_all(int fd, const uint8_t *data, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)offset);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int take_part(struct cursor *cursor, int fd, uint64_t size)
{
	uint64_t offset = cursor_unsigned(cursor, 8), len = cursor_unsigned(cursor, 4);
	const uint8_t *bytes = cursor_take(cursor, len);

	if (!bytes || offset > size || len > size - offset)
		return -EBADMSG;
	return write_all(fd, bytes, len, offset);
}

/* A memfd of the file's size with the parts in their places. */
static int take_parts(struct cursor *cursor, struct snapshot_file *file, uint64_t size, uint32_t parts)
{
	int err = 0;

	file->fd = memfd_create("snapshot", MFD_CLOEXEC);
	if (file->fd < 0 || ftruncate(file->fd, (off_t)size))
		return -errno;
	for (uint32_t i = 0; i < parts && !err; i++)
		err = take_part(cursor, file->fd, size);
	return err;
}

static int take_file(struct cursor *cursor, struct snapshot_file *file, uint64_t *total)
{
	int err = take_text(cursor, &file->name);
	const uint8_t *build_id;
	uint32_t parts;
	uint64_t size;

	if (err)
		return err;
	file->build_id_size = (uint8_t)cursor_unsigned(cursor, 1);
	build_id = cursor_take(cursor, file->build_id_size);
	if (!build_id || file->build_id_size > BUILD_ID_MAX)
		return -EBADMSG;
	memcpy(file->build_id, build_id, file->build_id_size);
	size = cursor_unsigned(cursor, 8);
	if (size > SNAPSHOT_FILE_MAX - *total || !take_count(cursor, UINT32_MAX, 12, &parts))
		return -EBADMSG;
	*total += size;
	return parts ? take_parts(cursor, file, size, parts) : 0;
}

static int take_files(struct cursor *cursor, struct snapshot *snapshot)
{
	uint64_t total = 0;
	uint32_t count;
	int err = 0;

	if (!take_count(cursor, SNAPSHOT_FILES_MAX, FILE_BYTES, &count))
		return -EBADMSG;
	snapshot->files = calloc(count ? count : 1, sizeof(*snapshot->files));
	if (!snapshot->files)
		return -ENOMEM;
	for (uint32_t i = 0; i < count && !err; i++) {
		struct snapshot_file *file = &snapshot->files[snapshot->n_files++];

		file->fd = -1;
		err = take_file(cursor, file, &total);
	}
	return err;
}

static bool take_map(struct cursor *cursor, const struct snapshot *snapshot, uint64_t after, struct snapshot_map *map)
{
	map->start = cursor_unsigned(cursor, 8);
	map->end = cursor_unsigned(cursor, 8);
	map->offset = cursor_unsigned(cursor, 8);
	map->file = (uint32_t)cursor_unsigned(cursor, 4);
	return map->start >= after && map->start < map->end && map->offset <= UINT64_MAX - (map->end - map->start) &&
		(map->file < snapshot->n_files || map->file == SNAPSHOT_ANONYMOUS);
}

static int take_maps(struct cursor *cursor, struct snapshot *snapshot)
{
	uint64_t after = 0;
	uint32_t count;

	if (!take_count(cursor, SNAPSHOT_MAPS_MAX, MAP_BYTES, &count))
		return -EBADMSG;
	snapshot->maps = calloc(count ? count : 1, sizeof(*snapshot->maps));
	if (!snapshot->maps)
		return -ENOMEM;
	for (; snapshot->n_maps < count; snapshot->n_maps++) {
		struct snapshot_map *map = &snapshot->maps[snapshot->n_maps];

		if (!take_map(cursor, snapshot, after, map))
			return -EBADMSG;
		after = map->end;
	}
	return 0;
}

static int take_frames(struct cursor *cursor, struct snapshot *snapshot)
{
	uint32_t count;
	int err = 0;

	if (!take_count(cursor, ABI_USER_FRAMES, FRAME_BYTES, &count))
		return -EBADMSG;
	snapshot->frames = calloc(count ? count : 1, sizeof(*snapshot->frames));
	if (!snapshot->frames)
		return -ENOMEM;
	while (snapshot->n_frames < count && !err) {
		struct snapshot_frame *frame = &snapshot->frames[snapshot->n_frames++];

		frame->address = cursor_unsigned(cursor, 8);
		frame->fp = cursor_unsigned(cursor, 1);
		err = take_text(cursor, &frame->name);
	}
	return err;
}

static int take_cause(struct cursor *cursor, struct snapshot *snapshot)
{
	char *name = NULL;
	int err = take_text(cursor, &name);

	if (err)
		return err;
	err = *name ? -EBADMSG : 0;
	for (uint8_t cut = 0; err && cut < COUNTERS; cut++) {
		if (counter_specs[cut].class != CLASS_CUT || strcmp(counter_specs[cut].name, name))
			continue;
		snapshot->cut = cut;
		err = 0;
	}
	free(name);
	return err;
}

static int take_pieces(struct cursor *cursor, struct memory_pieces *pieces)
{
	uint32_t count;
	int err = 0;

	if (!take_count(cursor, MEMORY_PIECES_MAX, PIECE_BYTES, &count))
		return -EBADMSG;
	for (uint32_t i = 0; i < count && !err; i++) {
		uint64_t address = cursor_unsigned(cursor, 8);
		size_t size = cursor_unsigned(cursor, 2);
		const uint8_t *bytes = cursor_take(cursor, size);

		err = bytes ? memory_pieces_add(pieces, address, bytes, size) : -EBADMSG;
	}
	memory_pieces_sort(pieces);
	return err == -E2BIG ? -EBADMSG : err;
}

/* Its members are offsets, and every use of one is bounded. */
static int take_where(struct cursor *cursor, struct snapshot_runtime *runtime)
{
	struct cpython_where *where = &runtime->where;
	const uint8_t *abi;

	runtime->file = (uint32_t)cursor_unsigned(cursor, 4);
	runtime->tail_calls = cursor_unsigned(cursor, 1);
	where->lines = (enum cpython_lines_kind)cursor_unsigned(cursor, 1);
	if (cursor_unsigned(cursor, 2) != sizeof(where->abi))
		return -EBADMSG;
	abi = cursor_take(cursor, sizeof(where->abi));
	if (!abi || where->lines > CPYTHON_LOCATIONS)
		return -EBADMSG;
	memcpy(&where->abi, abi, sizeof(where->abi));
	where->bias = cursor_unsigned(cursor, 8);
	where->thread = cursor_unsigned(cursor, 8);
	return cursor->bad ? -EBADMSG : 0;
}

static int take_runtime(struct cursor *cursor, struct snapshot *snapshot)
{
	struct snapshot_runtime *runtime = &snapshot->runtime;
	uint32_t loops;
	int err;

	if (!take_count(cursor, sizeof(runtime->loop) / sizeof(*runtime->loop), 2 * 8, &loops))
		return -EBADMSG;
	if (!loops)
		return 0;
	for (uint32_t i = 0; i < loops; i++) {
		runtime->loop[i].start = cursor_unsigned(cursor, 8);
		runtime->loop[i].end = cursor_unsigned(cursor, 8);
	}
	err = take_where(cursor, runtime);
	if (!err)
		err = runtime->file < snapshot->n_files ? take_pieces(cursor, &runtime->pieces) : -EBADMSG;
	if (!err)
		err = cpython_live_walk(&runtime->live, &runtime->where, 0, &runtime->pieces);
	runtime->n_loops = err ? 0 : loops;
	return err;
}

static int take_all(struct cursor *cursor, struct snapshot *snapshot)
{
	const uint8_t *magic = cursor_take(cursor, SNAPSHOT_MAGIC_SIZE), *reg;
	uint64_t version;
	int err;

	if (!magic || memcmp(magic, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE))
		return -EBADMSG;
	version = cursor_unsigned(cursor, 4);
	if (version < 1 || version > SNAPSHOT_VERSION)
		return -EBADMSG;
	reg = cursor_take(cursor, sizeof(snapshot->reg));
	if (!reg)
		return -EBADMSG;
	memcpy(snapshot->reg, reg, sizeof(snapshot->reg));
	err = take_stack(cursor, snapshot);
	if (!err)
		err = take_files(cursor, snapshot);
	if (!err)
		err = take_maps(cursor, snapshot);
	if (!err)
		err = take_frames(cursor, snapshot);
	if (!err)
		err = take_cause(cursor, snapshot);
	if (!err && version > 1)
		err = take_runtime(cursor, snapshot);
	return err ? err : cursor->bad || cursor_left(cursor) ? -EBADMSG : 0;
}

int snapshot_parse(struct snapshot *snapshot, const void *data, size_t len)
{
	struct cursor cursor = cursor_over(data, len);
	int err;

	*snapshot = (struct snapshot){0};
	if (len > SNAPSHOT_BYTES_MAX)
		return -E2BIG;
	err = take_all(&cursor, snapshot);
	if (err)
		snapshot_release(snapshot);
	return err;
}
