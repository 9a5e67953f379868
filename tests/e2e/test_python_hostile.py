# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that has CPython's symbols and lies about what lies behind them: nothing crashes or hangs, and every sample says
what became of it."""
import collections

import pytest

UNREADABLE = {"runtime_unreadable"}
# What it lies about: the causes by which its stacks may be cut; none: they are whole.
LIES = {
    "honest": set(),
    "frames_in_a_circle": {"depth_limit"},
    "wild_frame": UNREADABLE, "kernel_frame": UNREADABLE, "odd_frame": UNREADABLE, "wild_code": UNREADABLE,
    "huge_name": set(), "negative_name": set(), "wild_name": set(), "untouched": set(), "huge_lines": set(),
    "threads_in_a_circle": UNREADABLE,
    "interpreters_in_a_circle": UNREADABLE,
    "wild_threads": UNREADABLE,
    "always_anew": {*UNREADABLE, "depth_limit", "runtime_not_ready"},
}


def cause_of(stack):
    cut = [frame for frame in stack if frame.startswith("[truncated: ")]
    return cut[0].removeprefix("[truncated: ").removesuffix("]") if cut else None


@pytest.fixture
def recorded(target, record_while):
    def runner(lie):
        """The samples of a liar's loop by cause, and the run; those before its interpreter was known are left out."""
        liar = target("liar", "1.2", lie)
        liar.wait_for("begin")
        run = record_while(liar, "-F", "499")
        stacks = run.of("liar")
        assert sum(stacks.values()) >= 200, run
        return stacks, run
    return runner


@pytest.mark.parametrize("lie", LIES)
def test_lies(recorded, lie):
    stacks, run = recorded(lie)
    causes = collections.Counter()
    for stack, n in stacks.items():
        causes[cause_of(stack)] += n
    total = sum(stacks.values())
    early = 0 if "runtime_not_ready" in LIES[lie] else causes.pop("runtime_not_ready", 0)
    assert early <= 0.2 * total, causes
    unexpected = {cause: n for cause, n in causes.items() if cause not in (LIES[lie] or {None})}
    if lie == "always_anew":
        unexpected.pop(None, None)
    assert sum(unexpected.values()) <= 0.01 * total, (lie, causes)
    assert run.stats["cost"]["max_rss_bytes"] < 100 << 20, run.stats["cost"]


def named(stacks, name):
    return sum(n for stack, n in stacks.items() if name in stack)


def test_names(recorded):
    """What can be read has its name, what cannot has none."""
    stacks, _ = recorded("honest")
    assert named(stacks, "honest (liar.py)") >= 0.8 * sum(stacks.values()), stacks
    stacks, run = recorded("wild_name")
    assert named(stacks, "honest (liar.py)") == 0, stacks
    assert run.stats["frames"]["unnamed_by_cause"]["runtime_code_gone"] >= 0.8 * sum(stacks.values()), run.stats["frames"]


def test_untouched_name(recorded):
    """One that no program has read yet is in no memory; it is read from the file."""
    stacks, run = recorded("untouched")
    assert named(stacks, "untouched (liar.py)") >= 0.8 * sum(stacks.values()), stacks
    assert run.stats["frames"]["unnamed_by_cause"]["runtime_code_gone"] == 0, run.stats["frames"]


def test_others_are_not_harmed(target, start):
    """Beside a liar that changes all the time a C program's stacks are whole."""
    liar, chain = target("liar", "3", "always_anew"), target("chain", 1)
    liar.wait_for("begin")
    chain.wait_for("begin")
    recording = start("-p", f"{chain.pid},{liar.pid}", "-F", "499", "-d", "1")
    run = recording.finish()
    whole = sum(n for stack, n in run.of("chain").items() if stack[-1] == "spin" and cause_of(stack) is None)
    assert whole >= 0.95 * sum(run.of("chain").values()) > 100, run.of("chain").most_common(5)
