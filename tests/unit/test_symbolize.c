// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi.h"
#include "made_elf.h"
#include "made_jitdump.h"
#include "object/elf.h"
#include "process/target_file.h"
#include "symbolize/symbolize.h"

/* Stands in for the process table: one process whose perf-map is this text, NULL for one without a map. */
static struct process only_process;
static const char *perf_map, *jitdump;
static size_t jitdump_size;
static int jit_error; /* of opening them */
static uint64_t counters[COUNTERS];

uint32_t processes_count(const struct processes *processes)
{
	(void)processes;
	return 1;
}

struct process *processes_get(const struct processes *processes, uint32_t id)
{
	(void)processes;
	assert_int_equal(id, 0);
	return &only_process;
}

static int file_of(const struct process *process, const char *data, size_t size)
{
	int fd;

	assert_ptr_equal(process, &only_process);
	if (!data)
		return jit_error ? jit_error : -ENOENT;
	fd = memfd_create("jit", MFD_CLOEXEC);
	assert_int_equal(pwrite(fd, data, size, 0), size);
	return fd;
}

int target_file_open_perf_map(const struct process *process)
{
	return file_of(process, perf_map, perf_map ? strlen(perf_map) : 0);
}

int target_file_open_jitdump(const struct process *process)
{
	return file_of(process, jitdump, jitdump_size);
}

static int lines_error; /* of the next file */

/* Stands in for the process that reads debug information. */
static int lines(void *context, const struct dwarf_files *files, struct batch *batch)
{
	int err = lines_error;

	(void)context;
	(void)files;
	(void)batch;
	lines_error = -ENODATA;
	return err;
}

struct scene {
	struct profile profile;
	struct objects *objects;
	struct symbolize_options options;
};

static void scene_init(struct scene *scene, const char *kallsyms)
{
	*scene = (struct scene){.objects = objects_new(),
		.options = {.counters = counters, .demangle = true}};
	scene->options.kallsyms = tmpfile();
	assert_non_null(scene->options.kallsyms);
	assert_int_equal(fputs(kallsyms, scene->options.kallsyms) < 0, 0);
	perf_map = jitdump = NULL;
	jit_error = 0;
	memset(counters, 0, sizeof(counters));
}

static void scene_release(struct scene *scene)
{
	profile_release(&scene->profile);
	objects_free(scene->objects);
	if (scene->options.kallsyms)
		fclose(scene->options.kallsyms);
}

static struct object *object(struct scene *scene, enum object_kind kind, const char *path, int fd)
{
	struct object_identity identity = {.major = 1, .inode = objects_count(scene->objects) + 1};
	struct object *object;

	assert_int_equal(objects_intern(scene->objects, kind, &identity, path, &object), 0);
	object_set_fd(object, fd);
	return object;
}

static uint32_t frame(struct scene *scene, uint32_t kind, uint32_t owner, uint64_t address)
{
	struct frame frame = {.kind = kind, .owner = owner, .address = address};
	uint32_t id;

	assert_int_equal(profile_frame(&scene->profile, &frame, &id), 0);
	return id;
}

static void symbolize(struct scene *scene)
{
	assert_int_equal(symbolize_profile(&scene->profile, scene->objects,
		(const struct processes *)&only_process, NULL, &scene->options), 0);
}

static void expect(const struct scene *scene, uint32_t id, const char *text, uint8_t why_not)
{
	const struct frame_names *names = &scene->profile.names[id];

	assert_int_equal(names->count, 1);
	assert_string_equal(profile_text(&scene->profile, scene->profile.lines[names->first].function),
		text);
	assert_int_equal(names->why_not, why_not);
	assert_int_equal(names->named, why_not == 0);
}

/* What kind of code it is, and the mapping it is of; "": none. */
static void expect_place(const struct scene *scene, uint32_t id, enum frame_type type, const char *file)
{
	const struct frame_names *names = &scene->profile.names[id];
	const struct profile_mapping *mapping = profile_get_mapping(&scene->profile, names->mapping);

	assert_int_equal(names->type, type);
	assert_string_equal(mapping ? profile_text(&scene->profile, mapping->file) : "", file);
}

