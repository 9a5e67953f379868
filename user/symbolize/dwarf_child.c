// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/dwarf_child.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbolize/dwarf_protocol.h"
#include "symbolize/dwarf_reader.h"
#include "symbolize/dwarf_sandbox.h"

#define MEMORY_MAX (2ull << 30) /* beside the files, which are mapped */
#define CPU_SECONDS_MAX 60u     /* a file; the parent's deadline comes first, unless it died */

struct request {
	int fd;
	struct batch batch;
	char *message; /* DWARF_MESSAGE_MAX, for what is sent */
	size_t used;
};

/* The handler of SIGSYS has no argument to find it by. */
static bool opening;

static int send_all(const void *data, size_t size)
{
	struct iovec part = {(void *)data, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	do
		n = sendmsg(DWARF_CHILD_SOCKET, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* The descriptor that came with a message; -1: none did. */
static int take_descriptor(struct msghdr *message)
{
	struct cmsghdr *part = CMSG_FIRSTHDR(message);
	int fd;

	if (!part || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS ||
		part->cmsg_len != CMSG_LEN(sizeof(fd)))
		return -1;
	memcpy(&fd, CMSG_DATA(part), sizeof(fd));
	return fd;
}

/* The size of a message; 0: the parent is gone. */
static ssize_t receive(void *data, size_t size, int *fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {data, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n;

	do
		n = recvmsg(DWARF_CHILD_SOCKET, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*fd = take_descriptor(&message);
	return message.msg_flags & MSG_TRUNC ? -EBADMSG : n;
}

/* In a signal handler, or called by the reader. */
static int ask_to_open(const char *path)
{
	size_t len = strnlen(path, DWARF_STRING_MAX);
	struct dwarf_message head = {.type = DWARF_OPEN};
	char out[sizeof(head) + DWARF_STRING_MAX];
	int fd, err;
	ssize_t n;

	if (len == DWARF_STRING_MAX)
		return -ENAMETOOLONG;
	memcpy(out, &head, sizeof(head));
	memcpy(out + sizeof(head), path, len);
	err = send_all(out, sizeof(head) + len);
	if (err)
		return err;
	n = receive(&head, sizeof(head), &fd);
	if (n != (ssize_t)sizeof(head) || head.type != DWARF_OPENED)
		_exit(1); /* out of step */
	return head.a ? -(int)(head.a & 4095) : fd >= 0 ? fd : -EIO;
}

static int on_open(const char *path)
{
	return opening ? ask_to_open(path) : -ENOENT;
}

static int source_open(void *context, const char *path)
{
	(void)context;
	return ask_to_open(path);
}

static void source_may_open(void *context, bool may)
{
	(void)context;
	opening = may;
}

static int flush(struct request *request)
{
	const struct dwarf_message head = {.type = DWARF_LINES};
	int err = 0;

	if (request->used > sizeof(head)) {
		memcpy(request->message, &head, sizeof(head));
		err = send_all(request->message, request->used);
	}
	request->used = sizeof(head);
	return err;
}

static uint16_t string_len(const char *string)
{
	size_t len = string ? strnlen(string, DWARF_STRING_MAX) : DWARF_STRING_MAX;

	return len < DWARF_STRING_MAX ? (uint16_t)len : DWARF_NO_STRING;
}

static void put(struct request *request, const void *data, size_t size)
{
	memcpy(request->message + request->used, data, size);
	request->used += size;
}

static int send_line(struct request *request, uint32_t item, const struct code_line *line)
{
	struct dwarf_record record = {
		.item = item, .line = line->line, .first_line = line->first_line,
		.function_len = string_len(line->function), .file_len = string_len(line->file),
	};
	size_t function = record.function_len == DWARF_NO_STRING ? 0 : record.function_len;
	size_t file = record.file_len == DWARF_NO_STRING ? 0 : record.file_len;
	int err = 0;

	if (sizeof(record) + function + file > DWARF_MESSAGE_MAX - request->used)
		err = flush(request);
	if (err)
		return err;
	put(request, &record, sizeof(record));
	put(request, line->function, function);
	put(request, line->file, file);
	return 0;
}

static int send_lines(struct request *request)
{
	int err = 0;

	request->used = sizeof(struct dwarf_message);
	for (size_t i = 0; i < request->batch.count && !err; i++) {
		const struct code_lines *lines = &request->batch.items[i].lines;

		for (uint32_t n = 0; n < lines->count && !err; n++)
			err = send_line(request, (uint32_t)i, &lines->at[n]);
	}
	return err ? err : flush(request);
}

static int add_addresses(struct request *request, const char *data, size_t size, uint32_t count)
{
	if (size % sizeof(uint64_t) || !size || size / sizeof(uint64_t) > count - request->batch.count)
		return -EBADMSG;
	for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
		uint64_t address;

		memcpy(&address, data + i, sizeof(address));
		if (batch_add(&request->batch, address, 0))
			return -ENOMEM;
	}
	return 0;
}

/* The rest of what BEGIN announced. */
static int receive_addresses(struct request *request, uint32_t count)
{
	const struct dwarf_message *head = (const struct dwarf_message *)request->message;
	int fd, err = 0;

	if (!count || count > DWARF_ADDRESSES_MAX)
		return -EBADMSG;
	while (request->batch.count < count && !err) {
		ssize_t n = receive(request->message, DWARF_MESSAGE_MAX, &fd);

		if (n < (ssize_t)sizeof(*head) || head->type != DWARF_ADDRESSES)
			return -EBADMSG;
		err = add_addresses(request, request->message + sizeof(*head), (size_t)n - sizeof(*head), count);
	}
	if (!err)
		batch_sort(&request->batch);
	return err;
}

static uint64_t file_size(int fd)
{
	struct stat st;

	return fd >= 0 && !fstat(fd, &st) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

static int serve(struct request *request)
{
	const struct dwarf_source source = {request->fd, NULL, source_open, source_may_open};
	struct dwarf_message done = {.type = DWARF_DONE};
	int err, sent;

	err = dwarf_sandbox_limit(MEMORY_MAX + file_size(request->fd), CPU_SECONDS_MAX);
	if (!err)
		err = dwarf_reader_lines(&source, &request->batch);
	sent = send_lines(request);
	done.a = (uint32_t)-err;
	return sent ? sent : send_all(&done, sizeof(done));
}

/* 1: served; 0: the parent wants no more; or an error. */
static int next(char *message)
{
	const struct dwarf_message *head = (const struct dwarf_message *)message;
	struct request request = {.message = message};
	int err;
	ssize_t n = receive(message, DWARF_MESSAGE_MAX, &request.fd);

	if (n <= 0)
		return (int)n;
	if (n != (ssize_t)sizeof(*head) || head->type != DWARF_BEGIN || request.fd < 0)
		return -EBADMSG;
	err = receive_addresses(&request, head->a);
	if (!err)
		err = serve(&request);
	batch_release(&request.batch);
	close(request.fd);
	return err ? err : 1;
}

int dwarf_child_main(void)
{
	char *message = malloc(DWARF_MESSAGE_MAX);
	int err = message ? dwarf_sandbox_enter(on_open) : -ENOMEM;

	if (!err)
		while ((err = next(message)) > 0)
			;
	free(message);
	return err ? 1 : 0;
}
