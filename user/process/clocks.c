// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/clocks.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

static int64_t read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static void read_own_offsets(struct clocks *clocks)
{
	FILE *file = fopen("/proc/self/timens_offsets", "re");
	char name[16];
	long long seconds, ns;

	if (!file)
		return;
	while (fscanf(file, "%15s %lld %lld", name, &seconds, &ns) == 3) {
		if (!strcmp(name, "monotonic"))
			clocks->own_monotonic_ns = seconds * SECOND + ns;
		if (!strcmp(name, "boottime"))
			clocks->own_boottime_ns = seconds * SECOND + ns;
	}
	fclose(file);
}

/* boottime - monotonic as we see them; of several tries the one that took the least time. */
static int64_t measure_suspended(void)
{
	int64_t best = INT64_MAX, result = 0;

	for (int i = 0; i < 5; i++) {
		int64_t before = read_clock(CLOCK_MONOTONIC);
		int64_t boottime = read_clock(CLOCK_BOOTTIME);
		int64_t took = read_clock(CLOCK_MONOTONIC) - before;

		if (took >= best)
			continue;
		best = took;
		result = boottime - (before + took / 2);
	}
	return result;
}

void clocks_init(struct clocks *clocks)
{
	long ticks = sysconf(_SC_CLK_TCK);

	*clocks = (struct clocks){ .tick_ns = SECOND / (ticks > 0 ? ticks : 100) };
	read_own_offsets(clocks);
	clocks->suspended_ns =
		measure_suspended() - clocks->own_boottime_ns + clocks->own_monotonic_ns;
}

uint64_t clocks_now(const struct clocks *clocks)
{
	return (uint64_t)(read_clock(CLOCK_MONOTONIC) - clocks->own_monotonic_ns);
}

uint64_t clocks_monotonic(const struct clocks *clocks, uint64_t boottime_ns)
{
	int64_t time = (int64_t)boottime_ns - clocks->suspended_ns;

	return time > 0 ? (uint64_t)time : 0;
}

bool clocks_same_start(const struct clocks *clocks, uint64_t boottime_ns, uint64_t ticks)
{
	int64_t shown = ((int64_t)boottime_ns + clocks->own_boottime_ns) / clocks->tick_ns;
	int64_t apart = shown - (int64_t)ticks;

	return apart >= -1 && apart <= 1;
}
