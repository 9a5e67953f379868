// SPDX-License-Identifier: GPL-2.0-or-later
#include "recorder/privileges.h"

#include <bpf/bpf.h>
#include <string.h>
#include <unistd.h>

#include "collect/capabilities.h"
#include "collect/programs.h"

#define KALLSYMS "/proc/kallsyms"

/*
 * kallsyms decides at open(2) whether it shows addresses, by CAP_SYSLOG (kernel/kallsyms.c, kallsyms_open()), and makes its
 * text anew whenever it is read from the beginning: modules and BPF programs that came later are in it.
 */
void privileges_take(struct privileges *privileges)
{
	programs_raise_limits();
	privileges->kallsyms = fopen(KALLSYMS, "re");
	privileges->spare = fopen(KALLSYMS, "re");
	privileges->statistics_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
}

int privileges_lower(uint64_t also, struct fault *fault)
{
	int err = capabilities_keep(capabilities_staying(capabilities_effective()) | also);

	return err ? fault_set(fault, err, "cannot give up capabilities: %s", strerror(-err)) : 0;
}

void privileges_turn(struct privileges *privileges)
{
	FILE *spare = privileges->spare;

	privileges->spare = privileges->kallsyms;
	privileges->kallsyms = spare;
}

void privileges_release(struct privileges *privileges)
{
	if (privileges->spare)
		fclose(privileges->spare);
	if (privileges->kallsyms)
		fclose(privileges->kallsyms);
	if (privileges->statistics_fd >= 0)
		close(privileges->statistics_fd);
	*privileges = PRIVILEGES_NONE;
}
