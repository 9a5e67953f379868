// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/interpreters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "object/elf.h"
#include "process/layout.h"
#include "process/target_file.h"
#include "runtime/cpython_facts.h"
#include "runtime/cpython_program.h"
#include "step_rows.h"

#define STRINGS_MAX (4U << 20) /* of .dynstr that is searched */
#define GREENLET "_greenlet."  /* greenlet's extension module is greenlet/_greenlet.*.so */

enum kind {
	UNSEEN,
	ORDINARY,
	LINKED,      /* an ordinary program that needs libpython */
	SWITCHER,    /* greenlet's */
	UNSUPPORTED, /* an interpreter whose version or build is not known */
	KNOWN,
};

#define ORDINARY_PROGRAMS 1024 /* a power of two */

struct program {
	uint64_t inode;
	uint32_t device;
};

/* A mapped file. */
struct seen {
	uint8_t kind;
	uint8_t build;
	uint64_t loop_address; /* ELF address of facts->loop[0].start */
	struct cpython_facts *facts; /* owned; of UNSUPPORTED and KNOWN */
};

struct interpreters {
	struct interpreters_shared shared;
	struct seen *seen; /* by object id */
	uint32_t n_seen;
	uint32_t n_builds;
	enum cpython_lines_kind lines[ABI_CPYTHONS];
	int files[ABI_CPYTHONS]; /* n_builds descriptors, owned; -1: there was none left */
	struct program ordinary[ORDINARY_PROGRAMS]; /* those that run no interpreter, direct mapped */
	uint64_t no_room;
};

struct interpreters *interpreters_new(const struct interpreters_shared *shared)
{
	struct interpreters *interpreters = calloc(1, sizeof(*interpreters));

	if (interpreters)
		interpreters->shared = *shared;
	return interpreters;
}

void interpreters_free(struct interpreters *interpreters)
{
	if (!interpreters)
		return;
	for (uint32_t i = 0; i < interpreters->n_seen; i++)
		free(interpreters->seen[i].facts);
	for (uint32_t i = 0; i < interpreters->n_builds; i++)
		if (interpreters->files[i] >= 0)
			close(interpreters->files[i]);
	free(interpreters->seen);
	free(interpreters);
}

static struct seen *seen_of(struct interpreters *interpreters, uint32_t id)
{
	uint32_t n = interpreters->n_seen;
	struct seen *seen;

	if (id < n)
		return &interpreters->seen[id];
	n = id + 1 > 2 * n ? id + 64 : 2 * n;
	seen = realloc(interpreters->seen, n * sizeof(*seen));
	if (!seen)
		return NULL;
	memset(seen + interpreters->n_seen, 0, (n - interpreters->n_seen) * sizeof(*seen));
	interpreters->seen = seen;
	interpreters->n_seen = n;
	return &seen[id];
}

static uint32_t ordinary_place(const struct abi_notice *notice)
{
	return program_home(notice->exe_inode, notice->exe_device) & (ORDINARY_PROGRAMS - 1);
}

bool interpreters_know(const struct interpreters *interpreters, const struct abi_notice *notice)
{
	const struct program *ordinary = &interpreters->ordinary[ordinary_place(notice)];
	uint32_t home = program_home(notice->exe_inode, notice->exe_device);

	if (!notice->exe_inode)
		return false;
	if (ordinary->inode == notice->exe_inode && ordinary->device == notice->exe_device)
		return true;
	for (uint32_t probe = 0; probe < ABI_PROGRAM_PROBES; probe++) {
		const struct abi_program *program =
			&interpreters->shared.programs[(home + probe) & (ABI_PROGRAMS - 1)];

		if (program->inode == notice->exe_inode && program->device == notice->exe_device)
			return true;
	}
	return false;
}

static void published(struct interpreters *interpreters)
{
	__atomic_add_fetch(interpreters->shared.epoch, 1, __ATOMIC_RELEASE);
}

static bool contains(const char *strings, size_t size, const char *text)
{
	return memmem(strings, size, text, strlen(text)) != NULL;
}

enum named { NAMES_NOTHING = 0, NAMES_VERSION = 1, NAMES_LIBRARY = 2, NAMES_UNKNOWN = 4 };

