/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running kernel's true version, and the versions that profound does not run on. */
#ifndef PROFOUND_KERNEL_RELEASE_H
#define PROFOUND_KERNEL_RELEASE_H

#include <stdbool.h>

struct kernel_release {
	unsigned major, minor, patch;
};

/*
 * `release` and `version` are uname's, `signature` is the text of /proc/version_signature or NULL.
 * Ubuntu's uname -r holds no patch level ("5.15.0-60-generic"), the signature does; Debian's 12
 * neither ("6.1.0-9-amd64"), its version does ("… Debian 6.1.27-1 (…)"). 0, or -EINVAL.
 */
int kernel_release_parse(struct kernel_release *kernel, const char *release, const char *version,
	const char *signature);

int kernel_release_read(struct kernel_release *kernel);

/* 5.10 is the oldest. */
bool kernel_release_too_old(const struct kernel_release *kernel);

/*
 * Reading user memory from a perf event's program can freeze the machine on 5.19 to 6.3: in an NMI
 * copy_from_user_nofault() waits for a lock of vmalloc's (fixed by
 * d319f344561d: 6.4, 6.3.10, 6.1.36).
 */
bool kernel_release_freezes(const struct kernel_release *kernel);

#endif
