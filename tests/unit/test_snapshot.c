// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshots to bytes and back; bytes that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "made_elf.h"
#include "made_snapshot.h"
#include "runtime/cpython_offsets.h"
#include "unwind/pointers.h"

#define REGISTERS 20 /* offsets of the format: magic and version before */
#define STACK (REGISTERS + 17 * 8)
#define STACK_BYTES (STACK + 18)
#define FILES (STACK_BYTES + 8 * MADE_WORDS)
#define MAPS (FILES + 4 + 2 + 10 + 1 + 3 + 8 + 4)
#define FRAMES (MAPS + 4 + 2 * 28)
#define CAUSE (FRAMES + 4 + 8 + 1 + 2 + 4)
#define SIZE (CAUSE + 2 + 7 + 4)

static void pack(struct snapshot *snapshot, struct buf *out)
{
	*out = (struct buf){0};
	assert_int_equal(snapshot_pack(snapshot, out), 0);
}

static void same(const struct snapshot *a, const struct snapshot *b)
{
	assert_memory_equal(a->reg, b->reg, sizeof(a->reg));
	assert_int_equal(a->stack.at, b->stack.at);
	assert_int_equal(a->stack.sp, b->stack.sp);
	assert_int_equal(a->stack.from, b->stack.from);
	assert_int_equal(a->stack.len, b->stack.len);
	assert_int_equal(a->stack.full, b->stack.full);
	assert_int_equal(a->stack.in_syscall, b->stack.in_syscall);
	assert_memory_equal(a->stack.bytes + a->stack.from, b->stack.bytes + a->stack.from,
		a->stack.len - a->stack.from);
	assert_int_equal(a->n_files, b->n_files);
	assert_string_equal(a->files[0].name, b->files[0].name);
	assert_int_equal(a->files[0].build_id_size, b->files[0].build_id_size);
	assert_memory_equal(a->files[0].build_id, b->files[0].build_id, BUILD_ID_MAX);
	assert_int_equal(a->n_maps, b->n_maps);
	assert_memory_equal(a->maps, b->maps, sizeof(*a->maps));
	assert_memory_equal(a->maps + 1, b->maps + 1, 28);
	assert_int_equal(a->n_frames, b->n_frames);
	assert_int_equal(a->frames[0].address, b->frames[0].address);
	assert_int_equal(a->frames[0].fp, b->frames[0].fp);
	assert_string_equal(a->frames[0].name, b->frames[0].name);
	assert_int_equal(a->cut, b->cut);
}

static void test_round_trip(void **state)
{
	struct snapshot snapshot, again;
	struct buf bytes;

	(void)state;
	made_snapshot(&snapshot, 10);
	snapshot.reg[7] += 24;
	snapshot.stack.sp += 24;
	snapshot.stack.from = 24;
	snapshot.stack.in_syscall = true;
	snapshot.stack.full = false;
	pack(&snapshot, &bytes);
	assert_int_equal(snapshot_parse(&again, bytes.data, bytes.len), 0);
	same(&snapshot, &again);
	assert_int_equal(again.files[0].fd, -1);
	snapshot_release(&again);
	snapshot_release(&snapshot);
	buf_release(&bytes);
}

