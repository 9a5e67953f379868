// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "object/elf.h"
#include "process/clocks.h"
#include "process/maps.h"
#include "process/proc_read.h"
#include "process/target_file.h"
#include "symbolize/vdso.h"
#include "unwind/pointers.h"

#define PAGE 4096
#define USER_CS_64 0x33 /* __USER_CS, arch/x86/include/asm/segment.h */

static int stop_fault(uint32_t tid, int err, struct fault *fault)
{
	if (err == -ESRCH)
		return fault_set(fault, err, "no process or thread %u", tid);
	return fault_set(fault, err, "process %u cannot be stopped: %s%s", tid, strerror(-err),
		err == -EPERM ? " (needs root; a kernel thread, a dead process and one that is being debugged never can)" :
				"");
}

/* 0 and the signal that stopped it instead of us, to be given back; 0: none. */
static int stop(uint32_t tid, int *signal, struct fault *fault)
{
	int status;

	if (ptrace(PTRACE_SEIZE, (pid_t)tid, NULL, NULL))
		return stop_fault(tid, -errno, fault);
	if (ptrace(PTRACE_INTERRUPT, (pid_t)tid, NULL, NULL) || waitpid((pid_t)tid, &status, __WALL) < 0)
		return stop_fault(tid, -errno, fault);
	if (!WIFSTOPPED(status))
		return stop_fault(tid, -ESRCH, fault);
	*signal = status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status);
	return 0;
}

/* By DWARF number (System V ABI, AMD64 supplement, figure 3.36). */
static void take_registers(struct snapshot *snapshot, const struct user_regs_struct *regs)
{
	const uint64_t reg[17] = {regs->rax, regs->rdx, regs->rcx, regs->rbx, regs->rsi, regs->rdi, regs->rbp,
		regs->rsp, regs->r8, regs->r9, regs->r10, regs->r11, regs->r12, regs->r13, regs->r14, regs->r15,
		regs->rip};

	memcpy(snapshot->reg, reg, sizeof(reg));
	snapshot->stack.at = regs->rsp & ~(uint64_t)(PAGE - 1);
	snapshot->stack.sp = regs->rsp;
	snapshot->stack.from = regs->rsp - snapshot->stack.at;
	/* The kernel keeps the number of the call until it returns to user mode. */
	snapshot->stack.in_syscall = (long long)regs->orig_rax >= 0;
}

static int read_registers(struct snapshot *snapshot, uint32_t tid, uint64_t *thread, struct fault *fault)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, (pid_t)tid, NULL, &regs))
		return stop_fault(tid, -errno, fault);
	if (regs.cs != USER_CS_64)
		return fault_set(fault, -ENOTSUP, "process %u runs 32-bit code: only 64-bit code is unwound", tid);
	take_registers(snapshot, &regs);
	*thread = regs.fs_base;
	return 0;
}

