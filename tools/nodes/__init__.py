# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of tools/fleet. The receiver, the agent and the Collector are the tests' own."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / os.environ.get("O", "build") / "bench"
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("e2e", "peers")] + [str(ROOT / "tools")]
