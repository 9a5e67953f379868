/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jitdumps put together by hand. */
#ifndef MADE_JITDUMP_H
#define MADE_JITDUMP_H

#include <stdint.h>
#include <string.h>

struct made_jitdump {
	uint8_t data[65536];
	size_t len;
};

static inline void made_jitdump_put(struct made_jitdump *made, uint64_t value, size_t size)
{
	memcpy(made->data + made->len, &value, size);
	made->len += size;
}

static inline void made_jitdump_text(struct made_jitdump *made, const char *text)
{
	memcpy(made->data + made->len, text, strlen(text) + 1);
	made->len += strlen(text) + 1;
}

static inline void made_jitdump_header(struct made_jitdump *made, uint32_t magic, uint32_t version,
	uint32_t size, uint64_t flags)
{
	made->len = 0;
	made_jitdump_put(made, magic, 4);
	made_jitdump_put(made, version, 4);
	made_jitdump_put(made, size, 4);
	made_jitdump_put(made, 62, 4); /* EM_X86_64 */
	made_jitdump_put(made, 0, 4);
	made_jitdump_put(made, 4321, 4);
	made_jitdump_put(made, 1, 8);
	made_jitdump_put(made, flags, 8);
}

static inline void made_jitdump_init(struct made_jitdump *made)
{
	made_jitdump_header(made, 0x4a695444, 1, 40, 0);
}

static inline void made_jitdump_record(struct made_jitdump *made, uint32_t id, uint32_t payload,
	uint64_t time_ns)
{
	made_jitdump_put(made, id, 4);
	made_jitdump_put(made, payload + 16, 4);
	made_jitdump_put(made, time_ns, 8);
}

/* With 3 bytes of code, whatever the size says. */
static inline void made_jitdump_load(struct made_jitdump *made, uint64_t time_ns, uint64_t index,
	uint64_t start, uint64_t size, const char *name)
{
	made_jitdump_record(made, 0, 40 + (uint32_t)strlen(name) + 1 + 3, time_ns);
	made_jitdump_put(made, 4321, 4);
	made_jitdump_put(made, 4321, 4);
	made_jitdump_put(made, start, 8);
	made_jitdump_put(made, start, 8);
	made_jitdump_put(made, size, 8);
	made_jitdump_put(made, index, 8);
	made_jitdump_text(made, name);
	made_jitdump_put(made, 0xcccccc, 3);
}

static inline void made_jitdump_move(struct made_jitdump *made, uint64_t time_ns, uint64_t index,
	uint64_t from, uint64_t to, uint64_t size)
{
	made_jitdump_record(made, 1, 48, time_ns);
	made_jitdump_put(made, 4321, 4);
	made_jitdump_put(made, 4321, 4);
	made_jitdump_put(made, to, 8);
	made_jitdump_put(made, from, 8);
	made_jitdump_put(made, to, 8);
	made_jitdump_put(made, size, 8);
	made_jitdump_put(made, index, 8);
}

struct made_line {
	uint64_t address;
	uint32_t line;
	const char *file;
};

static inline void made_jitdump_lines(struct made_jitdump *made, uint64_t code,
	const struct made_line *lines, uint32_t count)
{
	uint32_t payload = 16;

	for (uint32_t i = 0; i < count; i++)
		payload += 16 + (uint32_t)strlen(lines[i].file) + 1;
	made_jitdump_record(made, 2, payload, 1);
	made_jitdump_put(made, code, 8);
	made_jitdump_put(made, count, 8);
	for (uint32_t i = 0; i < count; i++) {
		made_jitdump_put(made, lines[i].address, 8);
		made_jitdump_put(made, lines[i].line, 4);
		made_jitdump_put(made, 0, 4);
		made_jitdump_text(made, lines[i].file);
	}
}

#endif
