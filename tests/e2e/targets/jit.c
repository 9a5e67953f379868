/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jit SECONDS [map]: main -> run_jit -> code made at run time: jit_outer -> jit_inner. With `map` it writes
 * /tmp/perf-PID.map, PID as it knows itself. Says "begin" after that.
 */
#include <sys/mman.h>

#include "spin.h"

/* void outer(void (*inner)(volatile sig_atomic_t *), volatile sig_atomic_t *over); both keep frame pointers. */
static const unsigned char outer_code[] = {
	0x55,                   /* push %rbp */
	0x48, 0x89, 0xe5,       /* mov %rsp,%rbp */
	0x48, 0x89, 0xf8,       /* mov %rdi,%rax */
	0x48, 0x89, 0xf7,       /* mov %rsi,%rdi */
	0xff, 0xd0,             /* call *%rax */
	0x5d, 0xc3,             /* pop %rbp; ret */
};
static const unsigned char inner_code[] = {
	0x55,                   /* push %rbp */
	0x48, 0x89, 0xe5,       /* mov %rsp,%rbp */
	0x48, 0xff, 0xc0,       /* 1: inc %rax */
	0x83, 0x3f, 0x00,       /* cmpl $0,(%rdi) */
	0x74, 0xf8,             /* je 1b */
	0x5d, 0xc3,             /* pop %rbp; ret */
};

#define OUTER 0x100
#define INNER 0x200

NOINLINE static void run_jit(char *code)
{
	void (*outer)(void *, volatile sig_atomic_t *) =
		(void (*)(void *, volatile sig_atomic_t *))(uintptr_t)(code + OUTER);

	outer(code + INNER, &spin_over);
	KEEP();
}

static void write_map(const char *code)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	file = fopen(path, "w");
	if (!file)
		exit(9);
	fprintf(file, "%lx %zx jit_outer\n", (unsigned long)(code + OUTER), sizeof(outer_code));
	fprintf(file, "%lx %zx jit_inner\n", (unsigned long)(code + INNER), sizeof(inner_code));
	fclose(file);
}

int main(int argc, char **argv)
{
	char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (code == MAP_FAILED)
		return 9;
	memcpy(code + OUTER, outer_code, sizeof(outer_code));
	memcpy(code + INNER, inner_code, sizeof(inner_code));
	mprotect(code, 4096, PROT_READ | PROT_EXEC);
	if (argc > 2)
		write_map(code);
	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	run_jit(code);
	KEEP();
	return 0;
}
