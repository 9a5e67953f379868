// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/agent_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/listener.h"
#include "base/clock.h"
#include "base/number.h"
#include "cmd/cmd.h"
#include "cmd/option.h"
#include "cmd/selection_options.h"
#include "send/endpoint.h"

#define DEFAULT_HZ 19
#define MOST_HZ 100000
#define DEFAULT_INTERVAL_NS (60 * NS_PER_SECOND)
#define LEAST_INTERVAL_NS (NS_PER_SECOND)
#define MOST_INTERVAL_NS (3600 * NS_PER_SECOND)
#define DEFAULT_LISTEN "127.0.0.1:7071"
#define MIB (UINT64_C(1) << 20)
#define LEAST_MEMORY (32 * MIB)
#define MOST_BYTES (UINT64_C(1) << 50)
#define DEFAULT_MEMORY (64 * MIB)
#define MEMORY_OF_CPU (MIB / 2) /* of each beyond the first 16 */
#define DEFAULT_SPOOL (256 * MIB)
#define DEFAULT_STORE (1024 * MIB)
#define LEAST_DISK MIB
#define DAY_NS (86400 * NS_PER_SECOND)
#define DEFAULT_AGE_NS (14 * DAY_NS)

SELECTION_SETTERS(struct cmd_agent_options, agent.recorder.selection)

static struct agent_options *agent_of(void *into)
{
	return &((struct cmd_agent_options *)into)->agent;
}

static int set_frequency(void *into, const char *value, struct fault *fault)
{
	uint64_t hz;

	if (number_decimal(value, &hz) || !hz || hz > MOST_HZ)
		return fault_set(fault, -EINVAL, "'%s' is no frequency: a whole number from 1 to %d", value, MOST_HZ);
	agent_of(into)->recorder.sampling.frequency_hz = (uint32_t)hz;
	return 0;
}

static int set_event(void *into, const char *value, struct fault *fault)
{
	if (!*value)
		return fault_set(fault, -EINVAL, "an empty name; see profound list events");
	agent_of(into)->recorder.sampling.event = value;
	return 0;
}

static int set_interval(void *into, const char *value, struct fault *fault)
{
	uint64_t ns;

	if (number_fraction(value, NS_PER_SECOND, &ns) || ns < LEAST_INTERVAL_NS || ns > MOST_INTERVAL_NS)
		return fault_set(fault, -EINVAL, "'%s' is no interval: seconds from 1 to 3600", value);
	agent_of(into)->interval_ns = ns;
	return 0;
}

static int set_output(void *into, const char *value, struct fault *fault)
{
	if (!endpoint_is_one(value))
		return fault_set(fault, -EINVAL,
			"'%s' is nothing that the agent sends to: otlp, otlp+http://HOST:4318, otlp+grpc://HOST:4317, ...; a file is "
			"what --store keeps", value);
	if (agent_of(into)->endpoint)
		return fault_set(fault, -EINVAL, "'%s' is a second -o: one receiver at a time", value);
	agent_of(into)->endpoint = value;
	return endpoint_check(value, fault);
}

static int set_directory(const char **directory, const char *value, struct fault *fault)
{
	if (!*value)
		return fault_set(fault, -EINVAL, "an empty directory name");
	*directory = value;
	return 0;
}

static int set_spool(void *into, const char *value, struct fault *fault)
{
	return set_directory(&agent_of(into)->spool, value, fault);
}

static int set_store(void *into, const char *value, struct fault *fault)
{
	return set_directory(&agent_of(into)->store, value, fault);
}

static int set_size(uint64_t *bytes, uint64_t least, const char *like, const char *value, struct fault *fault)
{
	uint64_t size;

	if (number_scaled(value, 1024, &size) || size < least || size > MOST_BYTES)
		return fault_set(fault, -EINVAL, "'%s' is no size from %lluM on: write it like %s", value,
			(unsigned long long)(least / MIB), like);
	*bytes = size;
	return 0;
}

static int set_spool_size(void *into, const char *value, struct fault *fault)
{
	return set_size(&agent_of(into)->spool_bytes, LEAST_DISK, "256M", value, fault);
}

static int set_store_size(void *into, const char *value, struct fault *fault)
{
	return set_size(&agent_of(into)->store_bytes, LEAST_DISK, "1G", value, fault);
}

static int set_memory(void *into, const char *value, struct fault *fault)
{
	return set_size(&agent_of(into)->memory_bytes, LEAST_MEMORY, "64M", value, fault);
}

static int set_store_age(void *into, const char *value, struct fault *fault)
{
	uint64_t ns;

	if (number_duration(value, &ns) || !ns)
		return fault_set(fault, -EINVAL, "'%s' is no age: write it like 14d, 36h or 90m", value);
	agent_of(into)->store_age_ns = ns;
	return 0;
}

static int set_listen(void *into, const char *value, struct fault *fault)
{
	struct agent_options *options = agent_of(into);

	options->must_listen = true;
	options->listen = strcmp(value, "none") ? value : NULL;
	return options->listen ? listener_check(value, fault) : 0;
}

static int set_max_cpu(void *into, const char *value, struct fault *fault)
{
	uint64_t thousandths;

	if (number_fraction(value, 1000, &thousandths) || !thousandths || thousandths > 100000)
		return fault_set(fault, -EINVAL, "'%s' is no share of the machine: percent above 0, like 1 or 0.5", value);
	agent_of(into)->max_cpu = (double)thousandths / 1000;
	return 0;
}

