// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/process_entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void process_entry_free(struct process_entry *entry)
{
	if (!entry)
		return;
	mappings_free(entry->process.mappings);
	if (entry->process.root_fd >= 0)
		close(entry->process.root_fd);
	if (entry->process.perf_map_fd >= 0)
		close(entry->process.perf_map_fd);
	if (entry->process.jitdump_fd >= 0)
		close(entry->process.jitdump_fd);
	if (entry->read)
		proc_read_release(entry->read);
	free(entry->read);
	free(entry);
}

int process_entry_settle(struct process_entry *entry)
{
	struct process *process = &entry->process;
	bool lost;
	int err;

	if (!entry->read)
		return 0;
	err = mappings_read(process->mappings, entry->read->found, entry->read->count,
		entry->read->time_ns, process->maps_known);
	if (err)
		return err;
	process->maps_known = !entry->read->cut;
	lost = entry->doubt_ns;
	entry->doubt_ns = entry->doubt_to_ns = 0;
	process_facts_settle(&entry->facts, entry->read, lost);
	proc_read_release(entry->read);
	free(entry->read);
	entry->read = NULL;
	return 0;
}

int process_entry_settle_before(struct process_entry *entry, uint64_t time_ns)
{
	return entry->read && entry->read->time_ns < time_ns ? process_entry_settle(entry) : 0;
}

bool process_entry_in_doubt(const struct process_entry *entry, uint64_t from_ns, uint64_t last_ns)
{
	return entry->doubt_ns && last_ns > entry->doubt_ns && from_ns < entry->doubt_to_ns;
}

bool process_entry_has_ended(const struct process_entry *entry, uint64_t before_ns)
{
	char path[32];

	if (!entry->process.gone || !entry->process.end_ns || entry->process.end_ns >= before_ns)
		return false;
	snprintf(path, sizeof(path), "/proc/%u", entry->process.pid);
	return entry->replaced || access(path, F_OK);
}

void process_entry_drop(struct process_entry *entry)
{
	(void)process_entry_settle(entry); /* frees the read; its mappings go next */
	mappings_free(entry->process.mappings);
	entry->process.mappings = NULL;
	entry->process.maps_known = false;
}

bool process_entry_is_dropped(const struct process_entry *entry)
{
	return !entry->process.mappings;
}
