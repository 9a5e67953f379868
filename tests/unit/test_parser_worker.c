// SPDX-License-Identifier: GPL-2.0-or-later
/* The test is its own child: with an argument it is a parser_child, a good one or one that lies, hangs or dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "made_elf.h"
#include "object/elf.h"
#include "parser/parser_child.h"
#include "parser/parser_protocol.h"
#include "parser/parser_sandbox.h"
#include "parser/parser_names.h"
#include "parser/parser_worker.h"
#include "symbolize/file_names.h"

extern char __executable_start; /* the linker's: where address 0 of this file is */

static inline __attribute__((always_inline)) int inner(volatile int *x)
{
	return ++*x;
}

static __attribute__((noinline)) int outer(volatile int *x)
{
	return inner(x) + 1;
}

enum { OUTER_LINE = __LINE__ - 5 };

/* -- what children do ------------------------------------------------------------------------------------------- */

static void say(uint32_t type, uint32_t a, const void *body, size_t size)
{
	char message[2 * PARSER_MESSAGE_MAX] = {0};
	struct parser_message head = {.type = type, .a = a};
	struct iovec part = {message, sizeof(head) + size};

	memcpy(message, &head, sizeof(head));
	memcpy(message + sizeof(head), body, size);
	sendmsg(PARSER_CHILD_SOCKET, &(struct msghdr){.msg_iov = &part, .msg_iovlen = 1}, MSG_NOSIGNAL);
}

static void say_line(uint32_t item, uint32_t line, uint16_t function_len, uint16_t file_len, const char *text,
	size_t size)
{
	char body[4096];
	struct parser_record record = {.item = item, .line = line, .function_len = function_len, .file_len = file_len};

	memcpy(body, &record, sizeof(record));
	memcpy(body + sizeof(record), text, size);
	say(PARSER_LINES, 0, body, sizeof(record) + size);
}

/* Descriptors that are open, BEGIN's one and the folder's not counted. */
static uint32_t count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	uint32_t n = 0;

	while (readdir(folder))
		n++;
	closedir(folder);
	return n - 3; /* . and .. and the folder */
}

static int refuse(const char *path)
{
	return strcmp(path, "/etc/passwd") ? -EIO : -EXDEV;
}

/* Of a file of /proc that was opened before: is there a line that begins so? */
static bool says(int fd, const char *line)
{
	char text[4096] = "\n", *found;
	ssize_t n = pread(fd, text + 1, sizeof(text) - 2, 0);

	found = n > 0 ? strstr(text, line) : NULL;
	return found && found[-1] == '\n';
}

/* The same, of who it is by now. Where nobody (65534) can be, root became it. */
static uint32_t try_privileges(int status, int oom_score_adj, bool was_root)
{
	uint32_t bad = 0;

	bad |= says(oom_score_adj, "1000\n") ? 0 : 1 << 8;
	bad |= says(status, "CapEff:\t0000000000000000\n") && says(status, "CapPrm:\t0000000000000000\n") &&
		says(status, "CapInh:\t0000000000000000\n") ? 0 : 1 << 9;
	if (was_root && says(status, "Uid:\t0\t"))
		bad |= 1 << 10;
	return bad;
}

/* One bit for each thing that the sandbox let through. */
static uint32_t try_sandbox(void)
{
	const int status = open("/proc/self/status", O_RDONLY), oom = open("/proc/self/oom_score_adj", O_RDONLY);
	const int uid_map = open("/proc/self/uid_map", O_RDONLY), socket_of_ours = PARSER_CHILD_SOCKET;
	const bool was_root = !geteuid() && says(uid_map, "         0          0 4294967295\n");
	const pid_t parent = getppid();
	struct rlimit limit;
	uint32_t bad = 0;

	if (parser_sandbox_enter(refuse))
		return UINT32_MAX;
	bad |= open("/etc/passwd", O_RDONLY) >= 0 || errno != EXDEV ? 1 : 0;
	bad |= openat(AT_FDCWD, "/etc/passwd", O_RDONLY) >= 0 || errno != EXDEV ? 2 : 0;
	bad |= open("/etc/shadow", O_RDWR | O_CREAT, 0600) >= 0 || errno != EIO ? 4 : 0;
	bad |= kill(getpid(), 0) >= 0 || errno != EPERM ? 32 : 0;
	bad |= unlink("/nowhere") >= 0 || errno != EPERM ? 128 : 0;
	bad |= prlimit(parent, RLIMIT_CPU, NULL, &limit) >= 0 || errno != EPERM ? 1 << 11 : 0;
	bad |= getrlimit(RLIMIT_CPU, &limit) ? 1 << 12 : 0;
	bad |= fcntl(socket_of_ours, F_SETOWN, 0) >= 0 || errno != EPERM ? 1 << 13 : 0;
	bad |= fcntl(socket_of_ours, F_SETFL, O_ASYNC) >= 0 || errno != EPERM ? 1 << 14 : 0;
	bad |= fcntl(socket_of_ours, F_GETFD) < 0 ? 1 << 15 : 0;
	return bad | try_privileges(status, oom, was_root);
}

