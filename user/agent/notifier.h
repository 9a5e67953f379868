/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells systemd how a service is (sd_notify(3): a datagram to NOTIFY_SOCKET), if it is one that it started so. */
#ifndef PROFOUND_NOTIFIER_H
#define PROFOUND_NOTIFIER_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", lines of them. Nothing happens where nobody listens. */
void notifier_tell(const char *state);

/* How often it wants to hear WATCHDOG=1 at least (sd_watchdog_enabled(3)); 0: it does not. */
uint64_t notifier_watchdog_ns(void);

#endif
