# SPDX-License-Identifier: GPL-2.0-or-later
"""profound record -- COMMAND: from its first instruction to its last child, and its exit status passed on."""
import re
import signal
import time

import pytest

from profound import assert_share, bare, ends_with


@pytest.mark.smoke
def test_from_first_instruction(build, record):
    """As many samples as the command has CPU time, though it lives shorter than most profilers' start."""
    run = record("-F", "9999", "--", build("chain"), "0.1")
    cpu = float(run.stdout.split()[-1])
    found = sum(run.of("chain").values()) / 9999
    assert 0.9 * cpu < found + run.stats["samples"]["lost"]["not_run"] / 9999
    assert found < 1.3 * cpu + 0.05
    assert set(run.comms()) <= {"chain", "profound"}, run.comms()
    # What runs before main: the loader, or the kernel's exec.
    assert any("main" not in stack for stack in run.of("chain")), "nothing from before main"


def test_very_short(record):
    """A command of a millisecond or two is sampled too."""
    counts = [sum(record("-F", "20000", "--", "/bin/true").folded.values()) for _ in range(5)]
    assert sum(1 for n in counts if n > 0) >= 4, counts


@pytest.mark.parametrize("script, status", [
    ("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 128 + signal.SIGTERM), ("kill -KILL $$", 128 + signal.SIGKILL)])
def test_status(record, script, status):
    record("--", "sh", "-c", script, code=status)


@pytest.mark.parametrize("command, status, why", [
    ("/nonexistent/command", 127, "No such file"), ("/etc/passwd", 126, "Permission denied")])
def test_cannot_run(tmp_path, command, status, why):
    """Nothing ran: one line that says so, and no file."""
    code, _, said = bare("record", "--", command, cwd=tmp_path)
    assert code == status
    assert len(said.splitlines()) == 1 and f"cannot run {command}: {why}" in said
    assert not list(tmp_path.iterdir())


def test_told_what_is_waited_for(start):
    recording = start("-d", "0.3", "--", "sleep", "2")
    run = recording.finish()
    assert re.search(r"waiting for sleep \(process [0-9]+\) to end", run.stderr)


def test_found_by_path(record):
    assert record("--", "echo", "-n", "a b").stdout == b"a b", "COMMAND's own output, and nothing else"


def test_duration_waits(record):
    """-d stops the sampling; the command goes on, and is waited for."""
    started = time.monotonic()
    run = record("-d", "1", "--", "sh", "-c", "sleep 2.5; exit 5", code=5)
    assert time.monotonic() - started >= 2.5
    assert run.stats["time"]["sampled_seconds"] < 1.5


def test_children(build, record):
    for mode, chain in (("fork", ("child_chain", "child_work")), ("double", ("orphan_chain", "orphan_work"))):
        run = record("-F", "999", "--", build("family"), mode, "1.5")
        cpu = sum(float(line.split()[1]) for line in run.stdout.decode().splitlines()
                  if line.split()[0] in ("child", "orphan"))
        found = sum(n for s, n in run.of("family").items() if ends_with(s, chain)) / 999
        assert abs(found - cpu) < 0.1 * cpu, f"{mode}: {found:.2f} s of {cpu:.2f} s in samples"


def test_exec_chain(build, record):
    """A command that execs twice, between programs at the same addresses: no name outlives its program."""
    stages = [str(build(f"stage{n}")) for n in (1, 2, 3)]
    run = record("-F", "999", "--", stages[0], "0.8", *stages[1:])
    for n in (1, 2, 3):
        stacks = run.of(f"stage{n}")
        assert_share(stacks, lambda s: not any(f"stage{m}_" in frame for frame in s for m in {1, 2, 3} - {n}),
                     1.0, 300)
        assert_share(stacks, lambda s: ends_with(s, (f"stage{n}_chain", f"stage{n}_work")), 0.97, 300)


def test_neither_fork_nor_exec_stand_in(build, record):
    """The time in which the command was held is nobody's sample."""
    run = record("-F", "999", "--", build("chain"), "0.5")
    assert run.comms()["profound"] <= 5, run.comms()
