// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walks over copies of stacks: made ones, in code without rules, cut for each cause; and the test's own, by the rules
 * of the files that it is made of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "process/clocks.h"
#include "unwind/stack_walk.h"

#define MS 1000000ULL
#define STRANGE 0x7ffffff0u /* above any pid_max */
#define JIT 0x500000ULL
#define NOWHERE 0x700000ULL
#define VSYSCALL 0xffffffffff600400ULL
#define STACK 0x7ffc00000000ULL
#define WORDS 16384

struct fixture {
	struct objects *objects;
	struct processes *processes;
	struct process *process;
	struct tables *tables;
	uint64_t born_ns;
	uint64_t words[WORDS];
	struct stack_walk walk;
};

static void apply(struct fixture *f, struct lifecycle record)
{
	record.pid = STRANGE;
	if (!record.name)
		record.name = "";
	assert_int_equal(processes_apply(f->processes, &record), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct clocks clocks;

	assert_non_null(f);
	f->objects = objects_new();
	f->processes = processes_new(f->objects);
	f->tables = tables_new(NULL);
	clocks_init(&clocks);
	f->born_ns = clocks_now(&clocks);
	apply(f, (struct lifecycle){.kind = LIFECYCLE_FORK, .parent = STRANGE + 1, .time_ns = f->born_ns});
	apply(f, (struct lifecycle){.kind = LIFECYCLE_EXEC, .time_ns = f->born_ns + MS});
	apply(f, (struct lifecycle){.kind = LIFECYCLE_MAP, .time_ns = f->born_ns + 2 * MS, .name = "//anon",
		.start = JIT, .end = JIT + 0x10000});
	assert_int_equal(processes_sampled(f->processes, STRANGE, f->born_ns + (uint64_t)clocks.suspended_ns, &f->process), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tables_free(f->tables);
	processes_free(f->processes);
	objects_free(f->objects);
	free(f);
	return 0;
}

/* `callers` frames of JIT code, `gap` words apart; the last has rbp = 0. */
static void chain(struct fixture *f, unsigned callers, unsigned gap)
{
	memset(f->words, 0, sizeof(f->words));
	for (unsigned i = 0; i < callers; i++) {
		f->words[i * gap] = i + 1 < callers ? STACK + 8 * (i + 1) * gap : 0;
		f->words[i * gap + 1] = JIT + 16 * (i + 1);
	}
}

struct row {
	const char *what;
	unsigned callers, gap;
	uint64_t ip, len;
	uint64_t from;
	bool full;
	uint32_t n, cut;
};

static const struct row rows[] = {
	{"whole", 10, 4, JIT, 8 * WORDS, 0, true, 11, 0},
	{"a leaf alone", 0, 4, JIT, 8 * WORDS, 0, true, 1, 0},
	{"as many as are kept", ABI_USER_FRAMES - 1, 4, JIT, 8 * WORDS, 0, true, ABI_USER_FRAMES, 0},
	{"one more", ABI_USER_FRAMES, 4, JIT, 8 * WORDS, 0, true, ABI_USER_FRAMES, COUNTER_depth_limit},
	{"larger than the copy", 10, 4, JIT, 8 * 16, 0, true, 5, COUNTER_stack_copy_short},
	{"the copy ends within a frame", 10, 4, JIT, 8 * 17, 0, true, 5, COUNTER_stack_copy_short},
	{"memory ends before the stack", 10, 4, JIT, 8 * 16, 0, false, 5, COUNTER_stack_paged_out},
	{"nothing was there", 10, 4, JIT, 0, 0, false, 1, COUNTER_stack_paged_out},
	{"sp's page was not in", 10, 4, JIT, 8 * WORDS, 4096, true, 1, COUNTER_stack_paged_out},
	{"a leaf that is nowhere", 10, 4, NOWHERE, 8 * WORDS, 0, true, 1, COUNTER_corrupt},
};

static void walk(struct fixture *f, const struct row *row, uint64_t sp, uint64_t fp, uint64_t at_ns)
{
	const uint64_t reg[17] = {[6] = fp, [7] = sp, [16] = row->ip};
	const struct stack_copy copy = {.bytes = (const uint8_t *)f->words, .at = STACK, .sp = sp,
		.from = row->from, .len = row->len, .full = row->full};

	memset(&f->walk, 0xff, sizeof(f->walk));
	stack_walk(&f->walk, f->tables, f->process, at_ns, reg, &copy);
}

static void test_cuts(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		chain(f, rows[i].callers, rows[i].gap);
		walk(f, &rows[i], STACK, rows[i].callers ? STACK : 0, f->born_ns + 5 * MS);
		if (f->walk.n != rows[i].n || f->walk.cut != rows[i].cut)
			fail_msg("%s: %u frames, cut %u", rows[i].what, f->walk.n, f->walk.cut);
		assert_int_equal(f->walk.by_fp, f->walk.n - 1);
		for (uint32_t frame = 1; frame < f->walk.n; frame++)
			assert_int_equal(f->walk.frames[frame], JIT + 16 * frame - 1);
		assert_int_equal(f->walk.frames[0], rows[i].ip);
		assert_int_equal(f->walk.unverified, rows[i].ip == JIT);
	}
}

/* The caller's address is at sp, and rbp is the caller's. */
static void test_vsyscall(void **state)
{
	static const struct row row = {"", 10, 4, VSYSCALL, 8 * WORDS, 0, true, 0, 0};
	struct fixture *f = *state;

	chain(f, 10, 4);
	f->words[4 * 10] = JIT + 0x800;
	walk(f, &row, STACK + 8 * 4 * 10, STACK, f->born_ns + 5 * MS);
	assert_true(f->walk.n >= 2);
	assert_int_equal(f->walk.frames[0], VSYSCALL);
	assert_int_equal(f->walk.frames[1], JIT + 0x800 - 1);
	assert_false(f->walk.fp[1]);
}

/* A return address that leads nowhere is no frame; an rbp that is none is no fault of the stack's. */
static void test_bad_chains(void **state)
{
	struct fixture *f = *state;

	chain(f, 10, 4);
	f->words[4 * 3 + 1] = NOWHERE;
	walk(f, &rows[0], STACK, STACK, f->born_ns + 5 * MS);
	assert_int_equal(f->walk.n, 4);
	assert_int_equal(f->walk.cut, COUNTER_corrupt);
	chain(f, 10, 4);
	f->words[4 * 3] = STACK; /* a circle */
	walk(f, &rows[0], STACK, STACK, f->born_ns + 5 * MS);
	assert_int_equal(f->walk.n, 5);
	assert_int_equal(f->walk.cut, COUNTER_no_unwind_info);
	chain(f, 10, 4);
	walk(f, &rows[0], STACK + 64, STACK, f->born_ns + 5 * MS); /* below sp */
	assert_int_equal(f->walk.n, 1);
	assert_int_equal(f->walk.cut, COUNTER_no_unwind_info);
}

/* What CFI can say, and compilers rarely do. */
__asm__(".pushsection .text\n"
	"by_rbp: .cfi_startproc\n .cfi_escape 0x0f, 3, 0x76, 0x78, 0x06\n nop\n ret\n .cfi_endproc\n" /* *(rbp - 8) */
	"below: .cfi_startproc\n .cfi_escape 0x0f, 6, 0x77, 0x80, 0x7f, 0x06, 0x23, 0x08\n nop\n"   /* *(rsp - 128) + 8 */
	".cfi_escape 0x0f, 6, 0x77, 0xf8, 0x7e, 0x06, 0x23, 0x08\n nop\n ret\n .cfi_endproc\n" /* *(rsp - 136) + 8 */
	"by_r10: .cfi_startproc\n .cfi_def_cfa 10, 8\n call keeps\n"
	"behind: nop\n ret\n .cfi_endproc\n"
	"keeps: .cfi_startproc\n ret\n .cfi_endproc\n"
	".popsection\n");
extern const char by_rbp[], below[], behind[], keeps[];

/* Nobody read the maps of a process that is known by nothing but its sample. */
static void test_process_gone(void **state)
{
	struct fixture *f = *state;

	chain(f, 10, 4);
	assert_int_equal(processes_sampled(f->processes, STRANGE + 5, 1, &f->process), 0);
	walk(f, &rows[0], STACK, STACK, f->born_ns + 5 * MS);
	assert_int_equal(f->walk.n, 1);
	assert_int_equal(f->walk.cut, COUNTER_process_gone);
}

/* What is mapped executable here, each file with a descriptor. */
static void map_self(struct fixture *f)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[4096];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end, offset, inode;
		unsigned int major, minor;
		char mode[5], path[2048] = "";

		if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %2047s", &start, &end, mode, &offset, &major,
			    &minor, &inode, path) < 8 || mode[2] != 'x' || path[0] != '/')
			continue;
		apply(f, (struct lifecycle){.kind = LIFECYCLE_MAP, .time_ns = f->born_ns + 3 * MS, .name = path,
			.start = start, .end = end, .offset = offset, .file = {.major = major, .minor = minor,
			.inode = inode}});
	}
	fclose(maps);
	for (uint32_t i = 0; i < objects_count(f->objects); i++) {
		struct object *object = objects_get(f->objects, i);

		object->tried = true;
		object_set_fd(object, open(object->path, O_RDONLY | O_CLOEXEC));
	}
}

