/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attributes of a resource as they are read, in any order: at most PROFILE_ATTRIBUTES stay, keys once, and those
 * that profound writes itself before others.
 */
#ifndef PROFOUND_ATTRIBUTE_SET_H
#define PROFOUND_ATTRIBUTE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "import/assembly.h"

/* A zeroed struct is empty. */
struct attribute_set {
	struct profile_attribute at[PROFILE_ATTRIBUTES];
	uint32_t count;
};

/* One of the keys that profound writes itself. */
bool attribute_set_knows(const char *key);
/* Text ids. */
void attribute_set_add(struct attribute_set *set, const struct profile *profile, uint32_t key, uint32_t value);
/* 0 or -ENOMEM. */
int attribute_set_process(struct attribute_set *set, struct assembly *assembly, uint32_t *process);

#endif
