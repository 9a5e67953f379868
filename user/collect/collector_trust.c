// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/collector_state.h"

#include "collect/account.h"

static uint64_t counted(const struct collector *collector, enum abi_counter counter)
{
	return programs_counter(&collector->programs, counter) + collector->counters[counter];
}

static uint64_t lost_by_programs(const struct collector *collector)
{
	return counted(collector, COUNTER_passed) - counted(collector, COUNTER_taken);
}

struct collector_progress collector_progress(const struct collector *collector)
{
	return (struct collector_progress){
		.taken = counted(collector, COUNTER_taken),
		.lost = lost_by_programs(collector),
		.cpus = cpu_events_count(collector->events),
		.stacks_per_bank = collector->programs.settings.entries,
	};
}

static void fill_account(struct collector *collector, struct account *account)
{
	const struct collector_request *request = &collector->request;

	*account = (struct account){
		.period = request->fixed_period,
		.clock = request->clock,
		.selective = collector->programs.selective,
		.keep_idle = request->keep_idle,
		.throttled = collector->throttled,
		.runs = counted(collector, COUNTER_runs),
		.idle = counted(collector, COUNTER_idle),
		.passed = counted(collector, COUNTER_passed),
		.idle_ns = idle_clock_covered(&collector->idle_clock, collector->events),
		.throttled_ns = cpu_events_throttled_ns(collector->events),
	};
	if (account->period)
		account->due = cpu_events_expected(
			collector->events, account->period, account->clock);
}

static int64_t bpf_bytes(const struct collector *collector, int64_t maps)
{
	return maps == INT64_MIN ? maps : maps + (int64_t)row_chunks_bytes(collector->unwinding.chunks);
}

/* The kernel is asked once: it skips perf programs while it answers, and what grows are chunks. */
uint64_t collector_bpf_bytes(struct collector *collector)
{
	int64_t bytes;

	if (!collector->maps_bytes)
		collector->maps_bytes = programs_cost(&collector->programs).memory_bytes;
	bytes = bpf_bytes(collector, collector->maps_bytes);

	return bytes < 0 ? 0 : (uint64_t)bytes;
}

void collector_trust(struct collector *collector, struct trust *trust)
{
	const struct programs_cost cost = programs_cost(&collector->programs);
	struct account account;

	unwinding_count(&collector->unwinding, collector->counters);
	collector->counters[COUNTER_runtime_no_room] +=
		interpreters_no_room(collector->runtimes.interpreters);
	collector->counters[COUNTER_context_hung] = processes_context_hung(collector->processes);
	for (int i = 0; i < COUNTERS; i++)
		trust->counter[i] = (int64_t)counted(collector, (enum abi_counter)i);
	fill_account(collector, &account);
	account_samples(&account, trust);
	trust->taken = (int64_t)profile_total(&collector->profile);
	trust->by_fp = (int64_t)collector->resolver.by_fp;
	trust->bpf_memory_bytes = bpf_bytes(collector, cost.memory_bytes);
	trust->kernel_ns_per_sample = TRUST_NULL;
	if (cost.run_ns != INT64_MIN) {
		trust->cpu_seconds += (double)cost.run_ns / 1e9;
		if (trust->taken)
			trust->kernel_ns_per_sample = cost.run_ns / trust->taken;
	}
	trust->drained_bytes = (int64_t)(collector->drained_bytes + collector->deferred_ring.bytes +
		collector->interval.bytes + collector->runtimes.bytes +
		sideband_bytes(collector->sideband));
}
