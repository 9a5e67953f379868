// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define FIRST (64u << 10)
#define GZIP_MAGIC "\x1f\x8b"

void input_release(struct input *input)
{
	free(input->data);
	*input = (struct input){0};
}

const char *input_name(const struct input *input)
{
	return strcmp(input->path, "-") ? input->path : "standard input";
}

int input_fault(const struct input *input, struct fault *fault, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return fault_set(fault, -EBADMSG, "%.200s: %s", input_name(input), text);
}

int input_fault_at(const struct input *input, size_t at, struct fault *fault, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return fault_set(fault, -EBADMSG, "%.200s: at byte %zu%s: %s", input_name(input), at,
		input->packed ? " of what is packed in it" : "", text);
}

/* Room for more; at most INPUT_MAX and one byte, which tells that there is more. */
static int grow(uint8_t **data, size_t *cap)
{
	size_t larger = *cap ? *cap * 2 : FIRST;
	uint8_t *moved;

	if (larger > (size_t)INPUT_MAX + 1)
		larger = (size_t)INPUT_MAX + 1;
	moved = realloc(*data, larger);
	if (!moved)
		return -ENOMEM;
	*data = moved;
	*cap = larger;
	return 0;
}

/* A byte more than it has tells that there is no more. 0: too large. */
static size_t expected_size(int fd)
{
	struct stat info;

	if (fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_size <= 0)
		return FIRST;
	return info.st_size > (off_t)INPUT_MAX ? 0 : (size_t)info.st_size + 1;
}

static int read_all(struct input *input, int fd)
{
	size_t cap = expected_size(fd);

	if (!cap)
		return -EFBIG;
	input->data = malloc(cap);
	if (!input->data)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, input->data + input->len, cap - input->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		input->len += (size_t)n;
		if (input->len > INPUT_MAX)
			return -EFBIG;
		if (input->len == cap && grow(&input->data, &cap))
			return -ENOMEM;
	}
}

static int read_path(struct input *input)
{
	bool is_stdin = !strcmp(input->path, "-");
	int fd = is_stdin ? STDIN_FILENO : open(input->path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = read_all(input, fd);
	if (!is_stdin)
		close(fd);
	return err;
}

struct unpacking {
	z_stream stream;
	uint8_t *data;
	size_t len, cap, max;
};

/* One call of inflate(). 1: a member ended. */
static int unpack_some(struct unpacking *unpacking)
{
	z_stream *stream = &unpacking->stream;
	int status;

	if (unpacking->len == unpacking->cap && grow(&unpacking->data, &unpacking->cap))
		return -ENOMEM;
	stream->next_out = unpacking->data + unpacking->len;
	stream->avail_out = (uInt)(unpacking->cap - unpacking->len);
	status = inflate(stream, Z_NO_FLUSH);
	unpacking->len = unpacking->cap - stream->avail_out;
	if (unpacking->len > unpacking->max)
		return -EFBIG;
	if (status == Z_STREAM_END)
		return 1;
	if (status == Z_MEM_ERROR)
		return -ENOMEM;
	return status == Z_OK && (stream->avail_in || !stream->avail_out) ? 0 : -EBADMSG;
}

static int unpack_all(struct unpacking *unpacking)
{
	int err;

	for (;;) {
		err = unpack_some(unpacking);
		if (err < 0 || (err && !unpacking->stream.avail_in))
			break;
		if (err && inflateReset(&unpacking->stream) != Z_OK)
			return -EBADMSG;
	}
	return err < 0 ? err : 0;
}

static int unpack(struct input *input)
{
	struct unpacking unpacking = {.max = INPUT_UNPACKED_FREE};
	int err;

	if (input->len * INPUT_RATIO_MAX > unpacking.max)
		unpacking.max = input->len * INPUT_RATIO_MAX < INPUT_MAX ? input->len * INPUT_RATIO_MAX : INPUT_MAX;
	if (inflateInit2(&unpacking.stream, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	unpacking.stream.next_in = input->data;
	unpacking.stream.avail_in = (uInt)input->len;
	err = unpack_all(&unpacking);
	inflateEnd(&unpacking.stream);
	if (err) {
		free(unpacking.data);
		return err;
	}
	free(input->data);
	input->data = unpacking.data;
	input->len = unpacking.len;
	input->packed = true;
	return 0;
}

static int refuse(const struct input *input, int err, bool unpacking, struct fault *fault)
{
	if (err == -EFBIG && unpacking)
		return fault_set(fault, err,
			"%.200s: unpacks to more than %d times its size, or to more than 1 GiB: no profile does",
			input_name(input), INPUT_RATIO_MAX);
	if (err == -EFBIG)
		return fault_set(fault, err, "%.200s: larger than 1 GiB, the most that is read", input_name(input));
	if (err == -EBADMSG)
		return input_fault(input, fault, "its gzip data is damaged or cut off");
	return fault_set(fault, err, "cannot read %.200s: %s", input_name(input), strerror(-err));
}

int input_read(struct input *out, const char *path, struct fault *fault)
{
	struct input input = {.path = path};
	bool unpacking = false;
	int err = read_path(&input);

	if (!err && input.len >= 2 && !memcmp(input.data, GZIP_MAGIC, 2)) {
		unpacking = true;
		err = unpack(&input);
	}
	if (err) {
		refuse(&input, err, unpacking, fault);
		input_release(&input);
		return err;
	}
	*out = input;
	return 0;
}
