// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/probe.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "collect/capabilities.h"
#include "collect/event_spec.h"
#include "collect/kernel_release.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define LOCKDOWN "/sys/kernel/security/lockdown"
#define INITIAL_PIDNS 0xEFFFFFFCU /* PROC_PID_INIT_INO */
/* Stands for what setcap() writes. */
#define SETCAP "setcap"

/* What setcap is to be given: this very file. */
static const char *own_path(void)
{
	static char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len <= 0)
		return "PATH-OF-PROFOUND";
	path[len] = 0;
	return path;
}

/* What gives this very file what this kernel needs. */
static void setcap(char *text, size_t size)
{
	char names[CAPABILITY_NAMES];

	capabilities_print(capabilities_needed(), names, sizeof(names));
	for (char *c = names; *c; c++)
		*c = *c == ' ' ? ',' : (char)tolower((unsigned char)*c);
	snprintf(text, size, "run as root, or: setcap %s+ep %.250s", names, own_path());
}

/* The answer of one row; NULL for cost and fix that do not apply. */
static void answer(struct probe_result *result, enum probe_verdict verdict, const char *cost,
	const char *fix, const char *format, ...) __attribute__((format(printf, 5, 6)));

static void answer(struct probe_result *result, enum probe_verdict verdict, const char *cost,
	const char *fix, const char *format, ...)
{
	va_list args;

	result->verdict = verdict;
	va_start(args, format);
	vsnprintf(result->found, sizeof(result->found), format, args);
	va_end(args);
	snprintf(result->cost, sizeof(result->cost), "%s", cost ? cost : "");
	if (fix && !strcmp(fix, SETCAP))
		setcap(result->fix, sizeof(result->fix));
	else
		snprintf(result->fix, sizeof(result->fix), "%s", fix ? fix : "");
}

static bool read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	bool got;

	if (!file)
		return false;
	got = fgets(text, size, file);
	fclose(file);
	if (got)
		text[strcspn(text, "\n")] = 0;
	return got;
}

static bool read_number(const char *path, long *value)
{
	char text[64];

	if (!read_text(path, text, sizeof(text)))
		return false;
	*value = strtol(text, NULL, 10);
	return true;
}

static bool has(uint64_t effective, unsigned capability)
{
	return effective >> capability & 1;
}

bool probe_locked_down(const char *text)
{
	return strstr(text, "[confidentiality]");
}

static void probe_kernel(struct probe_result *result)
{
	struct kernel_release kernel;

	if (kernel_release_read(&kernel)) {
		answer(result, PROBE_WARN, "known kernel bugs cannot be told", NULL,
			"a version that cannot be read");
		return;
	}
	if (kernel_release_too_old(&kernel))
		answer(result, PROBE_FAIL, "record does not start", "boot a kernel from 5.10 on",
			"%u.%u.%u", kernel.major, kernel.minor, kernel.patch);
	else if (kernel_release_freezes(&kernel))
		answer(result, PROBE_FAIL, "sampling can freeze this kernel: record refuses it",
			"update to 6.1.36, 6.3.10, 6.4 or later; or record --ignore-kernel-bugs",
			"%u.%u.%u", kernel.major, kernel.minor, kernel.patch);
	else
		answer(result, PROBE_OK, NULL, NULL, "%u.%u.%u", kernel.major, kernel.minor,
			kernel.patch);
}

static void probe_btf(struct probe_result *result)
{
	if (!access(VMLINUX_BTF, R_OK))
		answer(result, PROBE_OK, NULL, NULL, VMLINUX_BTF);
	else
		answer(result, PROBE_FAIL, "the sampling program cannot be fitted to this kernel",
			"boot a kernel built with CONFIG_DEBUG_INFO_BTF=y", "%s: %s", VMLINUX_BTF,
			strerror(errno));
}

