// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/parser_worker.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "object/elf.h"
#include "parser/parser_answer.h"
#include "parser/parser_job.h"
#include "parser/parser_process.h"

struct parser_worker {
	struct parser_worker_options options;
	struct parser_process process;
	unsigned failures;
	uint64_t waited_ns; /* for the DWARF of all files so far */
	uint64_t asked_ns;  /* when something was last asked for */
};

struct parser_worker *parser_worker_new(const struct parser_worker_options *options)
{
	struct parser_worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return NULL;
	worker->options = *options;
	worker->process.socket = -1;
	worker->process.argument = options->argument ? options->argument : PARSER_CHILD_ARGUMENT;
	if (!worker->options.deadline_ms)
		worker->options.deadline_ms = PARSER_DEADLINE_MS;
	if (!worker->options.total_ms)
		worker->options.total_ms = PARSER_TOTAL_MS;
	if (!worker->options.failures)
		worker->options.failures = PARSER_FAILURES_MAX;
	return worker;
}

void parser_worker_stop(struct parser_worker *worker)
{
	parser_process_stop(&worker->process);
}

void parser_worker_rest(struct parser_worker *worker)
{
	if (worker->process.pid && clock_now_ns() - worker->asked_ns > PARSER_REST_NS)
		parser_worker_stop(worker);
}

uint64_t parser_worker_cpu_ns(const struct parser_worker *worker)
{
	return parser_process_cpu_ns(&worker->process);
}

void parser_worker_free(struct parser_worker *worker)
{
	if (!worker)
		return;
	parser_worker_stop(worker);
	free(worker);
}

/* The child is handed no other: a descriptor of a device, or of what was a secret, is worth more than its DWARF. */
static bool is_elf(int fd)
{
	struct elf elf;

	if (elf_init(&elf, fd))
		return false;
	elf_release(&elf);
	return true;
}

static int open_named(struct parser_worker *worker, const struct dwarf_files *files, size_t size)
{
	char path[PARSER_STRING_MAX + 1];
	const char *from = worker->process.message + sizeof(struct parser_message);
	int fd;

	if (!size || size > PARSER_STRING_MAX || memchr(from, 0, size))
		return -EINVAL;
	memcpy(path, from, size);
	path[size] = 0;
	fd = files->open ? files->open(files->context, path) : -ENOENT;
	if (fd < 0 || is_elf(fd))
		return fd;
	close(fd);
	return -ENOEXEC;
}

static int answer_open(struct parser_worker *worker, const struct dwarf_files *files, size_t size)
{
	int fd = open_named(worker, files, size), err;
	struct parser_message head = {.type = PARSER_OPENED, .a = fd < 0 ? (uint32_t)-fd : 0};

	err = parser_process_send(&worker->process, &head, NULL, 0, &fd, fd >= 0);
	if (fd >= 0)
		close(fd);
	return err;
}

/* What the child says of itself: only what keeps its lines good is believed. */
static int result_of(uint32_t error)
{
	switch (error) {
	case 0:
	case ENOENT:
	case EBADMSG:
		return -(int)error;
	case ENOEXEC:
	case ENODATA: /* we saw some */
		return -EBADMSG;
	default:
		return -EPIPE; /* no memory, mostly: as good as dead */
	}
}

static int receive_answer(struct parser_worker *worker, const struct dwarf_files *files, struct parser_answer *answer)
{
	unsigned opens = 0;
	int err = 0;

	while (!err) {
		struct parser_message head;
		size_t size;

		err = parser_process_receive(&worker->process, &head, &size);
		if (err)
			return err;
		if (head.type == PARSER_DONE)
			return result_of(head.a);
		if (head.type == PARSER_LINES)
			err = parser_answer_take(answer, worker->process.message + sizeof(head), size);
		else if (head.type == PARSER_OPEN)
			err = ++opens > PARSER_OPENS_MAX ? -E2BIG : answer_open(worker, files, size);
		else
			err = -EPROTO;
	}
	return err;
}

static bool is_usable(int err)
{
	return !err || err == -ENODATA || err == -ENOENT || err == -EBADMSG;
}

