/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the machine's processes: which is which, and what was mapped where and when.
 *
 * Identity is (pid, start time). A process becomes known by sideband records, applied in the order of time, or by
 * a read of /proc when a sample of an unknown one shows up. Mappings keep the span of time in which they are
 * known to have existed, so that a sample of the past finds what was there then, or learns that nobody knows.
 *
 *   from_ns  0 for what was there when /proc was first read and no record says otherwise
 *   to_ns    UINT64_MAX while it is there; else the last time at which it certainly was
 *
 * munmap and mremap send no record: a mapping ends when another covers it, on exec and exit, or when a re-read of
 * /proc/PID/maps lacks it (then at the time of the previous read or record that showed it).
 */
#ifndef PROFOUND_PROCESS_H
#define PROFOUND_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"
#include "process/lifecycle.h"
#include "process/place.h"

struct process {
	uint32_t id; /* counts up from 0 as processes are sampled; good as long as the table */
	uint32_t pid;
	uint64_t start_ns;  /* CLOCK_BOOTTIME, 0 while not known (only sideband has been seen) */
	uint32_t inner_pid; /* in its own, innermost pid namespace; 0: not known */
	uint32_t uid;       /* effective: whose files it makes (status of /proc/PID); -1: not known */
	uint64_t mm_state;  /* abi_entry.mm_state at the last read of its maps */
	uint64_t read_ns;   /* when its maps were last read, or found to be unchanged */
	bool gone;          /* its first thread's exit was seen, or its pid is another's; others may live on */
	uint64_t end_ns;    /* of the EXIT record, or birth of the next with this pid; 0: none (CLOCK_MONOTONIC) */
	uint64_t exec_ns;   /* of its last exec that a record told of; 0: none */
	bool hung;          /* a read of its memory did not end and holds its mmap_lock: it is asked for nothing that takes it */
	bool maps_known;    /* complete since the exec that a record told of, or read from /proc */
	int root_fd;        /* O_PATH of /proc/PID/root, kept when it has code made at run time; -1: none */
	int perf_map_fd;    /* its perf-map, once it was seen: a private /tmp ends with its last process; -1: none */
	int jitdump_fd;     /* its jitdump, once it was mapped; -1: none */
	bool other_clock;   /* its jitdump's times are those of another time namespace */
	const struct object *jitdump; /* the last file called jit-N.dump that it mapped; NULL: none */
	struct mappings *mappings;
};

struct processes;
struct layout;

struct processes *processes_new(struct objects *objects);
void processes_free(struct processes *processes);

/* Applies one sideband record. Records come in the order of time. 0 or -ENOMEM. LOST marks every process stale: what
 * was there after the record before it is in doubt until its maps are read again. */
int processes_apply(struct processes *processes, const struct lifecycle *record);

/*
 * The process of a sample, made when it is new. start_ns is what the kernel side read (start_boottime of the
 * group leader). When the pid is known only by sideband, the start time is adopted; when the start differs, it is
 * another process and the old one is gone. 0 and *out, or -ENOMEM.
 */
int processes_sampled(struct processes *processes, uint32_t pid, uint64_t start_ns,
	struct process **out);

/* Reads /proc/PID/maps, status and owner if the process has not been read, or `mm_state` is not that of the last
 * read, or it is stale, or it is new and what it states may have come since. Called on the first sample, and once an interval for a process that was sampled. A process
 * that is gone, or whose /proc start time is another's: -ESRCH, and nothing changes. 0, -ESRCH, -ENOMEM. */
int process_refresh(struct processes *processes, struct process *process, uint64_t mm_state);

/* What was at `address` during all of [first_ns, last_ns]. Call it once the records up to the last refresh were
 * applied: a read takes its place in time among the records, the latest when somebody asks here. */
struct place process_locate(const struct process *process, uint64_t address, uint64_t first_ns,
	uint64_t last_ns);

/*
 * Who it is; good until the next record or refresh. NULL: not known.
 * exe: path of the program that it ran at time_ns, in its own mount namespace, " (deleted)" cut off.
 * stated: what that program states of its service (stated.h), and only if processes_read_stated() asks for it.
 * cgroup: when it was last read, and only if processes_read_cgroups() asks for it.
 */
const char *process_exe(const struct processes *processes, const struct process *process, uint64_t time_ns);
const char *process_stated(const struct processes *processes, const struct process *process, uint64_t time_ns);
const char *process_cgroup(const struct processes *processes, const struct process *process);
void processes_read_cgroups(struct processes *processes);
void processes_read_stated(struct processes *processes);
bool processes_states_are_read(const struct processes *processes);
/* A process kept the read of its context from ending: none is read any more. */
bool processes_context_hung(const struct processes *processes);

/* The process of a sample if it is known, by whatever source; NULL: it is not. */
const struct process *processes_find(const struct processes *processes, uint32_t pid, uint64_t start_ns);

/* What is mapped now, held until layout_drop(). NULL: it is not known, or nothing is. */
struct layout *process_hold_layout(const struct process *process);

/* Drops mappings and processes that ended before `before_ns` and can matter no more. A process that was sampled keeps
 * its struct and id, its mappings go; one that was not is forgotten. */
void processes_prune(struct processes *processes, uint64_t before_ns);
/* It ended before what was pruned up to. */
bool process_is_dropped(const struct process *process);

/* Processes that were sampled, by id. */
uint32_t processes_count(const struct processes *processes);
struct process *processes_get(const struct processes *processes, uint32_t id);

#endif
