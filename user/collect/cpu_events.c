// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/cpu_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "collect/perf_open.h"

#define ONLINE "/sys/devices/system/cpu/online"

struct cpu_event {
	int fd;         /* -1: none */
	uint64_t gone;  /* what events of this CPU counted before it went offline */
};

struct cpu_events {
	struct perf_event_attr attr;
	int program_fd;
	bool by_cpu, enabled;
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

static uint64_t read_count(int fd)
{
	uint64_t count = 0;

	if (fd < 0 || read(fd, &count, sizeof(count)) != sizeof(count))
		return 0;
	return count;
}

static void close_event(struct cpu_event *event)
{
	if (event->fd < 0)
		return;
	event->gone += read_count(event->fd);
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
	close_event(&events->event[cpu]);
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
			close_event(&events->event[cpu]);
		if (cpu_mask_has(&now, cpu) && !cpu_mask_has(&events->online, cpu))
			err = come(events, cpu, fault);
		if (err)
			return err;
	}
	events->online = now;
	return 0;
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
}

uint64_t cpu_events_expected(struct cpu_events *events, uint64_t period)
{
	uint64_t sum = 0;

	for (unsigned cpu = 0; cpu < events->n; cpu++)
		sum += (events->event[cpu].gone + read_count(events->event[cpu].fd)) / period;
	return sum;
}

unsigned cpu_events_count(const struct cpu_events *events)
{
	unsigned count = 0;

	for (unsigned cpu = 0; cpu < events->n; cpu++)
		count += events->event[cpu].fd >= 0;
	return count;
}