/* What the parent answers: an errno, 0: a descriptor. */
static uint32_t ask_open(const char *path)
{
	struct parser_message answer = {.a = UINT32_MAX};

	say(PARSER_OPEN, 0, path, strlen(path));
	recv(PARSER_CHILD_SOCKET, &answer, sizeof(answer), 0);
	return answer.a;
}

static void lie(const char *how)
{
	char text[300] = "x";

	if (!strcmp(how, "lie-type"))
		say(99, 0, "", 0);
	else if (!strcmp(how, "lie-short"))
		send(PARSER_CHILD_SOCKET, "x", 1, MSG_NOSIGNAL);
	else if (!strcmp(how, "lie-long"))
		say(PARSER_LINES, 0, text, 0), say(PARSER_LINES, 0, (char[PARSER_MESSAGE_MAX]){0}, PARSER_MESSAGE_MAX);
	else if (!strcmp(how, "lie-item"))
		say_line(1, 1, PARSER_NO_STRING, PARSER_NO_STRING, text, 0);
	else if (!strcmp(how, "lie-string"))
		say_line(0, 1, 200, PARSER_NO_STRING, text, 1);
	else if (!strcmp(how, "lie-string-size"))
		say_line(0, 1, PARSER_STRING_MAX, PARSER_NO_STRING, text, 1);
	else if (!strcmp(how, "lie-nul"))
		say_line(0, 1, 2, PARSER_NO_STRING, "a\0", 2);
	else if (!strcmp(how, "lie-record"))
		say(PARSER_LINES, 0, text, 5);
	else if (!strcmp(how, "lie-lines"))
		for (int i = 0; i <= CODE_LINES_MAX; i++)
			say_line(0, 1, 1, 1, "ab", 2);
	else if (!strcmp(how, "lie-opens"))
		for (unsigned i = 0; i <= PARSER_OPENS_MAX; i++) {
			say(PARSER_OPEN, 0, "/x", 2);
			if (recv(PARSER_CHILD_SOCKET, text, sizeof(text), 0) <= 0)
				break;
		}
	else if (!strcmp(how, "opens"))
		say_line(0, ask_open("text"), 1, 1, "ab", 2), say_line(0, ask_open("elf"), 1, 1, "ab", 2);
	else if (!strcmp(how, "lie-error"))
		say(PARSER_DONE, 4000000000u, "", 0);
}

static int child(const char *how)
{
	char message[PARSER_MESSAGE_MAX];

	if (!strcmp(how, PARSER_CHILD_ARGUMENT))
		return parser_child_main();
	if (!strcmp(how, "die-at-once"))
		return 0;
	recv(PARSER_CHILD_SOCKET, message, sizeof(message), 0);
	recv(PARSER_CHILD_SOCKET, message, sizeof(message), 0);
	say_line(0, 7, 3, PARSER_NO_STRING, "fun", 3);
	if (!strcmp(how, "die-killed"))
		raise(SIGKILL);
	if (!strcmp(how, "die-bus"))
		raise(SIGBUS);
	if (!strcmp(how, "hang"))
		for (;;)
			pause();
	if (!strcmp(how, "descriptors"))
		say_line(0, count_descriptors(), PARSER_NO_STRING, PARSER_NO_STRING, "", 0);
	if (!strcmp(how, "sandbox"))
		say_line(0, try_sandbox(), PARSER_NO_STRING, PARSER_NO_STRING, "", 0);
	lie(how);
	say(PARSER_DONE, 0, "", 0);
	return 0;
}