static void probe_lockdown(struct probe_result *result)
{
	char text[128];

	if (!read_text(LOCKDOWN, text, sizeof(text)))
		answer(result, PROBE_OK, NULL, NULL, "none");
	else if (probe_locked_down(text))
		answer(result, PROBE_FAIL, "BPF programs may not read memory: no stacks",
			"boot with lockdown=integrity, or without Secure Boot", "%s", text);
	else
		answer(result, PROBE_OK, NULL, NULL, "%s", text);
}

static void probe_privilege(struct probe_result *result)
{
	uint64_t missing = capabilities_missing(capabilities_effective());
	char needed[CAPABILITY_NAMES], names[CAPABILITY_NAMES];

	capabilities_print(capabilities_needed(), needed, sizeof(needed));
	capabilities_print(missing, names, sizeof(names));
	if (!missing)
		answer(result, PROBE_OK, NULL, NULL, "%s", needed);
	else if (capabilities_required(missing))
		answer(result, PROBE_FAIL, "record does not start", SETCAP, "%s; missing: %s", needed, names);
	else
		answer(result, PROBE_WARN, "what the rows of those that are missing say", SETCAP, "%s; missing: %s", needed,
			names);
}

void probe_capability(const struct capability *capability, struct probe_result *result)
{
	answer(result, capability->required ? PROBE_FAIL : PROBE_WARN, capability->costs, SETCAP, "missing");
}

static void probe_bpf(struct probe_result *result)
{
	/* r0 = 0; exit */
	const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
	int fd = bpf_prog_load(BPF_PROG_TYPE_PERF_EVENT, "probe", "GPL", program, 2, NULL);

	if (fd >= 0) {
		close(fd);
		answer(result, PROBE_OK, NULL, NULL, "a program was loaded");
	} else if (fd == -EPERM || fd == -EACCES) {
		answer(result, PROBE_FAIL, "record does not start", SETCAP, "bpf(2): %s",
			strerror(-fd));
	} else {
		answer(result, PROBE_FAIL, "record does not start",
			"boot a kernel built with CONFIG_BPF_SYSCALL=y and CONFIG_BPF_EVENTS=y",
			"bpf(2): %s", strerror(-fd));
	}
}

static void probe_ring_buffer(struct probe_result *result)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "probe", 0, 0, getpagesize(), NULL);

	if (fd >= 0) {
		close(fd);
		answer(result, PROBE_OK, NULL, NULL, "one was made");
	} else {
		answer(result, PROBE_FAIL, "record does not start",
			fd == -EPERM ? SETCAP : "boot a kernel from 5.10 on", "bpf(2): %s",
			strerror(-fd));
	}
}

static void probe_jit(struct probe_result *result)
{
	long value;

	if (!read_number("/proc/sys/net/core/bpf_jit_enable", &value) || value)
		answer(result, PROBE_OK, NULL, NULL, "on");
	else
		answer(result, PROBE_WARN, "each sample costs several times as much",
			"sysctl -w net.core.bpf_jit_enable=1", "off");
}

/* 0 or a negative errno: whether the event opens on this CPU for all tasks. */
static int open_event(uint32_t type, uint64_t config)
{
	struct perf_event_attr attr = {.type = type,
		.config = config,
		.size = sizeof(attr),
		.sample_period = 1000000,
		.disabled = 1};
	int cpu = sched_getcpu();
	long fd = syscall(
		SYS_perf_event_open, &attr, -1, cpu < 0 ? 0 : cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void probe_event(struct probe_result *result)
{
	int cycles = open_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES), clock;

	if (!cycles) {
		answer(result, PROBE_OK, NULL, NULL, "cycles");
		return;
	}
	clock = open_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK);
	if (clock)
		answer(result, PROBE_FAIL, "record does not start", SETCAP, "perf_event_open: %s",
			strerror(-clock));
	else
		answer(result, PROBE_WARN,
			"record uses cpu-clock: code that runs with interrupts off is seen late, "
			"no cache or branch events",
			"in a virtual machine: have the host pass its PMU through",
			"no cycles (%s)", strerror(-cycles));
}

