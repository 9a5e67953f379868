# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of tools/bench, and what they share. Targets, folded files, Debian packages and lists of ELF files are the
tests' own."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("O", "build")
CACHE = BUILD / "bench"
PROFOUND = os.environ.get("PROFOUND", str(BUILD / "profound"))
CPUS = sorted(os.sched_getaffinity(0))

sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("e2e", "kernels", "tables")]
