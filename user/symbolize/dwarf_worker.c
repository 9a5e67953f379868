// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/dwarf_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "object/elf.h"
#include "symbolize/dwarf_answer.h"
#include "symbolize/dwarf_protocol.h"

struct dwarf_worker {
	struct dwarf_worker_options options;
	pid_t pid; /* 0: none runs */
	int socket;
	unsigned failures;
	uint64_t deadline_ns; /* of the file under way */
	uint64_t waited_ns;   /* for all files so far */
	uint64_t cpu_ns;
	char message[DWARF_MESSAGE_MAX];
};

struct dwarf_worker *dwarf_worker_new(const struct dwarf_worker_options *options)
{
	struct dwarf_worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return NULL;
	worker->options = *options;
	worker->socket = -1;
	if (!worker->options.argument)
		worker->options.argument = DWARF_CHILD_ARGUMENT;
	if (!worker->options.deadline_ms)
		worker->options.deadline_ms = DWARF_DEADLINE_MS;
	if (!worker->options.total_ms)
		worker->options.total_ms = DWARF_TOTAL_MS;
	return worker;
}

static uint64_t nanoseconds(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * NS_PER_SECOND + (uint64_t)time->tv_usec * 1000;
}

/* A child that is inside a file system which does not answer (FUSE, NFS) does not even die: it is left behind. */
static void reap(pid_t pid, struct rusage *used)
{
	struct pollfd poller = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	uint64_t until = clock_now_ns() + NS_PER_SECOND;
	pid_t reaped;

	do {
		poll(&poller, 1, 20);
		reaped = wait4(pid, NULL, WNOHANG, used);
	} while (!reaped && clock_now_ns() < until);
	if (poller.fd >= 0)
		close(poller.fd);
}

void dwarf_worker_stop(struct dwarf_worker *worker)
{
	struct rusage used = {0};

	if (!worker->pid)
		return;
	close(worker->socket);
	kill(worker->pid, SIGKILL);
	reap(worker->pid, &used);
	worker->cpu_ns += nanoseconds(&used.ru_utime) + nanoseconds(&used.ru_stime);
	worker->pid = 0;
	worker->socket = -1;
}

uint64_t dwarf_worker_cpu_ns(const struct dwarf_worker *worker)
{
	return worker->cpu_ns;
}

void dwarf_worker_free(struct dwarf_worker *worker)
{
	if (!worker)
		return;
	dwarf_worker_stop(worker);
	free(worker);
}

/* The socket first: it may be one of the numbers that are opened after it. Nothing else is left open. */
static int add_actions(posix_spawn_file_actions_t *actions, int socket)
{
	int err = posix_spawn_file_actions_adddup2(actions, socket, DWARF_CHILD_SOCKET);

	for (int fd = 0; fd < DWARF_CHILD_SOCKET && !err; fd++)
		err = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	return err ? err : posix_spawn_file_actions_addclosefrom_np(actions, DWARF_CHILD_SOCKET + 1);
}

