// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/parser_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

const char parser_process_program[] = "/proc/self/exe";

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

void parser_process_stop(struct parser_process *process)
{
	struct rusage used = {0};

	if (!process->pid)
		return;
	close(process->socket);
	kill(process->pid, SIGKILL);
	reap(process->pid, &used);
	process->cpu_ns += nanoseconds(&used.ru_utime) + nanoseconds(&used.ru_stime);
	process->pid = 0;
	process->socket = -1;
}

uint64_t parser_process_cpu_ns(const struct parser_process *process)
{
	clockid_t clock;

	if (!process->pid || clock_getcpuclockid(process->pid, &clock))
		return process->cpu_ns;
	return process->cpu_ns + clock_ns(clock);
}

/* The socket first: it may be one of the numbers that are opened after it. Nothing else is left open. */
static int add_actions(posix_spawn_file_actions_t *actions, int socket)
{
	int err = posix_spawn_file_actions_adddup2(actions, socket, PARSER_CHILD_SOCKET);

	for (int fd = 0; fd < PARSER_CHILD_SOCKET && !err; fd++)
		err = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	return err ? err : posix_spawn_file_actions_addclosefrom_np(actions, PARSER_CHILD_SOCKET + 1);
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

static int spawn(struct parser_process *process, int socket)
{
	char *const arguments[] = {(char *)"profound", (char *)process->argument, NULL};
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
		err = posix_spawn(&process->pid, parser_process_program, &actions, &attributes, arguments, environment);
	if (err)
		process->pid = 0;
	posix_spawnattr_destroy(&attributes);
destroy_actions:
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

int parser_process_start(struct parser_process *process)
{
	int pair[2], err;

	if (process->pid)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	err = spawn(process, pair[1]);
	close(pair[1]);
	if (err)
		close(pair[0]);
	else
		process->socket = pair[0];
	return err;
}

static int wait_for(struct parser_process *process, short events)
{
	struct pollfd poller = {.fd = process->socket, .events = events};

	for (;;) {
		uint64_t now = clock_now_ns();
		int n;

		if (now >= process->deadline_ns)
			return -ETIMEDOUT;
		n = poll(&poller, 1, (int)((process->deadline_ns - now) / 1000000) + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static void add_descriptors(struct msghdr *message, void *control, const int *fds, size_t n)
{
	struct cmsghdr *part;

	if (!n)
		return;
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(n * sizeof(*fds));
	part = CMSG_FIRSTHDR(message);
	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(n * sizeof(*fds));
	memcpy(CMSG_DATA(part), fds, n * sizeof(*fds));
}

int parser_process_send(struct parser_process *process, const struct parser_message *head, const void *body, size_t size,
	const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(PARSER_FDS * sizeof(int))];
	} control = {0};
	struct iovec parts[] = {{(void *)head, sizeof(*head)}, {(void *)body, size}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = size ? 2 : 1};

	add_descriptors(&message, &control, fds, n_fds);
	for (;;) {
		int err = wait_for(process, POLLOUT);

		if (err)
			return err;
		if (sendmsg(process->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return errno == ECONNRESET ? -EPIPE : -errno;
	}
}

int parser_process_receive(struct parser_process *process, struct parser_message *head, size_t *size)
{
	struct iovec part = {process->message, sizeof(process->message)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	do {
		int err = wait_for(process, POLLIN);

		if (err)
			return err;
		n = recvmsg(process->socket, &message, MSG_DONTWAIT);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	if (n <= 0)
		return -EPIPE;
	if (n < (ssize_t)sizeof(*head) || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -EPROTO;
	memcpy(head, process->message, sizeof(*head));
	*size = (size_t)n - sizeof(*head);
	return 0;
}
