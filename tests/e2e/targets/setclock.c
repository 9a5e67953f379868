// SPDX-License-Identifier: GPL-2.0-or-later
/* Preloaded: the wall clock is off by as many seconds as the file SET_CLOCK says. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long offset(void)
{
	const char *path = getenv("SET_CLOCK");
	FILE *file = path ? fopen(path, "re") : NULL;
	long long seconds = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lld", &seconds) != 1)
		seconds = 0;
	fclose(file);
	return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	int err = (int)syscall(SYS_clock_gettime, clock, time);

	if (!err && clock == CLOCK_REALTIME)
		time->tv_sec += offset();
	return err;
}
