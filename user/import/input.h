/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All bytes of a file that is to be read in, unpacked where it is packed by gzip (RFC 1952, members in a row too). */
#ifndef PROFOUND_INPUT_H
#define PROFOUND_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

#define INPUT_MAX (UINT32_C(1) << 30) /* bytes of a file, and of what is packed in it */
/* What a packed byte may become once the file has more than the first INPUT_UNPACKED_FREE. */
#define INPUT_RATIO_MAX 256
#define INPUT_UNPACKED_FREE (16u << 20)

struct input {
	const char *path; /* as it was asked for: for messages; the caller's */
	uint8_t *data;
	size_t len;
	bool packed; /* offsets are those of the unpacked bytes */
};

/* "-" is stdin. 0, and `input` is to be released; or a negative errno: -EFBIG: too large, -EBADMSG: no good gzip. */
int input_read(struct input *input, const char *path, struct fault *fault);
void input_release(struct input *input);

/* The name for messages. */
const char *input_name(const struct input *input);
/* One line: "FILE: ...", "FILE: at byte AT: ...". Returns -EBADMSG. */
int input_fault(const struct input *input, struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int input_fault_at(const struct input *input, size_t at, struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
