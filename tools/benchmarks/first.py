# SPDX-License-Identifier: GPL-2.0-or-later
"""When the first complete sample was taken, from the exec of profound. The targets' thread name is the time in ms
(dial.c), and a sample carries the thread name of its moment: so each sample dates itself, to the ms."""
import contextlib

from . import CPUS, load, report
from .recording import Recording, is_whole

HZ, SECONDS, TIMES = 99, 0.3, 10
CHAIN = ("main", "outer", "inner", "tell")


def is_complete(stack):
    """Down to the function that works, whatever of libc, vDSO and kernel is below it."""
    return is_whole(stack) and any(stack[i:i + len(CHAIN)] == CHAIN for i in range(len(stack)))


def seconds():
    """Of one recording; None: no complete sample."""
    recording = Recording(HZ, SECONDS).finish()
    dated = []
    for (comm, *frames), n in recording.stacks.items():
        with contextlib.suppress(ValueError):
            if is_complete(tuple(frames)):
                dated.append(int(comm) / 1000)
    return min(dated) - recording.started if dated else None


def measure():
    for busy in sorted({1, len(CPUS)}):
        name = f"first complete sample, s from exec, {busy} of {len(CPUS)} CPUs busy"
        with load.pinned("dial", busy, "100000"):
            found = [seconds() for _ in range(TIMES)]
        if None in found:
            report.row(name, "<= 0.100", "none", False)
            continue
        report.note(f"{busy} busy: the least {min(found):.3f} s, the most {max(found):.3f} s of {TIMES} recordings")
        report.at_most(name, 0.1, sorted(found)[TIMES // 2], 3)
