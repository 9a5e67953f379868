// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/runtimes.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

#define LOOK_NS 20000000 /* between two looks */
#define LOOKS 10
#define PRUNE_EPOCHS 8

static void add_code(struct runtimes *runtimes, const struct abi_code *record, size_t size)
{
	code_table_add(runtimes->codes, record, size, interpreters_lines(runtimes->interpreters, record->build));
}

/* If the file has it neither, its frames say so (runtime_code_gone). */
static void add_unread(struct runtimes *runtimes, const struct abi_code *unread, size_t size)
{
	struct code_record *record = malloc(sizeof(*record));

	if (record && !interpreters_complete(runtimes->interpreters, unread, size, record))
		add_code(runtimes, &record->head, code_record_size(record));
	free(record);
}

static int on_code(void *context, void *data, size_t size)
{
	struct runtimes *runtimes = context;
	const struct abi_code *record = data;

	runtimes->bytes += size;
	if (size < sizeof(*record))
		return 0;
	if (record->unread)
		add_unread(runtimes, record, size);
	else
		add_code(runtimes, record, size);
	return 0;
}

int runtimes_init(struct runtimes *runtimes, const struct programs *programs, struct processes *processes,
	struct profile *profile, int (*deliver)(void *context), void *context)
{
	const struct interpreters_shared shared = {programs->cpythons, programs->interpreted,
		programs->hosts, programs_runtime_epoch(programs)};

	runtimes->processes = processes;
	runtimes->deliver = deliver;
	runtimes->context = context;
	runtimes->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (runtimes->timer_fd < 0)
		return -errno;
	runtimes->interpreters = interpreters_new(&shared);
	runtimes->codes = code_table_new(profile);
	if (!runtimes->interpreters || !runtimes->codes)
		return -ENOMEM;
	runtimes->codes_fd = programs_codes_fd(programs);
	runtimes->ring = ring_buffer__new(runtimes->codes_fd, on_code, runtimes, NULL);
	return runtimes->ring ? 0 : -errno;
}

void runtimes_release(struct runtimes *runtimes)
{
	ring_buffer__free(runtimes->ring);
	code_table_free(runtimes->codes);
	interpreters_free(runtimes->interpreters);
	if (runtimes->timer_fd >= 0)
		close(runtimes->timer_fd);
	*runtimes = RUNTIMES_NONE;
}

void runtimes_inherit(struct runtimes *runtimes, const struct runtimes *from)
{
	interpreters_inherit(runtimes->interpreters, from->interpreters);
}

static bool meet(struct runtimes *runtimes, const struct process *process, const struct abi_notice *notice)
{
	if (interpreters_know(runtimes->interpreters, notice) || runtimes->deliver(runtimes->context))
		return false;
	return interpreters_meet(runtimes->interpreters, process,
		process_exe(runtimes->processes, process, clock_now_ns()), notice);
}

static void set_timer(const struct runtimes *runtimes)
{
	const struct itimerspec when = {
		.it_value.tv_nsec = runtimes->n_awaited ? LOOK_NS : 0,
	};

	timerfd_settime(runtimes->timer_fd, 0, &when, NULL);
}

void runtimes_meet(struct runtimes *runtimes, const struct process *process, const struct abi_notice *notice)
{
	if (!meet(runtimes, process, notice) || runtimes->n_awaited == RUNTIMES_AWAITED)
		return;
	runtimes->awaited[runtimes->n_awaited++] = (struct runtimes_awaited){*notice, 0};
	set_timer(runtimes);
}

/* True: it is still awaited. */
static bool look_again(struct runtimes *runtimes, struct runtimes_awaited *awaited)
{
	const struct abi_notice *notice = &awaited->notice;
	struct process *process;

	if (++awaited->looks > LOOKS ||
		processes_sampled(runtimes->processes, notice->tgid, notice->start_ns, &process) ||
		process_refresh(runtimes->processes, process, ~notice->mm_state - awaited->looks))
		return false;
	return meet(runtimes, process, notice);
}

void runtimes_look(struct runtimes *runtimes)
{
	uint32_t n = 0;
	uint64_t expirations;

	if (read(runtimes->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	for (uint32_t i = 0; i < runtimes->n_awaited; i++)
		if (look_again(runtimes, &runtimes->awaited[i]))
			runtimes->awaited[n++] = runtimes->awaited[i];
	runtimes->n_awaited = n;
	set_timer(runtimes);
}

void runtimes_read(struct runtimes *runtimes)
{
	ring_buffer__consume(runtimes->ring);
}

static bool process_lives(void *context, uint32_t tgid, uint64_t start_ns)
{
	const struct runtimes *runtimes = context;
	const struct process *process = processes_find(runtimes->processes, tgid, start_ns);

	return process && !process->gone;
}

/* Longer than the process lives: samples of it may still wait for the next interval. */
static bool code_is_kept(void *context, const struct code_key *key)
{
	const struct runtimes *runtimes = context;
	const struct process *process = processes_find(runtimes->processes, key->tgid, key->start_ns);

	return process && !process_is_dropped(process);
}

void runtimes_epoch(struct runtimes *runtimes)
{
	if (++runtimes->epochs % PRUNE_EPOCHS)
		return;
	interpreters_prune(runtimes->interpreters, process_lives, runtimes);
	code_table_prune(runtimes->codes, code_is_kept, runtimes);
}
