// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/parser_child.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parser/parser_protocol.h"
#include "parser/parser_sandbox.h"
#include "parser/parser_serve.h"
#include "symbolize/dwarf_reader.h"

#define MEMORY_MAX (2ull << 30) /* beside the files, which are mapped */
#define CPU_SECONDS_MAX 60u     /* a file; the parent's deadline comes first, unless it died */

/* The handler of SIGSYS has no argument to find it by. */
static bool opening;

static int send_all(void *context, const void *data, size_t size)
{
	struct iovec part = {(void *)data, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	(void)context;
	do
		n = sendmsg(PARSER_CHILD_SOCKET, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* The descriptors that came with a message; how many. */
static size_t take_descriptors(struct msghdr *message, int fds[PARSER_FDS])
{
	struct cmsghdr *part = CMSG_FIRSTHDR(message);
	size_t n;

	if (!part || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (part->cmsg_len - CMSG_LEN(0)) / sizeof(*fds);
	memcpy(fds, CMSG_DATA(part), n * sizeof(*fds));
	return n;
}

/* The size of a message; 0: the parent is gone. */
static ssize_t receive(void *data, size_t size, int fds[PARSER_FDS], size_t *n_fds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(PARSER_FDS * sizeof(int))];
	} control = {0};
	struct iovec part = {data, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n;

	do
		n = recvmsg(PARSER_CHILD_SOCKET, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*n_fds = take_descriptors(&message, fds);
	return message.msg_flags & MSG_TRUNC ? -EBADMSG : n;
}

/* In a signal handler, or called by the reader. */
static int ask_to_open(const char *path)
{
	size_t len = strnlen(path, PARSER_STRING_MAX);
	struct parser_message head = {.type = PARSER_OPEN};
	char out[sizeof(head) + PARSER_STRING_MAX];
	int fds[PARSER_FDS], err;
	size_t n_fds = 0;
	ssize_t n;

	if (len == PARSER_STRING_MAX)
		return -ENAMETOOLONG;
	memcpy(out, &head, sizeof(head));
	memcpy(out + sizeof(head), path, len);
	err = send_all(NULL, out, sizeof(head) + len);
	if (err)
		return err;
	n = receive(&head, sizeof(head), fds, &n_fds);
	if (n != (ssize_t)sizeof(head) || head.type != PARSER_OPENED)
		_exit(1); /* out of step */
	return head.a ? -(int)(head.a & 4095) : n_fds ? fds[0] : -EIO;
}

/* Only libdw opens files, and not always. */
static int on_open(const char *path)
{
	if (!opening)
		_exit(1);
	return ask_to_open(path);
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


static int take_addresses(struct parser_task *task, const char *data, size_t size, uint32_t count)
{
	if (size % sizeof(uint64_t) || !size || size / sizeof(uint64_t) > count - task->batch.count)
		return -EBADMSG;
	for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
		uint64_t address;

		memcpy(&address, data + i, sizeof(address));
		if (batch_add(&task->batch, address, 0))
			return -ENOMEM;
	}
	return 0;
}

static int take_spans(struct parser_task *task, const char *data, size_t size, uint32_t count)
{
	if (!task->spans)
		task->spans = calloc(count, sizeof(*task->spans));
	if (!task->spans)
		return -ENOMEM;
	if (size % sizeof(*task->spans) || size / sizeof(*task->spans) > count - task->n_spans)
		return -EBADMSG;
	memcpy(task->spans + task->n_spans, data, size);
	task->n_spans += (uint32_t)(size / sizeof(*task->spans));
	return 0;
}

static int take_part(struct parser_task *task, const struct parser_message *head, const char *data, size_t size,
	uint32_t count)
{
	switch (head->type) {
	case PARSER_ADDRESSES:
		return take_addresses(task, data, size, count);
	case PARSER_SPANS:
		return take_spans(task, data, size, count);
	case PARSER_LINES:
		return parser_answer_take(&task->hints, data, size);
	default:
		return -EBADMSG;
	}
}

static bool is_whole(const struct parser_task *task, const struct parser_message *head, uint32_t count)
{
	return task->job == PARSER_JOB_LINES ? task->batch.count == count : head->type == PARSER_READY;
}

/* The rest of what BEGIN announced. */
static int receive_rest(struct parser_task *task, char *message, uint32_t count)
{
	struct parser_message head = {0};
	int fds[PARSER_FDS], err = 0;
	size_t n_fds;

	if (!count && task->job == PARSER_JOB_TABLE)
		return 0;
	if (!count || count > PARSER_ADDRESSES_MAX)
		return -EBADMSG;
	err = parser_answer_init(&task->hints, count);
	while (!err) {
		ssize_t n = receive(message, PARSER_MESSAGE_MAX, fds, &n_fds);

		if (n < (ssize_t)sizeof(head))
			return -EBADMSG;
		memcpy(&head, message, sizeof(head));
		if (head.type != PARSER_READY)
			err = take_part(task, &head, message + sizeof(head), (size_t)n - sizeof(head), count);
		if (!err && is_whole(task, &head, count))
			break;
	}
	if (!err && (task->batch.count != count || (task->spans && task->n_spans != count)))
		err = -EBADMSG;
	if (!err)
		batch_sort(&task->batch);
	return err;
}

static uint64_t file_sizes(const struct parser_task *task)
{
	uint64_t sum = 0;
	struct stat st;

	for (size_t i = 0; i < task->n_fds; i++)
		sum += !fstat(task->fds[i], &st) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
	return sum;
}

static int serve(struct parser_task *task, char *message)
{
	const struct dwarf_source source = {task->n_fds ? task->fds[0] : -1, NULL, source_open, source_may_open};
	struct parser_records records = {send_all, NULL, message, 0, 0};
	struct parser_message done = {.type = PARSER_DONE};
	int err = parser_sandbox_limit(MEMORY_MAX + file_sizes(task), CPU_SECONDS_MAX), sent = 0;

	if (!err)
		err = parser_serve(task, &source, &records, &sent);
	done.a = (uint32_t)-err;
	return sent ? sent : send_all(NULL, &done, sizeof(done));
}

static void release(struct parser_task *task)
{
	batch_release(&task->batch);
	parser_answer_release(&task->hints);
	free(task->spans);
	for (size_t i = 0; i < task->n_fds; i++)
		close(task->fds[i]);
}

/* 1: served; 0: the parent wants no more; or an error. */
static int next(char *message)
{
	struct parser_task task = {0};
	struct parser_message head;
	ssize_t n = receive(message, PARSER_MESSAGE_MAX, task.fds, &task.n_fds);
	int err;

	if (n <= 0)
		return (int)n;
	memcpy(&head, message, sizeof(head));
	if (n != (ssize_t)sizeof(head) || head.type != PARSER_BEGIN || head.job >= PARSER_JOBS || !task.n_fds)
		return -EBADMSG;
	task.job = head.job;
	task.flags = head.flags;
	err = receive_rest(&task, message, head.a);
	if (!err)
		err = serve(&task, message);
	release(&task);
	return err ? err : 1;
}

int parser_child_main(void)
{
	char *message = malloc(PARSER_MESSAGE_MAX);
	int err;

	/* Or it would be "exe", in our own profiles as well. */
	prctl(PR_SET_NAME, "profound-parser");
	err = message ? parser_sandbox_enter(on_open) : -ENOMEM;

	if (!err)
		while ((err = next(message)) > 0)
			;
	free(message);
	return err ? 1 : 0;
}
