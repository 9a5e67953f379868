/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that are waited for, and what is done when one is readable. */
#ifndef PROFOUND_EVENT_LOOP_H
#define PROFOUND_EVENT_LOOP_H

#include <stdbool.h>

struct event_source { /* the caller's; stays where it is until it is removed */
	int fd;
	int (*ready)(void *context); /* 0 or a negative errno, which ends the loop */
	void *context;
};

struct event_loop {
	int epoll_fd;
	bool done; /* set by whoever wants it to end */
};

/* 0 or a negative errno. */
int event_loop_init(struct event_loop *loop);
void event_loop_release(struct event_loop *loop);

int event_loop_add(struct event_loop *loop, struct event_source *source);
/* Fine for one that was not added. */
void event_loop_remove(struct event_loop *loop, struct event_source *source);

/* Until done, or until something fails: 0 or that negative errno. */
int event_loop_run(struct event_loop *loop);

#endif