static void test_files(void **state)
{
	struct scene scene;
	struct made made;
	struct object *file, *closed, *text;
	uint32_t id[7];
	int not_elf = memfd_create("text", MFD_CLOEXEC);

	(void)state;
	scene_init(&scene, "");
	made_init(&made, 0x800);
	made_symbol(&made, "_ZN3foo3barEi.cold", 0x1010, 16, STT_FUNC, MADE_TEXT);
	made_symbol(&made, "bad\xff\nname", 0x1020, 16, STT_FUNC, MADE_TEXT);
	file = object(&scene, OBJECT_FILE, "/usr/lib/lib\xffx.so", made_file(&made));
	closed = object(&scene, OBJECT_FILE, "/gone", -1);
	text = object(&scene, OBJECT_FILE, "/script", not_elf);
	id[0] = frame(&scene, FRAME_FILE, file->id, 0x1020);
	id[1] = frame(&scene, FRAME_FILE, closed->id, 0x1234);
	id[2] = frame(&scene, FRAME_FILE, file->id, 0x101f);
	id[3] = frame(&scene, FRAME_FILE, file->id, 0x1400);
	id[4] = frame(&scene, FRAME_FILE, file->id, 0x500000);
	id[5] = frame(&scene, FRAME_FILE, text->id, 7);
	id[6] = frame(&scene, FRAME_FILE, 99, 7);
	symbolize(&scene);
	expect(&scene, id[0], "bad\xef\xbf\xbd name", 0);
	expect(&scene, id[1], "[gone+0x1234]", COUNTER_file_unreadable);
	expect(&scene, id[2], "foo::bar.cold", 0);
	expect(&scene, id[3], "[lib\xef\xbf\xbdx.so+0x1400]", COUNTER_no_symbol);
	expect(&scene, id[4], "[lib\xef\xbf\xbdx.so+0x500000]", COUNTER_no_symbol);
	expect(&scene, id[5], "[script+0x7]", COUNTER_no_symbol);
	expect(&scene, id[6], "[unknown]", COUNTER_not_mapped);
	expect_place(&scene, id[0], FRAME_TYPE_NATIVE, "/usr/lib/lib\xef\xbf\xbdx.so");
	expect_place(&scene, id[1], FRAME_TYPE_NATIVE, "/gone");
	expect_place(&scene, id[6], FRAME_TYPE_UNKNOWN, "");
	assert_int_equal(scene.profile.names[id[2]].address, 0x101f);
	assert_int_equal(scene.profile.names[id[3]].mapping, scene.profile.names[id[0]].mapping);
	assert_int_equal(profile_get_mapping(&scene.profile, scene.profile.names[id[0]].mapping)->start, 0x1000);
	scene_release(&scene);
}

/* Without a build id a file is what it was as long as nobody wrote it; to delete or to chmod it is not to write it. */
static void test_rewritten(void **state)
{
	for (int rewritten = 0; rewritten < 2; rewritten++) {
		struct scene scene;
		struct made made;
		struct object *file;
		uint32_t id;

		(void)state;
		scene_init(&scene, "");
		made_init(&made, 0x800);
		made_symbol(&made, "old", 0x1010, 16, STT_FUNC, MADE_TEXT);
		file = object(&scene, OBJECT_FILE, "/file", made_file(&made));
		usleep(20000); /* times of files are kept by the tick */
		assert_int_equal(fchmod(file->fd, 0700), 0);
		if (rewritten)
			assert_int_equal(pwrite(file->fd, "x", 1, 0x1010), 1);
		id = frame(&scene, FRAME_FILE, file->id, 0x1010);
		symbolize(&scene);
		expect(&scene, id, rewritten ? "[file+0x1010]" : "old", rewritten ? COUNTER_file_unreadable : 0);
		scene_release(&scene);
	}
}

/* Its debug file may be there: nobody could look. */
static void test_no_descriptor_for_a_debug_file(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), next = dup(fd);
	struct rlimit before, few;
	struct scene scene;
	struct object *file;
	struct elf elf;

	(void)state;
	assert_int_equal(elf_init(&elf, fd), 0);
	assert_true(elf.build_id_size > 1);
	elf_release(&elf);
	scene_init(&scene, "");
	file = object(&scene, OBJECT_FILE, "/program", fd);
	frame(&scene, FRAME_FILE, file->id, 0x1010);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)next;
	close(next);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	symbolize(&scene);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(counters[COUNTER_debug_info_missing], 1);
	scene_release(&scene);
}

