// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/destinations.h"
#include "cmd/exit_code.h"
#include "cmd/option.h"
#include "cmd/record_options.h"
#include "collect/collector.h"
#include "collect/launch.h"
#include "collect/probe.h"
#include "collect/recording.h"
#include "collect/sample_value.h"
#include "collect/sampling.h"
#include "collect/selection.h"
#include "export/summary.h"
#include "export/who_list.h"
#include "process/debuginfod.h"
#include "profile/resource.h"
#include "symbolize/dwarf_worker.h"
#include "symbolize/symbolize.h"
#include "ui/progress.h"

#define WHO_LINES 20 /* with -v */

/* One `profound record`, from its options to its exit status. */
struct record {
	struct record_options options;
	struct destinations destinations;
	struct selection selection;
	struct sampling sampling;
	struct launch launch;
	struct collector *collector;
	struct recording recording;
	struct progress progress;
	struct trust trust;
	struct resource_options resources;
	bool with_resources; /* an output carries them */
	uint64_t counters[COUNTERS]; /* of naming */
	uint64_t began_ns;
};

static void warn_lower_rate(const struct record *record)
{
	const struct sampling *sampling = &record->sampling;

	if (sampling->frequency_hz == sampling->frequency_asked_hz)
		return;
	fprintf(stderr,
		"profound record: %u Hz instead of %u Hz: the kernel allows no more; raise it: sysctl "
		"kernel.perf_event_max_sample_rate=%u\n",
		sampling->frequency_hz, sampling->frequency_asked_hz, sampling->frequency_asked_hz);
}

/* What cannot be read counts as not set (OpenTelemetry specification, resource/sdk.md). */
static void read_resources(struct record *record)
{
	if (resource_options_init(&record->resources))
		fprintf(stderr,
			"profound record: OTEL_RESOURCE_ATTRIBUTES is ignored: no list of key=value,key=value with %%XX for special "
			"characters\n");
	record->resources.pids = record->options.pids;
}

static void warn_left_out(const struct record *record)
{
	if (record->resources.left_out)
		fprintf(stderr,
			"profound record: %u of OTEL_RESOURCE_ATTRIBUTES left out: back ends make labels of them, %d is all\n",
			record->resources.left_out, PROFILE_ATTRIBUTES);
}

static void warn_no_servers(const struct record *record)
{
	const char *reason;
	struct debuginfod *servers = record->options.debuginfod ? debuginfod_new(&reason) : NULL;

	if (record->options.debuginfod && !servers)
		fprintf(stderr, "profound record: --debuginfod: %s; local debug files are used\n", reason);
	debuginfod_free(servers);
}

/* Everything that can be refused is refused here, before sampling starts and before a file exists. */
static int check(struct record *record, struct fault *fault)
{
	const struct record_options *options = &record->options;
	const struct sampling_request sampling = {
		.event = options->event,
		.frequency_hz = options->frequency_hz,
		.count = options->count,
	};
	int err = probe_refused(options->ignore_kernel_bugs, fault);

	if (!err)
		err = selection_resolve(&options->selection, &record->selection, fault);
	if (!err)
		err = sampling_choose(&record->sampling, &sampling, fault);
	if (!err)
		err = destinations_prepare(&record->destinations, "record", &options->outputs, fault);
	if (!err && !options->outputs.n)
		err = destinations_add_page(&record->destinations, fault);
	record->destinations.keep_unsent = true;
	return err;
}

static int start_collector(struct record *record, struct fault *fault)
{
	const struct record_options *options = &record->options;
	struct selection *selection = &record->selection;
	const struct sampling *sampling = &record->sampling;
	int err = 0;

	if (sampling->event.by_cpu && !selection->by_cpu) {
		selection->by_cpu = true;
		selection->cpus = sampling->event.cpus;
	}
	const struct collector_request request = {
		.selection = selection,
		.attr = sampling->attr,
		.fixed_period = sampling->fixed_period,
		.clock = sampling->event.clock,
		.samples_per_second = sampling->samples_per_second,
		.memory_bytes = options->memory_bytes,
		.follow_command = record_options_follow_command(options),
		.keep_idle = options->idle,
		.with_tid = options->tids,
		.no_user = options->kernel_only,
		.no_kernel = options->user_only,
		.stated = record->with_resources,
	};
	record->collector = collector_new(&request, &err, fault);
	if (record->collector && request.follow_command)
		err = collector_add_member(record->collector, (uint32_t)record->launch.pid, fault);
	return err;
}

