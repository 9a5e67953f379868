// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agent/listener.h"
#include "agent/logger.h"
#include "agent/metrics.h"
#include "agent/notifier.h"
#include "agent/outlet.h"
#include "agent/sampler.h"
#include "agent/wall_clock.h"
#include "agent/writer.h"
#include "base/clock.h"
#include "base/event_loop.h"
#include "base/usage.h"
#include "collect/capabilities.h"
#include "collect/recording.h"
#include "parser/parser_process.h"
#include "recorder/call_filter.h"
#include "recorder/privileges.h"

#define WRITE_MOST_NS (120 * NS_PER_SECOND)
#define SHORTEST_NS NS_PER_SECOND /* of an interval that memory ends */
/* From a signal on: systemd and Kubernetes wait longer, people do not. */
#define BEFORE_UNTIL_NS (NS_PER_SECOND * 4 / 10) /* for the interval before the last */
#define NAMES_UNTIL_NS (NS_PER_SECOND * 8 / 10)
#define WRITTEN_UNTIL_NS (NS_PER_SECOND * 15 / 10)
#define SENT_UNTIL_NS (NS_PER_SECOND * 19 / 10)
#define FEW_FILES 256
#define SELDOM 30 /* ticks */
#define RATE_DOWN 0.9 /* below what would be the limit */
#define RATE_UP 0.6   /* of the limit: there is room */

struct agent {
	const struct agent_options *options;
	struct privileges privileges;
	struct event_loop loop;
	struct sampler sampler;
	struct outlet outlet;
	struct writer writer;
	struct metrics metrics;
	struct listener *listener;
	struct event_source collector, signals, tick, end;
	uint64_t end_ns; /* of this interval (CLOCK_MONOTONIC), when `end` is readable */
	uint64_t watchdog_ns, told_ns;
	struct wall_clock wall_clock;
	struct spool_depth depth; /* as it was at the last look */
	unsigned ticks;
	bool short_of_memory; /* this interval has to end */
	bool resumed;         /* the same: what the recording knows of clocks is wrong */
	bool waits;           /* it is longer than it should be: the one before is not written */
	double spent_seconds; /* of CPU when this interval began, all in */
	uint64_t stopped_ns;  /* when the signal came */
};

static struct collector *collector_of(const struct agent *agent)
{
	return agent->sampler.now->collector;
}

static double all_seconds(const struct agent *agent)
{
	return usage_cpu_seconds(RUSAGE_SELF) + agent->writer.cpu_seconds + agent->sampler.bpf_seconds;
}

/* Out of memory, this interval gives back what it has, and the next one goes on. */
static int end_early(struct agent *agent, int err)
{
	if (err != -ENOMEM)
		return err;
	if (!agent->short_of_memory) {
		metrics_begin(&agent->metrics)->cut_short++;
		metrics_end(&agent->metrics);
	}
	agent->short_of_memory = true;
	return 0;
}

static int on_collector(void *context)
{
	struct agent *agent = context;

	return end_early(agent, collector_work(collector_of(agent)));
}

/* What samples now. */
static void watch_collector(struct agent *agent)
{
	event_loop_remove(&agent->loop, &agent->collector);
	agent->collector = (struct event_source){collector_fd(collector_of(agent)), on_collector, agent};
	event_loop_add(&agent->loop, &agent->collector);
}

/* To what the interval's cost allows; what was asked for at most. */
static void adapt_rate(struct agent *agent, double spent, uint64_t lasted_ns)
{
	double share = 100 * spent / ((double)lasted_ns / 1e9) / (double)sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t asked = agent->options->recorder.sampling.frequency_hz;
	uint32_t before = agent->sampler.options.sampling.frequency_hz, hz = before;
	double limit = agent->options->max_cpu;

	if (!limit || !hz)
		return;
	if (share > limit)
		hz = (uint32_t)((double)hz * RATE_DOWN * limit / share);
	else if (share < RATE_UP * limit && hz < asked)
		hz += hz / 4 + 1;
	hz = hz < 1 ? 1 : hz > asked ? asked : hz;
	if (hz == before)
		return;
	sampler_set_rate(&agent->sampler, hz);
	logger_say(share > limit ? LOG_WARNING : LOG_INFO, "the rate is adapted to --max-cpu", "share_percent",
		logger_number(share), "hertz", logger_number(hz), NULL);
}

