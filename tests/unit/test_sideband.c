// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collect/perf_ring.h"
#include "collect/sideband.h"

struct raw {
	struct perf_event_header header;
	uint64_t words[40];
};

/* A record of `n` words and a name, with sample_id behind it. */
static size_t build(struct raw *raw, uint32_t type, uint16_t misc, const void *fields, size_t len,
	const char *name)
{
	const uint32_t id[] = { 7, 7, 1234, 0 };
	char *at = (char *)raw->words;

	memset(raw, 0, sizeof(*raw));
	memcpy(at, fields, len);
	at += len;
	if (name) {
		strcpy(at, name);
		at += (strlen(name) + 8) / 8 * 8;
	}
	memcpy(at, id, sizeof(id));
	at += sizeof(id);
	raw->header = (struct perf_event_header){ type, misc, (uint16_t)(at - (char *)raw) };
	return raw->header.size;
}

static void test_decode(void **state)
{
	const uint64_t map[] = { 7 | 8ULL << 32, 0x1000, 0x2000, 0x3000, 8 | 1ULL << 32, 42, 3, 5 };
	const uint32_t fork[] = { 9, 7, 9, 7, 1234, 0 }, thread[] = { 7, 7, 9, 7, 1234, 0 };
	const uint32_t task[] = { 7, 7 };
	const uint64_t ksymbol[] = { 0xffffffff81000000, 64 | 1ULL << 32 | 1ULL << 48 };
	const uint64_t lost[] = { 1, 12 };
	struct lifecycle out;
	struct raw raw;
	size_t size;

	(void)state;
	size = build(&raw, PERF_RECORD_MMAP2, 0, map, sizeof(map), "/bin/true");
	assert_int_equal(sideband_decode(&raw, size, &out), 0);
	assert_int_equal(out.kind, LIFECYCLE_MAP);
	assert_int_equal(out.time_ns, 1234);
	assert_int_equal(out.end, 0x3000);
	assert_int_equal(out.offset, 0x3000);
	assert_int_equal(out.file.major, 8);
	assert_int_equal(out.file.inode, 42);
	assert_string_equal(out.name, "/bin/true");
	assert_int_equal(sideband_decode(&raw, size - 8, &out), -EBADMSG);
	raw.header.misc = PERF_RECORD_MISC_MMAP_BUILD_ID;
	assert_int_equal(sideband_decode(&raw, size, &out), -EBADMSG);
	size = build(&raw, PERF_RECORD_FORK, 0, fork, sizeof(fork), NULL);
	assert_int_equal(sideband_decode(&raw, size, &out), 0);
	assert_int_equal(out.kind, LIFECYCLE_FORK);
	assert_int_equal(out.parent, 7);
	size = build(&raw, PERF_RECORD_FORK, 0, thread, sizeof(thread), NULL);
	assert_int_equal(sideband_decode(&raw, size, &out), -ENOMSG);
	size = build(&raw, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, task, sizeof(task), "sh");
	assert_int_equal(sideband_decode(&raw, size, &out), 0);
	assert_int_equal(out.kind, LIFECYCLE_EXEC);
	size = build(&raw, PERF_RECORD_KSYMBOL, 0, ksymbol, sizeof(ksymbol), "bpf_prog_1");
	assert_int_equal(sideband_decode(&raw, size, &out), 0);
	assert_true(out.gone);
	assert_string_equal(out.name, "bpf_prog_1");
	size = build(&raw, PERF_RECORD_LOST, 0, lost, sizeof(lost), NULL);
	assert_int_equal(sideband_decode(&raw, size, &out), 0);
	assert_int_equal(out.lost, 12);
	size = build(&raw, PERF_RECORD_SAMPLE, 0, lost, sizeof(lost), NULL);
	assert_int_equal(sideband_decode(&raw, size, &out), -ENOMSG);
	assert_int_equal(sideband_decode(&raw, 4, &out), -EBADMSG);
}

static int sum(void *context, const struct perf_event_header *record)
{
	uint64_t *total = context, value;

	memcpy(&value, record + 1, sizeof(value));
	*total = *total * 10 + value;
	return 0;
}

static void put(unsigned char *data, uint64_t size, uint64_t *head, uint64_t value)
{
	struct {
		struct perf_event_header header;
		uint64_t value, pad;
	} record = { { PERF_RECORD_SAMPLE, 0, 24 }, value, 0 };

	for (size_t i = 0; i < sizeof(record); i++)
		data[(*head)++ & (size - 1)] = ((unsigned char *)&record)[i];
}

