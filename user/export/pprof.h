/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile as pprof's file (profile.proto, see pprof_proto.h, through gzip), which `go tool pprof` shows.
 *
 * Values: what a sample counts, which is the default; and where its period is CPU time, that time as cpu/nanoseconds.
 * Comments: the summary's lines for people, then each figure of how far to trust the profile as
 * "profound.samples.expected=1980" (figures.h).
 *
 * Beside the profile itself there is memory for 4 bytes a frame, stack, sample and text, twice while equals are found,
 * and nothing of the file: it is compressed as it is made.
 */
#ifndef PROFOUND_PPROF_H
#define PROFOUND_PPROF_H

#include "export/exporter.h"

/* 0, -ENOMEM or -EIO. Errors of the stream are left in it. */
int pprof_write(const struct export_view *view, FILE *stream);

#endif
