// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/metrics.h"

#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"

#define ALIVE_NS (30 * NS_PER_SECOND)

void metrics_init(struct metrics *metrics)
{
	*metrics = (struct metrics){0};
	pthread_mutex_init(&metrics->lock, NULL);
}

void metrics_release(struct metrics *metrics)
{
	pthread_mutex_destroy(&metrics->lock);
}

struct metrics_values *metrics_begin(struct metrics *metrics)
{
	pthread_mutex_lock(&metrics->lock);
	return &metrics->values;
}

void metrics_end(struct metrics *metrics)
{
	pthread_mutex_unlock(&metrics->lock);
}

/* A figure that could not be derived adds nothing. */
static void add(uint64_t *sum, int64_t more)
{
	if (more > 0)
		*sum += (uint64_t)more;
}

void metrics_add_report(struct metrics_values *values, const struct scribe_report *report)
{
	values->intervals++;
	add(&values->expected, report->expected);
	add(&values->taken, report->taken);
	add(&values->idle, report->idle);
	add(&values->complete, report->complete);
	add(&values->unverified, report->unverified);
	add(&values->frames, report->frames);
	add(&values->named, report->named);
	for (int i = 0; i < COUNTERS; i++)
		add(&values->counter[i], report->counter[i]);
	values->store_gone += report->store_gone;
	values->store_errors += report->store_err != 0;
	values->spool_errors += report->spool_err != 0;
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP profound_%s %s\n# TYPE profound_%s %s\n", name, help, name, type);
}

static void one(struct buf *out, const char *name, const char *type, const char *help, double value)
{
	head(out, name, type, help);
	buf_printf(out, "profound_%s %.15g\n", name, value);
}

static void labelled(struct buf *out, const char *name, const char *label, const char *value, double number)
{
	buf_printf(out, "profound_%s{%s=\"%s\"} %.15g\n", name, label, value, number);
}

static void print_class(struct buf *out, const struct metrics_values *values, enum counter_class class, const char *name,
	const char *label, const char *help)
{
	head(out, name, "counter", help);
	for (int i = 0; i < COUNTERS; i++)
		if (counter_specs[i].class == class)
			labelled(out, name, label, counter_specs[i].name, (double)values->counter[i]);
}

static void print_samples(struct buf *out, const struct metrics_values *values)
{
	one(out, "samples_expected_total", "counter", "Samples that the events owed: taken, idle or lost.",
		(double)values->expected);
	one(out, "samples_taken_total", "counter", "Samples in profiles.", (double)values->taken);
	one(out, "samples_idle_total", "counter", "Samples of idle CPUs.", (double)values->idle);
	print_class(out, values, CLASS_LOST, "samples_lost_total", "cause", "Samples in no profile, by cause.");
	one(out, "stacks_complete_total", "counter", "Samples whose stack is whole.", (double)values->complete);
	one(out, "stacks_unverified_total", "counter", "Samples whose stack has frames found by frame pointer.",
		(double)values->unverified);
	print_class(out, values, CLASS_CUT, "stacks_cut_total", "cause", "Samples whose stack is not whole, by cause.");
	one(out, "frames_total", "counter", "Frames, weighted by samples.", (double)values->frames);
	one(out, "frames_named_total", "counter", "Frames with a name.", (double)values->named);
	print_class(out, values, CLASS_FRAME, "frames_unnamed_total", "cause", "Frames without a name, by cause.");
	print_class(out, values, CLASS_NOTE, "notes_total", "kind", "What else is worth knowing, by kind.");
}

static void print_intervals(struct buf *out, const struct metrics_values *values)
{
	head(out, "intervals_total", "counter", "Intervals by what became of them.");
	labelled(out, "intervals_total", "result", "written", (double)(values->intervals - values->unnamed));
	labelled(out, "intervals_total", "result", "unnamed", (double)values->unnamed);
	labelled(out, "intervals_total", "result", "lost", (double)values->lost);
	one(out, "intervals_cut_short_total", "counter", "Intervals that ended early, for want of memory.",
		(double)values->cut_short);
	one(out, "intervals_extended_total", "counter", "Times an interval went on because the one before was not written yet.",
		(double)values->extended);
}

