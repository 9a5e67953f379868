/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who ran a sample: the entry's process in the profile, and what is known of it (struct profile_who). The cgroup is
 * that of the sample where the v2 hierarchy tells, else that of the last read of /proc/PID/cgroup; of the two the one
 * that says more (cgroup_file.h). What is not known yet is filled in with a later sample of the same process.
 */
#ifndef PROFOUND_WHO_H
#define PROFOUND_WHO_H

#include "collect/resolve.h"

/* The index of the entry's process in the profile. 0 or -ENOMEM. */
int who_add(const struct resolver *resolver, const struct abi_entry *entry, uint32_t *index);

#endif