/* What there was no memory for is one file's loss. */
static void test_no_memory_for_a_file(void **state)
{
	struct namer namer = namer_here;
	struct object *files[2];
	struct scene scene;
	uint32_t id[2];

	(void)state;
	scene_init(&scene, "");
	namer.lines = lines;
	scene.options.namer = &namer;
	for (int i = 0; i < 2; i++) {
		struct made made;

		made_init(&made, 0x800);
		made_symbol(&made, "function", 0x1010, 16, STT_FUNC, MADE_TEXT);
		files[i] = object(&scene, OBJECT_FILE, i ? "/second" : "/first", made_file(&made));
		id[i] = frame(&scene, FRAME_FILE, files[i]->id, 0x1010);
	}
	lines_error = -ENOMEM;
	symbolize(&scene);
	expect(&scene, id[0], "[first+0x1010]", COUNTER_no_memory);
	expect(&scene, id[1], "function", 0);
	scene_release(&scene);
}

static void test_mangled_on_request(void **state)
{
	struct scene scene;
	struct made made;
	uint32_t id;

	(void)state;
	scene_init(&scene, "");
	scene.options.demangle = false;
	made_init(&made, 0x800);
	made_symbol(&made, "_ZN3foo3barEi", 0x1010, 16, STT_FUNC, MADE_TEXT);
	id = frame(&scene, FRAME_FILE, object(&scene, OBJECT_FILE, "/x", made_file(&made))->id, 0x1010);
	symbolize(&scene);
	expect(&scene, id, "_ZN3foo3barEi", 0);
	scene_release(&scene);
}

/* A file that was rewritten since its build id was learned names nothing; one that was never opened says why. */
static void test_files_that_name_nothing(void **state)
{
	struct scene scene;
	struct object *rewritten, *too_many, *gone;
	struct made made;
	uint32_t id[3];

	(void)state;
	scene_init(&scene, "");
	made_init(&made, 0x800);
	made_symbol(&made, "wrong", 0x1010, 16, STT_FUNC, MADE_TEXT);
	rewritten = object(&scene, OBJECT_FILE, "/rewritten", made_file(&made));
	rewritten->identity.build_id_size = 2;
	too_many = object(&scene, OBJECT_FILE, "/too_many", -EMFILE);
	gone = object(&scene, OBJECT_FILE, "/gone", -ENOENT);
	id[0] = frame(&scene, FRAME_FILE, rewritten->id, 0x1010);
	id[1] = frame(&scene, FRAME_FILE, too_many->id, 0x1010);
	id[2] = frame(&scene, FRAME_FILE, gone->id, 0x1010);
	symbolize(&scene);
	expect(&scene, id[0], "[rewritten+0x1010]", COUNTER_file_unreadable);
	expect(&scene, id[1], "[too_many+0x1010]", COUNTER_no_descriptor);
	expect(&scene, id[2], "[gone+0x1010]", COUNTER_file_unreadable);
	scene_release(&scene);
}

static void test_long_name(void **state)
{
	struct scene scene;
	struct made made;
	char name[3000];
	const char *text;
	uint32_t id;

	(void)state;
	scene_init(&scene, "");
	memset(name, 'n', sizeof(name) - 1);
	strcpy(name + sizeof(name) - 2, "!");
	made_init(&made, 0x800);
	made_symbol(&made, name, 0x1010, 16, STT_FUNC, MADE_TEXT);
	id = frame(&scene, FRAME_FILE, object(&scene, OBJECT_FILE, "/x", made_file(&made))->id, 0x1010);
	symbolize(&scene);
	text = profile_text(&scene.profile, scene.profile.lines[scene.profile.names[id].first].function);
	assert_int_equal(strlen(text), 1024);
	assert_memory_equal(text + 600, "\xe2\x80\xa6n", 4);
	assert_string_equal(text + 1022, "n!");
	scene_release(&scene);
}

