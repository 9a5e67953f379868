// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_profile.h"

#include <errno.h>
#include <unistd.h>

#include "import/import.h"

static int read_bytes(struct import *import, const void *bytes, size_t len, struct fault *fault)
{
	char path[] = "/tmp/test_import.XXXXXX";
	int fd = mkstemp(path), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	err = import_file(import, path, NULL, fault);
	unlink(path);
	return err;
}

/* What is read comes out as folded lines again. */
static void expect(const char *text, const char *expected)
{
	struct import import = {0};
	struct fault fault = {0};
	char *got;

	if (read_bytes(&import, text, strlen(text), &fault))
		fail_msg("%s", fault.text);
	assert_int_equal(import_finish(&import), 0);
	got = made_text(folded_write, &import.profile, &import.trust);
	assert_string_equal(got, expected);
	free(got);
	import_release(&import);
}

static void ours_come_back(void **state)
{
	(void)state;
	expect("db 6\ndb;[truncated: no_unwind_info];[libx.so+0x12] 5\nweb;foo 1;bar baz;vfs_read_[k] 7\n",
		"db 6\ndb;[truncated: no_unwind_info];[libx.so+0x12] 5\nweb;foo 1;bar baz;vfs_read_[k] 7\n");
	expect("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
