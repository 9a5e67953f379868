// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the frames of a file belong, and its build ids: the input is the file, its last bytes are where frames are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolize/file_mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAMES 8

static void check(const struct profile *profile, uint32_t frame)
{
	const struct frame_names *names = &profile->names[frame];
	const struct profile_mapping *mapping = profile_get_mapping(profile, names->mapping);

	if (!mapping || names->type != FRAME_TYPE_NATIVE)
		abort();
	if (mapping->start || mapping->limit) {
		if (names->address < mapping->start || names->address >= mapping->limit)
			abort();
	} else if (names->address) {
		abort();
	}
}

static void map(const struct elf *elf, const uint8_t *data, size_t size)
{
	struct object object = {.path = (char *)(uintptr_t)"/file"};
	struct file_mapping mapping;
	struct profile profile = {0};
	uint32_t id;

	for (size_t i = 0; i < FRAMES && size >= (i + 1) * 8; i++) {
		struct frame frame = {.kind = FRAME_FILE};

		memcpy(&frame.address, data + size - (i + 1) * 8, 8);
		if (i & 1)
			frame.address &= 0xffff;
		if (profile_frame(&profile, &frame, &id))
			abort();
	}
	if (profile_begin_names(&profile) || file_mapping_init(&mapping, &profile, &object, elf, true))
		abort();
	for (uint32_t i = 0; i < profile.frames.count; i++) {
		if (file_mapping_put(&mapping, i))
			abort();
		check(&profile, i);
	}
	profile_release(&profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct elf elf;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	if (elf_init(&elf, fd)) {
		map(NULL, data, size);
		return 0;
	}
	map(&elf, data, size);
	elf_release(&elf);
	return 0;
}
