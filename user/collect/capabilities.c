// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/capabilities.h"

#include <errno.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/resource.h>

#include "collect/kernel_release.h"

#define BIT(number) (UINT64_C(1) << (number))

static long read_number(const char *path, long otherwise)
{
	FILE *file = fopen(path, "re");
	long value = otherwise;

	if (!file)
		return otherwise;
	if (fscanf(file, "%ld", &value) != 1)
		value = otherwise;
	fclose(file);
	return value;
}

/* kernel/ksyms_common.c, kallsyms_show_value(): everybody may see addresses, or those who have it, or nobody. */
static bool symbols_ask(void)
{
	long restricted = read_number("/proc/sys/kernel/kptr_restrict", 1);
	long paranoid = read_number("/proc/sys/kernel/perf_event_paranoid", 2);

	return restricted == 1 || (restricted <= 0 && paranoid > 1);
}

/* Before Linux 5.11 BPF memory is locked memory; the cgroup is charged since (97306be45fbe). */
static bool locked_memory_asks(void)
{
	struct kernel_release kernel;
	struct rlimit limit;

	if (kernel_release_read(&kernel) || kernel.major > 5 || (kernel.major == 5 && kernel.minor >= 11))
		return false;
	return !getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_max != RLIM_INFINITY;
}

/* Debian's and Ubuntu's kernels know a level 3 at which perf_event_open(2) asks for CAP_SYS_ADMIN, whatever CAP_PERFMON says
 * (debian/patches/features/all/security-perf-allow-further-restriction-of-perf_event_open.patch). */
static bool perf_asks(void)
{
	return read_number("/proc/sys/kernel/perf_event_paranoid", 2) > 2;
}

static bool always(void)
{
	return true;
}

const struct capability capabilities[] = {
	{CAP_BPF, "CAP_BPF", "record does not start", true, false, true, always},
	{CAP_PERFMON, "CAP_PERFMON", "record does not start", true, false, true, always},
	/* Linux 6.15 lets CAP_PERFMON read maps (may_access_mm() in kernel/fork.c), but no root, no map_files, no memory. */
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE",
		"others' programs have no names; from Linux 6.15 on those that are deleted, in containers or made at run time",
		false, false, false, always},
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH",
		"files that others alone may read have no names, cgroups of v2 no paths", false, false, false, always},
	{CAP_SYSLOG, "CAP_SYSLOG", "kernel frames have no names", false, true, false, symbols_ask},
	{CAP_CHECKPOINT_RESTORE, "CAP_CHECKPOINT_RESTORE", "deleted or replaced files have no names", false, false, true,
		always},
	{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", "BPF maps may not fit: record may not start", false, true, false,
		locked_memory_asks},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN",
		"where kernel.perf_event_paranoid is above 2, as Debian has it, record may not start: sysctl it to 2",
		false, false, false, perf_asks},
};
const unsigned n_capabilities = sizeof(capabilities) / sizeof(*capabilities);

uint64_t capabilities_effective(void)
{
	cap_t caps = cap_get_proc();
	uint64_t set = 0;

	if (!caps)
		return 0;
	for (int number = 0; number < cap_max_bits(); number++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (!cap_get_flag(caps, number, CAP_EFFECTIVE, &value) && value == CAP_SET)
			set |= BIT(number);
	}
	cap_free(caps);
	return set;
}

uint64_t capabilities_needed(void)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < n_capabilities; i++)
		if (capabilities[i].is_needed())
			set |= BIT(capabilities[i].number);
	return set;
}

uint64_t capabilities_missing(uint64_t effective)
{
	uint64_t missing = capabilities_needed() & ~effective;

	for (unsigned i = 0; i < n_capabilities; i++)
		if (capabilities[i].of_sys_admin && effective & BIT(CAP_SYS_ADMIN))
			missing &= ~BIT(capabilities[i].number);
	return missing;
}

uint64_t capabilities_staying(uint64_t set)
{
	uint64_t staying = 0;
	bool by_sys_admin = false;

	for (unsigned i = 0; i < n_capabilities; i++) {
		if (!capabilities[i].for_start && capabilities[i].is_needed())
			staying |= set & BIT(capabilities[i].number);
		by_sys_admin |= capabilities[i].of_sys_admin && !(set & BIT(capabilities[i].number));
	}
	return by_sys_admin ? staying | (set & BIT(CAP_SYS_ADMIN)) : staying;
}

bool capabilities_required(uint64_t set)
{
	for (unsigned i = 0; i < n_capabilities; i++)
		if (capabilities[i].required && set & BIT(capabilities[i].number))
			return true;
	return false;
}

void capabilities_print(uint64_t set, char *text, unsigned size)
{
	unsigned len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < n_capabilities && len < size; i++)
		if (set & BIT(capabilities[i].number))
			len += (unsigned)snprintf(text + len, size - len, "%s%s", len ? " " : "", capabilities[i].name);
}

/* What was root's would be had again by whatever root executes. Without CAP_SETPCAP, no_new_privs alone is in the way. */
static void lower_bounds(uint64_t set)
{
	cap_reset_ambient();
	for (int number = 0; number < cap_max_bits(); number++)
		if (!(set & BIT(number)) && cap_drop_bound(number))
			return;
}

static int set_flags(cap_t caps, uint64_t set)
{
	int err = cap_clear(caps);

	for (int number = 0; number < cap_max_bits() && !err; number++) {
		cap_value_t value = number;

		if (set & BIT(number))
			err = cap_set_flag(caps, CAP_PERMITTED, 1, &value, CAP_SET) ||
				cap_set_flag(caps, CAP_EFFECTIVE, 1, &value, CAP_SET);
	}
	return err || cap_set_proc(caps) ? -errno : 0;
}

int capabilities_keep(uint64_t set)
{
	cap_t caps = cap_init();
	int err;

	if (!caps)
		return -errno;
	lower_bounds(set);
	err = set_flags(caps, set & capabilities_effective());
	cap_free(caps);
	return err;
}
