/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who ran it, for people: samples by program and cgroup, most first. */
#ifndef PROFOUND_WHO_LIST_H
#define PROFOUND_WHO_LIST_H

#include <stdio.h>

#include "profile/profile.h"

/*
 * At most `limit` lines "who  SAMPLES PROGRAM in [container ID [of RUNTIME]] [pod UID] [unit NAME] [cgroup PATH]"; the
 * path only where it says no more than itself, "?" for what is not known. 0 or -ENOMEM.
 */
int who_list_print(const struct profile *profile, unsigned limit, FILE *out);

#endif
