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
#include "parser/parser_names.h"
#include "symbolize/file_names.h"

#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

int debug_names_take(const char *word, struct batch *addresses, struct fault *fault)
{
	uint64_t address;
	char *end;

	errno = 0;
	address = strtoull(word, &end, 16);
	if (end == word || *end || errno || *word == '-' || *word == '+')
		return fault_set(fault, -EINVAL, "'%s' is no hexadecimal address", word);
	if (batch_add(addresses, address, (uint32_t)addresses->count))
		return fault_set(fault, -ENOMEM, "%s", strerror(ENOMEM));
	return 0;
}

static int read_addresses(struct batch *addresses, struct fault *fault)
{
	char *line = NULL;
	size_t cap = 0;
	int err = 0;

	while (!err && getline(&line, &cap, stdin) > 0) {
		line[strcspn(line, "\r\n")] = 0;
		if (*line)
			err = debug_names_take(line, addresses, fault);
	}
	free(line);
	return err;
}

static void print_item(const struct batch_item *item)
{
	const struct code_lines *lines = &item->lines;
	uint32_t n = lines->count ? lines->count : 1;

	for (uint32_t i = 0; i < n; i++) {
		const struct code_line unknown = {0}, *line = lines->count ? &lines->at[i] : &unknown;
		const char *function = i == n - 1 && item->name ? item->name : line->function;

		printf("0x%" PRIx64 "\t%s\t%s:%u\n", item->address, function ? function : "??",
			line->file ? line->file : "??", line->line);
	}
}

static int by_order(const void *left, const void *right)
{
	const struct batch_item *a = left, *b = right;

	return (a->frame > b->frame) - (a->frame < b->frame);
}

static int name_by(const struct dwarf_files *files, const char *path, struct batch *batch)
{
	struct parser_worker *worker = parser_worker_new(&(struct parser_worker_options){0});
	const struct namer namer = parser_names_namer(worker);
	int lines = 0, err = worker ? file_names_resolve(files, &namer, batch, &lines) : -ENOMEM;

	parser_worker_free(worker);
	if (!err && lines && lines != -ENODATA)
		fprintf(stderr, "profound debug: %s: its debug information: %s\n", path, strerror(-lines));
	return err;
}

/* By all that the file and its separate debug file know, which is looked for as if the file were ours. */
static int name_all(int fd, const char *path, struct batch *batch)
{
	char real[PATH_MAX];
	const struct object object = {.path = realpath(path, real), .fd = fd, .root_fd = -1, .root_is_ours = true};
	struct debug_file_namer namer = {&object, fd};
	struct dwarf_files files = {
		.mapped = fd, .debug = -1, .open = debug_file_open_for, .context = &namer};
	uint64_t checksum_left = DEBUG_FILE_CHECKSUMS;
	struct elf elf;
	int err = object.path ? elf_init(&elf, fd) : -errno;

	if (err)
		return err;
	files.debug = debug_file_open(&object, &elf, NULL, &checksum_left);
	if (files.debug >= 0)
		namer.debug_fd = files.debug;
	err = name_by(&files, path, batch);
	if (files.debug >= 0)
		close(files.debug);
	elf_release(&elf);
	return err;
}

static int print_all(int fd, const char *path, struct batch *batch, struct fault *fault)
{
	int err = name_all(fd, path, batch);

	if (err)
		return fault_set(fault, err, "%s: %s", path,
			err == -ENOEXEC ? "no ELF file that can be read" : strerror(-err));
	qsort(batch->items, batch->count, sizeof(*batch->items), by_order);
	for (size_t i = 0; i < batch->count; i++)
		print_item(&batch->items[i]);
	return 0;
}

static int copy(const struct batch *addresses, struct batch *batch)
{
	int err = 0;

	for (size_t i = 0; i < addresses->count && !err; i++)
		err = batch_add(batch, addresses->items[i].address, (uint32_t)i);
	return err;
}

int debug_names(const char *path, const struct batch *addresses, struct fault *fault)
{
	int fd = open(path, OPEN_FLAGS), err;
	struct batch batch = {0};

	if (fd < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	err = addresses->count ? copy(addresses, &batch) : read_addresses(&batch, fault);
	batch_sort(&batch);
	if (!err)
		err = print_all(fd, path, &batch, fault);
	batch_release(&batch);
	close(fd);
	return err;
}
