// SPDX-License-Identifier: GPL-2.0-or-later
#include "engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process/cgroup_mount.h"
#include "profound.skel.h"
#include "unwind/row_pool.h"

/* Results of a run are per CPU. */
static int pin(void)
{
	int cpu = sched_getcpu();
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	return cpu;
}

static void size_maps(struct engine *engine)
{
	const struct abi_settings *settings = &engine->settings;
	struct profound_bpf *skeleton = engine->skeleton;
	const struct {
		struct bpf_map *map;
		uint32_t entries;
	} sizes[] = {
		{skeleton->maps.counters, settings->banks / 2},
		{skeleton->maps.banks, settings->banks},
		{skeleton->maps.slots, settings->banks * settings->slots},
		{skeleton->maps.entries, settings->banks * settings->entries},
		{skeleton->maps.words, settings->banks},
	};

	engine->words_size = (settings->words + ABI_STACK_WORDS) * sizeof(uint64_t);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		assert_int_equal(bpf_map__set_max_entries(sizes[i].map, sizes[i].entries), 0);
	assert_int_equal(bpf_map__set_value_size(skeleton->maps.words, (uint32_t)engine->words_size), 0);
	assert_int_equal(bpf_map__set_value_size(skeleton->maps.arena,
				 settings->arena_words * 8 + ABI_ARENA_SLACK), 0);
}

static size_t map_bytes(const struct bpf_map *map)
{
	return (size_t)bpf_map__max_entries(map) * ((bpf_map__value_size(map) + 7) & ~7U);
}

static void *map_array(const struct bpf_map *map)
{
	void *memory = mmap(
		NULL, map_bytes(map), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

static void set_stage(struct engine *engine, uint32_t stage, const struct bpf_program *program)
{
	int fd = bpf_program__fd(program);

	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(engine->skeleton->maps.stages), &stage, &fd, BPF_ANY), 0);
}

static void leave_out_entries(struct profound_bpf *skeleton)
{
	bpf_program__set_autoload(skeleton->progs.sample_all, false);
	bpf_program__set_autoload(skeleton->progs.sample_selected, false);
	bpf_program__set_autoload(skeleton->progs.members_fork, false);
	bpf_program__set_autoload(skeleton->progs.members_exit, false);
	bpf_program__set_autoload(skeleton->progs.members_free, false);
	bpf_program__set_autoload(skeleton->progs.unwind_cpython, false);
}

static void load(struct engine *engine)
{
	struct profound_bpf *skeleton = engine->skeleton;

	leave_out_entries(skeleton);
	bpf_program__set_autoload(skeleton->progs.defer, false);
	bpf_program__set_type(skeleton->progs.unwind_native, BPF_PROG_TYPE_RAW_TRACEPOINT);
	bpf_program__set_type(skeleton->progs.emit, BPF_PROG_TYPE_RAW_TRACEPOINT);
	assert_int_equal(profound_bpf__load(skeleton), 0);
	set_stage(engine, 1, skeleton->progs.unwind_native); /* STAGE_UNWIND; STAGE_EMIT stays empty */
}

static void load_faulting(struct engine *engine, uint32_t ring)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS, .sample_period = 1, .disabled = 1};
	struct profound_bpf *skeleton = engine->skeleton;

	leave_out_entries(skeleton);
	assert_int_equal(bpf_map__set_max_entries(skeleton->maps.deferred, ring), 0);
	assert_int_equal(profound_bpf__load(skeleton), 0);
	set_stage(engine, 0, skeleton->progs.defer);
	set_stage(engine, 1, skeleton->progs.unwind_native);
	set_stage(engine, 2, skeleton->progs.emit);
	engine->event = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	assert_true(engine->event >= 0);
	assert_int_equal(ioctl(engine->event, PERF_EVENT_IOC_SET_BPF,
				 bpf_program__fd(skeleton->progs.defer)), 0);
}

static void begin_open(struct engine *engine, const struct abi_settings *settings)
{
	struct profound_bpf *skeleton = profound_bpf__open();

	assert_non_null(skeleton);
	*engine = (struct engine){
		.skeleton = skeleton, .settings = *settings, .cpu = pin(), .event = -1};
	engine->settings.arena_words = ENGINE_ARENA_WORDS;
	skeleton->rodata->settings = engine->settings;
	size_maps(engine);
}

static void map_arrays(struct engine *engine)
{
	const struct profound_bpf *skeleton = engine->skeleton;

	engine->counters = map_array(skeleton->maps.counters);
	engine->banks = map_array(skeleton->maps.banks);
	engine->slots = map_array(skeleton->maps.slots);
	engine->entries = map_array(skeleton->maps.entries);
	engine->words = map_array(skeleton->maps.words);
	engine->arena = map_array(skeleton->maps.arena);
	engine->rules = map_array(skeleton->maps.rules);
	engine->spaces = map_array(skeleton->maps.spaces);
	engine->walk_size = (bpf_map__value_size(skeleton->maps.walks) + 7) & ~7U;
	engine->walks = calloc((size_t)libbpf_num_possible_cpus(), engine->walk_size);
	assert_non_null(engine->walks);
}

