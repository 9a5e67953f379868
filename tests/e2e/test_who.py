# SPDX-License-Identifier: GPL-2.0-or-later
"""Who ran it: the container, pod, unit and program of every sample, and --container, by cgroups with runtimes' names."""
import contextlib
import os
import re
import secrets
import subprocess

import pytest

import profound
from profound import assert_share, ends_with
from test_selection import hierarchy

CHAIN = ("alpha", "bravo", "charlie", "delta", "spin")
LINE = re.compile(r"who +(\d+) (\S+) in(?: container (\S+))?(?: of (\S+))?(?: pod (\S+))?(?: unit (\S+))?"
                  r"(?: cgroup (.+))?( \?)?")


@contextlib.contextmanager
def cgroups(kind, *paths):
    """Directories below a test's own cgroup, with what they need above them; all are removed."""
    point = hierarchy(kind)
    if point is None:
        pytest.skip(f"no cgroup hierarchy of kind {kind} is mounted")
    root = point / f"profound-who-{os.getpid()}-{secrets.token_hex(4)}"
    made = []
    try:
        for path in paths:
            full = root
            for part in ("", *path.split("/")):
                full = full / part if part else full
                if not full.exists():
                    full.mkdir()
                    made.append(full)
        yield [root / path for path in paths]
    finally:
        for path in reversed(made):
            profound.wait_until(lambda: removed(path), 5, f"{path} is empty")


def removed(path):
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


@contextlib.contextmanager
def service(name):
    """The cgroup of a unit is at the top: in one that is no slice there are none."""
    path = hierarchy("v2") / f"{name}.service"
    path.mkdir()
    try:
        yield path
    finally:
        profound.wait_until(lambda: removed(path), 5, f"{path} is empty")


def enter(path, target):
    (path / "cgroup.procs").write_text(str(target.pid))
    target.wait_for("begin")


def inside(path):
    """A command prefix: what follows runs in that cgroup from its exec on."""
    return ["sh", "-ec", f'echo $$ >{path}/cgroup.procs; exec "$@"', "sh"]


def who(run):
    """[(samples, program, container, runtime, pod, unit)] of -v."""
    rows = [LINE.fullmatch(line) for line in run.stderr.splitlines() if line.startswith("who ")]
    assert rows and all(rows), run.stderr
    return [(int(row[1]), *row.groups()[1:6]) for row in rows]


def new_id():
    return secrets.token_hex(32)


POD = "0f3d5d3a-8a42-4b6e-9d2f-3c1e5a7b9d11"


def pod_slice(uid):
    return f"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{uid.replace('-', '_')}.slice"


@pytest.mark.parametrize("kind", ["v2", "v1", "named"])
def test_container(target, record, kind):
    """--container: by the first digits of the id, in any hierarchy; what its own children run is its own, too."""
    ours, other = new_id(), new_id()
    with cgroups(kind, f"docker-{ours}.scope/below", f"docker-{other}.scope", f"docker-{ours}.scope") as made:
        below, beside, top = made
        chain, deep, third = target("chain", 60), target("deep", 60, 5), target("chain", 60)
        try:
            for path, one in ((top, chain), (beside, deep), (below, third)):
                enter(path, one)
            run = record("--container", ours[:12], "-F", "999", "-d", "2", "-v")
            assert set(run.comms()) == {"chain"}, run.comms()
            assert_share(run.of("chain"), lambda stack: ends_with(stack, CHAIN), 0.99, 300)
            both = record("--container", ours, "--container", other[:6], "-F", "999", "-d", "1")
            assert set(both.comms()) == {"chain", "deep"}, both.comms()
            anded = record("--container", ours, "-G", beside, "-F", "999", "-d", "1")
            assert not anded.folded, "kinds of selection are ANDed"
        finally:
            for one in (chain, deep, third):
                one.kill()
    assert {row[2] for row in who(run)} == {ours}, run.stderr
    assert {row[3] for row in who(run)} == {"docker"}
    assert {os.path.basename(row[1]) for row in who(run)} == {"chain"}


def test_pod(target, record):
    """A pod's UID selects all its containers, those that come later too."""
    first, second = new_id(), new_id()
    folder = pod_slice(POD)
    with cgroups("v2", f"{folder}/cri-containerd-{first}.scope", f"{folder}/crio-{second}.scope", "docker") as made:
        chain, deep, noise = target("chain", 60), target("deep", 60, 5), target("storm", 60)
        try:
            for path, one in zip(made, (chain, deep, noise)):
                enter(path, one)
            run = record("--container", POD, "-F", "999", "-d", "2", "-v")
        finally:
            for one in (chain, deep, noise):
                one.kill()
    assert set(run.comms()) == {"chain", "deep"}, run.comms()
    assert {row[2:] for row in who(run)} == {
        (first, "containerd", POD, None),
        (second, "cri-o", POD, None)}, run.stderr


