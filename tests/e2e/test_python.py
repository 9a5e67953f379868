# SPDX-License-Identifier: GPL-2.0-or-later
"""Every CPython that this machine has: functions of Python in their place between those of C, with file and line."""
import collections
import pathlib
import re

import pytest

import pythons
from profound import assert_share, whole

TARGETS = pathlib.Path(__file__).resolve().parent / "targets"
CHAIN = "python_chain.py"
MODES = ["functions", "comprehension", "generators", "decorators", "async", "callback", "key", "classes", "threads", "deep", "unicode"]
# From the mode's function on; without what precedes the last dot, which only 3.11 and later have.
CHAINS = {
    "mode_functions": ["until", "method", "by_class", "by_nobody", "<lambda>", "leaf"],
    "mode_comprehension": ["until", "expression", "<genexpr>", "leaf"],
    "mode_generators": ["until", "<lambda>", "outer_generator", "inner_generator", "leaf"],
    "mode_decorators": ["until", "wrapper", "wrapper", "decorated", "leaf"],
    "mode_async": ["coroutines", "outer_coroutine", "inner_coroutine", "leaf"],
    "mode_callback": ["until", "sort_in_c", "compare", "leaf"],
    "mode_key": ["until", "sort_by_key", "key_of", "leaf"],
    "mode_classes": ["until", "make_one", "__init__", "leaf"],
    "in_thread": ["until", "leaf"],
    "mode_deep": ["until", "<lambda>", *["recurse"] * 401, "leaf"],
    "mode_unicode": ["until", "ünïcode_中文_𐎀", "leaf"],
}


def of_python(stack):
    """The target's Python frames, by their bare names."""
    found = (re.fullmatch(rf"(.*) \({re.escape(CHAIN)}(?::\d+)?\)", frame) for frame in stack)
    return [match.group(1).rpartition(".")[2] for match in found if match]


def below(stack):
    """(mode, what it called), or None: no mode ran."""
    names = of_python(stack)
    for i, name in enumerate(names):
        if name in CHAINS:
            return name, names[i + 1:]
    return None


def right(stack):
    """Whole, and what the mode called is where it can be."""
    mode, names = below(stack)
    return whole(stack) and names == CHAINS[mode][:len(names)]


INSTALLED = [pytest.param(("pyenv", minor), id=f"pyenv-{minor}") for minor in pythons.PYENV] + \
    [pytest.param(("system", ""), id="system")]
UNPACKED = [pytest.param(("sid", minor), id=f"sid-{minor}") for minor in pythons.NEWER]


def find(kind, minor):
    if kind == "sid":
        try:
            return pythons.newer(minor)
        except pythons.debian.Unavailable as why:
            pytest.skip(str(why))
    found = pythons.of_pyenv(minor) if kind == "pyenv" else pythons.system()
    if found is None:
        pytest.skip(f"no CPython {minor} below {pythons.pyenv_root()}" if kind == "pyenv" else "no /usr/bin/python3")
    return found


@pytest.fixture(params=INSTALLED + UNPACKED)
def python(request):
    return find(*request.param)


@pytest.fixture(params=INSTALLED)
def installed_python(request):
    return find(*request.param)


def record_chain(python, target, record_while, tmp_path, seconds, modes, *flags):
    command = python.command(TARGETS / CHAIN, tmp_path)
    chain = target(pathlib.Path(command[-1]), str(seconds), "warm", *modes, before=command[:-1])
    chain.wait_for("begin")
    return record_while(chain, "-F", "499", *flags)


def assert_nothing_hidden(run):
    """No sample has the loop where Python's frames should be, but for the few before the interpreter was known (they are told,
    and none of them is in a mode that is looked at: "warm" runs then) and those in the loop's first and last instructions."""
    taken, cut = run.stats["samples"]["taken"], run.stats["stacks"]["cut"]
    assert run.stats["notes"]["runtime_mismatch"] == 0, run.stats["notes"]
    assert cut["runtime_not_ready"] <= 0.2 * 499 + 5, cut
    assert cut["runtime_unreadable"] + cut["runtime_unsupported"] <= 0.001 * taken, cut
    assert run.stats["frames"]["unnamed_by_cause"]["runtime_code_gone"] == 0, run.stats["frames"]
    bare = sum(n for stack, n in run.folded.items() if whole(stack) and "_PyEval_EvalFrameDefault" in stack)
    nameless = sum(n for stack, n in run.folded.items() if whole(stack) and not of_python(stack) and
                   any("PyEval" in frame or "PyRun" in frame for frame in stack))
    assert bare + nameless <= 0.005 * taken, (bare, nameless, taken)


def test_known_chains(python, target, record_while, tmp_path):
    run = record_chain(python, target, record_while, tmp_path, 0.5, MODES)
    found = collections.Counter({stack: n for stack, n in run.folded.items() if below(stack)})
    assert_share(found, right, 0.995, 1500)
    reached = collections.Counter()
    for stack, n in found.items():
        mode, names = below(stack)
        reached[mode] += n if names == CHAINS[mode] else 0
    total = sum(found.values())
    assert set(reached) == set(CHAINS) and sum(reached.values()) >= 0.9 * total, (reached, total)
    assert_nothing_hidden(run)
    assert run.stats["stacks"].get("unverified", 0) <= 0.001 * run.stats["samples"]["taken"], run.stats["stacks"]


def test_languages_in_their_place(python, target, record_while, tmp_path):
    """Python calls C, which calls Python: C's functions stay between them, where the build has names for them."""
    run = record_chain(python, target, record_while, tmp_path, 0.3, ["callback"])
    def in_order(stack):
        names = [frame.split(" (")[0].rpartition(".")[2] for frame in stack]
        return "sort_in_c" in names and "compare" in names and \
            any(name.startswith(("qsort", "msort")) or "libc.so" in name or name.startswith("[libc")
                for name in names[names.index("sort_in_c"):names.index("compare")])
    found = collections.Counter({stack: n for stack, n in run.folded.items() if "compare" in of_python(stack)})
    assert_share(found, in_order, 0.99, 80)


def lines_of(run, function):
    lines = collections.Counter()
    for stack, n in run.folded.items():
        for frame in stack:
            match = re.fullmatch(rf"(?:.*\.)?{function} \({re.escape(CHAIN)}:(\d+)\)", frame)
            if match:
                lines[int(match.group(1))] += n
    return lines


def test_lines(python, target, record_while, tmp_path):
    """Of two lines one does three times the other's work."""
    source = (TARGETS / CHAIN).read_text().splitlines()
    three, one = (1 + next(i for i, line in enumerate(source) if text in line)
                  for text in ("max(range(3 * size))", "max(range(1 * size))"))
    run = record_chain(python, target, record_while, tmp_path, 1, ["lines"], "--lines")
    lines = lines_of(run, "two_lines")
    total = sum(lines.values())
    assert total >= 350, lines
    assert lines[three] + lines[one] >= 0.97 * total, lines
    assert 0.67 <= lines[three] / total <= 0.83, lines


def test_all_versions_of_pyenv():
    """Where there is a pyenv, no version is left out for want of a look."""
    if not pythons.pyenv_root().is_dir():
        pytest.skip(f"no {pythons.pyenv_root()}")
    missing = [minor for minor in pythons.PYENV if pythons.of_pyenv(minor) is None]
    assert not missing, f"pyenv has no CPython {missing}"
