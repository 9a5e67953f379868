# SPDX-License-Identifier: GPL-2.0-or-later
"""What unwind tables cost to build, on one core, and to keep in the kernel: the machine's largest ELF files until they
have ROWS rows, and for the padding an even sample of all its files."""
import os
import re
import subprocess

import elves

from . import BUILD, report

ROWS = 2_800_000
BUILDER = BUILD / "tools/benchmarks/table_build"
LARGEST, EVERY = 500, 10 # files that are tried; of the even sample


class Built:
    """What the builder says of some files; seconds are CPU seconds of its one thread, the least of three times."""

    def __init__(self, files, at_most):
        text = subprocess.run([BUILDER, str(at_most), *files], stdout=subprocess.PIPE, text=True, check=True).stdout
        said = {name: float(value) for name, value in re.findall(r"(\w+) ([0-9.]+)", text)}
        self.files, self.rows, self.seconds = int(said["files"]), int(said["rows"]), said["seconds"]
        self.bytes_per_row = said["kernel_bytes"] / said["rows"]
        self.rate = said["rows"] / said["seconds"]


def measure():
    if not BUILDER.exists():
        report.unmeasured("unwind table rows a second", ">= 10 M", f"no {BUILDER.name}: make bench builds it")
        return
    everything = elves.everything()
    by_size = sorted(everything, key=os.path.getsize, reverse=True)
    large, even = Built(by_size[:LARGEST], ROWS), Built(everything[::EVERY], 1 << 40)
    report.note(f"the {large.files} largest: {large.rows} rows in {large.seconds:.3f} s; one of {EVERY} of all: "
                f"{even.files} files, {even.rows} rows in {even.seconds:.3f} s")
    report.at_least("unwind table rows built, millions a CPU second", 10, large.rate / 1e6, 1)
    report.at_most("CPU s for 2.8 M rows, of the largest files", 0.25, ROWS / large.rate, 2)
    report.at_most("bytes a row in the kernel, of these", 4.4, large.bytes_per_row, 2)
    report.shown(f"bytes a row in the kernel, of one file of {EVERY}", even.bytes_per_row, 2)
