// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "cmd/cmd.h"
#include "cmd/option.h"
#include "cmd/selection_options.h"

#define DEFAULT_HZ 99
#define MOST_HZ 100000
#define DEFAULT_MEMORY (64ULL << 20)
#define LEAST_MEMORY (8ULL << 20)
#define MOST_MEMORY (1ULL << 40)
#define SECOND_NS 1000000000ULL
#define YEAR_NS (365 * 86400 * SECOND_NS)

#define FLAG(option, field)                                                         \
	static int set_##option(void *into, const char *value, struct fault *fault) \
	{                                                                           \
		(void)value, (void)fault;                                           \
		((struct record_options *)into)->field = true;                      \
		return 0;                                                           \
	}

FLAG(all, all_cpus)
FLAG(user_only, user_only)
FLAG(kernel_only, kernel_only)
FLAG(no_demangle, no_demangle)
FLAG(no_inline, no_inline)
FLAG(lines, lines)
FLAG(debuginfod, debuginfod)
FLAG(idle, idle)
FLAG(pids, pids)
FLAG(tids, tids)
FLAG(quiet, quiet)
FLAG(verbose, verbose)
FLAG(ignore_kernel_bugs, ignore_kernel_bugs)

static int set_nothing(void *into, const char *value, struct fault *fault)
{
	(void)into, (void)value, (void)fault;
	return 0;
}

SELECTION_SETTERS(struct record_options, selection)

static int set_frequency(void *into, const char *value, struct fault *fault)
{
	uint64_t hz;

	if (number_decimal(value, &hz) || !hz || hz > MOST_HZ)
		return fault_set(fault, -EINVAL,
			"'%s' is no frequency: a whole number from 1 to %d", value, MOST_HZ);
	((struct record_options *)into)->frequency_hz = hz;
	return 0;
}

static int set_count(void *into, const char *value, struct fault *fault)
{
	uint64_t count;

	if (number_scaled(value, 1000, &count) || !count || count > INT64_MAX)
		return fault_set(fault, -EINVAL,
			"'%s' is no count: a whole number from 1, with k, m or g for "
			"thousands, millions or billions",
			value);
	((struct record_options *)into)->count = count;
	return 0;
}

static int set_event(void *into, const char *value, struct fault *fault)
{
	struct record_options *options = into;

	if (options->event)
		return fault_set(fault, -EINVAL, "'%s' is a second event after %s: one at a time",
			value, options->event);
	if (!*value)
		return fault_set(fault, -EINVAL, "an empty name; see profound list events");
	options->event = value;
	return 0;
}

static int set_duration(void *into, const char *value, struct fault *fault)
{
	uint64_t ns;

	if (number_fraction(value, SECOND_NS, &ns) || !ns || ns > YEAR_NS)
		return fault_set(fault, -EINVAL,
			"'%s' is no duration: seconds above 0, such as 10 or 0.5, up to a year",
			value);
	((struct record_options *)into)->duration_ns = ns;
	return 0;
}

static int take_argument(void *into, const char *value, struct fault *fault)
{
	if (set_duration(into, value, NULL))
		return fault_set(fault, -EINVAL,
			"unexpected argument '%s': a bare argument is a number of seconds, "
			"a command to run follows --",
			value);
	return 0;
}

static int set_output(void *into, const char *value, struct fault *fault)
{
	return output_options_add(&((struct record_options *)into)->outputs, value, fault);
}

static int set_format(void *into, const char *value, struct fault *fault)
{
	return output_options_set_format(&((struct record_options *)into)->outputs, value, fault);
}

static int set_stats(void *into, const char *value, struct fault *fault)
{
	return output_options_set_stats(&((struct record_options *)into)->outputs, value, fault);
}

static int set_memory(void *into, const char *value, struct fault *fault)
{
	uint64_t bytes;

	if (number_scaled(value, 1024, &bytes) || bytes < LEAST_MEMORY || bytes > MOST_MEMORY)
		return fault_set(
			fault, -EINVAL, "'%s' is no size from 8M to 1T: write it like 64M", value);
	((struct record_options *)into)->memory_bytes = bytes;
	return 0;
}

static int set_min_quality(void *into, const char *value, struct fault *fault)
{
	uint64_t thousandths;

	if (number_fraction(value, 1000, &thousandths) || thousandths > 100000)
		return fault_set(fault, -EINVAL, "'%s' is no percentage from 0 to 100", value);
	((struct record_options *)into)->min_quality = thousandths / 1000.0;
	return 0;
}