static void probe_paranoid(struct probe_result *result)
{
	uint64_t effective = capabilities_effective();
	long value;

	if (!read_number("/proc/sys/kernel/perf_event_paranoid", &value))
		answer(result, PROBE_FAIL, "record does not start",
			"boot a kernel built with CONFIG_PERF_EVENTS=y", "no perf events");
	else if (value <= -1 || has(effective, CAP_PERFMON) || has(effective, CAP_SYS_ADMIN))
		answer(result, PROBE_OK, NULL, NULL, "%ld%s", value,
			value > -1 ? ", passed by privilege" : "");
	else
		answer(result, PROBE_FAIL, "whole CPUs cannot be sampled", SETCAP, "%ld", value);
}

static void probe_rate(struct probe_result *result)
{
	long rate;

	if (!read_number("/proc/sys/kernel/perf_event_max_sample_rate", &rate))
		answer(result, PROBE_WARN, "rates that are too high cannot be told", NULL,
			"unknown");
	else if (rate < 1000)
		answer(result, PROBE_WARN, "-F above that is lowered to it",
			"sysctl -w kernel.perf_event_max_sample_rate=100000", "%ld Hz at most",
			rate);
	else
		answer(result, PROBE_OK, NULL, NULL, "up to %ld Hz", rate);
}

static void probe_memory(struct probe_result *result)
{
	struct kernel_release kernel = {0, 0, 0};
	struct rlimit limit = {0, 0};

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_max == RLIM_INFINITY)
		answer(result, PROBE_OK, NULL, NULL, "unlimited");
	else if (!kernel_release_read(&kernel) && (kernel.major > 5 || kernel.minor >= 11))
		answer(result, PROBE_OK, NULL, NULL, "%ju KiB; BPF memory is charged to the cgroup",
			(uintmax_t)limit.rlim_max / 1024);
	else if (has(capabilities_effective(), CAP_SYS_RESOURCE))
		answer(result, PROBE_OK, NULL, NULL, "%ju KiB, raised by privilege",
			(uintmax_t)limit.rlim_max / 1024);
	else
		answer(result, PROBE_WARN, "BPF maps may not fit: record may not start",
			"ulimit -l unlimited", "%ju KiB", (uintmax_t)limit.rlim_max / 1024);
}

static void probe_mlock(struct probe_result *result)
{
	long kb;

	if (!read_number("/proc/sys/kernel/perf_event_mlock_kb", &kb))
		answer(result, PROBE_OK, NULL, NULL, "no limit known");
	else if (kb >= 516 || has(capabilities_effective(), CAP_IPC_LOCK))
		answer(result, PROBE_OK, NULL, NULL, "%ld KiB a CPU", kb);
	else
		answer(result, PROBE_WARN, "mapping records may be lost",
			"sysctl -w kernel.perf_event_mlock_kb=516", "%ld KiB a CPU", kb);
}

/* Zero addresses are what hidden ones look like, whatever the reason. */
static void probe_kallsyms(struct probe_result *result)
{
	long restricted = 0;
	char line[256];

	read_number("/proc/sys/kernel/kptr_restrict", &restricted);
	if (!read_text("/proc/kallsyms", line, sizeof(line)))
		answer(result, PROBE_WARN, "kernel frames have no names",
			"boot a kernel built with CONFIG_KALLSYMS=y", "no /proc/kallsyms");
	else if (!strncmp(line, "0000000000000000 ", 17) && line[17] != 'A' && line[17] != 'D')
		answer(result, PROBE_WARN, "kernel frames have no names",
			restricted > 1 ? "sysctl -w kernel.kptr_restrict=1" : SETCAP,
			"addresses are hidden (kptr_restrict %ld)", restricted);
	else
		answer(result, PROBE_OK, NULL, NULL, "readable (kptr_restrict %ld)", restricted);
}

static void probe_statistics(struct probe_result *result)
{
	long always = 0;

	read_number("/proc/sys/kernel/bpf_stats_enabled", &always);
	if (always || has(capabilities_effective(), CAP_SYS_ADMIN))
		answer(result, PROBE_OK, NULL, NULL, "%s", always ? "on" : "on while recording");
	else
		answer(result, PROBE_WARN, "our own cost in the kernel is not known",
			"sysctl -w kernel.bpf_stats_enabled=1, or run with CAP_SYS_ADMIN", "off");
}

