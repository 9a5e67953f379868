# SPDX-License-Identifier: GPL-2.0-or-later
"""Code made at run time: named by what its JIT left, at the time of the samples, or not at all."""
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from profound import assert_share, bare, ends_with, user_part, wait_until


def below(run, caller, comm="rejit"):
    """What ran below a caller: {frame: samples}, but for the handler of the timer that ends it."""
    found = {}
    for stack, n in run.of(comm).items():
        user = user_part(stack)
        if user[-1:] == ["spin_end"]:
            continue
        if caller in {frame.split(" (")[0] for frame in user[:-1]}:
            found[user[-1]] = found.get(user[-1], 0) + n
    return found


def assert_only(found, names, population):
    assert set(found) <= set(names), found
    assert sum(found.values()) >= population, found


def assert_all(found, name, population):
    """But for a sample in the code before its loop, where addresses are another function's too."""
    total = sum(found.values())
    assert total >= population, found
    assert found.get(name, 0) >= 0.98 * total, found


@pytest.mark.parametrize("map", [[], ["map"]], ids=["alone", "beside a perf-map"])
def test_function_in_anothers_place(record, build, tmp_path, map):
    """beta covers what was alpha's, but runs elsewhere: each address is that of whoever ran at it."""
    run = record("-F", "999", "--", build("rejit"), 0.7, "beside", tmp_path, *map)
    assert_all(below(run, "run_alpha"), "alpha", 300)
    assert_all(below(run, "run_beta"), "beta", 300)
    assert_all(below(run, "run_moved"), "beta", 300)
    assert run.stats["notes"]["jit_map_refused"] == run.stats["notes"]["jit_map_lines_refused"] == 0


def test_addresses_of_two_functions(record, build, tmp_path):
    """Both ran at the same addresses: nobody is called what it may not have been, and the cause is told."""
    run = record("-F", "999", "--", build("rejit"), 0.7, "same", tmp_path, "map")
    assert_only(below(run, "run_alpha"), {"alpha", "[jit]"}, 300)
    assert_only(below(run, "run_beta"), {"beta", "[jit]"}, 300)
    assert_all(below(run, "run_moved"), "beta", 300)
    assert run.stats["frames"]["unnamed_by_cause"]["code_moved"] >= 600


def test_source_lines(record, build, tmp_path):
    run = record("-F", "999", "--lines", "--", build("rejit"), 0.5, "beside", tmp_path)
    assert_all(below(run, "run_alpha"), "alpha (up.src:42)", 200)
    assert_all(below(run, "run_moved"), "beta (up.src:42)", 200)


def test_only_the_later_function_was_sampled(target, record_while, tmp_path):
    rejit = target("rejit", 1, "same", tmp_path, "map")
    rejit.wait_for("beta")
    run = record_while(rejit, "-F", "999")
    assert_all(below(run, "run_beta"), "beta", 300)
    assert_all(below(run, "run_moved"), "beta", 300)


def test_deleted_jitdump(target, record_while, tmp_path):
    """A path that leads elsewhere by now is not followed: the file that was mapped is read."""
    rejit = target("rejit", 1, "beside", tmp_path)
    rejit.wait_for("alpha")
    path = tmp_path / f"jit-{rejit.pid}.dump"
    path.unlink()
    path.symlink_to("/etc/passwd")
    run = record_while(rejit, "-F", "999")
    assert_all(below(run, "run_moved"), "beta", 300)


def test_jitdump_of_another_user(target, record_while, tmp_path):
    """One that somebody else may have written says nothing, and it is told."""
    rejit = target("rejit", 0.7, "beside", tmp_path)
    rejit.wait_for("alpha")
    os.chown(tmp_path / f"jit-{rejit.pid}.dump", 12345, 12345)
    run = record_while(rejit, "-F", "999")
    assert_only(below(run, "run_moved"), {"[jit]"}, 300)
    assert run.stats["notes"]["jit_map_refused"] == 1
    assert "jit map refused" in run.stderr


def test_in_a_container(build, target, start):
    """Its own pids and its own /tmp, which end with it."""
    inside = "/dev/shm/profound-rejit"
    shutil.copy(build("rejit"), inside)
    try:
        shell = target(pathlib.Path("/bin/sh"), "-c", f"mount -t tmpfs tmpfs /tmp; {inside} 1 beside /tmp map; true",
                       before=["unshare", "--mount", "--pid", "--fork", "--kill-child"])
        shell.wait_for("alpha")
        recording = start("--comm", "profound-rejit", "-F", "999")
        shell.finish()
        recording.signal(signal.SIGINT)
        run = recording.finish()
    finally:
        os.unlink(inside)
    assert_all(below(run, "run_beta", "profound-rejit"), "beta", 300)
    assert_all(below(run, "run_moved", "profound-rejit"), "beta", 300)


