// SPDX-License-Identifier: GPL-2.0-or-later
#include "ui/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define CLEAR_LINE "\r\033[K"

void progress_show(
	struct progress *progress, uint64_t elapsed_ns, uint64_t samples, uint64_t lost)
{
	char total[32] = "";

	if (!isatty(STDERR_FILENO))
		return;
	if (progress->total_ns)
		snprintf(total, sizeof(total), " / %.0f s",
			(double)progress->total_ns / (double)NS_PER_SECOND);
	else
		snprintf(total, sizeof(total), " s, Ctrl-C ends");
	fprintf(stderr, CLEAR_LINE "sampling %.0f%s · %" PRIu64 " samples · %" PRIu64 " lost",
		(double)elapsed_ns / (double)NS_PER_SECOND, total, samples, lost);
	fflush(stderr);
	progress->shown = true;
}

void progress_clear(struct progress *progress)
{
	if (!progress->shown)
		return;
	fputs(CLEAR_LINE, stderr);
	fflush(stderr);
	progress->shown = false;
}
