# SPDX-License-Identifier: GPL-2.0-or-later
"""
Samples that were recorded from real processes (record.py), unwound again from nothing but the sample, against the
expectation beside each: frame by frame, from gdb's backtrace of the same stopped process.
"""
import gzip
import os
import pathlib
import re
import struct
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
PROFOUND = HERE.parents[1] / os.environ.get("O", "build") / "profound"
SAMPLES = sorted(path.stem for path in HERE.glob("*.sample"))
LINE = re.compile(r"#(\d+) ([0-9a-f]{16}) (.*) \((\S+)\) (regs|cfi|fp)")
# What the issue asks for, and what was found on the way: none may get lost.
WANTED = """alloca c cgo cgo-back coroutine debug-frame deep exception go go-stripped jit landing-pad libcrypto no-sections
plt python realigned rust signal signal-stack sleep static static-pie thread vdso""".split()
BY_FP = {"jit": 2}


def replay(path):
    return subprocess.run([PROFOUND, "debug", "sample", path], capture_output=True, text=True, timeout=60)


def expected(name):
    lines = [line for line in (HERE / f"{name}.expected").read_text().splitlines() if not line.startswith("#")]
    return [tuple(line.split("\t")) for line in lines[:-1]], lines[-1]


def differences(text, name):
    """Every frame that is not as expected, as lines for people."""
    frames, end = expected(name)
    *lines, last = text.splitlines() or [""]
    found = []
    for i in range(max(len(lines), len(frames))):
        match = LINE.fullmatch(lines[i]) if i < len(lines) else None
        mine = (match[4], match[3], match[5]) if match and int(match[1]) == i else (lines[i:i + 1],)
        want = frames[i] if i < len(frames) else ()
        if want[1:2] == ("-",) and len(mine) == 3:
            mine = (mine[0], "-", mine[2])
        if mine != want:
            found.append(f"frame {i}: {mine}, expected {want}")
    if not last.startswith(end):
        found.append(f"end: {last}, expected {end}")
    return found


def test_all_there():
    assert SAMPLES == sorted(WANTED)
    assert sum((HERE / f"{name}.sample").stat().st_size for name in SAMPLES) < 2 << 20


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(name):
    done = replay(HERE / f"{name}.sample")
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert not differences(done.stdout, name)
    # A missing table cannot hide behind the frame pointer.
    assert len(re.findall(r" fp$", done.stdout, re.M)) == BY_FP.get(name, 0)


@pytest.mark.parametrize("name", SAMPLES)
def test_expectation_is_an_oracles(name):
    """The files say where the expectation comes from, and hold more than a leaf."""
    text = (HERE / f"{name}.expected").read_text()
    assert re.search(r"^# oracle: GNU gdb", text, re.M)
    assert len(expected(name)[0]) >= 3


def run_changed(data, tmp_path):
    path = tmp_path / "changed.sample"
    path.write_bytes(gzip.compress(data, 1))
    return replay(path)


@pytest.mark.parametrize("name", SAMPLES)
def test_other_registers_are_seen(name, tmp_path):
    """sp and rbp 8 bytes higher are another stack, whichever of the two the leaf's rule counts from."""
    data = bytearray(gzip.decompress((HERE / f"{name}.sample").read_bytes()))
    for number in (6, 7):
        at = 16 + 4 + number * 8
        struct.pack_into("<Q", data, at, struct.unpack_from("<Q", data, at)[0] + 8)
    assert differences(run_changed(data, tmp_path).stdout, name)


def test_flipped_rules_are_seen(tmp_path):
    """
    DW_CFA_def_cfa_offset with 8 more, in each place of c's program where there is one: those on the walk's way must be
    seen, as a rule that is built wrongly would be.
    """
    data = gzip.decompress((HERE / "c.sample").read_bytes())
    places = [m.start() for m in re.finditer(rb"\x0e[\x10\x18\x20\x28\x30\x38\x40\x48\x50\x58\x60\x68\x70\x78]", data)]
    seen = 0
    for at in places:
        changed = bytearray(data)
        changed[at + 1] += 8 if changed[at + 1] < 0x78 else -8
        seen += bool(differences(run_changed(changed, tmp_path).stdout, "c"))
    assert len(places) >= 20 and seen >= 5, (len(places), seen)


def test_broken_files(tmp_path):
    """Cut anywhere: one line on stderr, exit 1, nothing on stdout."""
    data = gzip.decompress((HERE / "c.sample").read_bytes())
    for size in (0, 10, 20, 100, 1000, len(data) // 2, len(data) - 1):
        done = run_changed(data[:size], tmp_path)
        assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1, (size, done)
    packed = (HERE / "c.sample").read_bytes()
    (tmp_path / "cut.sample").write_bytes(packed[:len(packed) // 2])
    done = replay(tmp_path / "cut.sample")
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1
