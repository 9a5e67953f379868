// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looks like CPython 3.8 (its symbols, its version, its structs' offsets) and lies: argv[2] says about what, argv[1] for how
 * many seconds of CPU time. The offsets are those of user/runtime/cpython_offsets.c.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORDS 64
#define MANY 5000

typedef uint64_t object[WORDS]; /* large enough for any of them */

object _PyRuntime;
static object interp, thread, frame, code, file, name, lines, threads[MANY];
static volatile uint64_t sink;
/* A name in a page of the file that nobody touches, nor one near it: the kernel maps 16 at once. */
static const struct {
	uint64_t before[32768];
	uint64_t words[6];
	char text[16];
	uint64_t behind[32768];
} untouched = {.words = {[2] = 9, [4] = 1 << 2 | 1 << 5 | 1 << 6}, .text = "untouched"};

const char *Py_GetVersion(void);
uint64_t _PyEval_EvalFrameDefault(double seconds);

static char copied[32];

__attribute__((noipa)) static void copy(const char *text)
{
	strncpy(copied, text, sizeof(copied) - 1);
}

const char *Py_GetVersion(void)
{
	copy("3.8.18");
	return copied;
}

static uint64_t at(void *place)
{
	return (uint64_t)place;
}

/* A compact ASCII string. */
static void make_text(object text, const char *value, uint64_t length)
{
	text[2] = length;
	((uint32_t *)text)[8] = 1 << 2 | 1 << 5 | 1 << 6;
	strcpy((char *)text + 48, value);
}

static void make_code(object made)
{
	((uint32_t *)made)[10] = 7; /* co_firstlineno */
	made[13] = at(file);
	made[14] = at(name);
	made[15] = at(lines);
}

static void make_thread(object made, uint64_t next)
{
	made[1] = next;
	made[2] = at(interp);
	made[3] = at(frame);
	made[22] = (uint64_t)pthread_self();
}

static void make_honest(void)
{
	make_text(file, "liar.py", 7);
	make_text(name, "honest", 6);
	make_code(code);
	frame[4] = at(code);
	make_thread(thread, 0);
	interp[1] = at(thread);
	_PyRuntime[4] = at(interp);
}

static void lie_frames_in_a_circle(void)
{
	static object other;

	memcpy(other, frame, sizeof(other));
	frame[3] = at(other);
	other[3] = at(frame);
}

static void lie_wild_frame(void)
{
	frame[3] = 0xdeadbeef000;
}

static void lie_kernel_frame(void)
{
	frame[3] = 0xffffffff81000000;
}

static void lie_odd_frame(void)
{
	frame[3] = at(frame) + 3;
}

static void lie_wild_code(void)
{
	frame[4] = 0x100000000;
}

static void lie_huge_name(void)
{
	name[2] = 1ULL << 31;
}

static void lie_negative_name(void)
{
	name[2] = ~0ULL;
}

static void lie_wild_name(void)
{
	code[14] = 0x7fffffffffff;
}

/* No lie. */
static void make_untouched(void)
{
	code[14] = at((void *)&untouched.words);
}

static void lie_huge_lines(void)
{
	lines[2] = 1ULL << 62;
}

static void lie_threads_in_a_circle(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		make_thread(threads[i], at(threads[(i + 1) % MANY]));
		threads[i][22] = 1;
	}
	interp[1] = at(threads[0]);
}

static void lie_interpreters_in_a_circle(void)
{
	interp[0] = at(interp);
	interp[1] = 0;
}

static void lie_wild_threads(void)
{
	interp[1] = 0x1234567890;
}

static void *change(void *argument)
{
	for (uint64_t i = 0;; i++) {
		frame[3] = i % 3 ? at(frame) + i % 4096 * 8 : 0;
		interp[1] = i % 5 ? at(thread) : i * 8;
		code[14] = i % 7 ? at(name) : i;
		name[2] = i % 2 ? 6 : i << 20;
	}
	return argument;
}

static void lie_always_anew(void)
{
	pthread_t other;

	pthread_create(&other, NULL, change, NULL);
}

static const struct {
	const char *name;
	void (*lie)(void);
} lies[] = {
	{"honest", make_honest},
	{"frames_in_a_circle", lie_frames_in_a_circle},
	{"wild_frame", lie_wild_frame},
	{"kernel_frame", lie_kernel_frame},
	{"odd_frame", lie_odd_frame},
	{"wild_code", lie_wild_code},
	{"huge_name", lie_huge_name},
	{"negative_name", lie_negative_name},
	{"wild_name", lie_wild_name},
	{"untouched", make_untouched},
	{"huge_lines", lie_huge_lines},
	{"threads_in_a_circle", lie_threads_in_a_circle},
	{"interpreters_in_a_circle", lie_interpreters_in_a_circle},
	{"wild_threads", lie_wild_threads},
	{"always_anew", lie_always_anew},
};

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

__attribute__((noinline)) uint64_t _PyEval_EvalFrameDefault(double seconds)
{
	while (cpu_seconds() < seconds)
		for (unsigned i = 0; i < 1000000; i++)
			sink += i;
	return sink;
}

int main(int argc, char **argv)
{
	Py_GetVersion();
	make_honest();
	for (unsigned i = 0; argc > 2 && i < sizeof(lies) / sizeof(*lies); i++)
		if (!strcmp(argv[2], lies[i].name))
			lies[i].lie();
	printf("begin 1\n");
	fflush(stdout);
	sink = _PyEval_EvalFrameDefault(argc > 1 ? atof(argv[1]) : 1);
	printf("end 1\n");
	return 0;
}
