// SPDX-License-Identifier: GPL-2.0-or-later
/* Paths of cgroups as the runtimes, the kubelet and systemd make them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "process/cgroup_name.h"

#define A16 "0123456789abcdef"
#define A A16 A16 A16 A16
#define B16 "fedcba9876543210"
#define B B16 B16 B16 B16
#define POD "12345678-9abc-def0-1234-56789abcdef0"
#define POD_ "12345678_9abc_def0_1234_56789abcdef0"
#define STATIC A16 A16

struct row {
	const char *path, *container, *runtime, *pod, *unit;
};

static void check(const struct row *rows, size_t n)
{
	struct cgroup_name name;

	for (size_t i = 0; i < n; i++) {
		memset(&name, 0xff, sizeof(name));
		cgroup_name_parse(&name, rows[i].path, strlen(rows[i].path));
		if (strcmp(name.container, rows[i].container) || strcmp(name.runtime, rows[i].runtime) ||
			strcmp(name.pod, rows[i].pod) || strcmp(name.unit, rows[i].unit))
			fail_msg("%s: container '%s' runtime '%s' pod '%s' unit '%s'", rows[i].path,
				name.container, name.runtime, name.pod, name.unit);
	}
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof(*rows))

static void test_docker(void **state)
{
	static const struct row rows[] = {
		{"/docker/" A, A, "docker", "", ""},
		{"/system.slice/docker-" A ".scope", A, "docker", "", "docker-" A ".scope"},
		{"/docker/" A "/docker/" B, B, "docker", "", ""}, /* docker in docker */
		{"/system.slice/docker-" A ".scope/docker/" B, B, "docker", "", "docker-" A ".scope"},
		{"/docker/buildx/docker/" A, A, "docker", "", ""},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" A ".scope", A, "docker",
			"", "docker-" A ".scope"}, /* rootless */
		{"/docker/" A "/init", A, "docker", "", ""},
		{"/parent/" A, A, "", "", ""}, /* --cgroup-parent */
		{"/../../docker/" A, A, "docker", "", ""},
		{"/../" A, A, "", "", ""},
		{"/system.slice/nerdctl-" A ".scope", A, "containerd", "", "nerdctl-" A ".scope"},
	};

	(void)state;
	CHECK(rows);
}

static void test_kubernetes(void **state)
{
	static const struct row rows[] = {
		/* cgroupfs */
		{"/kubepods/pod" POD "/" A, A, "", POD, ""},
		{"/kubepods/burstable/pod" POD "/" A, A, "", POD, ""},
		{"/kubepods/besteffort/pod" STATIC "/" A, A, "", STATIC, ""},
		{"/kubepods/besteffort/pod" POD "/crio-" A, A, "cri-o", POD, ""},
		{"/kubepods/besteffort/pod" POD, "", "", POD, ""},
		{"/kubelet/kubepods/pod" POD "/" A, A, "", POD, ""},
		{"/docker/" B "/kubelet/kubepods/pod" POD "/" A, A, "", POD, ""}, /* kind */
		/* systemd */
		{"/kubepods.slice/kubepods-pod" POD_ ".slice/cri-containerd-" A ".scope", A, "containerd", POD,
			"cri-containerd-" A ".scope"},
		{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_ ".slice/crio-" A
		 ".scope",
			A, "cri-o", POD, "crio-" A ".scope"},
		{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" STATIC ".slice/docker-" A
		 ".scope",
			A, "docker", STATIC, "docker-" A ".scope"},
		{"/kubepods.slice/kubepods-pod" POD_ ".slice/crio-" A ".scope/container", A, "cri-o", POD,
			"crio-" A ".scope"},
		{"/kubepods.slice/kubepods-pod" POD_ ".slice/crio-conmon-" A ".scope", "", "", POD,
			"crio-conmon-" A ".scope"},
		{"/kubepods.slice/kubepods-pod" POD_ ".slice", "", "", POD, "kubepods-pod" POD_ ".slice"},
		/* kind on a host with systemd */
		{"/system.slice/docker-" B ".scope/kubelet.slice/kubelet-kubepods.slice/"
		 "kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" POD_
		 ".slice/cri-containerd-" A ".scope",
			A, "containerd", POD, "cri-containerd-" A ".scope"},
		/* docker in a pod */
		{"/kubepods.slice/kubepods-pod" POD_ ".slice/cri-containerd-" A ".scope/docker/" B, B, "docker",
			POD, "cri-containerd-" A ".scope"},
		/* a path of systemd's form given to the cgroupfs driver */
		{"/system.slice/containerd.service/kubepods-burstable-pod" POD_ ".slice:cri-containerd:" A, A,
			"containerd", POD, "containerd.service"},
		{"/kubepods-burstable-pod" POD_ ".slice:cri-containerd:" A, A, "containerd", POD, ""},
		/* seen from a pod's own cgroup namespace */
		{"/../../kubepods-pod" POD_ ".slice/cri-containerd-" A ".scope", A, "containerd", POD,
			"cri-containerd-" A ".scope"},
	};

	(void)state;
	CHECK(rows);
}