/* -- the parent ------------------------------------------------------------------------------------------------- */

struct scene {
	struct parser_worker *worker;
	struct dwarf_files files;
	struct batch batch;
};

static uint64_t address_of(const void *code)
{
	return (uint64_t)((const char *)code - &__executable_start);
}

static void scene_init(struct scene *scene, const struct parser_worker_options *options)
{
	*scene = (struct scene){
		.worker = parser_worker_new(options), .files = {.debug = -1}};
	assert_non_null(scene->worker);
	scene->files.mapped = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_true(scene->files.mapped >= 0);
	assert_int_equal(batch_add(&scene->batch, address_of((void *)outer), 0), 0);
	batch_sort(&scene->batch);
}

static void scene_release(struct scene *scene)
{
	parser_worker_free(scene->worker);
	close(scene->files.mapped);
	batch_release(&scene->batch);
}

static int ask(struct scene *scene)
{
	return parser_worker_lines(scene->worker, &scene->files, &scene->batch);
}

static const struct code_lines *lines_of(const struct scene *scene)
{
	return &scene->batch.items[0].lines;
}

static void expect_own_lines(const struct scene *scene)
{
	const struct code_lines *lines = lines_of(scene);
	const struct code_line *last;

	assert_in_range(lines->count, 1, 2);
	last = &lines->at[lines->count - 1];
	assert_string_equal(last->function, "outer");
	assert_non_null(strstr(last->file, "tests/unit/test_parser_worker.c"));
	assert_int_equal(last->first_line, OUTER_LINE);
	assert_in_range(last->line, OUTER_LINE, OUTER_LINE + 3);
}

static void test_own_lines(void **state)
{
	struct scene scene;
	volatile int x = 0;

	(void)state;
	scene_init(&scene, &(struct parser_worker_options){0});
	assert_int_equal(outer(&x), 2);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(&scene), 0);
		expect_own_lines(&scene);
	}
	parser_worker_stop(scene.worker);
	assert_true(parser_worker_cpu_ns(scene.worker) > 0);
	assert_int_equal(ask(&scene), 0);
	scene_release(&scene);
}

/* Every byte of the function: some of it is the inlined one. */
static void test_inlined(void **state)
{
	struct scene scene;
	bool seen = false;

	(void)state;
	scene_init(&scene, &(struct parser_worker_options){0});
	for (uint32_t i = 1; i < 16; i++)
		batch_add(&scene.batch, address_of((void *)outer) + i, i);
	batch_sort(&scene.batch);
	assert_int_equal(ask(&scene), 0);
	for (size_t i = 0; i < scene.batch.count; i++) {
		const struct code_lines *lines = &scene.batch.items[i].lines;

		if (lines->count != 2 || strcmp(lines->at[1].function, "outer"))
			continue;
		seen = true;
		assert_string_equal(lines->at[0].function, "inner");
		assert_int_equal(lines->at[1].line, OUTER_LINE + 2);
		assert_int_equal(lines->at[1].first_line, OUTER_LINE);
	}
	assert_true(seen);
	scene_release(&scene);
}

static void test_no_debug_info(void **state)
{
	struct scene scene;
	struct made made;

	(void)state;
	scene_init(&scene, &(struct parser_worker_options){.argument = "die-at-once"});
	close(scene.files.mapped);
	made_init(&made, 0x800);
	scene.files.mapped = made_file(&made);
	assert_int_equal(ask(&scene), -ENODATA);
	parser_worker_stop(scene.worker);
	assert_int_equal(parser_worker_cpu_ns(scene.worker), 0); /* nobody was started */
	scene_release(&scene);
}

/* A file that cannot be read is not one without debug information. */
static void test_unreadable(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, &(struct parser_worker_options){.argument = "die-at-once"});
	close(scene.files.mapped);
	assert_int_equal(ask(&scene), -EIO);
	scene.files.mapped = -1;
	scene_release(&scene);
}

