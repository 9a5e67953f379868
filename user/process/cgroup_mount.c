// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/cgroup_mount.h"

#include <string.h>
#include <sys/sysmacros.h>

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned octal;

		if (from[0] == '\\' && sscanf(from + 1, "%3o", &octal) == 1) {
			*to = (char)octal;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = 0;
}

static bool parse(const char *line, struct cgroup_mount *mount)
{
	const char *tail = strstr(line, " - ");
	unsigned major_number, minor_number;
	char type[32];

	if (!tail || sscanf(tail, " - %31s %*s %255s", type, mount->options) != 2)
		return false;
	mount->v2 = !strcmp(type, "cgroup2");
	if (!mount->v2 && strcmp(type, "cgroup"))
		return false;
	if (sscanf(line, "%*d %*d %u:%u %4095s %4095s", &major_number, &minor_number, mount->root,
		    mount->point) != 4)
		return false;
	mount->dev = makedev(major_number, minor_number);
	unescape(mount->root);
	unescape(mount->point);
	return true;
}

bool cgroup_mount_next(FILE *mountinfo, struct cgroup_mount *mount)
{
	char line[3 * PATH_MAX];

	while (fgets(line, sizeof(line), mountinfo))
		if (parse(line, mount))
			return true;
	return false;
}