static void test_file(void **state)
{
	int fd = memfd_create("sample", MFD_CLOEXEC);
	struct snapshot snapshot, again;
	struct buf bytes;
	struct stat info;
	FILE *stream;

	(void)state;
	made_snapshot(&snapshot, 10);
	pack(&snapshot, &bytes);
	stream = fdopen(dup(fd), "w");
	assert_int_equal(snapshot_save(&bytes, stream), 0);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(fstat(fd, &info), 0);
	assert_true((size_t)info.st_size < bytes.len / 4);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(snapshot_load(&again, fd), 0);
	same(&snapshot, &again);
	snapshot_release(&again);
	/* Half of a gzip file is none. */
	assert_int_equal(ftruncate(fd, info.st_size / 2), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(snapshot_load(&again, fd), -EBADMSG);
	assert_null(again.files);
	snapshot_release(&snapshot);
	buf_release(&bytes);
	close(fd);
}

/* What a part holds is where it was, the rest is zeros, and the whole is as large as the file. */
static void test_excerpt(void **state)
{
	struct snapshot snapshot, again;
	Elf64_Ehdr header, kept;
	struct stat info, other;
	struct made made;
	struct buf bytes;
	int fd;

	(void)state;
	made_init(&made, 0x100);
	fd = made_file(&made);
	made_snapshot(&snapshot, 10);
	snapshot.files[0].fd = fd;
	snapshot.maps[1].offset = 0x1000;
	snapshot.reg[3] = 0x600010; /* leads into the file */
	pack(&snapshot, &bytes);
	assert_int_equal(snapshot_parse(&again, bytes.data, bytes.len), 0);
	assert_true(again.files[0].fd >= 0);
	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(fstat(again.files[0].fd, &other), 0);
	assert_int_equal(info.st_size, other.st_size);
	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	assert_int_equal(pread(again.files[0].fd, &kept, sizeof(kept), 0), sizeof(kept));
	assert_memory_equal(&header, &kept, sizeof(header));
	snapshot_release(&again);
	snapshot_release(&snapshot);
	buf_release(&bytes);
}

static void test_pointers(void **state)
{
	static const uint64_t expected[] = {0x2000, 0x2001, 0x200f, 0x2010, 0x2011, 0x2fff};
	struct snapshot snapshot;
	struct pointers pointers;
	uint64_t *words;

	(void)state;
	made_snapshot(&snapshot, 10);
	words = (uint64_t *)(uintptr_t)snapshot.stack.bytes;
	words[100] = 0x600010;
	words[101] = 0x600010;
	words[102] = 0x600000;   /* the address before is another file's */
	words[103] = 0x601000;   /* a return address behind the last call */
	words[104] = 0x601002;
	assert_int_equal(pointers_init(&pointers, &snapshot, 0), 0);
	assert_int_equal(pointers.n, sizeof(expected) / sizeof(*expected));
	assert_memory_equal(pointers.offsets, expected, sizeof(expected));
	pointers_release(&pointers);
	snapshot_release(&snapshot);
}

struct change {
	const char *what;
	size_t at;
	uint64_t value;
	size_t size;
};

static const struct change changes[] = {
	{"another magic", 0, 'P', 1},
	{"another version", 16, 3, 4},
	{"version 0", 16, 0, 4},
	{"a stack that starts behind its end", STACK, 8 * MADE_WORDS + 1, 8},
	{"a stack that is larger than may be", STACK + 8, SNAPSHOT_STACK_MAX + 1, 8},
	{"a stack that is larger than the file", STACK + 8, 8 * MADE_WORDS + 4096, 8},
	{"more files than may be", FILES, SNAPSHOT_FILES_MAX + 1, 4},
	{"more files than there are", FILES, 2, 4},
	{"a name that is longer than the file", FILES + 4, 0xffff, 2},
	{"a NUL in a name", FILES + 6, 0, 1},
	{"a build id that is too long", FILES + 4 + 12, BUILD_ID_MAX + 1, 1},
	{"a file that is too large", FILES + 4 + 12 + 4, SNAPSHOT_FILE_MAX + 1, 8},
	{"parts that are not there", FILES + 4 + 12 + 4 + 8, 1000, 4},
	{"maps that are not there", MAPS, 1000, 4},
	{"a map that ends where it starts", MAPS + 4 + 8, MADE_CODE, 8},
	{"maps that overlap", MAPS + 4 + 28, MADE_CODE + 0xffff, 8},
	{"an offset that wraps", MAPS + 4 + 16, UINT64_MAX, 8},
	{"a map of a file that is not there", MAPS + 4 + 24, 1, 4},
	{"more frames than may be", FRAMES, ABI_USER_FRAMES + 1, 4},
	{"frames that are not there", FRAMES, 2, 4},
	{"a cause that is none", CAUSE + 2, 'C', 1},
};

static void test_refused(void **state)
{
	struct snapshot snapshot, again;
	struct buf bytes;

	(void)state;
	made_snapshot(&snapshot, 10);
	pack(&snapshot, &bytes);
	assert_int_equal(bytes.len, SIZE);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct buf changed = {0};

		buf_append(&changed, bytes.data, bytes.len);
		memcpy(changed.data + changes[i].at, &changes[i].value, changes[i].size);
		memset(&again, 0xff, sizeof(again));
		if (snapshot_parse(&again, changed.data, changed.len) != -EBADMSG)
			fail_msg("%s is accepted", changes[i].what);
		assert_null(again.files);
		assert_int_equal(again.n_files, 0);
		buf_release(&changed);
	}
	snapshot_release(&snapshot);
	buf_release(&bytes);
}

