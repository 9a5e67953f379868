# SPDX-License-Identifier: GPL-2.0-or-later
"""Python's frames in samples of every version of CPython, walked again from nothing but the sample, whatever this machine has:
against what py-spy said of the same stopped process, or the chain in the source (record_python.py)."""
import gzip
import pathlib
import re
import subprocess

import pytest

from test_replay import PROFOUND

HERE = pathlib.Path(__file__).resolve().parent / "python"
WANTED = ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.13t", "3.14", "3.14-dbg", "3.14-nopie", "3.15",
          "debian3.11"]
LINE = re.compile(r"#\d+ (.*) \(([^()+]*):(\d+)\)")


def replay(path):
    return subprocess.run([PROFOUND, "debug", "sample", path], capture_output=True, text=True, timeout=60, check=False)


def expected(name):
    lines = (HERE / f"{name}.expected").read_text().splitlines()
    assert lines[0].startswith("# oracle: "), lines[0]
    return [tuple(line.split("\t")) for line in lines[1:]]


def test_all_there():
    assert {path.stem for path in HERE.glob("*.sample")} == set(WANTED)
    assert sum(path.stat().st_size for path in HERE.glob("*.sample")) < 1 << 20


@pytest.mark.parametrize("name", WANTED)
def test_sample(name):
    done = replay(HERE / f"{name}.sample")
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert done.stdout.splitlines()[-1] == "complete", done.stdout
    found, wanted = [match.groups() for match in map(LINE.fullmatch, done.stdout.splitlines()) if match], expected(name)
    if wanted[0][2] == "-":
        found = [(function.rpartition(".")[2], file, "-") for function, file, _ in found]
    assert found == wanted, done.stdout
    assert len(wanted) == 6, wanted


@pytest.mark.parametrize("name", WANTED)
def test_changed_memory(name, tmp_path):
    """What the interpreter's memory says is garbage from some place on: the walk ends, and says why."""
    data = gzip.decompress((HERE / f"{name}.sample").read_bytes())
    for at in range(len(data) - 1, len(data) - 4000, -97):
        changed = bytearray(data)
        changed[at] ^= 0xff
        path = tmp_path / "changed.sample"
        path.write_bytes(gzip.compress(bytes(changed), 1))
        done = replay(path)
        assert done.returncode in (0, 1, 2), (at, done)
        assert len(done.stdout.splitlines()) < 4000
