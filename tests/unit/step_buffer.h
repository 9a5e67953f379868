/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpf/step_*.h on the host: a sampled process's memory is a few bytes at one address. */
#ifndef PROFOUND_TESTS_STEP_BUFFER_H
#define PROFOUND_TESTS_STEP_BUFFER_H

#include <stdbool.h>
#include <string.h>

#include "step.h"

struct step_memory {
	const unsigned char *bytes;
	__u64 at, len;
	unsigned reads;  /* all of them */
	bool misaligned; /* one of them broke the contract of step.h */
};

static int mem_read(struct step_memory *memory, __u64 address, __u64 *value)
{
	__u64 from = address - memory->at;

	memory->reads++;
	if (address & 7)
		memory->misaligned = true;
	if (from >= memory->len || memory->len - from < 8)
		return -1;
	memcpy(value, memory->bytes + from, 8);
	return 0;
}

#endif