static void test_vdso(void **state)
{
	struct scene scene;
	struct object *vdso;
	uint32_t id, outside;
	const char *text = "";

	(void)state;
	scene_init(&scene, "");
	vdso = object(&scene, OBJECT_VDSO, "[vdso]", -1);
	outside = frame(&scene, FRAME_FILE, vdso->id, 0x100000);
	for (uint64_t offset = 0; offset < 0x3000; offset += 16)
		id = frame(&scene, FRAME_FILE, vdso->id, offset);
	symbolize(&scene);
	expect(&scene, outside, "[vdso+0x100000]", COUNTER_no_symbol);
	for (uint32_t i = 0; i <= id; i++) {
		text = profile_text(&scene.profile,
			scene.profile.lines[scene.profile.names[i].first].function);
		if (strstr(text, "clock_gettime"))
			break;
	}
	assert_non_null(strstr(text, "clock_gettime"));
	expect_place(&scene, id, FRAME_TYPE_NATIVE, "[vdso]");
	scene_release(&scene);
}

static void test_vsyscall(void **state)
{
	struct scene scene;
	struct object *page;
	uint32_t first, time, last, none;

	(void)state;
	scene_init(&scene, "");
	page = object(&scene, OBJECT_VSYSCALL, "[vsyscall]", -1);
	first = frame(&scene, FRAME_FILE, page->id, 0);
	time = frame(&scene, FRAME_FILE, page->id, 0x400);
	last = frame(&scene, FRAME_FILE, page->id, 0x809);
	none = frame(&scene, FRAME_FILE, page->id, 0xc00);
	symbolize(&scene);
	expect(&scene, first, "gettimeofday@vsyscall", 0);
	expect(&scene, time, "time@vsyscall", 0);
	expect(&scene, last, "getcpu@vsyscall", 0);
	expect(&scene, none, "[vsyscall+0xc00]", COUNTER_no_symbol);
	scene_release(&scene);
}

static void test_anon(void **state)
{
	struct scene scene;
	uint32_t in, out;

	(void)state;
	scene_init(&scene, "");
	perf_map = "7f0000001000 100 LazyCompile:~f x.js:1\n";
	in = frame(&scene, FRAME_ANON, 0, 0x7f0000001010);
	out = frame(&scene, FRAME_ANON, 0, 0x7f0000002010);
	symbolize(&scene);
	expect(&scene, in, "LazyCompile:~f x.js:1", 0);
	expect(&scene, out, "[jit]", COUNTER_no_perf_map);
	expect_place(&scene, in, FRAME_TYPE_UNKNOWN, MAPPING_JIT);
	perf_map = NULL;
	symbolize(&scene);
	expect(&scene, in, "[jit]", COUNTER_no_perf_map);
	scene_release(&scene);
}

/* A jitdump before a perf-map, and of an address that changed hands while it was sampled neither. */
static void test_jitdump(void **state)
{
	struct scene scene;
	struct made_jitdump made;
	uint32_t changed, one, map_only, later;

	(void)state;
	scene_init(&scene, "");
	made_jitdump_init(&made);
	made_jitdump_load(&made, 100, 1, 0x1000, 0x100, "first");
	made_jitdump_load(&made, 200, 2, 0x1000, 0x100, "second");
	jitdump = (const char *)made.data;
	jitdump_size = made.len;
	perf_map = "1000 1000 by the map\nnonsense\n";
	changed = frame(&scene, FRAME_ANON, 0, 0x1010);
	one = frame(&scene, FRAME_ANON, 0, 0x1020);
	map_only = frame(&scene, FRAME_ANON, 0, 0x1200);
	later = frame(&scene, FRAME_ANON, 0, 0x1030);
	assert_int_equal(profile_seen(&scene.profile, later, 250, 260), 0);
	assert_int_equal(profile_seen(&scene.profile, changed, 150, 160), 0);
	assert_int_equal(profile_seen(&scene.profile, one, 150, 160), 0);
	assert_int_equal(profile_seen(&scene.profile, changed, 220, 230), 0);
	symbolize(&scene);
	expect(&scene, changed, "[jit]", COUNTER_code_moved);
	expect(&scene, one, "first", 0);
	expect(&scene, later, "second", 0);
	expect(&scene, map_only, "by the map", 0);
	assert_int_equal(counters[COUNTER_jit_map_lines_refused], 1);
	assert_int_equal(counters[COUNTER_jit_map_refused], 0);
	scene_release(&scene);
}

