/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three threads besides main, each with a name and a chain of its own; `left` works all the time, `right` works one
 * third of it, `brief` ends after a quarter of it. Main renames itself from `first` to `second` half way.
 */
#include <pthread.h>
#include <sys/prctl.h>

#include "spin.h"

static double length;
static double started;

static int before(double share)
{
	return spin_clock(CLOCK_MONOTONIC) - started < length * share;
}

static volatile int quarter_over, half_over, third_over;

NOINLINE static void left_work(void) { SPIN_WHILE(!spin_over); }
NOINLINE static void left_chain(void) { left_work(); KEEP(); }
NOINLINE static void right_work(void) { SPIN_WHILE(!third_over); }
NOINLINE static void right_chain(void) { right_work(); KEEP(); }
NOINLINE static void brief_work(void) { SPIN_WHILE(!quarter_over); }
NOINLINE static void brief_chain(void) { brief_work(); KEEP(); }
NOINLINE static void first_work(void) { SPIN_WHILE(!half_over); }
NOINLINE static void first_chain(void) { first_work(); KEEP(); }
NOINLINE static void second_work(void) { SPIN_WHILE(!spin_over); }
NOINLINE static void second_chain(void) { second_work(); KEEP(); }

struct part {
	const char *name;
	void (*chain)(void);
};

static void run(const struct part *part)
{
	double cpu;

	prctl(PR_SET_NAME, part->name);
	cpu = spin_clock(CLOCK_THREAD_CPUTIME_ID);
	part->chain();
	say(part->name, spin_clock(CLOCK_THREAD_CPUTIME_ID) - cpu);
}

NOINLINE static void *thread_main(void *part)
{
	run(part);
	KEEP();
	return NULL;
}

static void *timekeeper(void *unused)
{
	prctl(PR_SET_NAME, "timekeeper");
	while (!spin_over) {
		quarter_over = !before(0.25);
		third_over = !before(1.0 / 3);
		half_over = !before(0.5);
		usleep(2000);
	}
	quarter_over = third_over = half_over = 1;
	return unused;
}

int main(int argc, char **argv)
{
	static const struct part parts[] = {
		{ "left", left_chain }, { "right", right_chain }, { "brief", brief_chain } };
	static const struct part first = { "first", first_chain }, second = { "second", second_chain };
	pthread_t threads[4];

	length = seconds_arg(argc, argv, 1, 5);
	started = spin_clock(CLOCK_MONOTONIC);
	spin_until(length);
	pthread_create(&threads[3], NULL, timekeeper, NULL);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, thread_main, (void *)&parts[i]);
	run(&first);
	run(&second);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
