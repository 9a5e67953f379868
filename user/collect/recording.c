// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/recording.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

enum source { SOURCE_COLLECTOR, SOURCE_SIGNAL, SOURCE_TICK, SOURCE_END, SOURCE_COMMAND, SOURCES };

/* The descriptors of one recording. */
struct loop {
	int epoll_fd;
	int fds[SOURCES];
	bool done;
};

static void ending_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

void recording_block_signals(void)
{
	sigset_t set;

	ending_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void recording_unblock_signals(void)
{
	sigset_t set;

	ending_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int recording_open_signals(void)
{
	sigset_t set;

	ending_signals(&set);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Fires after first_ns, then every interval_ns (0: once). */
static int open_timer(uint64_t first_ns, uint64_t interval_ns)
{
	const struct itimerspec when = {
		.it_value = {first_ns / NS_PER_SECOND, (long)(first_ns % NS_PER_SECOND)},
		.it_interval = {interval_ns / NS_PER_SECOND, (long)(interval_ns % NS_PER_SECOND)},
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timerfd_settime(fd, 0, &when, NULL);
	return fd;
}

static int loop_watch(struct loop *loop, enum source source, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = source};

	if (fd < 0)
		return -errno;
	loop->fds[source] = fd;
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int loop_open(struct loop *loop, const struct recording *recording)
{
	int err;

	memset(loop->fds, -1, sizeof(loop->fds));
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return -errno;
	err = loop_watch(loop, SOURCE_COLLECTOR, collector_fd(recording->collector));
	if (!err)
		err = loop_watch(loop, SOURCE_SIGNAL, recording_open_signals());
	if (!err)
		err = loop_watch(loop, SOURCE_TICK, open_timer(NS_PER_SECOND, NS_PER_SECOND));
	if (!err && recording->duration_ns)
		err = loop_watch(loop, SOURCE_END, open_timer(recording->duration_ns, 0));
	if (!err && recording->launch)
		err = loop_watch(loop, SOURCE_COMMAND, recording->launch->pid_fd);
	return err;
}

static void loop_close(struct loop *loop)
{
	const enum source ours[] = {SOURCE_SIGNAL, SOURCE_TICK, SOURCE_END};

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (loop->fds[ours[i]] >= 0)
			close(loop->fds[ours[i]]);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
}

/* The terminal sends SIGINT to the command as well; the other two are for us alone, so we pass them on. */
static void on_signal(struct loop *loop, struct recording *recording)
{
	struct signalfd_siginfo info;

	if (read(loop->fds[SOURCE_SIGNAL], &info, sizeof(info)) != sizeof(info))
		return;
	if (recording->launch && info.ssi_signo != SIGINT)
		launch_signal(recording->launch, (int)info.ssi_signo);
	recording->interrupted |= info.ssi_signo == SIGINT;
	loop->done = true;
}

static int on_tick(struct loop *loop, struct recording *recording)
{
	uint64_t ticks;

	if (read(loop->fds[SOURCE_TICK], &ticks, sizeof(ticks)) != sizeof(ticks))
		return 0;
	if (recording->progress)
		recording->progress(recording->context, clock_now_ns() - recording->enabled_ns);
	return collector_tick(recording->collector);
}

static int on_ready(struct loop *loop, struct recording *recording, enum source source)
{
	switch (source) {
	case SOURCE_COLLECTOR:
		return collector_work(recording->collector);
	case SOURCE_SIGNAL:
		on_signal(loop, recording);
		return 0;
	case SOURCE_TICK:
		return on_tick(loop, recording);
	case SOURCE_COMMAND:
		loop->done = launch_ended(recording->launch, false);
		return 0;
	default:
		loop->done = true;
		return 0;
	}
}

static int loop_run(struct loop *loop, struct recording *recording)
{
	struct epoll_event ready[SOURCES];
	int err = 0;

	while (!loop->done && !err) {
		int n = epoll_wait(loop->epoll_fd, ready, SOURCES, -1);

		for (int i = 0; i < n && !err; i++)
			err = on_ready(loop, recording, (enum source)ready[i].data.u32);
	}
	return err;
}

int recording_run(struct recording *recording, struct fault *fault)
{
	struct loop loop = {.epoll_fd = -1};
	int err = loop_open(&loop, recording), finish;

	if (err) {
		loop_close(&loop);
		return fault_set(fault, err, "cannot wait for events: %s", strerror(-err));
	}
	collector_enable(recording->collector);
	recording->enabled_ns = clock_now_ns();
	if (recording->launch)
		launch_go(recording->launch);
	err = loop_run(&loop, recording);
	recording->sampled_ns = clock_now_ns() - recording->enabled_ns;
	finish = collector_finish(recording->collector);
	loop_close(&loop);
	if (!err)
		err = finish;
	if (err)
		return fault_set(fault, err, "sampling ended early: %s", strerror(-err));
	return 0;
}
