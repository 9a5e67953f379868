// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/sideband.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "collect/perf_open.h"
#include "collect/perf_ring.h"

struct sideband_cpu {
	int fd;
	struct perf_ring ring;
	uint64_t last_ns; /* time of the last record read */
};

struct sideband_item {
	uint64_t time_ns;
	uint64_t before_ns; /* time of the record before it in its ring */
	size_t offset;
	uint32_t size;
	uint32_t order;
};

struct sideband {
	struct sideband_cpu *cpus;
	int n_cpus;
	struct buf bytes;
	struct sideband_item *items;
	size_t count, cap;
	uint32_t order;
	uint64_t total;
};

struct sideband *sideband_new(void)
{
	return calloc(1, sizeof(struct sideband));
}

static void close_cpu(struct sideband_cpu *cpu)
{
	if (cpu->fd < 0)
		return;
	perf_ring_release(&cpu->ring);
	close(cpu->fd);
	cpu->fd = -1;
}

void sideband_free(struct sideband *sideband)
{
	if (!sideband)
		return;
	for (int i = 0; i < sideband->n_cpus; i++)
		close_cpu(&sideband->cpus[i]);
	free(sideband->cpus);
	free(sideband->items);
	buf_release(&sideband->bytes);
	free(sideband);
}

static int reserve_cpu(struct sideband *sideband, int cpu)
{
	struct sideband_cpu *cpus;

	if (cpu < sideband->n_cpus)
		return 0;
	cpus = realloc(sideband->cpus, ((size_t)cpu + 1) * sizeof(*cpus));
	if (!cpus)
		return -ENOMEM;
	sideband->cpus = cpus;
	while (sideband->n_cpus <= cpu)
		cpus[sideband->n_cpus++] = (struct sideband_cpu){ .fd = -1 };
	return 0;
}

static int reserve_item(struct sideband *sideband)
{
	size_t cap = sideband->cap ? sideband->cap * 2 : 256;
	struct sideband_item *items;

	if (sideband->count < sideband->cap)
		return 0;
	items = realloc(sideband->items, cap * sizeof(*items));
	if (!items)
		return -ENOMEM;
	sideband->items = items;
	sideband->cap = cap;
	return 0;
}

struct taking {
	struct sideband *sideband;
	struct sideband_cpu *cpu;
};

static int take_record(void *context, const struct perf_event_header *record)
{
	struct taking *taking = context;
	struct sideband *sideband = taking->sideband;
	struct lifecycle decoded;
	int err;

	if (sideband_decode(record, record->size, &decoded))
		return 0;
	err = reserve_item(sideband);
	if (!err)
		err = buf_append(&sideband->bytes, record, record->size);
	if (err)
		return err;
	sideband->items[sideband->count++] = (struct sideband_item){
		.time_ns = decoded.time_ns,
		.before_ns = taking->cpu->last_ns,
		.offset = sideband->bytes.len - record->size,
		.size = record->size,
		.order = sideband->order++,
	};
	taking->cpu->last_ns = decoded.time_ns;
	return 0;
}

static int read_cpu(struct sideband *sideband, struct sideband_cpu *cpu)
{
	struct taking taking = { .sideband = sideband, .cpu = cpu };
	int64_t len;

	if (cpu->fd < 0)
		return 0;
	len = perf_ring_read(&cpu->ring, take_record, &taking);
	if (len < 0)
		return (int)len;
	sideband->total += (uint64_t)len;
	return 0;
}

int sideband_read(struct sideband *sideband)
{
	for (int i = 0; i < sideband->n_cpus; i++) {
		int err = read_cpu(sideband, &sideband->cpus[i]);

		if (err)
			return err;
	}
	return 0;
}

static int open_event(int cpu, size_t ring)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.ksymbol = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = (uint32_t)(ring / 2),
		.exclude_kernel = 1,
	};

	return perf_open(&attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

int sideband_open_cpu(struct sideband *sideband, int cpu, struct fault *fault)
{
	size_t size = perf_ring_size();
	struct sideband_cpu opened = { .fd = -1 };
	struct sideband_cpu *slot;
	int err;

	if (cpu < 0)
		return fault_set(fault, -EINVAL, "CPU %d: no such CPU", cpu);
	err = reserve_cpu(sideband, cpu);
	if (err)
		return fault_set(fault, err, "out of memory for the events of CPU %d", cpu);
	opened.fd = open_event(cpu, size);
	if (opened.fd < 0)
		return fault_set(fault, opened.fd,
			"cannot open the event that reports processes on CPU %d: %s; run as root, "
			"or with CAP_PERFMON and kernel.perf_event_paranoid at 2 or less",
			cpu, strerror(-opened.fd));
	err = perf_ring_init(&opened.ring, opened.fd, size);
	if (err) {
		close(opened.fd);
		return fault_set(fault, err,
			"cannot map the ring buffer of CPU %d: %s; raise "
			"kernel.perf_event_mlock_kb",
			cpu, strerror(-err));
	}
	slot = &sideband->cpus[cpu];
	err = read_cpu(sideband, slot);
	opened.last_ns = slot->last_ns;
	close_cpu(slot);
	*slot = opened;
	return err ? fault_set(fault, err, "out of memory for the records of CPU %d", cpu) : 0;
}

int sideband_fd(const struct sideband *sideband, int cpu)
{
	return cpu >= 0 && cpu < sideband->n_cpus ? sideband->cpus[cpu].fd : -1;
}

static int by_time(const void *a, const void *b)
{
	const struct sideband_item *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Drops the first `done` items and the bytes that no item needs any more. */
static void forget(struct sideband *sideband, size_t done)
{
	struct buf kept = {0};

	sideband->count -= done;
	memmove(sideband->items, sideband->items + done, sideband->count * sizeof(*sideband->items));
	if (!sideband->count) {
		buf_clear(&sideband->bytes);
		sideband->order = 0;
		return;
	}
	for (size_t i = 0; i < sideband->count; i++)
		buf_append(&kept, sideband->bytes.data + sideband->items[i].offset,
			sideband->items[i].size);
	if (kept.failed) { /* no memory to tidy up: the bytes stay where they are */
		buf_release(&kept);
		return;
	}
	for (size_t i = 0, offset = 0; i < sideband->count; i++) {
		sideband->items[i].offset = offset;
		offset += sideband->items[i].size;
	}
	buf_release(&sideband->bytes);
	sideband->bytes = kept;
}

int sideband_deliver(struct sideband *sideband, uint64_t until_ns,
	int (*apply)(void *context, const struct lifecycle *record), void *context)
{
	size_t done = 0;
	int err = 0;

	if (!sideband->count)
		return 0;
	qsort(sideband->items, sideband->count, sizeof(*sideband->items), by_time);
	while (!err && done < sideband->count && sideband->items[done].time_ns <= until_ns) {
		const struct sideband_item *item = &sideband->items[done++];
		struct lifecycle record;

		if (sideband_decode(sideband->bytes.data + item->offset, item->size, &record))
			continue;
		if (record.kind == LIFECYCLE_LOST)
			record.start = item->before_ns;
		err = apply(context, &record);
	}
	if (done)
		forget(sideband, done);
	return err;
}

uint64_t sideband_bytes(const struct sideband *sideband)
{
	return sideband->total;
}
