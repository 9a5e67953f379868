/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * publisher HOW SECONDS PAYLOAD...: publishes a process context as OTEP 4719 has it, then works. PAYLOAD: hex digits.
 *
 *   private   a memfd, mapped privately: as the specification says
 *   shared    the same, shared
 *   anon      no memfd; without a kernel that names anonymous memory it says "unnamed" and ends
 *   late      private, after 1.2 s of work
 *   changing  the payloads take turns all the time
 */
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "spin.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

struct context {
	char signature[8];
	uint32_t version, payload_size;
	_Atomic uint64_t published_at_ns;
	uint64_t payload;
};

static struct context *context;

static void *map(const char *how)
{
	int flags = strcmp(how, "shared") ? MAP_PRIVATE : MAP_SHARED, fd;
	void *at;

	if (!strcmp(how, "anon"))
		return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = memfd_create("OTEL_CTX", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, 4096))
		_exit(8);
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, flags, fd, 0);
	close(fd);
	return at;
}

/* "Updating Protocol". The payload lies behind the header. */
NOINLINE static void publish(const char *hex)
{
	static uint64_t now = 1;
	unsigned char *payload = (unsigned char *)(context + 1);
	uint32_t size = (uint32_t)strlen(hex) / 2;

	atomic_store(&context->published_at_ns, 0);
	atomic_thread_fence(memory_order_seq_cst);
	for (uint32_t i = 0; i < size; i++)
		sscanf(hex + 2 * i, "%2hhx", payload + i);
	memcpy(context->signature, "OTEL_CTX", 8);
	context->version = 2;
	context->payload_size = size;
	context->payload = (uintptr_t)payload;
	atomic_thread_fence(memory_order_seq_cst);
	atomic_store(&context->published_at_ns, now++);
}

NOINLINE static void publisher_work(void) { SPIN_WHILE(!spin_over); }

int main(int argc, char **argv)
{
	int named;

	if (argc < 4)
		return 9;
	context = map(argv[1]);
	madvise(context, 4096, MADV_DONTFORK);
	if (!strcmp(argv[1], "late")) {
		say("begin", spin_clock(CLOCK_MONOTONIC));
		spin_for_cpu(1.2);
		publisher_work();
	}
	publish(argv[3]);
	named = !prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, context, 4096, "OTEL_CTX");
	if (!strcmp(argv[1], "anon") && !named) {
		say("unnamed", 1);
		return 0;
	}
	spin_for_cpu(atof(argv[2]));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	if (strcmp(argv[1], "changing"))
		publisher_work();
	for (int i = 0; !spin_over; i++) {
		int rounds = 200; /* most of the time it stays as it is */

		publish(argv[3 + i % (argc - 3)]);
		SPIN_WHILE(rounds-- > 0);
	}
	say("cpu", spin_clock(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}
