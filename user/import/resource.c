// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/resource.h"

#include <string.h>

static const char *const known[] = {
	"service.name",
	"service.namespace",
	"service.version",
	"service.instance.id",
	"deployment.environment.name",
	"process.executable.name",
	"process.executable.path",
	"process.pid",
	"container.id",
	"k8s.pod.uid",
	"host.name",
	"host.id",
	"host.arch",
	"os.type",
	"os.version",
};

_Static_assert(sizeof(known) / sizeof(*known) <= PROFILE_ATTRIBUTES, "known keys");

bool resource_knows(const char *key)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i], key))
			return true;
	return false;
}

void resource_add(struct resource *resource, const struct profile *profile, uint32_t key, uint32_t value)
{
	uint32_t at = resource->count;

	for (uint32_t i = 0; i < resource->count; i++)
		if (resource->at[i].key == key)
			return;
	if (at == PROFILE_ATTRIBUTES) {
		if (!resource_knows(profile_text(profile, key)))
			return;
		/* There are no more known ones than fit. */
		while (resource_knows(profile_text(profile, resource->at[at - 1].key)))
			at--;
		at--;
	} else {
		resource->count++;
	}
	resource->at[at] = (struct profile_attribute){key, value};
}

static void sort(struct resource *resource, const struct profile *profile)
{
	for (uint32_t i = 1; i < resource->count; i++) {
		struct profile_attribute moved = resource->at[i];
		const char *key = profile_text(profile, moved.key);
		uint32_t at = i;

		for (; at && strcmp(profile_text(profile, resource->at[at - 1].key), key) > 0; at--)
			resource->at[at] = resource->at[at - 1];
		resource->at[at] = moved;
	}
}

int resource_process(struct resource *resource, struct assembly *assembly, uint32_t *process)
{
	sort(resource, assembly->profile);
	return assembly_process(assembly, resource->at, resource->count, process);
}
