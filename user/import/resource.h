/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attributes of a resource as they are read, in any order: at most PROFILE_ATTRIBUTES stay, keys once, and those
 * that profound writes itself before others.
 */
#ifndef PROFOUND_RESOURCE_H
#define PROFOUND_RESOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "import/assembly.h"

/* A zeroed struct is empty. */
struct resource {
	struct profile_attribute at[PROFILE_ATTRIBUTES];
	uint32_t count;
};

/* One of the keys that profound writes itself. */
bool resource_knows(const char *key);
/* Text ids. */
void resource_add(struct resource *resource, const struct profile *profile, uint32_t key, uint32_t value);
/* 0 or -ENOMEM. */
int resource_process(struct resource *resource, struct assembly *assembly, uint32_t *process);

#endif
