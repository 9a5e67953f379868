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

void collector_sum_kernel(struct collector *collector, struct collector_sums *sums)
{
	const struct collector_request *request = &collector->request;
	struct cpu_events *events = collector->events;

	*sums = (struct collector_sums){
		.idle_ns = idle_clock_covered(&collector->idle_clock, events),
		.throttled_ns = cpu_events_throttled_ns(events),
		.run_ns = programs_run_ns(&collector->programs),
	};
	if (request->fixed_period)
		sums->due = cpu_events_expected(events, request->fixed_period, request->clock);
	for (int i = 0; i < COUNTERS; i++)
		sums->counter[i] = programs_counter(&collector->programs, (enum abi_counter)i);
}

void collector_sum_user(const struct collector *collector, struct collector_sums *sums)
{
	for (int i = 0; i < COUNTERS; i++)
		sums->counter[i] += collector->counters[i];
	unwinding_count(&collector->unwinding, sums->counter);
	sums->counter[COUNTER_runtime_no_room] += interpreters_no_room(collector->runtimes.interpreters);
	sums->counter[COUNTER_context_hung] += processes_context_hung(collector->processes);
	sums->parser_ns = unwinding_parser_ns(&collector->unwinding);
	sums->by_fp = collector->resolver.by_fp;
	sums->drained_bytes = collector->drained_bytes + collector->deferred_ring.bytes + collector->interval.bytes +
		collector->runtimes.bytes + sideband_bytes(collector->sideband);
}

/* iowait of /proc/stat may go back. */
static uint64_t grown(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static void fill_account(const struct collector *collector, const struct collector_sums *ended, struct account *account)
{
	const struct collector_request *request = &collector->request;
	const struct collector_sums *begun = &collector->begun;
	const uint64_t *from = begun->counter, *to = ended->counter;

	*account = (struct account){
		.period = request->fixed_period,
		.clock = request->clock,
		.selective = collector->programs.selective,
		.keep_idle = request->keep_idle,
		.throttled = collector->throttled,
		.due = ended->due - begun->due,
		.runs = to[COUNTER_runs] - from[COUNTER_runs],
		.idle = to[COUNTER_idle] - from[COUNTER_idle],
		.passed = to[COUNTER_passed] - from[COUNTER_passed],
		.idle_ns = grown(begun->idle_ns, ended->idle_ns),
		.throttled_ns = grown(begun->throttled_ns, ended->throttled_ns),
	};
}

struct tables_figures collector_tables(const struct collector *collector)
{
	return tables_figures(collector->unwinding.tables);
}

struct spaces_figures collector_spaces(const struct collector *collector)
{
	return spaces_figures(collector->unwinding.spaces);
}

uint64_t collector_bpf_bytes(struct collector *collector)
{
	/* Asked once: what grows are chunks. */
	if (!collector->maps_bytes)
		collector->maps_bytes = programs_bytes(&collector->programs);
	return (uint64_t)collector->maps_bytes + row_chunks_bytes(collector->unwinding.chunks);
}

static void fill_run_time(int64_t from_ns, int64_t to_ns, struct trust *trust)
{
	trust->kernel_ns_per_sample = TRUST_NULL;
	if (from_ns == INT64_MIN || to_ns == INT64_MIN)
		return;
	trust->cpu_seconds += (double)(to_ns - from_ns) / 1e9;
	if (trust->taken)
		trust->kernel_ns_per_sample = (to_ns - from_ns) / trust->taken;
}

void collector_figures(struct collector *collector, const struct collector_sums *ended, struct trust *trust)
{
	const struct collector_sums *begun = &collector->begun;
	struct account account;

	for (int i = 0; i < COUNTERS; i++)
		trust->counter[i] = (int64_t)(ended->counter[i] - begun->counter[i]);
	/* Those that have none now. */
	trust->counter[COUNTER_table_no_room] += unwinding_on_heap(&collector->unwinding);
	fill_account(collector, ended, &account);
	account_samples(&account, trust);
	trust->taken = (int64_t)profile_total(&collector->profile);
	trust->by_fp = (int64_t)(ended->by_fp - begun->by_fp);
	trust->bpf_memory_bytes = (int64_t)collector_bpf_bytes(collector);
	trust->cpu_seconds += (double)(ended->parser_ns - begun->parser_ns) / 1e9;
	fill_run_time(begun->run_ns, ended->run_ns, trust);
	trust->drained_bytes = (int64_t)(ended->drained_bytes - begun->drained_bytes);
}

void collector_trust(struct collector *collector, struct trust *trust)
{
	struct collector_sums ended;

	collector_sum_kernel(collector, &ended);
	collector_sum_user(collector, &ended);
	collector_figures(collector, &ended, trust);
}
