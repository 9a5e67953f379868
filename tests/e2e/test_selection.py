# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is sampled: each filter keeps its own and nothing else, beside others that work as hard."""
import contextlib
import os
import pathlib

import pytest

from profound import assert_share, ends_with

CHAIN = ("alpha", "bravo", "charlie", "delta", "spin")
DAEMON = 1  # Debian's; nobody is who parses files for us


@pytest.fixture
def noise(target):
    """Another program that is busy all the time, on every CPU, and must not show up."""
    return [target("deep", 60, 5) for _ in range(2)]


def only_chain(run, population=150):
    assert set(run.comms()) == {"chain"}, run.comms()
    assert_share(run.of("chain"), lambda stack: ends_with(stack, CHAIN), 0.99, population)


def test_pids(noise, target, record):
    """-p PID,PID: both, and nobody else."""
    chains = [target("chain", 60) for _ in range(2)]
    for chain in chains:
        chain.wait_for("begin")
    run = record("-p", ",".join(str(chain.pid) for chain in chains), "-F", "999", "-d", "2")
    only_chain(run)
    one = record("-p", chains[0].pid, "-F", "999", "-d", "2")
    only_chain(one)
    assert sum(one.folded.values()) < 0.75 * sum(run.folded.values())


@pytest.mark.parametrize("option", ["-t", "-L"])
def test_thread(noise, target, record, option):
    threads = target("threads", 60)
    wanted = None
    while wanted is None:
        for task in pathlib.Path(f"/proc/{threads.pid}/task").iterdir():
            if (task / "comm").read_text().strip() == "left":
                wanted = task.name
    run = record(option, wanted, "-F", "999", "-d", "2")
    assert set(run.comms()) == {"left"}, run.comms()
    assert_share(run.of("left"), lambda stack: ends_with(stack, ("left_chain", "left_work")), 0.99, 200)


@pytest.mark.parametrize("user", ["1", "daemon"])
def test_user(noise, target, record, user):
    chain = target("chain", 60, user=DAEMON)
    chain.wait_for("begin")
    only_chain(record("-u", user, "-F", "999", "-d", "2"))


def test_effective_user(noise, target, record):
    """-u means the effective uid: a program of root's that took another effective uid is that user's."""
    chain = target("chain", 60, before=["setpriv", "--euid", str(DAEMON), "--"])
    chain.wait_for("begin")
    only_chain(record("-u", DAEMON, "-F", "999", "-d", "2"))


def test_comm(noise, target, record):
    target("threads", 60)
    run = record("--comm", "left", "--comm", "right", "-F", "999", "-d", "3")
    assert set(run.comms()) == {"left", "right"}, run.comms()
    assert not record("--comm", "lef", "-F", "999", "-d", "1").folded, "--comm is an exact name"


def test_cpus(target, record):
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        pytest.skip("one CPU only: there is no other CPU to leave out")
    chain = target("chain", 60, before=["taskset", "-c", str(cpus[1])])
    deep = target("deep", 60, 5, before=["taskset", "-c", str(cpus[0])])
    chain.wait_for("begin")
    deep.wait_for("begin")
    ours = record("-C", cpus[1], "-p", f"{chain.pid},{deep.pid}", "-F", "999", "-d", "2")
    assert ours.comms()["chain"] > 200 and ours.comms()["deep"] == 0, ours.comms()
    run = record("-C", cpus[1], "-F", "999", "-d", "2")
    expected = 999 * run.stats["time"]["sampled_seconds"]
    assert abs(run.stats["samples"]["expected"] - expected) < 0.1 * expected, "one CPU's worth of samples"


def test_anded(noise, target, record):
    """Kinds of selection are ANDed, values of one kind ORed."""
    ours, other = target("chain", 60), target("chain", 60, user=DAEMON)
    ours.wait_for("begin")
    other.wait_for("begin")
    both = f"{ours.pid},{other.pid}"
    run = record("-p", both, "-u", "daemon", "-F", "999", "-d", "2")
    only_chain(run, 100)
    assert sum(run.folded.values()) < 999 * 2 * 1.1, "one of the two, on one CPU at a time"
    assert not record("-p", both, "--comm", "deep", "-F", "999", "-d", "1").folded


