// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cpu_mask.h"
#include "collect/pid_namespace.h"
#include "profound.skel.h"

#define MEMBERS 16384

#define POSSIBLE "/sys/devices/system/cpu/possible"
#define MAX_STACK "/proc/sys/kernel/perf_event_max_stack"

/* The last thing that libbpf complained of: the reason to show when loading fails. */
static char complaint[256];

static int note_complaint(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN && !complaint[0])
		vsnprintf(complaint, sizeof(complaint), format, args);
	return 0;
}

static void set_selection(struct abi_settings *settings, const struct programs_request *request)
{
	const struct selection *selection = request->selection;

	settings->by_tgid = selection->pids.n || request->follow_command;
	settings->by_tid = selection->tids.n > 0;
	settings->n_uids = selection->n_uids;
	settings->n_comms = selection->n_comms;
	settings->n_cgroups = selection->n_cgroups;
	memcpy(settings->uids, selection->uids, sizeof(settings->uids));
	memcpy(settings->comms, selection->comms, sizeof(settings->comms));
	memcpy(settings->cgroups, selection->cgroups, sizeof(settings->cgroups));
	settings->n_containers = selection->n_containers;
	memcpy(settings->containers, selection->containers, sizeof(settings->containers));
	settings->keep_idle = request->keep_idle;
	settings->no_user = request->no_user;
	settings->no_kernel = request->no_kernel;
	settings->with_tid = request->with_tid;
	settings->compare = request->compare;
}

static int size_maps(struct programs *programs)
{
	const struct abi_settings *settings = &programs->settings;
	struct profound_bpf *skeleton = programs->skeleton;
	const struct {
		struct bpf_map *map;
		uint32_t entries;
	} sizes[] = {
		{skeleton->maps.counters, programs->cpus},
		{skeleton->maps.banks, settings->banks},
		{skeleton->maps.deferred, programs->plan.ring_bytes},
		{skeleton->maps.slots, settings->banks * settings->slots},
		{skeleton->maps.entries, settings->banks * settings->entries},
		{skeleton->maps.words, settings->banks},
		{skeleton->maps.row_chunks, programs->plan.chunks},
		{skeleton->maps.members_tgid, settings->by_tgid ? MEMBERS : 1},
		{skeleton->maps.members_tid, settings->by_tid ? MEMBERS : 1},
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes) && !err; i++)
		err = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);
	if (!err)
		err = bpf_map__set_value_size(skeleton->maps.words,
			(settings->words + ABI_STACK_WORDS) * (uint32_t)sizeof(uint64_t));
	if (!err)
		err = bpf_map__set_value_size(skeleton->maps.arena,
			settings->arena_words * (uint32_t)sizeof(uint64_t) + ABI_ARENA_SLACK);
	return err;
}

static size_t array_len(const struct bpf_map *map)
{
	return (size_t)bpf_map__max_entries(map) * ((bpf_map__value_size(map) + 7) & ~7U);
}

