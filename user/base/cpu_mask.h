/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of CPU numbers, and the kernel's list notation for it ("0-3,7"). */
#ifndef PROFOUND_CPU_MASK_H
#define PROFOUND_CPU_MASK_H

#include <stdbool.h>
#include <stdint.h>

#define CPU_MASK_CPUS 8192 /* the largest CONFIG_NR_CPUS of x86 */

struct cpu_mask {
	uint64_t bits[CPU_MASK_CPUS / 64];
};

/* Adds the list's CPUs. 0; -EINVAL when it is no list, -ERANGE past CPU_MASK_CPUS; *mask unchanged
 * then. */
int cpu_mask_parse(struct cpu_mask *mask, const char *list);

/* Reads a file that holds one list, such as /sys/devices/system/cpu/online. 0 or a negative errno.
 */
int cpu_mask_read(struct cpu_mask *mask, const char *path);

bool cpu_mask_has(const struct cpu_mask *mask, unsigned cpu);
/* One more than the largest CPU number; 0: the set is empty. */
unsigned cpu_mask_end(const struct cpu_mask *mask);
unsigned cpu_mask_count(const struct cpu_mask *mask);

#endif
