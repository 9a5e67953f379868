// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/PID/cgroup: the line that says most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "process/cgroup_file.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_choose(void **state)
{
	static const struct {
		const char *text, *path; /* NULL: none */
	} rows[] = {
		{"0::/system.slice/x.service\n", "/system.slice/x.service"},
		{"0::/\n", "/"},
		{"4:memory:/docker/" A "\n1:name=systemd:/system.slice/docker.service\n0::/\n", "/docker/" A},
		{"1:name=systemd:/docker/" A "\n0::/system.slice/docker-" A ".scope\n",
			"/system.slice/docker-" A ".scope"}, /* of equals v2's */
		{"0::/system.slice/docker-" A ".scope\n1:name=systemd:/docker/" A "\n",
			"/system.slice/docker-" A ".scope"},
		{"2:cpu,cpuacct:/a/b\n1:name=systemd:/init.scope\n0::/\n", "/init.scope"},
		{"2:cpu,cpuacct:/a\n1:memory:/b\n0::/\n", "/a"},
		{"9:pids:/kubepods/pod12345678-9abc-def0-1234-56789abcdef0\n1:name=systemd:/x.service\n",
			"/kubepods/pod12345678-9abc-def0-1234-56789abcdef0"},
		{"0::/../../x.service\n", "/x.service"},
		{"0::/..\n", NULL},
		{"0::/../..\n", NULL},
		{"0::/..x/y\n", "/..x/y"},
		{"0::/x.service (deleted)\n", "/x.service"},
		{"0::/a:b/x.service\n", "/a:b/x.service"},
		{"", NULL},
		{"\n\n", NULL},
		{"0::\n", NULL},
		{"0:/x\n", NULL},
		{"0::x.service\n", NULL},
		{"0::/x.service", NULL}, /* cut short */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t len = 4711;
		const char *path = cgroup_file_choose(rows[i].text, strlen(rows[i].text), &len);

		if (!rows[i].path) {
			assert_null(path);
			assert_int_equal(len, 4711);
			continue;
		}
		assert_non_null(path);
		if (len != strlen(rows[i].path) || memcmp(path, rows[i].path, len))
			fail_msg("%s: %.*s", rows[i].text, (int)len, path);
	}
}

static void test_rank(void **state)
{
	static const char *const paths[] = {"/", "/x", "/x.service",
		"/kubepods/pod12345678-9abc-def0-1234-56789abcdef0", "/docker/" A};

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(cgroup_path_rank(paths[i], strlen(paths[i])), i);
	assert_int_equal(cgroup_path_rank("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_rank),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