static void *map_array(const struct bpf_map *map)
{
	void *memory =
		mmap(NULL, array_len(map), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int map_arrays(struct programs *programs)
{
	struct profound_bpf *skeleton = programs->skeleton;

	programs->counters = map_array(skeleton->maps.counters);
	programs->banks = map_array(skeleton->maps.banks);
	programs->slots = map_array(skeleton->maps.slots);
	programs->entries = map_array(skeleton->maps.entries);
	programs->words = map_array(skeleton->maps.words);
	programs->arena = map_array(skeleton->maps.arena);
	programs->rules = map_array(skeleton->maps.rules);
	programs->spaces = map_array(skeleton->maps.spaces);
	programs->cpythons = map_array(skeleton->maps.cpythons);
	programs->interpreted = map_array(skeleton->maps.programs);
	programs->hosts = map_array(skeleton->maps.hosts);
	if (!programs->cpythons || !programs->interpreted || !programs->hosts)
		return -errno;
	if (!programs->counters || !programs->banks || !programs->slots || !programs->entries ||
		!programs->words || !programs->arena || !programs->rules || !programs->spaces)
		return -errno;
	return 0;
}

static void unmap_array(void *memory, const struct bpf_map *map)
{
	if (memory)
		munmap(memory, array_len(map));
}

static void unmap_arrays(struct programs *programs)
{
	struct profound_bpf *skeleton = programs->skeleton;

	unmap_array(programs->counters, skeleton->maps.counters);
	unmap_array(programs->banks, skeleton->maps.banks);
	unmap_array(programs->slots, skeleton->maps.slots);
	unmap_array(programs->entries, skeleton->maps.entries);
	unmap_array(programs->words, skeleton->maps.words);
	unmap_array(programs->arena, skeleton->maps.arena);
	unmap_array(programs->rules, skeleton->maps.rules);
	unmap_array(programs->spaces, skeleton->maps.spaces);
	unmap_array(programs->cpythons, skeleton->maps.cpythons);
	unmap_array(programs->interpreted, skeleton->maps.programs);
	unmap_array(programs->hosts, skeleton->maps.hosts);
}

static int set_stages(struct profound_bpf *skeleton)
{
	const struct bpf_program *programs[] = {
		skeleton->progs.defer, /* enum stage of maps.bpf.h */
		skeleton->progs.unwind_native,
		skeleton->progs.emit,
		skeleton->progs.unwind_cpython,
	};

	for (uint32_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		int fd = bpf_program__fd(programs[i]);

		if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.stages), &i, &fd, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int add_ids(const struct bpf_map *map, const struct selection_ids *ids)
{
	const uint64_t any_start = 0;

	for (unsigned i = 0; i < ids->n; i++)
		if (bpf_map_update_elem(bpf_map__fd(map), &ids->id[i], &any_start, BPF_ANY))
			return -errno;
	return 0;
}

/* Attached before the members are added: a fork in between is followed. */
static int follow(struct programs *programs, const struct selection *selection)
{
	struct profound_bpf *skeleton = programs->skeleton;
	int err;

	if (!programs->settings.by_tgid && !programs->settings.by_tid)
		return 0;
	skeleton->links.members_fork = bpf_program__attach(skeleton->progs.members_fork);
	if (!skeleton->links.members_fork)
		return -errno;
	if (programs->settings.pidns_inum) {
		skeleton->links.members_exit = bpf_program__attach(skeleton->progs.members_exit);
		if (!skeleton->links.members_exit)
			return -errno;
	} else {
		skeleton->links.members_free = bpf_program__attach(skeleton->progs.members_free);
		if (!skeleton->links.members_free)
			return -errno;
	}
	err = add_ids(skeleton->maps.members_tgid, &selection->pids);
	if (!err)
		err = add_ids(skeleton->maps.members_tid, &selection->tids);
	return err;
}

/*
 * Kernels before 5.11 charge BPF memory to the memlock limit; a refusal matters only if the load then fails. Each CPU
 * takes two descriptors and each file that is sampled one: more than the usual 1024 on a large machine.
 */
void programs_raise_limits(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit files;

	setrlimit(RLIMIT_MEMLOCK, &all);
	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static int load_fault(struct fault *fault, int err)
{
	char *line = strchr(complaint, '\n');

	if (line)
		*line = '\0';
	if ((err == -EPERM || err == -EACCES) && geteuid())
		return fault_set(fault, err,
			"cannot load the BPF programs: %s; run as root, or with CAP_BPF and "
			"CAP_PERFMON (`profound doctor` lists what is missing)",
			strerror(-err));
	return fault_set(fault, err, "cannot load the BPF programs: %s%s%s (`profound doctor` may know why)",
		strerror(-err), complaint[0] ? ": " : "", complaint);
}

/* bpf_get_stack() stops there. */
static uint32_t kernel_frames(void)
{
	FILE *file = fopen(MAX_STACK, "re");
	uint32_t limit = ABI_KERNEL_FRAMES;

	if (!file)
		return limit;
	if (fscanf(file, "%" SCNu32, &limit) != 1 || limit > ABI_KERNEL_FRAMES)
		limit = ABI_KERNEL_FRAMES;
	fclose(file);
	return limit;
}

static bool selective(const struct abi_settings *settings)
{
	return settings->by_tgid || settings->by_tid || settings->n_uids || settings->n_comms ||
	       settings->n_cgroups || settings->n_containers;
}

static int open_skeleton(
	struct programs *programs, const struct programs_request *request, uint32_t pidns_inum)
{
	struct profound_bpf *skeleton = profound_bpf__open();
	bool members;
	struct cpu_mask possible = {0};
	int err = cpu_mask_read(&possible, POSSIBLE);

	if (!skeleton)
		return -errno;
	programs->skeleton = skeleton;
	if (err)
		return err;
	/* Numbers can have holes: the arrays are indexed by them. */
	programs->cpus = cpu_mask_end(&possible);
	set_selection(&programs->settings, request);
	programs->settings.banks = programs->cpus * 2;
	memory_plan(&programs->plan, programs->cpus, request->samples_per_second,
		request->memory_bytes);
	programs->settings.entries = programs->plan.entries;
	programs->settings.slots = programs->plan.slots;
	programs->settings.words = programs->plan.words;
	programs->settings.arena_words = programs->plan.arena_words;
	programs->settings.pidns_inum = pidns_inum;
	programs->settings.kernel_frames = kernel_frames();
	skeleton->rodata->settings = programs->settings;
	members = programs->settings.by_tgid || programs->settings.by_tid;
	programs->selective = selective(&programs->settings);
	bpf_program__set_autoload(
		skeleton->progs.sample_all, !programs->selective && !pidns_inum);
	bpf_program__set_autoload(
		skeleton->progs.sample_selected, programs->selective || pidns_inum);
	bpf_program__set_autoload(skeleton->progs.members_fork, members);
	bpf_program__set_autoload(skeleton->progs.members_exit, members && pidns_inum);
	bpf_program__set_autoload(skeleton->progs.members_free, members && !pidns_inum);
	return size_maps(programs);
}

int programs_load(
	struct programs *out, const struct programs_request *request, struct fault *fault)
{
	struct programs programs = {.stats_fd = -1};
	uint32_t pidns_inum;
	int err = pid_namespace_self(&pidns_inum, fault);

	if (err)
		return err;
	complaint[0] = '\0';
	libbpf_set_print(note_complaint);
	programs_raise_limits();
	err = open_skeleton(&programs, request, pidns_inum);
	if (!err)
		err = profound_bpf__load(programs.skeleton);
	if (!err)
		err = map_arrays(&programs);
	if (!err)
		err = set_stages(programs.skeleton);
	if (!err)
		err = follow(&programs, request->selection);
	if (err) {
		programs_release(&programs);
		return load_fault(fault, err);
	}
	if (!request->counts_run_time)
		programs.stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	programs.counts_run_time = request->counts_run_time || programs.stats_fd >= 0;
	*out = programs;
	return 0;
}

void programs_release(struct programs *programs)
{
	if (programs->stats_fd >= 0)
		close(programs->stats_fd);
	if (programs->skeleton) {
		unmap_arrays(programs);
		profound_bpf__destroy(programs->skeleton);
	}
	*programs = (struct programs){.stats_fd = -1};
}

int programs_add_member(struct programs *programs, uint32_t tgid, struct fault *fault)
{
	const struct selection_ids one = {.n = 1, .id = {tgid}};
	int err = add_ids(programs->skeleton->maps.members_tgid, &one);

	if (err)
		return fault_set(fault, err, "cannot follow process %" PRIu32 ": %s", tgid,
			strerror(-err));
	return 0;
}

int programs_sample_fd(const struct programs *programs)
{
	const struct profound_bpf *skeleton = programs->skeleton;

	return bpf_program__fd(programs->selective || programs->settings.pidns_inum
					? skeleton->progs.sample_selected
					: skeleton->progs.sample_all);
}

int programs_notices_fd(const struct programs *programs)
{
	return bpf_map__fd(programs->skeleton->maps.notices);
}

int programs_deferred_fd(const struct programs *programs)
{
	return bpf_map__fd(programs->skeleton->maps.deferred);
}

void programs_set_wakeup(struct programs *programs, uint32_t bytes)
{
	__atomic_store_n(&programs->skeleton->bss->deferred_wakeup, bytes, __ATOMIC_RELAXED);
}

int programs_codes_fd(const struct programs *programs)
{
	return bpf_map__fd(programs->skeleton->maps.codes);
}

uint32_t *programs_runtime_epoch(const struct programs *programs)
{
	return &programs->skeleton->data->runtime_epoch;
}

int programs_chunks_fd(const struct programs *programs)
{
	return bpf_map__fd(programs->skeleton->maps.row_chunks);
}

const uint64_t *programs_words(const struct programs *programs, uint32_t bank)
{
	size_t size = ((size_t)programs->settings.words + ABI_STACK_WORDS) * sizeof(uint64_t);

	return (const uint64_t *)(programs->words + bank * size);
}

uint32_t programs_swap(struct programs *programs)
{
	uint32_t written = programs->skeleton->bss->generation & 1;

	__atomic_store_n(&programs->skeleton->bss->generation, !written, __ATOMIC_SEQ_CST);
	return written;
}

uint64_t programs_counter(const struct programs *programs, enum abi_counter counter)
{
	uint64_t sum = 0;

	for (uint32_t cpu = 0; cpu < programs->cpus; cpu++)
		sum += __atomic_load_n(&programs->counters[cpu].value[counter], __ATOMIC_RELAXED);
	return sum;
}

/* "memlock:" of a map's or program's fdinfo (Documentation/bpf: fdinfo); 0 where it is not shown. */
static int64_t fd_memory(int fd)
{
	char path[64], line[128];
	int64_t bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %" SCNd64, &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

int64_t programs_bytes(const struct programs *programs)
{
	struct bpf_object *object = programs->skeleton->obj;
	struct bpf_program *program;
	struct bpf_map *map;
	int64_t bytes = 0;

	bpf_object__for_each_map(map, object)
		bytes += fd_memory(bpf_map__fd(map));
	bpf_object__for_each_program(program, object)
		bytes += bpf_program__fd(program) < 0 ? 0 : fd_memory(bpf_program__fd(program));
	return bytes;
}

int64_t programs_run_ns(const struct programs *programs)
{
	struct bpf_program *program;
	int64_t run_ns = 0;

	if (!programs->counts_run_time)
		return INT64_MIN;
	bpf_object__for_each_program(program, programs->skeleton->obj) {
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);

		if (bpf_program__fd(program) < 0)
			continue;
		if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len))
			return INT64_MIN;
		run_ns += (int64_t)info.run_time_ns;
	}
	return run_ns;
}
