// SPDX-License-Identifier: GPL-2.0-or-later
/* What both of a process's files say together, and what is told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "made_jitdump.h"
#include "symbolize/jit.h"

struct fixture {
	struct batch batch;
	struct jit_span spans[2];
	struct jit_files files;
	uint64_t counters[COUNTERS];
};

static int file_of(const void *data, size_t len)
{
	int fd = memfd_create("jit", MFD_CLOEXEC);

	assert_int_equal(pwrite(fd, data, len, 0), len);
	return fd;
}

static void begin(struct fixture *f, const char *map)
{
	*f = (struct fixture){.spans = {{1000, 2000}, {3000, 4000}}, .files = {-1, -1, false, 0}};
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(batch_add(&f->batch, 0x1000 * (i + 1), i), 0);
	if (map)
		f->files.map_fd = file_of(map, strlen(map));
}

static void run(struct fixture *f)
{
	assert_int_equal(jit_resolve(&f->files, &f->batch, f->spans, f->counters), 0);
}

static void end(struct fixture *f)
{
	batch_release(&f->batch);
	if (f->files.map_fd >= 0)
		close(f->files.map_fd);
	if (f->files.dump_fd >= 0)
		close(f->files.dump_fd);
}

static void test_overlaps_are_told(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "1000 10 old\n1000 10 new\n2000 10 same\n2000 10 same\n");
	run(&f);
	assert_string_equal(f.batch.items[0].name, "new");
	assert_string_equal(f.batch.items[1].name, "same");
	assert_int_equal(f.counters[COUNTER_jit_map_overlaps], 1);
	end(&f);
}

/* What was sampled before an exec was another program's code. */
static void test_exec(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "1000 10 a\n2000 10 b\n");
	f.files.since_ns = 2500;
	run(&f);
	assert_null(f.batch.items[0].name);
	assert_true(batch_item_is_disputed(&f.batch.items[0]));
	assert_string_equal(f.batch.items[1].name, "b");
	end(&f);
}

static void test_other_clock(void **state)
{
	struct made_jitdump made;
	struct fixture f;

	(void)state;
	made_jitdump_init(&made);
	made_jitdump_load(&made, 99999999, 1, 0x1000, 0x100, "late by its own clock");
	begin(&f, NULL);
	f.files.dump_fd = file_of(made.data, made.len);
	run(&f);
	assert_null(f.batch.items[0].name);
	assert_int_equal(f.counters[COUNTER_jitdump_other_clock], 0);
	f.files.other_clock = true;
	run(&f);
	assert_string_equal(f.batch.items[0].name, "late by its own clock");
	assert_int_equal(f.counters[COUNTER_jitdump_other_clock], 1);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overlaps_are_told),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_other_clock),
	};

	return cmocka_run_group_tests_name("jit", tests, NULL, NULL);
}