static const struct option_spec record_option_table[] = {
	{"selection", 'a', "all-cpus", NULL, "everything (default without -p, -t and --)", set_all},
	SELECTION_ROWS

	{"sampling", 'F', "freq", "HZ", "samples a second and CPU (default 99)", set_frequency},
	{"sampling", 0, "frequency", "HZ", NULL, set_frequency},
	{"sampling", 'c', "count", "COUNT", "one sample per COUNT events, like 1m", set_count},
	{"sampling", 'e', "event", "EVENT", "default cycles, else cpu-clock; profound list",
		set_event},
	{"sampling", 'd', "duration", "SECONDS", "stop after that time, like 10 or 0.5",
		set_duration},
	{"sampling", 'U', "user-stacks-only", NULL, "leave kernel frames out", set_user_only},
	{"sampling", 'K', "kernel-stacks-only", NULL, "leave user frames out", set_kernel_only},
	{"sampling", 'g', NULL, NULL, "ignored: stacks are always taken", set_nothing},

	{"output", 'o', "output", "FILE|URL", ".html .folded .otlp .pb.gz - or a URL: profound list",
		set_output},
	{"output", 0, "format", "NAME", "of the -o before it, instead of its extension",
		set_format},
	{"output", 0, "lines", NULL, "folded names end in (FILE:LINE)", set_lines},
	{"output", 0, "no-inline", NULL, "no frames of their own for inlined functions",
		set_no_inline},
	{"output", 0, "no-demangle", NULL, "C++ and Rust names as the linker has them",
		set_no_demangle},
	{"output", 0, "debuginfod", NULL, "ask DEBUGINFOD_URLS for debug files too",
		set_debuginfod},
	{"output", 0, "idle", NULL, "draw idle CPUs too", set_idle},
	{"output", 0, "pids", NULL, "process.pid becomes an attribute (OTLP)", set_pids},
	{"output", 0, "tids", NULL, "thread.id becomes one of samples (OTLP, pprof)", set_tids},
	{"output", 0, "stats", "FILE", "figures about this run as JSON", set_stats},
	{"output", 0, "min-quality", "PCT", "exit 3 if fewer stacks are whole and named",
		set_min_quality},
	{"output", 'q', "quiet", NULL, "no progress, no summary", set_quiet},
	{"output", 'v', "verbose", NULL, "say more", set_verbose},

	{"limits", 0, "memory", "SIZE", "for what is kept in the kernel (default 64M)", set_memory},
	{"limits", 0, "ignore-kernel-bugs", NULL, "run where a kernel bug may freeze it",
		set_ignore_kernel_bugs},
};

static const char *const record_examples[] = {
	"profound record -d 10                       the whole machine for ten seconds",
	"profound record -p 1234 -F 999 -o out.html  one process, 999 times a second",
	"profound record -o - -- make -j4 | less     a command, folded lines on stdout",
	"profound record -d 60 -o otlp               send it as OTEL_EXPORTER_OTLP_* say",
	NULL,
};

const struct command_spec record_command = {
	.name = "record",
	.synopsis = "[selection] [sampling] [output] [SECONDS] [-- COMMAND [ARG...]]",
	.summary = "sample for a while, write files, say how far to trust them",
	.options = record_option_table,
	.n_options = sizeof(record_option_table) / sizeof(*record_option_table),
	.argument = take_argument,
	.examples = record_examples,
	.takes_command = true,
	.run = cmd_record,
};

static int check_conflicts(const struct record_options *options, struct fault *fault)
{
	const struct {
		bool both;
		const char *a, *b, *why;
	} conflicts[] = {
		{options->frequency_hz && options->count, "-F", "-c",
			"a rate or a count, not both"},
		{options->user_only && options->kernel_only, "-U", "-K", "that leaves no frames"},
		{options->all_cpus && options->selection.pids.n, "-a", "-p", "everything or these"},
		{options->all_cpus && options->selection.tids.n, "-a", "-t", "everything or these"},
		{options->quiet && options->verbose, "-q", "-v", "less or more"},
	};

	for (unsigned i = 0; i < sizeof(conflicts) / sizeof(*conflicts); i++)
		if (conflicts[i].both)
			return fault_set(fault, -EINVAL, "%s and %s exclude each other: %s",
				conflicts[i].a, conflicts[i].b, conflicts[i].why);
	return 0;
}

int record_options_parse(struct record_options *options, int argc, char **argv, struct fault *fault)
{
	struct record_options parsed = {.memory_bytes = DEFAULT_MEMORY};
	struct option_result result;
	int err = option_parse(&record_command, argc, argv, &parsed, &result, fault);

	if (err)
		return err;
	if (result.help) {
		*options = (struct record_options){.help = true};
		return 0;
	}
	parsed.command = result.command;
	err = check_conflicts(&parsed, fault);
	if (!err)
		err = output_options_finish(&parsed.outputs, fault);
	if (err)
		return err;
	if (!parsed.frequency_hz && !parsed.count)
		parsed.frequency_hz = DEFAULT_HZ;
	*options = parsed;
	return 0;
}

bool record_options_follow_command(const struct record_options *options)
{
	return options->command && !options->all_cpus && !options->selection.pids.n &&
	       !options->selection.tids.n;
}
