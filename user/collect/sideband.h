/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perf's sideband: one dummy event per CPU whose ring buffer carries MMAP2, COMM, FORK, EXIT, KSYMBOL, LOST and
 * THROTTLE records of all processes. Records are decoded, put in the order of time across CPUs and handed over.
 *
 * Build ids are not asked for (perf_event_attr.build_id, kernel 5.12). A MMAP2 record that carries one carries no
 * device and inode, so it could not be joined with what /proc/PID/maps shows of the processes that were there
 * before us, nor be compared with the file opened later; and the kernel reads the ELF notes on every mmap.
 */
#ifndef PROFOUND_SIDEBAND_H
#define PROFOUND_SIDEBAND_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "process/lifecycle.h"

struct sideband;

struct sideband *sideband_new(void);
void sideband_free(struct sideband *sideband);

/*
 * Opens the dummy event of a CPU, enabled, with a ring buffer that stays within perf_event_mlock_kb. Opening a CPU
 * again (it came back) replaces its event; what its ring held is kept. 0 or a negative errno, the fault filled.
 */
int sideband_open_cpu(struct sideband *sideband, int cpu, struct fault *fault);

/* The CPU's event, for PERF_EVENT_IOC_SET_OUTPUT and epoll (readable when the ring is half full); -1: none. An event
 * redirected into the ring must have the same sample_type (TID | TIME), sample_id_all and clock. */
int sideband_fd(const struct sideband *sideband, int cpu);

/* Copies what the rings hold into the queue. 0 or -ENOMEM. */
int sideband_read(struct sideband *sideband);

/* Hands over the queued records with time <= until_ns in the order of time; stops at the first error of `apply`
 * and returns it. `record` and its name are good during the call only. */
int sideband_deliver(struct sideband *sideband, uint64_t until_ns,
	int (*apply)(void *context, const struct lifecycle *record), void *context);

/* Bytes read from the rings so far. */
uint64_t sideband_bytes(const struct sideband *sideband);

/*
 * Decodes one record as it stands in a ring (sample_id_all with TID and TIME behind it, as sideband_open_cpu asks
 * for; 8-aligned). 0, -ENOMSG for a kind that is of no interest (threads included), -EBADMSG for one that does not
 * parse. out->name points into `record`. Pure: this is what the fuzzer calls.
 */
int sideband_decode(const void *record, size_t size, struct lifecycle *out);

#endif
