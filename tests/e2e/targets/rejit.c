/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rejit SECONDS same|beside DIR [map]: a JIT that makes `alpha`, then puts `beta` in its place, then moves beta to
 * another page, and tells so in DIR/jit-PID.dump, PID as it knows itself. main -> run_alpha, run_beta, run_moved ->
 * the code, each for SECONDS of CPU time; says "alpha", "beta", "moved" before, and "end".
 *
 * same: the loop of beta is where that of alpha was. beside: beta covers alpha's addresses too, but its loop is at
 * others. With `map` there is a /tmp/perf-PID.map as well, whose names are wrong.
 */
#include <elf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <fcntl.h>

#include "spin.h"

/* void loop(volatile sig_atomic_t *over), which keeps a frame pointer. */
static const unsigned char loop_code[] = {
	0x55,                   /* push %rbp */
	0x48, 0x89, 0xe5,       /* mov %rsp,%rbp */
	0x48, 0xff, 0xc0,       /* 1: inc %rax */
	0x83, 0x3f, 0x00,       /* cmpl $0,(%rdi) */
	0x74, 0xf8,             /* je 1b */
	0x5d, 0xc3,             /* pop %rbp; ret */
};

#define ALPHA 0x400
#define BESIDE 0x3e0 /* beta's loop ends before alpha's begins; its size covers it */
#define MOVED 0x1800
#define SIZE 0x80
#define LINE 42

static int dump;

static void put(const void *data, size_t size)
{
	if (write(dump, data, size) != (ssize_t)size)
		_exit(9);
}

static void put32(uint32_t value)
{
	put(&value, sizeof(value));
}

static void put64(uint64_t value)
{
	put(&value, sizeof(value));
}

static void put_record(uint32_t id, size_t payload)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	put32(id);
	put32((uint32_t)payload + 16);
	put64((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
}

static void put_who(void)
{
	put32((uint32_t)getpid());
	put32((uint32_t)syscall(SYS_gettid));
}

static void open_dump(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/jit-%d.dump", dir, (int)getpid());
	dump = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);
	if (dump < 0 || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, dump, 0) == MAP_FAILED)
		_exit(9);
	put32(0x4a695444);
	put32(1);
	put32(40);
	put32(EM_X86_64);
	put32(0);
	put32((uint32_t)getpid());
	put64(0);
	put64(0);
}

static void tell_load(const unsigned char *code, uint64_t index, const char *name)
{
	static const char source[] = "made/up.src";

	put_record(2, 16 + 16 + sizeof(source));
	put64((uintptr_t)code);
	put64(1);
	put64((uintptr_t)code);
	put32(LINE);
	put32(0);
	put(source, sizeof(source));
	put_record(0, 40 + strlen(name) + 1 + SIZE);
	put_who();
	put64((uintptr_t)code);
	put64((uintptr_t)code);
	put64(SIZE);
	put64(index);
	put(name, strlen(name) + 1);
	put(code, SIZE);
}

static void tell_move(const unsigned char *from, const unsigned char *to, uint64_t index)
{
	put_record(1, 48);
	put_who();
	put64((uintptr_t)to);
	put64((uintptr_t)from);
	put64((uintptr_t)to);
	put64(SIZE);
	put64(index);
}

static void write_wrong_map(const unsigned char *code)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	file = fopen(path, "w");
	if (!file)
		_exit(9);
	fprintf(file, "%lx 2000 wrong\n", (unsigned long)(uintptr_t)code);
	fclose(file);
}

typedef void loop(volatile sig_atomic_t *over);

NOINLINE static void run_alpha(loop *code)
{
	code(&spin_over);
	KEEP();
}

NOINLINE static void run_beta(loop *code)
{
	code(&spin_over);
	KEEP();
}

NOINLINE static void run_moved(loop *code)
{
	code(&spin_over);
	KEEP();
}

static void run(const char *name, void (*how)(loop *), const unsigned char *code, double seconds)
{
	spin_for_cpu(seconds);
	say(name, spin_clock(CLOCK_MONOTONIC));
	how((loop *)(uintptr_t)code);
}

int main(int argc, char **argv)
{
	double seconds = seconds_arg(argc, argv, 1, 1);
	size_t beta = argc > 2 && !strcmp(argv[2], "same") ? ALPHA : BESIDE;
	unsigned char *code = mmap(NULL, 0x2000, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (code == MAP_FAILED || argc < 4)
		return 9;
	open_dump(argv[3]);
	if (argc > 4)
		write_wrong_map(code);
	memcpy(code + ALPHA, loop_code, sizeof(loop_code));
	tell_load(code + ALPHA, 1, "alpha");
	run("alpha", run_alpha, code + ALPHA, seconds);
	memcpy(code + beta, loop_code, sizeof(loop_code));
	tell_load(code + beta, 2, "beta");
	run("beta", run_beta, code + beta, seconds);
	memcpy(code + MOVED, loop_code, sizeof(loop_code));
	tell_move(code + beta, code + MOVED, 2);
	run("moved", run_moved, code + MOVED, seconds);
	say("end", spin_clock(CLOCK_MONOTONIC));
	KEEP();
	return 0;
}
