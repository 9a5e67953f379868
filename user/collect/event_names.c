// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/event_names.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

#define HARDWARE(name, alias, config)                                          \
	{                                                                      \
		name, alias, PERF_TYPE_HARDWARE, PERF_COUNT_HW_##config, false \
	}
#define SOFTWARE(name, alias, config)                                          \
	{                                                                      \
		name, alias, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##config, false \
	}
#define SILENT(name, config)                                                 \
	{                                                                    \
		name, NULL, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##config, true \
	}
#define CGROUP_SWITCHES 11 /* PERF_COUNT_SW_CGROUP_SWITCHES, Linux 5.13 */

const struct event_name event_names[] = {
	HARDWARE("cycles", "cpu-cycles", CPU_CYCLES),
	HARDWARE("instructions", NULL, INSTRUCTIONS),
	HARDWARE("cache-references", NULL, CACHE_REFERENCES),
	HARDWARE("cache-misses", NULL, CACHE_MISSES),
	HARDWARE("branches", "branch-instructions", BRANCH_INSTRUCTIONS),
	HARDWARE("branch-misses", NULL, BRANCH_MISSES),
	HARDWARE("bus-cycles", NULL, BUS_CYCLES),
	HARDWARE("stalled-cycles-frontend", "idle-cycles-frontend", STALLED_CYCLES_FRONTEND),
	HARDWARE("stalled-cycles-backend", "idle-cycles-backend", STALLED_CYCLES_BACKEND),
	HARDWARE("ref-cycles", NULL, REF_CPU_CYCLES),
	SOFTWARE("cpu-clock", NULL, CPU_CLOCK),
	SOFTWARE("task-clock", NULL, TASK_CLOCK),
	SOFTWARE("page-faults", "faults", PAGE_FAULTS),
	SOFTWARE("context-switches", "cs", CONTEXT_SWITCHES),
	SOFTWARE("cpu-migrations", "migrations", CPU_MIGRATIONS),
	SOFTWARE("minor-faults", NULL, PAGE_FAULTS_MIN),
	SOFTWARE("major-faults", NULL, PAGE_FAULTS_MAJ),
	SOFTWARE("alignment-faults", NULL, ALIGNMENT_FAULTS),
	SOFTWARE("emulation-faults", NULL, EMULATION_FAULTS),
	{"cgroup-switches", NULL, PERF_TYPE_SOFTWARE, CGROUP_SWITCHES, false},
	SILENT("dummy", DUMMY),
	SILENT("bpf-output", BPF_OUTPUT),
};
const unsigned n_event_names = sizeof(event_names) / sizeof(*event_names);

#define ALIASES 6

static const char *const caches[PERF_COUNT_HW_CACHE_MAX][ALIASES] = {
	[PERF_COUNT_HW_CACHE_L1D] = {"L1-dcache", "l1-d", "l1d", "L1-data"},
	[PERF_COUNT_HW_CACHE_L1I] = {"L1-icache", "l1-i", "l1i", "L1-instruction"},
	[PERF_COUNT_HW_CACHE_LL] = {"LLC", "L2"},
	[PERF_COUNT_HW_CACHE_DTLB] = {"dTLB", "d-tlb", "Data-TLB"},
	[PERF_COUNT_HW_CACHE_ITLB] = {"iTLB", "i-tlb", "Instruction-TLB"},
	[PERF_COUNT_HW_CACHE_BPU] = {"branch", "branches", "bpu", "btb", "bpc"},
	[PERF_COUNT_HW_CACHE_NODE] = {"node"},
};
static const char *const operations[PERF_COUNT_HW_CACHE_OP_MAX][ALIASES] = {
	[PERF_COUNT_HW_CACHE_OP_READ] = {"load", "loads", "read"},
	[PERF_COUNT_HW_CACHE_OP_WRITE] = {"store", "stores", "write"},
	[PERF_COUNT_HW_CACHE_OP_PREFETCH] = {"prefetch", "prefetches", "speculative-read",
		"speculative-load"},
};
static const char *const results[PERF_COUNT_HW_CACHE_RESULT_MAX][ALIASES] = {
	[PERF_COUNT_HW_CACHE_RESULT_ACCESS] = {"refs", "Reference", "ops", "access"},
	[PERF_COUNT_HW_CACHE_RESULT_MISS] = {"misses", "miss"},
};

