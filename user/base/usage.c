// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

double usage_cpu_seconds(int who)
{
	struct rusage usage;

	if (getrusage(who, &usage))
		return 0;
	return seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
}

uint64_t usage_memory_bytes(const char *name)
{
	FILE *status = fopen("/proc/self/status", "re");
	size_t len = strlen(name);
	uint64_t kib = 0;
	char line[256];

	if (!status)
		return 0;
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, name, len) && sscanf(line + len, ": %" SCNu64, &kib) == 1)
			break;
	fclose(status);
	return kib * 1024;
}
