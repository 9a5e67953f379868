// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/process_table.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void process_table_release(struct process_table *table)
{
	for (uint32_t i = 0; table->buckets && i <= table->mask; i++) {
		struct process_entry *entry = table->buckets[i];

		while (entry) {
			struct process_entry *next = entry->next;

			process_entry_free(entry);
			entry = next;
		}
	}
	free(table->buckets);
	*table = (struct process_table){0};
}

static struct process_entry *first(const struct process_table *table, uint32_t pid)
{
	struct process_entry *entry = table->buckets ? table->buckets[pid & table->mask] : NULL;

	while (entry && entry->process.pid != pid)
		entry = entry->next;
	return entry;
}

static struct process_entry *after(const struct process_entry *entry)
{
	uint32_t pid = entry->process.pid;

	do
		entry = entry->next;
	while (entry && entry->process.pid != pid);
	return (struct process_entry *)entry;
}

struct process_entry *process_table_at(const struct process_table *table, uint32_t pid,
	uint64_t time_ns)
{
	struct process_entry *entry = first(table, pid);

	while (entry && entry->born_ns > time_ns + (entry->forked ? 0 : CLOCK_SLACK_NS))
		entry = after(entry);
	return entry;
}

/* Can the entry, known from records alone, have started at born_ns? */
static bool fits(const struct process_entry *entry, uint64_t born_ns)
{
	if (entry->process.start_ns)
		return false;
	if (!entry->forked)
		return born_ns <= entry->seen_ns + CLOCK_SLACK_NS;
	return born_ns <= entry->born_ns + CLOCK_SLACK_NS &&
		born_ns + FORK_LATEST_NS >= entry->born_ns;
}

struct process_entry *process_table_started(const struct process_table *table, uint32_t pid,
	uint64_t start_ns, uint64_t born_ns)
{
	struct process_entry *fit = NULL;

	for (struct process_entry *entry = first(table, pid); entry; entry = after(entry)) {
		if (entry->process.start_ns == start_ns)
			return entry;
		if (fits(entry, born_ns) && (entry->forked || !fit))
			fit = entry; /* of several forks the first after the start */
	}
	return fit;
}

struct process_entry *process_table_forked(const struct process_table *table, uint32_t pid,
	uint64_t time_ns)
{
	for (struct process_entry *entry = first(table, pid); entry; entry = after(entry)) {
		if (entry->forked || !entry->process.start_ns)
			continue;
		if (entry->born_ns <= time_ns + CLOCK_SLACK_NS &&
			entry->born_ns + FORK_LATEST_NS >= time_ns)
			return entry;
	}
	return NULL;
}

static int grow(struct process_table *table)
{
	uint32_t mask = table->buckets ? table->mask * 2 + 1 : 63;
	struct process_entry **buckets = calloc((size_t)mask + 1, sizeof(struct process_entry *));

	if (!buckets)
		return -ENOMEM;
	for (uint32_t i = 0; table->buckets && i <= table->mask; i++) {
		/* Two tails, so that the order within a pid stays. */
		struct process_entry **low = &buckets[i], **high = &buckets[i + table->mask + 1];

		for (struct process_entry *entry = table->buckets[i]; entry; entry = entry->next) {
			struct process_entry ***tail =
				(entry->process.pid & mask) == i ? &low : &high;

			**tail = entry;
			*tail = &entry->next;
		}
		*low = *high = NULL;
	}
	free(table->buckets);
	table->buckets = buckets;
	table->mask = mask;
	return 0;
}

/* Whoever is not the last with a pid is gone since the next one's birth. */
static void replace_older(struct process_entry *entry)
{
	for (struct process_entry *older = after(entry); older; older = after(older)) {
		if (!older->replaced && (!older->process.end_ns || older->process.end_ns > entry->born_ns))
			older->process.end_ns = entry->born_ns;
		older->replaced = true;
		older->process.gone = true;
	}
}

struct process_entry *process_table_add(struct process_table *table, uint32_t pid,
	uint64_t born_ns)
{
	struct process_entry **at, *entry, *newest;

	if ((!table->buckets || table->count > table->mask) && grow(table))
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->process = (struct process){
		.id = UINT32_MAX,
		.pid = pid,
		.uid = UINT32_MAX,
		.root_fd = -1,
		.perf_map_fd = -1,
		.jitdump_fd = -1,
	};
	entry->born_ns = born_ns;
	at = &table->buckets[pid & table->mask];
	while (*at && ((*at)->process.pid != pid || (*at)->born_ns > born_ns))
		at = &(*at)->next;
	entry->next = *at;
	*at = entry;
	table->count++;
	newest = first(table, pid);
	replace_older(newest);
	return entry;
}

void process_table_sieve(struct process_table *table,
	bool (*drop)(void *context, struct process_entry *entry), void *context)
{
	for (uint32_t i = 0; table->buckets && i <= table->mask; i++) {
		struct process_entry **at = &table->buckets[i];

		while (*at) {
			struct process_entry *entry = *at;

			if (!drop(context, entry)) {
				at = &entry->next;
				continue;
			}
			*at = entry->next;
			process_entry_free(entry);
			table->count--;
		}
	}
}
