/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's half: loads the BPF programs with their settings, maps what they write into our memory, and reads
 * what they cost. Nothing here calls bpf(2) between programs_load() and programs_run_ns(): while userspace is inside
 * bpf(2) the kernel skips perf programs on that CPU.
 */
#ifndef PROFOUND_PROGRAMS_H
#define PROFOUND_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "base/fault.h"
#include "collect/memory_plan.h"
#include "collect/selection.h"

struct profound_bpf;

struct programs {
	struct profound_bpf *skeleton;
	uint32_t cpus; /* possible CPUs */
	struct memory_plan plan;
	struct abi_settings settings;
	bool selective; /* not everything is sampled */
	/* mapped, shared with the kernel */
	struct abi_counters *counters; /* one a CPU */
	struct abi_bank *banks;
	struct abi_slot *slots;
	struct abi_entry *entries;
	char *words; /* programs_words() */
	uint64_t *arena; /* settings.arena_words: abi_unwind.h */
	struct abi_rule *rules;
	uint64_t *spaces;
	struct abi_cpython *cpythons; /* abi_runtime.h */
	struct abi_program *interpreted;
	struct abi_host *hosts;
	int stats_fd;         /* keeps the kernel counting our run time; -1: not allowed */
	bool counts_run_time; /* by stats_fd, or by the caller's */
};

struct programs_request {
	const struct selection *selection;
	uint64_t samples_per_second; /* of one CPU: decides how much room a bank has */
	uint64_t memory_bytes;       /* of which the banks take at most half, but for a minimum */
	bool keep_idle, no_user, no_kernel;
	bool with_tid; /* settings.with_tid */
	bool compare; /* settings.compare */
	bool counts_run_time; /* the caller has a descriptor for that */
	bool follow_command; /* members_tgid is needed although the selection names no process */
};

/* Of locked memory and descriptors, where that is allowed; programs_load() does it too. */
void programs_raise_limits(void);

/* Loads and maps. 0 or a negative errno with the fault filled; on failure nothing is held. */
int programs_load(
	struct programs *programs, const struct programs_request *request, struct fault *fault);
void programs_release(struct programs *programs);

/* Adds a process (and so its descendants) to the selection. */
int programs_add_member(struct programs *programs, uint32_t tgid, struct fault *fault);

/* The program to attach to a perf event. */
int programs_sample_fd(const struct programs *programs);
int programs_notices_fd(const struct programs *programs);
int programs_deferred_fd(const struct programs *programs);

/* The kernel side wakes us when more than so many bytes wait in the deferred ring. */
void programs_set_wakeup(struct programs *programs, uint32_t bytes);

/* The ring of code objects. */
int programs_codes_fd(const struct programs *programs);
/* The kernel side forgets which processes run no interpreter when this changes. */
uint32_t *programs_runtime_epoch(const struct programs *programs);

/* The map of maps that the chunks of rows are put in. */
int programs_chunks_fd(const struct programs *programs);

/* The frames of a bank. */
const uint64_t *programs_words(const struct programs *programs, uint32_t bank);

/* Swaps the generation that programs write; returns the one that they wrote. */
uint32_t programs_swap(struct programs *programs);

/* Sum over all CPUs. */
uint64_t programs_counter(const struct programs *programs, enum abi_counter counter);

/* Of maps and programs, as the kernel tells of them. */
int64_t programs_bytes(const struct programs *programs);
/* Run time of all programs so far; INT64_MIN: not known. */
int64_t programs_run_ns(const struct programs *programs);

#endif