static void test_podman(void **state)
{
	static const struct row rows[] = {
		{"/machine.slice/libpod-" A ".scope", A, "podman", "", "libpod-" A ".scope"},
		{"/machine.slice/libpod-" A ".scope/container", A, "podman", "", "libpod-" A ".scope"},
		{"/machine.slice/libpod-conmon-" A ".scope", "", "", "", "libpod-conmon-" A ".scope"},
		{"/libpod_parent/libpod-" A, A, "podman", "", ""},
		{"/libpod_parent/libpod-conmon-" A, "", "", "", ""},
		{"/libpod_parent/conmon", "", "", "", ""},
		{"/machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope", A, "podman", "",
			"libpod-" A ".scope"},
		{"/machine.slice/machine-libpod_pod_" B ".slice", "", "", "",
			"machine-libpod_pod_" B ".slice"},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope/container", A,
			"podman", "", "libpod-" A ".scope"},
		{"/system.slice/web.service/libpod-payload-" A, A, "podman", "", "web.service"},
		{"/system.slice/web.service/runtime", "", "", "", "web.service"},
	};

	(void)state;
	CHECK(rows);
}

static void test_others(void **state)
{
	static const struct row rows[] = {
		{"/ecs/0123-task/" A, A, "", "", ""},
		{"/ecs/" A16 A16 "/" A16 A16 "-3914536472", A16 A16 "-3914536472", "ecs", "", ""},
		{"/garden/01234567-89ab-cdef-0123-4567", "01234567-89ab-cdef-0123-4567", "garden", "", ""},
		{"/01234567-89ab-cdef-0123-4567", "", "", "", ""},
		{"/lxc.payload.web/system.slice/nginx.service", "", "", "", ""},
		{"/", "", "", "", ""},
		{"", "", "", "", ""},
		{"/..", "", "", "", ""},
		{"//", "", "", "", ""},
	};

	(void)state;
	CHECK(rows);
}

static void test_units(void **state)
{
	static const struct row rows[] = {
		{"/init.scope", "", "", "", "init.scope"},
		{"/system.slice/nginx.service", "", "", "", "nginx.service"},
		{"/system.slice/nginx.service/worker", "", "", "", "nginx.service"},
		{"/system.slice/nginx.service/fake.service", "", "", "", "nginx.service"},
		{"/system.slice/system-getty.slice/getty@tty1.service", "", "", "", "getty@tty1.service"},
		{"/system.slice/a\\x2db.service", "", "", "", "a\\x2db.service"},
		{"/system.slice/_cpu.service", "", "", "", "cpu.service"}, /* cg_escape() */
		{"/system.slice/__x.service", "", "", "", "_x.service"},
		{"/system.slice/cups.socket", "", "", "", "cups.socket"},
		{"/user.slice/user-1000.slice/session-3.scope", "", "", "", "session-3.scope"},
		{"/user.slice/user-1000.slice/user@1000.service", "", "", "", "user@1000.service"},
		{"/user.slice/user-1000.slice/user@1000.service/init.scope", "", "", "", "init.scope"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-7.scope", "", "", "",
			"app-firefox-7.scope"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/x.service/fake.scope", "", "", "",
			"x.service"},
		{"/user.slice/user-1000.slice", "", "", "", "user-1000.slice"},
		{"/system.slice/docker-" A ".scope/system.slice/kubelet.service", A, "docker", "",
			"kubelet.service"}, /* systemd in a container */
		{"/docker/" A "/system.slice/ssh.service", A, "docker", "", "ssh.service"},
		{"/foo/system.slice/x.service", "", "", "", ""}, /* not systemd's */
		/* no unit's names */
		{"/system.slice/.service", "", "", "", "system.slice"},
		{"/system.slice/a b.service", "", "", "", "system.slice"},
		{"/system.slice/@x.service", "", "", "", "system.slice"},
		{"/system.slice/x@.service", "", "", "", "system.slice"},
		{"/system.slice/_", "", "", "", "system.slice"},
		{"/system.slice/x.service (deleted)", "", "", "", "system.slice"},
	};

	(void)state;
	CHECK(rows);
}

