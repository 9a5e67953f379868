// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/file_names.h"

#include <errno.h>
#include <stddef.h>

#include "object/elf.h"
#include "symbolize/go_symbols.h"

int file_names_go(int fd, struct batch *batch)
{
	struct elf elf;
	int err = elf_init(&elf, fd);

	if (err)
		return err;
	err = go_symbols_resolve(&elf, batch);
	for (size_t i = 0; i < batch->count; i++)
		if (batch->items[i].name)
			batch->items[i].type = FRAME_TYPE_GO;
	elf_release(&elf);
	return err;
}

static int add_rest(const struct batch *batch, struct batch *rest)
{
	int err = 0;

	for (size_t i = 0; i < batch->count && !err; i++)
		if (!batch->items[i].lines.count)
			err = batch_add(rest, batch->items[i].address, (uint32_t)i);
	return err;
}

/* Of all that has no lines yet. */
static int add_lines(const struct dwarf_files *files, const struct namer *namer, struct batch *batch)
{
	struct batch rest = {0};
	int err = add_rest(batch, &rest);

	batch_sort(&rest);
	if (!err)
		err = rest.count ? namer->lines(namer->context, files, &rest) : -ENODATA;
	for (size_t i = 0; i < rest.count && err != -ENOMEM; i++) {
		batch->items[rest.items[i].frame].lines = rest.items[i].lines;
		rest.items[i].lines = (struct code_lines){0};
	}
	batch_release(&rest);
	return err;
}

int file_names_resolve(const struct dwarf_files *files, const struct namer *namer, struct batch *batch, int *lines)
{
	int go = namer->go(namer->context, files->mapped, batch), got = -ENODATA, err;

	if (go != -ENOMEM && namer->lines)
		got = add_lines(files, namer, batch);
	if (lines)
		*lines = got;
	if (go == -ENOMEM || got == -ENOMEM)
		return -ENOMEM;
	err = namer->symbols(namer->context, files->mapped, files->debug, batch);
	return err || (go != -EIO && go != -EPIPE) ? err : go;
}
