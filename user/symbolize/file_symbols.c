// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/file_symbols.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "object/elf.h"
#include "symbolize/elf_symbols.h"
#include "symbolize/mini_debug.h"
#include "symbolize/plt_symbols.h"

/* The files that know of one file's symbols; opened as they are asked for, once. */
struct files {
	struct elf own, debug, mini;
	int debug_fd, mini_fd;
	bool debug_open, mini_tried, mini_open;
	uint32_t work; /* elf_symbols.h */
};

static const struct elf *own_file(struct files *files)
{
	return &files->own;
}

static const struct elf *debug_file(struct files *files)
{
	if (!files->debug_open && files->debug_fd >= 0)
		files->debug_open = !elf_init(&files->debug, files->debug_fd);
	return files->debug_open ? &files->debug : NULL;
}

static const struct elf *mini_file(struct files *files)
{
	if (!files->mini_tried) {
		files->mini_tried = true;
		files->mini_fd = mini_debug_open(&files->own);
		files->mini_open = files->mini_fd >= 0 && !elf_init(&files->mini, files->mini_fd);
	}
	return files->mini_open ? &files->mini : NULL;
}

static const struct source {
	const struct elf *(*file)(struct files *files);
	uint32_t type;
} sources[] = {
	{own_file, SHT_SYMTAB},
	{debug_file, SHT_SYMTAB},
	{mini_file, SHT_SYMTAB},
	{own_file, SHT_DYNSYM},
};

_Static_assert(sizeof(sources) / sizeof(*sources) <= ELF_SYMBOLS_TABLES, "room for every table");

/* What a table that cannot be read costs is its names; the worst is told when all had their turn. */
static int name_by_tables(struct files *files, struct batch *batch)
{
	struct elf_symbols *symbols = elf_symbols_new(batch, &files->work);
	int err = symbols ? 0 : -ENOMEM, worst = 0;

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources) && err != -ENOMEM; i++) {
		const struct elf *elf;

		if (elf_symbols_whole(symbols))
			break;
		elf = sources[i].file(files);
		err = elf ? elf_symbols_add(symbols, elf, sources[i].type) : 0;
		if (err && elf == &files->own)
			worst = err;
	}
	if (err != -ENOMEM)
		err = elf_symbols_finish(symbols);
	elf_symbols_free(symbols);
	return err ? err : worst;
}

/* An IFUNC's PLT entry has the name of the function that chooses, if one begins exactly there. */
static int name_chosen(struct files *files, struct batch *batch, struct batch *chosen)
{
	int err;

	batch_sort(chosen);
	err = name_by_tables(files, chosen);
	if (err == -EIO)
		err = 0;
	for (size_t i = 0; i < chosen->count && !err; i++) {
		const struct batch_item *function = &chosen->items[i];
		struct batch_item *item = &batch->items[function->frame];

		if (function->name && function->start == function->address && !item->name)
			err = plt_symbols_set(item, item->start, function->name, strlen(function->name));
	}
	return err;
}

static bool all_named(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (!batch->items[i].name)
			return false;
	return true;
}

static int name_plt(struct files *files, struct batch *batch)
{
	struct batch chosen = {0};
	int err = plt_symbols_resolve(&files->own, batch, &chosen);

	if (!err && chosen.count)
		err = name_chosen(files, batch, &chosen);
	batch_release(&chosen);
	return err;
}

static void release(struct files *files)
{
	elf_release(&files->own);
	if (files->debug_open)
		elf_release(&files->debug);
	if (files->mini_open)
		elf_release(&files->mini);
	if (files->mini_fd >= 0)
		close(files->mini_fd);
}

int file_symbols_resolve(int fd, int debug_fd, struct batch *batch)
{
	struct files files = {.debug_fd = debug_fd, .mini_fd = -1};
	int err, worst;

	if (!batch->count)
		return 0;
	err = elf_init(&files.own, fd);
	if (err)
		return err;
	worst = err = name_by_tables(&files, batch);
	if (err != -ENOMEM && !all_named(batch))
		err = name_plt(&files, batch);
	release(&files);
	return err ? err : worst;
}
