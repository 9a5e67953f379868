// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/vdso.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define IMAGE_MAX 65536u

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The kernel maps the file whole; its end is that of its last part. */
static size_t image_size(const uint8_t *image)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)image;
	const Elf64_Phdr *segments = (const Elf64_Phdr *)(image + header->e_phoff);
	size_t size = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;

	for (unsigned i = 0; i < header->e_phnum; i++)
		size = larger(size, segments[i].p_offset + segments[i].p_filesz);
	return size;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int vdso_open(void)
{
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	size_t size;
	int fd, err;

	if (!image)
		return -ENOENT;
	if (memcmp(image, ELFMAG, SELFMAG) || image[EI_CLASS] != ELFCLASS64)
		return -ENOEXEC;
	size = image_size(image);
	if (size > IMAGE_MAX)
		return -ENOEXEC;
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write_all(fd, image, size);
	if (!err)
		return fd;
	close(fd);
	return err;
}
