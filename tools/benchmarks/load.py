# SPDX-License-Identifier: GPL-2.0-or-later
"""What is profiled. Each load runs in sessions of its own: sched_autogroup gives every session the same share, whatever
the nice values."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import programs

from . import CPUS


@contextlib.contextmanager
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="profound-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextlib.contextmanager
def running(commands, settle=0.5):
    """All of them, until the end of the block."""
    started = []
    try:
        for argv in commands:
            started.append(subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL, start_new_session=True))
        time.sleep(settle)
        yield started
    finally:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def in_one_session(paths, argument=""):
    """Programs that share what one session gets, so that a profiler's share is not one of hundreds."""
    return ["sh", "-c", f'for program; do "$program" {argument} & done; wait', "sh", *paths]


def prefer(pid):
    """Its session goes before others that are busy: a machine that has other work, too, is measured nearly as one that
    has not. Kernels without sched_autogroup keep the even shares."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/autogroup", "w", encoding="ascii") as file:
        file.write("-10")


@contextlib.contextmanager
def pinned(target, count, *args, settle=0.5):
    """So many processes of one of the tests' targets, spread over the CPUs."""
    with folder() as where:
        programs.compile_to(target, where / target)
        with running([["taskset", "-c", CPUS[i % len(CPUS)], where / target, *args] for i in range(count)],
                     settle) as started:
            yield started


def four_busy():
    """Four processes with frame pointers, two to a CPU of two."""
    return pinned("chain", 4, "100000")