static void test_jit_refused(void **state)
{
	struct scene scene;
	uint32_t id;

	(void)state;
	scene_init(&scene, "");
	jit_error = -EACCES;
	id = frame(&scene, FRAME_ANON, 0, 0x1010);
	symbolize(&scene);
	expect(&scene, id, "[jit]", COUNTER_no_perf_map);
	assert_int_equal(counters[COUNTER_jit_map_refused], 2);
	scene_release(&scene);
	scene_init(&scene, "");
	jitdump = "not a jitdump, whatever it is called";
	jitdump_size = strlen(jitdump);
	perf_map = "1000 100 f\n";
	id = frame(&scene, FRAME_ANON, 0, 0x1010);
	symbolize(&scene);
	expect(&scene, id, "f", 0);
	assert_int_equal(counters[COUNTER_jit_map_refused], 1);
	scene_release(&scene);
}

static void test_kernel(void **state)
{
	struct scene scene;
	uint32_t in, out;

	(void)state;
	scene_init(&scene, "ffffffff81000100 T do_read\nffffffff81000200 T _etext\n");
	in = frame(&scene, FRAME_KERNEL, 0, 0xffffffff81000110);
	out = frame(&scene, FRAME_KERNEL, 0, 0xffffffff81000210);
	symbolize(&scene);
	expect(&scene, in, "do_read", 0);
	expect(&scene, out, "[kernel]", COUNTER_no_symbol);
	expect_place(&scene, in, FRAME_TYPE_KERNEL, MAPPING_KERNEL);
	expect_place(&scene, out, FRAME_TYPE_KERNEL, MAPPING_KERNEL);
	assert_int_equal(scene.profile.names[in].address, 0);
	scene_release(&scene);
}

static void test_kernel_hidden(void **state)
{
	struct scene scene;
	uint32_t id;

	(void)state;
	scene_init(&scene, "0000000000000000 T do_read\n");
	id = frame(&scene, FRAME_KERNEL, 0, 0xffffffff81000110);
	symbolize(&scene);
	expect(&scene, id, "[kernel]", COUNTER_kernel_hidden);
	fclose(scene.options.kallsyms);
	scene.options.kallsyms = NULL;
	symbolize(&scene);
	expect(&scene, id, "[kernel]", COUNTER_kernel_hidden);
	scene_release(&scene);
}

static void test_unknown(void **state)
{
	struct scene scene;
	uint32_t changed, nonsense, kind;

	(void)state;
	scene_init(&scene, "");
	changed = frame(&scene, FRAME_UNKNOWN, COUNTER_mapping_changed, 0);
	nonsense = frame(&scene, FRAME_UNKNOWN, 5000, 0);
	kind = frame(&scene, 77, 0, 0);
	symbolize(&scene);
	expect(&scene, changed, "[unknown]", COUNTER_mapping_changed);
	expect(&scene, nonsense, "[unknown]", COUNTER_not_mapped);
	expect(&scene, kind, "[unknown]", COUNTER_not_mapped);
	scene_release(&scene);
}

static void test_file_of(void **state)
{
	struct scene scene;
	struct object *file;

	(void)state;
	scene_init(&scene, "");
	file = object(&scene, OBJECT_FILE, "/lib/libc.so.6", -1);
	assert_string_equal(symbolize_file_of(scene.objects,
		&(struct frame){FRAME_FILE, file->id, 1}), "libc.so.6");
	assert_string_equal(symbolize_file_of(scene.objects,
		&(struct frame){FRAME_FILE, 9, 1}), "[unknown]");
	assert_string_equal(symbolize_file_of(scene.objects,
		&(struct frame){FRAME_KERNEL, 0, 1}), "[kernel]");
	assert_string_equal(symbolize_file_of(scene.objects,
		&(struct frame){FRAME_ANON, 0, 1}), "[jit]");
	assert_string_equal(symbolize_file_of(scene.objects,
		&(struct frame){FRAME_UNKNOWN, 0, 0}), "[unknown]");
	scene_release(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files), cmocka_unit_test(test_rewritten),
		cmocka_unit_test(test_no_descriptor_for_a_debug_file),
		cmocka_unit_test(test_no_memory_for_a_file), cmocka_unit_test(test_mangled_on_request),
		cmocka_unit_test(test_files_that_name_nothing), cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_vdso), cmocka_unit_test(test_vsyscall), cmocka_unit_test(test_anon),
		cmocka_unit_test(test_jitdump), cmocka_unit_test(test_jit_refused), cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_kernel_hidden), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_file_of),
	};

	return cmocka_run_group_tests_name("symbolize", tests, NULL, NULL);
}
