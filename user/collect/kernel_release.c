// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/kernel_release.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

static int parse(struct kernel_release *kernel, const char *text)
{
	struct kernel_release parsed = {0, 0, 0};

	if (sscanf(text, "%u.%u.%u", &parsed.major, &parsed.minor, &parsed.patch) < 2)
		return -EINVAL;
	*kernel = parsed;
	return 0;
}

int kernel_release_parse(struct kernel_release *kernel, const char *release, const char *version,
	const char *signature)
{
	const char *last = signature ? strrchr(signature, ' ') : NULL;
	const char *debian = strstr(version, "Debian ");

	if (last && !parse(kernel, last + 1))
		return 0;
	if (debian && !parse(kernel, debian + strlen("Debian ")))
		return 0;
	return parse(kernel, release);
}

int kernel_release_read(struct kernel_release *kernel)
{
	FILE *file = fopen("/proc/version_signature", "re");
	char line[256], *signature = NULL;
	struct utsname name;

	if (file) {
		signature = fgets(line, sizeof(line), file);
		fclose(file);
	}
	if (uname(&name))
		return -errno;
	return kernel_release_parse(kernel, name.release, name.version, signature);
}

static unsigned long order(unsigned major, unsigned minor, unsigned patch)
{
	return (major * 1000UL + minor) * 100000 + patch;
}

static unsigned long order_of(const struct kernel_release *kernel)
{
	return order(kernel->major, kernel->minor, kernel->patch);
}

bool kernel_release_too_old(const struct kernel_release *kernel)
{
	return order_of(kernel) < order(5, 10, 0);
}

bool kernel_release_freezes(const struct kernel_release *kernel)
{
	static const struct {
		unsigned minor, patch;
	} fixed[] = {{1, 36}, {3, 10}};

	if (order_of(kernel) < order(5, 19, 0) || order_of(kernel) >= order(6, 4, 0))
		return false;
	for (unsigned i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (kernel->major == 6 && kernel->minor == fixed[i].minor &&
			kernel->patch >= fixed[i].patch)
			return false;
	return true;
}
