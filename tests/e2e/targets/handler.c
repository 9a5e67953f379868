/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handler MODE SECONDS: main -> work -> (signal) -> handle -> in_handler, most of the time in the handler.
 *   raise      the signal is sent by the code itself: raise() and the system call stand between
 *   timer      it comes between any two instructions of work()
 *   altstack   as timer, the handler runs on a stack of its own
 */
#include "spin.h"

static volatile int turns;

NOINLINE static void in_handler(void)
{
	uint64_t x = 1;

	FRAME();
	for (int i = 0; i < 400000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		__asm__ volatile("" : "+r"(x));
	}
	turns = turns + 1;
}

NOINLINE static void handle(int number)
{
	(void)number;
	in_handler();
	KEEP();
}

NOINLINE static uint64_t leaf(uint64_t a, uint64_t b)
{
	__asm__ volatile("" : "+r"(a));
	return a * 31 + b;
}

NOINLINE static uint64_t work(int raising)
{
	uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6;

	while (!spin_over) {
		if (raising)
			raise(SIGUSR1);
		a += leaf(b, c) ^ d;
		b += leaf(d, e) ^ f;
		e += leaf(f, a) ^ c;
	}
	KEEP();
	return a + b + c + d + e + f;
}

static void handle_by(int number, int flags)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handle;
	action.sa_flags = SA_RESTART | flags;
	sigaction(number, &action, NULL);
}

/* Every 3 ms of CPU time; the handler takes about 1 ms. */
static void start_timer(void)
{
	struct sigevent event;
	struct itimerspec spec = {{0, 3000000}, {0, 3000000}};
	timer_t timer;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = SIGUSR1;
	timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer);
	timer_settime(timer, 0, &spec, NULL);
}

int main(int argc, char **argv)
{
	static char alternative[65536];
	stack_t stack = {.ss_sp = alternative, .ss_size = sizeof(alternative)};
	const char *mode = argc > 1 ? argv[1] : "raise";
	uint64_t sum;

	spin_for_cpu(seconds_arg(argc, argv, 2, 2));
	if (!strcmp(mode, "altstack"))
		sigaltstack(&stack, NULL);
	handle_by(SIGUSR1, strcmp(mode, "altstack") ? 0 : SA_ONSTACK);
	if (strcmp(mode, "raise"))
		start_timer();
	say("begin", spin_clock(CLOCK_MONOTONIC));
	sum = work(!strcmp(mode, "raise"));
	KEEP();
	return sum == 42;
}
