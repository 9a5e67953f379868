# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel side's unwinder and the host's give the same stacks: 10,000 live samples walked by both."""
import os
import pathlib
import shutil
import subprocess

import pytest

from profound import ROOT
from programs import SOURCES

PROGRAM = "tests/e2e/both_walks"
SECONDS = 14
EACH, ALL = 500, 10000

SPIN_PYTHON = """
def descend(n):
    return descend(n - 1) if n else sum(i * i for i in range(2000))
while True:
    descend(20)
"""
SPIN_NODE = "function f(n) { let x = 0; for (let i = 0; i < 1e5; i++) x += i % (n + 1); return n ? f(n - 1) + x : x }" \
            "for (;;) f(20)"


def languages(build, tmp_path):
    """{thread name: argv} of what runs all the time, in every language that is here."""
    found = {name: [build(name), "1000"] for name in ("bare", "bare-static", "throwing", "frames", "coroutines")}
    found["handler"] = [build("handler"), "altstack", "1000"]
    if shutil.which("rustc"):
        subprocess.run(["rustc", "-C", "opt-level=3", "-g", "-o", tmp_path / "rusty", SOURCES / "rusty.rs"], check=True)
        found["rusty"] = [tmp_path / "rusty", "1000"]
    if shutil.which("go"):
        subprocess.run(["go", "build", "-o", tmp_path / "gopher", SOURCES / "gopher.go"], check=True, cwd=tmp_path)
        found["gopher"] = [tmp_path / "gopher", "1000"]
    python = shutil.which("python3", path="/usr/bin")
    if python:
        found[pathlib.Path(os.path.realpath(python)).name[:15]] = [os.path.realpath(python), "-c", SPIN_PYTHON]
    if shutil.which("node"):
        found["node"] = [shutil.which("node"), "-e", SPIN_NODE]
    return found


@pytest.fixture
def running(build, tmp_path):
    found = languages(build, tmp_path)
    started = [subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, start_new_session=True) for argv in found.values()]
    yield list(found)
    for one in started:
        one.kill()
        one.wait()


def test_same_stacks(running):
    out = os.environ.get("O", "build")
    subprocess.run(["make", f"O={out}", f"{out}/{PROGRAM}"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([ROOT / out / PROGRAM, str(SECONDS), "999"], capture_output=True, text=True, check=True,
                          timeout=120)
    rows = {name: (int(same), int(different), int(short)) for same, different, short, name in
            (line.split(maxsplit=3) for line in done.stdout.splitlines())}
    assert sum(row[1] for row in rows.values()) == 0, f"{rows}\n{done.stderr}"
    assert sum(row[0] for row in rows.values()) >= ALL, rows
    poor = {name: rows.get(name) for name in running if sum(rows.get(name, (0,))[::2]) < EACH}
    assert not poor, f"fewer than {EACH} samples: {poor}, of {rows}"