static int set_log_format(void *into, const char *value, struct fault *fault)
{
	if (strcmp(value, "json") && strcmp(value, "logfmt"))
		return fault_set(fault, -EINVAL, "unknown log format '%s': there are logfmt and json", value);
	((struct cmd_agent_options *)into)->log_json = !strcmp(value, "json");
	return 0;
}

static int set_no_inline(void *into, const char *value, struct fault *fault)
{
	(void)value, (void)fault;
	agent_of(into)->recorder.no_inline = true;
	return 0;
}

static int set_pids(void *into, const char *value, struct fault *fault)
{
	(void)value, (void)fault;
	agent_of(into)->recorder.pids = true;
	return 0;
}

static int set_tids(void *into, const char *value, struct fault *fault)
{
	(void)value, (void)fault;
	agent_of(into)->recorder.tids = true;
	return 0;
}

static int set_ignore_kernel_bugs(void *into, const char *value, struct fault *fault)
{
	(void)value, (void)fault;
	agent_of(into)->recorder.ignore_kernel_bugs = true;
	return 0;
}

static const struct option_spec agent_option_table[] = {
	SELECTION_ROWS

	{"sampling", 'F', "freq", "HZ", "samples a second and CPU (default 19)", set_frequency},
	{"sampling", 'e', "event", "EVENT", "default cycles, else cpu-clock; profound list", set_event},
	{"sampling", 0, "interval", "SECONDS", "one profile each (default 60)", set_interval},
	{"sampling", 0, "max-cpu", "PCT", "of the machine: above it the rate is lowered", set_max_cpu},
	{"sampling", 0, "no-inline", NULL, "no frames of their own for inlined functions", set_no_inline},

	{"output", 'o', "output", "URL", "otlp (default: as OTEL_* say), otlp+http://HOST:PORT", set_output},
	{"output", 0, "spool", "DIR", "keeps what could not be sent yet (default: memory)", set_spool},
	{"output", 0, "spool-size", "SIZE", "of it; the oldest goes first (default 256M)", set_spool_size},
	{"output", 0, "store", "DIR", "a local history, which profound query asks", set_store},
	{"output", 0, "store-size", "SIZE", "of it (default 1G)", set_store_size},
	{"output", 0, "store-age", "AGE", "of its oldest, like 36h (default 14d)", set_store_age},
	{"output", 0, "pids", NULL, "process.pid becomes an attribute", set_pids},
	{"output", 0, "tids", NULL, "thread.id becomes one of samples", set_tids},

	{"seen from outside", 0, "listen", "ADDR:PORT", "/metrics, /healthz, /readyz (default 127.0.0.1:7071)", set_listen},
	{"seen from outside", 0, "log-format", "NAME", "logfmt (default) or json", set_log_format},

	{"limits", 0, "memory", "SIZE", "of everything, kernel side too (default 64M)", set_memory},
	{"limits", 0, "ignore-kernel-bugs", NULL, "run where a kernel bug may freeze it", set_ignore_kernel_bugs},
};

static const char *const agent_examples[] = {
	"profound agent --store /var/lib/profound/store           no back end: keeps 14 days here",
	"profound agent -o otlp+http://collector:4318 --spool /var/lib/profound/spool",
	"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 profound agent",
	NULL,
};

static const char *const agent_notes[] = {
	"Runs until SIGTERM or Ctrl-C; the last interval is written and sent, within 2 seconds.",
	"With --store and no receiver named by -o or OTEL_EXPORTER_OTLP_*, nothing is sent.",
	NULL,
};

const struct command_spec agent_command = {
	.name = "agent",
	.synopsis = "[selection] [sampling] [output]",
	.summary = "sample all the time: to OTLP, to a local history, or both",
	.options = agent_option_table,
	.n_options = sizeof(agent_option_table) / sizeof(*agent_option_table),
	.examples = agent_examples,
	.notes = agent_notes,
	.run = cmd_agent,
};

static uint64_t default_memory(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	return DEFAULT_MEMORY + (cpus > 16 ? (uint64_t)(cpus - 16) * MEMORY_OF_CPU : 0);
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

static bool has_receiver(void)
{
	return is_set("OTEL_EXPORTER_OTLP_ENDPOINT") || is_set("OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT");
}

static int finish(struct agent_options *agent, struct fault *fault)
{
	if (!agent->endpoint && (!agent->store || has_receiver()))
		agent->endpoint = "otlp";
	if (agent->spool && !agent->endpoint)
		return fault_set(fault, -EINVAL, "--spool keeps what is to be sent, and nothing is: name a receiver by -o");
	agent->recorder.with_resources = true;
	/* Two are there while one is written. */
	agent->recorder.memory_bytes = agent->memory_bytes / 2;
	return 0;
}

int cmd_agent_options_parse(struct cmd_agent_options *options, int argc, char **argv, struct fault *fault)
{
	struct cmd_agent_options parsed = {.agent = {
		.interval_ns = DEFAULT_INTERVAL_NS, .memory_bytes = default_memory(), .listen = DEFAULT_LISTEN,
		.spool_bytes = DEFAULT_SPOOL, .store_bytes = DEFAULT_STORE, .store_age_ns = DEFAULT_AGE_NS,
		.recorder.sampling.frequency_hz = DEFAULT_HZ,
	}};
	struct option_result result;
	int err = option_parse(&agent_command, argc, argv, &parsed, &result, fault);

	parsed.help = result.help;
	if (!err && !parsed.help)
		err = finish(&parsed.agent, fault);
	if (!err)
		*options = parsed;
	return err;
}