static void say_plan(const struct record *record)
{
	const struct sampling *sampling = &record->sampling;
	const struct collector_progress now = collector_progress(record->collector);
	char rate[48];

	if (sampling->frequency_hz)
		snprintf(rate, sizeof(rate), "at %u Hz", sampling->frequency_hz);
	else
		snprintf(rate, sizeof(rate), "every %" PRIu64, sampling->count);
	fprintf(stderr,
		"profound record: %s %s on %u CPUs, room for %u distinct stacks a CPU and drain\n",
		sampling->event.name, rate, now.cpus, now.stacks_per_bank);
}

static void show_progress(void *context, uint64_t elapsed_ns)
{
	struct record *record = context;
	struct collector_progress now = collector_progress(record->collector);

	progress_show(&record->progress, elapsed_ns, now.taken, now.lost);
}

static int sample(struct record *record, struct fault *fault)
{
	const struct record_options *options = &record->options;

	record->progress.total_ns = options->duration_ns;
	record->recording = (struct recording){
		.collector = record->collector,
		.launch = options->command ? &record->launch : NULL,
		.duration_ns = options->duration_ns,
		.progress = options->quiet ? NULL : show_progress,
		.context = record,
	};
	record->trust.start_unix_ns = (int64_t)clock_ns(CLOCK_REALTIME);
	return recording_run(&record->recording, fault);
}

/* What a profile tells of itself and of where it is from. */
static int describe(struct record *record, struct fault *fault)
{
	struct profile *profile = collector_profile(record->collector);
	int err = sample_value_set(profile, &record->sampling);

	profile->start_unix_ns = record->trust.start_unix_ns;
	profile->duration_ns = (int64_t)record->recording.sampled_ns;
	profile_make_recording(profile);
	if (!err && record->with_resources)
		err = profile_resources_make(profile, &record->resources);
	return err ? fault_set(fault, err, "cannot describe the profile: %s", strerror(-err)) : 0;
}

static int name(struct record *record, struct fault *fault)
{
	struct dwarf_worker *dwarf = dwarf_worker_new(&(struct dwarf_worker_options){0});
	const struct symbolize_options options = {
		.demangle = !record->options.no_demangle, .no_inline = record->options.no_inline,
		.debuginfod = record->options.debuginfod, .hash_files = record->with_resources,
		.dwarf = dwarf, .counters = record->counters,
	};
	int err = -ENOMEM;

	if (dwarf) {
		err = symbolize_profile(collector_profile(record->collector),
			collector_objects(record->collector), collector_processes(record->collector),
			collector_kernel_symbols(record->collector), &options);
		dwarf_worker_stop(dwarf);
		record->trust.cpu_seconds += (double)dwarf_worker_cpu_ns(dwarf) / 1e9;
	}
	dwarf_worker_free(dwarf);
	return err ? fault_set(fault, err, "cannot name the frames: %s", strerror(-err)) : 0;
}

static const char *file_of(void *objects, const struct frame *frame)
{
	return symbolize_file_of(objects, frame);
}

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void fill_machine(struct record *record)
{
	const struct sampling *sampling = &record->sampling;
	struct trust *trust = &record->trust;
	trust->event = sampling->event.name;
	if (sampling->event.fell_back)
		trust->event_asked = record->options.event ? record->options.event : "cycles";
	trust->frequency_hz = sampling->frequency_hz ? sampling->frequency_hz : TRUST_NULL;
	trust->period = sampling->frequency_hz ? TRUST_NULL
			: sampling->fixed_period ? (int64_t)sampling->fixed_period
					       : (int64_t)sampling->count;
	snprintf(trust->kernel, sizeof(trust->kernel), "%s", record->resources.host.version);
	snprintf(trust->host, sizeof(trust->host), "%s", record->resources.host.name);
}

/* VmHWM (proc(5)): ru_maxrss would be that of whoever forked us, where that was larger. */
static int64_t max_rss_bytes(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	int64_t kib = 0;
	char line[256];

	if (!status)
		return TRUST_NULL;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "VmHWM: %" SCNd64, &kib) == 1)
			break;
	fclose(status);
	return kib ? kib * 1024 : TRUST_NULL;
}

/* Last of all figures, so that what it took to derive the others is in it. */
static void fill_cost(struct record *record)
{
	const struct recording *recording = &record->recording;
	struct trust *trust = &record->trust;
	struct rusage usage;
	double sampled = (double)recording->sampled_ns / 1e9;

	getrusage(RUSAGE_SELF, &usage);
	trust->cpu_seconds += seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
	trust->max_rss_bytes = max_rss_bytes();
	trust->ready_seconds = (double)(recording->enabled_ns - record->began_ns) / 1e9;
	trust->sampled_seconds = sampled;
	trust->total_seconds = (double)(clock_now_ns() - record->began_ns) / 1e9;
	trust->machine_share =
		trust->cpu_seconds / trust->total_seconds / (double)sysconf(_SC_NPROCESSORS_ONLN);
}

