// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/debug_names.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "object/elf.h"
#include "process/debug_file.h"
#include "symbolize/file_symbols.h"

static int read_addresses(struct batch *batch, struct fault *fault)
{
	char line[64], *end;
	int err = 0;

	while (!err && fgets(line, sizeof(line), stdin)) {
		uint64_t address = strtoull(line, &end, 16);

		if (end == line || *end != '\n')
			return fault_set(fault, -EIO, "standard input: no line with a hexadecimal address");
		err = batch_add(batch, address, (uint32_t)batch->count);
	}
	batch_sort(batch);
	return err ? fault_set(fault, err, "%s", strerror(-err)) : 0;
}

static void print_names(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_item *item = &batch->items[i];

		printf("%" PRIx64 "\t%s\n", item->address, item->name ? item->name : "");
	}
}

static int name_addresses(const char *path, int fd, struct batch *batch)
{
	char real[PATH_MAX];
	struct object object = {.path = realpath(path, real) ? real : (char *)(uintptr_t)path,
		.fd = fd, .root_fd = -1};
	struct elf elf;
	int debug_fd, err = elf_init(&elf, fd);

	if (err)
		return err;
	debug_fd = debug_file_open(&object, &elf, NULL);
	err = file_symbols_resolve(fd, debug_fd, batch);
	if (debug_fd >= 0)
		close(debug_fd);
	elf_release(&elf);
	return err;
}

int debug_names(const char *path, const char *save, struct fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err;
	struct batch batch = {0};

	(void)save;
	if (fd < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	err = read_addresses(&batch, fault);
	if (!err) {
		err = name_addresses(path, fd, &batch);
		if (err)
			fault_set(fault, err, "%s: %s", path,
				err == -ENOEXEC ? "no ELF file that we read" : strerror(-err));
		else
			print_names(&batch);
	}
	batch_release(&batch);
	close(fd);
	return err;
}
