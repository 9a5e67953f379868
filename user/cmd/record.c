// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/destinations.h"
#include "cmd/exit_code.h"
#include "cmd/option.h"
#include "cmd/record_options.h"
#include "collect/capabilities.h"
#include "collect/launch.h"
#include "collect/recording.h"
#include "export/summary.h"
#include "export/who_list.h"
#include "parser/parser_process.h"
#include "process/debuginfod.h"
#include "recorder/call_filter.h"
#include "recorder/privileges.h"
#include "recorder/recorder.h"
#include "ui/progress.h"

#define WHO_LINES 20 /* with -v */

/* One `profound record`, from its options to its exit status. */
struct record {
	struct record_options options;
	struct destinations destinations;
	struct recorder_options recorder_options;
	struct recorder recorder;
	struct privileges privileges;
	struct launch launch;
	struct recording recording;
	struct progress progress;
};

static void warn_lower_rate(const struct record *record)
{
	const struct sampling *sampling = &record->recorder.sampling;

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
	if (recorder_read_host(&record->recorder))
		fprintf(stderr,
			"profound record: OTEL_RESOURCE_ATTRIBUTES is ignored: no list of key=value,key=value with %%XX for special "
			"characters\n");
}

static void warn_left_out(const struct record *record)
{
	if (record->recorder.resources.left_out)
		fprintf(stderr,
			"profound record: %u of OTEL_RESOURCE_ATTRIBUTES left out: back ends make labels of them, %d is all\n",
			record->recorder.resources.left_out, PROFILE_ATTRIBUTES);
}

static void warn_no_servers(const struct record *record)
{
	const char *reason;
	struct debuginfod *servers = record->options.debuginfod ? debuginfod_new(&reason) : NULL;

	if (record->options.debuginfod && !servers)
		fprintf(stderr, "profound record: --debuginfod: %s; local debug files are used\n", reason);
	debuginfod_free(servers);
}

static void warn_missing(void)
{
	uint64_t missing = capabilities_missing(capabilities_effective());

	for (unsigned i = 0; i < n_capabilities; i++)
		if (missing >> capabilities[i].number & 1)
			fprintf(stderr, "profound record: %s is missing: %s; `profound doctor` says how to have it\n",
				capabilities[i].name, capabilities[i].costs);
}

/*
 * What ends a recording needs root's: files in directories of whoever calls sudo (output.h) and in --debuginfod's cache, our
 * own program where only its owner may execute it, and signals to a command that became somebody else. An agent does none of that.
 */
static uint64_t kept_for_end(const struct record *record)
{
	uint64_t files = UINT64_C(1) << CAP_DAC_OVERRIDE | UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_FOWNER;

	return record->options.command ? files | UINT64_C(1) << CAP_KILL : files;
}

/* When the command is held, which has what the user has, and before there is another thread. */
static int lower_privileges(struct record *record, struct fault *fault)
{
	privileges_take(&record->privileges);
	return privileges_lower(kept_for_end(record), fault);
}

static void filter_calls(void)
{
	int err = call_filter_install(parser_process_program);

	if (err)
		fprintf(stderr, "profound record: no seccomp filter: %s; it records without\n", strerror(-err));
}

static void fill_options(struct record *record)
{
	const struct record_options *options = &record->options;

	record->recorder_options = (struct recorder_options){
		.sampling = {options->event, options->frequency_hz, options->count},
		.selection = options->selection,
		.follow_command = record_options_follow_command(options),
		.idle = options->idle, .tids = options->tids, .pids = options->pids,
		.no_user = options->kernel_only, .no_kernel = options->user_only,
		.ignore_kernel_bugs = options->ignore_kernel_bugs,
		.no_demangle = options->no_demangle, .no_inline = options->no_inline,
		.debuginfod = options->debuginfod, .memory_bytes = options->memory_bytes,
		.privileges = &record->privileges,
	};
}

/* Everything that can be refused is refused here, before sampling starts and before a file exists. */
static int check(struct record *record, struct fault *fault)
{
	const struct record_options *options = &record->options;
	int err;

	fill_options(record);
	err = recorder_check(&record->recorder, &record->recorder_options, fault);
	if (!err)
		err = destinations_prepare(&record->destinations, "record", &options->outputs, fault);
	if (!err && !options->outputs.n)
		err = destinations_add_page(&record->destinations, fault);
	record->destinations.keep_unsent = true;
	return err;
}

static int start_collector(struct record *record, struct fault *fault)
{
	int err = recorder_open(&record->recorder, fault);

	if (!err && record->recorder_options.follow_command)
		err = collector_add_member(record->recorder.collector, (uint32_t)record->launch.pid, fault);
	return err;
}

static void say_plan(const struct record *record)
{
	const struct sampling *sampling = &record->recorder.sampling;
	const struct collector_progress now = collector_progress(record->recorder.collector);
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
	struct collector_progress now = collector_progress(record->recorder.collector);

	progress_show(&record->progress, elapsed_ns, now.taken, now.lost);
}

static int sample(struct record *record, struct fault *fault)
{
	const struct record_options *options = &record->options;
	int err;

	record->progress.total_ns = options->duration_ns;
	record->recording = (struct recording){
		.collector = record->recorder.collector,
		.launch = options->command ? &record->launch : NULL,
		.duration_ns = options->duration_ns,
		.progress = options->quiet ? NULL : show_progress,
		.context = record,
	};
	record->recorder.trust.start_unix_ns = (int64_t)clock_ns(CLOCK_REALTIME);
	err = recording_run(&record->recording, fault);
	record->recorder.enabled_ns = record->recording.enabled_ns;
	record->recorder.sampled_ns = record->recording.sampled_ns;
	return err;
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
		.profile = recorder_profile(&record->recorder), .trust = &record->recorder.trust,
		.lines = record->options.lines,
	};
	bool say = !record->options.quiet;
	int err;

	recorder_account(&record->recorder);
	err = recorder_complete(&record->recorder, 0, fault);
	if (err)
		return err;
	progress_clear(&record->progress);
	warn_left_out(record);
	if (say)
		print_summary(&record->recorder.trust);
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
	warn_missing();
	warn_lower_rate(record);
	warn_no_servers(record);
	record->recorder_options.with_resources = destinations_carry_resources(&record->destinations);
	read_resources(record);
	recording_block_signals();
	if (record->options.command)
		err = launch_hold(&record->launch, record->options.command, fault);
	/* A reader that goes away must not cost the other files. Only now: the command has its own reader. */
	signal(SIGPIPE, SIG_IGN);
	if (!err)
		err = lower_privileges(record, fault);
	if (!err)
		err = start_collector(record, fault);
	if (err)
		return err;
	filter_calls();
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
	const struct trust *trust = &record->recorder.trust;
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
	static struct record record = {.launch = {.go_fd = -1, .pid_fd = -1}, .privileges = {.statistics_fd = -1}};
	struct fault fault = {""};
	int status, err;

	record.recorder.began_ns = clock_now_ns();
	err = record_options_parse(&record.options, argc, argv, &fault);
	if (!err && record.options.help) {
		option_help(&record_command);
		return EXIT_DONE;
	}
	if (!err)
		err = run(&record, &fault);
	status = exit_status(&record, err, &fault);
	launch_release(&record.launch);
	recorder_release(&record.recorder);
	privileges_release(&record.privileges);
	destinations_release(&record.destinations);
	return status;
}