/* What the names of dynamic linking say: most files are no interpreter, and this is cheap. */
static unsigned names_of(const struct elf *elf)
{
	const Elf64_Shdr *section = elf_section(elf, ".dynstr");
	unsigned names = 0;
	char *strings;
	size_t size;

	if (!section)
		return NAMES_UNKNOWN;
	size = section->sh_size < STRINGS_MAX ? section->sh_size : STRINGS_MAX;
	strings = malloc(size + 1);
	if (!strings)
		return 0;
	if (!elf_read(elf, section->sh_offset, strings, size)) {
		names |= contains(strings, size, "Py_GetVersion") ? NAMES_VERSION : 0;
		names |= contains(strings, size, "libpython") ? NAMES_LIBRARY : 0;
	}
	free(strings);
	return names;
}

void interpreters_inherit(struct interpreters *interpreters, const struct interpreters *from)
{
	const struct interpreters_shared *to = &interpreters->shared;

	memcpy(to->builds, from->shared.builds, ABI_CPYTHONS * sizeof(*to->builds));
	memcpy(to->programs, from->shared.programs, ABI_PROGRAMS * sizeof(*to->programs));
	memcpy(to->hosts, from->shared.hosts, ABI_HOSTS * sizeof(*to->hosts));
	memcpy(interpreters->lines, from->lines, sizeof(from->lines));
	memcpy(interpreters->ordinary, from->ordinary, sizeof(from->ordinary));
	interpreters->n_builds = from->n_builds;
	for (uint32_t i = 0; i < from->n_builds; i++)
		interpreters->files[i] = fcntl(from->files[i], F_DUPFD_CLOEXEC, 0);
	published(interpreters);
}

/* Is it one that is published already: inherited, or another file of equal bytes? */
static bool is_published(const struct interpreters *interpreters, struct seen *seen)
{
	for (uint32_t i = 0; i < interpreters->n_builds; i++) {
		if (memcmp(&interpreters->shared.builds[i], &seen->facts->abi, sizeof(seen->facts->abi)))
			continue;
		seen->build = (uint8_t)i;
		seen->kind = KNOWN;
		return true;
	}
	return false;
}

static void publish_build(struct interpreters *interpreters, struct seen *seen, int fd)
{
	const struct abi_cpython *abi = &seen->facts->abi;
	uint32_t build = interpreters->n_builds;
	struct abi_cpython *shared = &interpreters->shared.builds[build];
	uint16_t version = abi->version;

	if (is_published(interpreters, seen))
		return;
	if (build == ABI_CPYTHONS) {
		interpreters->no_room++;
		seen->kind = UNSUPPORTED;
		return;
	}
	*shared = *abi;
	shared->version = 0;
	__atomic_store_n(&shared->version, version, __ATOMIC_RELEASE);
	interpreters->lines[build] = seen->facts->lines;
	interpreters->files[build] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	interpreters->n_builds++;
	seen->build = build;
	seen->kind = KNOWN;
}

static void examine_interpreter(
	struct interpreters *interpreters, struct seen *seen, const struct elf *elf)
{
	struct cpython_facts *facts = calloc(1, sizeof(*facts));
	int err = facts ? cpython_facts_read(facts, elf->fd) : -ENOMEM;

	if (err && err != -ENOTSUP) {
		free(facts);
		return;
	}
	seen->facts = facts;
	seen->kind = UNSUPPORTED;
	if (!err && facts->n_loops &&
		!elf_address_of_offset(elf, facts->loop[0].start, &seen->loop_address))
		publish_build(interpreters, seen, elf->fd);
}

static void examine(struct interpreters *interpreters, struct seen *seen, const struct object *object,
	bool is_program)
{
	struct elf elf;
	unsigned names;

	seen->kind = ORDINARY;
	if (object->kind != OBJECT_FILE || object->fd < 0 || elf_init(&elf, object->fd))
		return;
	names = names_of(&elf);
	if (names & NAMES_LIBRARY && is_program)
		seen->kind = LINKED;
	if (!strncmp(object->name, GREENLET, sizeof(GREENLET) - 1))
		seen->kind = SWITCHER;
	else if (names & (NAMES_VERSION | NAMES_UNKNOWN))
		examine_interpreter(interpreters, seen, &elf);
	elf_release(&elf);
}

