// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/intern.h"
#include "process/clocks.h"
#include "process/maps.h"
#include "process/process_table.h"
#include "process/target_file.h"

#define PUBLISHED_WITHIN_NS (10 * NS_PER_SECOND)
#define LOOK_AGAIN_NS (NS_PER_SECOND / 2)

struct processes {
	struct objects *objects;
	struct clocks clocks;
	struct process_table table;
	struct intern texts; /* of facts; 0 is "": not known */
	unsigned read_more;  /* enum proc_read_more */
	struct process **sampled;
	uint32_t n_sampled, sampled_cap;
};

struct processes *processes_new(struct objects *objects)
{
	struct processes *processes = calloc(1, sizeof(*processes));
	uint32_t empty;

	if (!processes)
		return NULL;
	processes->objects = objects;
	if (intern_text(&processes->texts, "", &empty)) {
		free(processes);
		return NULL;
	}
	clocks_init(&processes->clocks);
	return processes;
}

void processes_free(struct processes *processes)
{
	if (!processes)
		return;
	process_table_release(&processes->table);
	intern_release(&processes->texts);
	free(processes->sampled);
	free(processes);
}

static struct process_entry *add(struct processes *processes, uint32_t pid, uint64_t born_ns,
	const struct process_entry *parent)
{
	struct mappings *mappings = parent ? mappings_fork(parent->process.mappings, born_ns) :
					     mappings_new(0);
	struct process_entry *entry;

	if (!mappings)
		return NULL;
	entry = process_table_add(&processes->table, pid, born_ns);
	if (!entry) {
		mappings_free(mappings);
		return NULL;
	}
	entry->process.mappings = mappings;
	entry->seen_ns = born_ns;
	if (parent)
		process_facts_inherit(&entry->facts, &parent->facts);
	return entry;
}

/* The process that a record is about, with what was read before the record in its place. */
static int of_record(struct processes *processes, const struct lifecycle *record,
	struct process_entry **out)
{
	struct process_entry *entry =
		process_table_at(&processes->table, record->pid, record->time_ns);
	int err;

	if (!entry) {
		entry = add(processes, record->pid, 0, NULL);
		if (!entry)
			return -ENOMEM;
		entry->seen_ns = record->time_ns;
	}
	err = process_entry_settle_before(entry, record->time_ns);
	if (err)
		return err;
	*out = entry;
	return 0;
}

/* A JIT maps its jitdump so that it is found (jitdump-specification.txt does not say so; perf inject --jit does). */
static void note_jitdump(struct process *process, const struct object *object)
{
	if (object && object->kind == OBJECT_FILE && target_jitdump_pid(object->path))
		process->jitdump = object;
}

static int apply_map(struct processes *processes, const struct lifecycle *record)
{
	struct mapping mapping = { .start = record->start, .end = record->end };
	struct process_entry *entry;
	char path[MAPS_PATH];
	bool skip;
	int err;

	err = of_record(processes, record, &entry);
	if (err || process_entry_is_dropped(entry))
		return err;
	snprintf(path, sizeof(path), "%s", record->name);
	err = proc_object(processes->objects, &record->file, path, &mapping.object, &skip);
	if (err || skip)
		return err;
	err = process_facts_map(&entry->facts, &processes->texts, mapping.object, path);
	if (err)
		return err;
	if (mapping.object && mapping.object->kind == OBJECT_FILE)
		mapping.offset = record->offset;
	note_jitdump(&entry->process, mapping.object);
	err = mappings_map(entry->process.mappings, &mapping, record->time_ns);
	if (err == -EBUSY) {
		/* Doubt has it read again; what that read shows is known from then on, not from now. */
		entry->doubt_ns = entry->doubt_to_ns = record->time_ns;
		entry->process.maps_known = true;
		return 0;
	}
	if (err != -E2BIG)
		return err;
	entry->process.maps_known = false;
	return 0;
}

