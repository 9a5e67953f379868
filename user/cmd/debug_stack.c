// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/debug_stack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/number.h"
#include "base/text.h"
#include "export/output.h"
#include "profile/trust.h"
#include "runtime/weave.h"
#include "unwind/capture.h"
#include "unwind/replay.h"

/* Names are a process's, or whoever made the file's. */
static void print_clean(const char *text)
{
	struct buf clean = {0};

	if (!text_clean(&clean, text, strlen(text)))
		fwrite(clean.data, 1, clean.len, stdout);
	buf_release(&clean);
}

/* The name that the snapshot has for an address; "" when it has none. */
static const char *name_at(const struct snapshot *snapshot, uint64_t address)
{
	for (uint32_t i = 0; i < snapshot->n_frames; i++)
		if (snapshot->frames[i].address == address)
			return snapshot->frames[i].name;
	return "";
}

static const char *found_by(const struct stack_walk *walk, uint32_t i)
{
	if (!i)
		return "regs";
	return walk->fp[i] ? "fp" : "cfi";
}

static void print_place(const struct snapshot_file *file, uint64_t in_file)
{
	if (!file) {
		printf("[jit]");
		return;
	}
	print_clean(file->name);
	printf("+0x%" PRIx64, in_file);
}

/* As everywhere (CLI.md, folded lines): [file+0x..], [vdso+0x..], [jit]. */
static void print_unnamed(const struct snapshot_file *file, uint64_t in_file)
{
	if (!file) {
		printf("[jit]");
		return;
	}
	putchar('[');
	if (!strcmp(file->name, "[vdso]"))
		printf("vdso");
	else
		print_clean(file->name);
	printf("+0x%" PRIx64 "]", in_file);
}

static void print_frame(const struct replay *replay, uint32_t i, uint32_t number)
{
	uint64_t address = replay->walk.frames[i], in_file;
	const struct snapshot_file *file = replay_place(replay, address, &in_file);
	const char *name = name_at(replay->snapshot, address);

	printf("#%u %016" PRIx64 " ", number, address);
	if (*name)
		print_clean(name);
	else
		print_unnamed(file, in_file);
	printf(" (");
	print_place(file, in_file);
	printf(") %s\n", found_by(&replay->walk, i));
}

static void print_end(const struct stack_walk *walk)
{
	if (walk->cut)
		printf("cut: %s: %s\n", counter_specs[walk->cut].name, counter_specs[walk->cut].help);
	else if (walk->unverified)
		printf("complete but unverified: %u by frame pointer\n", walk->by_fp);
	else
		printf("complete\n");
}

static bool in_loop(const struct snapshot_runtime *runtime, uint64_t address)
{
	for (uint32_t i = 0; i < runtime->n_loops; i++)
		if (address >= runtime->loop[i].start && address < runtime->loop[i].end)
			return true;
	return false;
}

static void find_kinds(const struct replay *replay, uint8_t *kinds)
{
	const struct snapshot_runtime *runtime = &replay->snapshot->runtime;
	const struct snapshot_file *interpreter = &replay->snapshot->files[runtime->file], *before = NULL;

	for (uint32_t i = 0; i < replay->walk.n; i++) {
		uint64_t in_file;
		const struct snapshot_file *file = replay_place(replay, replay->walk.frames[i], &in_file);

		kinds[i] = file == interpreter && in_loop(runtime, in_file) ? WEAVE_LOOP : WEAVE_NATIVE;
		if (file && !strncmp(file->name, "_greenlet.", 10))
			kinds[i] = WEAVE_SWITCH;
		if (kinds[i] == WEAVE_LOOP && runtime->tail_calls && i && before == interpreter &&
			kinds[i - 1] == WEAVE_NATIVE)
			kinds[i - 1] = WEAVE_PART;
		before = file;
	}
}

/* `function (file.py:12)`, as in folded lines. */
static void print_runtime(const struct cpython_live_name *name, uint32_t number)
{
	const char *slash = strrchr(name->file, '/');

	printf("#%u ", number);
	print_clean(*name->function ? name->function : "[unknown]");
	printf(" (");
	print_clean(slash ? slash + 1 : name->file);
	if (name->line)
		printf(":%u", name->line);
	printf(")\n");
}