static void test_ring_wraps(void **state)
{
	static struct perf_event_mmap_page control;
	static unsigned char data[64] __attribute__((aligned(8))), scratch[PERF_RING_RECORD_MAX];
	struct perf_ring ring = { &control, 0, data, sizeof(data), scratch };
	uint64_t head = 0, total = 0;

	(void)state;
	for (uint64_t i = 1; i <= 9; i++) {
		put(data, sizeof(data), &head, i);
		control.data_head = head;
		assert_int_equal(perf_ring_read(&ring, sum, &total), 24);
	}
	assert_int_equal(total, 123456789);
	put(data, sizeof(data), &head, 1);
	data[(head - 24 + 6) & 63] = 3; /* an impossible size */
	control.data_head = head;
	assert_int_equal(perf_ring_read(&ring, sum, &total), 24);
	assert_int_equal(total, 123456789);
	assert_int_equal(control.data_tail, head);
}

struct seen {
	uint32_t pid;
	uint64_t last_ns;
	char kinds[256]; /* of the child's records, in order */
	size_t n;
	bool ordered, mapped, renamed;
};

static int note(void *context, const struct lifecycle *record)
{
	static const char letters[] = "?mcEfxkLT";
	struct seen *seen = context;

	seen->ordered = seen->ordered && record->time_ns >= seen->last_ns;
	seen->last_ns = record->time_ns;
	if (record->pid != seen->pid || seen->n + 1 == sizeof(seen->kinds))
		return 0;
	seen->kinds[seen->n++] = letters[record->kind];
	if (record->kind == LIFECYCLE_COMM && !strcmp(record->name, "renamed"))
		seen->renamed = true;
	if (record->kind == LIFECYCLE_MAP && strstr(record->name, "true"))
		seen->mapped = record->file.inode != 0;
	return 0;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static pid_t run_child(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	pin(0);
	prctl(PR_SET_NAME, "renamed");
	pin((int)sysconf(_SC_NPROCESSORS_ONLN) - 1);
	execl("/bin/true", "true", NULL);
	_exit(127);
}

static void test_live(void **state)
{
	struct sideband *sideband = sideband_new();
	struct seen seen = { .ordered = true };
	struct fault fault;
	int status;

	(void)state;
	if (geteuid()) {
		print_message("skipped: perf's sideband of all processes needs root\n");
		sideband_free(sideband);
		skip();
	}
	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		assert_int_equal(sideband_open_cpu(sideband, cpu, &fault), 0);
	assert_true(sideband_fd(sideband, 0) >= 0);
	assert_int_equal(sideband_fd(sideband, 4096), -1);
	seen.pid = (uint32_t)run_child();
	waitpid((pid_t)seen.pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(sideband_read(sideband), 0);
	assert_int_equal(sideband_open_cpu(sideband, 0, &fault), 0); /* what it held is kept */
	assert_int_equal(sideband_deliver(sideband, 0, note, &seen), 0);
	assert_int_equal(seen.n, 0);
	assert_int_equal(sideband_deliver(sideband, UINT64_MAX, note, &seen), 0);
	assert_true(seen.ordered);
	assert_true(seen.renamed);
	assert_true(seen.mapped);
	assert_true(!strncmp(seen.kinds, "fcEm", 4));
	assert_int_equal(seen.kinds[seen.n - 1], 'x');
	assert_true(sideband_bytes(sideband) > 0);
	sideband_free(sideband);
}

static int count(void *context, const struct lifecycle *record)
{
	(void)record;
	++*(unsigned int *)context;
	return 0;
}

static void test_full_ring_is_said(void **state)
{
	struct sideband *sideband = sideband_new();
	struct seen seen = { 0 };
	struct fault fault;
	unsigned int records = 0;

	(void)state;
	if (geteuid()) {
		print_message("skipped: perf's sideband of all processes needs root\n");
		sideband_free(sideband);
		skip();
	}
	pin(0);
	assert_int_equal(sideband_open_cpu(sideband, 0, &fault), 0);
	for (int i = 0; i < 4000; i++) {
		void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		munmap(at, 4096);
	}
	assert_int_equal(sideband_read(sideband), 0);
	munmap(mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
	assert_int_equal(sideband_read(sideband), 0);
	assert_int_equal(sideband_deliver(sideband, UINT64_MAX, note, &seen), 0);
	assert_true(memchr(seen.kinds, 'L', seen.n) != NULL);
	assert_int_equal(sideband_deliver(sideband, UINT64_MAX, count, &records), 0);
	assert_int_equal(records, 0);
	sideband_free(sideband);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_ring_wraps),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_full_ring_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