def hierarchy(kind):
    """A cgroup mount point of that kind that can be written to, or None."""
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, point, fstype, options, *_ = line.split()
        named = any(option.startswith("name=") for option in options.split(","))
        if (kind == "v2" and fstype == "cgroup2") or \
                (kind == "named" and fstype == "cgroup" and named) or \
                (kind == "v1" and fstype == "cgroup" and "memory" in options.split(",")):
            return pathlib.Path(point)
    return None


@contextlib.contextmanager
def cgroup(kind):
    point = hierarchy(kind)
    if point is None:
        pytest.skip(f"no cgroup hierarchy of kind {kind} is mounted")
    group = point / f"profound-test-{os.getpid()}"
    child = group / "child"
    group.mkdir()
    try:
        child.mkdir()
        yield group, child
    finally:
        for path in (child, group):
            with contextlib.suppress(FileNotFoundError):
                path.rmdir()


@pytest.mark.parametrize("kind", ["v2", "v1", "named"])
def test_cgroup(noise, target, record, kind):
    """-G of each hierarchy: the group, and its child groups."""
    with cgroup(kind) as (group, child):
        outer, below = target("chain", 60), target("deep", 60, 5)
        (group / "cgroup.procs").write_text(str(outer.pid))
        (child / "cgroup.procs").write_text(str(below.pid))
        try:
            for one in (outer, below):
                one.wait_for("begin")
            both = record("-G", group, "-F", "999", "-d", "2")
            inner = record("-G", child, "-F", "999", "-d", "2")
        finally:
            for one in (outer, below):
                one.kill()
    assert set(both.comms()) == {"chain", "deep"} and min(both.comms().values()) >= 150, both.comms()
    assert set(inner.comms()) == {"deep"} and inner.comms()["deep"] >= 150, inner.comms()


def test_pid_namespace(noise, build, record):
    """Inside a pid namespace, -p means the pid as it is there."""
    script = f'{build("chain")} 30 >/dev/null & pid=$!; sleep 0.3; ' \
             f'"$@" -p "$pid"; code=$?; kill "$pid"; exit "$code"'
    before = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script, "sh"]
    only_chain(record("-F", "999", "-d", "2", before=before))


def test_pid_namespace_everything(build, record):
    """Inside a pid namespace, -a sees the others without their pids: nothing is said of them that is not known."""
    script = f'{build("chain")} 30 >/dev/null & pid=$!; sleep 0.3; ' \
             f'"$@"; code=$?; kill "$pid"; exit "$code"'
    before = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script, "sh"]
    run = record("-F", "999", "-d", "2", before=before)
    assert_share(run.of("chain"), lambda stack: ends_with(stack, CHAIN), 0.99, 150)


def test_follows_children(target, record):
    """Forks, execs and orphans of a selected process, from their first instruction on."""
    for mode, comm, chain, clock in (
            ("fork", "family", ("child_chain", "child_work"), "child"),
            ("exec", "exe", ("child_chain", "child_work"), "child"),
            ("double", "family", ("orphan_chain", "orphan_work"), "orphan")):
        family = target("family", mode, 2)
        family.wait_for("begin")
        run = record("-p", family.pid, "-F", "999", "-d", "4")
        cpu = sum(value for name, value in family.finish() if name == clock)
        stacks = {s: n for s, n in run.of(comm).items() if ends_with(s, chain)}
        found = sum(stacks.values()) / 999
        assert found > 0.9 * min(cpu, 3.9), f"{mode}: {found:.2f} s of {cpu:.2f} s in samples\n{run.comms()}"
        assert set(run.comms()) <= {"family", "exe"}, run.comms()
