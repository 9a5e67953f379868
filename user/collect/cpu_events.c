// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/cpu_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "collect/perf_open.h"

#define ONLINE "/sys/devices/system/cpu/online"

/* As read(2) gives it with our read_format. */
struct reading {
	uint64_t count, enabled_ns;
};

struct cpu_event {
	int fd; /* -1: none */
	uint64_t id;
	uint64_t enabled_ns;         /* as of the last cpu_events_revive() */
	struct reading before;       /* of this CPU's events before it went offline */
	uint64_t throttled_since_ns; /* 0: it is not */
	uint64_t throttled_ns;
};

struct cpu_events {
	struct perf_event_attr attr;
	int program_fd;
	bool by_cpu, enabled;
	uint64_t disabled_ns;
	struct cpu_mask cpus;
	struct sideband *sideband;
	struct cpu_mask online; /* as of the last look */
	unsigned n;
	struct cpu_event *event; /* by CPU number */
};

struct cpu_events *cpu_events_new(const struct perf_event_attr *attr, int program_fd,
	const struct cpu_mask *cpus, struct sideband *sideband)
{
	struct cpu_events *events = calloc(1, sizeof(*events));

	if (!events)
		return NULL;
	events->attr = *attr;
	events->attr.size = sizeof(events->attr);
	events->attr.disabled = 1;
	/* The same as the sideband's: the kernel sends the events' records there only then. */
	events->attr.use_clockid = 1;
	events->attr.clockid = CLOCK_MONOTONIC;
	events->attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME;
	events->attr.sample_id_all = 1;
	events->attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED;
	events->program_fd = program_fd;
	events->by_cpu = cpus != NULL;
	if (cpus)
		events->cpus = *cpus;
	events->sideband = sideband;
	return events;
}

void cpu_events_free(struct cpu_events *events)
{
	if (!events)
		return;
	for (unsigned cpu = 0; cpu < events->n; cpu++)
		if (events->event[cpu].fd >= 0)
			close(events->event[cpu].fd);
	free(events->event);
	free(events);
}

static struct reading read_event(const struct cpu_event *event)
{
	struct reading now = {0};

	if (event->fd < 0 || read(event->fd, &now, sizeof(now)) != sizeof(now))
		now = (struct reading){0};
	now.count += event->before.count;
	now.enabled_ns += event->before.enabled_ns;
	return now;
}

static void end_throttle(struct cpu_event *event, uint64_t time_ns)
{
	if (event->throttled_since_ns && time_ns > event->throttled_since_ns)
		event->throttled_ns += time_ns - event->throttled_since_ns;
	event->throttled_since_ns = 0;
}

static void close_event(struct cpu_events *events, unsigned cpu)
{
	struct cpu_event *event = &events->event[cpu];

	if (event->fd < 0)
		return;
	event->before = read_event(event);
	end_throttle(event, clock_now_ns());
	close(event->fd);
	event->fd = -1;
}

static int make_room(struct cpu_events *events, unsigned cpu)
{
	struct cpu_event *event;

	if (cpu < events->n)
		return 0;
	event = realloc(events->event, (cpu + 1) * sizeof(*event));
	if (!event)
		return -ENOMEM;
	for (unsigned i = events->n; i <= cpu; i++)
		event[i] = (struct cpu_event){.fd = -1};
	events->event = event;
	events->n = cpu + 1;
	return 0;
}

static int open_fault(struct fault *fault, int err, unsigned cpu)
{
	if (err == -EPERM || err == -EACCES)
		return fault_set(fault, err,
			"no permission to sample CPU %u; run as root, or with CAP_PERFMON and CAP_BPF",
			cpu);
	if (err == -EMFILE)
		return fault_set(fault, err,
			"too many open files while opening CPU %u; raise the limit: ulimit -n 65536", cpu);
	return fault_set(
		fault, err, "cannot sample CPU %u: %s (`profound doctor`)", cpu, strerror(-err));
}

static int attach(const struct cpu_events *events, int fd, unsigned cpu)
{
	int output = sideband_fd(events->sideband, (int)cpu);

	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, events->program_fd))
		return -errno;
	/* Without it only the throttling records are missed. */
	if (output >= 0)
		ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, output);
	if (events->enabled && ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		return -errno;
	return 0;
}

