/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was mapped executable in one process, and when: spans of addresses times spans of time. What is there now
 * is a layout, sorted by address, never changed once made and shared by forked processes until one of them changes;
 * what ended is kept beside it with the span in which it certainly was there.
 *
 * Two mappings are the same where they show the same object at the same distance (offset - start): a record for
 * such a place (mprotect_fixup() and a merged VMA send one: mm/mprotect.c, mm/vma.c) ends nothing.
 *
 * Changes come in the order of time. One that is older than the last read is applied as far as it is certain.
 */
#ifndef PROFOUND_MAPPINGS_H
#define PROFOUND_MAPPINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"

#define MAPPINGS_MAX 32768      /* at one time */
#define MAPPINGS_ENDED_MAX 4096 /* remembered; then the oldest are forgotten */
#define MAPPINGS_EXECS_MAX 64
#define MAPPINGS_WORK_MAX 4000000 /* mappings copied a second before a process is no longer followed ... */
#define MAPPINGS_FEW 1024         /* ... if it has more than these */

struct mapping {
	uint64_t start, end;
	uint64_t offset;       /* of start in the file; 0 for anonymous memory */
	struct object *object; /* NULL: anonymous */
	uint64_t from_ns;
	uint64_t to_ns;
};

enum mappings_answer { MAPPINGS_ONE, MAPPINGS_CHANGED, MAPPINGS_NONE };

struct mappings;
struct layout;

/* Empty, of an address space that began at base_ns (0: before we looked). NULL: no memory. */
struct mappings *mappings_new(uint64_t base_ns);
void mappings_free(struct mappings *mappings);

/* Of a child forked at time_ns: shares what is there now. NULL: no memory. */
struct mappings *mappings_fork(const struct mappings *parent, uint64_t time_ns);

/*
 * One mapping, made at time_ns. 0, -ENOMEM, -E2BIG (MAPPINGS_MAX, nothing changed); -EBUSY: too many changes of too
 * many mappings to follow, nothing is known to be there from time_ns on, until it is read again.
 */
int mappings_map(struct mappings *mappings, const struct mapping *mapping, uint64_t time_ns);

/* A new, empty address space from time_ns on. 0 or -ENOMEM. */
int mappings_exec(struct mappings *mappings, uint64_t time_ns);

/*
 * What a read at time_ns found: `count` mappings sorted by address, none overlapping; from_ns and to_ns ignored.
 * What is new began at time_ns, or, when `complete` is false (not all was known before), with the address space.
 * 0, -ENOMEM, -E2BIG.
 */
int mappings_read(struct mappings *mappings, const struct mapping *found, uint32_t count,
	uint64_t time_ns, bool complete);

/* What was at `address` during all of [first_ns, last_ns]. ONE fills *out; NONE: nothing was ever known there. */
enum mappings_answer mappings_find(const struct mappings *mappings, uint64_t address,
	uint64_t first_ns, uint64_t last_ns, struct mapping *out);

/* Forgets what ended before before_ns. */
void mappings_prune(struct mappings *mappings, uint64_t before_ns);

/* What is there now, held until layout_drop(): it does not change. NULL: nothing. */
struct layout *mappings_hold(const struct mappings *mappings);

uint32_t mappings_count(const struct mappings *mappings); /* now there */
bool mappings_have_anonymous(const struct mappings *mappings);
/* Bytes on the heap; a shared layout counts in each of its owners by its share. */
size_t mappings_memory(const struct mappings *mappings);

#endif
