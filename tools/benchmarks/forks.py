# SPDX-License-Identifier: GPL-2.0-or-later
"""A shell that starts /bin/true all the time beside a compiler: what of true's samples is there, complete and named,
and what we take of one CPU for it."""
import contextlib
import time

from . import load, made_program, otel, report
from .recording import Recording, is_named, is_whole

RATES, SECONDS = (99, 999), 10


@contextlib.contextmanager
def storm():
    with load.folder() as folder:
        (folder / "big.c").write_text(made_program.source(0))
        with load.running([["sh", "-c", "while :; do /bin/true; done"],
                           ["sh", "-c", f"while :; do gcc -O2 -w -c {folder}/big.c -o /dev/null; done"]]):
            yield


def forks():
    """Since the machine started."""
    with open("/proc/stat", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("processes "))


def present(recording):
    """Of the samples that the clock says were due while CPUs were busy, the share that was taken."""
    samples = recording.stats["samples"]
    due = (samples["expected"] or recording.taken) - samples["idle"]
    return recording.taken / max(due, 1)


def is_good(stack):
    return is_whole(stack) and is_named(stack)


def good(stacks):
    return sum(n for stack, n in stacks.items() if is_good(stack)) / max(sum(stacks.values()), 1)


def worst(stacks):
    """The stack that most of the others have."""
    bad = {stack: n for stack, n in stacks.items() if not is_good(stack)}
    return ";".join(max(bad, key=bad.get)) if bad else "none"


def ours(hz):
    before, started = forks(), time.monotonic()
    recording = Recording(hz, SECONDS)
    recording.finish()
    rate = (forks() - before) / (time.monotonic() - started)
    stacks = recording.of("true")
    report.note(f"{hz} Hz: {rate:.0f} forks/s; {sum(stacks.values())} of {recording.taken} samples are true's, "
                f"{100 * good(stacks):.2f} % of them complete and named; {100 * present(recording):.2f} % of all that "
                f"were due are there; lost by us: {recording.lost}; the commonest of the rest: {worst(stacks)}")
    return 100 * present(recording) * good(stacks), 100 * recording.cost.cpu / SECONDS


def theirs(hz):
    """% of one CPU"""
    with otel.sampling(hz) as command:
        before = otel.cpu_seconds(command.pid)
        time.sleep(SECONDS)
        return 100 * (otel.cpu_seconds(command.pid) - before) / SECONDS


def rival(hz):
    if not otel.PATH:
        return None
    try:
        return otel.NAME, theirs(hz)
    except otel.Failed as reason:
        report.note(f"{otel.NAME}: not measured: {reason}")
        return None


def measure():
    for hz in RATES:
        with storm():
            share, cpu = ours(hz)
            them = rival(hz)
        report.at_least(f"true's samples present, complete, named, %, {hz} Hz", 99, share, 2)
        report.at_most(f"our CPU, % of one, under these forks, {hz} Hz", 5, cpu, 2, them)