/* Nearly right. */
static void test_not_ids(void **state)
{
	static const struct row rows[] = {
		{"/docker/" A "0", "", "", "", ""},
		{"/docker/0123456789ABCDEF" A16 A16 A16, "", "", "", ""},
		{"/docker/g123456789abcdef" A16 A16 A16, "", "", "", ""},
		{"/docker/" A16 A16 A16, "", "", "", ""},
		{"/system.slice/evil-" A ".scope", "", "", "", "evil-" A ".scope"},
		{"/system.slice/docker_" A ".scope", "", "", "", "docker_" A ".scope"},
		{"/system.slice/docker-0" A ".scope", "", "", "", "docker-0" A ".scope"},
		{"/system.slice/docker-" A ".service", "", "", "", "docker-" A ".service"},
		{"/system.slice/var-lib-docker-containers-" A "-mounts-shm.mount", "", "", "",
			"var-lib-docker-containers-" A "-mounts-shm.mount"},
		{"/system.slice/-" A ".scope", "", "", "", "-" A ".scope"},
		{"/pod" POD, "", "", "", ""}, /* without a kubelet */
		{"/kubepods/pod" POD "0", "", "", "", ""},
		{"/kubepods/pod", "", "", "", ""},
		{"/kubepods.slice/kubepods-pod" POD ".slice", "", "", "", "kubepods-pod" POD ".slice"},
		{"/kubepods.slice/kubepods-pod.slice", "", "", "", "kubepods-pod.slice"},
		{"/ecs/x/" A16 A16 "-", "", "", "", ""},
		{"/ecs/x/" A16 A16 "-1x", "", "", "", ""},
		{"/garden/01234567-89ab-cdef-0123-45678", "", "", "", ""},
	};

	(void)state;
	CHECK(rows);
}

/* A component at the ends of what a unit may have, and a path of nothing but slashes and dots. */
static void test_lengths(void **state)
{
	char path[8192];
	struct cgroup_name name;

	(void)state;
	snprintf(path, sizeof(path), "/%0247d.service", 1);
	cgroup_name_parse(&name, path, strlen(path));
	assert_string_equal(name.unit, path + 1);
	snprintf(path, sizeof(path), "/%0248d.service", 1);
	cgroup_name_parse(&name, path, strlen(path));
	assert_string_equal(name.unit, "");
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 3 ? '.' : '/';
	cgroup_name_parse(&name, path, sizeof(path));
	assert_string_equal(name.unit, "");
	cgroup_name_parse(&name, "/docker/" A "0", strlen("/docker/" A)); /* len counts, not a NUL */
	assert_string_equal(name.container, A);
}

static void test_is(void **state)
{
	struct cgroup_name name;

	(void)state;
	cgroup_name_parse(&name, "/kubepods/pod" POD "/" A, strlen("/kubepods/pod" POD "/" A));
	assert_true(cgroup_name_is(&name, "012345"));
	assert_true(cgroup_name_is(&name, A));
	assert_true(cgroup_name_is(&name, POD));
	assert_false(cgroup_name_is(&name, "123456"));
	assert_false(cgroup_name_is(&name, "12345678-9abc"));
	assert_false(cgroup_name_is(&name, A "0"));
	cgroup_name_parse(&name, "/", 1);
	assert_false(cgroup_name_is(&name, A));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker),
		cmocka_unit_test(test_kubernetes),
		cmocka_unit_test(test_podman),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_not_ids),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
