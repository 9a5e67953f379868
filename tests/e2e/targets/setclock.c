// SPDX-License-Identifier: GPL-2.0-or-later
/* Preloaded: the wall clock is off by as many seconds as the file SET_CLOCK says, and CLOCK_BOOTTIME by a second number in it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long offset(clockid_t clock)
{
	const char *path = getenv("SET_CLOCK");
	FILE *file = path ? fopen(path, "re") : NULL;
	long long wall = 0, boot = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lld %lld", &wall, &boot) < 1)
		wall = 0;
	fclose(file);
	return clock == CLOCK_REALTIME ? wall : boot;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	int err = (int)syscall(SYS_clock_gettime, clock, time);

	if (!err && (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME))
		time->tv_sec += offset(clock);
	return err;
}
