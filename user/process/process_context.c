// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/process_context.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bounded.h"
#include "base/clock.h"
#include "base/wire_reader.h"
#include "process/stated.h"

#define SIGNATURE "OTEL_CTX"
#define VERSION 2
#define TRIES 3
#define READ_MOST_NS (NS_PER_SECOND / 4)
#define PAGE_MIN 4096
#define PAGE_PRESENT (1ull << 63) /* Documentation/admin-guide/mm/pagemap.rst */

struct header {
	char signature[8];
	uint32_t version, payload_size;
	uint64_t published_at_ns, payload;
};

_Static_assert(sizeof(struct header) == 32, "as OTEP 4719 has it");

/* The parts of a process that are read; -1: not open. */
struct memory {
	int mem, pagemap;
};

bool process_context_is_at(const char *path)
{
	static const char *const names[] = {"[anon_shmem:" SIGNATURE, "[anon:" SIGNATURE, "/memfd:" SIGNATURE};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(path, names[i], strlen(names[i])))
			return true;
	return false;
}

struct value {
	struct cursor text; /* at NULL: none that can be told in one word */
	char number[24];
};

static void set_number(struct value *value, const char *format, long long number)
{
	int len = snprintf(value->number, sizeof(value->number), format, number);

	value->text = cursor_over(value->number, (size_t)len);
}

static struct wire_reader reader_of(const struct wire_field *field)
{
	return wire_reader_over(field->data, field->len);
}

/* AnyValue: of a oneof the last counts. */
static bool read_value(struct wire_reader in, struct value *value)
{
	struct wire_field field;

	while (wire_reader_next(&in, &field)) {
		if (wire_field_is(&field, 1, WIRE_BYTES))
			value->text = cursor_over(field.data, field.len);
		else if (wire_field_is(&field, 2, WIRE_VARINT))
			value->text = field.value ? cursor_over("true", 4) : cursor_over("false", 5);
		else if (wire_field_is(&field, 3, WIRE_VARINT))
			set_number(value, "%lld", (long long)field.value);
		else
			value->text = (struct cursor){0};
	}
	return !in.cursor.bad;
}

/* KeyValue */
static int parse_attribute(struct wire_reader in, struct buf *text)
{
	struct cursor key = {0};
	struct value value = {0};
	struct wire_field field;

	while (wire_reader_next(&in, &field)) {
		if (wire_field_is(&field, 1, WIRE_BYTES))
			key = cursor_over(field.data, field.len);
		else if (wire_field_is(&field, 2, WIRE_BYTES) && !read_value(reader_of(&field), &value))
			return -EBADMSG;
	}
	if (in.cursor.bad)
		return -EBADMSG;
	if (!key.at || !value.text.at)
		return 0;
	return stated_put(text, (const char *)key.at, cursor_left(&key), (const char *)value.text.at,
		cursor_left(&value.text));
}

/* Resource */
static int parse_resource(struct wire_reader in, struct buf *text)
{
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&in, &field))
		if (wire_field_is(&field, 1, WIRE_BYTES))
			err = parse_attribute(reader_of(&field), text);
	return !err && in.cursor.bad ? -EBADMSG : err;
}

int process_context_parse(const uint8_t *payload, size_t size, struct buf *text)
{
	struct wire_reader in = wire_reader_over(payload, size);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&in, &field))
		if (wire_field_is(&field, 1, WIRE_BYTES))
			err = parse_resource(reader_of(&field), text);
	return !err && in.cursor.bad ? -EBADMSG : err;
}

static bool is_present(const struct memory *memory, uint64_t address, size_t size)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), first = address / page;
	uint64_t pages = (address + size - 1) / page - first + 1, entries[PROCESS_CONTEXT_MAX / PAGE_MIN + 1];
	size_t len = pages * sizeof(*entries);

	if (address > INT64_MAX - size || len > sizeof(entries) ||
		pread(memory->pagemap, entries, len, (off_t)(first * sizeof(*entries))) != (ssize_t)len)
		return false;
	for (uint64_t i = 0; i < pages; i++)
		if (!(entries[i] & PAGE_PRESENT))
			return false;
	return true;
}

static int read_memory(const struct memory *memory, uint64_t address, void *data, size_t size)
{
	if (!is_present(memory, address, size))
		return -ENODATA;
	return pread(memory->mem, data, size, (off_t)address) == (ssize_t)size ? 0 : -ENODATA;
}

static int read_header(const struct memory *memory, uint64_t address, struct header *header)
{
	int err = read_memory(memory, address, header, sizeof(*header));

	if (err)
		return err;
	if (memcmp(header->signature, SIGNATURE, sizeof(header->signature)) || header->version != VERSION ||
		!header->payload_size || header->payload_size > PROCESS_CONTEXT_MAX)
		return -ENODATA;
	return header->published_at_ns ? 0 : -EAGAIN;
}

/* One consistent payload, or -EAGAIN: it changed meanwhile. */
static int read_once(const struct memory *memory, uint64_t address, uint8_t *payload, size_t *size)
{
	struct header header, after;
	int err = read_header(memory, address, &header), read;

	if (err)
		return err;
	read = read_memory(memory, header.payload, payload, header.payload_size);
	err = read_header(memory, address, &after);
	if (err || memcmp(&header, &after, sizeof(header)))
		return err ? err : -EAGAIN;
	*size = header.payload_size;
	return read;
}

/* What the child that reads is given, and gives: in shared memory. */
struct reading {
	struct memory memory;
	uint64_t address;
	int err;
	size_t size;
	uint8_t payload[PROCESS_CONTEXT_MAX];
};

static void read_in_child(void *context)
{
	struct reading *reading = context;

	reading->err = -EAGAIN;
	for (int i = 0; i < TRIES && reading->err == -EAGAIN; i++)
		reading->err = read_once(&reading->memory, reading->address, reading->payload, &reading->size);
}

static int parse_reading(const struct reading *reading, struct buf *text)
{
	size_t before = text->len, size = reading->size;
	int err = reading->err == -EAGAIN ? -ENODATA : reading->err;

	if (!err)
		err = size > PROCESS_CONTEXT_MAX ? -EBADMSG : process_context_parse(reading->payload, size, text);
	if (err)
		text->len = before;
	return err;
}

static int read_payload(const struct memory *memory, uint64_t address, struct buf *text)
{
	struct reading *reading = mmap(
		NULL, sizeof(*reading), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int err;

	if (reading == MAP_FAILED)
		return -ENOMEM;
	reading->memory = *memory;
	reading->address = address;
	err = bounded_run(read_in_child, reading, (const int[2]){memory->mem, memory->pagemap}, READ_MOST_NS);
	if (!err)
		err = parse_reading(reading, text);
	munmap(reading, sizeof(*reading));
	return err;
}

int process_context_read(int proc_dir, uint64_t address, struct buf *text)
{
	struct memory memory = {.pagemap = -1};
	int err = 0;

	memory.mem = openat(proc_dir, "mem", O_RDONLY | O_CLOEXEC);
	if (memory.mem >= 0)
		memory.pagemap = openat(proc_dir, "pagemap", O_RDONLY | O_CLOEXEC);
	if (memory.mem < 0 || memory.pagemap < 0)
		err = -errno;
	if (!err)
		err = read_payload(&memory, address, text);
	if (memory.pagemap >= 0)
		close(memory.pagemap);
	if (memory.mem >= 0)
		close(memory.mem);
	return err;
}
