// SPDX-License-Identifier: GPL-2.0-or-later
/* Paths of cgroups, and /proc/PID/cgroup: whoever may make cgroups chooses them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "process/cgroup_file.h"
#include "process/cgroup_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cgroup_name name;
	const char *path;
	size_t len;
	char *text = malloc(size ? size : 1); /* exactly sized: a read past the end is seen */

	if (!text)
		return 0;
	memcpy(text, data, size);
	cgroup_name_parse(&name, text, size);
	if (strlen(name.container) >= CGROUP_CONTAINER || strlen(name.pod) >= CGROUP_POD ||
		strlen(name.unit) >= CGROUP_UNIT || !name.runtime)
		abort();
	if (name.container[0] && !cgroup_name_is(&name, name.container))
		abort();
	path = cgroup_file_choose(text, size, &len);
	if (path && (path < text || !len || path + len > text + size || path[0] != '/'))
		abort();
	free(text);
	return 0;
}