def test_refused():
    ours, other = "abcdef" + new_id()[6:], "abcdef" + new_id()[6:]
    with cgroups("v2", f"docker-{ours}.scope", f"docker-{other}.scope"):
        code, _, text = profound.bare("record", "--container", "abcdef", "-d", "1", "-o", "-")
        assert code == 1 and ours in text and other in text and "more digits" in text, text
        code, _, text = profound.bare("record", "--container", "123456", "-d", "1", "-o", "-")
        assert code == 1 and "no such container" in text and "seen: " in text, text


def test_twice():
    """Who may make cgroups may call one as a container's is called: neither is taken for it."""
    ours = new_id()
    with cgroups("v2", f"docker-{ours}.scope", f"user.slice/docker-{ours}.scope") as paths:
        code, _, text = profound.bare("record", "--container", ours, "-d", "1", "-o", "-")
        assert code == 1 and all(str(path) in text for path in paths) and "-G" in text, text


@pytest.mark.parametrize("kind", ["v2", "named"])
def test_short_lived(start, target, kind):
    """Programs of a few milliseconds in a container: every sample of theirs has its container and program."""
    ours = new_id()
    with cgroups(kind, f"libpod-{ours}.scope") as (path,):
        recording = start("-F", "1999", "-v", "-G", path)
        spawner = target("spawner", 2000, "/bin/true", before=inside(path))
        spawner.finish()
        recording.signal(2)
        run = recording.finish()
    rows = who(run)
    total = sum(row[0] for row in rows)
    short = [row for row in rows if row[1].endswith("/true")]
    assert sum(row[0] for row in short) >= 200, run.stderr
    named = sum(row[0] for row in rows if row[2] == ours)
    if kind == "v2":
        assert named == total, run.stderr
    assert all(row[2] in (ours, None) for row in rows), run.stderr
    known = sum(row[0] for row in rows if row[1] != "?")
    assert known >= 0.99 * total, run.stderr


def test_container_gone_before_the_end(target, start):
    """A container that ended, and its cgroup with it, before its samples were read out."""
    ours = new_id()
    with cgroups("v2", f"crio-{ours}.scope") as (path,):
        recording = start("-F", "999", "-v", "-d", "4")
        chain = target("chain", 0.3, before=inside(path))
        chain.finish()
        assert removed(path)
        run = recording.finish()
    samples = sum(run.of("chain").values())
    assert samples >= 50
    assert sum(row[0] for row in who(run) if row[2] == ours and row[3] == "cri-o") >= 0.99 * samples, run.stderr


def test_programs(target, record):
    """The program of a process that execs another one: each sample has the one that it ran."""
    family = target("family", "exec", 2)
    family.wait_for("begin")
    run = record("-p", family.pid, "-F", "999", "-d", "3", "-v")
    programs = {os.path.basename(row[1]): row[0] for row in who(run)}
    # A child between fork and exec runs the program of its parent, which sleeps: nobody has looked at that yet.
    assert programs["family"] >= 1000 and programs.get("?", 0) <= 0.01 * programs["family"], run.stderr


def test_renamed_threads(target, start):
    """A thread that renames itself: each sample carries the name at its time."""
    threads = target("threads", 5)
    recording = start("-p", threads.pid, "-F", "999")
    threads.finish()
    recording.signal(2)
    run = recording.finish()
    for name in ("first", "second"):
        assert_share(run.of(name), lambda stack: ends_with(stack, (f"{name}_chain", f"{name}_work")), 0.99, 150)


def test_history_by_container_pod_and_unit(agent, target, tmp_path):
    """What an agent stored is asked by container, by pod and by service, each alone."""
    ours, programs, unit = new_id(), ("chain", "deep", "threads"), f"shop-{secrets.token_hex(4)}"
    with cgroups("v2", f"docker-{ours}.scope", f"{pod_slice(POD)}/cri-containerd-{new_id()}.scope") as made, service(unit) as own:
        made.append(own)
        running = [target(name, *args, before=inside(path)) for name, args, path in zip(programs, ([60], [60, 5], [60]), made)]
        try:
            one = agent("--interval", "2", "-F", "199", "--store", tmp_path / "store")
            one.wait_for_metric('intervals_total{result="written"}', 2)
            one.stop()
        finally:
            for other in running:
                other.kill()
    for flags, comms in ((["--container", ours[:12]], {"chain"}), (["--container", POD], {"deep"}),
                         (["--unit", unit], {"left", "right"})):
        done = subprocess.run([profound.binary(), "query", "--store", tmp_path / "store", "--since", "10m", *flags, "-q", "-o", "-",
                               "--format", "folded"], capture_output=True, text=True, check=True)
        found = {stack[0] for stack in profound.parse_folded(done.stdout)}
        assert comms <= found and not found & ({"chain", "deep", "left", "right"} - comms), (flags, found)
