// SPDX-License-Identifier: GPL-2.0-or-later
/* The bytes of a sample file, unpacked: parsed, walked, packed and parsed again. */
#include <stdlib.h>
#include <sys/stat.h>

#include "unwind/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Zeros cost the input nothing, and the tables' readers time: that is what fuzz_unwind_table is for. */
#define BYTES_MAX (4u << 20)

static int small(const struct snapshot *snapshot)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < snapshot->n_files; i++) {
		struct stat info;

		if (snapshot->files[i].fd >= 0 && !fstat(snapshot->files[i].fd, &info))
			total += (uint64_t)info.st_size;
	}
	return total <= BYTES_MAX;
}

static void walk(const struct snapshot *snapshot)
{
	struct replay replay;
	uint64_t in_file;

	if (replay_init(&replay, snapshot))
		return;
	if (replay.walk.n > ABI_USER_FRAMES || replay.walk.by_fp > replay.walk.n)
		abort();
	for (uint32_t i = 0; i < replay.walk.n; i++)
		replay_place(&replay, replay.walk.frames[i], &in_file);
	replay_release(&replay);
}

/* What we write ourselves we can read. */
static void again(const struct snapshot *snapshot)
{
	struct snapshot other;
	struct buf packed = {0};

	if (!snapshot_pack(snapshot, &packed)) {
		if (snapshot_parse(&other, packed.data, packed.len))
			abort();
		if (other.n_files != snapshot->n_files || other.n_maps != snapshot->n_maps ||
			other.n_frames != snapshot->n_frames || other.cut != snapshot->cut)
			abort();
		snapshot_release(&other);
	}
	buf_release(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot snapshot;

	if (snapshot_parse(&snapshot, data, size))
		return 0;
	if (small(&snapshot)) {
		walk(&snapshot);
		again(&snapshot);
	}
	snapshot_release(&snapshot);
	return 0;
}