static int derive_trust(struct record *record, struct fault *fault)
{
	struct trust *trust = &record->trust;
	int err;

	collector_trust(record->collector, trust);
	for (int i = 0; i < COUNTERS; i++)
		trust->counter[i] += (int64_t)record->counters[i];
	fill_machine(record);
	err = trust_count_frames(trust, collector_profile(record->collector), file_of,
		(void *)(uintptr_t)collector_objects(record->collector));
	if (err)
		return fault_set(fault, err, "cannot add up the figures: %s", strerror(-err));
	fill_cost(record);
	return 0;
}

static void print_summary(const struct trust *trust)
{
	struct summary summary;

	if (summary_init(&summary, trust, NULL))
		return;
	summary_print(&summary, stderr);
	summary_release(&summary);
}

/* Names, derives and writes what was collected. */
static int deliver(struct record *record, struct fault *fault)
{
	const struct export_view view = {
		.profile = collector_profile(record->collector), .trust = &record->trust,
		.lines = record->options.lines,
	};
	bool say = !record->options.quiet;
	int err = name(record, fault);

	if (!err)
		err = describe(record, fault);
	if (!err)
		err = derive_trust(record, fault);
	if (err)
		return err;
	progress_clear(&record->progress);
	warn_left_out(record);
	if (say)
		print_summary(&record->trust);
	if (record->options.verbose)
		who_list_print(view.profile, WHO_LINES, stderr);
	err = destinations_write(&record->destinations, &view, say);
	fault->text[0] = '\0';
	return err;
}

static int run(struct record *record, struct fault *fault)
{
	struct fault early = {""};
	int err = check(record, fault), cut_short;

	if (err)
		return err;
	warn_lower_rate(record);
	warn_no_servers(record);
	record->with_resources = destinations_carry_resources(&record->destinations);
	read_resources(record);
	recording_block_signals();
	if (record->options.command)
		err = launch_hold(&record->launch, record->options.command, fault);
	/* A reader that goes away must not cost the other files. Only now: the command has its own reader. */
	signal(SIGPIPE, SIG_IGN);
	if (!err)
		err = start_collector(record, fault);
	if (err)
		return err;
	if (record->options.verbose)
		say_plan(record);
	cut_short = sample(record, &early);
	if (launch_refused(&record->launch, fault))
		return -ENOENT;
	destinations_give_up_on_interrupt(&record->destinations, record->recording.interrupted);
	/* Whatever ended sampling, what was collected is written. */
	err = deliver(record, fault);
	if (cut_short)
		cmd_fail("record", cut_short, &early);
	return err ? err : cut_short;
}

static bool below_quality(const struct record *record)
{
	const struct trust *trust = &record->trust;
	double least = record->options.min_quality, found;

	if (least <= 0 || trust->taken <= 0)
		return false;
	found = (double)trust->complete_and_named * 100.0 / (double)trust->taken;
	if (found >= least)
		return false;
	fprintf(stderr,
		"profound record: %.3g %% of the stacks are complete and named, --min-quality asks for "
		"%.3g %%: the lines stacks and names above say why\n",
		found, least);
	return true;
}

/* Waits for a command that outlives the sampling: from here on any signal ends us as it would end anyone. */
static bool await_command(struct record *record)
{
	if (!record->launch.pid || !record->launch.gone_on)
		return false;
	recording_unblock_signals();
	if (!launch_ended(&record->launch, false) && !record->options.quiet)
		fprintf(stderr, "profound record: waiting for %s (process %d) to end\n",
			record->options.command[0], (int)record->launch.pid);
	return launch_ended(&record->launch, true);
}

static int exit_status(struct record *record, int err, const struct fault *fault)
{
	int status = EXIT_DONE;

	if (err && fault->text[0])
		status = cmd_fail("record", err, fault);
	else if (err)
		status = EXIT_FAILED;
	else if (below_quality(record))
		status = EXIT_LOW_QUALITY;
	if (await_command(record) && record->launch.status)
		status = record->launch.status;
	return status;
}

int cmd_record(int argc, char **argv)
{
	/* Not on the stack: profound samples itself too, and what is deep there is copied with every sample. */
	static struct record record = {.launch = {.go_fd = -1, .pid_fd = -1}};
	struct fault fault = {""};
	int status, err;

	record.began_ns = clock_now_ns();
	err = record_options_parse(&record.options, argc, argv, &fault);
	if (!err && record.options.help) {
		option_help(&record_command);
		return EXIT_DONE;
	}
	if (!err)
		err = run(&record, &fault);
	status = exit_status(&record, err, &fault);
	launch_release(&record.launch);
	collector_free(record.collector);
	trust_release(&record.trust);
	resource_options_release(&record.resources);
	destinations_release(&record.destinations);
	return status;
}
