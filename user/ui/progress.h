/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line that shows a recording's progress on a terminal, rewritten in place. Off a terminal: nothing. */
#ifndef PROFOUND_PROGRESS_H
#define PROFOUND_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown;          /* a line stands there now */
	uint64_t total_ns;   /* 0: open end */
};

void progress_show(
	struct progress *progress, uint64_t elapsed_ns, uint64_t samples, uint64_t lost);
/* Takes the line away. */
void progress_clear(struct progress *progress);

#endif
