// SPDX-License-Identifier: GPL-2.0-or-later
/* The test is its own child, as test_parser_worker: what the jobs but DWARF's answer is what this process finds, and what a
 * child that lies says is not believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "object/unwind_table.h"
#include "parser/parser_child.h"
#include "parser/parser_names.h"
#include "parser/parser_protocol.h"
#include "parser/parser_table.h"
#include "symbolize/file_names.h"

extern char __executable_start;
extern char __etext;

/* -- children that lie -------------------------------------------------------------------------------------------- */

static void say(uint32_t type, uint32_t a, const void *body, size_t size)
{
	struct parser_message head = {.type = type, .a = a};
	struct iovec parts[] = {{&head, sizeof(head)}, {(void *)body, size}};

	sendmsg(PARSER_CHILD_SOCKET, &(struct msghdr){.msg_iov = parts, .msg_iovlen = 2}, MSG_NOSIGNAL);
}

static void say_name(uint32_t item, uint8_t type, uint16_t len)
{
	char body[sizeof(struct parser_name) + 4];
	struct parser_name record = {.item = item, .len = len, .type = type};

	memcpy(body, &record, sizeof(record));
	memcpy(body + sizeof(record), "name", 4);
	say(PARSER_NAMES, 0, body, sizeof(body));
}

static void lie_of_names(const char *how)
{
	if (!strcmp(how, "name-item"))
		say_name(1u << 20, 0, 4);
	else if (!strcmp(how, "name-type"))
		say_name(0, 200, 4);
	else if (!strcmp(how, "name-long"))
		say_name(0, 0, 5);
	else if (!strcmp(how, "name-twice"))
		say_name(0, 0, 4), say_name(0, 0, 4);
	else if (!strcmp(how, "name-table"))
		say(PARSER_ROWS, 0, "12345678", 8);
	else if (!strcmp(how, "name-lines")) /* whose memory is the caller's */
		say(PARSER_LINES, 0, &(struct parser_record){.line = 1, .function_len = PARSER_NO_STRING,
			.file_len = PARSER_NO_STRING}, sizeof(struct parser_record));
	else if (!strcmp(how, "name-killed"))
		raise(SIGKILL);
}

/* A table of one page and as many rules, but for what is wrong. */
static void say_table(uint32_t pages, uint32_t rules, const struct abi_row *rows, const struct abi_rule *last)
{
	const struct parser_table told = {.pages = pages, .rules = rules};
	const struct abi_rule fixed[] = {{.cfa = CFA_NONE}, {.cfa = CFA_UNSUPPORTED}, {.cfa = CFA_END}, *last};
	const uint64_t base = 0x1000;

	say(PARSER_TABLE, 0, &told, sizeof(told));
	say(PARSER_RULES, 0, fixed, sizeof(fixed));
	say(PARSER_BASES, 0, &base, sizeof(base));
	say(PARSER_ROWS, 0, rows, ABI_ROWS * sizeof(*rows));
}

static void lie_of_tables(const char *how)
{
	const struct abi_rule good = {.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_offset = -8};
	const struct abi_rule bad = {.cfa = CFA_REGISTER, .reg = 99, .cfa_offset = 8};
	struct abi_row rows[ABI_ROWS];

	for (uint32_t i = 0; i < ABI_ROWS; i++)
		rows[i] = (struct abi_row){ABI_ROW_UNUSED, 0};
	rows[0] = (struct abi_row){0, 3};
	rows[1] = (struct abi_row){16, 0};
	if (!strcmp(how, "table-good"))
		say_table(1, 4, rows, &good);
	else if (!strcmp(how, "table-rule"))
		say_table(1, 4, rows, &bad);
	else if (!strcmp(how, "table-pages"))
		say_table(UINT32_MAX, 4, rows, &good);
	else if (!strcmp(how, "table-rules"))
		say_table(1, 2, rows, &good);
	else if (!strcmp(how, "table-short"))
		say_table(2, 4, rows, &good);
	else if (!strcmp(how, "table-id"))
		rows[0].rule = 9, say_table(1, 4, rows, &good);
	else if (!strcmp(how, "table-order"))
		rows[2] = (struct abi_row){3, 3}, say_table(1, 4, rows, &good);
	else if (!strcmp(how, "table-killed"))
		raise(SIGKILL);
}

