// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks over made snapshots: what a frame is, and when two replays are the same. tests/replay/ has the real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "made_snapshot.h"
#include "symbolize/vdso.h"
#include "unwind/replay.h"

#define CALLERS 10

static void test_walk(void **state)
{
	struct snapshot snapshot;
	struct replay replay;
	uint64_t in_file;

	(void)state;
	made_snapshot(&snapshot, CALLERS);
	assert_int_equal(replay_init(&replay, &snapshot), 0);
	assert_int_equal(replay.walk.n, CALLERS + 1);
	assert_int_equal(replay.walk.by_fp, CALLERS);
	assert_int_equal(replay.walk.cut, 0);
	assert_true(replay.walk.unverified);
	assert_false(replay.walk.fp[0]);
	for (uint32_t i = 1; i <= CALLERS; i++) {
		assert_int_equal(replay.walk.frames[i], made_return(i - 1) - 1);
		assert_true(replay.walk.fp[i]);
	}
	assert_null(replay_place(&replay, MADE_CODE, &in_file));
	assert_ptr_equal(replay_place(&replay, 0x600010, &in_file), &snapshot.files[0]);
	assert_int_equal(in_file, 0x2010);
	assert_null(replay_place(&replay, 0x700000, &in_file));
	replay_release(&replay);
	snapshot_release(&snapshot);
}

/* The stack's copy counts as in a sample: `full` decides what its end means. */
static void test_cut(void **state)
{
	struct snapshot snapshot;
	struct replay replay;

	(void)state;
	made_snapshot(&snapshot, CALLERS);
	snapshot.stack.len = 8 * MADE_GAP * 4;
	assert_int_equal(replay_init(&replay, &snapshot), 0);
	assert_int_equal(replay.walk.n, 5);
	assert_int_equal(replay.walk.cut, COUNTER_stack_copy_short);
	replay_release(&replay);
	snapshot.stack.full = false;
	assert_int_equal(replay_init(&replay, &snapshot), 0);
	assert_int_equal(replay.walk.cut, COUNTER_stack_paged_out);
	replay_release(&replay);
	snapshot_release(&snapshot);
}

/* No program has as many mappings as may be; they are all there. */
static void test_many_maps(void **state)
{
	struct snapshot snapshot;
	struct replay replay;
	uint64_t in_file;

	(void)state;
	made_snapshot(&snapshot, CALLERS);
	free(snapshot.maps);
	snapshot.n_maps = SNAPSHOT_MAPS_MAX;
	snapshot.maps = calloc(snapshot.n_maps, sizeof(*snapshot.maps));
	snapshot.maps[0] = (struct snapshot_map){MADE_CODE, MADE_CODE + 0x1000, 0, SNAPSHOT_ANONYMOUS};
	for (uint32_t i = 1; i < snapshot.n_maps; i++)
		snapshot.maps[i] = (struct snapshot_map){0x600000 + i * 0x2000, 0x601000 + i * 0x2000, 0, 0};
	assert_int_equal(replay_init(&replay, &snapshot), 0);
	assert_int_equal(replay.walk.n, CALLERS + 1);
	assert_ptr_equal(replay_place(&replay, 0x600000 + (SNAPSHOT_MAPS_MAX - 1) * 0x2000, &in_file),
		&snapshot.files[0]);
	replay_release(&replay);
	snapshot_release(&snapshot);
}

/* A file that was there is the vDSO's image, which every machine has. */
static void vdso_snapshot(struct snapshot *snapshot)
{
	made_snapshot(snapshot, 0);
	snapshot->files[0].fd = vdso_open();
	assert_true(snapshot->files[0].fd >= 0);
	snapshot->maps[1] = (struct snapshot_map){0x600000, 0x601000, 0, 0};
	snapshot->reg[16] = 0x600a00;
}

static void test_compare(void **state)
{
	struct snapshot snapshot, other;
	struct replay replay, again;
	struct fault fault;

	(void)state;
	vdso_snapshot(&snapshot);
	vdso_snapshot(&other);
	assert_int_equal(replay_init(&replay, &snapshot), 0);
	assert_int_equal(replay_init(&again, &other), 0);
	assert_int_equal(replay_compare(&replay, &again, &fault), 0);
	replay_release(&again);

	/* A word on the stack that the walk does not come to has a rule in one of them only. */
	((uint64_t *)(uintptr_t)snapshot.stack.bytes)[200] = 0x600a80;
	close(other.files[0].fd);
	other.files[0].fd = -1;
	other.reg[16] = MADE_CODE;
	snapshot.reg[16] = MADE_CODE;
	replay_release(&replay);
	assert_int_equal(replay_init(&replay, &snapshot), 0);
	assert_int_equal(replay_init(&again, &other), 0);
	assert_int_equal(replay_compare(&replay, &again, &fault), -EBADE);
	assert_non_null(strstr(fault.text, "libmade.so+0xa"));
	replay_release(&again);

	/* And another walk is another walk. */
	other.reg[16]++;
	assert_int_equal(replay_init(&again, &other), 0);
	assert_int_equal(replay_compare(&replay, &again, &fault), -EBADE);
	assert_non_null(strstr(fault.text, "frame #0"));
	replay_release(&again);
	replay_release(&replay);
	snapshot_release(&snapshot);
	snapshot_release(&other);
}

static void test_keep(void **state)
{
	struct snapshot snapshot;
	struct replay replay;

	(void)state;
	made_snapshot(&snapshot, CALLERS);
	free(snapshot.frames[0].name);
	free(snapshot.frames);
	snapshot.frames = NULL;
	snapshot.n_frames = 0;
	assert_int_equal(replay_init(&replay, &snapshot), 0);
	assert_int_equal(replay_keep(&replay, &snapshot), 0);
	assert_int_equal(snapshot.n_frames, CALLERS + 1);
	assert_int_equal(snapshot.cut, 0);
	for (uint32_t i = 0; i < snapshot.n_frames; i++) {
		assert_int_equal(snapshot.frames[i].address, replay.walk.frames[i]);
		assert_int_equal(snapshot.frames[i].fp, i > 0);
		assert_string_equal(snapshot.frames[i].name, "");
	}
	replay_release(&replay);
	snapshot_release(&snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_many_maps),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
