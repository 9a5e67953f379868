// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/grace.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

struct grace {
	pthread_t thread;
	int begin_fd, end_fd; /* eventfds */
	uint64_t until_ns;
	bool stop;
};

static void visit_every_cpu(void)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setaffinity(0, sizeof(all), &all);
}

static void wait_for_all(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		visit_every_cpu();
}

static void *run(void *argument)
{
	struct grace *grace = argument;
	eventfd_t value;

	for (;;) {
		if (eventfd_read(grace->begin_fd, &value)) {
			if (errno == EINTR)
				continue;
			return NULL;
		}
		if (__atomic_load_n(&grace->stop, __ATOMIC_ACQUIRE))
			return NULL;
		grace->until_ns = clock_now_ns();
		wait_for_all();
		eventfd_write(grace->end_fd, 1);
	}
}

struct grace *grace_new(void)
{
	struct grace *grace = calloc(1, sizeof(*grace));

	if (!grace)
		return NULL;
	grace->begin_fd = eventfd(0, EFD_CLOEXEC);
	grace->end_fd = eventfd(0, EFD_CLOEXEC);
	if (grace->begin_fd < 0 || grace->end_fd < 0)
		goto close_fds;
	if (pthread_create(&grace->thread, NULL, run, grace))
		goto close_fds;
	return grace;
close_fds:
	close(grace->begin_fd);
	close(grace->end_fd);
	free(grace);
	return NULL;
}

void grace_free(struct grace *grace)
{
	if (!grace)
		return;
	__atomic_store_n(&grace->stop, true, __ATOMIC_RELEASE);
	eventfd_write(grace->begin_fd, 1);
	pthread_join(grace->thread, NULL);
	close(grace->begin_fd);
	close(grace->end_fd);
	free(grace);
}

void grace_begin(struct grace *grace)
{
	eventfd_write(grace->begin_fd, 1);
}

int grace_fd(const struct grace *grace)
{
	return grace->end_fd;
}

uint64_t grace_end(struct grace *grace)
{
	eventfd_t value;

	while (eventfd_read(grace->end_fd, &value) && errno == EINTR)
		;
	return grace->until_ns;
}