static void print_woven(struct replay *replay)
{
	static struct weave_output woven;
	const struct cpython_live *live = &replay->snapshot->runtime.live;
	uint8_t kinds[ABI_USER_FRAMES];
	uint32_t number = 0;
	const struct weave_input input = {
		kinds, replay->walk.n, live->frames, live->n, replay->walk.cut, live->cut};

	find_kinds(replay, kinds);
	weave(&woven, &input);
	for (uint32_t i = 0; i < woven.n; i++) {
		const struct weave_item *item = &woven.items[i];

		if (item->runtime && live->names[item->index].internal)
			continue;
		if (item->runtime)
			print_runtime(&live->names[item->index], number++);
		else
			print_frame(replay, item->index, number++);
	}
	replay->walk.cut = woven.cut;
	replay->walk.unverified |= woven.mismatch;
}

static void print_walk(struct replay *replay)
{
	const struct snapshot_runtime *runtime = &replay->snapshot->runtime;

	if (runtime->n_loops && runtime->live.cut != COUNTER_runtime_not_ready)
		print_woven(replay);
	else
		for (uint32_t i = 0; i < replay->walk.n; i++)
			print_frame(replay, i, i);
	print_end(&replay->walk);
}

int debug_stack_check(const char *pid, struct fault *fault)
{
	uint64_t number;

	if (number_decimal(pid, &number) || !number || number > INT32_MAX)
		return fault_set(fault, -EINVAL, "'%s' is no process id", pid);
	return 0;
}

static int write_file(const struct buf *packed, const char *path, struct fault *fault)
{
	struct output output;
	int err = output_prepare(&output, path, fault);

	if (err)
		return err;
	err = output_open(&output, fault);
	if (err)
		goto discard;
	err = snapshot_save(packed, output.stream);
	if (err) {
		fault_set(fault, err, "%s: %s", path, strerror(-err));
		goto discard;
	}
	return output_commit(&output, fault);
discard:
	output_discard(&output);
	return err;
}

/* What was left out must not have mattered. */
static int check_packed(struct replay *replay, const struct buf *packed, struct fault *fault)
{
	struct snapshot again;
	struct replay other;
	int err = snapshot_parse(&again, packed->data, packed->len);

	if (err)
		return fault_set(fault, err, "%s", strerror(-err));
	err = replay_init(&other, &again);
	if (err) {
		fault_set(fault, err, "%s", strerror(-err));
	} else {
		err = replay_compare(replay, &other, fault);
		replay_release(&other);
	}
	snapshot_release(&again);
	return err;
}

static int save_snapshot(struct replay *replay, const char *path, struct fault *fault)
{
	struct buf packed = {0};
	struct fault inner;
	int err = snapshot_pack(replay->snapshot, &packed);

	if (err) {
		fault_set(fault, err, "%s: the sample cannot be kept: %s", path, strerror(-err));
	} else {
		err = check_packed(replay, &packed, &inner);
		if (err)
			fault_set(fault, err, "%s: the sample is not kept, it would not unwind as now: %s", path,
				inner.text);
		else
			err = write_file(&packed, path, fault);
	}
	buf_release(&packed);
	return err;
}

static int walk_captured(struct snapshot *snapshot, const char *save, struct fault *fault)
{
	struct replay replay;
	int err = replay_init(&replay, snapshot);

	if (!err) {
		err = replay_keep(&replay, snapshot);
		if (err)
			replay_release(&replay);
	}
	if (err)
		return fault_set(fault, err, "%s", strerror(-err));
	print_walk(&replay);
	if (save)
		err = save_snapshot(&replay, save, fault);
	replay_release(&replay);
	return err;
}

int debug_stack(const char *pid, const char *save, struct fault *fault)
{
	struct snapshot snapshot;
	uint64_t number = 0;
	int err;

	number_decimal(pid, &number);
	err = capture_thread(&snapshot, (uint32_t)number, fault);
	if (err)
		return err;
	err = walk_captured(&snapshot, save, fault);
	snapshot_release(&snapshot);
	return err;
}

static int load(const char *path, struct snapshot *snapshot, struct fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err;

	if (fd < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	err = snapshot_load(snapshot, fd);
	close(fd);
	if (err)
		fault_set(fault, err, "%s: %s", path,
			err == -EBADMSG ? "no sample, or one of another version" : strerror(-err));
	return err;
}

int debug_sample(const char *path, const char *save, struct fault *fault)
{
	struct snapshot snapshot;
	struct replay replay;
	int err = load(path, &snapshot, fault);

	(void)save;
	if (err)
		return err;
	err = replay_init(&replay, &snapshot);
	if (err) {
		fault_set(fault, err, "%s: %s", path, strerror(-err));
	} else {
		print_walk(&replay);
		replay_release(&replay);
	}
	snapshot_release(&snapshot);
	return err;
}
