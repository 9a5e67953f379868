// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layouts: include/uapi/linux/perf_event.h, enum perf_event_type. Strings are NUL-terminated and padded with
 * NULs to 8 bytes; the sample_id of TID | TIME stands behind everything.
 */
#include "collect/sideband.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

struct record_map {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t addr, len, pgoff;
	uint32_t major, minor;
	uint64_t inode, generation;
	uint32_t prot, flags;
	char name[];
};

struct record_comm {
	struct perf_event_header header;
	uint32_t pid, tid;
	char name[];
};

struct record_task {
	struct perf_event_header header;
	uint32_t pid, ppid, tid, ptid;
	uint64_t time;
};

struct record_ksymbol {
	struct perf_event_header header;
	uint64_t addr;
	uint32_t len;
	uint16_t type, flags;
	char name[];
};

struct record_lost {
	struct perf_event_header header;
	uint64_t id, lost;
};

struct record_throttle { /* UNTHROTTLE too */
	struct perf_event_header header;
	uint64_t time, id, stream_id;
};

struct sample_id {
	uint32_t pid, tid;
	uint64_t time;
};

_Static_assert(sizeof(struct record_map) == 72, "record_map");
_Static_assert(sizeof(struct record_task) == 32, "record_task");

/* The string in [offset, size), or NULL when no NUL ends it. */
static const char *text_at(const void *record, size_t size, size_t offset)
{
	const char *text = (const char *)record + offset;

	if (offset >= size || size - offset > LIFECYCLE_NAME + 8)
		return NULL;
	return memchr(text, '\0', size - offset) ? text : NULL;
}

static int decode_map(const void *data, size_t size, struct lifecycle *out)
{
	const struct record_map *record = data;
	const char *name = text_at(data, size, sizeof(*record));

	if (!name || (record->header.misc & PERF_RECORD_MISC_MMAP_BUILD_ID))
		return -EBADMSG;
	if (record->header.misc & PERF_RECORD_MISC_MMAP_DATA)
		return -ENOMSG;
	if (!record->len || record->addr + record->len < record->addr)
		return -EBADMSG;
	out->kind = LIFECYCLE_MAP;
	out->pid = record->pid;
	out->tid = record->tid;
	out->start = record->addr;
	out->end = record->addr + record->len;
	out->offset = record->pgoff;
	out->file.major = record->major;
	out->file.minor = record->minor;
	out->file.inode = record->inode;
	out->file.generation = record->generation;
	out->name = name;
	return 0;
}

static int decode_comm(const void *data, size_t size, struct lifecycle *out)
{
	const struct record_comm *record = data;
	const char *name = text_at(data, size, sizeof(*record));

	if (!name)
		return -EBADMSG;
	out->kind = record->header.misc & PERF_RECORD_MISC_COMM_EXEC ? LIFECYCLE_EXEC :
								       LIFECYCLE_COMM;
	out->pid = record->pid;
	out->tid = record->tid;
	out->name = name;
	return 0;
}

static int decode_task(const void *data, size_t size, struct lifecycle *out)
{
	const struct record_task *record = data;

	if (size < sizeof(*record))
		return -EBADMSG;
	if (record->tid != record->pid)
		return -ENOMSG;
	out->kind = record->header.type == PERF_RECORD_FORK ? LIFECYCLE_FORK : LIFECYCLE_EXIT;
	out->pid = record->pid;
	out->tid = record->tid;
	out->parent = record->ppid;
	return 0;
}

static int decode_ksymbol(const void *data, size_t size, struct lifecycle *out)
{
	const struct record_ksymbol *record = data;
	const char *name = text_at(data, size, sizeof(*record));

	if (!name || record->addr + record->len < record->addr)
		return -EBADMSG;
	out->kind = LIFECYCLE_KSYMBOL;
	out->start = record->addr;
	out->end = record->addr + record->len;
	out->gone = record->flags & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER;
	out->name = name;
	return 0;
}

static int decode_lost(const void *data, size_t size, struct lifecycle *out)
{
	const struct record_lost *record = data;

	if (size < sizeof(*record))
		return -EBADMSG;
	out->kind = LIFECYCLE_LOST;
	out->lost = record->lost;
	return 0;
}

/* THROTTLE and UNTHROTTLE alike. */
static int decode_throttle(const void *data, size_t size, struct lifecycle *out)
{
	const struct record_throttle *record = data;

	if (size < sizeof(*record))
		return -EBADMSG;
	out->kind = LIFECYCLE_THROTTLE;
	out->gone = record->header.type == PERF_RECORD_UNTHROTTLE;
	out->event_id = record->id;
	return 0;
}

static int (*const decoders[PERF_RECORD_MAX])(const void *, size_t, struct lifecycle *) = {
	[PERF_RECORD_MMAP2] = decode_map,
	[PERF_RECORD_COMM] = decode_comm,
	[PERF_RECORD_FORK] = decode_task,
	[PERF_RECORD_EXIT] = decode_task,
	[PERF_RECORD_KSYMBOL] = decode_ksymbol,
	[PERF_RECORD_LOST] = decode_lost,
	[PERF_RECORD_THROTTLE] = decode_throttle,
	[PERF_RECORD_UNTHROTTLE] = decode_throttle,
};

int sideband_decode(const void *record, size_t size, struct lifecycle *out)
{
	struct perf_event_header header;
	struct lifecycle decoded = { .name = "" };
	struct sample_id id;
	int err;

	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, record, sizeof(header));
	if (header.size != size)
		return -EBADMSG;
	if (header.type >= PERF_RECORD_MAX || !decoders[header.type])
		return -ENOMSG;
	if (size < sizeof(header) + sizeof(id))
		return -EBADMSG;
	memcpy(&id, (const char *)record + size - sizeof(id), sizeof(id));
	decoded.time_ns = id.time;
	err = decoders[header.type](record, size - sizeof(id), &decoded);
	if (err)
		return err;
	*out = decoded;
	return 0;
}