#define READ (1U << PERF_COUNT_HW_CACHE_OP_READ)
#define WRITE (1U << PERF_COUNT_HW_CACHE_OP_WRITE)
#define PREFETCH (1U << PERF_COUNT_HW_CACHE_OP_PREFETCH)

/* evsel__hw_cache_stat in perf. */
static const unsigned can[PERF_COUNT_HW_CACHE_MAX] = {
	[PERF_COUNT_HW_CACHE_L1D] = READ | WRITE | PREFETCH,
	[PERF_COUNT_HW_CACHE_L1I] = READ | PREFETCH,
	[PERF_COUNT_HW_CACHE_LL] = READ | WRITE | PREFETCH,
	[PERF_COUNT_HW_CACHE_DTLB] = READ | WRITE | PREFETCH,
	[PERF_COUNT_HW_CACHE_ITLB] = READ,
	[PERF_COUNT_HW_CACHE_BPU] = READ,
	[PERF_COUNT_HW_CACHE_NODE] = READ | WRITE | PREFETCH,
};

const struct event_name *event_names_find(const char *name)
{
	for (unsigned i = 0; i < n_event_names; i++)
		if (!strcasecmp(name, event_names[i].name) ||
			(event_names[i].alias && !strcasecmp(name, event_names[i].alias)))
			return &event_names[i];
	return NULL;
}

/* The row that *text starts with, up to a dash or the end, longest alias first; *text is moved past
 * it. */
static int match(const char *const table[][ALIASES], int rows, const char **text)
{
	size_t longest = 0;
	int found = -ENOENT;

	for (int row = 0; row < rows; row++) {
		for (int i = 0; i < ALIASES && table[row][i]; i++) {
			size_t len = strlen(table[row][i]);

			if (len <= longest || strncasecmp(*text, table[row][i], len) ||
				((*text)[len] && (*text)[len] != '-'))
				continue;
			longest = len;
			found = row;
		}
	}
	*text += longest;
	return found;
}

int event_names_cache(const char *name, uint64_t *config)
{
	int cache = match(caches, PERF_COUNT_HW_CACHE_MAX, &name);
	int operation = -1, result = -1;

	if (cache < 0)
		return -ENOENT;
	while (*name == '-') {
		const char *word = name + 1;
		int *into = &operation;
		int row = match(operations, PERF_COUNT_HW_CACHE_OP_MAX, &word);

		if (row < 0) {
			into = &result;
			row = match(results, PERF_COUNT_HW_CACHE_RESULT_MAX, &word);
		}
		if (row < 0 || *into >= 0)
			return -ENOENT;
		*into = row;
		name = word;
	}
	operation = operation < 0 ? PERF_COUNT_HW_CACHE_OP_READ : operation;
	result = result < 0 ? PERF_COUNT_HW_CACHE_RESULT_ACCESS : result;
	if (*name || !(can[cache] & 1U << operation))
		return -ENOENT;
	*config = (uint64_t)cache | (uint64_t)operation << 8 | (uint64_t)result << 16;
	return 0;
}

bool event_names_cache_at(unsigned index, char *text, size_t size)
{
	for (int cache = 0; cache < PERF_COUNT_HW_CACHE_MAX; cache++) {
		for (int operation = 0; operation < PERF_COUNT_HW_CACHE_OP_MAX; operation++) {
			if (!(can[cache] & 1U << operation))
				continue;
			if (index >= 2) {
				index -= 2;
				continue;
			}
			if (index)
				snprintf(text, size, "%s-%s-misses", caches[cache][0],
					operations[operation][0]);
			else
				snprintf(text, size, "%s-%s", caches[cache][0],
					operations[operation][1]);
			return true;
		}
	}
	return false;
}
