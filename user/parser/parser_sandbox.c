// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/parser_sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "symbolize/mini_debug.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define RESULT(context) ((context)->uc_mcontext.gregs[REG_RAX])
#define ARGUMENT(context, n) \
	((context)->uc_mcontext.gregs[(n) == 0 ? REG_RDI : REG_RSI])
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define RESULT(context) ((context)->uc_mcontext.regs[0])
#define ARGUMENT(context, n) ((context)->uc_mcontext.regs[n])
#else
#error "no sandbox for this architecture"
#endif

/* readlink and stat: libdw asks where the file is, to name a split unit beside it. */
static const uint32_t allowed[] = {
	SYS_read, SYS_pread64, SYS_close, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_readlinkat,
	SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk,
	SYS_recvmsg, SYS_sendmsg, SYS_ppoll,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
	SYS_futex, SYS_getrandom, SYS_clock_gettime, SYS_getrusage, SYS_sched_yield, SYS_gettid,
	SYS_getpid, SYS_exit, SYS_exit_group,
	SYS_memfd_create, SYS_pwrite64, /* .gnu_debugdata is unpacked there */
#if defined(__x86_64__)
	SYS_readlink, SYS_stat, SYS_lstat, SYS_poll,
#endif
};

static const uint32_t trapped[] = {
	SYS_openat,
#if defined(__x86_64__)
	SYS_open,
#endif
};

/* What no parser ever does, and what an exploit wants first. */
static const uint32_t killed[] = {
	SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_sendto,
	SYS_execve, SYS_execveat, SYS_clone, SYS_clone3, SYS_ptrace, SYS_bpf, SYS_perf_event_open, SYS_mount, SYS_setns,
	SYS_unshare, SYS_init_module, SYS_finit_module, SYS_keyctl, SYS_userfaultfd, SYS_io_uring_setup,
	SYS_process_vm_readv, SYS_process_vm_writev, SYS_openat2, SYS_open_by_handle_at,
#if defined(__x86_64__)
	SYS_fork, SYS_vfork,
#endif
};

/*
 * Calls of which only some are harmless: with another's pid prlimit64 limits any process of the user, F_SETOWN and
 * F_SETSIG of a descriptor send any process a signal. The kernel takes all of these arguments as 32 bits.
 */
static const struct argument_rule {
	uint32_t call;
	uint8_t argument;
	uint32_t value;
} by_argument[] = {
	{SYS_prlimit64, 0, 0}, {SYS_fcntl, 1, F_GETFD}, {SYS_fcntl, 1, F_SETFD}, {SYS_fcntl, 1, F_GETFL},
	{SYS_fcntl, 1, F_DUPFD_CLOEXEC},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define PROGRAM_MAX (4 + 2 * (COUNT(allowed) + COUNT(trapped) + COUNT(killed)) + 5 * COUNT(by_argument) + 1)
#define NOBODY 65534

static parser_open ask;

/* The call's path is an argument: open(path), openat(directory, path). */
static void on_trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *registers = context;
	bool at = info->si_syscall == SYS_openat;
	int saved = errno;

	(void)number;
	RESULT(registers) = ask((const char *)ARGUMENT(registers, at ? 1 : 0));
	errno = saved;
}

static size_t put_rule(struct sock_filter *program, size_t at, uint32_t call, uint32_t verdict)
{
	program[at] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
	program[at + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict);
	return at + 2;
}

/* The low half of an argument; both architectures are little endian. What else is asked of is loaded again. */
static size_t put_argument_rule(struct sock_filter *program, size_t at, const struct argument_rule *rule)
{
	const uint32_t argument = (uint32_t)(offsetof(struct seccomp_data, args) + rule->argument * sizeof(uint64_t));

	program[at] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule->call, 0, 4);
	program[at + 1] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument);
	at = put_rule(program, at + 2, rule->value, SECCOMP_RET_ALLOW);
	program[at] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	return at + 1;
}

static size_t put_program(struct sock_filter *program)
{
	size_t n = 0;

	program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < COUNT(allowed); i++)
		n = put_rule(program, n, allowed[i], SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < COUNT(trapped); i++)
		n = put_rule(program, n, trapped[i], SECCOMP_RET_TRAP);
	for (size_t i = 0; i < COUNT(killed); i++)
		n = put_rule(program, n, killed[i], SECCOMP_RET_KILL_PROCESS);
	for (size_t i = 0; i < COUNT(by_argument); i++)
		n = put_argument_rule(program, n, &by_argument[i]);
	program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	return n;
}

/* When memory runs out, rather this process than whoever's. Without /proc it is as likely as any. */
static void volunteer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) < 0)
		errno = 0; /* as likely as any, then */
	close(fd);
}

/*
 * A user namespace may have nobody, and who records has given up CAP_SETUID: then it stays who it is, without a capability. A change of user clears what is done
 * at the parent's death (prctl(2), PR_SET_PDEATHSIG), so that comes last; a parent that was gone before has closed the
 * socket.
 */
static int drop_privileges(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	if (!geteuid() && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
				  setresuid(NOBODY, NOBODY, NOBODY)))
		errno = 0;
	if (syscall(SYS_capset, &header, none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return -errno;
	return 0;
}

int parser_sandbox_enter(parser_open opener)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	struct sock_filter rules[PROGRAM_MAX];
	struct sock_fprog program = {.filter = rules};
	int err;

	volunteer();
	err = drop_privileges();
	if (err)
		return err;
	ask = opener;
	program.len = (unsigned short)put_program(rules);
	if (sigaction(SIGSYS, &action, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return -errno;
	return 0;
}

static int limit_memory(uint64_t bytes)
{
#ifdef __SANITIZE_ADDRESS__
	(void)bytes; /* its shadow alone is 16 TiB of addresses */
	return 0;
#else
	struct rlimit limit = {bytes, RLIM_INFINITY};

	return getrlimit(RLIMIT_AS, &limit) || (limit.rlim_cur = bytes, setrlimit(RLIMIT_AS, &limit)) ? -errno : 0;
#endif
}

int parser_sandbox_limit(uint64_t memory_bytes, unsigned cpu_seconds)
{
	const struct rlimit core = {0, 0}, file = {MINI_DEBUG_OUT_MAX, MINI_DEBUG_OUT_MAX};
	struct rlimit cpu;
	struct rusage used;

	if (setrlimit(RLIMIT_CORE, &core) || setrlimit(RLIMIT_FSIZE, &file) || getrlimit(RLIMIT_CPU, &cpu) || getrusage(RUSAGE_SELF, &used))
		return -errno;
	cpu.rlim_cur = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec + 2) + cpu_seconds;
	if (setrlimit(RLIMIT_CPU, &cpu))
		return -errno;
	return limit_memory(memory_bytes);
}
