# SPDX-License-Identifier: GPL-2.0-or-later
"""What an agent stands: a fork storm, 2,000 processes, a cgroup with little memory. Asserted on its own metrics."""
import os
import pathlib
import signal
import time

import pytest

import profound
from agents import assert_no_gap, rows


def watch(one, seconds):
    """The largest memory that it says to have, and its last metrics."""
    end, most = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        values = one.metrics()
        most = max(most, values['memory_bytes{kind="heap"}'] + values['memory_bytes{kind="bpf"}'])
        time.sleep(0.5)
    return most, one.metrics()


def lost_by_us(values):
    """Not what the kernel, or whoever runs this machine, did not let run."""
    return sum(value for name, value in values.items() if name.startswith("samples_lost_total") and
               not name.endswith(('"not_run"}', '"throttled"}')))


def assert_all_there(one, store, seconds):
    most, values = watch(one, seconds)
    assert most <= values["memory_limit_bytes"], (most, values["memory_limit_bytes"])
    one.stop()
    assert not one.said("an interval is lost"), one.log()
    assert lost_by_us(values) <= 0.001 * values["samples_expected_total"], values
    assert_no_gap([(row[0] / 1e9, (row[1] - row[0]) / 1e9, row[2]) for row in rows(store)])
    return values


def test_fork_storm(agent, target, tmp_path):
    """Some 1,000 processes a second, each new."""
    storm = target("spawner", 1000000, "/bin/true")
    one = agent("--interval", "3", "-F", "99", "--store", tmp_path / "store")
    values = assert_all_there(one, tmp_path / "store", 13)
    storm.popen.send_signal(signal.SIGKILL)
    assert values["samples_taken_total"] >= 500, values
    # What posix_spawn() has between the two processes is cut (no unwind information), and so are the first samples of new files.
    assert values["stacks_complete_total"] >= 0.8 * values["samples_taken_total"], values


def test_2000_processes(agent, target, tmp_path):
    crowd = target("crowd", 30, 2000)
    crowd.wait_for("begin")
    one = agent("--interval", "5", "-F", "199", "--store", tmp_path / "store")
    values = assert_all_there(one, tmp_path / "store", 13)
    crowd.popen.send_signal(signal.SIGKILL)
    assert values["samples_taken_total"] >= 200, values


def memory_cgroup():
    """(the folder of a memory controller, v1 or v2, in which groups can be made, names of its files); None: there is none."""
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup" and "memory" in options.split(","):
            return pathlib.Path(where), "memory.limit_in_bytes", "memory.oom_control"
        if kind == "cgroup2" and "memory" in (pathlib.Path(where) / "cgroup.subtree_control").read_text().split():
            return pathlib.Path(where), "memory.max", "memory.events"
    return None


def test_little_memory(agent, target, tmp_path):
    """In a cgroup with 96 MiB an agent with --memory 48M is not killed, whatever its machine does."""
    found = memory_cgroup()
    if found is None:
        pytest.skip("no cgroup mount here has a memory controller for us")
    root, limit, events_of = found
    group = root / f"profound-test-{os.getpid()}"
    group.mkdir()
    try:
        (group / limit).write_text(str(96 << 20))
        storm = target("spawner", 1000000, "/bin/true")
        one = agent("--interval", "3", "-F", "99", "--memory", "48M", "--store", tmp_path / "store",
                    before=["sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$@"', "sh"])
        _, values = watch(one, 10)
        events = dict(line.split() for line in (group / events_of).read_text().splitlines())
        assert int(events["oom_kill"]) == 0, events
        assert values['intervals_total{result="written"}'] >= 2 and values['intervals_total{result="lost"}'] == 0, values
        one.stop()
        storm.popen.send_signal(signal.SIGKILL)
    finally:
        for pid in (group / "cgroup.procs").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        profound.wait_until(lambda: not (group / "cgroup.procs").read_text(), 10, "an empty cgroup")
        group.rmdir()