/* ld.so's: where the stack began. */
extern void *__libc_stack_end;

struct own {
	uint64_t reg[17];
	uint8_t stack[1 << 16];
	struct stack_copy copy;
	void *frames[64];
	int n;
};

/* By DWARF number, from glibc's order. */
static void take_registers(struct own *own, const ucontext_t *context)
{
	static const int order[17] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP,
		REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};

	for (int i = 0; i < 17; i++)
		own->reg[i] = (uint64_t)context->uc_mcontext.gregs[order[i]];
}

/* Up to `top`, or where the stack ends before: how near that is depends on the environment's size. */
static void copy_stack(struct own *own, uint64_t from, uint64_t top)
{
	while (from < top) {
		uint64_t end = (from | 4095) + 1;
		struct iovec to = {own->stack + (from - own->copy.at), end - from};
		struct iovec source = {(void *)(uintptr_t)from, end - from};

		if (process_vm_readv(getpid(), &to, 1, &source, 1, 0) != (ssize_t)(end - from))
			break;
		from = end;
		own->copy.len = from - own->copy.at;
	}
}

__attribute__((noinline, noclone, no_sanitize("address"))) static void take_self(struct own *own)
{
	uint64_t top = (uint64_t)(uintptr_t)__libc_stack_end, at;
	ucontext_t context;

	getcontext(&context);
	take_registers(own, &context);
	own->n = backtrace(own->frames, 64);
	at = own->reg[7] & ~4095ULL;
	assert_in_range(top, own->reg[7], at + sizeof(own->stack));
	own->copy = (struct stack_copy){.bytes = own->stack, .at = at, .sp = own->reg[7],
		.from = own->reg[7] - at, .full = true};
	copy_stack(own, own->reg[7], top);
}

