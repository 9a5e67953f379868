// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/deferred_frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct deferred_frames_cpu {
	struct abi_runtime_frame *frames; /* owned */
	uint32_t sequence, n, cap;
};

int deferred_frames_init(struct deferred_frames *frames, uint32_t cpus)
{
	struct deferred_frames_cpu *cpu = calloc(cpus, sizeof(*cpu));

	if (!cpu)
		return -ENOMEM;
	*frames = (struct deferred_frames){cpu, cpus};
	return 0;
}

void deferred_frames_release(struct deferred_frames *frames)
{
	for (uint32_t i = 0; i < frames->cpus; i++)
		free(frames->cpu[i].frames);
	free(frames->cpu);
	*frames = (struct deferred_frames){0};
}

static int reserve(struct deferred_frames_cpu *cpu, uint32_t n)
{
	struct abi_runtime_frame *grown;

	if (n <= cpu->cap)
		return 0;
	grown = realloc(cpu->frames, n * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	cpu->frames = grown;
	cpu->cap = n;
	return 0;
}

int deferred_frames_keep(struct deferred_frames *frames, const struct abi_deferred_runtime *record, size_t size)
{
	struct deferred_frames_cpu *cpu;

	if (size < sizeof(*record) || record->cpu >= frames->cpus ||
		record->n > ABI_RUNTIME_FRAMES ||
		size - sizeof(*record) < record->n * sizeof(struct abi_runtime_frame))
		return -EINVAL;
	cpu = &frames->cpu[record->cpu];
	if (reserve(cpu, record->n))
		return -ENOMEM;
	memcpy(cpu->frames, record + 1, record->n * sizeof(*cpu->frames));
	cpu->n = record->n;
	cpu->sequence = record->sequence;
	return 0;
}

const struct abi_runtime_frame *deferred_frames_find(
	const struct deferred_frames *frames, const struct abi_deferred *record)
{
	const struct deferred_frames_cpu *cpu;

	if (record->cpu >= frames->cpus)
		return NULL;
	cpu = &frames->cpu[record->cpu];
	return cpu->sequence == record->sequence && cpu->n == record->entry.n_runtime ? cpu->frames
										      : NULL;
}
