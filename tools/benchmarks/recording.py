# SPDX-License-Identifier: GPL-2.0-or-later
"""One `profound record` of the whole machine: its stats file, its stacks, and its cost seen from outside."""
import json
import pathlib
import shutil
import sys
import tempfile
import time

import profound

from . import PROFOUND
from .command import Command, Cost


class Recording:
    """Runs from the start; finish() fills stats, stacks and cost."""

    def __init__(self, hz, seconds):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="profound-bench-"))
        self.started = time.monotonic()
        self.command = Command([PROFOUND, "record", "-F", hz, "-d", seconds, "-o", self.folder / "page.html", "-o",
                                self.folder / "out.folded", "--stats", self.folder / "stats.json"])

    @property
    def pid(self):
        return self.command.pid

    def finish(self):
        try:
            code, text, cost = self.command.finish()
            if code != 0:
                sys.exit(f"tools/bench: profound: exit {code}: {text}")
            self.stats = json.loads((self.folder / "stats.json").read_text())
            self.stacks = profound.parse_folded((self.folder / "out.folded").read_text())
        finally:
            shutil.rmtree(self.folder)
        self.taken = self.stats["samples"]["taken"]
        bpf = (self.stats["cost"]["kernel_ns_per_sample"] or 0) * self.taken / 1e9
        self.cost = Cost(cost.own, bpf, cost.rss)
        self.lost = sum(profound.lost_by_us(self.stats).values())
        return self

    def of(self, comm):
        """{frames, outermost first: samples} of one thread name."""
        return {stack[1:]: n for stack, n in self.stacks.items() if stack[0] == comm}


def is_whole(stack):
    return not any(frame.startswith("[truncated") for frame in stack)


def is_named(stack):
    """A frame of a stripped file names the file; [unknown] and [unknown+0x1] name nothing."""
    return not any(frame.startswith("[unknown") for frame in stack)