/* Field 28 of proc_pid_stat(5): above are the process's arguments and environment. 0: not known. */
static uint64_t stack_start(uint32_t tid)
{
	char path[32], text[2048] = "";
	const char *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/stat", tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	at = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
	fclose(file);
	for (int field = 2; at && field < 28; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

/* The end of the mapping that sp is in. 0: it is in none. */
static uint64_t mapping_end(uint32_t tid, uint64_t sp)
{
	struct maps_line line;
	char path[32], *text = NULL;
	uint64_t end = 0;
	size_t cap = 0;
	ssize_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/maps", tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (!end && (len = getline(&text, &cap, file)) > 0)
		if (!maps_parse(text, (size_t)len - (text[len - 1] == '\n'), &line) && sp >= line.start &&
			sp < line.end)
			end = line.end;
	free(text);
	fclose(file);
	return end;
}

static uint64_t stack_end(uint32_t tid, uint64_t sp)
{
	uint64_t end = mapping_end(tid, sp), start = stack_start(tid);

	if (start > sp && start < end)
		end = start;
	return end > sp + CAPTURE_STACK ? sp + CAPTURE_STACK : end;
}

/* Page by page, until one is not there. */
static void copy_stack(struct stack_copy *stack, uint8_t *bytes, uint32_t tid, uint64_t end)
{
	uint64_t at = stack->sp;

	while (at < end) {
		uint64_t next = (at | (PAGE - 1)) + 1 < end ? (at | (PAGE - 1)) + 1 : end;
		struct iovec to = {bytes + (at - stack->at), next - at};
		struct iovec from = {(void *)(uintptr_t)at, next - at};

		if (process_vm_readv((pid_t)tid, &to, 1, &from, 1, 0) != (ssize_t)(next - at))
			break;
		at = next;
	}
	stack->len = at - stack->at;
	stack->full = at == end;
}

static int read_stack(struct snapshot *snapshot, uint32_t tid, struct fault *fault)
{
	struct stack_copy *stack = &snapshot->stack;
	uint64_t end = stack_end(tid, stack->sp);
	uint8_t *bytes = calloc(1, CAPTURE_STACK + 2 * PAGE);

	if (!bytes)
		return fault_set(fault, -ENOMEM, "%s", strerror(ENOMEM));
	stack->bytes = bytes;
	copy_stack(stack, bytes, tid, end);
	return 0;
}

/* The file's index in the snapshot; it is added when it is new. */
static int file_of(struct snapshot *snapshot, const struct object *object, uint32_t *by_id, uint32_t *index)
{
	struct snapshot_file *file = &snapshot->files[snapshot->n_files];

	if (!by_id[object->id]) {
		if (snapshot->n_files == SNAPSHOT_FILES_MAX)
			return -E2BIG;
		*file = (struct snapshot_file){.name = strdup(object_name(object)), .fd = -1};
		if (!file->name)
			return -ENOMEM;
		by_id[object->id] = ++snapshot->n_files;
	}
	*index = by_id[object->id] - 1;
	return 0;
}

static int take_map(struct snapshot *snapshot, const struct mapping *mapping, uint32_t *by_id)
{
	struct snapshot_map *map = &snapshot->maps[snapshot->n_maps];
	int err;

	*map = (struct snapshot_map){mapping->start, mapping->end, mapping->offset, SNAPSHOT_ANONYMOUS};
	err = mapping->object ? file_of(snapshot, mapping->object, by_id, &map->file) : 0;
	if (!err)
		snapshot->n_maps++;
	return err;
}

static void identify(struct snapshot_file *file)
{
	struct elf elf;

	if (file->fd < 0 || elf_init(&elf, file->fd))
		return;
	memcpy(file->build_id, elf.build_id, sizeof(file->build_id));
	file->build_id_size = elf.build_id_size;
	elf_release(&elf);
}

/* Files that no walk can come to stay closed. */
static int open_file(struct snapshot *snapshot, uint32_t index, const struct process *process,
	const struct mapping *mapping)
{
	struct place place = {.kind = PLACE_FILE, .object = mapping->object, .map_start = mapping->start,
		.map_end = mapping->end};
	struct pointers pointers;
	int fd, err = pointers_init(&pointers, snapshot, index);
	bool needed = pointers.n;

	pointers_release(&pointers);
	if (err || !needed)
		return err;
	fd = mapping->object->kind == OBJECT_VDSO ? vdso_open() : target_file_open(process, &place);
	if (fd == -EMFILE)
		return fd;
	snapshot->files[index].fd = fd < 0 ? -1 : fd;
	identify(&snapshot->files[index]);
	return 0;
}

static int take_maps(struct snapshot *snapshot, const struct proc_read *read, uint32_t *by_id)
{
	int err = 0;

	snapshot->maps = calloc(read->count + 1, sizeof(*snapshot->maps));
	snapshot->files = calloc(SNAPSHOT_FILES_MAX + 1, sizeof(*snapshot->files));
	if (!snapshot->maps || !snapshot->files)
		return -ENOMEM;
	if (read->cut || read->count > SNAPSHOT_MAPS_MAX)
		return -E2BIG;
	for (uint32_t i = 0; i < read->count && !err; i++)
		err = take_map(snapshot, &read->found[i], by_id);
	return err;
}

static int open_files(struct snapshot *snapshot, const struct proc_read *read, uint32_t tid)
{
	const struct process process = {.pid = tid, .root_fd = read->root_fd, .perf_map_fd = -1,
		.jitdump_fd = -1};
	uint32_t done = 0;
	int err = 0;

	/* Files have their numbers in the order of their first mappings. */
	for (uint32_t i = 0; i < snapshot->n_maps && !err; i++)
		if (snapshot->maps[i].file == done)
			err = open_file(snapshot, done++, &process, &read->found[i]);
	return err;
}

static int read_maps(struct snapshot *snapshot, struct objects *objects, uint32_t tid)
{
	struct clocks clocks;
	struct proc_read read;
	uint32_t *by_id;
	int err;

	clocks_init(&clocks);
	err = proc_read(&read, objects, &clocks, tid, 0, 0);
	if (err)
		return err;
	by_id = calloc(objects_count(objects) + 1, sizeof(*by_id));
	err = by_id ? take_maps(snapshot, &read, by_id) : -ENOMEM;
	if (!err)
		err = open_files(snapshot, &read, tid);
	free(by_id);
	proc_read_release(&read);
	return err;
}

static int read_mappings(struct snapshot *snapshot, uint32_t tid, struct fault *fault)
{
	struct objects *objects = objects_new();
	int err = objects ? read_maps(snapshot, objects, tid) : -ENOMEM;

	objects_free(objects);
	if (err == -E2BIG)
		return fault_set(fault, err, "process %u maps more files, or has more code, than a snapshot holds", tid);
	return err ? fault_set(fault, err, "mappings of process %u: %s", tid, strerror(-err)) : 0;
}

/* Where the file is mapped. False: its loop is not. */
static bool bias_of(const struct snapshot *snapshot, uint32_t file, uint64_t offset, uint64_t address, uint64_t *bias)
{
	for (uint32_t i = 0; i < snapshot->n_maps; i++) {
		const struct snapshot_map *map = &snapshot->maps[i];

		if (map->file != file || offset < map->offset || offset - map->offset >= map->end - map->start)
			continue;
		*bias = map->start + (offset - map->offset) - address;
		return true;
	}
	return false;
}

static int take_loops(struct snapshot_runtime *runtime, const struct cpython_facts *facts, int fd)
{
	struct elf elf;
	int err = elf_init(&elf, fd);

	if (err)
		return err;
	for (uint32_t i = 0; i < facts->n_loops && !err; i++) {
		struct cpython_range *loop = &runtime->loop[i];

		err = elf_address_of_offset(&elf, facts->loop[i].start, &loop->start);
		loop->end = loop->start + (facts->loop[i].end - facts->loop[i].start);
	}
	elf_release(&elf);
	runtime->n_loops = err ? 0 : facts->n_loops;
	runtime->tail_calls = facts->tail_calls;
	return err;
}

/* The frames that an interpreter has of the thread. */
static int read_runtime(struct snapshot *snapshot, uint32_t tid, uint64_t thread)
{
	struct snapshot_runtime *runtime = &snapshot->runtime;
	struct cpython_facts facts;
	uint64_t bias = 0;

	for (uint32_t i = 0; i < snapshot->n_files; i++) {
		int fd = snapshot->files[i].fd;

		if (fd < 0 || cpython_facts_read(&facts, fd) || take_loops(runtime, &facts, fd) ||
			!bias_of(snapshot, i, facts.loop[0].start, runtime->loop[0].start, &bias))
			continue;
		runtime->file = i;
		runtime->where = (struct cpython_where){facts.abi, facts.lines, bias, thread};
		return cpython_live_walk(&runtime->live, &runtime->where, tid, &runtime->pieces);
	}
	return 0;
}

int capture_thread(struct snapshot *snapshot, uint32_t tid, struct fault *fault)
{
	uint64_t thread = 0;
	int signal = 0, err;

	*snapshot = (struct snapshot){0};
	err = stop(tid, &signal, fault);
	if (err)
		return err;
	err = read_registers(snapshot, tid, &thread, fault);
	if (!err)
		err = read_stack(snapshot, tid, fault);
	if (!err)
		err = read_mappings(snapshot, tid, fault);
	if (!err)
		err = read_runtime(snapshot, tid, thread);
	ptrace(PTRACE_DETACH, (pid_t)tid, NULL, (void *)(intptr_t)signal);
	if (err)
		snapshot_release(snapshot);
	return err;
}
