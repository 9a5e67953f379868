# SPDX-License-Identifier: GPL-2.0-or-later
"""The child that parses hostile files: killed at random while others are sampled, it costs names and tables of the files that it
was at, which is told, and nothing else."""
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

import profound

CHILD = b"parser-child"


def children(pid):
    """Those below pid that parse."""
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = task.read_text().split()
        except OSError:
            continue
        for child in found:
            try:
                line = pathlib.Path(f"/proc/{child}/cmdline").read_bytes()
            except OSError:
                continue
            if CHILD in line.split(b"\0"):
                yield int(child)
            else:
                yield from children(int(child))


class Killer(threading.Thread):
    """Kills every other one of them, a moment after it began."""
    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.killed, self.done, self.seen = pid, 0, threading.Event(), set()

    def run(self):
        while not self.done.wait(0.002):
            for child in children(self.pid):
                if child not in self.seen:
                    self.seen.add(child)
                    if len(self.seen) % 2:
                        self.kill(child)

    def kill(self, child):
        time.sleep(0.003)
        try:
            os.kill(child, signal.SIGKILL)
            self.killed += 1
        except ProcessLookupError:
            pass


def copies(program, folder, count):
    """So many programs that are files of their own."""
    paths = [folder / f"copy{i}" for i in range(count)]
    for path in paths:
        shutil.copy(program, path)
    return paths


def test_killed_at_random(build, start, tmp_path):
    programs = copies(build("chain"), tmp_path, 24)
    recording = start("-F", "499", "-d", "6")
    killer = Killer(recording.popen.pid)
    killer.start()
    for path in programs:
        subprocess.run([path, "0.15"], stdout=subprocess.DEVNULL, check=True)
    run = recording.finish()
    killer.done.set()
    killer.join()
    assert killer.killed >= 1
    lost = run.stats["samples"]["lost"]
    assert sum(n for cause, n in lost.items() if cause != "not_run") == 0, lost
    assert "parser failed" in run.stderr or "table failed" in run.stderr, run.stderr
    whole = [path for path in programs if any("main" in stack and "spin" in stack for stack in run.of(path.name))]
    assert len(whole) >= len(programs) // 2, run.folded
