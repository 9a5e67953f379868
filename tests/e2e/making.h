/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs that write made-up profiles share: a profile, a random generator, and an end when something fails. */
#ifndef PROFOUND_MAKING_H
#define PROFOUND_MAKING_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile.h"

static struct profile profile;
static uint64_t random_state = 88172645463325252u;

/* xorshift64 (Marsaglia, 2003): the same numbers everywhere. */
static inline uint32_t pick(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 33) % below;
}

/* Exit status 3 is none of profound's own failures. */
static inline void must(int err)
{
	if (!err)
		return;
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, strerror(-err));
	exit(3);
}

static inline uint32_t text(const char *string)
{
	uint32_t id;

	must(intern_text(&profile.text, string, &id));
	return id;
}

#endif