/* A thread of CPython 3.8 with one frame, in memory made of the very pieces that a walk reads. */
static void make_python(struct snapshot_runtime *runtime)
{
	struct abi_cpython *abi = &runtime->where.abi;
	struct memory_pieces *pieces = &runtime->pieces;
	uint64_t head, word, block[ABI_CODE_BLOCK / 8] = {[24 / 8] = 0, [32 / 8] = 0x4000};
	uint64_t text[2] = {1 << 2 | 1 << 5 | 1 << 6, 4};

	assert_int_equal(cpython_offsets_of_version(abi, 0x0308, &head), 0);
	abi->interpreters = head;
	runtime->where.bias = 0x7000000;
	runtime->where.thread = 77;
	runtime->n_loops = 1;
	runtime->loop[0] = (struct cpython_range){0x100, 0x200};
	const struct {
		uint64_t address, value;
	} words[] = {{0x7000000 + head, 0x1000}, {0x1008, 0x2000}, {0x1000, 0}, {0x2000 + 176, 77},
		{0x2008, 0}, {0x2018, 0x3000}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		assert_int_equal(memory_pieces_add(pieces, words[i].address, &words[i].value, 8), 0);
	assert_int_equal(memory_pieces_add(pieces, 0x3000, block, sizeof(block)), 0);
	memset(block, 0, sizeof(block));
	memcpy((char *)block + abi->code_first_line, &(uint32_t){41}, 4);
	word = 0x5000;
	memcpy((char *)block + abi->code_file, &word, 8);
	word = 0x6000;
	memcpy((char *)block + abi->code_name, &word, 8);
	assert_int_equal(memory_pieces_add(pieces, 0x4000 + abi->code_block, block, sizeof(block)), 0);
	for (uint64_t at = 0x5000; at <= 0x6000; at += 0x1000) {
		assert_int_equal(memory_pieces_add(pieces, at + 32, &text[0], 4), 0);
		assert_int_equal(memory_pieces_add(pieces, at + 16, &text[1], 8), 0);
		assert_int_equal(memory_pieces_add(pieces, at + 48, at == 0x5000 ? "x.py" : "work", 4), 0);
	}
}

static void test_runtime(void **state)
{
	struct snapshot snapshot, again;
	struct buf bytes;

	(void)state;
	made_snapshot(&snapshot, 10);
	make_python(&snapshot.runtime);
	pack(&snapshot, &bytes);
	assert_int_equal(snapshot_parse(&again, bytes.data, bytes.len), 0);
	assert_int_equal(again.runtime.live.n, 1);
	assert_int_equal(again.runtime.live.cut, 0);
	assert_string_equal(again.runtime.live.names[0].function, "work");
	assert_string_equal(again.runtime.live.names[0].file, "x.py");
	assert_int_equal(again.runtime.loop[0].end, 0x200);
	snapshot_release(&again);
	for (size_t len = SIZE; len < bytes.len; len++)
		assert_int_equal(snapshot_parse(&again, bytes.data, len), -EBADMSG);
	snapshot_release(&snapshot);
	buf_release(&bytes);
}

/* A cause has to be one that cuts. */
static void test_cause(void **state)
{
	struct snapshot snapshot, again;
	struct buf bytes;

	(void)state;
	made_snapshot(&snapshot, 10);
	pack(&snapshot, &bytes);
	memcpy(bytes.data + CAUSE, "\4\0runs", 6);
	assert_int_equal(snapshot_parse(&again, bytes.data, CAUSE + 6), -EBADMSG);
	memcpy(bytes.data + CAUSE, "\0\0\0\0\0\0", 6);
	assert_int_equal(snapshot_parse(&again, bytes.data, CAUSE + 6), 0);
	assert_int_equal(again.cut, 0);
	snapshot_release(&again);
	assert_int_equal(snapshot_parse(&again, bytes.data, CAUSE + 2), -EBADMSG);
	bytes.data[16] = 1; /* which ended there */
	assert_int_equal(snapshot_parse(&again, bytes.data, CAUSE + 2), 0);
	snapshot_release(&again);
	snapshot_release(&snapshot);
	buf_release(&bytes);
}

/* Cut anywhere, or longer than it says. */
static void test_cut(void **state)
{
	struct snapshot snapshot, again;
	struct buf bytes;

	(void)state;
	made_snapshot(&snapshot, 10);
	pack(&snapshot, &bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		char *copy = malloc(len + 1);

		memcpy(copy, bytes.data, len);
		if (snapshot_parse(&again, copy, len) != -EBADMSG)
			fail_msg("%zu of %zu bytes are accepted", len, bytes.len);
		free(copy);
	}
	buf_putc(&bytes, 0);
	assert_int_equal(snapshot_parse(&again, bytes.data, bytes.len), -EBADMSG);
	snapshot_release(&snapshot);
	buf_release(&bytes);
}

/* More than memory should be asked for. */
static void test_bomb(void **state)
{
	int fd = memfd_create("bomb", MFD_CLOEXEC);
	struct buf zeros = {0};
	struct snapshot again;
	FILE *stream;

	(void)state;
	assert_int_equal(buf_reserve(&zeros, SNAPSHOT_BYTES_MAX + 2), 0);
	zeros.len = SNAPSHOT_BYTES_MAX + 2;
	memset(zeros.data, 0, zeros.len);
	stream = fdopen(dup(fd), "w");
	assert_int_equal(snapshot_save(&zeros, stream), 0);
	fclose(stream);
	buf_release(&zeros);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(snapshot_load(&again, fd), -E2BIG);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_excerpt),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_runtime),
		cmocka_unit_test(test_cause),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
