/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loader MODE SECONDS ONE TWO: runs one_work() and two_work() of two libraries in turn, from run_one() and run_two().
 *   dlopen  one library at a time, opened late, closed before the next, four turns
 *   fixed   each library's code mapped with MAP_FIXED over the other's, four turns
 *   moved   one's code, moved with mremap; then unmapped, and two's code mapped where it was
 * Says the address that each turn ran at.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "spin.h"

typedef void (*work)(const volatile int *over);

static volatile int turn_over;
static double turn;

static void *stopwatch(void *unused)
{
	usleep((useconds_t)(turn * 1e6));
	turn_over = 1;
	return unused;
}

NOINLINE static void run_one(work one) { one(&turn_over); KEEP(); }
NOINLINE static void run_two(work two) { two(&turn_over); KEEP(); }

static void run(int is_two, work function)
{
	pthread_t thread;

	say(is_two ? "two" : "one", (double)(uintptr_t)function);
	turn_over = 0;
	pthread_create(&thread, NULL, stopwatch, NULL);
	if (is_two)
		run_two(function);
	else
		run_one(function);
	pthread_join(thread, NULL);
}

static void *library(const char *path, const char *name, work *function)
{
	void *handle = dlopen(path, RTLD_NOW);

	if (!handle || !(*function = (work)(uintptr_t)dlsym(handle, name))) {
		fprintf(stderr, "%s\n", dlerror());
		exit(9);
	}
	return handle;
}

static void by_dlopen(char **paths)
{
	work function;

	for (int i = 0; i < 4; i++) {
		void *handle = library(paths[i % 2], i % 2 ? "two_work" : "one_work", &function);

		run(i % 2, function);
		dlclose(handle);
	}
}

/* Where the function's pages are in the file: text of a library linked as ours lies at offset = address. */
static size_t text_offset(const char *path, const char *name)
{
	work function;
	void *handle = library(path, name, &function);
	Dl_info info;

	dladdr((void *)(uintptr_t)function, &info);
	size_t offset = (size_t)((char *)(uintptr_t)function - (char *)info.dli_fbase);
	dlclose(handle);
	return offset;
}

#define SPAN 8192

static work map_code(void *at, int flags, const char *path, size_t offset)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *memory = mmap(at, SPAN, PROT_READ | PROT_EXEC, MAP_PRIVATE | flags, fd,
		(off_t)(offset & ~4095ul));

	close(fd);
	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(9);
	}
	return (work)(uintptr_t)(memory + (offset & 4095));
}

static void by_fixed(char **paths)
{
	size_t offsets[2] = { text_offset(paths[0], "one_work"), text_offset(paths[1], "two_work") };
	work function = map_code(NULL, 0, paths[0], offsets[0]);
	void *at = (void *)((uintptr_t)function & ~4095ul);

	for (int i = 0; i < 4; i++)
		run(i % 2, map_code(at, MAP_FIXED, paths[i % 2], offsets[i % 2]));
}

static void by_move(char **paths)
{
	size_t offsets[2] = { text_offset(paths[0], "one_work"), text_offset(paths[1], "two_work") };
	work function = map_code(NULL, 0, paths[0], offsets[0]);
	char *at = (char *)((uintptr_t)function & ~4095ul);
	char *there = mmap(NULL, SPAN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	run(0, function);
	there = mremap(at, SPAN, SPAN, MREMAP_MAYMOVE | MREMAP_FIXED, there);
	run(0, (work)(uintptr_t)(there + (offsets[0] & 4095)));
	run(1, map_code(at, MAP_FIXED, paths[1], offsets[1]));
	munmap(there, SPAN);
	run(1, map_code(there, MAP_FIXED, paths[1], offsets[1]));
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	turn = atof(argv[2]) / 4;
	say("begin", spin_clock(CLOCK_MONOTONIC));
	if (strcmp(argv[1], "dlopen") == 0)
		by_dlopen(argv + 3);
	else if (strcmp(argv[1], "fixed") == 0)
		by_fixed(argv + 3);
	else
		by_move(argv + 3);
	KEEP();
	return 0;
}
