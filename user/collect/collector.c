// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/collector_state.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/cgroups.h"
#include "process/target_file.h"

static int apply(void *context, const struct lifecycle *record)
{
	struct collector *collector = context;

	switch (record->kind) {
	case LIFECYCLE_KSYMBOL:
		return kernel_symbols_note(collector->kernel_symbols, record);
	case LIFECYCLE_THROTTLE:
		collector->throttled = true;
		cpu_events_throttle(
			collector->events, record->event_id, record->time_ns, record->gone);
		return 0;
	case LIFECYCLE_LOST:
		collector->counters[COUNTER_sideband_lost] += record->lost;
		break;
	default:
		break;
	}
	return processes_apply(collector->processes, record);
}

static void begin_interval(struct collector *collector)
{
	if (collector->in_grace) {
		collector->drain_again = true;
		return;
	}
	collector->drain_again = false;
	collector->in_grace = true;
	collector->swapped_ns = clock_now_ns();
	collector->written = programs_swap(&collector->programs);
	grace_begin(collector->grace);
}

static int deliver_sideband(struct collector *collector, uint64_t until_ns)
{
	int err = sideband_read(collector->sideband);

	return err ? err
		   : sideband_deliver(collector->sideband, until_ns, apply, collector);
}

static int deliver_now(void *context)
{
	return deliver_sideband(context, clock_now_ns());
}

/* A read of the maps is good for all samples taken before it. */
static void refresh_for(void *context, const struct abi_entry *entry)
{
	struct collector *collector = context;
	struct process *process;
	uint64_t read_ns;

	if (processes_sampled(collector->processes, entry->tgid, entry->start_ns, &process))
		return;
	read_ns = process->read_ns;
	if (entry->last_ns <= read_ns)
		return;
	process_refresh(collector->processes, process, entry->mm_state);
	if (process->read_ns == read_ns)
		return;
	target_file_keep_jit(process);
	deliver_sideband(collector, clock_now_ns());
}

/* Of the deferred ring. */
static void prepare_batch(void *context)
{
	struct collector *collector = context;

	runtimes_read(&collector->runtimes);
}

static int read_deferred(struct collector *collector)
{
	int err = deliver_sideband(collector, clock_now_ns());

	collector->behind = deferred_ring_read(&collector->deferred_ring);
	return err;
}

/* A process that was not seen before: its maps, and what it states, are read while it lives. */
static int meet_process(struct collector *collector, const struct abi_notice *notice)
{
	struct process *process;
	int err = processes_sampled(
		collector->processes, notice->tgid, notice->start_ns, &process);

	cgroups_path(collector->cgroups, notice->cgroup); /* while it is there */
	if (!err && (!process->maps_known || processes_states_are_read(collector->processes)))
		err = process_refresh(collector->processes, process, notice->mm_state);
	if (!err)
		runtimes_meet(&collector->runtimes, process, notice);
	return err == -ENOMEM ? err : 0;
}

static int on_notice(void *context, void *data, size_t size)
{
	struct collector *collector = context;
	const struct abi_notice *notice = data;

	collector->drained_bytes += size;
	if (notice->kind == NOTICE_FILL)
		begin_interval(collector);
	else if (notice->kind == NOTICE_PROCESS)
		meet_process(collector, notice);
	return 0;
}

/* After the grace period: whatever the generation's samples and the sideband tell up to then. */
static int read_interval(struct collector *collector, uint64_t until_ns)
{
	int err = deliver_sideband(collector, until_ns);

	if (!err)
		err = interval_refresh(&collector->interval, &collector->programs,
			collector->written, collector->processes);
	/* An exec or mmap between until_ns and the read of the maps explains what the read shows. */
	if (!err)
		err = deliver_sideband(collector, clock_now_ns());
	runtimes_read(&collector->runtimes);
	interval_resolve(&collector->interval, &collector->programs, collector->written,
		&collector->resolver);
	return err;
}

/* Whatever was read is the past. */
static void clear_interval(struct collector *collector)
{
	interval_clear(&collector->programs, collector->written);
	unwinding_epoch(&collector->unwinding);
	/* The next generation has samples from before the read: since its swap. */
	if (!collector->behind)
		processes_prune(collector->processes, collector->swapped_ns);
	runtimes_epoch(&collector->runtimes);
}

static int end_interval(struct collector *collector)
{
	uint64_t until_ns = grace_end(collector->grace);
	int err = read_interval(collector, until_ns);

	if (!err)
		err = read_deferred(collector);
	clear_interval(collector);
	collector->in_grace = false;
	if (collector->drain_again)
		begin_interval(collector);
	return err;
}