static int child(const char *how)
{
	char message[PARSER_MESSAGE_MAX];
	const struct parser_message *head = (const struct parser_message *)message;

	if (!strcmp(how, PARSER_CHILD_ARGUMENT))
		return parser_child_main();
	for (;;) {
		if (recv(PARSER_CHILD_SOCKET, message, sizeof(message), 0) <= 0)
			return 0;
		if (head->type == PARSER_READY || head->job == PARSER_JOB_TABLE)
			break;
	}
	lie_of_names(how);
	lie_of_tables(how);
	say(PARSER_DONE, 0, "", 0);
	pause();
	return 0;
}

/* -- the parent --------------------------------------------------------------------------------------------------- */

static struct parser_worker *worker_of(const char *argument)
{
	struct parser_worker *worker = parser_worker_new(&(struct parser_worker_options){.argument = argument, .deadline_ms = 5000});

	assert_non_null(worker);
	return worker;
}

static int own_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Addresses all over this program. */
static void fill(struct batch *batch)
{
	uint64_t end = (uint64_t)(&__etext - &__executable_start);

	for (uint64_t address = 0x1000; address < end; address += 97)
		assert_int_equal(batch_add(batch, address, (uint32_t)address), 0);
	batch_sort(batch);
}

static void expect_same(const struct batch *a, const struct batch *b)
{
	size_t named = 0;

	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const char *left = a->items[i].name, *right = b->items[i].name;

		assert_true(!left == !right);
		if (left)
			assert_string_equal(left, right);
		assert_int_equal(a->items[i].type, b->items[i].type);
		named += left != NULL;
	}
	assert_true(named > a->count / 2);
}

static void test_names(void **state)
{
	struct parser_worker *worker = worker_of(NULL);
	struct namer namer = parser_names_namer(worker), without = namer;
	struct dwarf_files files = {.mapped = own_file(), .debug = -1};
	struct batch here = {0}, there = {0};

	(void)state;
	without.lines = NULL;
	fill(&here);
	fill(&there);
	assert_int_equal(file_names_resolve(&files, &namer_here, &here, NULL), 0);
	assert_int_equal(file_names_resolve(&files, &without, &there, NULL), 0);
	expect_same(&here, &there);
	batch_release(&here);
	batch_release(&there);
	close(files.mapped);
	files.mapped = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fill(&there);
	assert_int_equal(file_names_resolve(&files, &namer, &there, NULL), -ENOEXEC);
	batch_release(&there);
	close(files.mapped);
	parser_worker_free(worker);
}

static int written(const char *text)
{
	int fd = memfd_create("map", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void test_jit(void **state)
{
	struct parser_worker *worker = worker_of(NULL);
	struct jit_files files = {.dump_fd = -1, .map_fd = written("1000 10 one\n2000 10 two\nnonsense\n2000 8 three\n")};
	const struct jit_span spans[4] = {{1, 2}, {1, 2}, {1, 2}, {1, 2}};
	uint64_t counters[COUNTERS] = {0};
	struct batch batch = {0};

	(void)state;
	for (uint64_t address = 0x1004; address <= 0x4004; address += 0x1000)
		assert_int_equal(batch_add(&batch, address, 0), 0);
	batch_sort(&batch);
	assert_int_equal(parser_names_jit(worker, &files, &batch, spans, counters), 0);
	assert_string_equal(batch.items[0].name, "one");
	assert_string_equal(batch.items[1].name, "three");
	assert_null(batch.items[2].name);
	assert_int_equal(counters[COUNTER_jit_map_lines_refused], 1);
	assert_int_equal(counters[COUNTER_jit_map_overlaps], 1);
	files.since_ns = 2;
	assert_int_equal(parser_names_jit(worker, &files, &batch, spans, counters), 0);
	assert_true(batch_item_is_disputed(&batch.items[0]));
	batch_release(&batch);
	close(files.map_fd);
	parser_worker_free(worker);
}

static void test_table(void **state)
{
	struct parser_worker *worker = worker_of(NULL);
	struct unwind_table here, there;
	struct rules rules;
	int fd = own_file();

	(void)state;
	assert_int_equal(rules_init(&rules, NULL), 0);
	assert_int_equal(unwind_table_init(&here, fd, &rules), 0);
	assert_int_equal(parser_table_build(worker, &there, fd, &rules), 0);
	assert_int_equal(here.pages, there.pages);
	assert_int_equal(here.n_rows, there.n_rows);
	assert_int_equal(here.unsupported, there.unsupported);
	assert_int_equal(there.no_room, 0);
	assert_memory_equal(here.bases, there.bases, here.pages * sizeof(*here.bases));
	assert_memory_equal(here.rows, there.rows, (size_t)here.pages * ABI_ROWS * sizeof(*here.rows));
	unwind_table_release(&there);
	close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(parser_table_build(worker, &there, fd, &rules), -ENOEXEC);
	assert_null(there.rows);
	close(fd);
	unwind_table_release(&here);
	rules_release(&rules);
	parser_worker_free(worker);
}

static void test_lies_of_names(void **state)
{
	static const char *const lies[] = {"name-item", "name-type", "name-long", "name-twice", "name-table", "name-lines",
		"name-killed"};
	int fd = own_file();

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct parser_worker *worker = worker_of(lies[i]);
		struct batch batch = {0};

		fill(&batch);
		assert_int_equal(parser_names_symbols(worker, fd, -1, &batch), -EPIPE);
		for (size_t item = 0; item < batch.count; item++)
			assert_null(batch.items[item].name);
		batch_release(&batch);
		parser_worker_free(worker);
	}
	close(fd);
}

static int build_by(const char *argument, struct unwind_table *table)
{
	struct parser_worker *worker = worker_of(argument);
	struct rules rules;
	int fd = own_file(), err;

	assert_int_equal(rules_init(&rules, NULL), 0);
	err = parser_table_build(worker, table, fd, &rules);
	rules_release(&rules);
	parser_worker_free(worker);
	close(fd);
	return err;
}

static void test_lies_of_tables(void **state)
{
	static const char *const lies[] = {"table-pages", "table-rules", "table-short", "table-id", "table-order", "table-killed",
		"nothing"};
	struct unwind_table table;

	(void)state;
	assert_int_equal(build_by("table-good", &table), 0);
	assert_int_equal(table.n_rows, 2);
	assert_int_equal(table.unsupported, 0);
	unwind_table_release(&table);
	/* A rule that makes no sense is one that we cannot follow. */
	assert_int_equal(build_by("table-rule", &table), 0);
	assert_int_equal(table.unsupported, 1);
	unwind_table_release(&table);
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		assert_int_equal(build_by(lies[i], &table), -EPIPE);
		assert_null(table.rows);
	}
}