HOSTILE = {
    "fifo": "mkfifo $map",
    "device": "ln -s /dev/zero $map",
    "link": "ln -s /etc/shadow $map",
    "link to the host": "ln -s /proc/1/root/etc/shadow $map",
    "magic link": "exec 7<$names; ln -s /proc/self/fd/7 $map",
    "link to its own": "cp $names $map.real; ln -s $map.real $map",
    "another's": "cp $names $map; chown 12345 $map",
    "directory": "mkdir $map",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_perf_map(build, target, record, kind):
    """In a container, by the name that its first process has there: refused, told, and nothing named by it."""
    inside, names = "/dev/shm/profound-jit", pathlib.Path("/dev/shm/profound-jit.names")
    shutil.copy(build("jit"), inside)
    names.write_text("".join(f"{i:x}0000000 10000000 wrong\n" for i in range(0x55555, 0x80000)))
    script = f"mount -t tmpfs tmpfs /tmp; names={names}; map=/tmp/perf-1.map; " \
             f"{HOSTILE[kind]}; exec {inside} 60"
    try:
        shell = target(pathlib.Path("/bin/sh"), "-c", script, before=["unshare", "--mount", "--pid", "--fork",
                                                                     "--kill-child"])
        shell.wait_for("begin")
        run = record("--comm", "profound-jit", "-F", "999", "-d", "1")
    finally:
        os.unlink(inside)
        names.unlink()
    assert_share(run.of("profound-jit"), lambda s: ends_with(s, ("main", "run_jit", "[jit]", "[jit]")), 0.99, 200)
    assert run.stats["notes"]["jit_map_refused"] == 1


def test_sparse_perf_map(target, record_while):
    """10 GB of nothing behind what is right."""
    jit = target("jit", 1, "map")
    jit.wait_for("begin")
    path = f"/tmp/perf-{jit.pid}.map"
    try:
        os.truncate(path, 10 << 30)
        run = record_while(jit, "-F", "999")
    finally:
        os.unlink(path)
    assert_share(run.of("jit"), lambda s: ends_with(s, ("main", "run_jit", "jit_outer", "jit_inner")), 0.99, 500)
    assert run.stats["notes"]["jit_map_lines_refused"] == 1
    assert run.stats["cost"]["cpu_seconds"] < 2


def test_causes_are_listed():
    code, out, _ = bare("list", "causes")
    assert code == 0
    for cause in ("code_moved", "jit_map_refused", "jit_map_lines_refused", "jitdump_other_clock"):
        assert cause in out.decode()


SPIN_JS = """
function inner(n) { let s = 0; for (let i = 0; i < n; i++) s = (s * 31 + i) | 0; return s }
function outer(n) { let s = 0; for (let i = 0; i < 100; i++) s += inner(n + i); return s }
const end = process.cpuUsage().user + 2e6; let x = 0;
while (process.cpuUsage().user < end) x += outer(1000);
"""


@pytest.mark.parametrize("how", ["--perf-basic-prof", "--perf-prof"])
def test_node(record, tmp_path, how):
    node = shutil.which("node")
    if not node:
        pytest.skip("no node on this machine")
    if subprocess.run([node, how, "-e", "0"], cwd=tmp_path, capture_output=True).returncode:
        pytest.skip(f"this node has no {how}")
    script = tmp_path / "spin.js"
    script.write_text(SPIN_JS)
    # Its perf-map and jitdump are written to /tmp and the working directory.
    run = record("-F", "999", "--", node, how, "--no-turbo-inlining", script, cwd=tmp_path)
    ran = [stack for stack in run.of("node")]
    assert_share(run.of("node"), lambda s: any("inner" in f and "spin.js" in f for f in user_part(s)[-2:]), 0.8, 1000)
    assert_share(run.of("node"), lambda s: not any(f == "[jit]" for f in s), 0.98, 1000)
    for stack in ran:
        frames = [f for f in user_part(stack) if "spin.js" in f]
        wrong = [i for i, f in enumerate(frames[:-1]) if "inner" in f]
        assert not wrong, f"inner calls nothing: {stack}"
    assert run.stats["notes"]["jit_map_refused"] == 0


SPIN_JAVA = """
public class Spin {
    static int inner(int n) { int s = 0; for (int i = 0; i < n; i++) s = s * 31 + i; return s; }
    static int outer(int n) { return inner(n) + 1; }
    public static void main(String[] arguments) {
        int x = 0;
        for (long round = 0; ; round++) {
            x += outer(10000 + (x & 7));
            if (round == 200000) System.out.println("warm " + (x & 1));
        }
    }
}
"""


def javas():
    """Those that are installed, or the one in PATH."""
    found = sorted(pathlib.Path("/usr/lib/jvm").glob("*/bin/jcmd")) or [shutil.which("jcmd")]
    return list({os.path.realpath(jcmd): pathlib.Path(jcmd).parent for jcmd in found if jcmd}.values())


@pytest.mark.parametrize("bin", javas() or [None], ids=str)
def test_java(target, record, tmp_path, bin):
    if not bin:
        pytest.skip("no JDK (jcmd) on this machine")
    source = tmp_path / "Spin.java"
    source.write_text(SPIN_JAVA)
    java = target(bin / "java", "-XX:+PreserveFramePointer", "-XX:TieredStopAtLevel=1", "-XX:-Inline",
                  source)
    java.wait_for("warm")
    path = pathlib.Path(f"/tmp/perf-{java.pid}.map")
    subprocess.run([bin / "jcmd", str(java.pid), "Compiler.perfmap"], check=True, capture_output=True)
    wait_until(path.exists, what="the perf-map")
    try:
        run = record("-p", java.pid, "-F", "999", "-d", "2")
    finally:
        path.unlink()
    assert_share(run.of("java"), lambda s: "Spin.inner" in "".join(user_part(s)[-1:]), 0.95, 500)
    assert run.stats["notes"]["jit_map_refused"] == run.stats["notes"]["jit_map_lines_refused"] == 0