/* Where the file is in the layout. False: it is not there. */
static bool bias_of(const struct layout *layout, const struct object *object, const struct seen *seen,
	uint64_t *bias)
{
	uint64_t offset = seen->facts->loop[0].start;

	for (uint32_t i = 0; i < layout_count(layout); i++) {
		const struct mapping *mapping = &layout->at[i];

		if (mapping->object != object || offset < mapping->offset ||
			offset - mapping->offset >= mapping->end - mapping->start)
			continue;
		*bias = mapping->start + (offset - mapping->offset) - seen->loop_address;
		return true;
	}
	return false;
}

static struct abi_program *free_program(
	const struct interpreters *interpreters, uint64_t inode, uint32_t device)
{
	uint32_t home = program_home(inode, device);

	for (uint32_t probe = 0; probe < ABI_PROGRAM_PROBES; probe++) {
		struct abi_program *program =
			&interpreters->shared.programs[(home + probe) & (ABI_PROGRAMS - 1)];

		if (!program->inode || (program->inode == inode && program->device == device))
			return program;
	}
	return NULL;
}

/* The program tells where the interpreter is, in all its processes. False: it does not, or there is no room. */
static bool publish_program(struct interpreters *interpreters, const struct object *program,
	const struct object *library, const struct seen *seen, const struct abi_notice *notice)
{
	struct abi_program row = {.device = notice->exe_device,
		.runtime = RUNTIME_CPYTHON,
		.build = seen->build};
	struct abi_program *to = free_program(interpreters, notice->exe_inode, notice->exe_device);

	/* Or it has become another program since. Where maps shows another inode (overlayfs before 6.8), it is told by process. */
	if (!notice->exe_inode || notice->exe_inode != program->identity.inode || program->fd < 0)
		return false;
	if (!to || to->inode)
		return to && to->build == row.build;
	if (cpython_program_read(&row, program->fd, library ? library->fd : -1))
		return false;
	*to = row;
	__atomic_store_n(&to->inode, notice->exe_inode, __ATOMIC_RELEASE);
	published(interpreters);
	return true;
}

static void publish_host(struct interpreters *interpreters, uint32_t tgid, uint64_t start_ns, uint32_t exec,
	const struct seen *seen, uint64_t bias)
{
	uint32_t home = space_hash(start_ns, tgid, exec);
	struct abi_host *to = NULL;

	for (uint32_t probe = 0; probe < ABI_HOST_PROBES; probe++) {
		struct abi_host *host =
			&interpreters->shared.hosts[(home + probe) & (ABI_HOSTS - 1)];

		if (host->tgid == tgid && host->start_ns == start_ns && host->exec == exec) {
			if (host->bias == bias && host->build == seen->build)
				return;
			to = host;
			break;
		}
		if (!host->tgid && !to)
			to = host;
	}
	if (!to) {
		interpreters->no_room++;
		return;
	}
	__atomic_store_n(&to->tgid, 0, __ATOMIC_RELEASE);
	to->start_ns = start_ns;
	to->bias = bias;
	to->exec = exec;
	to->runtime = RUNTIME_CPYTHON;
	to->build = seen->build;
	__atomic_store_n(&to->tgid, tgid, __ATOMIC_RELEASE);
	published(interpreters);
}

static bool is_called_python(const struct object *object)
{
	return !strncmp(object->name, "libpython", sizeof("libpython") - 1);
}

/* A process that is met. */
struct meeting {
	struct interpreters *interpreters;
	const struct process *process;
	const struct layout *layout;
	const struct object *program;     /* NULL: not told */
	const struct object *interpreter; /* NULL: none */
};

static void see_mapping(struct meeting *meeting, const struct mapping *mapping, const char *exe)
{
	struct object *object = mapping->object;
	struct place place = {PLACE_FILE, object, mapping->offset, mapping->start, mapping->end};
	bool is_program;
	struct seen *seen;

	if (!object || object->kind != OBJECT_FILE)
		return;
	is_program = exe && !meeting->program && !strcmp(object->path, exe);
	if (is_program)
		meeting->program = object;
	seen = seen_of(meeting->interpreters, object->id);
	if (!seen)
		return;
	if (seen->kind == UNSEEN && (is_program || is_called_python(object))) {
		target_file_attach(meeting->process, &place);
		if (object->fd >= 0)
			examine(meeting->interpreters, seen, object, is_program);
	}
	if (seen->kind == KNOWN && !meeting->interpreter)
		meeting->interpreter = object;
}

