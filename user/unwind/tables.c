// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/tables.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "object/elf.h"
#include "object/rules.h"
#include "object/unwind_table.h"
#include "symbolize/vdso.h"

/* No entry point's code is longer. */
#define ENTRY_BYTES 64

struct file_table {
	struct elf elf;
	struct unwind_table table;
	uint64_t entry; /* e_entry: the process starts there; 0: none */
	bool usable;
};

struct tables {
	struct rules rules;
	struct file_table **by_object; /* by object id; NULL: not looked at yet */
	uint32_t n;
};

struct tables *tables_new(void)
{
	struct tables *tables = calloc(1, sizeof(*tables));

	if (tables && rules_init(&tables->rules)) {
		free(tables);
		return NULL;
	}
	return tables;
}

static void file_table_free(struct file_table *file)
{
	if (!file)
		return;
	unwind_table_release(&file->table);
	elf_release(&file->elf);
	free(file);
}

void tables_free(struct tables *tables)
{
	if (!tables)
		return;
	for (uint32_t id = 0; id < tables->n; id++)
		file_table_free(tables->by_object[id]);
	free(tables->by_object);
	rules_release(&tables->rules);
	free(tables);
}

static uint64_t entry_of(const struct elf *elf)
{
	Elf64_Ehdr header = {.e_entry = 0};

	return elf_read(elf, 0, &header, sizeof(header)) ? 0 : header.e_entry;
}

static void build(struct tables *tables, struct file_table *file, int fd)
{
	if (fd < 0 || elf_init(&file->elf, fd))
		return;
	file->entry = entry_of(&file->elf);
	file->usable = !unwind_table_init(&file->table, fd, &tables->rules);
}

static struct file_table *file_table_new(struct tables *tables, const struct object *object)
{
	struct file_table *file = calloc(1, sizeof(*file));
	int fd;

	if (!file)
		return NULL;
	if (object->kind != OBJECT_VDSO) {
		build(tables, file, object->fd);
		return file;
	}
	fd = vdso_open();
	build(tables, file, fd);
	if (fd >= 0)
		close(fd);
	return file;
}

static int make_room(struct tables *tables, uint32_t id)
{
	struct file_table **by_object;

	if (id < tables->n)
		return 0;
	by_object = realloc(tables->by_object, (id + 64) * sizeof(struct file_table *));
	if (!by_object)
		return -ENOMEM;
	while (tables->n < id + 64)
		by_object[tables->n++] = NULL;
	tables->by_object = by_object;
	return 0;
}

const struct abi_rule *tables_find(
	struct tables *tables, const struct object *object, uint64_t offset)
{
	const struct abi_rule *rule;
	struct file_table *file;
	uint64_t address;

	if (make_room(tables, object->id))
		return NULL;
	if (!tables->by_object[object->id])
		tables->by_object[object->id] = file_table_new(tables, object);
	file = tables->by_object[object->id];
	if (!file || !file->usable || elf_address_of_offset(&file->elf, offset, &address))
		return NULL;
	rule = &tables->rules.rule[unwind_table_find(&file->table, address)];
	/* ld.so's and musl's _start have no FDE, and no caller. */
	if (rule->cfa == CFA_NONE && file->entry && address - file->entry < ENTRY_BYTES)
		return &tables->rules.rule[CFA_END];
	return rule;
}