/* `limit_ns`: how long it may take. */
static int begin(struct parser_worker *worker, const struct parser_job_request *request, uint64_t limit_ns)
{
	int err;

	worker->asked_ns = clock_now_ns();
	worker->process.deadline_ns = worker->asked_ns + limit_ns;
	err = parser_process_start(&worker->process);
	return err ? err : parser_job_send(&worker->process, request);
}

static uint64_t deadline_of(const struct parser_worker *worker)
{
	return worker->options.deadline_ms * UINT64_C(1000000);
}

static int ask(struct parser_worker *worker, int fd, const struct dwarf_files *files, struct batch *batch)
{
	const struct parser_job_request request = {.job = PARSER_JOB_LINES, .fds = {fd}, .n_fds = 1, .batch = batch};
	const uint64_t since = clock_now_ns(), of_file = deadline_of(worker);
	const uint64_t left = worker->options.total_ms * UINT64_C(1000000) - worker->waited_ns;
	struct parser_answer answer;
	int err = parser_answer_init(&answer, batch->count);

	if (err)
		return -EPIPE;
	err = begin(worker, &request, left < of_file ? left : of_file);
	if (!err)
		err = receive_answer(worker, files, &answer);
	if (err == -ENOMEM) /* there was none for this file's lines; the names must not end with them */
		err = -EPIPE;
	if (is_usable(err))
		parser_answer_move_lines(&answer, batch);
	else
		parser_worker_stop(worker);
	parser_answer_release(&answer);
	worker->waited_ns += clock_now_ns() - since;
	return err;
}

/* 1; 0: none; -EIO or -EPIPE (no memory: names must not end with it): nobody can say. */
static int has_debug_info(int fd)
{
	static const char *const names[] = {".debug_info", ".zdebug_info"};
	bool has = false;
	struct elf elf;
	int err = fd < 0 ? -ENOEXEC : elf_init(&elf, fd);

	if (err)
		return err == -ENOEXEC ? 0 : err == -ENOMEM ? -EPIPE : err;
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const Elf64_Shdr *section = elf_section(&elf, names[i]);

		has |= section && section->sh_type != SHT_NOBITS && section->sh_size;
	}
	elf_release(&elf);
	return has;
}

int parser_worker_lines(struct parser_worker *worker, const struct dwarf_files *files, struct batch *batch)
{
	int fd = files->debug, err = has_debug_info(fd);

	if (!err) {
		fd = files->mapped;
		err = has_debug_info(fd);
	}
	if (err <= 0 || !batch->count)
		return err < 0 ? err : -ENODATA;
	if (batch->count > PARSER_ADDRESSES_MAX)
		return -E2BIG;
	if (worker->failures >= worker->options.failures)
		return -EPIPE;
	if (worker->waited_ns >= worker->options.total_ms * 1000000ull)
		return -ETIMEDOUT;
	err = ask(worker, fd, files, batch);
	if (!is_usable(err))
		worker->failures++;
	return err;
}

/* What a job says of itself: 0 and these errors are believed. */
static int ended(struct parser_worker *worker, int err)
{
	if (!err && worker->failures)
		worker->failures--;
	switch (err) {
	case 0:
	case -ENODATA:
	case -ENOENT:
	case -ENOEXEC:
	case -ENOTSUP:
	case -E2BIG:
	case -EIO:
		return err;
	default:
		break;
	}
	/* -ENOMEM is the child's, too: it has a limit. */
	parser_worker_stop(worker);
	worker->failures++;
	return -EPIPE;
}

int parser_worker_ask(struct parser_worker *worker, const struct parser_job_request *request, parser_job_take *take,
	void *context)
{
	struct parser_message head = {0};
	size_t size;
	int err;

	if (worker->failures >= worker->options.failures)
		return -EPIPE;
	err = begin(worker, request, deadline_of(worker));
	while (!err) {
		err = parser_process_receive(&worker->process, &head, &size);
		if (!err && head.type == PARSER_DONE)
			return ended(worker, -(int)(head.a & 4095));
		if (!err)
			err = take(context, &head, worker->process.message + sizeof(head), size);
	}
	/* Whatever it was, the next message would be of this job. */
	return ended(worker, -EPROTO);
}
