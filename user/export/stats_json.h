/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `--stats FILE`: every figure of struct trust as one JSON object (CLI.md, "--stats"), valid UTF-8
 * whatever the names of files hold. A figure that is not known is null. All causes of counters.def
 * are keys: `samples.lost`, `stacks.cut`, `frames.unnamed_by_cause`, `notes`. `frames.unnamed` has
 * one key a file; files whose names are equal once they are made valid are added up.
 */
#ifndef PROFOUND_STATS_JSON_H
#define PROFOUND_STATS_JSON_H

#include <stdio.h>

#include "profile/trust.h"

/* 0 or -ENOMEM. Errors of the stream are left in it (ferror). */
int stats_json_write(const struct trust *trust, FILE *stream);

#endif