static void set_end(struct agent *agent, uint64_t end_ns)
{
	const struct itimerspec when = {
		.it_value = {(time_t)(end_ns / NS_PER_SECOND), (long)(end_ns % NS_PER_SECOND)}};

	agent->end_ns = end_ns;
	timerfd_settime(agent->end.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* They follow one another by the clock, whatever each took; one that came late begins a new row. */
static void begin_interval(struct agent *agent)
{
	uint64_t now = clock_now_ns(), length = agent->options->interval_ns, next = agent->end_ns + length;

	set_end(agent, next > now && next < now + length ? next : now + length);
	agent->spent_seconds = all_seconds(agent);
	agent->short_of_memory = agent->resumed = agent->waits = false;
}

/* As long as it is not known what time it is, nothing is too old. */
static void look_at_clock(struct agent *agent)
{
	int64_t step_ns = wall_clock_look(&agent->wall_clock);

	if (wall_clock_was_suspended(&agent->wall_clock)) {
		agent->resumed = true;
		logger_say(LOG_INFO, "the machine was suspended: this interval ends", NULL);
	}
	agent->writer.store_age_ns = wall_clock_is_steady(&agent->wall_clock) ? agent->options->store_age_ns : 0;
	if (!step_ns)
		return;
	logger_say(LOG_WARNING, "the wall clock was set; for an hour nothing goes from the store by age", "step_seconds",
		logger_number((double)step_ns / 1e9), NULL);
	metrics_begin(&agent->metrics)->clock_steps++;
	metrics_end(&agent->metrics);
}

static void cut(struct agent *agent)
{
	const struct recorder *now = agent->sampler.now;
	struct fault fault = {""};
	struct recorder *last;

	look_at_clock(agent);
	if (writer_is_busy(&agent->writer)) {
		if (!agent->waits) {
			metrics_begin(&agent->metrics)->extended++;
			metrics_end(&agent->metrics);
		}
		agent->waits = true;
		return;
	}
	/* What an interval cost that began with a renewal says nothing of its rate. */
	if (agent->sampler.kept)
		adapt_rate(agent, all_seconds(agent) - agent->spent_seconds, clock_now_ns() - now->enabled_ns);
	last = sampler_cut(&agent->sampler, agent->short_of_memory || agent->resumed, &fault);
	if (!last)
		logger_say(LOG_WARNING, "the next interval cannot begin: this one goes on", "reason", fault.text, NULL);
	if (agent->sampler.now != now)
		watch_collector(agent);
	if (last)
		writer_take(&agent->writer, last, 0);
	begin_interval(agent);
}

static void on_freed(void *context)
{
	struct agent *agent = context;

	if (agent->waits && !agent->loop.done)
		set_end(agent, clock_now_ns());
}

/* A look costs as much as there are files. */
static void look_at_spool(struct agent *agent)
{
	if (agent->outlet.sends && (agent->depth.files < FEW_FILES || !(agent->ticks % SELDOM)))
		spool_look(&agent->outlet.spool, &agent->depth);
}

/* Two recordings have maps while the end of one is written. */
static uint64_t bpf_bytes(const struct agent *agent)
{
	const struct recorder *last = agent->writer.recorder;
	bool two = last && last->collector != collector_of(agent);

	return collector_bpf_bytes(collector_of(agent)) + (two ? collector_bpf_bytes(last->collector) : 0);
}

static void measure(struct agent *agent)
{
	const struct agent_options *options = agent->options;
	/* RssAnon: what is ours; the BPF maps that we map are counted as those. */
	uint64_t heap = usage_memory_bytes("RssAnon"), bpf = bpf_bytes(agent);
	struct metrics_values *values;
	bool full = heap + bpf > options->memory_bytes;

	look_at_spool(agent);
	values = metrics_begin(&agent->metrics);
	values->alive_ns = clock_now_ns();
	values->heap_bytes = heap;
	values->bpf_bytes = bpf;
	values->cpu_seconds = all_seconds(agent);
	values->depth = agent->depth;
	values->frequency_hz = agent->sampler.now->sampling.frequency_hz;
	values->processes = processes_count(collector_processes(collector_of(agent)));
	values->files = objects_count(collector_objects(collector_of(agent)));
	values->tables = collector_tables(collector_of(agent));
	values->published = collector_spaces(collector_of(agent)).published;
	if (agent->outlet.sends)
		values->sending = forwarder_figures(&agent->outlet.forwarder);
	metrics_end(&agent->metrics);
	if (full)
		writer_hurry(&agent->writer);
	if (!full || agent->short_of_memory || clock_now_ns() - agent->sampler.now->enabled_ns < SHORTEST_NS)
		return;
	end_early(agent, -ENOMEM);
	logger_say(LOG_WARNING, "memory is short: this interval ends early", "heap", logger_number((double)heap), "bpf",
		logger_number((double)bpf), "limit", logger_number((double)options->memory_bytes), NULL);
}

static void tell_watchdog(struct agent *agent)
{
	uint64_t now = clock_now_ns();

	if (!agent->watchdog_ns || now - agent->told_ns < agent->watchdog_ns)
		return;
	agent->told_ns = now;
	notifier_tell("WATCHDOG=1");
}

static int on_tick(void *context)
{
	struct agent *agent = context;
	uint64_t ticks;
	int err;

	if (read(agent->tick.fd, &ticks, sizeof(ticks)) != sizeof(ticks))
		return 0;
	agent->ticks++;
	err = end_early(agent, collector_tick(collector_of(agent)));
	look_at_clock(agent);
	writer_look(&agent->writer);
	measure(agent);
	tell_watchdog(agent);
	if (agent->short_of_memory || agent->resumed)
		cut(agent);
	return err;
}

static int on_end(void *context)
{
	struct agent *agent = context;
	uint64_t expirations;

	if (read(agent->end.fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		cut(agent);
	return 0;
}

static int on_signal(void *context)
{
	struct agent *agent = context;
	struct signalfd_siginfo info;

	if (read(agent->signals.fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	agent->stopped_ns = clock_now_ns();
	agent->loop.done = true;
	return 0;
}

/* every_ns 0: not yet. */
static int open_timer(uint64_t every_ns)
{
	const struct timespec every = {(time_t)(every_ns / NS_PER_SECOND), (long)(every_ns % NS_PER_SECOND)};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timerfd_settime(fd, 0, &(struct itimerspec){every, every}, NULL);
	return fd;
}

static int watch(struct agent *agent, struct fault *fault)
{
	int err;

	agent->signals = (struct event_source){recording_open_signals(), on_signal, agent};
	agent->tick = (struct event_source){open_timer(NS_PER_SECOND), on_tick, agent};
	agent->end = (struct event_source){open_timer(0), on_end, agent};
	if (agent->signals.fd < 0 || agent->tick.fd < 0 || agent->end.fd < 0)
		return fault_set(fault, -errno, "cannot wait for signals and time: %s", strerror(errno));
	err = event_loop_add(&agent->loop, &agent->signals);
	if (!err)
		err = event_loop_add(&agent->loop, &agent->tick);
	if (!err)
		err = event_loop_add(&agent->loop, &agent->end);
	return err ? fault_set(fault, err, "cannot wait for events: %s", strerror(-err)) : 0;
}

static int listen_on(struct agent *agent, struct fault *fault)
{
	const struct agent_options *options = agent->options;
	int err = options->listen ? listener_start(&agent->listener, options->listen, &agent->metrics, fault) : 0;

	if (!err || options->must_listen)
		return err;
	logger_say(LOG_WARNING, "nobody can ask for metrics", "reason", fault->text, NULL);
	return 0;
}

/* Before anything is opened: what needs more than stays fails now, not in an hour when a child wants to write. */
static int lower_privileges(struct agent *agent, struct fault *fault)
{
	uint64_t missing = capabilities_missing(capabilities_effective());

	for (unsigned i = 0; i < n_capabilities; i++)
		if (missing >> capabilities[i].number & 1)
			logger_say(LOG_WARNING, "a capability is missing", "name", capabilities[i].name, "costs",
				capabilities[i].costs, NULL);
	privileges_take(&agent->privileges);
	return privileges_lower(0, fault);
}

static void filter_calls(void)
{
	int err = call_filter_install(parser_process_program);

	if (err)
		logger_say(LOG_WARNING, "there is no seccomp filter", "reason", strerror(-err), NULL);
}

static int check(struct agent *agent, struct fault *fault)
{
	const struct agent_options *options = agent->options;
	const struct outlet_options outlet = {options->endpoint, options->spool, options->store, options->spool_bytes};
	int err = sampler_check(&agent->sampler, &options->recorder, &agent->privileges, fault);

	if (!err)
		err = lower_privileges(agent, fault);
	if (!err)
		err = outlet_open(&agent->outlet, &outlet, fault);
	if (!err && recorder_read_host(&agent->sampler.base))
		logger_say(LOG_WARNING, "OTEL_RESOURCE_ATTRIBUTES is ignored: no list of key=value,key=value", NULL);
	return err;
}

static int start(struct agent *agent, struct fault *fault)
{
	const struct agent_options *options = agent->options;
	int err = event_loop_init(&agent->loop);

	if (err)
		return fault_set(fault, err, "cannot wait for events: %s", strerror(-err));
	agent->writer = (struct writer){
		.loop = &agent->loop, .outlet = &agent->outlet, .metrics = &agent->metrics,
		.store_bytes = options->store_bytes, .most_ns = WRITE_MOST_NS,
		.freed = on_freed, .context = agent, .scribe = SCRIBE_NONE, .close_fd = -1,
	};
	err = watch(agent, fault);
	if (!err)
		err = listen_on(agent, fault);
	if (agent->listener)
		agent->writer.close_fd = listener_fd(agent->listener);
	if (!err)
		err = outlet_start(&agent->outlet, fault);
	if (!err)
		err = sampler_start(&agent->sampler, fault);
	if (err)
		return err;
	look_at_clock(agent);
	watch_collector(agent);
	begin_interval(agent);
	return 0;
}

static void begin_metrics(struct agent *agent)
{
	struct metrics_values *values = metrics_begin(&agent->metrics);

	values->alive_ns = clock_now_ns();
	values->sampling = true;
	values->memory_limit_bytes = agent->options->memory_bytes;
	values->frequency_asked_hz = agent->options->recorder.sampling.frequency_hz;
	values->frequency_hz = agent->sampler.now->sampling.frequency_hz;
	values->spooling = agent->outlet.sends;
	values->storing = agent->outlet.store != NULL;
	metrics_end(&agent->metrics);
}

static void tell_start(const struct agent *agent)
{
	const struct agent_options *options = agent->options;

	logger_say(LOG_INFO, "sampling", "event", agent->sampler.now->sampling.event.name, "hertz",
		logger_number(agent->sampler.now->sampling.frequency_hz), "interval_seconds",
		logger_number((double)options->interval_ns / 1e9), "endpoint",
		agent->outlet.sends ? agent->outlet.endpoint.shown : "none", "spool",
		options->spool ? options->spool : agent->outlet.sends ? "in memory" : "none", "store",
		options->store ? options->store : "none", "listen",
		agent->listener ? listener_address(agent->listener) : "none", NULL);
}

/* The last interval is written and sent before anybody loses patience. */
static void stop(struct agent *agent)
{
	uint64_t since = agent->stopped_ns ? agent->stopped_ns : clock_now_ns();

	if (agent->sampler.now) {
		struct recorder *last;

		notifier_tell("STOPPING=1");
		logger_say(LOG_INFO, "stopping", NULL);
		last = sampler_end(&agent->sampler);
		writer_finish(&agent->writer, since + BEFORE_UNTIL_NS);
		privileges_turn(&agent->privileges);
		writer_take(&agent->writer, last, since + NAMES_UNTIL_NS);
		writer_finish(&agent->writer, since + WRITTEN_UNTIL_NS);
	}
	outlet_close(&agent->outlet, since + SENT_UNTIL_NS);
}

static void release(struct agent *agent)
{
	listener_stop(agent->listener);
	if (agent->signals.fd >= 0)
		close(agent->signals.fd);
	if (agent->tick.fd >= 0)
		close(agent->tick.fd);
	if (agent->end.fd >= 0)
		close(agent->end.fd);
	event_loop_release(&agent->loop);
	sampler_release(&agent->sampler);
	metrics_release(&agent->metrics);
	privileges_release(&agent->privileges);
}

int agent_run(const struct agent_options *options, struct fault *fault)
{
	static struct agent agent;
	int err;

	agent = (struct agent){.options = options, .privileges = PRIVILEGES_NONE, .loop.epoll_fd = -1, .outlet = OUTLET_NONE,
		.collector.fd = -1, .signals.fd = -1, .tick.fd = -1, .end.fd = -1, .watchdog_ns = notifier_watchdog_ns()};
	metrics_init(&agent.metrics);
	recording_block_signals();
	signal(SIGPIPE, SIG_IGN);
	err = check(&agent, fault);
	if (!err)
		err = start(&agent, fault);
	if (!err) {
		filter_calls();
		begin_metrics(&agent);
		tell_start(&agent);
		notifier_tell("READY=1");
		err = event_loop_run(&agent.loop);
		if (err)
			fault_set(fault, err, "sampling ended early: %s", strerror(-err));
	}
	stop(&agent);
	release(&agent);
	return err;
}
