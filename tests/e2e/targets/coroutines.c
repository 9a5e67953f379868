/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 16 coroutines on stacks of their own, which take turns of 100 us: coroutine -> step -> work. */
#include <sys/mman.h>
#include <ucontext.h>

#include "spin.h"

#define COROUTINES 16
#define STACK 65536

static ucontext_t home, contexts[COROUTINES];
static int current;

NOINLINE static uint64_t work(uint64_t x)
{
	FRAME();
	for (int i = 0; i < 40000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		__asm__ volatile("" : "+r"(x));
	}
	return x;
}

NOINLINE static uint64_t step(uint64_t x, int depth)
{
	uint64_t y = depth ? step(x + 1, depth - 1) : work(x);

	KEEP();
	return y;
}

static void coroutine(void)
{
	int me = current;
	uint64_t x = 1;

	while (!spin_over) {
		x += step(x, me);
		swapcontext(&contexts[me], &home);
	}
}

int main(int argc, char **argv)
{
	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	for (int i = 0; i < COROUTINES; i++) {
		getcontext(&contexts[i]);
		contexts[i].uc_stack.ss_sp = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		contexts[i].uc_stack.ss_size = STACK;
		contexts[i].uc_link = &home;
		makecontext(&contexts[i], coroutine, 0);
	}
	say("begin", spin_clock(CLOCK_MONOTONIC));
	for (; !spin_over; current = (current + 1) % COROUTINES)
		swapcontext(&home, &contexts[current]);
	return 0;
}