static void print_cost(struct buf *out, const struct metrics_values *values)
{
	one(out, "cpu_seconds_total", "counter", "CPU time of profound, of its children and of its BPF programs.",
		values->cpu_seconds);
	head(out, "memory_bytes", "gauge", "Memory in use.");
	labelled(out, "memory_bytes", "kind", "heap", (double)values->heap_bytes);
	labelled(out, "memory_bytes", "kind", "bpf", (double)values->bpf_bytes);
	one(out, "memory_limit_bytes", "gauge", "What --memory allows.", (double)values->memory_limit_bytes);
	one(out, "frequency_hertz", "gauge", "Samples a second and CPU.", values->frequency_hz);
	one(out, "frequency_asked_hertz", "gauge", "The same as it was asked for.", values->frequency_asked_hz);
	one(out, "processes", "gauge", "Processes that are known: those that were sampled since the recording was renewed.", (double)values->processes);
	one(out, "files", "gauge", "Files that they have mapped.", (double)values->files);
	one(out, "clock_steps_total", "counter", "Times the wall clock was set.", (double)values->clock_steps);
}

static void print_tables(struct buf *out, const struct metrics_values *values)
{
	head(out, "unwind_tables", "gauge", "Unwind tables of files, by where they are.");
	labelled(out, "unwind_tables", "place", "kernel", values->tables.shared);
	labelled(out, "unwind_tables", "place", "heap", values->tables.on_heap);
	one(out, "unwind_table_rows", "gauge", "Rows of those in the kernel.", (double)values->tables.rows);
	one(out, "unwind_table_bytes", "gauge", "Memory that they take.", (double)values->tables.bytes);
	one(out, "kernel_walked_processes", "gauge", "Processes whose stacks the kernel walks by them.", values->published);
}

static void print_spool(struct buf *out, const struct metrics_values *values)
{
	uint64_t now = clock_ns(CLOCK_REALTIME), oldest = values->depth.oldest_unix_ns;

	one(out, "spool_files", "gauge", "Requests that wait to be sent.", (double)values->depth.files);
	one(out, "spool_bytes", "gauge", "Their size on the disk.", (double)values->depth.bytes);
	one(out, "spool_oldest_seconds", "gauge", "Age of the oldest.",
		oldest && now > oldest ? (double)(now - oldest) / 1e9 : 0);
	one(out, "spool_dropped_total", "counter", "Requests that had to go because the spool was full.",
		(double)values->spool_dropped);
	one(out, "spool_errors_total", "counter", "Intervals that could not be written to the spool.",
		(double)values->spool_errors);
}

static void print_sending(struct buf *out, const struct forwarder_figures *sending)
{
	head(out, "export_requests_total", "counter", "Export requests by what became of them; failed ones are tried again.");
	labelled(out, "export_requests_total", "result", "accepted", (double)sending->sent);
	labelled(out, "export_requests_total", "result", "failed", (double)sending->failed);
	labelled(out, "export_requests_total", "result", "refused", (double)sending->refused);
	labelled(out, "export_requests_total", "result", "unreadable", (double)sending->unreadable);
	one(out, "export_bytes_total", "counter", "Bytes of accepted requests, before compression.", (double)sending->sent_bytes);
	one(out, "export_rejected_profiles_total", "counter", "Profiles that the receiver rejected of accepted requests.",
		(double)sending->rejected);
	one(out, "export_last_success_timestamp_seconds", "gauge", "When a request was last accepted; 0: never.",
		(double)sending->answered_unix_ns / 1e9);
}

int metrics_print(struct metrics *metrics, struct buf *out)
{
	const struct metrics_values *values = metrics_begin(metrics);

	head(out, "build_info", "gauge", "Which profound this is.");
	labelled(out, "build_info", "version", PROFOUND_VERSION, 1);
	print_samples(out, values);
	print_intervals(out, values);
	print_cost(out, values);
	print_tables(out, values);
	if (values->spooling) {
		print_spool(out, values);
		print_sending(out, &values->sending);
	}
	if (values->storing) {
		one(out, "store_errors_total", "counter", "Intervals that could not be written to the store.",
			(double)values->store_errors);
		one(out, "store_deleted_total", "counter", "Intervals that went from the store, by age or size.",
			(double)values->store_gone);
	}
	metrics_end(metrics);
	return out->failed ? -ENOMEM : 0;
}

bool metrics_is_alive(struct metrics *metrics)
{
	const struct metrics_values *values = metrics_begin(metrics);
	bool alive = clock_now_ns() - values->alive_ns < ALIVE_NS;

	metrics_end(metrics);
	return alive;
}

bool metrics_is_ready(struct metrics *metrics)
{
	const struct metrics_values *values = metrics_begin(metrics);
	bool ready = values->sampling;

	metrics_end(metrics);
	return ready;
}