void engine_open(struct engine *engine, const struct abi_settings *settings)
{
	begin_open(engine, settings);
	load(engine);
	map_arrays(engine);
}

void engine_open_faulting(struct engine *engine, const struct abi_settings *settings, uint32_t ring)
{
	begin_open(engine, settings);
	load_faulting(engine, ring);
	map_arrays(engine);
}

void engine_arm(struct engine *engine, bool on)
{
	assert_int_equal(
		ioctl(engine->event, on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0), 0);
}

unsigned engine_deferred(
	struct engine *engine, int (*take)(void *context, void *data, size_t size), void *context)
{
	struct ring_buffer *ring =
		ring_buffer__new(bpf_map__fd(engine->skeleton->maps.deferred), take, context, NULL);
	int taken;

	assert_non_null(ring);
	taken = ring_buffer__consume(ring);
	ring_buffer__free(ring);
	assert_true(taken >= 0);
	return (unsigned)taken;
}

void engine_close(struct engine *engine)
{
	const struct profound_bpf *skeleton = engine->skeleton;

	munmap(engine->counters, map_bytes(skeleton->maps.counters));
	munmap(engine->banks, map_bytes(skeleton->maps.banks));
	munmap(engine->slots, map_bytes(skeleton->maps.slots));
	munmap(engine->entries, map_bytes(skeleton->maps.entries));
	munmap(engine->words, map_bytes(skeleton->maps.words));
	munmap(engine->arena, map_bytes(skeleton->maps.arena));
	munmap(engine->rules, map_bytes(skeleton->maps.rules));
	munmap(engine->spaces, map_bytes(skeleton->maps.spaces));
	free(engine->walks);
	if (engine->event >= 0)
		close(engine->event);
	profound_bpf__destroy(engine->skeleton);
}

void engine_put(struct engine *engine, const void *walk)
{
	uint32_t zero = 0;

	memcpy(engine->walks + (size_t)engine->cpu * engine->walk_size, walk,
		bpf_map__value_size(engine->skeleton->maps.walks));
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(engine->skeleton->maps.walks), &zero,
				 engine->walks, BPF_ANY), 0);
}

void engine_get(struct engine *engine, void *walk)
{
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(engine->skeleton->maps.walks), &zero,
				 engine->walks), 0);
	memcpy(walk, engine->walks + (size_t)engine->cpu * engine->walk_size,
		bpf_map__value_size(engine->skeleton->maps.walks));
}

void engine_run(struct engine *engine, enum engine_program program)
{
	const struct bpf_program *programs[] = {
		[ENGINE_UNWIND] = engine->skeleton->progs.unwind_native,
		[ENGINE_EMIT] = engine->skeleton->progs.emit,
	};
	LIBBPF_OPTS(bpf_test_run_opts, options);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(programs[program]), &options), 0);
}

/* As collect/row_chunks.c makes them. */
struct abi_row *engine_add_chunk(struct engine *engine, uint32_t chunk)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(
		BPF_MAP_TYPE_ARRAY, "rows", sizeof(uint32_t), ROW_POOL_PAGE, ABI_CHUNK_PAGES, &options);
	void *rows;

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(
				 bpf_map__fd(engine->skeleton->maps.row_chunks), &chunk, &fd, BPF_ANY), 0);
	rows = mmap(NULL, ROW_POOL_CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(rows, MAP_FAILED);
	close(fd);
	return rows;
}

void engine_set_generation(struct engine *engine, uint32_t generation)
{
	engine->skeleton->bss->generation = generation;
}

static int take(void *context, void *data, size_t size)
{
	assert_int_equal(size, sizeof(struct abi_notice));
	memcpy(context, data, size);
	return -1; /* one at a time */
}

bool engine_notice(struct engine *engine, struct abi_notice *out)
{
	struct ring_buffer *ring;

	out->kind = 0;
	ring = ring_buffer__new(bpf_map__fd(engine->skeleton->maps.notices), take, out, NULL);
	assert_non_null(ring);
	ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return out->kind != 0;
}

uint64_t engine_cgroup(void)
{
	FILE *mountinfo = fopen("/proc/self/mountinfo", "re"), *own = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX], path[2 * PATH_MAX] = "";
	struct cgroup_mount mount = {.v2 = false};
	struct stat st;

	assert_true(mountinfo && own);
	while (!mount.v2 && cgroup_mount_next(mountinfo, &mount))
		;
	assert_true(mount.v2);
	while (!path[0] && fgets(line, sizeof(line), own))
		if (!strncmp(line, "0::", 3))
			snprintf(path, sizeof(path), "%s%.*s", mount.point, (int)strcspn(line + 3, "\n"), line + 3);
	fclose(mountinfo);
	fclose(own);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

uint64_t *engine_words(const struct engine *engine, uint32_t bank)
{
	return (uint64_t *)(engine->words + bank * engine->words_size);
}

uint64_t engine_counter(const struct engine *engine, uint32_t cpu, enum abi_counter counter)
{
	return engine->counters[cpu].value[counter];
}
