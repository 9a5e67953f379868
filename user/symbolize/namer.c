// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/namer.h"

#include "symbolize/file_names.h"
#include "symbolize/file_symbols.h"

static int go(void *context, int fd, struct batch *batch)
{
	(void)context;
	return file_names_go(fd, batch);
}

static int symbols(void *context, int fd, int debug_fd, struct batch *batch)
{
	(void)context;
	return file_symbols_resolve(fd, debug_fd, batch);
}

static int jit(void *context, const struct jit_files *files, struct batch *batch, const struct jit_span *spans,
	uint64_t counters[COUNTERS])
{
	(void)context;
	return jit_resolve(files, batch, spans, counters);
}

const struct namer namer_here = {go, NULL, symbols, jit, NULL};
