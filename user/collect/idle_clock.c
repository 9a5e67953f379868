// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/idle_clock.h"

#include <inttypes.h>
#include <stdio.h>
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