static void probe_pid_namespace(struct probe_result *result)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st))
		answer(result, PROBE_FAIL, "processes cannot be looked at",
			"mount -t proc proc /proc", "/proc: %s", strerror(errno));
	else if (st.st_ino == INITIAL_PIDNS)
		answer(result, PROBE_OK, NULL, NULL, "the initial one");
	else
		answer(result, PROBE_WARN, "stacks of processes outside it have no names",
			"run on the host; in Kubernetes hostPID: true, in Docker --pid=host",
			"a nested one");
}

static void probe_tracefs(struct probe_result *result)
{
	struct statfs fs;
	bool mounted = !statfs("/sys/kernel/tracing", &fs) && fs.f_type == TRACEFS_MAGIC;

	answer(result, PROBE_OK, NULL, NULL, mounted ? "mounted" : "not mounted, not needed");
}

static void probe_cgroup(struct probe_result *result)
{
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs))
		answer(result, PROBE_WARN, "-G finds no cgroup",
			"mount -t cgroup2 none /sys/fs/cgroup", "not mounted");
	else if (fs.f_type == CGROUP2_SUPER_MAGIC)
		answer(result, PROBE_OK, NULL, NULL, "v2");
	else
		answer(result, PROBE_OK, NULL, NULL, "v1 or hybrid");
}

static bool opens_mapped_file(void)
{
	char line[512], path[96];
	unsigned long start, end;
	FILE *maps = fopen("/proc/self/maps", "re");
	int fd = -1;

	if (!maps)
		return false;
	while (fd < 0 && fgets(line, sizeof(line), maps)) {
		if (!strchr(line, '/') || sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", start, end);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			break;
	}
	fclose(maps);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void probe_map_files(struct probe_result *result)
{
	if (opens_mapped_file())
		answer(result, PROBE_OK, NULL, NULL, "readable");
	else
		answer(result, PROBE_WARN, "deleted or replaced files have no names", SETCAP,
			"not readable");
}

const struct probe probes[] = {
	{"kernel", probe_kernel},
	{"BTF", probe_btf},
	{"lockdown", probe_lockdown},
	{"capabilities", probe_privilege},
	{"BPF", probe_bpf},
	{"ring buffer", probe_ring_buffer},
	{"BPF JIT", probe_jit},
	{"event", probe_event},
	{"perf_event_paranoid", probe_paranoid},
	{"sample rate", probe_rate},
	{"locked memory", probe_memory},
	{"perf buffers", probe_mlock},
	{"kernel symbols", probe_kallsyms},
	{"run-time statistics", probe_statistics},
	{"pid namespace", probe_pid_namespace},
	{"tracefs", probe_tracefs},
	{"cgroup", probe_cgroup},
	{"map_files", probe_map_files},
};
const unsigned n_probes = sizeof(probes) / sizeof(*probes);

int probe_refused(bool ignore_kernel_bugs, struct fault *fault)
{
	const struct {
		const char *what;
		void (*run)(struct probe_result *result);
		bool skip;
		int error;
	} required[] = {
		{"kernel", probe_kernel, ignore_kernel_bugs, -EOPNOTSUPP},
		{"BTF", probe_btf, false, -EOPNOTSUPP},
		{"lockdown", probe_lockdown, false, -EOPNOTSUPP},
		{"privilege", probe_privilege, false, -EPERM},
	};

	for (unsigned i = 0; i < sizeof(required) / sizeof(*required); i++) {
		struct probe_result result;

		if (required[i].skip)
			continue;
		required[i].run(&result);
		if (result.verdict == PROBE_FAIL)
			return fault_set(fault, required[i].error, "%s: %s: %s; %s",
				required[i].what, result.found, result.cost, result.fix);
	}
	return 0;
}