/* No signal is ignored or blocked, and a Ctrl-C of the terminal is the parent's. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	err = posix_spawnattr_setsigmask(attributes, &none);
	if (!err)
		err = posix_spawnattr_setsigdefault(attributes, &all);
	return err ? err : posix_spawnattr_setflags(attributes,
		POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static int spawn(struct dwarf_worker *worker, int socket)
{
	char *const arguments[] = {(char *)"profound", (char *)worker->options.argument, NULL};
	char *const environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err = posix_spawn_file_actions_init(&actions);

	if (err)
		return -err;
	err = posix_spawnattr_init(&attributes);
	if (err)
		goto destroy_actions;
	err = add_actions(&actions, socket);
	if (!err)
		err = set_attributes(&attributes);
	if (!err)
		err = posix_spawn(&worker->pid, "/proc/self/exe", &actions, &attributes, arguments, environment);
	if (err)
		worker->pid = 0;
	posix_spawnattr_destroy(&attributes);
destroy_actions:
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

static int start(struct dwarf_worker *worker)
{
	int pair[2], err;

	if (worker->pid)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	err = spawn(worker, pair[1]);
	close(pair[1]);
	if (err)
		close(pair[0]);
	else
		worker->socket = pair[0];
	return err;
}

static int wait_for(struct dwarf_worker *worker, short events)
{
	struct pollfd poller = {.fd = worker->socket, .events = events};

	for (;;) {
		uint64_t now = clock_now_ns();
		int n;

		if (now >= worker->deadline_ns)
			return -ETIMEDOUT;
		n = poll(&poller, 1, (int)((worker->deadline_ns - now) / 1000000) + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static void add_descriptor(struct msghdr *message, void *control, int fd)
{
	struct cmsghdr *part;

	if (fd < 0)
		return;
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(sizeof(fd));
	part = CMSG_FIRSTHDR(message);
	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(part), &fd, sizeof(fd));
}

/* With a descriptor; negative: none. */
static int send_message(struct dwarf_worker *worker, const struct dwarf_message *head, const void *body, size_t size,
	int fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec parts[] = {{(void *)head, sizeof(*head)}, {(void *)body, size}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = size ? 2 : 1};

	add_descriptor(&message, &control, fd);
	for (;;) {
		int err = wait_for(worker, POLLOUT);

		if (err)
			return err;
		if (sendmsg(worker->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return errno == ECONNRESET ? -EPIPE : -errno;
	}
}

/* *size: of what came after the head. Descriptors that the child sends are dropped by the kernel: there is no room. */
static int receive_message(struct dwarf_worker *worker, struct dwarf_message *head, size_t *size)
{
	struct iovec part = {worker->message, sizeof(worker->message)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	do {
		int err = wait_for(worker, POLLIN);

		if (err)
			return err;
		n = recvmsg(worker->socket, &message, MSG_DONTWAIT);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	if (n <= 0)
		return -EPIPE;
	if (n < (ssize_t)sizeof(*head) || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -EPROTO;
	memcpy(head, worker->message, sizeof(*head));
	*size = (size_t)n - sizeof(*head);
	return 0;
}

static int send_request(struct dwarf_worker *worker, int fd, const struct batch *batch)
{
	struct dwarf_message head = {.type = DWARF_BEGIN, .a = (uint32_t)batch->count};
	int err = send_message(worker, &head, NULL, 0, fd);
	uint64_t *addresses = (uint64_t *)(void *)worker->message;

	head = (struct dwarf_message){.type = DWARF_ADDRESSES};
	for (size_t done = 0; done < batch->count && !err;) {
		size_t n = batch->count - done < DWARF_ADDRESSES_EACH ? batch->count - done : DWARF_ADDRESSES_EACH;

		for (size_t i = 0; i < n; i++)
			addresses[i] = batch->items[done + i].address;
		err = send_message(worker, &head, addresses, n * sizeof(*addresses), -1);
		done += n;
	}
	return err;
}

/* The child is handed no other: a descriptor of a device, or of what was a secret, is worth more than its DWARF. */
static bool is_elf(int fd)
{
	struct elf elf;

	if (elf_init(&elf, fd))
		return false;
	elf_release(&elf);
	return true;
}

static int open_named(struct dwarf_worker *worker, const struct dwarf_files *files, size_t size)
{
	char path[DWARF_STRING_MAX + 1];
	const char *from = worker->message + sizeof(struct dwarf_message);
	int fd;

	if (!size || size > DWARF_STRING_MAX || memchr(from, 0, size))
		return -EINVAL;
	memcpy(path, from, size);
	path[size] = 0;
	fd = files->open ? files->open(files->context, path) : -ENOENT;
	if (fd < 0 || is_elf(fd))
		return fd;
	close(fd);
	return -ENOEXEC;
}

static int answer_open(struct dwarf_worker *worker, const struct dwarf_files *files, size_t size)
{
	int fd = open_named(worker, files, size), err;
	struct dwarf_message head = {.type = DWARF_OPENED, .a = fd < 0 ? (uint32_t)-fd : 0};

	err = send_message(worker, &head, NULL, 0, fd);
	if (fd >= 0)
		close(fd);
	return err;
}

/* What the child says of itself: only what keeps its lines good is believed. */
static int result_of(uint32_t error)
{
	switch (error) {
	case 0:
	case ENOENT:
	case EBADMSG:
		return -(int)error;
	case ENOEXEC:
	case ENODATA: /* we saw some */
		return -EBADMSG;
	default:
		return -EPIPE; /* no memory, mostly: as good as dead */
	}
}

static int receive_answer(struct dwarf_worker *worker, const struct dwarf_files *files, struct dwarf_answer *answer)
{
	unsigned opens = 0;
	int err = 0;

	while (!err) {
		struct dwarf_message head;
		size_t size;

		err = receive_message(worker, &head, &size);
		if (err)
			return err;
		if (head.type == DWARF_DONE)
			return result_of(head.a);
		if (head.type == DWARF_LINES)
			err = dwarf_answer_take(answer, worker->message + sizeof(head), size);
		else if (head.type == DWARF_OPEN)
			err = ++opens > DWARF_OPENS_MAX ? -E2BIG : answer_open(worker, files, size);
		else
			err = -EPROTO;
	}
	return err;
}

static bool is_usable(int err)
{
	return !err || err == -ENODATA || err == -ENOENT || err == -EBADMSG;
}

static void move_lines(struct dwarf_answer *answer, struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (!answer->lines[i].count)
			continue;
		code_lines_release(&batch->items[i].lines);
		batch->items[i].lines = answer->lines[i];
		answer->lines[i] = (struct code_lines){0};
	}
}

static int ask(struct dwarf_worker *worker, int fd, const struct dwarf_files *files, struct batch *batch)
{
	const uint64_t begin = clock_now_ns(), of_file = worker->options.deadline_ms * 1000000ull;
	const uint64_t left = worker->options.total_ms * 1000000ull - worker->waited_ns;
	struct dwarf_answer answer;
	int err = dwarf_answer_init(&answer, batch->count);

	if (err)
		return -EPIPE;
	worker->deadline_ns = begin + (left < of_file ? left : of_file);
	err = start(worker);
	if (!err)
		err = send_request(worker, fd, batch);
	if (!err)
		err = receive_answer(worker, files, &answer);
	if (err == -ENOMEM) /* there was none for this file's lines; the names must not end with them */
		err = -EPIPE;
	if (is_usable(err))
		move_lines(&answer, batch);
	else
		dwarf_worker_stop(worker);
	dwarf_answer_release(&answer);
	worker->waited_ns += clock_now_ns() - begin;
	return err;
}

/* 1; 0: none; -EIO or -EPIPE (no memory: names must not end with it): nobody can say. */
static int has_debug_info(int fd)
{
	static const char *const names[] = {".debug_info", ".zdebug_info"};
	bool has = false;
	struct elf elf;
	int err = fd < 0 ? -ENOEXEC : elf_init(&elf, fd);

	if (err)
		return err == -ENOEXEC ? 0 : err == -ENOMEM ? -EPIPE : err;
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const Elf64_Shdr *section = elf_section(&elf, names[i]);

		has |= section && section->sh_type != SHT_NOBITS && section->sh_size;
	}
	elf_release(&elf);
	return has;
}

int dwarf_worker_lines(struct dwarf_worker *worker, const struct dwarf_files *files, struct batch *batch)
{
	int fd = files->debug, err = has_debug_info(fd);

	if (!err) {
		fd = files->mapped;
		err = has_debug_info(fd);
	}
	if (err <= 0 || !batch->count)
		return err < 0 ? err : -ENODATA;
	if (batch->count > DWARF_ADDRESSES_MAX)
		return -E2BIG;
	if (worker->failures >= DWARF_FAILURES_MAX)
		return -EPIPE;
	if (worker->waited_ns >= worker->options.total_ms * 1000000ull)
		return -ETIMEDOUT;
	err = ask(worker, fd, files, batch);
	if (!is_usable(err))
		worker->failures++;
	return err;
}
