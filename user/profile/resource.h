/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Under which attributes a process's samples are sent (OpenTelemetry semantic conventions 1.37). Back ends make a series
 * of each distinct set, so that it is a fixed list, and only of what stays as it is for as long as a service does:
 *
 *   service.name, .namespace, .version, .instance.id, deployment.environment.name
 *                  what the process states; else the operator; else, for service.name alone, the name of its executable,
 *                  "kernel" for the kernel's own threads, "unknown_service" (as the specification has it) for the rest.
 *                  A stated deployment.environment, its name until 1.27, counts where there is no newer one.
 *   host.name, .id, .arch, os.type, .version
 *                  the operator, else the machine
 *   process.executable.name, .path, container.id, k8s.pod.uid, systemd.unit.name (of services, outside of containers),
 *   process.pid (only when asked for)
 *                  what the kernel knows of that process: nobody's statement counts
 *
 * The operator's further attributes follow, as they stand, while there is room (PROFILE_ATTRIBUTES), but none that would
 * be about a single process: ours is not theirs. Keys and values are clean (base/text.h), values at most RESOURCE_VALUE bytes.
 */
#ifndef PROFOUND_RESOURCE_H
#define PROFOUND_RESOURCE_H

#include <stdbool.h>

#include "base/attribute_text.h"
#include "profile/host.h"
#include "profile/profile.h"

#define RESOURCE_VALUE 256

struct resource_options {
	struct host host;
	/* The operator's: OTEL_SERVICE_NAME ("" or NULL: none) goes before service.name of OTEL_RESOURCE_ATTRIBUTES. */
	const char *service_name;
	struct attributes attributes;
	bool pids;
	/* result: how many of the operator's attributes found no room in some resource */
	unsigned left_out;
};

/* Of this machine and of profound's own environment. 0; -EINVAL: OTEL_RESOURCE_ATTRIBUTES is invalid, and counts as not
 * set; -ENOMEM. */
int resource_options_init(struct resource_options *options);
void resource_options_release(struct resource_options *options);

/* Makes the resource of every process of a profile, once. 0 or -ENOMEM. */
int profile_resources_make(struct profile *profile, struct resource_options *options);

#endif