static bool settle(const struct meeting *meeting, const struct abi_notice *notice)
{
	struct interpreters *interpreters = meeting->interpreters;
	const struct object *program = meeting->program, *interpreter = meeting->interpreter;
	const struct seen *seen;
	uint64_t bias;

	if (!interpreter && program && interpreters->seen[program->id].kind == ORDINARY &&
		notice->exe_inode == program->identity.inode)
		interpreters->ordinary[ordinary_place(notice)] =
			(struct program){notice->exe_inode, notice->exe_device};
	if (!interpreter)
		return program && interpreters->seen[program->id].kind == LINKED;
	seen = &interpreters->seen[interpreter->id];
	if (program && publish_program(interpreters, program,
			       program == interpreter ? NULL : interpreter, seen, notice))
		return false;
	if (bias_of(meeting->layout, interpreter, seen, &bias))
		publish_host(interpreters, notice->tgid, notice->start_ns, notice->exec, seen, bias);
	return false;
}

bool interpreters_meet(struct interpreters *interpreters, const struct process *process, const char *exe,
	const struct abi_notice *notice)
{
	struct layout *layout = process_hold_layout(process);
	struct meeting meeting = {interpreters, process, layout, NULL, NULL};
	bool again;

	for (uint32_t i = 0; i < layout_count(layout); i++)
		see_mapping(&meeting, &layout->at[i], exe);
	again = settle(&meeting, notice);
	layout_drop(layout);
	return again;
}

static bool in_loop(const struct cpython_facts *facts, uint64_t offset)
{
	for (uint32_t i = 0; i < facts->n_loops; i++)
		if (offset >= facts->loop[i].start && offset < facts->loop[i].end)
			return true;
	return false;
}

static void publish_process(struct interpreters *interpreters, const struct process *process,
	const struct abi_entry *entry, const struct object *object, const struct seen *seen)
{
	struct layout *layout = process_hold_layout(process);
	uint64_t bias;

	if (bias_of(layout, object, seen, &bias))
		publish_host(interpreters, entry->tgid, entry->start_ns, entry->exec, seen, bias);
	layout_drop(layout);
}

struct interpreter_code interpreters_code(struct interpreters *interpreters, const struct process *process,
	const struct abi_entry *entry, const struct place *place)
{
	const struct object *object = place->object;
	struct seen *seen = seen_of(interpreters, object->id);

	if (seen && seen->kind == UNSEEN && object->fd >= 0)
		examine(interpreters, seen, object, false);
	if (!seen || seen->kind < SWITCHER)
		return (struct interpreter_code){.kind = WEAVE_NATIVE};
	if (seen->kind == SWITCHER)
		return (struct interpreter_code){.kind = WEAVE_SWITCH};
	if (!in_loop(seen->facts, place->offset))
		return (struct interpreter_code){.kind = WEAVE_NATIVE};
	if (seen->kind == KNOWN && entry->runtime == RUNTIME_NONE)
		publish_process(interpreters, process, entry, object, seen);
	return (struct interpreter_code){
		WEAVE_LOOP, seen->kind == UNSUPPORTED, seen->facts->tail_calls};
}

int interpreters_complete(
	const struct interpreters *interpreters, const struct abi_code *unread, size_t size, struct code_record *record)
{
	uint32_t build = unread->build;
	struct elf file;
	int err = build < interpreters->n_builds ? elf_init(&file, interpreters->files[build]) : -EFAULT;

	if (err)
		return err;
	err = code_record_complete(record, unread, size, &interpreters->shared.builds[build], &file);
	elf_release(&file);
	return err;
}

enum cpython_lines_kind interpreters_lines(const struct interpreters *interpreters, uint32_t build)
{
	return interpreters->lines[build < ABI_CPYTHONS ? build : 0];
}

void interpreters_prune(struct interpreters *interpreters,
	bool (*keep)(void *context, uint32_t tgid, uint64_t start_ns), void *context)
{
	for (uint32_t i = 0; i < ABI_HOSTS; i++) {
		struct abi_host *host = &interpreters->shared.hosts[i];

		if (host->tgid && !keep(context, host->tgid, host->start_ns))
			__atomic_store_n(&host->tgid, 0, __ATOMIC_RELEASE);
	}
}

uint64_t interpreters_no_room(const struct interpreters *interpreters)
{
	return interpreters->no_room;
}