static int watch(const struct collector *collector, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(collector->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int watch_sideband(const struct collector *collector)
{
	for (uint32_t cpu = 0; cpu < collector->programs.cpus; cpu++) {
		int fd = sideband_fd(collector->sideband, (int)cpu);
		int err = fd < 0 ? 0 : watch(collector, fd, EPOLLIN);

		if (err && err != -EEXIST)
			return err;
	}
	return 0;
}

static int make_parts(struct collector *collector)
{
	collector->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (collector->epoll_fd < 0)
		return -errno;
	collector->objects = objects_new();
	collector->sideband = sideband_new();
	collector->grace = grace_new();
	collector->kernel_symbols = kernel_symbols_new();
	collector->cgroups = cgroups_new();
	if (collector->objects)
		collector->processes = processes_new(collector->objects);
	if (!collector->objects || !collector->sideband || !collector->grace ||
		!collector->kernel_symbols || !collector->processes || !collector->cgroups)
		return -ENOMEM;
	if (cgroups_need_proc(collector->cgroups))
		processes_read_cgroups(collector->processes);
	if (collector->request.stated)
		processes_read_stated(collector->processes);
	collector->resolver = (struct resolver){
		.profile = &collector->profile,
		.objects = collector->objects,
		.processes = collector->processes,
		.cgroups = collector->cgroups,
		.counters = collector->counters,
	};
	return 0;
}

static int load(struct collector *collector, struct fault *fault)
{
	const struct collector_request *request = &collector->request;
	const struct programs_request programs = {
		.selection = request->selection,
		.samples_per_second = request->samples_per_second,
		.memory_bytes = request->memory_bytes,
		.keep_idle = request->keep_idle,
		.no_user = request->no_user,
		.no_kernel = request->no_kernel,
		.with_tid = request->with_tid,
		.compare = request->witness != NULL,
		.counts_run_time = request->counts_run_time,
		.follow_command = request->follow_command,
	};
	const struct deferred deferred = {
		&collector->resolver, request->witness, request->context, NULL};
	int err = programs_load(&collector->programs, &programs, fault);

	if (err)
		return err;
	err = unwinding_init(&collector->unwinding, &collector->programs);
	if (!err)
		err = idle_clock_init(&collector->idle_clock, collector->programs.cpus);
	if (err)
		return err;
	err = runtimes_init(&collector->runtimes, &collector->programs, collector->processes,
		&collector->profile, deliver_now, collector);
	if (err)
		return err;
	collector->resolver.interpreters = collector->runtimes.interpreters;
	collector->resolver.codes = collector->runtimes.codes;
	collector->resolver.spaces = collector->unwinding.spaces;
	collector->resolver.tables = collector->unwinding.tables;
	collector->runs = calloc(collector->programs.cpus, sizeof(uint64_t));
	if (!collector->runs)
		return -ENOMEM;
	collector->notices = ring_buffer__new(
		programs_notices_fd(&collector->programs), on_notice, collector, NULL);
	if (!collector->notices)
		return -errno;
	return deferred_ring_init(
		&collector->deferred_ring, &collector->programs, &deferred, refresh_for, prepare_batch,
		collector);
}

static int open_events(struct collector *collector, struct fault *fault)
{
	const struct selection *selection = collector->request.selection;

	collector->events = cpu_events_new(&collector->request.attr,
		programs_sample_fd(&collector->programs),
		selection->by_cpu ? &selection->cpus : NULL, collector->sideband);
	if (!collector->events)
		return -ENOMEM;
	return cpu_events_follow(collector->events, fault);
}

static int watch_all(struct collector *collector)
{
	int err = watch(collector, ring_buffer__epoll_fd(collector->notices), EPOLLIN);

	if (!err)
		err = watch(collector, grace_fd(collector->grace), EPOLLIN);
	if (!err)
		err = watch(collector, deferred_ring_fd(&collector->deferred_ring), EPOLLIN);
	if (!err)
		err = watch(collector, collector->runtimes.codes_fd, EPOLLIN | EPOLLET);
	if (!err)
		err = watch(collector, collector->runtimes.timer_fd, EPOLLIN);
	if (!err)
		err = watch_sideband(collector);
	return err;
}

struct collector *collector_new(
	const struct collector_request *request, int *error, struct fault *fault)
{
	struct collector *collector = calloc(1, sizeof(*collector));
	int err = -ENOMEM;

	fault_set(fault, 0, "out of memory");
	if (!collector)
		goto fail;
	collector->request = *request;
	collector->epoll_fd = -1;
	collector->deferred_ring = DEFERRED_RING_NONE;
	collector->runtimes = RUNTIMES_NONE;
	collector->programs.stats_fd = -1;
	err = make_parts(collector);
	if (!err)
		err = load(collector, fault);
	if (!err)
		err = open_events(collector, fault);
	if (!err)
		err = watch_all(collector);
	if (!err)
		return collector;
	collector_free(collector);
fail:
	*error = err;
	return NULL;
}

void collector_free(struct collector *collector)
{
	if (!collector)
		return;
	cpu_events_free(collector->events);
	grace_free(collector->grace);
	ring_buffer__free(collector->notices);
	deferred_ring_release(&collector->deferred_ring);
	runtimes_release(&collector->runtimes);
	unwinding_release(&collector->unwinding);
	programs_release(&collector->programs);
	sideband_free(collector->sideband);
	kernel_symbols_free(collector->kernel_symbols);
	processes_free(collector->processes);
	cgroups_free(collector->cgroups);
	objects_free(collector->objects);
	interval_release(&collector->interval);
	idle_clock_release(&collector->idle_clock);
	free(collector->runs);
	profile_release(&collector->profile);
	if (collector->epoll_fd >= 0)
		close(collector->epoll_fd);
	free(collector);
}

void collector_inherit(struct collector *collector, const struct collector *from)
{
	runtimes_inherit(&collector->runtimes, &from->runtimes);
}

int collector_add_member(struct collector *collector, uint32_t tgid, struct fault *fault)
{
	return programs_add_member(&collector->programs, tgid, fault);
}

void collector_enable(struct collector *collector)
{
	idle_clock_begin(&collector->idle_clock);
	cpu_events_enable(collector->events);
}

int collector_fd(const struct collector *collector)
{
	return collector->epoll_fd;
}

int collector_work(struct collector *collector)
{
	struct epoll_event ready[8];
	int n = epoll_wait(collector->epoll_fd, ready, 8, 0);
	/* Always: perf_poll() tells of a full ring once (kernel/events/core.c), and an epoll above this one has asked. */
	int err = sideband_read(collector->sideband);

	for (int i = 0; i < n && !err; i++) {
		if (ready[i].data.fd == grace_fd(collector->grace))
			err = end_interval(collector);
		else if (ready[i].data.fd == ring_buffer__epoll_fd(collector->notices))
			ring_buffer__consume(collector->notices);
		else if (ready[i].data.fd == deferred_ring_fd(&collector->deferred_ring))
			err = read_deferred(collector);
		else if (ready[i].data.fd == collector->runtimes.codes_fd)
			runtimes_read(&collector->runtimes);
		else if (ready[i].data.fd == collector->runtimes.timer_fd)
			runtimes_look(&collector->runtimes);
	}
	return err;
}

/* Events that should have fired and did not are looked at. */
static void revive_events(struct collector *collector)
{
	for (uint32_t cpu = 0; cpu < collector->programs.cpus; cpu++) {
		uint64_t runs = collector->programs.counters[cpu].value[COUNTER_runs];

		if (runs == collector->runs[cpu])
			cpu_events_revive(collector->events, cpu);
		collector->runs[cpu] = runs;
	}
}

int collector_tick(struct collector *collector)
{
	struct fault fault;
	int err = cpu_events_follow(collector->events, &fault);

	revive_events(collector);
	if (!err)
		err = watch_sideband(collector);
	begin_interval(collector);
	return err == -ENOMEM ? err : 0;
}

/* A bank that filled up meanwhile begins another one. */
static void end_begun_intervals(struct collector *collector)
{
	for (int i = 0; i < 2 && collector->in_grace; i++)
		end_interval(collector);
}

int collector_finish(struct collector *collector)
{
	int err;

	cpu_events_disable(collector->events);
	idle_clock_end(&collector->idle_clock);
	end_begun_intervals(collector);
	ring_buffer__consume(collector->notices);
	begin_interval(collector);
	err = end_interval(collector);
	while (!err && deferred_ring_read(&collector->deferred_ring))
		;
	return err;
}

/* The moment in which no program runs on any CPU: disabling an event waits for the one that does. How many samples were handed
 * over until then. */
static uint32_t cut_sampling(struct collector *collector, struct collector_sums *ended)
{
	uint32_t handed_over;

	cpu_events_disable(collector->events);
	idle_clock_end(&collector->idle_clock);
	collector->swapped_ns = clock_now_ns();
	collector->written = programs_swap(&collector->programs);
	collector_sum_kernel(collector, ended);
	handed_over = deferred_ring_cut(&collector->deferred_ring);
	cpu_events_enable(collector->events);
	return handed_over;
}

/* All samples from before, and none from after. */
static int read_cut(struct collector *collector, uint32_t handed_over)
{
	int err = read_interval(collector, collector->swapped_ns);

	if (!err)
		err = deliver_sideband(collector, clock_now_ns());
	deferred_ring_read_cut(&collector->deferred_ring, handed_over);
	collector->behind = true; /* of those from after nobody knows */
	clear_interval(collector);
	return err;
}

int collector_cut(struct collector *collector, struct profile *profile, struct trust *trust, uint64_t *at_ns)
{
	struct collector_sums ended;
	uint32_t handed_over;
	int err;

	ring_buffer__consume(collector->notices);
	end_begun_intervals(collector);
	/* That an event is throttled belongs to the profile that ends. */
	deliver_sideband(collector, clock_now_ns());
	handed_over = cut_sampling(collector, &ended);
	*at_ns = collector->swapped_ns;
	err = read_cut(collector, handed_over);
	collector_sum_user(collector, &ended);
	collector_figures(collector, &ended, trust);
	collector->begun = ended;
	collector->throttled = false;
	*profile = collector->profile;
	collector->profile = (struct profile){0};
	code_table_begin_profile(collector->runtimes.codes);
	return err;
}

struct profile *collector_profile(struct collector *collector)
{
	return &collector->profile;
}

const struct objects *collector_objects(const struct collector *collector)
{
	return collector->objects;
}

const struct processes *collector_processes(const struct collector *collector)
{
	return collector->processes;
}

const struct kernel_symbols *collector_kernel_symbols(const struct collector *collector)
{
	return collector->kernel_symbols;
}
