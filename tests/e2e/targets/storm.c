/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nearly every sample a new stack: two threads go down a random path of 24 calls through 8 functions, stay there for
 * about 50 us, and come back. SECONDS long.
 */
#include <pthread.h>

#include "spin.h"

#define DEPTH 24

struct walk {
	uint64_t path;
	int left;
};

typedef void (*step)(struct walk *walk);
static const step steps[8];

static void go(struct walk *walk)
{
	step next = steps[walk->path & 7];

	walk->path = walk->path >> 3 | walk->path << 61;
	next(walk);
	KEEP();
}

NOINLINE static void stay(void)
{
	uint64_t x = 1;

	FRAME();
	for (int i = 0; i < 20000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		__asm__ volatile("" : "+r"(x));
	}
}

#define STEP(name) \
	NOINLINE static void name(struct walk *walk) \
	{ \
		if (walk->left-- == 0) \
			stay(); \
		else \
			go(walk); \
		KEEP(); \
	}
STEP(step_a)
STEP(step_b)
STEP(step_c)
STEP(step_d)
STEP(step_e)
STEP(step_f)
STEP(step_g)
STEP(step_h)

static const step steps[8] = { step_a, step_b, step_c, step_d, step_e, step_f, step_g, step_h };

static void *storm(void *seed)
{
	uint64_t random = (uintptr_t)seed * 0x9e3779b97f4a7c15ull + (uint64_t)getpid();

	while (!spin_over) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		struct walk walk = { random, DEPTH };

		go(&walk);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	spin_until(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	pthread_create(&thread, NULL, storm, (void *)7);
	storm((void *)3);
	pthread_join(thread, NULL);
	return 0;
}