__attribute__((noinline, noclone)) static void recurse(struct own *own, int depth)
{
	if (depth)
		recurse(own, depth - 1);
	else
		take_self(own);
	__asm__ volatile("" ::: "memory");
}

/* libgcc's unwinder walks the same: every caller of take_self(), as far as cmocka's and libc's code goes. */
static void test_self(void **state)
{
	static struct own own;
	struct fixture *f = *state;

	map_self(f);
	recurse(&own, 20);
	stack_walk(&f->walk, f->tables, f->process, f->born_ns + 5 * MS, own.reg, &own.copy);
	assert_true(own.n > 24);
	assert_int_equal(f->walk.cut, 0);
	assert_int_equal(f->walk.by_fp, 0);
	assert_false(f->walk.unverified);
	/* Told from the outermost on: the sanitizer's backtrace() has a frame of its own at the inner end. */
	assert_in_range(own.n, f->walk.n, f->walk.n + 1);
	for (uint32_t i = 1; i < f->walk.n; i++)
		assert_int_equal(f->walk.frames[f->walk.n - i],
			(uint64_t)(uintptr_t)own.frames[(uint32_t)own.n - i] - 1);
}

/* A rule whose place is no place: nothing was read, and the stack has not ended. */
static void test_misaligned(void **state)
{
	const struct row row = {.ip = (uint64_t)(uintptr_t)by_rbp, .len = 8 * WORDS, .full = true};
	struct fixture *f = *state;

	map_self(f);
	walk(f, &row, STACK, STACK + 65, f->born_ns + 5 * MS);
	assert_int_equal(f->walk.n, 1);
	assert_int_equal(f->walk.cut, COUNTER_corrupt);
}

/* Below sp there is a red zone, and nothing else; a copy that begins too late says that it is short. */
static void test_red_zone(void **state)
{
	const struct row row = {.ip = (uint64_t)(uintptr_t)below, .len = 8 * WORDS, .full = true};
	struct row next = row;
	struct fixture *f = *state;

	next.ip++;
	map_self(f);
	chain(f, 0, 0);
	f->words[3] = f->words[4] = STACK + 800;
	walk(f, &row, STACK + 32 + 128, 0, f->born_ns + 5 * MS);
	assert_int_equal(f->walk.cut, 0);
	walk(f, &next, STACK + 24 + 136, 0, f->born_ns + 5 * MS);
	assert_int_equal(f->walk.cut, COUNTER_corrupt);
	walk(f, &row, STACK + 120, 0, f->born_ns + 5 * MS);
	assert_int_equal(f->walk.cut, COUNTER_stack_copy_short);
}

/* A CFA by r10 behind a call: right where the callee is of the same file, and not known where it is not. */
static void test_kept_by_the_callee(void **state)
{
	uint64_t reg[17] = {[7] = STACK, [10] = STACK + 80, [16] = (uint64_t)(uintptr_t)keeps};
	struct fixture *f = *state;
	const struct stack_copy copy = {.bytes = (const uint8_t *)f->words, .at = STACK, .sp = STACK,
		.len = 8 * WORDS, .full = true};

	map_self(f);
	f->words[0] = (uint64_t)(uintptr_t)behind;
	stack_walk(&f->walk, f->tables, f->process, f->born_ns + 5 * MS, reg, &copy);
	assert_int_equal(f->walk.n, 2);
	assert_int_equal(f->walk.cut, 0);
	reg[16] = (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "getppid");
	stack_walk(&f->walk, f->tables, f->process, f->born_ns + 5 * MS, reg, &copy);
	assert_int_equal(f->walk.n, 2);
	assert_int_equal(f->walk.cut, COUNTER_unsupported_rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cuts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_chains, setup, teardown),
		cmocka_unit_test_setup_teardown(test_process_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_misaligned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept_by_the_callee, setup, teardown),
		cmocka_unit_test_setup_teardown(test_red_zone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_self, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vsyscall, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