/* A child that nobody asks anything rests, and another one serves the next job. */
static void test_killed_between_jobs(void **state)
{
	struct parser_worker *worker = worker_of(NULL);
	struct batch batch = {0};
	int fd = own_file();

	(void)state;
	fill(&batch);
	assert_int_equal(parser_names_symbols(worker, fd, -1, &batch), 0);
	parser_worker_rest(worker);
	assert_true(parser_worker_cpu_ns(worker) > 0);
	parser_worker_stop(worker);
	batch_release(&batch);
	fill(&batch);
	assert_int_equal(parser_names_symbols(worker, fd, -1, &batch), 0);
	batch_release(&batch);
	close(fd);
	parser_worker_free(worker);
}

static unsigned fed;

static void feed(struct parser_worker *worker, int fd, const struct jit_span *spans, struct batch *batch)
{
	const struct jit_files files = {.dump_fd = fd, .map_fd = fd};
	uint64_t counters[COUNTERS] = {0};
	struct unwind_table table;
	struct rules rules;

	assert_int_equal(rules_init(&rules, NULL), 0);
	parser_names_go(worker, fd, batch);
	parser_names_symbols(worker, fd, fd, batch);
	parser_names_jit(worker, &files, batch, spans, counters);
	if (!parser_table_build(worker, &table, fd, &rules))
		unwind_table_release(&table);
	rules_release(&rules);
}

/* What fuzzers have found, as every job's file. */
static int feed_file(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	const struct jit_span spans[4] = {{1, 2}, {1, 2}, {1, 2}, {1, 2}};
	struct parser_worker *worker;
	struct batch batch = {0};
	int fd;

	(void)info;
	(void)where;
	if (kind != FTW_F)
		return 0;
	worker = worker_of(NULL);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (uint64_t address = 0x1004; address <= 0x4004; address += 0x1000)
		assert_int_equal(batch_add(&batch, address, 0), 0);
	batch_sort(&batch);
	feed(worker, fd, spans, &batch);
	fed++;
	batch_release(&batch);
	close(fd);
	parser_worker_free(worker);
	return 0;
}

static void test_corpus(void **state)
{
	static const char folder[] = "tests/fuzz/corpus";

	(void)state;
	if (access(folder, R_OK)) {
		print_message("skipped test_corpus: no %s here: it runs in the source tree\n", folder);
		skip();
	}
	assert_int_equal(nftw(folder, feed_file, 8, FTW_PHYS), 0);
	assert_true(fed > 20);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_jit),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_lies_of_names),
		cmocka_unit_test(test_lies_of_tables),
		cmocka_unit_test(test_killed_between_jobs),
		cmocka_unit_test(test_corpus),
	};

	if (argc > 1)
		return child(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