static void drop_descriptor(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Its addresses are another program's from now on, and its names would be wrong there. */
static void forget_jit(struct process *process)
{
	drop_descriptor(&process->jitdump_fd);
	drop_descriptor(&process->perf_map_fd);
	process->jitdump = NULL;
}

static int apply_exec(struct processes *processes, const struct lifecycle *record)
{
	struct process_entry *entry;
	int err = of_record(processes, record, &entry);

	if (err || process_entry_is_dropped(entry))
		return err;
	err = mappings_exec(entry->process.mappings, record->time_ns);
	if (err)
		return err;
	process_facts_exec(&entry->facts, record->time_ns);
	entry->process.maps_known = true;
	forget_jit(&entry->process);
	entry->process.exec_ns = record->time_ns;
	entry->process.gone = entry->replaced;
	entry->process.end_ns = 0;
	if (entry->doubt_to_ns <= record->time_ns)
		entry->doubt_ns = entry->doubt_to_ns = 0;
	return 0;
}

/* The child was sampled before the record of its birth came. */
static int join_fork(struct process_entry *child, const struct process_entry *parent,
	uint64_t time_ns)
{
	struct mappings *mappings;

	child->forked = true;
	if (!parent || !parent->process.mappings || process_entry_is_dropped(child) ||
		mappings_count(child->process.mappings))
		return 0;
	mappings = mappings_fork(parent->process.mappings, time_ns);
	if (!mappings)
		return -ENOMEM;
	mappings_free(child->process.mappings);
	child->process.mappings = mappings;
	child->process.maps_known = parent->process.maps_known;
	process_facts_inherit(&child->facts, &parent->facts);
	return 0;
}

static int apply_fork(struct processes *processes, const struct lifecycle *record)
{
	struct process_entry *parent =
		process_table_at(&processes->table, record->parent, record->time_ns);
	struct process_entry *child =
		process_table_forked(&processes->table, record->pid, record->time_ns);
	int err = parent ? process_entry_settle_before(parent, record->time_ns) : 0;

	if (err)
		return err;
	if (parent && process_entry_is_dropped(parent))
		parent = NULL;
	if (child)
		return join_fork(child, parent, record->time_ns);
	child = add(processes, record->pid, record->time_ns, parent);
	if (!child)
		return -ENOMEM;
	child->forked = true;
	if (!parent)
		return 0;
	child->process.maps_known = parent->process.maps_known;
	child->doubt_ns = parent->doubt_ns;
	child->doubt_to_ns = parent->doubt_to_ns;
	return 0;
}

static int apply_exit(struct processes *processes, const struct lifecycle *record)
{
	struct process_entry *entry =
		process_table_at(&processes->table, record->pid, record->time_ns);

	if (!entry)
		return 0;
	entry->process.gone = true;
	entry->process.end_ns = record->time_ns;
	return 0;
}

static bool doubt(void *context, struct process_entry *entry)
{
	const struct lifecycle *record = context;

	/* Without memory the read stays where it is and ends the doubt later; the doubt is what counts now. */
	(void)process_entry_settle_before(entry, record->time_ns);
	if (!entry->doubt_ns)
		entry->doubt_ns = record->start ? record->start : 1;
	entry->doubt_to_ns = record->time_ns;
	return false;
}

static int apply_lost(struct processes *processes, const struct lifecycle *record)
{
	struct lifecycle lost = *record;

	process_table_sieve(&processes->table, doubt, &lost);
	return 0;
}

int processes_apply(struct processes *processes, const struct lifecycle *record)
{
	static int (*const apply[])(struct processes *, const struct lifecycle *) = {
		[LIFECYCLE_MAP] = apply_map,
		[LIFECYCLE_EXEC] = apply_exec,
		[LIFECYCLE_FORK] = apply_fork,
		[LIFECYCLE_EXIT] = apply_exit,
		[LIFECYCLE_LOST] = apply_lost,
	};
	unsigned int kind = record->kind;

	if (kind >= sizeof(apply) / sizeof(apply[0]) || !apply[kind])
		return 0;
	if (kind != LIFECYCLE_LOST && (!record->pid || record->pid == UINT32_MAX))
		return 0;
	return apply[kind](processes, record);
}

static int number(struct processes *processes, struct process *process)
{
	uint32_t cap = processes->sampled_cap ? processes->sampled_cap * 2 : 64;
	struct process **sampled;

	if (process->id != UINT32_MAX)
		return 0;
	if (processes->n_sampled == processes->sampled_cap) {
		sampled = realloc(processes->sampled, cap * sizeof(struct process *));
		if (!sampled)
			return -ENOMEM;
		processes->sampled = sampled;
		processes->sampled_cap = cap;
	}
	process->id = processes->n_sampled;
	processes->sampled[processes->n_sampled++] = process;
	return 0;
}

int processes_sampled(struct processes *processes, uint32_t pid, uint64_t start_ns,
	struct process **out)
{
	uint64_t born_ns = clocks_monotonic(&processes->clocks, start_ns);
	struct process_entry *entry =
		process_table_started(&processes->table, pid, start_ns, born_ns);
	int err;

	if (!entry)
		entry = add(processes, pid, born_ns, NULL);
	if (!entry)
		return -ENOMEM;
	entry->process.start_ns = start_ns;
	err = number(processes, &entry->process);
	if (err)
		return err;
	*out = &entry->process;
	return 0;
}

static void adopt(struct process *process, struct proc_read *read, uint64_t mm_state)
{
	process->inner_pid = read->inner_pid;
	process->uid = read->uid;
	process->mm_state = mm_state;
	for (uint32_t i = 0; i < read->count; i++)
		note_jitdump(process, read->found[i].object);
	if (read->root_fd < 0)
		return;
	if (process->root_fd >= 0)
		close(process->root_fd);
	process->root_fd = read->root_fd;
	read->root_fd = -1;
}

/* An SDK publishes its process context when its program has begun, which no record tells of. */
static bool may_have_published(const struct processes *processes, const struct process_entry *entry)
{
	const struct process *process = &entry->process;
	uint64_t began_ns = entry->born_ns > process->exec_ns ? entry->born_ns : process->exec_ns;

	return processes_states_are_read(processes) && !entry->facts.published &&
	       clocks_now(&processes->clocks) < began_ns + PUBLISHED_WITHIN_NS &&
	       clock_now_ns() > process->read_ns + LOOK_AGAIN_NS;
}

int process_refresh(struct processes *processes, struct process *process, uint64_t mm_state)
{
	struct process_entry *entry = (struct process_entry *)process;
	uint64_t now_ns = clock_now_ns();
	struct proc_read *read;
	int err;

	if (process_entry_is_dropped(entry) || process->hung)
		return -ESRCH;
	if (entry->was_read && process->mm_state == mm_state && !entry->doubt_ns && !may_have_published(processes, entry))
		return 0;
	err = process_entry_settle(entry);
	if (err)
		return err;
	read = malloc(sizeof(*read));
	if (!read)
		return -ENOMEM;
	err = proc_read(read, processes->objects, &processes->clocks, process->pid,
		process->start_ns, processes->read_more);
	if (err) {
		free(read);
		return err == -ENOMEM ? err : -ESRCH;
	}
	process->hung = read->hung;
	if (read->hung)
		processes->read_more &= ~(unsigned)PROC_READ_CONTEXT;
	adopt(process, read, mm_state);
	process_facts_read(&entry->facts, &processes->texts, read);
	process->read_ns = now_ns;
	entry->was_read = true;
	entry->read = read;
	return 0;
}

static struct place nowhere(enum place_kind kind)
{
	return (struct place){ .kind = kind };
}

struct place process_locate(const struct process *process, uint64_t address, uint64_t first_ns,
	uint64_t last_ns)
{
	/* Only the place of what was read before changes, not what is known. */
	struct process_entry *entry = (struct process_entry *)process;
	struct mapping mapping;

	if (place_is_vsyscall(address))
		return (struct place){.kind = PLACE_VSYSCALL, .offset = address & 0xfff};
	if (process_entry_is_dropped(entry) || process_entry_settle(entry))
		return nowhere(PLACE_UNKNOWN);
	switch (mappings_find(process->mappings, address, first_ns, last_ns, &mapping)) {
	case MAPPINGS_NONE:
		return nowhere(process->maps_known && !process_entry_in_doubt(entry, 0, last_ns) ?
			PLACE_NOTHING : PLACE_UNKNOWN);
	case MAPPINGS_CHANGED:
		return nowhere(PLACE_CHANGED);
	case MAPPINGS_ONE:
		break;
	}
	if (process_entry_in_doubt(entry, mapping.from_ns, last_ns))
		return nowhere(PLACE_CHANGED);
	return (struct place){
		.kind = mapping.object ? PLACE_FILE : PLACE_ANON,
		.object = mapping.object,
		.offset = mapping.offset + (address - mapping.start),
		.map_start = mapping.start,
		.map_end = mapping.end,
	};
}

/* Is it known which program it ran then? */
static bool is_known(const struct process *process, uint64_t time_ns)
{
	struct process_entry *entry = (struct process_entry *)process; /* as above */

	return (process_entry_is_dropped(entry) || !process_entry_settle(entry)) && !process_entry_in_doubt(entry, 0, time_ns);
}

static const struct process_facts *facts_of(const struct process *process)
{
	return &((const struct process_entry *)process)->facts;
}

const char *process_exe(const struct processes *processes, const struct process *process, uint64_t time_ns)
{
	return is_known(process, time_ns) ? process_facts_exe(facts_of(process), &processes->texts, time_ns) : NULL;
}

const char *process_stated(const struct processes *processes, const struct process *process, uint64_t time_ns)
{
	return is_known(process, time_ns) ? process_facts_stated(facts_of(process), &processes->texts, time_ns) : NULL;
}

const char *process_cgroup(const struct processes *processes, const struct process *process)
{
	return process_facts_cgroup(facts_of(process), &processes->texts);
}

void processes_read_cgroups(struct processes *processes)
{
	processes->read_more |= PROC_READ_CGROUP;
}

void processes_read_stated(struct processes *processes)
{
	processes->read_more |= PROC_READ_STATED | PROC_READ_CONTEXT;
}

bool processes_states_are_read(const struct processes *processes)
{
	return processes->read_more & PROC_READ_STATED;
}

bool processes_context_hung(const struct processes *processes)
{
	return (processes->read_more & (PROC_READ_STATED | PROC_READ_CONTEXT)) == PROC_READ_STATED;
}

const struct process *processes_find(const struct processes *processes, uint32_t pid, uint64_t start_ns)
{
	const struct process_entry *entry = process_table_started(
		&processes->table, pid, start_ns, clocks_monotonic(&processes->clocks, start_ns));

	return entry ? &entry->process : NULL;
}

struct layout *process_hold_layout(const struct process *process)
{
	struct process_entry *entry = (struct process_entry *)process; /* as above */

	if (process_entry_is_dropped(entry) || process_entry_settle(entry) || !process->maps_known || entry->doubt_ns)
		return NULL;
	return mappings_hold(process->mappings);
}

static bool prune(void *context, struct process_entry *entry)
{
	const uint64_t *before_ns = context;

	if (process_entry_is_dropped(entry))
		return false;
	if (!process_entry_has_ended(entry, *before_ns)) {
		mappings_prune(entry->process.mappings, *before_ns);
		return false;
	}
	if (entry->process.id == UINT32_MAX)
		return true;
	process_entry_drop(entry);
	return false;
}

void processes_prune(struct processes *processes, uint64_t before_ns)
{
	process_table_sieve(&processes->table, prune, &before_ns);
}

bool process_is_dropped(const struct process *process)
{
	return process_entry_is_dropped((const struct process_entry *)process); /* as above */
}

uint32_t processes_count(const struct processes *processes)
{
	return processes->n_sampled;
}

struct process *processes_get(const struct processes *processes, uint32_t id)
{
	return id < processes->n_sampled ? processes->sampled[id] : NULL;
}
