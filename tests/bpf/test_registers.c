// SPDX-License-Identifier: GPL-2.0-or-later
/* The user's registers, taken by the kernel on a page fault of the test itself: a software event of period 1. */
#include "tested.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096UL

struct fixture {
	struct tested_bpf *tested;
	int event;
};

static int setup(void **state)
{
	const struct abi_settings settings = {0};
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS, .sample_period = 1, .disabled = 1};
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->tested = open_with(&settings);
	fixture->event = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	assert_true(fixture->event >= 0);
	assert_int_equal(ioctl(fixture->event, PERF_EVENT_IOC_SET_BPF,
				 bpf_program__fd(fixture->tested->progs.test_registers)), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->event);
	tested_bpf__destroy(fixture->tested);
	free(fixture);
	return 0;
}

static void arm(const struct fixture *fixture, bool on)
{
	assert_int_equal(
		ioctl(fixture->event, on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0), 0);
}

static char *fresh_page(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	return page;
}

/* One fault, at `place`, with registers that say their DWARF number. */
static void fault(char *place)
{
	register uint64_t rdi __asm__("rdi") = (uint64_t)(uintptr_t)place;

	__asm__ volatile("mov $0xb00, %%rax\n mov $0xb01, %%rdx\n mov $0xb02, %%rcx\n mov $0xb03, %%rbx\n"
			 "mov $0xb04, %%rsi\n mov $0xb08, %%r8\n mov $0xb09, %%r9\n mov $0xb0a, %%r10\n"
			 "mov $0xb0b, %%r11\n mov $0xb0c, %%r12\n mov $0xb0d, %%r13\n mov $0xb0e, %%r14\n"
			 "mov $0xb0f, %%r15\n movb $1, (%%rdi)\n"
			 : : "r"(rdi)
			 : "rax", "rdx", "rcx", "rbx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
}

static void test_interrupted(void **state)
{
	static const uint8_t known[] = {0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15};
	struct fixture *fixture = *state;
	const __u64 *start = fixture->tested->bss->start;
	uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	char *page = fresh_page();

	arm(fixture, true);
	fault(page);
	arm(fixture, false);
	assert_int_equal(fixture->tested->bss->registers_taken, 1);
	assert_int_not_equal(fixture->tested->bss->user_leaf, 0);
	assert_int_equal(fixture->tested->bss->in_syscall, 0); /* a fault is none */
	for (size_t i = 0; i < sizeof(known); i++)
		assert_int_equal(start[known[i]], 0xb00 + known[i]);
	assert_int_equal(start[5], (uintptr_t)page);
	assert_in_range(start[7], here - 4096, here);
	assert_in_range(start[16], (uintptr_t)&setup - 65536, (uintptr_t)&setup + 65536);
	munmap(page, PAGE);
}

/* The kernel's own fault while it writes for read(2): the registers are those with which it was called. */
static void test_in_system_call(void **state)
{
	struct fixture *fixture = *state;
	const __u64 *start = fixture->tested->bss->start;
	char *page = fresh_page();
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	arm(fixture, true);
	assert_int_equal(syscall(SYS_read, fds[0], page, 1), 1);
	arm(fixture, false);
	assert_int_equal(fixture->tested->bss->registers_taken, 1);
	assert_int_equal(fixture->tested->bss->user_leaf, 0);
	assert_int_equal(fixture->tested->bss->in_syscall, 1);
	assert_int_equal(start[5], fds[0]); /* rdi, rsi, rdx */
	assert_int_equal(start[4], (uintptr_t)page);
	assert_int_equal(start[1], 1);
	assert_int_equal(start[2], start[16]); /* as syscall leaves rcx */
	close(fds[0]);
	close(fds[1]);
	munmap(page, PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_in_system_call),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
