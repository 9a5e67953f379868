/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpfspin SECONDS: loads a BPF program called spin_prog, says "begin", and has the kernel run it for SECONDS of CPU
 * time (BPF_PROG_TEST_RUN); then unloads it. Says "refused" where it may not.
 */
#include <linux/bpf.h>
#include <sys/syscall.h>

#include "spin.h"

#define LENGTH 4000

static long call_bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int load(void)
{
	static struct bpf_insn code[LENGTH + 2];
	union bpf_attr attr;

	code[0] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1};
	for (int i = 1; i <= LENGTH; i++)
		code[i] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MUL | BPF_K, .imm = 31};
	code[LENGTH + 1] = (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = LENGTH + 2;
	attr.license = (uintptr_t)"GPL";
	strcpy(attr.prog_name, "spin_prog");
	return (int)call_bpf(BPF_PROG_LOAD, &attr);
}

static void run(int program)
{
	static char packet[64];
	union bpf_attr attr;

	while (!spin_over) {
		memset(&attr, 0, sizeof(attr));
		attr.test.prog_fd = (uint32_t)program;
		attr.test.data_in = (uintptr_t)packet;
		attr.test.data_size_in = sizeof(packet);
		attr.test.repeat = 1000;
		if (call_bpf(BPF_PROG_TEST_RUN, &attr) && !spin_over)
			exit(9);
	}
}

int main(int argc, char **argv)
{
	int program = load();

	if (program < 0) {
		say("refused", 0);
		return 0;
	}
	spin_for_cpu(seconds_arg(argc, argv, 1, 1));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	run(program);
	close(program);
	usleep(200000); /* it is freed after a grace period */
	say("end", spin_clock(CLOCK_MONOTONIC));
	return 0;
}
