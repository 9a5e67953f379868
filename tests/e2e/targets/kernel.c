/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main -> reader -> fetch -> read(2) of /dev/zero in 1 MiB pieces, for SECONDS of CPU time. The system call is made here: libc's
 * wrapper keeps no frame pointer and would hide its caller.
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "spin.h"

static char buffer[1 << 20];

NOINLINE static long fetch(int fd)
{
	long result;

	FRAME();
	__asm__ volatile("syscall"
		: "=a"(result)
		: "a"(SYS_read), "D"(fd), "S"(buffer), "d"(sizeof(buffer))
		: "rcx", "r11", "memory");
	return result;
}

NOINLINE static void reader(int fd)
{
	while (!spin_over)
		fetch(fd);
	KEEP();
}

int main(int argc, char **argv)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	reader(fd);
	KEEP();
	return 0;
}
