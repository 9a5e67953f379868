// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/idle_clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

void idle_clock_read(uint64_t *idle_ns, unsigned cpus)
{
	uint64_t tick_ns = NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK), idle, iowait;
	char line[512];
	unsigned cpu;
	FILE *stat;

	for (cpu = 0; cpu < cpus; cpu++)
		idle_ns[cpu] = IDLE_CLOCK_UNKNOWN;
	stat = fopen("/proc/stat", "re");
	if (!stat)
		return;
	while (fgets(line, sizeof(line), stat) && line[0] == 'c')
		/* cpuN user nice system idle iowait ... */
		if (sscanf(line, "cpu%u %*u %*u %*u %" SCNu64 " %" SCNu64, &cpu, &idle, &iowait) ==
				3 &&
			cpu < cpus)
			idle_ns[cpu] = (idle + iowait) * tick_ns;
	fclose(stat);
}

int idle_clock_init(struct idle_clock *clock, unsigned cpus)
{
	clock->cpus = cpus;
	clock->from_ns = calloc(cpus, sizeof(*clock->from_ns));
	clock->to_ns = calloc(cpus, sizeof(*clock->to_ns));
	if (clock->from_ns && clock->to_ns)
		return 0;
	idle_clock_release(clock);
	return -ENOMEM;
}

void idle_clock_release(struct idle_clock *clock)
{
	free(clock->from_ns);
	free(clock->to_ns);
	*clock = (struct idle_clock){0};
}

void idle_clock_begin(struct idle_clock *clock)
{
	idle_clock_read(clock->from_ns, clock->cpus);
}

void idle_clock_end(struct idle_clock *clock)
{
	idle_clock_read(clock->to_ns, clock->cpus);
}

static uint64_t idle_ns(const struct idle_clock *clock, unsigned cpu)
{
	uint64_t from = clock->from_ns[cpu], to = clock->to_ns[cpu];

	return from != IDLE_CLOCK_UNKNOWN && to != IDLE_CLOCK_UNKNOWN && to > from ? to - from : 0;
}

uint64_t idle_clock_covered(const struct idle_clock *clock, const struct cpu_events *events)
{
	uint64_t sum = 0;

	for (unsigned cpu = 0; cpu < clock->cpus; cpu++)
		if (cpu_events_cover(events, cpu))
			sum += idle_ns(clock, cpu);
	return sum;
}
