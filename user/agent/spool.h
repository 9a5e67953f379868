/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Export requests on their way out, in a directory: each a file TIME-PART.otlp.zst (both in hex; TIME is the wall clock in
 * nanoseconds when its interval began, or what follows the last one's where the clock was set back) with an
 * ExportProfilesServiceRequest packed by zstd, so that the order of names is that of intervals. A file is there whole and on the disk, or not at all; what a process that died has begun is taken away
 * when the directory is opened. One process at a time has a directory (flock).
 *
 * One that puts and one that takes may work at the same time.
 */
#ifndef PROFOUND_SPOOL_H
#define PROFOUND_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"

#define SPOOL_NAME 64
#define SPOOL_LOCK ".lock"

struct spool {
	int dir_fd, lock_fd; /* -1: closed */
	uint64_t most_bytes;
	uint64_t last_ns; /* TIME of the newest interval */
};

#define SPOOL_NONE ((struct spool){-1, -1, 0, 0})

struct spool_depth {
	uint64_t files, bytes;
	char oldest[SPOOL_NAME]; /* "": none */
	uint64_t oldest_unix_ns;
};

/* Makes the directory if it is not there. `waits`: 10 s for another process that has it, which may be the child of an agent
 * that was killed. 0; -EBUSY: another process has it; or what the calls say, with the fault filled. */
int spool_open(struct spool *spool, const char *path, uint64_t most_bytes, bool waits, struct fault *fault);
void spool_release(struct spool *spool);

/* TIME of an interval that began at unix_ns: more than that of all others. */
uint64_t spool_next(struct spool *spool, uint64_t unix_ns);

/* `time_ns` of spool_next(). 0; -ENOSPC, -EIO...: nothing was put; -ENOMEM. */
int spool_put(const struct spool *spool, uint64_t time_ns, unsigned part, const void *data, size_t size);

/* Removes all parts of an interval, as far as they were not sent: whoever put them died before it could tell how many. */
void spool_forget(const struct spool *spool, uint64_t time_ns);

/* Removes the parts [0, parts) of an interval, as far as they were not sent. */
void spool_take_back(const struct spool *spool, uint64_t time_ns, unsigned parts);

/* 0 or a negative errno. */
int spool_look(const struct spool *spool, struct spool_depth *depth);

/* The names of all, the oldest first, each in SPOOL_NAME bytes; appended. 0 or a negative errno. */
int spool_list(const struct spool *spool, struct buf *names);

/* Appends the request. 0; -ENOENT: it is gone; -EBADMSG: it is no such file, or larger than a request may be; -ENOMEM, or
 * what open(2) says. */
int spool_read(const struct spool *spool, const char *name, struct buf *out);
/* 0 or a negative errno. */
int spool_remove(const struct spool *spool, const char *name);

/* Removes the oldest until no more than most_bytes are left. How many files went. */
uint64_t spool_trim(const struct spool *spool);

#endif
