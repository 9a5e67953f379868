/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The skeleton of tested.bpf.c, opened with settings and run in the context of the caller. */
#ifndef PROFOUND_TESTS_TESTED_H
#define PROFOUND_TESTS_TESTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi.h"

/* As the skeleton's bss names them: task.bpf.h and compat.bpf.h. */
struct task_facts {
	uint32_t tgid, tid;
	uint64_t start_ns;
	uint32_t exec, flags;
	uint64_t mm_state;
	uint64_t start_stack;
	bool has_mm;
};
struct compat_regs {
	uint64_t ip, sp, fp, cs;
};

#include "tested.skel.h"

static inline struct tested_bpf *open_with(const struct abi_settings *settings)
{
	struct tested_bpf *tested = tested_bpf__open();

	assert_non_null(tested);
	tested->rodata->settings = *settings;
	if (settings->by_tgid)
		bpf_map__set_max_entries(tested->maps.members_tgid, 16);
	if (settings->by_tid)
		bpf_map__set_max_entries(tested->maps.members_tid, 16);
	assert_int_equal(tested_bpf__load(tested), 0);
	return tested;
}

static inline int run_fd(int fd)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	return bpf_prog_test_run_opts(fd, &options);
}

static inline void run(const struct bpf_program *program)
{
	assert_int_equal(run_fd(bpf_program__fd(program)), 0);
}

static inline void end_child(int status)
{
	_exit(status);
}

static inline void wait_child(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#endif
