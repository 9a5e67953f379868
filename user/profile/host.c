// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile/host.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

static const char *const id_files[] = {"/etc/machine-id", "/var/lib/dbus/machine-id"};

/* 32 hex digits (machine-id(5)); it is "uninitialized" while an image boots for the first time. */
static bool read_id(const char *path, char id[33])
{
	FILE *file = fopen(path, "re");
	char text[33] = "";
	bool found;

	if (!file)
		return false;
	found = fgets(text, sizeof(text), file) && strspn(text, "0123456789abcdef") == 32;
	fclose(file);
	if (found)
		memcpy(id, text, sizeof(text));
	return found;
}

static const char *arch_of(const char *machine)
{
	static const char *const known[][2] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}};

	for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(machine, known[i][0]))
			return known[i][1];
	return machine;
}

void host_read(struct host *host)
{
	struct utsname names;

	*host = (struct host){0};
	for (unsigned i = 0; i < sizeof(id_files) / sizeof(*id_files); i++)
		if (read_id(id_files[i], host->id))
			break;
	if (uname(&names))
		return;
	snprintf(host->name, sizeof(host->name), "%s", names.nodename);
	snprintf(host->version, sizeof(host->version), "%s", names.release);
	snprintf(host->arch, sizeof(host->arch), "%.15s", arch_of(names.machine));
}
