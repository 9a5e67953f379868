/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to processes, as perf's sideband tells it (perf_event_open(2), PERF_RECORD_*): one decoded record.
 * Process and thread ids are of profound's pid namespace, 0 or -1 for a task outside of it.
 */
#ifndef PROFOUND_LIFECYCLE_H
#define PROFOUND_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"

enum lifecycle_kind {
	LIFECYCLE_MAP = 1,
	LIFECYCLE_COMM,
	LIFECYCLE_EXEC, /* a COMM record with PERF_RECORD_MISC_COMM_EXEC: the old address space is gone */
	LIFECYCLE_FORK, /* a new process; new threads are not reported */
	LIFECYCLE_EXIT, /* the first thread ended; others may live on. Ends of other threads are not reported */
	LIFECYCLE_KSYMBOL,
	LIFECYCLE_LOST,
	LIFECYCLE_THROTTLE,
};

#define LIFECYCLE_NAME 4096

struct lifecycle {
	enum lifecycle_kind kind;
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t pid, tid;
	uint32_t parent;     /* FORK */
	/* MAP: addresses; KSYMBOL: the code's; LOST: start is the time of the record before it in the same ring, or 0 */
	uint64_t start, end;
	uint64_t offset;     /* MAP: file offset of start */
	struct object_identity file; /* MAP: inode 0 when no file is mapped */
	uint64_t lost;       /* LOST */
	bool gone;           /* KSYMBOL: unregistered; THROTTLE: the event goes on */
	uint64_t event_id;   /* THROTTLE: PERF_EVENT_IOC_ID of the event */
	const char *name;    /* MAP: path or "[vdso]", "//anon"; COMM, EXEC: comm; KSYMBOL: symbol. Else "" */
};

#endif
