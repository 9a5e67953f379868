/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pid namespace profound is in. In the initial one the kernel's own numbers are everybody's; in another one
 * the BPF side picks the number that a task has in it out of the task's struct pid.
 */
#ifndef PROFOUND_PID_NAMESPACE_H
#define PROFOUND_PID_NAMESPACE_H

#include <stdint.h>

#include "base/fault.h"

/*
 * *inum is 0 in the initial namespace, else the namespace's inode number. 0; -EXDEV when /proc belongs to another
 * pid namespace than we do, so that no number in it means what it says; -ENOENT without /proc.
 */
int pid_namespace_self(uint32_t *inum, struct fault *fault);

#endif