static int open_event(struct cpu_events *events, unsigned cpu, struct fault *fault)
{
	int fd = perf_open(&events->attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
	int err;

	if (fd == -ENODEV && events->enabled) /* it went offline again */
		return 0;
	if (fd < 0)
		return open_fault(fault, fd, cpu);
	err = attach(events, fd, cpu);
	if (err) {
		close(fd);
		return open_fault(fault, err, cpu);
	}
	events->event[cpu].fd = fd;
	if (ioctl(fd, PERF_EVENT_IOC_ID, &events->event[cpu].id))
		events->event[cpu].id = 0;
	return 0;
}

static int come(struct cpu_events *events, unsigned cpu, struct fault *fault)
{
	int err = sideband_open_cpu(events->sideband, (int)cpu, fault);

	if (err)
		return err == -ENODEV && events->enabled ? 0 : err;
	if (events->by_cpu && !cpu_mask_has(&events->cpus, cpu))
		return 0;
	if (make_room(events, cpu))
		return fault_set(fault, -ENOMEM, "out of memory");
	close_event(events, cpu);
	return open_event(events, cpu, fault);
}

int cpu_events_follow(struct cpu_events *events, struct fault *fault)
{
	struct cpu_mask now = {0};
	int err = cpu_mask_read(&now, ONLINE);

	if (err)
		return fault_set(fault, err, "cannot read " ONLINE ": %s", strerror(-err));
	if (!memcmp(&now, &events->online, sizeof(now)))
		return 0;
	for (unsigned cpu = 0; cpu < CPU_MASK_CPUS; cpu++) {
		if (!cpu_mask_has(&now, cpu) && cpu < events->n)
			close_event(events, cpu);
		if (cpu_mask_has(&now, cpu) && !cpu_mask_has(&events->online, cpu))
			err = come(events, cpu, fault);
		if (err)
			return err;
	}
	events->online = now;
	return 0;
}

void cpu_events_revive(struct cpu_events *events, unsigned cpu)
{
	uint64_t enabled_ns;
	struct fault fault;

	if (cpu >= events->n || events->event[cpu].fd < 0 || !cpu_mask_has(&events->online, cpu))
		return;
	enabled_ns = read_event(&events->event[cpu]).enabled_ns;
	if (enabled_ns == events->event[cpu].enabled_ns)
		come(events, cpu, &fault);
	events->event[cpu].enabled_ns = enabled_ns;
}

static void control(struct cpu_events *events, unsigned long request)
{
	for (unsigned cpu = 0; cpu < events->n; cpu++)
		if (events->event[cpu].fd >= 0)
			ioctl(events->event[cpu].fd, request, 0);
}

void cpu_events_enable(struct cpu_events *events)
{
	control(events, PERF_EVENT_IOC_ENABLE);
	events->enabled = true;
}

void cpu_events_disable(struct cpu_events *events)
{
	control(events, PERF_EVENT_IOC_DISABLE);
	events->enabled = false;
	events->disabled_ns = clock_now_ns();
}

uint64_t cpu_events_expected(const struct cpu_events *events, uint64_t period, bool clock)
{
	uint64_t sum = 0;

	for (unsigned cpu = 0; cpu < events->n; cpu++) {
		const struct reading reading = read_event(&events->event[cpu]);
		uint64_t count = reading.count;

		if (clock && reading.enabled_ns > count)
			count = reading.enabled_ns;
		sum += count / period;
	}
	return sum;
}

void cpu_events_throttle(
	struct cpu_events *events, uint64_t event_id, uint64_t time_ns, bool goes_on)
{
	for (unsigned cpu = 0; cpu < events->n; cpu++) {
		if (events->event[cpu].id != event_id)
			continue;
		if (goes_on)
			end_throttle(&events->event[cpu], time_ns);
		else if (!events->event[cpu].throttled_since_ns)
			events->event[cpu].throttled_since_ns = time_ns;
	}
}

uint64_t cpu_events_throttled_ns(struct cpu_events *events)
{
	uint64_t sum = 0;

	for (unsigned cpu = 0; cpu < events->n; cpu++) {
		/* Those that nothing started again before the end. */
		end_throttle(&events->event[cpu], events->disabled_ns);
		sum += events->event[cpu].throttled_ns;
	}
	return sum;
}

bool cpu_events_cover(const struct cpu_events *events, unsigned cpu)
{
	return cpu < events->n && (events->event[cpu].fd >= 0 || events->event[cpu].before.enabled_ns);
}

unsigned cpu_events_count(const struct cpu_events *events)
{
	unsigned count = 0;

	for (unsigned cpu = 0; cpu < events->n; cpu++)
		count += events->event[cpu].fd >= 0;
	return count;
}