static void test_bad_children(void **state)
{
	static const struct {
		const char *how;
		int error;
	} cases[] = {
		{"die-at-once", -EPIPE}, {"die-killed", -EPIPE}, {"die-bus", -EPIPE}, {"hang", -ETIMEDOUT},
		{"lie-type", -EPROTO}, {"lie-short", -EPROTO}, {"lie-long", -EPROTO}, {"lie-item", -EPROTO},
		{"lie-string", -EPROTO}, {"lie-string-size", -EPROTO}, {"lie-nul", -EPROTO}, {"lie-record", -EPROTO},
		{"lie-lines", -E2BIG}, {"lie-opens", -E2BIG}, {"lie-error", -EPIPE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const uint32_t deadline = cases[i].error == -ETIMEDOUT ? 300 : 0;
		struct scene scene;
		int err;

		scene_init(&scene, &(struct parser_worker_options){.argument = cases[i].how, .deadline_ms = deadline});
		err = ask(&scene);
		if (err != cases[i].error)
			fail_msg("%s: %d, not %d", cases[i].how, err, cases[i].error);
		assert_int_equal(lines_of(&scene)->count, 0);
		scene_release(&scene);
	}
}

static void test_gives_up(void **state)
{
	struct scene scene;
	uint64_t used;

	(void)state;
	scene_init(&scene, &(struct parser_worker_options){.argument = "die-killed"});
	for (unsigned i = 0; i < PARSER_FAILURES_MAX; i++)
		assert_int_equal(ask(&scene), -EPIPE);
	used = parser_worker_cpu_ns(scene.worker);
	assert_int_equal(ask(&scene), -EPIPE);
	assert_int_equal(parser_worker_cpu_ns(scene.worker), used);
	scene_release(&scene);
}

/* The files of a run share a time: what one has used up, the next does not get. */
static void test_total(void **state)
{
	struct scene scene;
	uint64_t used;

	(void)state;
	scene_init(&scene, &(struct parser_worker_options){.argument = "hang", .deadline_ms = 20000, .total_ms = 200});
	assert_int_equal(ask(&scene), -ETIMEDOUT);
	used = parser_worker_cpu_ns(scene.worker);
	assert_int_equal(ask(&scene), -ETIMEDOUT);
	assert_int_equal(parser_worker_cpu_ns(scene.worker), used); /* nobody was started */
	scene_release(&scene);
}

static void test_descriptors(void **state)
{
	int leaks[20];
	struct scene scene;

	(void)state;
	for (size_t i = 0; i < sizeof(leaks) / sizeof(*leaks); i++)
		leaks[i] = open("/dev/null", O_RDONLY);
	scene_init(&scene, &(struct parser_worker_options){.argument = "descriptors"});
	assert_int_equal(ask(&scene), 0);
	assert_int_equal(lines_of(&scene)->at[1].line, 4); /* 0, 1, 2 and the socket; recv() takes no descriptor */
	scene_release(&scene);
	for (size_t i = 0; i < sizeof(leaks) / sizeof(*leaks); i++)
		close(leaks[i]);
}

static void test_sandbox(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, &(struct parser_worker_options){.argument = "sandbox"});
	assert_int_equal(ask(&scene), 0);
	assert_int_equal(lines_of(&scene)->at[1].line, 0);
	scene_release(&scene);
}

static int open_either(void *context, const char *path)
{
	(void)context;
	return open(strcmp(path, "elf") ? "/etc/passwd" : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

/* What the child asks for is handed over only if it is an ELF file. */
static void test_opens(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, &(struct parser_worker_options){.argument = "opens"});
	scene.files.open = open_either;
	assert_int_equal(ask(&scene), 0);
	assert_int_equal(lines_of(&scene)->at[1].line, ENOEXEC);
	assert_int_equal(lines_of(&scene)->at[2].line, 0);
	scene_release(&scene);
}

/* -- a file that is cut off while it is mapped ------------------------------------------------------------------- */

struct cut {
	char path[64];
	unsigned asked;
	bool cuts;
};

/* Of an alternate file that is nowhere: the child has mapped the file by then, and read little of it. */
static int cut_off(void *context, const char *path)
{
	struct cut *cut = context;

	assert_string_equal(path, "nowhere.debug");
	cut->asked++;
	if (cut->cuts)
		assert_int_equal(truncate(cut->path, 0), 0);
	return -ENOENT;
}

/* A copy of this program that wants an alternate file. */
static void make_copy(struct cut *cut)
{
	char command[512], link[80];
	int fd;

	snprintf(cut->path, sizeof(cut->path), "/tmp/test_parser_worker.%d", getpid());
	snprintf(link, sizeof(link), "%s.link", cut->path);
	fd = open(link, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, "nowhere.debug\0abcdefghijklmnopqrst", 34), 34);
	close(fd);
	snprintf(command, sizeof(command), "objcopy --add-section .gnu_debugaltlink=%s /proc/%d/exe %s", link, getpid(),
		cut->path);
	assert_int_equal(system(command), 0);
	unlink(link);
}

