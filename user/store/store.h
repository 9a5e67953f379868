/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local history of an agent: DIR/profiles.sqlite, a row for each interval with its profile as OTLP (ProfilesData), packed
 * by zstd. A row is there whole or not at all, also after a power cut (WAL, synchronous=FULL). One process writes at a
 * time and others may read meanwhile; a store of a newer version is refused.
 */
#ifndef PROFOUND_STORE_H
#define PROFOUND_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

struct store;

struct store_row {
	int64_t start_ns, end_ns; /* wall clock */
	uint64_t samples;
};

/* `write`: it is made if it is not there. 0; -ENOENT: there is none; or another negative errno, with the fault filled. */
int store_open(struct store **store, const char *dir, bool write, struct fault *fault);
void store_close(struct store *store);

/* 0; -ENOSPC, -EIO, -EBUSY, -ENOMEM with the fault filled, and nothing was added. */
int store_put(struct store *store, const struct store_row *row, const void *otlp, size_t size, struct fault *fault);

/* Deletes rows that ended before `before_ns`, and the oldest until the file has no more than `most_bytes`. *gone: how many.
 * 0 or a negative errno with the fault filled. */
int store_trim(struct store *store, int64_t before_ns, uint64_t most_bytes, uint64_t *gone, struct fault *fault);

/* Calls `each` with the rows that have a part in [from_ns, to_ns), the oldest first, until it returns another value than 0,
 * which is returned then. 0 or a negative errno, with the fault filled if it was not `each`'s. */
int store_each(struct store *store, int64_t from_ns, int64_t to_ns,
	int (*each)(void *context, const struct store_row *row, const void *otlp, size_t size), void *context,
	struct fault *fault);

/* The span of all rows; both 0: there are none. 0 or a negative errno with the fault filled. */
int store_span(struct store *store, int64_t *start_ns, int64_t *end_ns, struct fault *fault);

#endif
