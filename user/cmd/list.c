// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cmd/cmd.h"
#include "cmd/exit_code.h"
#include "cmd/option.h"
#include "collect/event_spec.h"
#include "export/exporter.h"
#include "import/importer.h"

static int first_cpu(const struct cpu_mask *cpus)
{
	for (int cpu = 0; cpu < CPU_MASK_CPUS; cpu++)
		if (cpu_mask_has(cpus, cpu))
			return cpu;
	return 0;
}

static bool opens(const char *name)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr), .sample_period = 1000000, .disabled = 1};
	int cpu = sched_getcpu(), fd;
	struct event_spec spec;

	if (event_spec_parse(&spec, name, EVENT_SYSFS, NULL))
		return false;
	attr.type = spec.type;
	attr.config = spec.config;
	attr.config1 = spec.config1;
	attr.config2 = spec.config2;
	cpu = spec.by_cpu ? first_cpu(&spec.cpus) : cpu < 0 ? 0 : cpu;
	fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int print_event(void *context, const char *kind, const char *name, const char *alias)
{
	unsigned *closed = context;
	char names[160];

	if (!opens(name)) {
		++*closed;
		return 0;
	}
	snprintf(names, sizeof(names), "%s%s%s", name, alias ? ", " : "", alias ? alias : "");
	printf("  %-48s %s\n", names, kind);
	return 0;
}

static void list_events(void)
{
	unsigned closed = 0;

	printf("events that open here (-e):\n");
	event_spec_each(EVENT_SYSFS, print_event, &closed);
	if (opens("cycles"))
		printf("  %-48s raw\n  %-48s PMU\n", "rNNN", "PMU/term=value,.../");
	if (closed)
		printf("  %u other known events do not open here; see profound doctor\n", closed);
}

static void list_formats(void)
{
	printf("formats (-o FILE by extension, or --format NAME):\n");
	for (unsigned i = 0; i < n_exporters; i++)
		printf("  %-12s %-16s %s\n", exporters[i].name, exporters[i].extensions,
			exporters[i].help);
	printf("sent by OTLP (-o URL; -o otlp goes by OTEL_EXPORTER_OTLP_*):\n"
	       "  otlp+http://HOST:4318  otlp+https://HOST:4318  otlp+grpc://HOST:4317  otlp+grpcs://HOST:4317\n"
	       "read by report, also packed by gzip:\n ");
	for (unsigned i = 0; i < n_importers; i++)
		printf(" %s", importers[i].name);
	printf("\n");
}

static void list_causes(void)
{
	static const struct {
		const char *class, *name, *help;
	} causes[] = {
#define COUNTER(class, name, help) {#class, #name, help},
#include "counters.def"
#undef COUNTER
	};
	static const struct {
		const char *class, *meaning;
	} classes[] = {
		{"RUN", "runs of the sampling program"},
		{"LOST", "samples that are in no stack"},
		{"CUT", "stacks that are not whole"},
		{"FRAME", "frames without a name"},
		{"NOTE", "what went wrong without a sample being lost or cut"},
	};

	for (unsigned i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		printf("%s: %s\n", classes[i].class, classes[i].meaning);
		for (unsigned j = 0; j < sizeof(causes) / sizeof(*causes); j++)
			if (!strcmp(causes[j].class, classes[i].class))
				printf("  %-24s %s\n", causes[j].name, causes[j].help);
	}
}

static void list_runtimes(void)
{
	printf("runtimes:\n  %-12s %s\n  %-12s %s\n", "native",
		"C, C++, Rust, Go and the like, by their unwind tables", "cpython",
		"CPython 3.6 to 3.15: functions and lines, in place of its loop's frames");
}

static const char *const names[] = {"events", "formats", "causes", "runtimes", NULL};
static void (*const print[])(void) = {list_events, list_formats, list_causes, list_runtimes};

#define LISTS (sizeof(print) / sizeof(*print))

_Static_assert(sizeof(names) / sizeof(*names) == LISTS + 1, "each list has a name");

static int choose(void *into, const char *word, struct fault *fault)
{
	bool *chosen = into;
	char hint[64];

	for (unsigned i = 0; i < LISTS; i++) {
		if (strcmp(word, names[i]))
			continue;
		chosen[i] = true;
		return 0;
	}
	nearest_hint(hint, sizeof(hint), "", nearest_word(word, names, LISTS));
	return fault_set(fault, -EINVAL, "unknown list '%s'%s", word,
		*hint ? hint : "; there are events, formats, causes, runtimes");
}

const struct command_spec list_command = {
	.name = "list",
	.synopsis = "[events] [formats] [causes] [runtimes]",
	.summary = "events, runtimes, output formats and causes that this build knows",
	.argument = choose,
	.words = names,
	.run = cmd_list,
};

int cmd_list(int argc, char **argv)
{
	bool chosen[LISTS] = {false}, all = true;
	struct option_result options;
	struct fault fault;
	int err = option_parse(&list_command, argc, argv, chosen, &options, &fault);

	if (err)
		return cmd_fail(argv[0], err, &fault);
	if (options.help) {
		option_help(&list_command);
		return EXIT_DONE;
	}
	for (unsigned i = 0; i < LISTS; i++)
		all = all && !chosen[i];
	for (unsigned i = 0; i < LISTS; i++)
		if (all || chosen[i])
			print[i]();
	return EXIT_DONE;
}
