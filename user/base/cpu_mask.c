// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/cpu_mask.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number(const char **text, unsigned *value)
{
	unsigned long parsed;
	char *end;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	parsed = strtoul(*text, &end, 10);
	if (parsed >= CPU_MASK_CPUS)
		return -ERANGE;
	*text = end;
	*value = parsed;
	return 0;
}

static int range(const char **text, struct cpu_mask *mask)
{
	unsigned first, last;
	int err = number(text, &first);

	if (err)
		return err;
	last = first;
	if (**text == '-') {
		++*text;
		err = number(text, &last);
		if (err)
			return err;
	}
	if (last < first)
		return -EINVAL;
	for (unsigned cpu = first; cpu <= last; cpu++)
		mask->bits[cpu / 64] |= 1ULL << cpu % 64;
	return 0;
}

int cpu_mask_parse(struct cpu_mask *mask, const char *list)
{
	struct cpu_mask parsed = *mask;

	for (;; list++) {
		int err = range(&list, &parsed);

		if (err)
			return err;
		if (!*list)
			break;
		if (*list != ',')
			return -EINVAL;
	}
	*mask = parsed;
	return 0;
}

int cpu_mask_read(struct cpu_mask *mask, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[4096];
	bool got;

	if (!file)
		return -errno;
	got = fgets(line, sizeof(line), file);
	fclose(file);
	if (!got)
		return -ENODATA;
	line[strcspn(line, "\n")] = 0;
	return cpu_mask_parse(mask, line);
}

bool cpu_mask_has(const struct cpu_mask *mask, unsigned cpu)
{
	return cpu < CPU_MASK_CPUS && mask->bits[cpu / 64] >> cpu % 64 & 1;
}

unsigned cpu_mask_count(const struct cpu_mask *mask)
{
	unsigned count = 0;

	for (unsigned i = 0; i < CPU_MASK_CPUS / 64; i++)
		count += __builtin_popcountll(mask->bits[i]);
	return count;
}

unsigned cpu_mask_end(const struct cpu_mask *mask)
{
	unsigned end = CPU_MASK_CPUS;

	while (end && !cpu_mask_has(mask, end - 1))
		end--;
	return end;
}