static void test_cut_off(void **state)
{
	struct cut cut = {.cuts = false};
	struct scene scene;

	(void)state;
	make_copy(&cut);
	scene_init(&scene, &(struct parser_worker_options){0});
	scene.files.open = cut_off;
	scene.files.context = &cut;
	close(scene.files.mapped);
	scene.files.mapped = open(cut.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(ask(&scene), -ENOENT); /* it is not there, and it is told */
	expect_own_lines(&scene);
	code_lines_release(&scene.batch.items[0].lines);
	cut.cuts = true;
	assert_int_equal(ask(&scene), -EPIPE);
	assert_int_equal(cut.asked, 2);
	assert_int_equal(lines_of(&scene)->count, 0);
	/* The next file gets another child. */
	close(scene.files.mapped);
	scene.files.mapped = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_int_equal(ask(&scene), 0);
	expect_own_lines(&scene);
	scene_release(&scene);
	unlink(cut.path);
}

/* -- a file whose symbols cannot be read ------------------------------------------------------------------------ */

static void move_symbols(int fd)
{
	uint64_t past_end = 1ull << 40;
	Elf64_Ehdr header;
	struct elf elf;

	assert_int_equal(elf_init(&elf, fd), 0);
	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	for (uint32_t i = 0; i < elf.n_sections; i++)
		if (elf.sections[i].sh_type == SHT_SYMTAB)
			assert_int_equal(pwrite(fd, &past_end, 8, (off_t)(header.e_shoff + i * sizeof(Elf64_Shdr) +
				offsetof(Elf64_Shdr, sh_offset))), 8);
	elf_release(&elf);
}

static void test_no_symbols(void **state)
{
	char path[64], command[128];
	struct scene scene;
	struct namer namer;
	int lines = -1;

	(void)state;
	scene_init(&scene, &(struct parser_worker_options){0});
	close(scene.files.mapped);
	snprintf(path, sizeof(path), "/tmp/test_parser_worker.%d", getpid());
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), path);
	assert_int_equal(system(command), 0);
	scene.files.mapped = open(path, O_RDWR | O_CLOEXEC);
	unlink(path);
	move_symbols(scene.files.mapped);
	namer = parser_names_namer(scene.worker);
	assert_int_equal(file_names_resolve(&scene.files, &namer, &scene.batch, &lines), -EIO);
	assert_int_equal(lines, 0);
	expect_own_lines(&scene);
	scene_release(&scene);
}

/* -- what ends the child ---------------------------------------------------------------------------------------- */

static void try_socket(void) { socket(AF_UNIX, SOCK_STREAM, 0); }
static void try_program(void) { execl("/bin/true", "true", (char *)NULL); }
static void try_process(void) { fork(); }
static void try_memory(void) { process_vm_readv(getppid(), NULL, 0, NULL, 0, 0); }

static int status_of(void (*forbidden)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		const struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		if (parser_sandbox_enter(refuse))
			_exit(2);
		forbidden();
		_exit(3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_killed(void **state)
{
	void (*const each[])(void) = {try_socket, try_program, try_process, try_memory};

	(void)state;
	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++) {
		int status = status_of(each[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_lines),
		cmocka_unit_test(test_inlined),
		cmocka_unit_test(test_no_debug_info),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_bad_children),
		cmocka_unit_test(test_gives_up),
		cmocka_unit_test(test_total),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_sandbox),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_opens),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_no_symbols),
	};

	if (argc > 1)
		return child(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
