/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the frames of one file belong: a mapping of the profile for each segment that they are in, and their ELF virtual
 * addresses. What is in no segment, or in a file that could not be read, has a mapping without addresses, and no address.
 */
#ifndef PROFOUND_FILE_MAPPING_H
#define PROFOUND_FILE_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "object/elf.h"
#include "object/object.h"
#include "profile/profile.h"

struct file_mapping {
	struct profile *profile;        /* borrowed; its names have begun */
	const struct elf *elf;          /* borrowed; NULL: the file cannot be read, or is not what was mapped */
	struct profile_mapping file;    /* what its mappings share */
	const Elf64_Phdr *segment;      /* of the last frame */
	uint32_t id;                    /* its mapping; 0: there was no frame yet */
};

/* With `hash` what costs to find out is found out, too: htlhash. 0 or -ENOMEM. */
int file_mapping_init(struct file_mapping *mapping, struct profile *profile, const struct object *object,
	const struct elf *elf, bool hash);
/* A frame of the file gets its mapping and address, and counts as native. 0 or -ENOMEM. */
int file_mapping_put(struct file_mapping *mapping, uint32_t frame);

#endif
