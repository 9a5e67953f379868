// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/jit.h"

#include <errno.h>

#include "symbolize/jitdump.h"
#include "symbolize/perf_map.h"

static int resolve_dump(const struct jit_files *files, struct batch *batch, const struct jit_span *spans,
	uint64_t counters[COUNTERS])
{
	struct jitdump_told told;
	int err = jitdump_resolve(files->dump_fd, files->other_clock, batch, spans, &told);

	counters[COUNTER_jit_map_lines_refused] += told.refused;
	counters[COUNTER_jitdump_other_clock] += told.other_clock;
	counters[COUNTER_jit_map_refused] += err == -ENOEXEC || err == -EIO;
	return err == -ENOMEM ? err : 0;
}

static int resolve_map(int fd, struct batch *batch, uint64_t counters[COUNTERS])
{
	uint64_t refused = 0;
	int err = perf_map_resolve(fd, batch, &refused);

	counters[COUNTER_jit_map_lines_refused] += refused;
	counters[COUNTER_jit_map_refused] += err == -EIO;
	for (size_t i = 0; i < batch->count; i++)
		counters[COUNTER_jit_map_overlaps] += batch->items[i].renamed;
	return err == -ENOMEM ? err : 0;
}

void jit_dispute_before(uint64_t since_ns, struct batch *batch, const struct jit_span *spans)
{
	for (size_t i = 0; i < batch->count; i++)
		if (since_ns && spans[i].first_ns < since_ns) {
			code_lines_release(&batch->items[i].lines);
			batch_item_dispute(&batch->items[i], JITDUMP_RANK);
		}
}

int jit_resolve(const struct jit_files *files, struct batch *batch, const struct jit_span *spans,
	uint64_t counters[COUNTERS])
{
	int err = 0;

	if (files->dump_fd >= 0)
		err = resolve_dump(files, batch, spans, counters);
	if (!err && files->map_fd >= 0)
		err = resolve_map(files->map_fd, batch, counters);
	jit_dispute_before(files->since_ns, batch, spans);
	return err;
}
