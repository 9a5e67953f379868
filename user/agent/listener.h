/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers GET /metrics, /healthz and /readyz over HTTP, by libmicrohttpd (loaded when it is needed) on a thread of its own.
 * Whoever reaches the address may ask: it is told of counts and sizes, of no name of any process.
 */
#ifndef PROFOUND_LISTENER_H
#define PROFOUND_LISTENER_H

#include "agent/metrics.h"
#include "base/fault.h"

struct listener;

/* ADDR:PORT, [ADDR]:PORT for IPv6; port 0: any that is free. 0; -EINVAL with the fault filled. */
int listener_check(const char *address, struct fault *fault);

/* 0; -EADDRINUSE and others, with the fault filled. */
int listener_start(struct listener **listener, const char *address, struct metrics *metrics, struct fault *fault);
/* The socket that it listens on. */
int listener_fd(const struct listener *listener);
/* As it is bound, "127.0.0.1:7071". */
const char *listener_address(const struct listener *listener);
void listener_stop(struct listener *listener);

#endif
