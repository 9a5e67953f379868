# SPDX-License-Identifier: GPL-2.0-or-later
"""Rates, losses and the idle task: where every sample went."""
import contextlib
import os
import pathlib

import pytest

from profound import lost_by_us


def idle_seconds():
    """Of all CPUs since boot, from /proc/stat; idle and iowait."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def assert_rate(run, hz, cpus):
    wanted = hz * cpus * run.stats["time"]["sampled_seconds"]
    assert abs(run.stats["samples"]["expected"] - wanted) < 0.06 * wanted, \
        f"{run.stats['samples']} in {run.stats['time']}, wanted about {wanted:.0f}"


@pytest.mark.smoke
def test_idle(record):
    """Idle is counted, as much as the kernel says, and not drawn."""
    before = idle_seconds()
    run = record("-F", "499", "-d", "3")
    idle = idle_seconds() - before
    assert_rate(run, 499, os.cpu_count())
    counted = run.stats["samples"]["idle"] / 499
    assert abs(counted - idle) < 0.5 + 0.1 * idle, f"{counted:.2f} s counted idle, /proc/stat says {idle:.2f} s"
    assert not any(comm.startswith("swapper") for comm in run.comms()), run.comms()


def test_idle_drawn(record):
    for _ in range(5):
        run = record("-F", "499", "-d", "1", "--idle")
        if any(comm.startswith("swapper") for comm in run.comms()):
            return
    pytest.skip("no idle CPU here gets a timer, or none was idle")


def busy_on_every_cpu(target):
    for cpu in sorted(os.sched_getaffinity(0)):
        target("chain", 120, before=["taskset", "-c", str(cpu)]).wait_for("begin")


@pytest.mark.parametrize("seconds", [10, pytest.param(60, marks=pytest.mark.soak)])
def test_nothing_lost_at_999(target, record, seconds):
    busy_on_every_cpu(target)
    run = record("-F", "999", "-d", seconds, timeout=seconds + 60)
    assert_rate(run, 999, os.cpu_count())
    assert lost_by_us(run.stats) == {}
    samples = run.stats["samples"]
    assert samples["lost"]["not_run"] <= 0.02 * samples["expected"], f"the drain blinds the sampler: {samples}"


def first_in_line(process):
    """
    Ahead of what else this machine does, but not so far that profound starves: where autogroup is on, nice values
    count within a session only.
    """
    os.setpriority(os.PRIO_PROCESS, process.pid, -5)
    with contextlib.suppress(OSError):
        pathlib.Path(f"/proc/{process.pid}/autogroup").write_text("-5")


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.soak)])
def test_storm(target, record, seconds):
    """Nearly every sample a new stack, at 4999 Hz: the generator is checked first, then nothing may be lost."""
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one CPU only: 4999 Hz make no 5,000 stacks a second")
    storm = target("storm", seconds + 30, start_new_session=True)
    first_in_line(storm)
    storm.wait_for("begin")
    run = record("-F", "4999", "-d", seconds, timeout=seconds + 90)
    per_second = run.stats["stacks"]["distinct"] / run.stats["time"]["sampled_seconds"]
    assert per_second >= 5000, f"the generator made only {per_second:.0f} distinct stacks a second"
    assert lost_by_us(run.stats) == {}, run.stats["samples"]


def test_period(target, record):
    """-c of a clock event: one sample in so many nanoseconds."""
    chain = target("chain", 30)
    chain.wait_for("begin")
    run = record("-e", "cpu-clock", "-c", "2000000", "-p", chain.pid, "-d", "2")
    assert run.stats["frequency_hz"] is None
    assert run.stats["event"] == "cpu-clock"
    whole = record("-e", "cpu-clock", "-c", "2000000", "-d", "2")
    assert_rate(whole, 500, os.cpu_count())


def test_software_events(target, record):
    """Events that are no clock: what is sampled is who caused them."""
    family = target("family", "exec", 4)
    family.wait_for("begin")
    run = record("-e", "page-faults", "-c", "1", "-p", family.pid, "-d", "3")
    assert run.stats["event"] == "page-faults"
    assert run.comms()["exe"] > 100, run.comms()


def test_fallback_is_said(record):
    """Without a PMU the default event is cpu-clock, and the summary says so."""
    run = record("-d", "1")
    if run.stats["event"].startswith("cycles"):
        return
    assert run.stats["event"] == "cpu-clock"
    assert "cpu-clock" in run.stderr and "cycles" in run.stderr, run.stderr


def test_rate_of_a_thread(target, record):
    """A filter changes nothing of the rate: samples of a busy process are its CPU time."""
    chain = target("chain", 3)
    chain.wait_for("begin")
    hz = 997
    before = pathlib.Path(f"/proc/{chain.pid}/schedstat").read_text().split()
    run = record("-p", chain.pid, "-F", hz, "-d", "2")
    after = pathlib.Path(f"/proc/{chain.pid}/schedstat").read_text().split()
    cpu = (int(after[0]) - int(before[0])) / 1e9
    found = (run.stats["samples"]["taken"] + run.stats["samples"]["lost"]["not_run"]) / hz
    # The recording starts later and ends earlier than the two readings.
    assert 0.75 * cpu < found < 1.03 * cpu, f"{found:.3f} s in samples, {cpu:.3f} s of CPU time around them"
